"""The schedule of a window for several workers: who follows whom, with back-pressure and reads.

Besides the edges of data (`edges`) a task that writes a chunk slot of a signal waits for those that read what the slot
held before; so memory does not grow with duration. Each chunk has a *read*: the coordinator takes the outputs of a
chunk out of their slots. Reads are numbered after the tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from farm.pattern.unique import unique
from farm.plan.edges import edges, grouped, writers
from farm.plan.plan import StaticPlan, WindowPlan
from workers.records import record
from workers.wire import Task

Ints = NDArray[np.int64]
NOTHING: Ints = np.zeros(0, np.int64)


@record(frozen=True, slots=True, eq=False)
class SchedulePlan:
    """`before[i]` must be done before `after[i]`. `successors` and `first_successor` are the same, grouped by task."""

    before: Ints
    after: Ints
    successors: Ints
    first_successor: Ints
    tasks: int
    reads: int
    at_first: tuple[Ints, Ints] = (NOTHING, NOTHING)
    """`pending` and `ready` while nothing is done."""

    def pending(self, done: NDArray[np.bool_]) -> Ints:
        """How many predecessors of each task and read are not done: int64 (tasks + reads)."""
        waiting = self.after[~done[self.before]]
        counts: Ints = np.bincount(waiting, minlength=self.tasks + self.reads).astype(np.int64)
        return counts

    def ready(self, done: NDArray[np.bool_], pending: Ints) -> Ints:
        """Tasks (not reads) that may run now, in the plan's order."""
        return np.flatnonzero((pending[: self.tasks] == 0) & ~done[: self.tasks])


def schedule(plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int]) -> SchedulePlan:
    """All edges of a window."""
    before, after = edges(plan, window)
    befores, afters = [before], [after]
    ranges = ChunkRanges(plan, window)
    count = len(window.tasks)
    written = writers(plan)
    # A group's buses may lie in slots of different depth.
    readers: dict[tuple[int, int, bool], set[int]] = {}
    for number, group in enumerate(plan.groups):
        if group.source >= 0:
            readers[number, plan.inner_depth, False] = set()
        for bus in group.buses:
            read = bus in read_buses
            readers[number, plan.depth if read else plan.inner_depth, read] = set()
    for reader, group in enumerate(plan.groups):
        for bus in group.reads_buses:
            read = bus in read_buses
            for writer in written.of_bus[bus]:
                readers[writer, plan.depth if read else plan.inner_depth, read].add(reader)
        for source in group.reads_sources:
            readers[written.of_source[source], plan.inner_depth, False].add(reader)
    for (writer, depth, read), those in readers.items():
        for first, second in ranges.reuses(writer, sorted(those), depth, count if read else None):
            befores.append(first)
            afters.append(second)
    for writer in [one for bus in sorted(read_buses) for one in written.of_bus[bus]]:
        tasks = ranges.tasks_of(writer)
        befores.append(tasks)
        afters.append(count + window.tasks[tasks, Task.CHUNK])
    before, after = np.concatenate(befores), np.concatenate(afters)
    order = np.argsort(before, kind="stable")
    firsts = np.searchsorted(before[order], np.arange(count + window.chunks + 1))
    made = SchedulePlan(before, after, after[order], firsts, count, window.chunks)
    none = np.zeros(count + window.chunks, bool)
    pending = made.pending(none)
    return replace(made, at_first=(pending, made.ready(none, pending)))


class ChunkRanges:
    """Which tasks of a group lie in which chunk."""

    def __init__(self, plan: StaticPlan, window: WindowPlan) -> None:
        self.groups = len(plan.groups)
        self.chunks = window.chunks
        self.group = window.tasks[:, Task.GROUP]
        self.chunk = window.tasks[:, Task.CHUNK]
        key = self.chunk * self.groups + self.group
        self.starts = np.searchsorted(key, np.arange(window.chunks * self.groups + 1))
        self.by_group, self.bounds = grouped(self.group, self.groups)

    def tasks_of(self, group: int) -> Ints:
        """All tasks of a group."""
        tasks: Ints = self.by_group[self.bounds[group] : self.bounds[group + 1]]
        return tasks

    def reuses(
        self, writer: int, readers: list[int], depth: int, first_read: int | None
    ) -> Iterator[tuple[Ints, Ints]]:
        """(before, after) where a chunk slot of a signal is written again: its users, then the next to write it.

        The users of a chunk are its readers (also the coordinator's read, where reads begin at `first_read`), or the
        writer's own tasks where nobody reads it. Chunks in which the writer has no task leave their slot as it is.
        """
        chunks = unique(self.chunk[self.tasks_of(writer)])
        ordered = chunks[np.lexsort((chunks, chunks % depth))]
        again = ordered[:-1] % depth == ordered[1:] % depth
        earlier, later = ordered[:-1][again], ordered[1:][again]
        read = np.full(len(earlier), first_read is not None)
        for reader in readers:
            read |= self.counts(reader, earlier) > 0
            yield self.crossed(reader, earlier, writer, later)
        yield self.crossed(writer, earlier[~read], writer, later[~read])
        if first_read is not None:
            repeats = self.counts(writer, later)
            yield np.repeat(first_read + earlier, repeats), self.listed(writer, later)

    def counts(self, group: int, chunks: Ints) -> Ints:
        """How many tasks a group has in each of some chunks."""
        at = chunks * self.groups + group
        found: Ints = self.starts[at + 1] - self.starts[at]
        return found

    def listed(self, group: int, chunks: Ints) -> Ints:
        """A group's tasks in some chunks, one chunk after another."""
        count = self.counts(group, chunks)
        offsets = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        found: Ints = np.repeat(self.starts[chunks * self.groups + group], count) + offsets
        return found

    def crossed(self, one: int, its_chunks: Ints, other: int, other_chunks: Ints) -> tuple[Ints, Ints]:
        """(tasks of group `one`, tasks of group `other`), each with each, chunk of one beside chunk of the other."""
        firsts = self.listed(one, its_chunks)
        chunks = np.repeat(other_chunks, self.counts(one, its_chunks))
        return np.repeat(firsts, self.counts(other, chunks)), self.listed(other, chunks)
