"""A trace: the plans of a render, how long each of its tasks took, and what its coordinator did between them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.errors import RenderError
from farm.plan.plan import StaticPlan, WindowPlan
from farm.rendering.rendering import Rendering
from farm.rendering.report import Duty
from workers.records import record
from workers.stats import StatsReader, key_word
from workers.wire import RingHead, Task

Seconds = NDArray[np.float64]

PLANNING = (Duty.PLANNING, Duty.READING)
"""What the coordinator does for a window while the one before runs,"""
TAKING = (Duty.OUTPUT, Duty.HASHING, Duty.WRITING, Duty.WAITING)
"""and with its frames, looking for them included."""


@record(frozen=True, slots=True, eq=False)
class TracedWindow:
    """A window as it was run.

    `tasks_s` (tasks): how long each task took, in the order of the plan. Of the coordinator: `plan_s`, CPU seconds for
    the plan, its schedule and tables, while workers are busy; `tables_s`, seconds in which they wait for it to put
    those where they find them (and, at first, to plan); `read_s`, CPU seconds to take all frames and do with them
    whatever is done.
    """

    window: WindowPlan
    tasks_s: Seconds
    plan_s: float
    tables_s: float
    read_s: float


@record(frozen=True, slots=True, eq=False)
class Traced:
    """A render as it was run. `wall_s`: from its first plan until its last frame was taken."""

    plan: StaticPlan
    read_buses: frozenset[int]
    windows: tuple[TracedWindow, ...]
    wall_s: float

    @property
    def tasks_s(self) -> float:
        """Seconds of all tasks."""
        return float(sum(one.tasks_s.sum() for one in self.windows))

    @property
    def coordinator_s(self) -> float:
        """Seconds of the coordinator."""
        return sum(one.plan_s + one.tables_s + one.read_s for one in self.windows)


@record(frozen=True, slots=True, eq=False)
class Moment:
    """When something was, and what the coordinator had spent by then."""

    at_s: float
    spent: dict[Duty, float]

    def since(self, before: Moment, duties: tuple[Duty, ...]) -> float:
        """CPU seconds spent on some duties since then."""
        return sum(self.spent[duty] - before.spent[duty] for duty in duties)


@dataclass(eq=False)
class Trace:
    """Follows a rendering on a pool from before its first window to its last. Its tasks must be noted."""

    rendering: Rendering
    windows: list[WindowPlan] = field(default_factory=list)
    begins: list[Moment] = field(default_factory=list)
    """When each window could run, and"""
    ends: list[Moment] = field(default_factory=list)
    """when all of its frames were taken; first when the trace began."""
    records: list[NDArray[Any]] = field(default_factory=list)
    reader: StatsReader | None = None
    edition: int = 0

    def __post_init__(self) -> None:
        self.ends.append(self.now())
        self.rendering.trace = self

    def now(self) -> Moment:
        """What the coordinator has spent so far."""
        spent = self.rendering.spent
        spent.turn_to(spent.duty)
        return Moment(time.perf_counter(), dict(spent.cpu_s))

    def begun(self, window: WindowPlan) -> None:
        """Its tasks may run. Raises RenderError where they are not noted."""
        self.begins.append(self.now())
        self.windows.append(window)
        if self.reader is None:
            rings = getattr(self.rendering.backend, "rings", ())
            if not rings:
                raise RenderError("when tasks ran cannot be told: there is no stats file")
            self.reader, self.edition = StatsReader(rings[0].path), int(rings[0].words[RingHead.EDITION])

    def given(self) -> None:
        """Some of its frames were taken: the records there are meanwhile are taken too."""
        assert self.reader is not None
        with self.rendering.spent.on(None):
            seen = self.reader.take().records
            self.records.append(seen[seen["edition"] == self.edition])

    def ended(self, window: WindowPlan) -> None:
        """All of its frames were taken."""
        self.given()
        self.ends.append(self.now())

    def result(self) -> Traced:
        """What was seen. Raises RenderError where records were written over before they were read."""
        plan, begins, ends = self.rendering.plan, self.begins, self.ends
        records = np.concatenate(self.records)
        records = records[np.argsort(records["frame"], kind="stable")]
        windows = []
        # A tail that falls silent ends within a window: that one is left out.
        for number, window in enumerate(self.windows[: len(ends) - 1]):
            first, last = np.searchsorted(records["frame"], (window.first_frame, window.last_frame))
            windows.append(
                TracedWindow(
                    window=window,
                    tasks_s=tasks_s(plan, window, records[first:last]),
                    # While the one before runs; the first while nothing does.
                    plan_s=ends[number].since(begins[number - 1], PLANNING) if number else 0.0,
                    tables_s=max(begins[number].at_s - ends[number].at_s, 0.0),
                    read_s=ends[number + 1].since(max(begins[number], ends[number], key=when), TAKING),
                )
            )
        return Traced(plan, self.rendering.read_buses, tuple(windows), ends[-1].at_s - ends[0].at_s)


def when(moment: Moment) -> float:
    """Its instant."""
    return moment.at_s


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
