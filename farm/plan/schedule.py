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
from farm.plan.edges import edges_among, writers
from farm.plan.plan import StaticPlan, WindowPlan
from farm.plan.ranges import ChunkRanges
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
        chunks = last_chunks(plan, ranges, number, 2 * group.lag if group.carried else 0)
        for user in readers[number]:
            kept[ranges.listed(user, chunks)] = True
    numbers = np.flatnonzero(kept)
    rows = tasks[numbers]
    first = int(rows[:, Task.CHUNK].min(initial=window.chunks))
    rows[:, Task.CHUNK] -= first
    reads = len(tasks) + np.arange(first, window.chunks)
    return Ending(rows, np.concatenate([numbers, reads]), window.chunks - first)


def last_chunks(plan: StaticPlan, ranges: ChunkRanges, number: int, least: int) -> Ints:
    """The chunks of a group whose slots nothing of this window takes again, and its last `least`."""
    if ranges.is_line[number]:
        first = ranges.chunks - max(plan.depth, plan.inner_depth, least)
        return np.arange(max(ranges.first[number], first), ranges.chunks)
    chunks = unique(ranges.chunk[ranges.tasks_of(number)])
    last = [last_of_each(chunks, depth) for depth in {plan.depth, plan.inner_depth}]
    return unique(np.concatenate([*last, chunks[len(chunks) - min(least, len(chunks)) :]]))


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
    firsts = np.concatenate([[0], np.cumsum(np.bincount(before, minlength=tasks + reads))])
    return SchedulePlan(before, after, after[order], firsts, tasks, reads, NOTHING, NOTHING)


def all_edges(plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int]) -> tuple[Ints, Ints]:
    """Who must be done before whom among the tasks of some chunks and their reads."""
    ranges = ChunkRanges(plan, window)
    count = len(window.tasks)
    found = [edges_among(plan, ranges)]
    lines: dict[int, tuple[list[int], list[int]]] = {}
    for (writer, depth, read), readers in slots_of(plan, read_buses).items():
        if all_lines(ranges, writer, readers, read):
            # Where nobody reads it the writer itself has used the slot last.
            used = readers if readers or read else [writer]
            users, writing = lines.setdefault(depth, ([], []))
            users += used
            writing += [writer] * len(used)
            if read:
                chunks = np.arange(ranges.first[writer], ranges.chunks - depth)
                found.append((count + chunks, ranges.listed(writer, chunks + depth)))
        else:
            found += reuses(ranges, writer, readers, depth, count if read else None)
    found += [ranges.beside(users, writing, depth) for depth, (users, writing) in lines.items()]
    written = writers(plan)
    for writer in [one for bus in sorted(read_buses) for one in written.of_bus[bus]]:
        tasks = ranges.tasks_of(writer)
        found.append((tasks, count + ranges.chunk[tasks]))
    return np.concatenate([before for before, _ in found]), np.concatenate([after for _, after in found])


def slots_of(plan: StaticPlan, read_buses: frozenset[int]) -> dict[tuple[int, int, bool], list[int]]:
    """The signals that lie in chunk slots: (their writer, how many slots, whether they are read from outside) -> the
    groups that read them.

    A group's buses may lie in slots of different depth.
    """
    written = writers(plan)
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
    return {signal: sorted(those) for signal, those in readers.items()}


def all_lines(ranges: ChunkRanges, writer: int, readers: list[int], read: bool) -> bool:
    """Whether a signal and all that read it are lines, and every chunk of it is read, or none."""
    if not ranges.is_line[[writer, *readers]].all():
        return False
    return read or not readers or bool(ranges.first[readers].min() <= ranges.first[writer])


def reuses(
    ranges: ChunkRanges, writer: int, readers: list[int], depth: int, first_read: int | None
) -> Iterator[tuple[Ints, Ints]]:
    """(before, after) where a chunk slot of a signal is written again: its users, then the next to write it.

    The users of a chunk are its readers (also the coordinator's read, where reads begin at `first_read`), or the
    writer's own tasks where nobody reads it. Chunks in which the writer has no task leave their slot as it is.
    """
    chunks = unique(ranges.chunk[ranges.tasks_of(writer)])
    ordered = chunks[np.lexsort((chunks, chunks % depth))]
    again = ordered[:-1] % depth == ordered[1:] % depth
    earlier, later = ordered[:-1][again], ordered[1:][again]
    read = np.full(len(earlier), first_read is not None)
    for reader in readers:
        read |= ranges.counts(reader, earlier) > 0
        yield ranges.crossed(reader, earlier, writer, later)
    yield ranges.crossed(writer, earlier[~read], writer, later[~read])
    if first_read is not None:
        repeats = ranges.counts(writer, later)
        yield np.repeat(first_read + earlier, repeats), ranges.listed(writer, later)
