"""What farm says of each broken score in `broken`: exactly what stands in the text file beside it."""

from __future__ import annotations

import contextlib
import difflib
import io
from pathlib import Path

from farm import cli

FOLDER = Path(__file__).resolve().parent / "broken"
BROKEN = {path.stem: path for path in sorted(FOLDER.glob("*.ph"))}


def of_score(name: str) -> str:
    """The exit status of `farm check` and what it writes to standard error."""
    said = io.StringIO()
    with contextlib.chdir(FOLDER), contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        status = cli.run(["check", f"{name}.ph"])
    return f"status {status}\n{said.getvalue()}"


def path_of(name: str) -> Path:
    """Where the complaint about a score is kept."""
    return FOLDER / f"{name}.txt"


def recorded(name: str) -> str | None:
    """The complaint that is kept; None if there is none."""
    path = path_of(name)
    return path.read_text(encoding="utf-8") if path.exists() else None


def differences(old: str, new: str) -> list[str]:
    """Lines that are gone (-) and lines that are new (+), among those that stayed; empty if all did."""
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=10))[2:]
