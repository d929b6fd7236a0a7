"""The crew: the job processes of a host, a pinned one for each slot. Orders go in by pipe, a line each.

A process is started with its first order, again after it has died, and anew after so many jobs or so much memory. The
first unanswered order of a process is the one that it is on: whoever dies is blamed for that one alone.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import field
from pathlib import Path
from typing import IO, Any

from farm.batch.outcome import read_outcome
from farm.batch.post import JobPost
from farm.batch.runners.runner import Compiling, Event, JobDied, JobDone, JobsLost
from farm.errors import RenderError
from farm.sources import sources_digest
from workers import cores
from workers.records import record
from workers.starting import compiler_environment

MOST_JOBS = 1000
MOST_BYTES = 1 << 30
"""A process that has done so many jobs, or holds so much of its own, ends, and another takes its place."""
MOST_STILLBORN = 5
HUNG_S = 30.0
"""CPU seconds that a process may spend without a sign of life."""
LOOK_S = 1.0
ENDING_S = 5.0
"""How long a process may take to end that has nothing left to do."""
TOLD = 600
"""Bytes of what a dying process said last that stand in the reason."""


@record(eq=False)
class JobProcess:
    """A job process as its crew sees it."""

    number: int
    running: subprocess.Popen[bytes]
    said: IO[bytes]
    """What it says on standard error."""
    queue: deque[int] = field(default_factory=deque)
    """Orders that it has not answered; the first is the one that it is on."""
    unsent: bytearray = field(default_factory=bytearray)
    """What its pipe did not take yet."""
    waited_for: bool = False
    """Whether the selector tells when it takes more."""
    answer: bytes = b""
    """The beginning of a line."""
    jobs: int = 0
    retiring: bool = False
    frames: int = 0
    """How far it is with what it is on."""
    heard_cpu_s: float = 0.0
    """The CPU time that it had used at its last sign of life."""
    hung: bool = False
    ready: bool = False
    """Whether it has begun: before that no job is to blame for its end."""

    @property
    def orders(self) -> IO[bytes]:
        """What it reads."""
        assert self.running.stdin is not None
        return self.running.stdin

    @property
    def answers(self) -> IO[bytes]:
        """What it writes."""
        assert self.running.stdout is not None
        return self.running.stdout


@record(eq=False)
class Crew:
    """Job processes, at most one for each of `slots`. `into`: the folder that outputs lie in; `host`: its name."""

    slots: int
    into: Path
    host: str
    pinned: bool = True
    most_jobs: int = MOST_JOBS
    most_bytes: int = MOST_BYTES
    processes: dict[int, JobProcess] = field(default_factory=dict)
    """Those that take orders, by slot."""
    leaving: list[JobProcess] = field(default_factory=list)
    """Those that end when they have done what they were given."""
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    stillborn: int = 0
    """Processes that ended before they began, one after another."""
    started: int = 0
    """Processes that were started, all in all."""
    looked_s: float = 0.0

    def __post_init__(self) -> None:
        self.cpus = cores.pinning(cores.allowed_cpus(), self.slots)
        self.farm = sources_digest()

    def give(self, index: int, line: str) -> None:
        """Gives an order to the process that has least to do. Raises OSError where none can be started."""
        process = min(self.processes.values(), key=lambda one: len(one.queue), default=None)
        if process is None or (process.queue and len(self.processes) < self.slots):
            process = self.start(next(slot for slot in range(self.slots) if slot not in self.processes))
        process.queue.append(index)
        process.unsent += line.encode("ascii") + b"\n"
        self.pass_on(process)

    def start(self, slot: int) -> JobProcess:
        """Starts the process of a slot. Raises OSError."""
        cpu = self.cpus[slot] if self.pinned and not cores.portable() else None
        of_main_thread = threading.current_thread() is threading.main_thread()
        post = JobPost(slot, os.getpid(), of_main_thread, cpu, str(self.into))
        command = [sys.executable, "-P", "-m", "farm.batch.serve", post.as_json()]
        said, pipe = last_words(), subprocess.PIPE
        running = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=said, env=compiler_environment(), bufsize=0)
        process = self.processes[slot] = JobProcess(slot, running, said)
        for stream in (process.orders, process.answers):
            os.set_blocking(stream.fileno(), False)
        self.selector.register(process.answers, selectors.EVENT_READ, process)
        self.started += 1
        return process

    def pass_on(self, process: JobProcess) -> None:
        """Writes what a process takes of its orders now; the rest when it takes more. A large score fills a pipe."""
        waited = process.waited_for
        with contextlib.suppress(BlockingIOError):
            try:
                while process.unsent:
                    del process.unsent[: os.write(process.orders.fileno(), process.unsent)]
            except OSError as error:
                if isinstance(error, BlockingIOError):
                    raise
                # Who is gone is noticed by its end.
                process.unsent.clear()
        process.waited_for = bool(process.unsent)
        if process.waited_for and not waited:
            self.selector.register(process.orders, selectors.EVENT_WRITE, process)
        elif waited and not process.waited_for:
            self.selector.unregister(process.orders)
        if process.retiring and not process.unsent:
            process.orders.close()

    def events(self, timeout_s: float) -> Iterator[Event]:
        """What has happened; waits so long for something. Raises RenderError where farm itself was changed."""
        for key, mask in self.selector.select(timeout_s):
            process: JobProcess = key.data
            if mask & selectors.EVENT_WRITE:
                self.pass_on(process)
                continue
            ended = yield from self.hear(process)
            if ended:
                yield from self.bury(process)
        now = time.monotonic()
        if now - self.looked_s >= LOOK_S:
            self.looked_s = now
            self.look()

    def hear(self, process: JobProcess) -> Generator[Event, None, bool]:
        """Reads what a process says; whether it has ended."""
        ended = False
        while True:
            try:
                part = os.read(process.answers.fileno(), 1 << 20)
            except BlockingIOError:
                break
            if not part:
                ended = True
                break
            process.answer += part
        *lines, process.answer = process.answer.split(b"\n")
        for line in lines:
            yield from self.understand(process, json.loads(line))
        return ended

    def understand(self, process: JobProcess, said: dict[str, Any]) -> Iterator[Event]:
        """What a line of a process means."""
        process.heard_cpu_s = cores.cpu_seconds(process.running.pid)
        if "at" in said:
            process.frames = int(said["at"])
        elif "compiling" in said:
            yield Compiling(*said["compiling"])
        elif "ready" in said:
            process.ready, self.stillborn = True, 0
            if said["sources"] != self.farm:
                raise RenderError(
                    "farm itself was changed while the batch ran: equal bytes need equal code",
                    hint="start the batch again with --resume",
                )
        elif process.queue:
            process.jobs, process.frames = process.jobs + 1, 0
            if process.jobs >= self.most_jobs or int(said["private"]) >= self.most_bytes:
                self.retire(process)
            yield JobDone(process.queue.popleft(), read_outcome(said["outcome"]), self.host)

    def retire(self, process: JobProcess) -> None:
        """Lets a process end when it has done what it was given; its slot is free for another at once."""
        if not process.retiring:
            process.retiring = True
            self.processes.pop(process.number, None)
            self.leaving.append(process)
            self.pass_on(process)

    def bury(self, process: JobProcess) -> Iterator[Event]:
        """Tells of the end of a process, and of what becomes of its orders. Raises RenderError where none can begin."""
        status = process.running.wait()
        reason = self.reason(process, status)
        self.forget(process)
        if not process.ready:
            self.stillborn += 1
            if status > 0 or self.stillborn >= MOST_STILLBORN:
                raise RenderError(f"no job process can begin: {reason}", hint="`farm doctor` looks at this machine")
        elif process.queue:
            yield JobDied(process.queue.popleft(), reason, self.host)
        if process.queue:
            yield JobsLost(tuple(process.queue), self.host)

    def forget(self, process: JobProcess) -> None:
        """Gives back what was held for a process that has ended."""
        self.selector.unregister(process.answers)
        if process.waited_for:
            self.selector.unregister(process.orders)
        for stream in (process.orders, process.answers, process.said):
            stream.close()
        if process.retiring:
            self.leaving.remove(process)
        else:
            del self.processes[process.number]

    @staticmethod
    def reason(process: JobProcess, status: int) -> str:
        """How a process ended, in words."""
        if process.hung:
            return f"it spent {HUNG_S:.0f} s of CPU time without getting on, and was ended"
        if status < 0:
            with contextlib.suppress(ValueError):
                name = signal.Signals(-status).name
                why = ", probably out of memory" if status == -signal.SIGKILL else ""
                return f"its process was ended by signal {-status} ({name}{why})"
            return f"its process was ended by signal {-status}"
        last = ""
        with contextlib.suppress(OSError, ValueError):
            process.said.seek(max(0, process.said.seek(0, os.SEEK_END) - TOLD))
            last = " ".join(process.said.read().decode(errors="replace").split())
        return f"its process ended with status {status}" + (f": {last}" if last else "")

    @property
    def everyone(self) -> list[JobProcess]:
        """All processes that have not ended."""
        return [*self.processes.values(), *self.leaving]

    def look(self) -> None:
        """Ends processes that hang: their CPU time runs, and they say nothing."""
        for process in self.everyone:
            used = cores.cpu_seconds(process.running.pid) - process.heard_cpu_s
            if process.queue and not process.hung and used > HUNG_S:
                process.hung = True
                process.running.kill()

    def cancel(self) -> None:
        """Ends all processes at once, whatever they are on; they take what is unfinished with them."""
        for process in self.everyone:
            process.running.terminate()
        self.close()

    def close(self) -> None:
        """Ends the processes."""
        for process in [*self.processes.values()]:
            self.retire(process)
        for process in [*self.leaving]:
            try:
                process.running.wait(ENDING_S)
            except subprocess.TimeoutExpired:
                process.running.kill()
                process.running.wait()
                self.forget(process)
        self.selector.close()


def last_words() -> IO[bytes]:
    """A file in memory for what a process says on standard error."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("farm-job-said"), "w+b")
    return open(os.devnull, "w+b")
