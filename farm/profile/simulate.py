"""Plays the schedule of a render through for any number of workers: what it would take on a machine with so many CPUs.

A pure function of measured times: of the tasks, and of what the coordinator does by itself. What is played is what a
pool does: tasks are claimed in the order in which they became ready, one that makes another ready goes on with it,
chunk slots are written again when they were read. A window begins as soon as it is planned, beside the one before,
where that is the only one under way; its tasks wait for those of the other one that they follow. The coordinator plans
the next window step by step while it waits for finished chunks and after it took some, sleeps between its looks where
nothing is left to plan, and takes finished chunks out.

There are as many CPUs as workers, each of which has its own. The coordinator works on the CPU of one that sleeps, if
any does when it wakes, and stays there: if that one has a task again, both take turns, until another CPU has been idle
for more than moments: the system moves there who waits for his turn. Before it takes chunks out it goes to the CPU of a
worker without a task by itself. Who wakes has the CPU first, unless it had more of it than the other one until then.

What workers take from each other by sharing caches and memory is not in it: a task takes as long as it was measured.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from farm.plan.pacing import CROWDED_SPINS, GLANCE_S, POLLING_S, pause_s, read_at_once, slots_for
from farm.plan.plan import StaticPlan
from farm.plan.schedule import Ending, SchedulePlan, ending, schedule
from farm.profile.chains import LongestChain, longest_chain
from farm.profile.trace import Traced
from workers.records import record

Ints = NDArray[np.int64]

SPINNING_S = 1.5e-8 * CROWDED_SPINS
"""How long a worker looks for a task before it sleeps."""
SLICE_S = 1.4e-3
"""How long one of two that share a CPU has it. Who has had it longer gives way at once to one that wakes."""
WAKING_S = 2.5e-5
"""How long it takes to wake a worker, and"""
LATE_S = 6e-5
"""by how much a sleep of the coordinator is late."""
LEAST_LOOK_S = 1e-6
"""How long a look takes, at least."""
MOMENTS_S = 5e-4
"""How long a CPU is idle before it is given who waits for another one."""
UNDER_WAY = 2
"""Windows that may be."""


@record(frozen=True, slots=True, eq=False)
class PlayedWindow:
    """A window as it is played. Seconds: of each task, of the coordinator, `read_s` for each chunk.

    `order` knows whom its tasks follow in the window before. `joins`: whether it may run beside that one.
    """

    first_chunk: int
    chunks: int
    tasks_s: Sequence[float]
    order: SchedulePlan
    steps_s: Sequence[float]
    begin_s: float
    read_s: float
    joins: bool = True


@record(frozen=True, slots=True)
class Simulated:
    """A render on `workers` CPUs, from its first plan until its last frame was taken, in seconds.

    `alone_s`: with one, which does everything after each other. `efficiency`: alone_s over workers times wall_s.
    `stood_s`: how long workers that had done a task had none, together, while there were frames for the coordinator to
    take, or a window for it to bring. `chain`: the longest one of tasks.
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
            "the coordinator, which plans, hashes and writes alone": self.coordinator_s,
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
            f"{self.workers} workers, {self.wall_s:.3f} s: {self.over_bound:.2f} times what limits it, {name}"
            f" ({seconds:.3f} s); workers stand {stand:.0f} % of their time for the coordinator"
        )


def simulate(traced: Traced, workers: int) -> Simulated:
    """What a traced render would take on so many CPUs, with as many workers."""
    depth, inner_depth = slots_for(traced.plan, traced.windows[0].window, traced.read_buses, workers)
    plan = replace(traced.plan, depth=depth, inner_depth=inner_depth)
    stretches = list(played_windows(traced, plan))
    play = Play(stretches, workers, depth, read_at_once(depth, plan.chunk_frames), traced.look_s)
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


def played_windows(traced: Traced, plan: StaticPlan) -> Iterator[PlayedWindow]:
    """The windows of a render, with the slots that a plan has."""
    before: Ending | None = None
    for one in traced.windows:
        yield PlayedWindow(
            first_chunk=one.window.first_chunk,
            chunks=one.window.chunks,
            tasks_s=one.tasks_s.tolist(),
            order=schedule(plan, one.window, traced.read_buses, before),
            steps_s=one.steps_s,
            begin_s=one.begin_s,
            read_s=one.read_s / one.window.chunks,
            joins=one.joins,
        )
        before = ending(plan, one.window)


@record(frozen=True, slots=True)
class Act:
    """What the coordinator does next: works for so long, or sleeps."""

    seconds: float
    sleeps: bool = False


READ = -1.0
"""Stands for the seconds of a read, which no worker does."""


class Nodes:
    """All tasks and reads of a render, numbered window by window, the reads of each behind its tasks."""

    def __init__(self, windows: Sequence[PlayedWindow]) -> None:
        sizes = [one.order.tasks + one.order.reads for one in windows]
        bases = [sum(sizes[:number]) for number in range(len(sizes))]
        self.windows = [range(base, base + size) for base, size in zip(bases, sizes, strict=True)]
        self.reads = [base + one.order.tasks for base, one in zip(bases, windows, strict=True)]
        """The first of each window."""
        self.seconds = [took for one in windows for took in [*one.tasks_s, *[READ] * one.order.reads]]
        befores, afters = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for number, (one, base) in enumerate(zip(windows, bases, strict=True)):
            befores.append(one.order.before + base)
            afters.append(one.order.after + base)
            if number:
                befores.append(one.order.late_before + bases[number - 1])
                afters.append(one.order.late_after + base)
        before, after = np.concatenate(befores), np.concatenate(afters)
        order = np.argsort(before, kind="stable")
        self.followers: list[int] = after[order].tolist()
        self.firsts: list[int] = np.searchsorted(before[order], np.arange(len(self.seconds) + 1)).tolist()
        self.waits_for: list[int] = np.bincount(after, minlength=len(self.seconds)).tolist()
        """How many each of them follows."""

    def of(self, node: int) -> list[int]:
        """Who follows a task or read."""
        return self.followers[self.firsts[node] : self.firsts[node + 1]]


@dataclass(eq=False)
class Play:
    """The state of a render that is played. The coordinator shares a worker's CPU."""

    stretches: Sequence[PlayedWindow]
    workers: int
    depth: int
    at_once: int
    look_s: float = 0.0
    now: float = 0.0
    stood_s: float = 0.0
    begun: int = 0
    """Windows whose tasks may run, from the first on, and"""
    over: int = 0
    """those of them that are over."""
    planned: int = 0
    """Steps that are done of planning the window that begins next;"""
    waits: bool = False
    """whether all are, and it waits for those under way."""
    unread: int = 0
    """Reads that could be done."""
    started: float = 0.0
    """When windows began after none was under way, and"""
    read: int = 0
    """chunks since then."""
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
    """Workers without a task, since when, the longest first."""
    standing: set[int] = field(default_factory=set)
    """Those of them that wait for the coordinator."""
    working_s: float | None = None
    """What is left of what the coordinator is on; None: it sleeps."""
    wakes: float = 0.0
    """Until when."""
    yields: bool = False
    """Whether the worker has the CPU that both want, and"""
    slice_s: float = SLICE_S
    """how long whoever has it keeps it."""
    debt_s: float = 0.0
    """How much more of that CPU the coordinator had than the worker."""

    def __post_init__(self) -> None:
        self.nodes = Nodes(self.stretches)
        self.pending = [*self.nodes.waits_for]
        self.left = [one.order.tasks for one in self.stretches]
        """Tasks that are not done, of each window."""
        self.window_of = [number for number, nodes in enumerate(self.nodes.windows) for _ in nodes]
        self.idle = dict.fromkeys(range(self.workers), -1.0)

    def run(self) -> None:
        """Plays all windows to their ends."""
        for act in self.coordinator():
            if not act.sleeps:
                self.working_s = act.seconds
                self.go_on()
                continue
            self.working_s, self.wakes = None, self.now + act.seconds + LATE_S
            self.go_on()
            self.wake_up()

    def go_on(self) -> None:
        """Plays until it is the coordinator's turn."""
        while self.step():
            pass

    # The coordinator.

    def coordinator(self) -> Iterator[Act]:
        """What it does, one thing after another, as `Rendering.pieces` and `LocalBackend.collect` do."""
        for number in range(len(self.stretches)):
            while self.begun == number and (step := self.ahead()) is not None:
                yield from step
            yield from self.collect(number)
            self.over += 1
            if self.waits:
                yield from self.begin()

    def ahead(self) -> Iterator[Act] | None:
        """The next step of planning the window that begins next; with the last one it begins. None: nothing to do."""
        if self.begun == len(self.stretches) or self.waits or self.begun - self.over == UNDER_WAY:
            return None
        return self.plan()

    def plan(self) -> Iterator[Act]:
        """One step."""
        stretch = self.stretches[self.begun]
        if self.planned < len(stretch.steps_s):
            self.planned += 1
            yield Act(stretch.steps_s[self.planned - 1])
        if self.planned == len(stretch.steps_s):
            self.waits = not stretch.joins and self.begun > self.over
            if not self.waits:
                yield from self.begin()

    def begin(self) -> Iterator[Act]:
        """The tasks of a window may run."""
        number, self.planned, self.waits = self.begun, 0, False
        yield Act(self.stretches[number].begin_s)
        self.begun += 1
        if self.begun - self.over == 1:
            self.started, self.read = self.now, 0
        nodes, reads = self.nodes.windows[number], self.nodes.reads[number]
        self.ready.extend(node for node in range(nodes.start, reads) if self.pending[node] == 0)
        self.unread += sum(self.pending[node] == 0 for node in range(reads, nodes.stop))
        self.claim()

    def collect(self, number: int) -> Iterator[Act]:
        """Takes finished chunks of a window, in order, until all tasks are done."""
        stretch, reads, at = self.stretches[number], self.nodes.reads[number], 0
        since_s: float | None = None
        while at < stretch.chunks:
            left = min(self.depth - (stretch.first_chunk + at) % self.depth, stretch.chunks - at)
            most = min(left, max(self.depth // 2, 1))
            waiting = self.pending[reads + at : reads + at + most]
            many = next((count for count, left in enumerate(waiting) if left), most)
            wanted = min(most, self.at_once)
            if many < wanted:
                missing = sum(left > 0 for left in waiting[:wanted])
                since_s = self.now if since_s is None else since_s
                yield from self.wait(pause_s(self.now - self.started, self.read, missing), since_s)
                continue
            since_s = None
            self.make_way()
            yield Act(stretch.read_s * many)
            for chunk in range(at, at + many):
                self.unread -= 1
                self.ready += self.finish(reads + chunk)
            self.claim()
            at += many
            self.read += many
            while (step := self.ahead()) is not None:
                yield from step
                if 2 * at < stretch.chunks:
                    break
                yield Act(self.look_s)
        since_s = self.now
        while self.left[number]:
            yield from self.wait(GLANCE_S, since_s)

    def wait(self, pause: float, since_s: float) -> Iterator[Act]:
        """Does a step of planning, else sleeps, and looks; or looks only, for a short time on a CPU of its own."""
        step = self.ahead()
        if step is not None:
            yield from step
        elif pause > GLANCE_S or self.now - since_s >= POLLING_S or not self.make_way():
            yield Act(pause, sleeps=True)
        yield Act(max(self.look_s, LEAST_LOOK_S))

    # Workers.

    def finish(self, node: int) -> list[int]:
        """Counts down who follows a task or read; those that became ready, in order."""
        ready, seconds = [], self.nodes.seconds
        for follower in self.nodes.of(node):
            self.pending[follower] -= 1
            # What belongs to a window that has not begun is found when it begins.
            if self.pending[follower] == 0 and self.window_of[follower] < self.begun:
                if seconds[follower] == READ:
                    self.unread += 1
                else:
                    ready.append(follower)
        return ready

    def claim(self) -> None:
        """Workers without a task take what is ready: one that still looks, else the one that sleeps longest."""
        while self.ready and self.idle:
            worker, since = next(reversed(self.idle.items()))
            asleep = self.now - since > SPINNING_S
            if asleep:
                worker = next(iter(self.idle))
            del self.idle[worker]
            self.standing.discard(worker)
            self.take(worker, self.ready.popleft(), WAKING_S if asleep else 0.0)

    def take(self, worker: int, task: int, later_s: float = 0.0) -> None:
        """A worker begins a task."""
        if worker == self.home:
            self.home_task, self.home_left_s = task, self.nodes.seconds[task] + later_s
        else:
            heapq.heappush(self.running, (self.now + self.nodes.seconds[task] + later_s, worker, task))

    def done(self, worker: int, task: int) -> None:
        """A worker has done a task: it goes on with the last that became ready by it, else with what is ready."""
        self.left[self.window_of[task]] -= 1
        ready = self.finish(task)
        own = ready.pop() if ready else -1
        self.ready += ready
        if own < 0 and self.ready:
            own = self.ready.popleft()
        if own >= 0:
            self.take(worker, own)
        else:
            self.idle[worker] = self.now
            coming = self.begun - self.over < UNDER_WAY and self.begun < len(self.stretches)
            if self.unread or coming:
                self.standing.add(worker)
        self.claim()

    def wake_up(self) -> None:
        """The coordinator takes the CPU of a worker that sleeps, if there is one."""
        self.move(SPINNING_S)
        self.take_turns()

    def make_way(self) -> bool:
        """The coordinator goes to the CPU of a worker without a task, if there is one."""
        home = self.home
        self.move(0.0)
        if self.home != home:
            self.take_turns()
        return bool(self.idle)

    def take_turns(self) -> None:
        """The coordinator begins, unless it had more of this CPU than the worker."""
        self.yields = self.home_task >= 0 and self.debt_s > 0
        self.slice_s = min(self.debt_s, SLICE_S) if self.yields else SLICE_S

    def move(self, idle_s: float) -> None:
        """The coordinator goes to the CPU of a worker that had nothing to do for so long, if its own one has."""
        worker = next((worker for worker, since in self.idle.items() if self.now - since >= idle_s), self.home)
        if worker != self.home and self.home not in self.idle:
            if self.home_task >= 0:
                heapq.heappush(self.running, (self.now + self.home_left_s, self.home, self.home_task))
            self.home, self.home_task, self.debt_s = worker, -1, 0.0

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
            if self.yields:
                self.move(MOMENTS_S)
        return True

    def pass_time(self, passed_s: float, works: bool, runs: bool, shared: bool) -> None:
        """Some time goes by in which the coordinator works, its neighbour runs, or both want one CPU."""
        self.stood_s += passed_s * len(self.standing)
        if self.working_s is not None:
            self.working_s -= passed_s * works
        if runs:
            self.home_left_s -= passed_s
            self.debt_s = max(self.debt_s - passed_s, 0.0)
        elif shared:
            self.debt_s += passed_s
        self.slice_s = max(self.slice_s - passed_s, 0.0)
        self.yields = self.yields and shared
