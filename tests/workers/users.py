"""Other users, for tests: where the tests run as root, a process can be started as anybody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
A, B = 54321, 54322
"""Numbers of two users without a name."""
IS_ROOT = os.geteuid() == 0

needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can give a file to another user")


def as_user(number: int) -> list[str]:
    """What stands before a command that a user is to run. He may read all that root may, so that he finds Python."""
    keep = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--bounding-set=-all,+dac_read_search"]
    return ["setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", *keep]


def can_be_others() -> bool:
    """Whether processes can be started as other users here."""
    if not IS_ROOT or shutil.which("setpriv") is None:
        return False
    command = [*as_user(A), sys.executable, "-P", "-c", "import os; print(os.geteuid())"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() == str(A)


def run_as(number: int, code: str, folder: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs Python code as a user in a folder, with a home that is none and these variables."""
    environment = {"PATH": os.environ["PATH"], "HOME": "none", "PYTHONPATH": str(ROOT), **variables}
    command = [*as_user(number), sys.executable, "-P", "-c", code, *args]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def give(path: Path, number: int) -> Path:
    """Gives a file, or a folder with all that is in it, to a user."""
    for one in [path, *(path.rglob("*") if path.is_dir() else [])]:
        os.chown(one, number, number, follow_symlinks=False)
    return path
