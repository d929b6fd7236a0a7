"""Records anew what the scores of configs/scores sound like, after showing what has changed."""

from __future__ import annotations

import sys

from farm.errors import near
from tests.scores import fingerprint
from tests.scores.fingerprint import FOLDER, SCORES


def main(names: list[str]) -> int:
    """Blesses these scores, all when none is named; the exit status."""
    unknown = [name for name in names if name not in SCORES]
    if unknown:
        meant = near(unknown[0], SCORES)
        print(f"there is no score `{unknown[0]}`" + (f"; did you mean `{meant[0]}`?" if meant else ""), file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    written = 0
    for name in names or SCORES:
        old, new = fingerprint.recorded(name), fingerprint.of_score(name)
        changes = ["new"] if old is None else fingerprint.differences(old, new)
        if changes:
            print(f"{name}:", *changes, sep="\n  ", flush=True)
            fingerprint.path_of(name).write_text(fingerprint.to_text(new), encoding="utf-8")
            written += 1
    if not names:
        for path in sorted(FOLDER.glob("*.toml")):
            if path.stem not in SCORES:
                print(f"{path.stem}:\n  gone")
                path.unlink()
                written += 1
    print(f"{written} of {len(names or SCORES)} recorded anew" if written else "nothing has changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
