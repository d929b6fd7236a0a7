"""The schedule of a window for several workers: who follows whom, with back-pressure and reads.

Besides the edges of data (`edges`) a task that writes a chunk slot of a signal waits for those that read what the slot
held before; so memory does not grow with duration. Each chunk has a *read*: the coordinator takes the outputs of a
chunk out of their slots. Reads are numbered after the tasks.

A window may begin while the one before it still runs. What its tasks wait for there are edges like the others: all are
found in one go, over the end of the window before and the window itself, and parted afterwards.
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
    """`before[i]` must be done before `after[i]`. `successors` and `first_successor` are the same, grouped by task.

    `late_before[i]`, a task or read of the window before, must be done before `late_after[i]`, in the order of those.
    """

    before: Ints
    after: Ints
    successors: Ints
    first_successor: Ints
    tasks: int
    reads: int
    late_before: Ints
    late_after: Ints

    def pending(self, done: NDArray[np.bool_]) -> Ints:
        """How many predecessors of each task and read are not done: int64 (tasks + reads)."""
        waiting = self.after[~done[self.before]]
        counts: Ints = np.bincount(waiting, minlength=self.tasks + self.reads).astype(np.int64)
        return counts

    def late(self, done: NDArray[np.bool_]) -> Ints:
        """How many predecessors of each task and read, in the window before, are not done: int64 (tasks + reads).

        `done`: of that window.
        """
        waiting = self.late_after[~done[self.late_before]]
        counts: Ints = np.bincount(waiting, minlength=self.tasks + self.reads).astype(np.int64)
        return counts

    def ready(self, done: NDArray[np.bool_], pending: Ints) -> Ints:
        """Tasks (not reads) that may run now, in the plan's order."""
        return np.flatnonzero((pending[: self.tasks] == 0) & ~done[: self.tasks])


@record(frozen=True, slots=True, eq=False)
class Ending:
    """The tasks of a window for which those of the next may have to wait; they lie in its last `chunks`.

    `tasks`: their rows, CHUNK counted from the first of these chunks; `numbers`: theirs, then those of the reads.
    """

    tasks: Ints
    numbers: Ints
    chunks: int


def ending(plan: StaticPlan, window: WindowPlan) -> Ending:
    """The end of a window: who used each slot of a signal, of state or of a line last, and who read it there."""
    tasks = window.tasks
    ranges, written = ChunkRanges(plan, window), writers(plan)
    kept = np.zeros(len(tasks), bool)
    kept[last_of_slots(plan, tasks)] = True
    readers: list[list[int]] = [[number] for number in range(len(plan.groups))]
    for number, group in enumerate(plan.groups):
        for writer in written.read_by(group):
            readers[writer].append(number)
    for number, group in enumerate(plan.groups):
        chunks = unique(ranges.chunk[ranges.tasks_of(number)])
        last = [last_of_each(chunks, depth) for depth in {plan.depth, plan.inner_depth}]
        if group.carried:
            last.append(chunks[-2 * group.lag :])
        chunks = unique(np.concatenate(last))
        for user in readers[number]:
            kept[ranges.listed(user, chunks)] = True
    numbers = np.flatnonzero(kept)
    rows = tasks[numbers]
    first = int(rows[:, Task.CHUNK].min(initial=window.chunks))
    rows[:, Task.CHUNK] -= first
    reads = len(tasks) + np.arange(first, window.chunks)
    return Ending(rows, np.concatenate([numbers, reads]), window.chunks - first)


def last_of_each(chunks: Ints, depth: int) -> Ints:
    """The last chunk that lies in each of `depth` slots."""
    ordered = chunks[np.lexsort((chunks, chunks % depth))]
    last = np.append(ordered[:-1] % depth != ordered[1:] % depth, True)[: len(ordered)]
    found: Ints = ordered[last]
    return found


def last_of_slots(plan: StaticPlan, tasks: Ints) -> Ints:
    """The last task that uses each state slot of the voices."""
    carried = np.array([group.carried and group.source >= 0 for group in plan.groups])
    of_slots = np.flatnonzero(carried[tasks[:, Task.GROUP]])
    order = of_slots[np.lexsort((tasks[of_slots, Task.CHUNK], tasks[of_slots, Task.RING], tasks[of_slots, Task.GROUP]))]
    group, slot = tasks[order, Task.GROUP], tasks[order, Task.RING]
    last = np.append((group[:-1] != group[1:]) | (slot[:-1] != slot[1:]), True)[: len(order)]
    found: Ints = order[last]
    return found


def schedule(
    plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int], before: Ending | None = None
) -> SchedulePlan:
    """All edges of a window, and those to it from the end of the window before."""
    if before is None:
        return grouped_by_task(*all_edges(plan, window, read_buses), len(window.tasks), window.chunks)
    shifted = window.tasks.copy()
    shifted[:, Task.CHUNK] += before.chunks
    tasks = np.concatenate([before.tasks, shifted])
    firsts, seconds = all_edges(plan, replace(window, tasks=tasks, chunks=before.chunks + window.chunks), read_buses)
    old, count = len(before.tasks), len(window.tasks)
    # Numbers in this window, or -1 less those in the window before.
    reads = count + np.arange(window.chunks)
    numbers = np.concatenate([-1 - before.numbers[:old], np.arange(count), -1 - before.numbers[old:], reads])
    firsts, seconds = numbers[firsts], numbers[seconds]
    within, late = (firsts >= 0) & (seconds >= 0), (firsts < 0) & (seconds >= 0)
    made = grouped_by_task(firsts[within], seconds[within], count, window.chunks)
    order = np.argsort(-1 - firsts[late], kind="stable")
    return replace(made, late_before=(-1 - firsts[late])[order], late_after=seconds[late][order])


def grouped_by_task(before: Ints, after: Ints, tasks: int, reads: int) -> SchedulePlan:
    """The schedule with these edges."""
    order = np.argsort(before, kind="stable")
    firsts = np.searchsorted(before[order], np.arange(tasks + reads + 1))
    return SchedulePlan(before, after, after[order], firsts, tasks, reads, NOTHING, NOTHING)


def all_edges(plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int]) -> tuple[Ints, Ints]:
    """Who must be done before whom among the tasks of some chunks and their reads."""
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
    return np.concatenate(befores), np.concatenate(afters)


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
