"""The tables of a window on plain numpy, and workers that are Python threads taking turns at every shared word.

What runs is the loop itself (`workers.work`, as written), the tables' rebuilding (`LocalBackend.rebuild`) and the
coordinator. A worker may be killed before any of its accesses to shared memory: at any state it can leave behind.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.plan.schedule import SchedulePlan
from farm.rendering import coordinator as says
from farm.rendering.backends.local import FIRST_WORKER, WORKER_WORDS, LocalBackend
from farm.rendering.warm import Warm
from workers import words, work
from workers.run import TASK_BYTES
from workers.wire import CONTROL_STRIDE, Control, Run, Schedule
from workers.worker import RECORD_WORDS

Ints = NDArray[np.int64]
SHARED = ("load_shared", "store_shared", "add_shared", "swap_shared")


class Killed(BaseException):
    """SIGKILL: whatever a worker was about to do does not happen."""


class Tables:
    """Control words, edges, counts, done bits and ring of one window."""

    def __init__(self, plan: SchedulePlan, workers: int) -> None:
        self.plan = plan
        count = plan.tasks + plan.reads
        self.regions = {
            "control": np.zeros(FIRST_WORKER + workers * WORKER_WORDS, np.int64),
            "successors": plan.successors.copy(),
            "first successors": plan.first_successor.copy(),
            "pending": np.zeros(count, np.int64),
            "done": np.zeros(count, np.int64),
            "ready": np.zeros(plan.tasks + 1, np.int64),
            "tasks": np.zeros(1, np.int64),
        }
        self.backend = LocalBackend(Warm(), workers, "v2")
        self.backend.arena = SimpleNamespace(region=lambda key, dtype: self.regions[key[0]])  # type: ignore[assignment]
        self.backend.schedule = plan
        self.backend.control = self.control = self.regions["control"]
        self.backend.done = self.done = self.regions["done"]
        self.backend.pending = self.pending = self.regions["pending"]
        self.backend.rebuild()
        self.records = [self.record(number) for number in range(workers + 1)]
        """One for each worker, and the coordinator's own."""
        self.runs = [0] * plan.tasks
        """How often each task was run to its end."""
        self.before: list[list[int]] = [[] for _ in range(count)]
        for one, other in zip(plan.before.tolist(), plan.after.tolist()):
            self.before[other].append(one)

    def record(self, worker: int) -> Ints:
        """The words that the loop is called with."""
        record = np.zeros(RECORD_WORDS, np.int64)
        named = {
            Run.TASKS: "tasks",
            Run.GROUPS: "tasks",
            Schedule.CONTROL: "control",
            Schedule.SUCCESSORS: "successors",
            Schedule.FIRST_SUCCESSOR: "first successors",
            Schedule.PENDING: "pending",
            Schedule.DONE: "done",
            Schedule.RING: "ready",
        }
        for word, name in named.items():
            record[word] = self.regions[name].ctypes.data
        record[Schedule.WORKER], record[Schedule.SPINS] = worker, 1
        return record

    def begin(self, task: int) -> None:
        """A worker starts a task: everything before it is done, and it is not."""
        assert self.done[task] == 0, f"task {task} runs again although it is done"
        missing = [one for one in self.before[task] if self.done[one] == 0]
        assert not missing, f"task {task} runs before {missing}"

    def next_read(self) -> int | None:
        """A chunk that may be read now; reads are in order, as `collect` does them."""
        reads = slice(self.plan.tasks, None)
        left = np.flatnonzero(self.done[reads] == 0)
        if not len(left):
            return None
        first = self.plan.tasks + int(left[0])
        return first if self.pending[first] == 0 else None


class Play:
    """Workers and a coordinator over tables, in turns that chance picks. `kills`: (worker, after how many accesses)."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, tables: Tables, workers: int, seed: int, kills: dict[int, list[int]]
    ) -> None:
        self.tables, self.chance, self.kills = tables, random.Random(seed), kills
        self.workers = workers
        self.coordinator = says.Coordinator(workers)
        self.turn = threading.Semaphore(0)
        self.actors: dict[int, threading.Semaphore] = {}
        """Worker, or -1 for the coordinator -> what lets it go on."""
        self.accesses = dict.fromkeys(range(workers), 0)
        self.died: list[tuple[int, int]] = []
        self.unnoticed: list[int] = []
        self.given_up: int | None = None
        self.error: BaseException | None = None
        self.over = False
        self.local = threading.local()
        for name in SHARED:
            monkeypatch.setattr(work, name, self.watched(getattr(words, name)))
        for name in ("pause", "wake", "doze", "sleep_while"):
            monkeypatch.setattr(work, name, lambda *_: self.step())
        monkeypatch.setattr(work, "run_task", self.run_task)
        monkeypatch.setattr(work, "default_rounding", lambda: None)

    def watched(self, access: Callable[..., Any]) -> Callable[..., Any]:
        """An access to shared memory that somebody may come before."""

        def taken_in_turn(*arguments: int) -> Any:
            self.step()
            return access(*arguments)

        return taken_in_turn

    def task_of(self, *arguments: int) -> int:
        """Number of the task whose record is the second argument of `run_task`."""
        return (arguments[1] - self.tables.regions["tasks"].ctypes.data) // TASK_BYTES

    def run_task(self, *arguments: int) -> None:
        """Stands for the sound: begins, may be interrupted, ends."""
        task = self.task_of(*arguments)
        self.tables.begin(task)
        self.step()
        self.tables.begin(task)
        self.tables.runs[task] += 1

    def step(self) -> None:
        """Hands the turn on; a worker whose time has come does not get it back."""
        actor = self.local.actor
        self.turn.release()
        self.actors[actor].acquire()
        if self.over:
            raise Killed
        if actor >= 0:
            self.accesses[actor] += 1
            if self.kills.get(actor) and self.accesses[actor] >= self.kills[actor][0]:
                self.kills[actor].pop(0)
                self.accesses[actor] = 0
                raise Killed

    def act(self, actor: int, life: Callable[[], None]) -> None:
        """Starts an actor, which waits for its first turn."""
        self.actors[actor] = threading.Semaphore(0)

        def live() -> None:
            self.local.actor = actor
            self.actors[actor].acquire()
            try:
                if not self.over:
                    life()
            except Killed:
                if not self.over:
                    self.unnoticed.append(actor)
            except BaseException as error:  # noqa: BLE001
                self.error = error
            del self.actors[actor]
            self.turn.release()

        threading.Thread(target=live, daemon=True).start()

    def worker(self, number: int) -> None:
        """Starts a worker."""
        self.act(number, lambda: work.work(int(self.tables.records[number].ctypes.data)))

    def mend(self) -> None:
        """What `watch` does: deaths and parked workers to the coordinator, its commands to the tables."""
        tables, backend = self.tables, self.tables.backend
        signals: list[says.Signal] = []
        while self.unnoticed:
            worker = self.unnoticed.pop()
            self.died.append((worker, backend.claim(worker)))
            signals.append(says.Died(*self.died[-1]))
        if self.coordinator.halted or signals:
            signals.append(says.Parked(backend.parked()))
        for signal in signals:
            for command in self.coordinator.decide(signal):
                if isinstance(command, says.Halt):
                    tables.control[CONTROL_STRIDE * Control.HALT] = 1
                elif isinstance(command, says.Rebuild):
                    backend.rebuild()
                elif isinstance(command, says.Start):
                    base = FIRST_WORKER + command.worker * WORKER_WORDS
                    tables.control[base] = tables.control[base + CONTROL_STRIDE] = 0
                    self.worker(command.worker)
                elif isinstance(command, says.Resume):
                    tables.control[CONTROL_STRIDE * Control.HALT] = 0
                elif isinstance(command, says.GiveUp):
                    self.given_up = command.task

    def coordinate(self) -> None:
        """The coordinator's life: read what is ready, mend what is broken, until all is done."""
        tables = self.tables
        record = tables.records[-1]
        while not tables.done.all() and self.given_up is None:
            read = tables.next_read()
            if read is not None:
                record[Schedule.TASK] = read
                work.complete(int(record.ctypes.data))
            self.step()
            self.mend()

    def run(self, most_turns: int = 100_000) -> None:
        """Plays until everything is done or the coordinator gives up. Fails when it does not come to an end."""
        for number in range(self.workers):
            self.worker(number)
        self.act(-1, self.coordinate)
        for _ in range(most_turns):
            if -1 not in self.actors or self.error is not None:
                break
            self.actors[self.chance.choice(list(self.actors))].release()
            self.turn.acquire()
        else:
            self.error = self.error or AssertionError(f"nothing ends: {np.flatnonzero(self.tables.done == 0)} left")
        self.over = True
        for actor in list(self.actors):
            self.actors[actor].release()
            self.turn.acquire()
        if self.error is not None:
            raise self.error
