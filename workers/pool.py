"""The pool: persistent worker processes, pinned, one thread each. Each runs the native loop over the arena it is given.

What they are told, and do, stands in `workers.worker`. The death of one shows at its sentinel.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import select
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from workers import cores, slab
from workers.beginning import begin
from workers.lifeline import Errand
from workers.records import record
from workers.starting import safe_path
from workers.targets import objects
from workers.targets.objects import LOOP_ENTRIES

Words = Mapping[int, tuple[int, bool]]
"""Words of a record: value, whether relative to the arena's start."""


@record(frozen=True, slots=True, eq=False)
class Attached:
    """An arena as workers are given it: `words` of each one's record; the files of the slab; where each one notes what
    it does, (path, offset) of a ring, if they do."""

    path: str
    size: int
    words: tuple[Words, ...]
    kernels: tuple[str, ...]
    parts: tuple[slab.Extract, ...] = ()
    rings: tuple[tuple[str, int], ...] = ()


@record(eq=False)
class Worker:
    """A running worker, as its coordinator sees it."""

    number: int
    process: BaseProcess
    pipe: Connection

    @property
    def pid(self) -> int:
        """Process id."""
        assert self.process.pid is not None
        return self.process.pid


class Pool:
    """Workers 0 .. count - 1, forked after the machine code is loaded (or spawned, where fork is not to be had)."""

    def __init__(self, count: int, level: str, code: objects.MachineCode) -> None:
        self.portable = cores.portable()
        self.context = multiprocessing.get_context("spawn" if self.portable else "fork")
        self.level, self.code = level, code
        cpus = cores.pinning(cores.allowed_cpus(), count)
        self.cpus: tuple[int | None, ...] = tuple(None for _ in cpus) if self.portable else cpus
        self.workers: list[Worker] = []
        if not self.portable:
            cores.before_fork()
        # Looked at a thousand times a second: `wait` would register them anew each time.
        self.sentinels = select.poll() if hasattr(select, "poll") else None
        self.arena: Attached | None = None
        self.owing: set[int] = set()
        """Workers that were set to work and have not answered that they stopped."""
        self.lost_cpu_s = 0.0
        """CPU time of workers that died."""
        for number in range(count):
            self.workers.append(self.start(number))

    def ended(self) -> list[Worker]:
        """Workers whose processes are no more and that have not been replaced; does not wait."""
        if self.sentinels is None:
            gone = set(wait([worker.process.sentinel for worker in self.workers], 0))
        else:
            gone = {descriptor for descriptor, _ in self.sentinels.poll(0)}
        return [worker for worker in self.workers if worker.process.sentinel in gone] if gone else []

    def start(self, number: int) -> Worker:
        """Starts the worker of this number; it waits for messages."""
        ours, theirs = self.context.Pipe()
        of_main_thread = threading.current_thread() is threading.main_thread()
        errand = Errand(number, len(self.cpus), self.cpus[number], self.level, os.getpid(), of_main_thread)
        code = None if self.portable else self.code
        process = self.context.Process(  # type: ignore[attr-defined]
            target=begin, args=(errand, theirs, code), name=f"farm-worker-{number}", daemon=True
        )
        with objects.LOADING, safe_path() if self.portable else contextlib.nullcontext():
            process.start()
        theirs.close()
        if self.sentinels is not None:
            self.sentinels.register(process.sentinel, select.POLLIN)
        return Worker(number, process, ours)

    def cpu_s(self) -> float:
        """CPU time of all workers that there were in this pool."""
        return self.lost_cpu_s + sum(cores.cpu_seconds(worker.pid) for worker in self.workers)

    def replace(self, number: int) -> None:
        """Starts a new worker in the place of a dead one, attached and working like the others."""
        dead = self.workers[number]
        self.forget(dead)
        self.lost_cpu_s += cores.cpu_seconds(dead.pid)
        dead.process.join()
        dead.pipe.close()
        self.owing.discard(number)
        self.workers[number] = self.start(number)
        self.set_to_work(self.workers[number])

    def forget(self, worker: Worker) -> None:
        """Looks no more whether a worker has ended."""
        if self.sentinels is not None:
            self.sentinels.unregister(worker.process.sentinel)

    def attach(self, arena: Attached) -> None:
        """Gives every worker an arena."""
        self.arena = arena
        for worker in self.workers:
            self.set_to_work(worker)

    def set_to_work(self, worker: Worker) -> None:
        """Has a worker map the arena and work in it."""
        if self.arena is not None:
            path, size, kernels, parts = self.arena.path, self.arena.size, self.arena.kernels, self.arena.parts
            words = self.arena.words[worker.number]
            ring = self.arena.rings[worker.number] if self.arena.rings else None
            codes = objects.unsaved((*kernels, *LOOP_ENTRIES), self.level)
            self.send(worker, ("attach", path, size, words, kernels, parts, codes, ring))
            self.send(worker, ("work",))
            self.owing.add(worker.number)

    @staticmethod
    def send(worker: Worker, message: tuple[Any, ...]) -> None:
        """Sends a message; who died meanwhile is noticed at the sentinel, whose pipe is closed is ending."""
        with contextlib.suppress(OSError):
            worker.pipe.send(message)

    def stopped(self, timeout_s: float) -> bool:
        """Whether every living worker has answered that it stopped working; waits for each of them so long."""
        for worker in self.workers:
            if worker.number not in self.owing:
                continue
            try:
                if worker.pipe.poll(timeout_s if worker.process.is_alive() else 0.0):
                    worker.pipe.recv()
                elif worker.process.is_alive():
                    continue
            except (EOFError, OSError):
                pass
            self.owing.discard(worker.number)
        if not self.owing:
            self.arena = None
        return not self.owing

    def close(self) -> None:
        """Ends all workers; those that do not leave are killed."""
        for worker in self.workers:
            self.send(worker, ("leave",))
        for worker in self.workers:
            worker.process.join(1.0 if self.arena is None else 0.05)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.pipe.close()
            self.forget(worker)
        self.workers.clear()
