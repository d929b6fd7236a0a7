"""The pool: persistent worker processes, pinned, one thread each. Each runs the native loop over the arena it is given.

A worker obeys three messages of its pipe: ("attach", path, bytes, words, kernels, parts, codes) maps an arena and the
files of the slab, sets the words of its record and sees to its kernels, of which `codes` are in no cache; ("work",)
runs `work` until STOP and answers "stopped"; ("leave",) ends it. Its death shows at its sentinel.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import multiprocessing
import os
import select
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

import numpy as np

from workers import cores, slab
from workers.lifeline import Errand, begin
from workers.starting import safe_path
from workers.targets import objects
from workers.targets.objects import LOOP_ENTRIES
from workers.wire import Run, Schedule

PR_SET_NAME = 15
MADV_POPULATE_WRITE = 23
RECORD_WORDS = max(len(Run) + 1, max(Schedule) + 1)
SAMPLE_LOST = 66
"""Exit status of a worker that cannot map a sample's file (EX_NOINPUT)."""
MEMORY_LOST = 71
"""Of one that cannot map the arena (EX_OSERR)."""
Attached = tuple[str, int, tuple[Mapping[int, tuple[int, bool]], ...], tuple[str, ...], tuple[slab.Part, ...]]


@dataclass(eq=False)
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


def name_process(name: str) -> None:
    """Sets what ps and top call this process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def worker_main(errand: Errand, pipe: Connection, code: objects.Code | None) -> None:
    """What a worker does until its coordinator sends it home."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    name_process(f"farm-worker-{errand.number}")
    if errand.cpu is not None:
        cores.pin(errand.cpu)
    loaded = [code] if code is not None else []
    known = dict(code.addresses) if code is not None else {}
    record = np.zeros(RECORD_WORDS, np.int64)
    mapped: dict[tuple[str, int], mmap.mmap] = {}
    samples: slab.Slab | None = None
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        if message[0] == "leave":
            os._exit(0)
        if message[0] == "attach":
            _, path, size, words, kernels, parts, codes = message
            lacking = [name for name in (*kernels, *LOOP_ENTRIES) if name not in known]
            if lacking:
                objects.take_over(codes, errand.level)
                loaded.append(objects.load(objects.ensure(lacking, errand.level)))
                known.update(loaded[-1].addresses)
            try:
                samples = slab.mapped(parts, samples)
            except OSError:
                os._exit(SAMPLE_LOST)
            addresses = np.array([samples.address, *(known[name] for name in kernels)], np.int64)
            # From render to render it is often the same one.
            if (path, size) not in mapped:
                try:
                    mapped = {(path, size): attach(path, size, errand.number, errand.count)}
                except OSError:
                    os._exit(MEMORY_LOST)
            base = ctypes.addressof(ctypes.c_char.from_buffer(mapped[path, size]))
            for index, (value, relative) in words.items():
                record[index] = value + (base if relative else 0)
            record[Run.KERNELS] = addresses[1:].ctypes.data
            record[Schedule.WORKER] = errand.number
        else:
            ctypes.CFUNCTYPE(None, ctypes.c_int64)(known["work"])(int(record.ctypes.data))
            pipe.send("stopped")


def attach(path: str, size: int, number: int, count: int) -> mmap.mmap:
    """Maps an arena, for worker `number` of `count`. It is not registered anywhere: only its creator unlinks it."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        mapped = mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)
    # Faulted in now, each worker a share; an older kernel does it page by page as they are used.
    share = -(-size // count // mmap.PAGESIZE) * mmap.PAGESIZE
    with contextlib.suppress(OSError, ValueError):
        mapped.madvise(MADV_POPULATE_WRITE, number * share, min(share, size - number * share))
    return mapped


class Pool:
    """Workers 0 .. count - 1, forked after the machine code is loaded (or spawned, where fork is not to be had)."""

    def __init__(self, count: int, level: str, code: objects.Code) -> None:
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

    def replace(self, number: int) -> None:
        """Starts a new worker in the place of a dead one, attached and working like the others."""
        dead = self.workers[number]
        self.forget(dead)
        dead.process.join()
        dead.pipe.close()
        self.owing.discard(number)
        self.workers[number] = self.start(number)
        self.set_to_work(self.workers[number])

    def forget(self, worker: Worker) -> None:
        """Looks no more whether a worker has ended."""
        if self.sentinels is not None:
            self.sentinels.unregister(worker.process.sentinel)

    def attach(
        self,
        path: str,
        size: int,
        words: Sequence[Mapping[int, tuple[int, bool]]],
        kernels: tuple[str, ...],
        parts: Sequence[slab.Part] = (),
    ) -> None:
        """Gives every worker an arena: `words` of each one's record, (value, whether relative to the arena's start).

        `parts`: the files of the slab.
        """
        self.arena = (path, size, tuple(dict(own) for own in words), kernels, tuple(parts))
        for worker in self.workers:
            self.set_to_work(worker)

    def set_to_work(self, worker: Worker) -> None:
        """Has a worker map the arena and work in it."""
        if self.arena is not None:
            path, size, words, kernels, parts = self.arena
            codes = objects.unsaved((*kernels, *LOOP_ENTRIES), self.level)
            self.send(worker, ("attach", path, size, words[worker.number], kernels, parts, codes))
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
