"""What must hold of a plan. A violation is a bug of farm, told before anything runs on it."""

from __future__ import annotations

import numpy as np

from farm.plan.plan import StaticPlan, WindowPlan
from workers.wire import BLOCK, LANES, RECORD_WORDS, Task


class PlanError(AssertionError):
    """A plan that breaks a rule."""


def verify_static(plan: StaticPlan) -> None:
    """Groups follow those they read; words fit their records; constants that ops and feeds name exist."""
    buses: set[int] = set()
    sources: set[int] = set()
    for group in plan.groups:
        if not set(group.reads_buses) <= buses or not set(group.reads_sources) <= sources:
            raise PlanError(f"{group.name} runs before what it reads")
        buses.update(group.buses)
        if group.source >= 0:
            sources.add(group.source)
        for op in (*group.ops, *group.posts, *group.seeks):
            if len(op.words) > RECORD_WORDS - 2:
                raise PlanError(f"{op.kernel} takes too many words")
            if op.first_field + op.fields > group.fields:
                raise PlanError(f"{op.kernel} has state outside its group")
        for feed in group.feeds:
            if not 0 <= feed.constant < len(group.constants):
                raise PlanError(f"{group.name} feeds a constant that is not there")


def verify_window(plan: StaticPlan, window: WindowPlan) -> None:
    """Tasks are in order, inside the window, with state from the chunk before, each private sum used once.

    Blocks, and with them what decays at their ends, lie where they lie in a rendering from frame 0 on.
    """
    if (window.first_frame - window.first_chunk * plan.chunk_frames) % BLOCK:
        raise PlanError("a rendering begins inside a block")
    tasks = window.tasks
    if not len(tasks):
        return
    order = tasks[:, Task.CHUNK] * len(plan.groups) + tasks[:, Task.GROUP]
    if (np.diff(order) < 0).any():
        raise PlanError("tasks are out of order")
    if tasks[:, Task.CHUNK].min() < 0 or tasks[:, Task.CHUNK].max() >= window.chunks:
        raise PlanError("a task lies outside its window")
    if (tasks[:, Task.FRAMES] <= 0).any() or (tasks[:, Task.FRAME] + tasks[:, Task.FRAMES] > window.last_frame).any():
        raise PlanError("a task goes on behind its window")
    if ((tasks[:, Task.LANES] < 0) | (tasks[:, Task.LANES] > LANES)).any():
        raise PlanError("a slice has more voices than lanes")
    carried = tasks[:, Task.STATE_IN] >= 0
    if (tasks[carried, Task.STATE_IN] == tasks[carried, Task.STATE_OUT]).any():
        raise PlanError("a task would change the state it reads")
    voiced = np.array([group.source >= 0 for group in plan.groups])[tasks[:, Task.GROUP]]
    rows = tasks[voiced]
    same = (np.diff(order[voiced]) == 0) & (np.diff(rows[:, Task.OUT]) <= 0)
    if same.any():
        name = plan.groups[int(rows[np.argmax(same), Task.GROUP])].name
        raise PlanError(f"two slices of {name} share a private sum")
