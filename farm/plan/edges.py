"""Edges between the tasks of a window: who must be finished before whom."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from farm.plan.plan import GroupKind, GroupPlan, StaticPlan, WindowPlan
from farm.plan.ranges import ChunkRanges
from workers.records import record
from workers.wire import Task

Ints = NDArray[np.int64]
NOTHING: Ints = np.zeros(0, np.int64)


@record(frozen=True, slots=True)
class Writers:
    """The groups that write each bus (its sides may be groups of their own), and the one of each source."""

    of_bus: Mapping[int, tuple[int, ...]]
    of_source: Mapping[int, int]

    def read_by(self, group: GroupPlan) -> set[int]:
        """The groups whose signals a group reads."""
        buses = (writer for bus in group.reads_buses for writer in self.of_bus[bus])
        return {*buses, *(self.of_source[source] for source in group.reads_sources)}


def writers(plan: StaticPlan) -> Writers:
    """Who writes what in a plan."""
    of_bus: dict[int, tuple[int, ...]] = {}
    for number, group in enumerate(plan.groups):
        for bus in group.buses:
            of_bus[bus] = (*of_bus.get(bus, ()), number)
    return Writers(of_bus, {group.source: number for number, group in enumerate(plan.groups) if group.source >= 0})


def edges(plan: StaticPlan, window: WindowPlan) -> tuple[Ints, Ints]:
    """(before, after): indices of tasks, int64 (edges,) each, without order.

    Within a chunk a group follows those it reads; a carried group also follows its own task before (of the same
    slice). Edges from the window before are not here (`farm.plan.schedule`).
    """
    return edges_among(plan, ChunkRanges(plan, window))


def edges_among(plan: StaticPlan, ranges: ChunkRanges) -> tuple[Ints, Ints]:
    """The same, among tasks that stand there."""
    readable, is_line = writers(plan), ranges.is_line
    found: list[tuple[Ints, Ints]] = [(NOTHING, NOTHING)]
    written: list[int] = []
    reading: list[int] = []
    by_lag: dict[int, list[int]] = {}
    for number, group in enumerate(plan.groups):
        for read in sorted(readable.read_by(group)):
            if is_line[read] and is_line[number]:
                written.append(read)
                reading.append(number)
            else:
                chunks = np.arange(ranges.first[number], ranges.chunks)
                found.append(ranges.crossed(read, chunks, number, chunks))
        if group.carried and is_line[number] and group.kind is GroupKind.BUS:
            by_lag.setdefault(group.lag, []).append(number)
        elif group.carried:
            found.append(carried_pairs(ranges.tasks, ranges.tasks_of(number), group.lag))
    found.append(ranges.beside(written, reading, 0))
    for lag, numbers in by_lag.items():
        found += [ranges.beside(numbers, numbers, apart) for apart in range(lag, 2 * lag)]
    return np.concatenate([before for before, _ in found]), np.concatenate([after for _, after in found])


def carried_pairs(tasks: Ints, own: Ints, lag: int) -> tuple[Ints, Ints]:
    """Tasks of a group that share a state slot: the same slice, from each chunk in which it sounds to the next.

    After a pause a slice starts from zeros, but its slot is the same: a late task from before would overwrite it. So
    would one of another slice that had the slot in an earlier window.
    With a lag a task follows those of as many chunks, the nearest of them `lag` chunks before it: so all before are
    done, and a line that holds `lag` chunks more than it is read loses nothing that is still needed.
    """
    if lag > 1:
        apart = range(lag, min(2 * lag, len(own)))
        return (
            np.concatenate([own[:0], *(own[:-chunks] for chunks in apart)]),
            np.concatenate([own[:0], *(own[chunks:] for chunks in apart)]),
        )
    order = own[np.lexsort((tasks[own, Task.CHUNK], tasks[own, Task.RING]))]
    earlier, later = order[:-1], order[1:]
    follows = tasks[earlier, Task.RING] == tasks[later, Task.RING]
    return earlier[follows], later[follows]


def task_costs_ns(plan: StaticPlan, window: WindowPlan) -> NDArray[np.float64]:
    """Estimated nanoseconds of each task: its nodes' costs times frames, times voices for slices."""
    tasks = window.tasks
    per_frame = np.array([one.cost_ns for one in plan.groups])
    voiced = np.array([one.kind is not GroupKind.BUS for one in plan.groups])
    lanes = np.where(voiced[tasks[:, Task.GROUP]], tasks[:, Task.LANES], 1)
    return per_frame[tasks[:, Task.GROUP]] * (tasks[:, Task.FRAMES] * lanes).astype(np.float64)


def critical_path_ns(plan: StaticPlan, window: WindowPlan) -> tuple[float, float, int]:
    """(longest chain of tasks, all tasks together, number of edges), times by `task_costs_ns`."""
    costs = task_costs_ns(plan, window)
    before, after = edges(plan, window)
    finish = costs.copy()
    by_after: Ints = np.argsort(after, kind="stable")
    before, after = before[by_after], after[by_after]
    firsts = np.searchsorted(after, np.arange(len(costs) + 1))
    for task in np.flatnonzero(np.diff(firsts)):
        finish[task] = costs[task] + finish[before[firsts[task] : firsts[task + 1]]].max()
    return float(finish.max(initial=0.0)), float(costs.sum()), len(before)
