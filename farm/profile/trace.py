"""A trace: the plans of a render, how long each of its tasks took, and what its coordinator did between them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median_low
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.errors import RenderError
from farm.plan.plan import StaticPlan, WindowPlan
from farm.rendering.rendering import Rendering
from farm.rendering.report import Duty
from workers.records import record
from workers.stats import StatsReader, StatsRing, key_word
from workers.wire import RING_RECORDS, RingHead, Task

Seconds = NDArray[np.float64]

PLANNING = (Duty.PLANNING, Duty.READING)
"""What the coordinator does for a window before it may run,"""
TAKING = (Duty.OUTPUT, Duty.HASHING, Duty.WRITING)
"""and with its frames."""


@record(frozen=True, slots=True, eq=False)
class TracedWindow:
    """A window as it was run.

    `tasks_s` (tasks): how long each task took, in the order of the plan. Of the coordinator, in CPU seconds: `steps_s`,
    of each step of planning (of the first window they are part of `begin_s`); `begin_s`, to put the tables where
    workers find them and to let them begin, all seconds of that where no window is under way and workers have to get
    ready; `read_s`, to take all frames and do with them whatever is done. `joins`: whether it may run beside the window
    before it.
    """

    window: WindowPlan
    tasks_s: Seconds
    steps_s: tuple[float, ...]
    begin_s: float
    read_s: float
    joins: bool

    @property
    def coordinator_s(self) -> float:
        """Seconds of the coordinator."""
        return sum(self.steps_s) + self.begin_s + self.read_s


@record(frozen=True, slots=True, eq=False)
class Traced:
    """A render as it was run. `wall_s`: from its first plan until its last frame was taken.

    `look_s`: CPU seconds of the coordinator for each look at what workers have done.
    """

    plan: StaticPlan
    read_buses: frozenset[int]
    windows: tuple[TracedWindow, ...]
    wall_s: float
    look_s: float

    @property
    def tasks_s(self) -> float:
        """Seconds of all tasks."""
        return float(sum(one.tasks_s.sum() for one in self.windows))

    @property
    def coordinator_s(self) -> float:
        """Seconds of the coordinator, looks apart."""
        return sum(one.coordinator_s for one in self.windows)


def typical(runs: Sequence[Traced]) -> Traced:
    """What several runs of the same render have in common: of all that was timed the median, of two the lower one.

    A task that another process interrupted took longer than its work takes; it is hardly the same one in every run.
    """
    windows = []
    for several in zip(*(run.windows for run in runs), strict=True):
        steps = zip(*(one.steps_s for one in several), strict=True)
        made = replace(
            several[0],
            tasks_s=np.quantile([one.tasks_s for one in several], 0.5, axis=0, method="lower"),
            steps_s=tuple(median_low(step) for step in steps),
            begin_s=median_low(one.begin_s for one in several),
            read_s=median_low(one.read_s for one in several),
            joins=any(one.joins for one in several),
        )
        windows.append(made)
    walls, looks = median_low(run.wall_s for run in runs), median_low(run.look_s for run in runs)
    return replace(runs[0], windows=tuple(windows), wall_s=walls, look_s=looks)


@record(frozen=True, slots=True, eq=False)
class Moment:
    """When something was, and what the coordinator had spent by then."""

    at_s: float
    spent: dict[Duty, float]

    def since(self, before: Moment, duties: tuple[Duty, ...]) -> float:
        """CPU seconds spent on some duties since then."""
        return sum(self.spent[duty] - before.spent[duty] for duty in duties)


@record(eq=False)
class Begun:
    """A window that was handed to the backend. `waits`: until the window before it is over."""

    window: WindowPlan
    steps_s: tuple[float, ...]
    begin_s: float
    waits: bool


@dataclass(eq=False)
class Trace:
    """Follows a rendering on a pool from before its first window to its last. Its tasks must be noted."""

    rendering: Rendering
    begins: list[Begun] = field(default_factory=list)
    ends: list[Moment] = field(default_factory=list)
    """When all frames of each window were taken; first when the trace began."""
    steps_s: list[float] = field(default_factory=list)
    """Of the window that is being planned."""
    records: list[NDArray[Any]] = field(default_factory=list)
    rings: Sequence[StatsRing] = ()
    reader: StatsReader | None = None
    edition: int = 0
    taken: int = 0
    """Records that were written when some were taken last."""
    looks: int = 0
    """Of the coordinator at what workers have done."""

    def __post_init__(self) -> None:
        self.last = self.now()
        """When this was called last."""
        self.ends.append(self.last)
        self.rendering.trace = self

    def now(self) -> Moment:
        """What the coordinator has spent so far."""
        spent = self.rendering.spent
        spent.turn_to(spent.duty)
        return Moment(time.perf_counter(), dict(spent.cpu_s))

    def planned(self) -> None:
        """A step of planning the next window is done."""
        if self.begins:
            self.steps_s.append(self.now().since(self.last, PLANNING))
            self.take_some()
            self.last = self.now()

    def begun(self, window: WindowPlan) -> None:
        """It was handed to the backend. Raises RenderError where its tasks are not noted."""
        now, backend = self.now(), self.rendering.backend
        if self.reader is None:
            self.rings = getattr(backend, "rings", ())
            if not self.rings:
                raise RenderError("when tasks ran cannot be told: there is no stats file")
            self.reader = StatsReader(self.rings[0].path)
            self.edition = int(self.rings[0].words[RingHead.EDITION])
        alone = len(self.ends) > len(self.begins)
        begin_s = now.at_s - self.last.at_s if alone else now.since(self.last, (Duty.PLANNING,))
        waits = getattr(backend, "waiting", None) is not None
        self.begins.append(Begun(window, tuple(self.steps_s), begin_s, waits))
        self.steps_s.clear()
        self.last = self.now()

    def given(self) -> None:
        """Some frames were taken."""
        self.take_some()
        self.last = self.now()

    def take_some(self) -> None:
        """Takes the records there are, if they are many: soon they are written over."""
        if self.written() - self.taken >= RING_RECORDS // 4:
            self.take()

    def written(self) -> int:
        """How many records there are, the old ones included."""
        return sum(int(ring.words[RingHead.WRITTEN]) for ring in self.rings)

    def take(self) -> None:
        """Takes the records there are."""
        assert self.reader is not None
        self.taken = self.written()
        with self.rendering.spent.on(None):
            seen = self.reader.take().records
            self.records.append(seen[seen["edition"] == self.edition])

    def ended(self, window: WindowPlan) -> None:
        """All of its frames were taken, and the one that waited for that has begun."""
        now, following = self.now(), self.begins[-1]
        if following.waits and following.window is not window:
            following.begin_s += now.at_s - self.last.at_s
        self.ends.append(now)
        self.looks = int(getattr(self.rendering.backend, "looks", 0))
        self.take()
        self.last = self.now()

    def result(self) -> Traced:
        """What was seen. Raises RenderError where records were written over before they were read."""
        plan, ends = self.rendering.plan, self.ends
        records = np.concatenate(self.records)
        records = records[np.argsort(records["frame"], kind="stable")]
        windows = []
        # A tail that falls silent ends within a window: that one is left out.
        for number, begun in enumerate(self.begins[: len(ends) - 1]):
            window = begun.window
            first, last = np.searchsorted(records["frame"], (window.first_frame, window.last_frame))
            windows.append(
                TracedWindow(
                    window=window,
                    tasks_s=tasks_s(plan, window, records[first:last]),
                    steps_s=begun.steps_s,
                    begin_s=begun.begin_s,
                    read_s=ends[number + 1].since(ends[number], TAKING),
                    joins=not begun.waits,
                )
            )
        look_s = ends[-1].since(ends[0], (Duty.WAITING,)) / max(self.looks, 1)
        return Traced(plan, self.rendering.read_buses, tuple(windows), ends[-1].at_s - ends[0].at_s, look_s)


def tasks_s(plan: StaticPlan, window: WindowPlan, records: NDArray[Any]) -> Seconds:
    """How long each task of a window took, by the records of its stretch of time. Of one that ran again, the last time.

    Raises RenderError where one is missing.
    """
    groups = np.array([key_word(group.key) for group in plan.groups])
    order = np.argsort(groups)
    tasks = window.tasks
    slices = np.concatenate([tasks[:, Task.SLICE], records["slice"]])
    first, spread = int(slices.min(initial=0)), int(np.ptp(slices)) + 1 if len(slices) else 1

    def place(group: NDArray[np.int64], frame: NDArray[np.int64], part: NDArray[np.int64]) -> NDArray[np.int64]:
        chunk = (frame - window.first_frame) // plan.chunk_frames
        found: NDArray[np.int64] = (group * window.chunks + chunk) * spread + part - first
        return found

    numbers = order[np.searchsorted(groups[order], records["key"])] if len(records) else records["key"]
    noted = place(numbers, records["frame"], records["slice"])
    by_place = np.argsort(noted, kind="stable")
    wanted = place(tasks[:, Task.GROUP], tasks[:, Task.FRAME], tasks[:, Task.SLICE])
    at = np.searchsorted(noted[by_place], wanted, side="right") - 1
    missing = (at < 0) | (noted[by_place[at]] != wanted) if len(noted) else np.ones(len(wanted), bool)
    if missing.any():
        count = f"{int(missing.sum())} of {len(tasks)} tasks"
        raise RenderError(f"{count} were noted and written over before they were read")
    took = records["end_ns"] - records["start_ns"]
    found: Seconds = 1e-9 * took[by_place[at]]
    return found
