"""A worker ends with its coordinator, however that went: what it does first, before it imports anything large.

Where the kernel sends a signal when a parent is gone, that is asked for. But it sends it when the *thread* is gone that
started the worker, and a thread of a caller may end long before its process does: then, and on other systems, a thread
of the worker's own waits for the end of the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import threading
import time

from workers.records import record

PR_SET_PDEATHSIG = 1
LOOK_S = 0.05
"""How often a worker looks for its coordinator where nothing tells it of its end."""


@record(frozen=True, slots=True)
class Errand:
    """What a worker needs to know at its start; everything that a fresh process cannot inherit."""

    number: int
    count: int
    """Workers of the pool."""
    cpu: int | None
    level: str
    parent: int
    """Process id of the coordinator."""
    of_main_thread: bool
    """Whether the thread that started it lives as long as the coordinator."""


def end_with(parent: int, of_main_thread: bool) -> None:
    """Has this process end when its coordinator is gone; at once if it is gone already."""
    told = sys.platform == "linux" and of_main_thread
    if told:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    if not told:
        threading.Thread(target=wait_for_end, args=(parent,), name="lifeline", daemon=True).start()


def wait_for_end(parent: int) -> None:
    """Waits until a process is gone, of which this one is a child, and ends this one."""
    if sys.platform == "linux":
        # An older kernel has no descriptors of processes.
        with contextlib.suppress(OSError):
            ended = select.poll()
            ended.register(os.pidfd_open(parent), select.POLLIN)
            # That number may be another process's by now.
            if os.getppid() == parent:
                ended.poll()
            os._exit(1)
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)
