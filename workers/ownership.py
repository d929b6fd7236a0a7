"""Who owns a file that is to be removed when its maker is gone: the maker holds a lock on it for as long as it lives.

A number of a process says less: in another container the same number is another process, or none.
"""

from __future__ import annotations

import contextlib
import os


def claim(descriptor: int) -> None:
    """Locks an open file until its last descriptor is closed, in forked processes too. Not every file system can."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def ownerless(path: str, maker: int) -> bool:
    """Whether the process `maker` that made a file is gone and nobody has a lock on it. False where none can tell."""
    if os.path.exists(f"/proc/{maker}") or not os.path.exists("/proc/self"):
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
