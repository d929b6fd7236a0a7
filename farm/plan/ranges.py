"""Where a window's tasks stand: those of a group in a chunk lie side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.plan.plan import StaticPlan, WindowPlan
from workers.wire import Task

Ints = NDArray[np.int64]


class ChunkRanges:
    """Which tasks of a group lie in which chunk.

    Most groups are *lines*: from some chunk to the end they have one task in each. So what holds of a line is said in
    a few words for all lines at once.
    """

    def __init__(self, plan: StaticPlan, window: WindowPlan) -> None:
        self.groups, self.chunks = len(plan.groups), window.chunks
        self.tasks = window.tasks
        self.group, self.chunk = self.tasks[:, Task.GROUP], self.tasks[:, Task.CHUNK]
        key = self.chunk * self.groups + self.group
        self.starts = np.searchsorted(key, np.arange(self.chunks * self.groups + 1))
        self.by_group = np.argsort(self.group, kind="stable")
        self.bounds = np.searchsorted(self.group[self.by_group], np.arange(self.groups + 1))
        each = np.diff(self.starts).reshape(self.chunks, self.groups).T
        some = each > 0
        self.first = np.where(some.any(axis=1), some.argmax(axis=1), self.chunks)
        """The first chunk in which each group has a task."""
        self.is_line = (each <= 1).all(axis=1) & (each.sum(axis=1) == self.chunks - self.first)
        self.of_line = np.where(some, self.starts[:-1].reshape(self.chunks, self.groups).T, -1)
        """int64 (groups, chunks): the task of a line, -1 where it has none."""

    def tasks_of(self, group: int) -> Ints:
        """All tasks of a group."""
        tasks: Ints = self.by_group[self.bounds[group] : self.bounds[group + 1]]
        return tasks

    def counts(self, group: int, chunks: Ints) -> Ints:
        """How many tasks a group has in each of some chunks."""
        at = chunks * self.groups + group
        found: Ints = self.starts[at + 1] - self.starts[at]
        return found

    def listed(self, group: int, chunks: Ints) -> Ints:
        """A group's tasks in some chunks, one chunk after another."""
        if self.is_line[group]:
            tasks: Ints = self.of_line[group, chunks]
            return tasks[tasks >= 0]
        count = self.counts(group, chunks)
        offsets = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        found: Ints = np.repeat(self.starts[chunks * self.groups + group], count) + offsets
        return found

    def crossed(self, one: int, its_chunks: Ints, other: int, other_chunks: Ints) -> tuple[Ints, Ints]:
        """(tasks of group `one`, tasks of group `other`), each with each, chunk of one beside chunk of the other."""
        if self.is_line[one] and self.is_line[other]:
            return self.paired(self.of_line[one, its_chunks], self.of_line[other, other_chunks])
        firsts = self.listed(one, its_chunks)
        chunks = np.repeat(other_chunks, self.counts(one, its_chunks))
        return np.repeat(firsts, self.counts(other, chunks)), self.listed(other, chunks)

    def beside(self, ones: list[int], others: list[int], lag: int) -> tuple[Ints, Ints]:
        """(tasks of lines `ones`, tasks of lines `others` `lag` chunks later), line beside line.

        From the chunk on in which the other line begins.
        """
        stop = max(self.chunks - lag, 0)
        firsts = np.where(self.of_line[others, :stop] >= 0, self.of_line[ones, :stop], -1)
        return self.paired(firsts, self.of_line[others, lag:])

    @staticmethod
    def paired(firsts: Ints, seconds: Ints) -> tuple[Ints, Ints]:
        """Pairs of tasks, without those where one is missing."""
        both = (firsts >= 0) & (seconds >= 0)
        return firsts[both], seconds[both]
