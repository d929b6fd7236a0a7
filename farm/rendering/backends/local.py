"""The local backend: a pool of pinned worker processes over the arena.

This process plans, takes finished chunks out of their slots, and mends what breaks: a worker that dies is replaced and
its task runs again. All decisions are the coordinator's (`farm.rendering.coordinator`); here are the processes.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from farm.errors import RenderError
from farm.plan.pacing import (
    CROWDED_SPINS,
    GLANCE_S,
    POLLING_S,
    SECOND_SPINS,
    SPINS,
    pause_s,
    read_at_once,
    slots_for,
)
from farm.plan.plan import Area, StaticPlan, WindowPlan
from farm.plan.schedule import Ending, SchedulePlan, ending, schedule
from farm.rendering import coordinator as says
from farm.rendering.backends import Lender
from farm.rendering.backends.agenda import SHEETS, Agenda, Room, room_for, room_of
from farm.rendering.backends.losses import deadly_task, lost_memory, never_began, standing_still
from farm.rendering.backends.over_arena import OverArena, check_unchanged, record_words
from farm.rendering.backends.worker_words import WorkerWords, control_bytes
from farm.rendering.coordinator import Coordinator
from farm.rendering.report import Duty
from workers import cores
from workers.arena import Arena, Key
from workers.pool import Attached, Pool
from workers.slab import Extract
from workers.targets.objects import LOOP_ENTRIES
from workers.wire import Run, Schedule, Task
from workers.worker import RECORD_WORDS, name_process

Ints = NDArray[np.int64]
CPU_CHECK_S = 1.0
LEAVE_S = 5.0
"""How long a worker may take to leave an arena in which nothing is left to do."""


class LocalBackend(OverArena):
    """Runs windows on a pool. `block_by_block`: no chunk is begun before the last was read, as live play needs."""

    name = "local"
    lasting = True
    joins = True
    sheets = SHEETS

    def __init__(self, lender: Lender, workers: int, level: str, block_by_block: bool = False) -> None:
        super().__init__(lender, level)
        self.workers = workers
        self.block_by_block = block_by_block
        self.depth = 1
        self.inner_depth = 1
        self.kernels: tuple[str, ...] = ()
        self.record: Ints = np.zeros(RECORD_WORDS, np.int64)
        self.record_address = int(self.record.ctypes.data)
        self.coordinator = Coordinator(workers)
        self.pool: Pool | None = None
        self.attached = False
        """Whether the workers have the arena."""
        self.parts: tuple[Extract, ...] = ()
        self.schedules: dict[int, SchedulePlan] = {}
        self.ending: Ending | None = None
        """Of the window that was planned last."""
        self.room = Room()
        """What the arena holds of a window's tasks and edges."""
        self.agenda: Agenda | None = None
        self.crowded = False
        """Whether workers have all CPUs, so that this process keeps one of them from its tasks."""
        self.words = WorkerWords(workers)
        self.held = True
        """Whether workers stay parked until `start`, whatever the coordinator says."""
        self.between = False
        """Whether a window is being written: its tables are not whole."""
        self.watched = self.checked = time.monotonic()
        self.began_s = 0.0
        """CPU time that the pool had used when the rendering began."""
        self.started = 0.0
        self.read = 0
        """Chunks since then."""
        self.looks = 0
        """At the workers, and what they have done, in this rendering."""
        self.went_s = 0.0
        """While windows were under way."""
        self.stood_s = 0.0
        """What workers waited in arenas that are gone."""

    def load(self, kernels: tuple[str, ...]) -> None:
        """Loads the kernels and the loop; forks the pool with them, or has it load what it lacks."""
        spent = self.preparation.spent
        code = self.code = self.lender.code(self.level, (*kernels, *LOOP_ENTRIES), spent)
        self.kernels = kernels
        entry = ctypes.CFUNCTYPE(None, ctypes.c_int64)
        self.entries = {name: entry(code.addresses[name]) for name in ("complete", "join")}
        self.ending, self.went_s, self.stood_s, self.looks = None, 0.0, 0.0, 0
        self.coordinator.replaced = 0
        started = time.perf_counter()
        before = self.pool
        with spent.on(Duty.STARTING):
            pool = self.start_workers()
        self.began_s = pool.cpu_s() if pool is before else 0.0
        forking_s = time.perf_counter() - started
        spent.arena_s += forking_s
        spent.compile_s -= forking_s

    def start_workers(self) -> Pool:
        """Forks the pool, if there is none yet."""
        if self.pool is None:
            name_process("farm")
            self.pool = Pool(self.workers, self.level, self.code)
            self.crowded = set(self.pool.cpus) >= set(cores.allowed_cpus())
        return self.pool

    def choose_depths(self, window: WindowPlan) -> None:
        """As many chunk slots as keep all workers busy."""
        if not self.block_by_block:
            self.depth, self.inner_depth = slots_for(self.plan, window, self.read_buses, self.workers)

    def order(self, plan: StaticPlan, window: WindowPlan) -> None:
        """The schedule of a window, which may begin while the one planned before it runs."""
        made = self.schedules[id(window)] = schedule(plan, window, self.read_buses, self.ending)
        self.ending = ending(plan, window)
        needed = room_for(made)
        self.room = self.room.grown(needed if self.planned else needed.for_others(self.preparation.space_for(window)))

    @property
    def replaced(self) -> int:
        """Workers that died and were replaced."""
        return self.coordinator.replaced

    # Tables.

    def regions(self, window: WindowPlan) -> dict[Key, int]:
        """Control words, edges, counts, done bits, the ring, a scratch for each worker."""
        return {(Area.CONTROL, 0): control_bytes(self.workers), **self.room.sizes}

    def attach(self, arena: Arena, parts: Sequence[Extract]) -> None:
        """Gives the pool this arena and the samples in these files; workers wait, halted, for the first window."""
        self.attached = True
        self.words = WorkerWords(self.workers, arena.region((Area.CONTROL, 0), np.int64))
        self.words.begin()
        words = record_words(arena)
        self.room = room_of(arena.layout)
        names = {
            Schedule.CONTROL: Area.CONTROL,
            Schedule.SUCCESSORS: Area.SUCCESSORS,
            Schedule.FIRST_SUCCESSOR: Area.FIRST_SUCCESSORS,
            Schedule.PENDING: Area.PENDING,
            Schedule.DONE: Area.DONE,
            Schedule.RING: Area.READY,
        }
        words.update({int(word): (arena.layout.offset((name, 0)), True) for word, name in names.items()})
        words[int(Schedule.RING_MASK)] = (self.room.places - 1, False)
        words[int(Schedule.PORTABLE)] = (int(cores.portable()), False)
        for index, (value, relative) in words.items():
            self.record[index] = value + (arena.address if relative else 0)
        regions = {area: arena.region((area, 0), np.int64) for area in names.values()}
        self.agenda = Agenda(regions, self.room, self.record, self.call)
        pool = self.start_workers()
        own = [
            {
                **words,
                int(Run.SCRATCH): (arena.layout.offset((Area.SCRATCH, number)), True),
                int(Schedule.SPINS): (self.spins(number), False),
            }
            for number in range(self.workers)
        ]
        self.parts = tuple(parts)
        rings = tuple((ring.path, ring.offset) for ring in self.rings)
        pool.attach(Attached(arena.path, arena.size, tuple(own), self.kernels, self.parts, rings))

    def spins(self, worker: int) -> int:
        """How often a worker looks for a task before it sleeps."""
        if not self.crowded:
            return SPINS
        if not self.block_by_block:
            return CROWDED_SPINS
        return SECOND_SPINS if worker else SPINS

    def hold(self) -> None:
        """Parks all workers."""
        self.between = True
        if self.attached:
            self.held = True
            self.words.halt()
            while not self.all_parked():
                self.watch(GLANCE_S)

    def detach(self) -> None:
        """Has all workers leave the arena."""
        if not self.attached or self.pool is None:
            return
        self.words.stop()
        while not self.pool.stopped(GLANCE_S):
            self.look()
        self.let_go()

    def let_go(self) -> None:
        """Looks at nothing in the arena any more."""
        self.stood_s += self.words.waited_s()
        self.attached = False
        self.agenda = None
        self.words = WorkerWords(self.workers)

    # Windows.

    def call(self, entry: str) -> None:
        """Runs an entry of the loop in this process."""
        self.entries[entry](self.record_address)

    def is_free(self) -> bool:
        """Whether nothing is under way."""
        return self.agenda is None or not self.agenda.going

    def can_join(self, window: WindowPlan) -> bool:
        """Whether a window can begin while the last one runs: the one before that is over, and there is room."""
        made, arena, agenda = self.foreseen[id(window)], self.arena, self.agenda
        if arena is None or agenda is None or len(agenda.going) != 1 or self.held:
            return False
        return arena.layout.fits(made.sizes) and len(self.preparation.sounds.parts) == self.mapped

    def first_task(self, sheet: int) -> int:
        """Where the tasks of a sheet begin."""
        return sheet * self.room.nodes

    def start(self, window: WindowPlan, sheet: int, more: bool) -> None:
        """Has a window join what is under way, or lets the workers go where nothing is."""
        agenda = self.agenda
        assert agenda is not None
        made = self.schedules.pop(id(window))
        first = sheet * agenda.room.nodes
        self.coordinator.new_window(range(first, first + made.tasks))
        if agenda.going:
            agenda.bring(window, made, sheet, more)
            return
        agenda.clear()
        agenda.bring(window, made, sheet, more)
        self.started, self.read = time.perf_counter(), 0
        self.held = self.between = False
        self.words.resume()

    # Collecting.

    def collect(self, window: WindowPlan) -> Iterator[tuple[int, int]]:
        """Waits for chunks; after each step the slots just read are given back."""
        agenda = self.agenda
        assert agenda is not None
        going = next(one for one in agenda.going if one.window is window)
        at_once = read_at_once(self.depth, self.plan.chunk_frames)
        at = 0
        while at < window.chunks:
            # Never all slots at once: while some are read the others are filled.
            left = min(self.depth - (window.first_chunk + at) % self.depth, window.chunks - at)
            most = min(left, max(self.depth // 2, 1))
            wanted = min(most, at_once)
            many = agenda.ready_reads(going.read(at), most)
            if many < wanted:
                with self.preparation.spent.on(Duty.WAITING):
                    since_s = time.perf_counter()
                    while many < wanted:
                        self.wait(self.pause_s(agenda.missing_reads(going.read(at), wanted)), since_s)
                        many = agenda.ready_reads(going.read(at), most)
            self.make_way()
            yield at, many
            agenda.complete(going.read(at), many)
            at += many
            self.read += many
            # The next window must be there before workers are at the end of this one, whether or not there is time.
            while self.preparation.meanwhile() and 2 * at >= window.chunks:
                self.watch(0.0)
        # Where only a later part is wanted, nobody reads what leads up to it.
        with self.preparation.spent.on(Duty.WAITING):
            since_s = time.perf_counter()
            while not agenda.done_of(going).all():
                self.wait(GLANCE_S, since_s)
        check_unchanged(self.parts)
        agenda.finished(going)
        if not agenda.going:
            self.went_s += time.perf_counter() - self.started

    def pause_s(self, missing: int) -> float:
        """How long to sleep before the next look, when so many chunks are `missing`."""
        return 0.0 if self.block_by_block else pause_s(time.perf_counter() - self.started, self.read, missing)

    # Watching.

    def make_way(self) -> bool:
        """Goes to the CPU of a worker without a task, if there is one, where this process keeps one from its task.

        The system would not, since a worker that waits for its own CPU cannot be moved. Whether there is a CPU that no
        worker wants now.
        """
        if not self.crowded or self.block_by_block:
            return True
        assert self.pool is not None
        claims = zip(self.pool.cpus, self.words.claims(), strict=True)
        idle = [cpu for cpu, claim in claims if claim < 0 and cpu is not None]
        if idle and len(idle) < self.workers and cores.current_cpu() not in idle:
            cores.move_to(idle[0])
        return bool(idle)

    def wait(self, pause_s: float, since_s: float) -> None:
        """Watches the workers, after something else that is to be done, or after a pause.

        `since_s`: since when it has been waited, by `time.perf_counter`.
        """
        polls = pause_s <= GLANCE_S and time.perf_counter() - since_s < POLLING_S
        at_once = self.preparation.meanwhile() or (polls and self.make_way())
        self.watch(0.0 if at_once else pause_s)

    def watch(self, pause_s: float) -> None:
        """Sleeps a moment; tells the coordinator what is to be seen, obeys its commands."""
        assert self.pool is not None
        self.looks += 1
        if pause_s:
            time.sleep(pause_s)
        now = time.monotonic()
        if now - self.watched < GLANCE_S:
            return
        self.watched = now
        for worker in self.pool.ended():
            self.obey(self.coordinator.decide(says.Died(worker.number, self.claim(worker.number))))
        if self.coordinator.halted:
            self.obey(self.coordinator.decide(says.Parked(self.words.parked())))
        self.look()

    def look(self) -> None:
        """Now and then: tells the coordinator what every worker is doing."""
        assert self.pool is not None
        now = time.monotonic()
        if now - self.checked < CPU_CHECK_S:
            return
        self.checked = now
        halted = self.words.halted
        parked = self.words.parked() if halted else frozenset()
        for worker in self.pool.workers:
            number = worker.number
            awaited = halted and number not in parked
            if self.words.stopped:
                awaited = number in self.pool.owing
            cpu_s, stopped = cores.cpu_seconds(worker.pid), cores.is_stopped(worker.pid)
            self.obey(self.coordinator.decide(says.Activity(number, self.claim(number), cpu_s, awaited, stopped)))

    def claim(self, worker: int) -> int:
        """The task a worker has claimed and not finished, or -1."""
        task = self.words.claim(worker)
        return task if task >= 0 and self.agenda is not None and not self.agenda.is_done(task) else -1

    def stood(self) -> tuple[float, float]:
        """Seconds that workers waited for this process while windows were under way, of all seconds that they had."""
        going_s = 0.0 if self.is_free() else time.perf_counter() - self.started
        return self.stood_s + self.words.waited_s(), (self.went_s + going_s) * self.workers

    def tasks_done(self) -> tuple[int, ...]:
        """Tasks that each worker has done in this arena."""
        return self.words.tasks_done() if self.attached else ()

    def all_parked(self) -> bool:
        """Whether every worker is parked and none is being replaced."""
        return len(self.words.parked()) == self.workers and not self.coordinator.halted

    def obey(self, commands: list[says.Command]) -> None:
        """Carries out what the coordinator decided. Raises RenderError when it gives up."""
        assert self.pool is not None
        for command in commands:
            if isinstance(command, says.Halt):
                self.words.halt()
            elif isinstance(command, says.Rebuild):
                if self.agenda is not None:
                    self.agenda.rebuild()
            elif isinstance(command, says.Start):
                self.words.forget(command.worker)
                self.pool.replace(command.worker)
            elif isinstance(command, says.Resume):
                if not self.held:
                    self.words.resume()
            elif isinstance(command, says.Kill):
                os.kill(self.pool.workers[command.worker].pid, signal.SIGKILL)
            elif isinstance(command, says.Tell):
                pid, still_s = self.pool.workers[command.worker].pid, says.STILL_LOOKS * CPU_CHECK_S
                told = standing_still(command.worker, pid, still_s, command.stopped)
                self.notices = (*self.notices, told)
                self.preparation.spent.tell(told)
            else:
                raise self.fatal(command.task)

    def fatal(self, task: int) -> RenderError:
        """The error for a task that killed two workers, or (-1) for workers that die before they do anything."""
        assert self.agenda is not None and self.pool is not None
        for number in self.coordinator.dead:
            self.pool.workers[number].process.join(1.0)
        codes = [worker.process.exitcode for worker in self.pool.workers if worker.process.exitcode is not None]
        lost = lost_memory(codes, self.parts, "" if self.arena is None else self.arena.path)
        if lost is not None:
            return lost
        if task < 0:
            return never_began(codes)
        window, row = self.agenda.row_of(task)
        return deadly_task(codes, self.plan.groups[int(row[Task.GROUP])], window, row)

    def pids(self) -> tuple[int, ...]:
        """The process ids of the pool's workers."""
        return () if self.pool is None else tuple(worker.pid for worker in self.pool.workers)

    def leave(self) -> None:
        """Ends a rendering; the pool stays for the next one, unless it was left in disorder."""
        if self.pool is not None:
            self.shares(self.pool.cpu_s() - self.began_s, waits=True)
        if self.coordinator.halted or self.between:
            self.close()
            return
        if not self.is_free():
            # What is still under way is not wanted: no more than the tasks at hand are done.
            self.words.halt()
        self.schedules.clear()
        if self.pool is not None and self.attached:
            self.words.stop()
            if not self.pool.stopped(LEAVE_S):
                # All is rendered: nobody needs to wait for a worker that stands still.
                self.close()
                return
        self.detach()
        self.return_arena()

    def close(self) -> None:
        """Ends the pool."""
        if self.pool is not None:
            if self.attached:
                self.words.stop()
                self.pool.stopped(1.0)
            self.pool.close()
            self.pool = None
        self.coordinator = Coordinator(self.workers)
        self.schedules.clear()
        self.between = False
        self.let_go()
        self.return_arena()
