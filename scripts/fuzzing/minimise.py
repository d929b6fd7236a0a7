"""Makes a failing score as short as it will get: lines first, then words, while the failure stays the same."""

from __future__ import annotations

from collections.abc import Callable

from scripts.fuzzing.scores import TOKEN

MOST_TRIES = 400


def minimised(text: str, fails: Callable[[str], bool], tries: int = MOST_TRIES) -> str:
    """The shortest text found for which `fails` holds, as it does for `text` (delta debugging, A. Zeller, 1999)."""
    left = tries

    def holds(parts: list[str]) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and fails("".join(parts))

    for split in (lambda whole: whole.splitlines(keepends=True), TOKEN.findall):
        parts, size = split(text), 0
        size = max(len(parts) // 2, 1)
        while size and left > 0:
            at, shorter = 0, False
            while at < len(parts):
                rest = parts[:at] + parts[at + size :]
                if rest and holds(rest):
                    parts, shorter = rest, True
                else:
                    at += size
            if not (shorter and size == 1):
                size //= 2
        text = "".join(parts)
    return text
