"""A job process: `python -m farm.batch.serve`, started by `farm.batch.crew`.

It reads orders from standard input, one a line, renders one after another, and answers each on standard output with a
line of JSON: {"outcome": ...}; first {"ready": ...}, {"compiling": ...} where kernels are, and {"at": ...} each second
while it renders. It ends at the end of its input, and with its coordinator.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

from farm.batch.order import read_order
from farm.batch.perform import Kept, perform
from farm.batch.post import JobPost, read_post
from farm.batch.sinks import FolderSink
from farm.errors import Notice
from farm.sources import sources_digest
from workers import cores
from workers.lifeline import end_with
from workers.records import record
from workers.worker import name_process

BEAT_S = 1.0
"""How often a job that renders says where it is."""
RARELY = (250_000, 20, 20)
"""Between two looks for garbage (`gc.set_threshold`), of which jobs leave little."""


@record(eq=False)
class Beating:
    """Tells where a render is, so that nobody takes it for hung."""

    answers: BinaryIO
    told_s: float = 0.0

    def begins(self, assumed: int | None) -> None:
        """Nothing."""

    def warning(self, notice: Notice) -> None:
        """Nothing: the report says it."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """How far it is: everybody waits for it."""
        say(self.answers, {"compiling": [done, total, kept]})

    def waiting(self) -> None:
        """A sign of life: the other process tells how far it is."""
        self.beat(0)

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """Where it is."""
        self.beat(frames_done)

    def beat(self, frames: int) -> None:
        """A line, if the last one is a while ago."""
        now = time.monotonic()
        if now - self.told_s >= BEAT_S:
            self.told_s = now
            say(self.answers, {"at": frames})


def say(answers: BinaryIO, what: dict[str, Any]) -> None:
    """A line for the coordinator; without one this process has no use."""
    try:
        answers.write(json.dumps(what).encode("ascii") + b"\n")
        answers.flush()
    except OSError:
        os._exit(1)


def private_bytes() -> int:
    """Memory that this process shares with nobody; 0 where that is not told."""
    with contextlib.suppress(OSError, ValueError):
        resident, shared = Path("/proc/self/statm").read_text().split()[1:3]
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def terminated(number: int, frame: FrameType | None) -> None:
    """On SIGTERM: leaves through every `finally`, so that no unfinished file stays behind."""
    sys.exit(128 + number)


def serve(post: JobPost) -> None:
    """Renders what comes until nothing more does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, terminated)
    end_with(post.parent, post.of_main_thread)
    gc.set_threshold(*RARELY)
    name_process(f"farm-job-{post.number}")
    # What anything else prints is not for the coordinator.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    allowed = cores.allowed_cpus()
    kept, sink = Kept(), FolderSink(Path(post.into))
    pinned = False
    say(answers, {"ready": os.getpid(), "sources": sources_digest()})
    for line in sys.stdin.buffer:
        sent = read_order(line.decode("ascii"))
        if pinned and sent.how.get("threads", 1) > 1:
            os.sched_setaffinity(0, allowed)
            pinned = False
        outcome = perform(sent, kept.sources(sent.folders), sink, kept, Beating(answers, time.monotonic()))
        if post.cpu is not None and not pinned:
            # Not before the first job: kernels that the cache lacks are compiled on all CPUs then, behind its lock.
            cores.pin(post.cpu)
            pinned = True
        say(answers, {"outcome": outcome.as_json(), "private": private_bytes()})
    kept.close()


def main() -> None:
    """What the process does."""
    try:
        serve(read_post(sys.argv[1]))
    except SystemExit as ending:
        os._exit(int(ending.code or 0))
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
