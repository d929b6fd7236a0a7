"""The longest chain of tasks: what no number of workers makes shorter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from farm.plan.edges import edges
from farm.plan.plan import StaticPlan
from farm.profile.trace import TracedWindow
from workers.records import record
from workers.wire import Task

Ints = NDArray[np.int64]


@record(frozen=True, slots=True)
class LongestChain:
    """The longest chain through a render: its seconds, and how many of them each group has, by key."""

    seconds: float
    groups: dict[str, float]

    @property
    def longest_group(self) -> str:
        """The key of the group that has most of it; empty where there are no tasks."""
        return max(self.groups, key=self.groups.__getitem__, default="")


def longest_chain(plan: StaticPlan, windows: Sequence[TracedWindow]) -> LongestChain:
    """The longest chain of tasks each of which needs what the one before gives, over all windows.

    A carried group goes on from window to window, slice by slice; slots that are written again make no chain.
    """
    finish: list[float] = []
    came_from: list[int] = []
    group_of: list[int] = []
    costs: list[float] = []
    own: dict[tuple[int, int], list[int]] = {}
    """The tasks so far of each slice of a carried group."""
    for one in windows:
        tasks, first = one.window.tasks, len(finish)
        before, firsts = by_successor(*edges(plan, one.window), len(tasks))
        bounds, befores = firsts.tolist(), (before + first).tolist()
        groups, slices = tasks[:, Task.GROUP].tolist(), tasks[:, Task.SLICE].tolist()
        group_of += groups
        costs += one.tasks_s.tolist()
        for task, (group, part) in enumerate(zip(groups, slices, strict=True)):
            needed = befores[bounds[task] : bounds[task + 1]]
            if plan.groups[group].carried:
                # The edges of one window again, and those from the windows before.
                before_it, lag = own.setdefault((group, part), []), plan.groups[group].lag
                needed += before_it[max(len(before_it) - 2 * lag + 1, 0) : max(len(before_it) - lag + 1, 0)]
                before_it.append(first + task)
            latest = max(needed, key=finish.__getitem__, default=-1)
            came_from.append(latest)
            finish.append(costs[first + task] + (finish[latest] if latest >= 0 else 0.0))
    at = max(range(len(finish)), key=finish.__getitem__, default=-1)
    seconds = finish[at] if finish else 0.0
    shares: dict[str, float] = {}
    while at >= 0:
        key = plan.groups[group_of[at]].key
        shares[key] = shares.get(key, 0.0) + costs[at]
        at = came_from[at]
    return LongestChain(seconds, shares)


def by_successor(before: Ints, after: Ints, count: int) -> tuple[Ints, Ints]:
    """Predecessors grouped by task, and where those of each begin: (edges), (count + 1)."""
    order = np.argsort(after, kind="stable")
    return before[order], np.searchsorted(after[order], np.arange(count + 1))
