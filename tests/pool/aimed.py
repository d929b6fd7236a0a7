"""Deaths that are aimed: a worker is stopped, looked at, and killed if it is within a task of an output path."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from farm.rendering.backends.local import LocalBackend
from workers import cores
from workers.pool import Worker
from workers.wire import Task


class Killer(threading.Thread):
    """SIGKILLs `count` workers of a pool at moments that `chance` picks, each within a task of an output path, none
    within one that has killed before. `killed`: the names of the groups of these tasks."""

    def __init__(self, backend: LocalBackend, count: int, chance: random.Random, killed: list[str]) -> None:
        super().__init__(daemon=True)
        self.backend, self.count, self.chance, self.killed = backend, count, chance, killed
        self.struck: set[tuple[int, int]] = set()
        self.over = threading.Event()

    def run(self) -> None:
        while len(self.killed) < self.count and not self.over.is_set():
            time.sleep(self.chance.random() * 1e-3)
            pool = self.backend.pool
            workers = [] if pool is None else [*pool.workers]
            if workers and not self.backend.held and not self.backend.coordinator.halted:
                self.look(self.chance.choice(workers))

    def look(self, worker: Worker) -> None:
        """Stops a worker that is at work, and kills it if that is work of a path."""
        pid, process = worker.pid, worker.process
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            name, deadline = "", time.monotonic() + 1.0
            try:
                # It may have died a moment ago, and another one may have its place.
                while process.is_alive() and not cores.is_stopped(pid) and time.monotonic() < deadline:
                    time.sleep(1e-5)
                if worker.process is process and cores.is_stopped(pid):
                    name = self.within(worker)
            finally:
                os.kill(pid, signal.SIGKILL if name else signal.SIGCONT)
            if name:
                self.killed.append(name)

    def within(self, worker: Worker) -> str:
        """The name of the group in whose task a worker is; nothing where that is none of a path, or was struck."""
        agenda = self.backend.agenda
        task = self.backend.claim(worker.number) if agenda is not None else -1
        if agenda is None or task < 0:
            return ""
        try:
            window, row = agenda.row_of(task)
        except StopIteration:
            # Its window was over a moment ago.
            return ""
        group = self.backend.plan.groups[int(row[Task.GROUP])]
        place = int(row[Task.GROUP]), window.first_chunk + int(row[Task.CHUNK])
        of_path = any(path.holds(bus) for path in self.backend.plan.paths for bus in group.buses)
        if not of_path or place in self.struck:
            return ""
        self.struck.add(place)
        return group.name


@contextmanager
def killing_within_paths(count: int, chance: random.Random) -> Iterator[list[str]]:
    """Kills as `Killer` does in the next render of a pool; gives the names of the groups."""
    killed: list[str] = []
    killers: list[Killer] = []
    with pytest.MonkeyPatch.context() as patch:
        start = LocalBackend.start

        def started(backend: LocalBackend, *arguments: object) -> None:
            start(backend, *arguments)  # type: ignore[arg-type]
            if not killers:
                killers.append(Killer(backend, count, chance, killed))
                killers[0].start()

        patch.setattr(LocalBackend, "start", started)
        try:
            yield killed
        finally:
            for killer in killers:
                killer.over.set()
                killer.join()
