"""The coordinator's decisions, without processes or clocks: signals in, commands out.

It watches the workers of a window. A death halts the others at their next task boundary; when all of them are parked
the tables are derived anew from the done bits, a new worker starts, and all go on. A task that kills two workers ends
the render; a worker that spends too much of its own CPU time on one task counts as hung and is killed; one that is
waited for and uses no CPU time at all is told of, and waited for.
"""

from __future__ import annotations

from dataclasses import field
from typing import TypeAlias

from workers.records import record

HUNG_CPU_S = 30.0
DEATHS_ALLOWED = 1
IDLE_DEATHS_ALLOWED = 8
"""Deaths in a row, in one worker's place, of workers that were never seen at work."""
STILL_LOOKS = 5
"""Looks in a row at which a worker that is waited for has not moved: then that is said."""


@record(frozen=True, slots=True)
class Died:
    """A worker ended. `task` is the one it had claimed and not finished, or -1."""

    worker: int
    task: int


@record(frozen=True, slots=True)
class Parked:
    """These workers stand at a task boundary."""

    workers: frozenset[int]


@record(frozen=True, slots=True)
class Activity:
    """What a worker is doing: its claimed task (or -1) and its CPU time so far.

    `awaited`: whether all wait for it although it has no task; `stopped`: whether a signal holds it.
    """

    worker: int
    task: int
    cpu_s: float
    awaited: bool = False
    stopped: bool = False


Signal: TypeAlias = Died | Parked | Activity


@record(frozen=True, slots=True)
class Halt:
    """Have every worker park."""


@record(frozen=True, slots=True)
class Rebuild:
    """Derive counts and ring from the done bits."""


@record(frozen=True, slots=True)
class Start:
    """Start a new worker in this place."""

    worker: int


@record(frozen=True, slots=True)
class Resume:
    """Let all go on."""


@record(frozen=True, slots=True)
class Kill:
    """End a worker that hangs."""

    worker: int


@record(frozen=True, slots=True)
class Tell:
    """Say that a worker stands still; `stopped`: because a signal holds it."""

    worker: int
    stopped: bool


@record(frozen=True, slots=True)
class GiveUp:
    """End the render: this task has killed two workers; or, where it is -1, workers die before they do anything."""

    task: int


Command: TypeAlias = Halt | Rebuild | Start | Resume | Kill | Tell | GiveUp


@record(eq=False)
class Coordinator:
    """The state of the pool as far as decisions need it."""

    workers: int
    hung_cpu_s: float = HUNG_CPU_S
    dead: set[int] = field(default_factory=set)
    deaths: dict[int, int] = field(default_factory=dict)
    halted: bool = False
    replaced: int = 0
    since: dict[int, tuple[int, float]] = field(default_factory=dict)
    """Worker -> (task, CPU time when it was first seen with it)."""
    idle_deaths: dict[int, int] = field(default_factory=dict)
    condemned: set[int] = field(default_factory=set)
    still: dict[int, tuple[float, int]] = field(default_factory=dict)
    """Worker that is waited for -> (CPU time, at how many looks in a row it was that)."""

    def new_window(self, tasks: range) -> None:
        """These numbers mean other tasks from now on."""
        self.idle_deaths.clear()
        self.deaths = {task: count for task, count in self.deaths.items() if task not in tasks}
        self.since = {worker: seen for worker, seen in self.since.items() if seen[0] not in tasks}

    def decide(self, signal: Signal) -> list[Command]:
        """What to do about a signal."""
        if isinstance(signal, Died):
            return self.on_death(signal)
        if isinstance(signal, Parked):
            return self.on_parked(signal)
        return self.on_seen(signal)

    def on_death(self, signal: Died) -> list[Command]:
        if signal.worker in self.dead:
            return []
        self.dead.add(signal.worker)
        self.since.pop(signal.worker, None)
        self.still.pop(signal.worker, None)
        self.condemned.discard(signal.worker)
        if signal.task >= 0:
            self.deaths[signal.task] = self.deaths.get(signal.task, 0) + 1
            if self.deaths[signal.task] > DEATHS_ALLOWED:
                return [GiveUp(signal.task)]
            self.idle_deaths.pop(signal.worker, None)
        else:
            self.idle_deaths[signal.worker] = self.idle_deaths.get(signal.worker, 0) + 1
            if self.idle_deaths[signal.worker] > IDLE_DEATHS_ALLOWED:
                return [GiveUp(-1)]
        if self.halted:
            return []
        self.halted = True
        return [Halt()]

    def on_parked(self, signal: Parked) -> list[Command]:
        for worker in signal.workers - self.dead:
            self.idle_deaths.pop(worker, None)
        if not self.halted or not set(range(self.workers)) - self.dead <= signal.workers:
            return []
        starts: list[Command] = [Start(worker) for worker in sorted(self.dead)]
        self.replaced += len(starts)
        self.dead.clear()
        self.halted = False
        return [Rebuild(), *starts, Resume()]

    def on_seen(self, signal: Activity) -> list[Command]:
        if signal.worker in self.dead or signal.worker in self.condemned:
            return []
        if signal.task >= 0:
            self.idle_deaths.pop(signal.worker, None)
        return [*self.on_time(signal), *self.on_rest(signal)]

    def on_time(self, signal: Activity) -> list[Command]:
        """Whether it has spent too much time on its task."""
        task, since = self.since.get(signal.worker, (-1, 0.0))
        if signal.task < 0 or signal.task != task:
            self.since[signal.worker] = (signal.task, signal.cpu_s)
            return []
        if signal.cpu_s - since < self.hung_cpu_s:
            return []
        self.condemned.add(signal.worker)
        return [Kill(signal.worker)]

    def on_rest(self, signal: Activity) -> list[Command]:
        """Whether it has stood still for long."""
        cpu_s, looks = self.still.get(signal.worker, (-1.0, 0))
        if signal.task < 0 and not signal.awaited and not signal.stopped:
            self.still.pop(signal.worker, None)
            return []
        self.still[signal.worker] = (signal.cpu_s, looks + 1 if signal.cpu_s == cpu_s else 0)
        if self.still[signal.worker][1] != STILL_LOOKS:
            return []
        return [Tell(signal.worker, signal.stopped)]
