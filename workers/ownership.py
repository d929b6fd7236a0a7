"""Who owns a file that is to be removed when its maker is gone: the maker holds a lock on it for as long as it lives.

A number of a process says less: in another container the same number is another process, or none.
"""

from __future__ import annotations

import contextlib
import os
import re
from functools import cache

FIRST_SPACE = "4026531836"
"""The number of the space of process numbers that a machine starts with (PROC_PID_INIT_INO)."""


@cache
def host() -> str:
    """What the machine is called in names of files, with the space of process numbers where that is one of its own.

    Numbers of processes mean something among those alone that give the same answer: two containers do not.
    """
    name = re.sub(r"[^A-Za-z0-9_.]", "_", os.uname().nodename if hasattr(os, "uname") else "")
    with contextlib.suppress(OSError):
        space = re.sub(r"\D", "", os.readlink("/proc/self/ns/pid"))
        # That of a machine's first space is the same everywhere.
        if space and space != FIRST_SPACE:
            return f"{name[:64] or 'host'}.{space}"
    return name[:64] or "host"


def claim(descriptor: int) -> None:
    """Locks an open file until its last descriptor is closed, in forked processes too. Not every file system can."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def has_ended(process: int) -> bool:
    """Whether a process is gone, or has ended and waits for its parent to take notice. False where none can tell."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return os.path.exists("/proc/self")
    except (OSError, IndexError):
        return False


def ownerless(path: str, maker: int) -> bool:
    """Whether the process `maker` that made a file is gone and nobody has a lock on it. False where none can tell."""
    if not has_ended(maker):
        return False
    try:
        import fcntl

        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
    except (ImportError, OSError):
        return False
    return True
