"""The tables of a window on plain numpy, and workers that are Python threads taking turns at every shared word.

What runs is the loop itself (`workers.work`, as written), the agenda with its rebuilding and the coordinator. A worker
may be killed before any of its accesses to shared memory: at any state it can leave behind.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.plan.plan import Area, WindowPlan
from farm.plan.schedule import SchedulePlan
from farm.rendering import coordinator as says
from farm.rendering.backends.agenda import SHEETS, Agenda, Going, Room, room_for
from farm.rendering.backends.local import LocalBackend
from farm.rendering.backends.worker_words import WorkerWords, control_bytes
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
    """Control words, edges, counts, done bits and ring of windows that follow each other, two under way at most.

    Tasks are numbered from window to window; of one window alone they are called as in its schedule.
    """

    def __init__(self, plans: SchedulePlan | Sequence[SchedulePlan], workers: int) -> None:
        self.waiting = [plans] if isinstance(plans, SchedulePlan) else list(plans)
        self.room = Room()
        for plan in self.waiting:
            self.room = self.room.grown(room_for(plan))
        sizes = {Area(key[0]): size // 8 for key, size in self.room.sizes.items()}
        sizes[Area.CONTROL] = control_bytes(workers) // 8
        self.regions: dict[Area, Ints] = {area: np.zeros(words, np.int64) for area, words in sizes.items()}
        self.control, self.done = self.regions[Area.CONTROL], self.regions[Area.DONE]
        self.records = [self.record(number) for number in range(workers + 1)]
        """One for each worker, and the coordinator's own."""
        self.agenda = Agenda(self.regions, self.room, self.records[-1], self.call)
        self.backend = LocalBackend(Warm(), workers, "v2")
        self.backend.agenda, self.backend.words = self.agenda, WorkerWords(workers, self.control)
        self.runs: list[int] = []
        """How often each task was run to its end."""
        self.firsts: list[int] = []
        """Number of the first task of each window that has begun."""
        self.bring()

    def record(self, worker: int) -> Ints:
        """The words that the loop is called with."""
        record = np.zeros(RECORD_WORDS, np.int64)
        named = {
            Run.TASKS: Area.TASKS,
            Run.GROUPS: Area.TASKS,
            Schedule.CONTROL: Area.CONTROL,
            Schedule.SUCCESSORS: Area.SUCCESSORS,
            Schedule.FIRST_SUCCESSOR: Area.FIRST_SUCCESSORS,
            Schedule.PENDING: Area.PENDING,
            Schedule.DONE: Area.DONE,
            Schedule.RING: Area.READY,
        }
        for word, area in named.items():
            record[word] = self.regions[area].ctypes.data
        record[Schedule.WORKER], record[Schedule.SPINS] = worker, 1
        record[Schedule.RING_MASK] = self.room.places - 1
        return record

    def call(self, entry: str) -> None:
        """Runs an entry of the loop as the coordinator."""
        getattr(work, entry)(int(self.records[-1].ctypes.data))

    def bring(self) -> None:
        """Lets the next window join, if there is one and no more than one is under way."""
        going = self.agenda.going
        if going and self.agenda.done_of(going[0]).all():
            self.agenda.finished(going[0])
        if self.waiting and len(going) < SHEETS:
            plan = self.waiting.pop(0)
            sheet = len(self.firsts) % SHEETS
            self.firsts.append(len(self.runs))
            self.runs += [0] * plan.tasks
            self.agenda.bring(cast(WindowPlan, None), plan, sheet, bool(self.waiting))

    @property
    def over(self) -> bool:
        """Whether everything is done."""
        return not self.waiting and all(self.agenda.done_of(going).all() for going in self.agenda.going)

    def of(self, number: int) -> tuple[Going, int]:
        """The window under way that has a task of this number in the arena, and which it is there."""
        going = next(one for one in self.agenda.going if one.nodes.start <= number < one.nodes.stop)
        return going, number - going.base

    def called(self, number: int) -> int:
        """What a task of this number in the arena is called here."""
        if number < 0:
            return number
        going, task = self.of(number)
        under_way = self.firsts[-len(self.agenda.going) :]
        return under_way[self.agenda.going.index(going)] + task

    def begin(self, number: int) -> None:
        """A worker starts a task: everything before it is done, and it is not."""
        going, task = self.of(number)
        assert not self.agenda.is_done(number), f"task {number} runs again although it is done"
        made, before = going.made, going.follows
        missing = [one for one in made.before[made.after == task] if not self.agenda.is_done(one + going.base)]
        if before is not None:
            late = made.late_before[made.late_after == task]
            missing += [one for one in late if not self.agenda.is_done(one + before.base)]
        assert not missing, f"task {number} runs before {missing}"

    def next_reads(self) -> range:
        """Neighbouring chunks that may be read now; reads are in order, as `collect` does them."""
        for going in self.agenda.going:
            stop = going.nodes.stop
            left = next((read for read in range(going.read(0), stop) if not self.agenda.is_done(read)), None)
            if left is not None:
                after = next((read for read in range(left, stop) if self.agenda.pending[read] != 0), stop)
                return range(left, after)
        return range(0)


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
        self.under_way: list[int] = []
        """How many windows, again and again."""
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
        return (arguments[1] - self.tables.regions[Area.TASKS].ctypes.data) // TASK_BYTES

    def run_task(self, *arguments: int) -> None:
        """Stands for the sound: begins, may be interrupted, ends."""
        task = self.task_of(*arguments)
        self.tables.begin(task)
        self.step()
        self.tables.begin(task)
        self.tables.runs[self.tables.called(task)] += 1

    def step(self) -> None:
        """Hands the turn on; a worker whose time has come does not get it back."""
        actor = getattr(self.local, "actor", None)
        if actor is None:
            # Tables are made before anybody acts.
            return
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
            claimed = backend.claim(worker)
            self.died.append((worker, tables.called(claimed)))
            signals.append(says.Died(worker, claimed))
        if self.coordinator.halted or signals:
            signals.append(says.Parked(backend.words.parked()))
        for signal in signals:
            for command in self.coordinator.decide(signal):
                if isinstance(command, says.Halt):
                    tables.control[CONTROL_STRIDE * Control.HALT] = 1
                elif isinstance(command, says.Rebuild):
                    tables.agenda.rebuild()
                elif isinstance(command, says.Start):
                    backend.words.forget(command.worker)
                    self.worker(command.worker)
                elif isinstance(command, says.Resume):
                    tables.control[CONTROL_STRIDE * Control.HALT] = 0
                elif isinstance(command, says.GiveUp):
                    self.given_up = tables.called(command.task)

    def coordinate(self) -> None:
        """The coordinator's life: read what is ready, mend what is broken, until all is done."""
        tables = self.tables
        while not tables.over and self.given_up is None:
            read = tables.next_reads()
            if read:
                tables.agenda.complete(read.start, self.chance.randint(1, len(read)))
            for _ in range(self.chance.randint(1, 5)):
                self.step()
                self.mend()
            tables.bring()
            self.under_way.append(len(tables.agenda.going))

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
            self.error = self.error or AssertionError(f"nothing ends: {np.flatnonzero(self.tables.done != 1)} left")
        self.over = True
        for actor in list(self.actors):
            self.actors[actor].release()
            self.turn.acquire()
        if self.error is not None:
            raise self.error
