"""Shows how scores of configs/scores sound, and what farm says of broken ones, other than recorded; records it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from farm.errors import near
from tests.scores import complaint, fingerprint


def main(names: list[str]) -> int:
    """Blesses these scores, all when none is named; the exit status."""
    known = {**dict.fromkeys(fingerprint.SCORES, sound), **dict.fromkeys(complaint.BROKEN, words)}
    unknown = [name for name in names if name not in known]
    if unknown:
        meant = near(unknown[0], known)
        print(f"there is no score `{unknown[0]}`" + (f"; did you mean `{meant[0]}`?" if meant else ""), file=sys.stderr)
        return 2
    written = sum(known[name](name) for name in names or known)
    if not names:
        written += swept(fingerprint.FOLDER, "*.toml", fingerprint.SCORES)
        written += swept(complaint.FOLDER, "*.txt", complaint.BROKEN)
    print(f"{written} of {len(names or known)} recorded anew" if written else "nothing has changed")
    return 0


def sound(name: str) -> bool:
    """Blesses the fingerprint of a score; whether it was another one."""
    old, new = fingerprint.recorded(name), fingerprint.of_score(name)
    changes = ["new"] if old is None else fingerprint.differences(old, new)
    return told(name, changes, fingerprint.path_of(name), lambda: fingerprint.to_text(new))


def words(name: str) -> bool:
    """Blesses the complaint about a broken score; whether it was another one."""
    new = complaint.of_score(name)
    changes = complaint.differences(complaint.recorded(name) or "", new)
    return told(name, changes, complaint.path_of(name), lambda: new)


def told(name: str, changes: list[str], path: Path, text: Callable[[], str]) -> bool:
    """Shows changes and writes the text, if there are any."""
    if changes:
        print(f"{name}:", *changes, sep="\n  ", flush=True)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text(), encoding="utf-8")
    return bool(changes)


def swept(folder: Path, pattern: str, scores: dict[str, Path]) -> int:
    """Removes what was recorded of scores that are gone; how much."""
    gone = [path for path in sorted(folder.glob(pattern)) if path.stem not in scores]
    for path in gone:
        print(f"{path.stem}:\n  gone")
        path.unlink()
    return len(gone)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
