"""Small plans made by hand or by chance, and what their tasks touch in memory: the ground for tests of schedules."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from farm.plan.plan import GroupKind, GroupPlan, Side, SourceWindow, StaticPlan, WindowPlan
from farm.plan.schedule import SchedulePlan
from farm.rendering.outline import Part
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm
from tests.render.sound import asked, score
from workers.wire import BLOCK, HALF, Task

Cell = tuple[object, ...]
CHUNK_FRAMES = 64


def group(
    name: str,
    *,
    buses: tuple[int, ...] = (),
    source: int = -1,
    carried: bool = False,
    reads_buses: tuple[int, ...] = (),
    reads_sources: tuple[int, ...] = (),
    side: Side | None = None,
    lag: int = 1,
) -> GroupPlan:
    """A group of which only its neighbours matter: a bus, or voices where there is a source.

    With a lag it has a line that holds what is needed for it, and no more.
    """
    return GroupPlan(
        key=name,
        name=name,
        kind=GroupKind.BUS if source < 0 else GroupKind.VOICES,
        buses=buses,
        source=source,
        ops=(),
        posts=(),
        seeks=(),
        constants=(),
        feeds=(),
        fields=1,
        carried=carried,
        ring_bytes=(2 * lag * CHUNK_FRAMES + BLOCK) * HALF * 4 if lag > 1 else 0,
        line_bytes=0,
        block_frames=64,
        buffers=0,
        reads_buses=reads_buses,
        reads_sources=reads_sources,
        labels=(),
        cost_ns=1.0,
        side=side,
        lag=lag,
    )


def static(groups: list[GroupPlan], depth: int, inner_depth: int) -> StaticPlan:
    """A plan of these groups."""
    return StaticPlan(
        groups=tuple(groups),
        kernels=(),
        outputs=(),
        rate=8000,
        chunk_frames=CHUNK_FRAMES,
        depth=depth,
        inner_depth=inner_depth,
        sources=tuple(one.source for one in groups if one.source >= 0),
        buses=tuple(dict.fromkeys(bus for one in groups for bus in one.buses)),
    )


def window(
    plan: StaticPlan,
    first_chunk: int,
    sounding: list[list[list[int]]],
    earlier: list[list[list[int]]] | None = None,
) -> WindowPlan:
    """A window in which `sounding[group][chunk]` lists the slices that have a task (a bus is slice 0).

    `earlier`: the same of the chunks before it.
    """
    rows, sources = [], {}
    chunks = len(sounding[0])
    for chunk in range(chunks):
        for number, one in enumerate(plan.groups):
            for rank, part in enumerate(sounding[number][chunk]):
                row = np.zeros(len(Task), np.int64)
                parity = (first_chunk + chunk) % 2
                last = sounding[number][chunk - 1] if chunk else earlier[number][-1:] if earlier else []
                before = part in (last if chunk else [one for those in last for one in those])
                row[Task.GROUP], row[Task.CHUNK], row[Task.SLICE], row[Task.OUT] = number, chunk, part, rank
                row[Task.STATE_IN] = 2 * part + 1 - parity if one.carried and before else -1
                row[Task.STATE_OUT] = 2 * part + parity if one.carried else -1
                row[Task.RING] = part
                rows.append(row)
    tasks = np.array(rows, np.int64).reshape(-1, len(Task))
    for number, one in enumerate(plan.groups):
        if one.source >= 0:
            counts = np.array([len(slices) for slices in sounding[number]], np.int64)
            none = np.zeros(0, np.int64)
            sources[one.source] = SourceWindow({}, 0, 0, np.zeros((0, chunks + 1), np.uint8), counts, None, none)
    starts = np.searchsorted(tasks[:, Task.CHUNK], np.arange(chunks + 1))
    return WindowPlan(first_chunk, chunks, tasks, starts, sources, {})


def chance_plan(seed: int) -> tuple[StaticPlan, WindowPlan, frozenset[int]]:
    """A random plan and a window of it."""
    plan, (made,), read = chance_windows(seed, 1)
    return plan, made, read


def chance_windows(seed: int, count: int = 3) -> tuple[StaticPlan, list[WindowPlan], frozenset[int]]:
    """A random plan: buses and voices that read each other, some carried, voices that pause, buses that begin late.

    And `count` windows of it, one after another.
    """
    chance = random.Random(seed)
    chunks, groups, sounding = chance.randint(1, 13) * count, [], []
    buses: list[int] = []
    sources: list[int] = []
    read: set[int] = set()
    for number in range(chance.randint(1, 5)):
        reads_buses = tuple(chance.sample(buses, chance.randint(0, min(2, len(buses)))))
        carried = chance.random() < 0.5
        if chance.random() < 0.5:
            groups.append(group(f"v{number}", source=number, carried=carried, reads_buses=reads_buses))
            sources.append(number)
            density = chance.choice([0.2, 0.6, 0.95])
            slices = range(chance.randint(1, 3))
            sounding.append([[one for one in slices if chance.random() < density] for _ in range(chunks)])
            continue
        own = tuple(range(len(buses), len(buses) + chance.randint(1, 2)))
        reads_sources = tuple(chance.sample(sources, chance.randint(0, min(2, len(sources)))))
        lag = chance.choice([1, 1, 2, 3, 4]) if carried else 1
        heard = {"reads_buses": reads_buses, "reads_sources": reads_sources}
        sides: tuple[Side | None, ...] = chance.choice([(None,), (None,), tuple(Side)])
        groups += [
            group(f"b{number}{side or ''}", buses=own, carried=carried, side=side, lag=lag, **heard) for side in sides
        ]
        read |= {bus for bus in own if chance.random() < 0.5}
        start = chance.choice([0, 0, chance.randrange(chunks)])
        buses += own
        sounding += [[[0] if chunk >= start else [] for chunk in range(chunks)] for _ in sides]
    plan = static(groups, chance.randint(1, 6), chance.randint(1, 4))
    first = chance.choice([0, chance.randint(1, 20)])
    cuts = sorted(chance.choices(range(1, chunks), k=count - 1)) if chunks > 1 else [1] * (count - 1)
    borders = [0, *cuts, chunks]
    windows = [
        window(plan, first + start, [one[start:stop] for one in sounding], [one[:start] for one in sounding])
        for start, stop in pairwise(borders)
        if stop > start
    ]
    return plan, windows, frozenset(read)


def score_plan(text: str, **options: object) -> tuple[StaticPlan, WindowPlan, frozenset[int]]:
    """The first window of a score as a pool would get it, with few chunk slots."""
    given = asked(**options)
    graph = score(text).graph(0)
    with Warm() as warm:
        part = Part(tuple({output.bus for output in graph.outputs}), int(2 * given.rate), False)
        rendering = Rendering(graph, given, part, warm)
        made = rendering.plan_next(0, int(Fraction(2) * given.rate) // given.chunk)
        plan, read = rendering.plan, rendering.read_buses
        rendering.close()
    return replace(plan, depth=8, inner_depth=4), made, read


def touched(
    plan: StaticPlan, made: WindowPlan, read_buses: frozenset[int]
) -> Iterator[tuple[int, int, set[Cell], set[Cell]]]:
    """(place in the plan's order, task or read, cells it reads, cells it writes), in the plan's order."""
    tasks = made.tasks
    for chunk in range(made.chunks):
        inner, outer = (made.first_chunk + chunk) % plan.inner_depth, (made.first_chunk + chunk) % plan.depth
        in_chunk = np.flatnonzero(tasks[:, Task.CHUNK] == chunk).tolist()
        there = {int(tasks[task, Task.GROUP]) for task in in_chunk}
        of_bus = {bus: number for number, one in enumerate(plan.groups) for bus in one.buses if number in there}
        ranks = {source: int(window.counts[chunk]) for source, window in made.sources.items()}
        for task in in_chunk:
            row = tasks[task]
            number = int(row[Task.GROUP])
            one = plan.groups[number]
            reads: set[Cell] = {
                ("bus", bus, outer if bus in read_buses else inner, side)
                for bus in one.reads_buses
                if bus in of_bus
                for side in Side
            }
            for source in one.reads_sources:
                reads |= {("sum", source, inner, rank) for rank in range(ranks[source])}
            writes: set[Cell] = {
                ("bus", bus, outer if bus in read_buses else inner, side)
                for bus in one.buses
                for side in (Side if one.side is None else (one.side,))
            }
            if one.source >= 0:
                writes.add(("sum", one.source, inner, int(row[Task.OUT])))
            if one.lag > 1:
                heard, own = line_frames(one, plan.chunk_frames, made.first_chunk + chunk)
                reads |= heard
                writes |= own
            elif one.carried:
                # A slice's state slots are named by the slice, as `take_slots` gives each its own.
                part = int(row[Task.SLICE])
                if row[Task.STATE_IN] >= 0:
                    reads.add(("state", number, part, int(row[Task.STATE_IN]) % 2))
                writes.add(("state", number, part, int(row[Task.STATE_OUT]) % 2))
                writes.add(("ring", number, part))
            yield task, task, reads, writes
        yield (
            -1,
            len(tasks) + chunk,
            {("bus", bus, outer, side) for bus in read_buses if bus in of_bus for side in Side},
            set(),
        )


def line_frames(one: GroupPlan, chunk_frames: int, chunk: int) -> tuple[set[Cell], set[Cell]]:
    """What a chunk may read of a group's delay line, and what it writes, by blocks of the line.

    It reads what was written as many chunks ago as the lag says or earlier, as far as the line is not written again
    while so many chunks are under way.
    """
    length, first = one.ring_bytes // (HALF * 4), chunk * chunk_frames
    apart = one.lag * chunk_frames
    heard = range(first - (length - apart - BLOCK), first + chunk_frames - apart, BLOCK)
    own = range(first, first + chunk_frames, BLOCK)
    reads, writes = ({("line", one.key, frame % length // BLOCK) for frame in frames} for frames in (heard, own))
    return reads, writes


def descendants(made: SchedulePlan) -> list[int]:
    """For each task and read, those that must come after it: a set of bits. Fails where edges form a circle."""
    count = made.tasks + made.reads
    waiting = np.bincount(made.after, minlength=count)
    order, free = [], np.flatnonzero(waiting == 0).tolist()
    while free:
        one = free.pop()
        order.append(one)
        for later in made.successors[made.first_successor[one] : made.first_successor[one + 1]].tolist():
            waiting[later] -= 1
            if waiting[later] == 0:
                free.append(later)
    assert len(order) == count, "the edges form a circle"
    found = [0] * count
    for one in reversed(order):
        for later in made.successors[made.first_successor[one] : made.first_successor[one + 1]].tolist():
            found[one] |= found[later] | (1 << later)
    return found
