"""The longest chain of tasks that follow one another, each of them timed alone: no number of workers shortens it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.score import Score
from farm.options import RenderOptions
from farm.plan.edges import edges
from farm.plan.plan import StaticPlan, WindowPlan
from farm.rendering.backends.inline import InlineBackend
from farm.rendering.outline import outline
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm, level_for
from workers.wire import Run, Task

Times = NDArray[np.int64]
EMPTY_CALLS = 100


class TimedBackend(InlineBackend):
    """Notes how long each task takes."""

    def __init__(self, warm: Warm, level: str) -> None:
        super().__init__(warm, 1, level)
        self.windows: list[tuple[WindowPlan, Times]] = []
        """Each with the nanoseconds of its tasks."""

    def start(self, window: WindowPlan, sheet: int, more: bool) -> None:
        """Begins the notes of a window."""
        super().start(window, sheet, more)
        self.windows.append((window, np.zeros(len(window.tasks), np.int64)))

    def run_tasks(self, first: int, count: int) -> None:
        """Runs tasks one by one."""
        self.record[Run.COUNT] = 0
        empty_ns = min(self.called_ns() for _ in range(EMPTY_CALLS))
        self.record[Run.COUNT] = 1
        took = self.windows[-1][1]
        for task in range(first, first + count):
            self.record[Run.FIRST] = task
            took[task] = max(self.called_ns() - empty_ns, 0)

    def called_ns(self) -> int:
        """Calls the loop over tasks once."""
        begun = time.perf_counter_ns()
        self.entry(int(self.record.ctypes.data))
        return time.perf_counter_ns() - begun


def timed_windows(score: Score, options: RenderOptions) -> tuple[StaticPlan, list[tuple[WindowPlan, Times]]]:
    """A render, task by task."""
    derived = outline(score, options)
    graph = derived.graph()
    with Warm() as warm:
        rendering = Rendering(graph, options, derived.outputs(graph), warm, derived.library)
        backend = TimedBackend(warm, level_for(options.cpu))
        rendering.use(backend)
        for _ in rendering.pieces(derived.extent.end):
            pass
        rendering.close()
    return rendering.plan, backend.windows


def longest_ns(plan: StaticPlan, windows: Sequence[tuple[WindowPlan, Times]]) -> float:
    """The longest chain through windows of which none waits for all of the one before."""
    ends: dict[tuple[int, int], float] = {}
    handed_on = [group.carried and group.lag == 1 for group in plan.groups]
    longest = 0.0
    for window, took in windows:
        before, after = edges(plan, window)
        order = np.argsort(after, kind="stable")
        before, firsts = before[order], np.searchsorted(after[order], np.arange(len(took) + 1))
        finish = took.astype(np.float64)
        for task, (group, part) in enumerate(window.tasks[:, (Task.GROUP, Task.SLICE)].tolist()):
            begin = float(finish[before[firsts[task] : firsts[task + 1]]].max(initial=0.0))
            finish[task] += max(begin, ends.get((group, part), 0.0))
            if handed_on[group]:
                ends[group, part] = float(finish[task])
        longest = max(longest, float(finish.max(initial=0.0)))
    return longest


def measure(score: Score, options: RenderOptions, runs: int) -> dict[str, Any]:
    """Seconds of all tasks, of the longest chain, and of the busiest group; of each task the least of several runs."""
    plan, windows = timed_windows(score, options)
    for _ in range(runs - 1):
        for (_, least), (_, took) in zip(windows, timed_windows(score, options)[1], strict=True):
            np.minimum(least, took, out=least)
    of_group = np.zeros(len(plan.groups))
    for window, took in windows:
        of_group += np.bincount(window.tasks[:, Task.GROUP], took, len(plan.groups))
    most = int(of_group.argmax())
    return {
        "kernels_s": float(of_group.sum()) * 1e-9,
        "chain_s": longest_ns(plan, windows) * 1e-9,
        "busiest": plan.groups[most].name,
        "busiest_s": float(of_group[most]) * 1e-9,
    }
