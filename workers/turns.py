"""One process at a time does what several need: the others wait for it, and see that it is gone when it was killed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

from workers.cache import Folder

GLANCE_S = 0.05
"""How long one who waits sleeps between looks at the lock."""
LOOK_S = 0.5
"""And between looks at whether what it needs is there already."""
WORTH_A_WORD_S = 1.0


@contextlib.contextmanager
def turn(
    folder: Folder | None, name: str, served: Callable[[], bool], waiting: Callable[[], None] | None
) -> Iterator[None]:
    """This process's turn: it has the lock `name` of a folder, or is `served`, or nothing can be locked.

    `waiting` is called once, when that takes more than a moment.
    """
    descriptor = -1
    if folder is not None:
        with contextlib.suppress(OSError):
            # Nobody else may open it: who can read a file can lock it, for as long as he likes.
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(name, flags, 0o600, dir_fd=folder.descriptor)
    try:
        if descriptor >= 0:
            _wait(descriptor, served, waiting)
        yield
    finally:
        if descriptor >= 0:
            _unlock(descriptor)


def _wait(descriptor: int, served: Callable[[], bool], waiting: Callable[[], None] | None) -> None:
    started = looked = time.monotonic()
    while not _locked(descriptor):
        time.sleep(GLANCE_S)
        now = time.monotonic()
        if waiting is not None and now - started > WORTH_A_WORD_S:
            waiting()
            waiting = None
        if now - looked > LOOK_S:
            looked = now
            if served():
                return


def _locked(descriptor: int) -> bool:
    """Whether the lock is had, or is not to be had at all: not every file system has locks."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


def _unlock(descriptor: int) -> None:
    """Gives the lock up, also for processes that were forked meanwhile."""
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
