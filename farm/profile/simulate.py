"""Plays the schedule of a render through for any number of workers: what it would take on a machine with so many CPUs.

A pure function of measured times: of the tasks, and of what the coordinator does by itself. What is played is what a
pool does: tasks are claimed in the order in which they became ready, one that makes another ready goes on with it,
chunk slots are written again when they were read, the coordinator plans a window while the one before runs, sleeps
between its looks, and takes finished chunks out. There are as many CPUs as workers, each of which has its own. The
coordinator works on the CPU of one that sleeps, if any does when it wakes, and stays there: if that one has a task
again, both take turns. (A system moves who waits for a CPU to an idle one, but not where that is idle for moments.)

Each window is played to its end before the next begins. A pool does not wait for that any more, so that what is played
for many workers takes longer than it would.

What workers take from each other by sharing caches and memory is not in it: a task takes as long as it was measured.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from farm.plan.pacing import GLANCE_S, pause_s, read_at_once, slots_for
from farm.plan.schedule import SchedulePlan, schedule
from farm.profile.chains import LongestChain, longest_chain
from farm.profile.trace import Traced
from workers.records import record

SPINNING_S = 3e-5
"""How long a worker looks for a task before it sleeps."""
SLICE_S = 1.4e-3
"""How long one of two that share a CPU has it. Who wakes has it first."""
WAKING_S = 5e-5
"""How long it takes to wake one that sleeps, and by how much a sleep of the coordinator is late;"""
LATE_S = 5e-4
"""by how much more where every CPU is busy: the system lets who runs go on for a while."""


@record(frozen=True, slots=True, eq=False)
class PlayedWindow:
    """A window as it is played. Seconds: of each task, of the coordinator, `read_s` for each chunk."""

    first_chunk: int
    chunks: int
    tasks_s: Sequence[float]
    order: SchedulePlan
    plan_s: float
    tables_s: float
    read_s: float


@record(frozen=True, slots=True)
class Simulated:
    """A render on `workers` CPUs, from its first plan until its last frame was taken, in seconds.

    `alone_s`: with one, which does everything after each other. `efficiency`: alone_s over workers times wall_s.
    `stood_s`: how long workers had nothing to do, together, while the coordinator had: before the first window, between
    windows, and when all slots waited to be read. `chain`: the longest one of tasks.
    """

    workers: int
    wall_s: float
    alone_s: float
    tasks_s: float
    coordinator_s: float
    stood_s: float
    chain: LongestChain

    @property
    def efficiency(self) -> float:
        """What of the CPUs is used."""
        return self.alone_s / (self.workers * self.wall_s)

    @property
    def bounds_s(self) -> dict[str, float]:
        """What no schedule is shorter than: the tasks shared out evenly, the longest chain, the coordinator's own."""
        return {
            "the tasks, shared out evenly": self.tasks_s / self.workers,
            f"the longest chain (most of it `{self.chain.longest_group}`)": self.chain.seconds,
            "the coordinator": self.coordinator_s,
        }

    @property
    def over_bound(self) -> float:
        """How much longer it takes than the greatest of its bounds."""
        return self.wall_s / max(self.bounds_s.values())

    @property
    def limit(self) -> str:
        """What limits it, in a sentence."""
        name, seconds = max(self.bounds_s.items(), key=lambda one: one[1])
        stand = 100 * self.stood_s / (self.workers * self.wall_s)
        return (
            f"{self.workers} workers, {self.wall_s:.3f} s: limited by {name} ({seconds:.3f} s); "
            f"workers stand {stand:.0f} % of their time for the coordinator"
        )


def simulate(traced: Traced, workers: int) -> Simulated:
    """What a traced render would take on so many CPUs, with as many workers."""
    depth, inner_depth = slots_for(traced.plan, traced.windows[0].window, traced.read_buses, workers)
    plan = replace(traced.plan, depth=depth, inner_depth=inner_depth)
    stretches = [
        PlayedWindow(
            first_chunk=one.window.first_chunk,
            chunks=one.window.chunks,
            tasks_s=one.tasks_s.tolist(),
            order=schedule(plan, one.window, traced.read_buses),
            plan_s=one.plan_s,
            tables_s=one.tables_s,
            read_s=one.read_s / one.window.chunks,
        )
        for one in traced.windows
    ]
    play = Play(stretches, workers, depth, read_at_once(depth, plan.chunk_frames))
    play.run()
    return Simulated(
        workers=workers,
        wall_s=play.now,
        alone_s=traced.tasks_s + traced.coordinator_s,
        tasks_s=traced.tasks_s,
        coordinator_s=traced.coordinator_s,
        stood_s=play.stood_s,
        chain=longest_chain(traced.plan, traced.windows),
    )


@record(frozen=True, slots=True)
class Act:
    """What the coordinator does next: works for so long, or sleeps."""

    seconds: float
    sleeps: bool = False


@dataclass(eq=False)
class Play:
    """The state of a render that is played. The coordinator shares a worker's CPU."""

    stretches: Sequence[PlayedWindow]
    workers: int
    depth: int
    at_once: int
    now: float = 0.0
    stood_s: float = 0.0
    running: list[tuple[float, int, int]] = field(default_factory=list)
    """(when it ends, worker, task) of all workers but `home`, the earliest first."""
    home: int = 0
    """The worker on whose CPU the coordinator works,"""
    home_task: int = -1
    """its task, and"""
    home_left_s: float = 0.0
    """how much of it is left."""
    ready: deque[int] = field(default_factory=deque)
    idle: dict[int, float] = field(default_factory=dict)
    """Workers without a task, since when."""
    working_s: float | None = None
    """What is left of what the coordinator is on; None: it sleeps."""
    wakes: float = 0.0
    """Until when."""
    yields: bool = False
    """Whether the worker has the CPU that both want, and"""
    slice_s: float = SLICE_S
    """how long whoever has it keeps it."""

    def run(self) -> None:
        """Plays all windows to their ends."""
        self.idle = dict.fromkeys(range(self.workers), -1.0)
        for act in self.coordinator():
            if not act.sleeps:
                self.working_s = act.seconds
                self.go_on()
                continue
            self.working_s, self.wakes = None, self.now + act.seconds + WAKING_S
            self.go_on()
            if not self.move():
                self.wakes += LATE_S
                self.go_on()
            self.yields, self.slice_s = False, SLICE_S

    def go_on(self) -> None:
        """Plays until it is the coordinator's turn."""
        while self.step():
            pass

    # The coordinator.

    def coordinator(self) -> Iterator[Act]:
        """What it does, one thing after another, as `Rendering.pieces` and `LocalBackend.collect` do."""
        yield Act(self.stretches[0].plan_s)
        for number, stretch in enumerate(self.stretches):
            yield Act(stretch.tables_s)
            self.begin(stretch)
            began = self.now
            if number + 1 < len(self.stretches):
                yield Act(self.stretches[number + 1].plan_s)
            yield from self.collect(stretch, began)

    def collect(self, stretch: PlayedWindow, began: float) -> Iterator[Act]:
        """Takes finished chunks, in order, until all tasks are done."""
        at, reads = 0, stretch.order.tasks
        while at < stretch.chunks:
            most = min(self.depth - (stretch.first_chunk + at) % self.depth, stretch.chunks - at)
            waiting = self.pending[reads + at : reads + at + most]
            many = next((count for count, left in enumerate(waiting) if left), most)
            wanted = min(most, self.at_once)
            if many < wanted:
                missing = sum(left > 0 for left in waiting[:wanted])
                yield Act(pause_s(self.now - began, at, missing), sleeps=True)
                continue
            yield Act(stretch.read_s * many)
            for chunk in range(at, at + many):
                self.ready += self.finish(reads + chunk)
            self.claim()
            at += many
        while self.left:
            yield Act(GLANCE_S, sleeps=True)

    def begin(self, stretch: PlayedWindow) -> None:
        """The tasks of a window may run."""
        order = stretch.order
        self.tasks_s, self.count, self.left = stretch.tasks_s, order.tasks, order.tasks
        none = np.zeros(order.tasks + order.reads, bool)
        pending = order.pending(none)
        self.pending: list[int] = pending.tolist()
        self.successors: list[int] = order.successors.tolist()
        self.firsts: list[int] = order.first_successor.tolist()
        self.ready.extend(order.ready(none, pending).tolist())
        self.claim()

    # Workers.

    def finish(self, task: int) -> list[int]:
        """Counts down who follows a task or read; those that became ready, in order."""
        ready = []
        for follower in self.successors[self.firsts[task] : self.firsts[task + 1]]:
            self.pending[follower] -= 1
            if self.pending[follower] == 0 and follower < self.count:
                ready.append(follower)
        return ready

    def claim(self) -> None:
        """Workers without a task take what is ready."""
        while self.ready and self.idle:
            worker, since = self.idle.popitem()
            self.take(worker, self.ready.popleft(), WAKING_S if self.now - since > SPINNING_S else 0.0)

    def take(self, worker: int, task: int, later_s: float = 0.0) -> None:
        """A worker begins a task."""
        if worker == self.home:
            self.home_task, self.home_left_s = task, self.tasks_s[task] + later_s
        else:
            heapq.heappush(self.running, (self.now + self.tasks_s[task] + later_s, worker, task))

    def done(self, worker: int, task: int) -> None:
        """A worker has done a task: it goes on with the last that became ready by it, else with what is ready."""
        self.left -= 1
        ready = self.finish(task)
        own = ready.pop() if ready else -1
        self.ready += ready
        if own < 0 and self.ready:
            own = self.ready.popleft()
        if own >= 0:
            self.take(worker, own)
        else:
            self.idle[worker] = self.now
        self.claim()

    def move(self) -> bool:
        """The coordinator, which wakes, takes the CPU of a worker that sleeps, if there is one; whether it has."""
        asleep = [worker for worker, since in self.idle.items() if self.now - since > SPINNING_S]
        if asleep and self.home not in asleep:
            if self.home_task >= 0:
                heapq.heappush(self.running, (self.now + self.home_left_s, self.home, self.home_task))
            self.home, self.home_task = asleep[0], -1
        return bool(asleep)

    # Time.

    def step(self) -> bool:
        """Goes on to whatever happens next; False where that is the coordinator's turn."""
        shared = self.working_s is not None and self.home_task >= 0
        works = self.working_s is not None and not (shared and self.yields)
        runs = self.home_task >= 0 and not (shared and not self.yields)
        ends = self.running[0][0] if self.running else np.inf
        home_ends = self.now + self.home_left_s if runs else np.inf
        turn = np.inf if self.working_s is not None else self.wakes
        turn = self.now + self.working_s if self.working_s is not None and works else turn
        gives_way = self.now + self.slice_s if shared else np.inf
        then = max(min(ends, home_ends, turn, gives_way), self.now)
        self.pass_time(then - self.now, works, runs, shared)
        self.now = then
        if turn <= then:
            return False
        if home_ends <= then:
            task, self.home_task = self.home_task, -1
            self.done(self.home, task)
        elif ends <= then:
            _, worker, task = heapq.heappop(self.running)
            self.done(worker, task)
        elif gives_way <= then:
            self.yields, self.slice_s = not self.yields, SLICE_S
        return True

    def pass_time(self, passed_s: float, works: bool, runs: bool, shared: bool) -> None:
        """Some time goes by in which the coordinator works, its neighbour runs, or both want one CPU."""
        if self.working_s is not None:
            self.stood_s += passed_s * len(self.idle)
            self.working_s -= passed_s * works
        self.home_left_s -= passed_s * runs
        self.slice_s -= passed_s * shared
