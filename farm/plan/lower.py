"""Lowering: a window's plan becomes tables of offsets in the arena."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray

from farm.errors import ScoreError
from farm.plan.master import levels_bytes
from farm.plan.path import OutputPath, PathPlan
from farm.plan.plan import Area, GroupKind, GroupPlan, OpPlan, Region, StaticPlan, WindowPlan, Word
from farm.plan.weighting import weights
from workers.arena import Arena, Key, Layout
from workers.dsp.true_peak import TAPS
from workers.stats import key_word
from workers.wire import (
    BUFFER_BYTES,
    FIELD_BYTES,
    GUARD,
    LANES,
    MOST_FEEDS,
    MOST_MOVING,
    OP_WORDS,
    RECORD_WORDS,
    RECORDS,
    Code,
    Feed,
    Group,
    Op,
    RingHead,
    Task,
)

Ints = NDArray[np.int64]


SLICES, SLICES_BYTES = 64, 1 << 16
"""For so many slices of a group there is room from the start, if they take no more than this."""
ON_SHEETS = (
    *(Area.ENTRIES, Area.STATIC_CONSTANTS, Area.COUNTS, Area.ONSETS, Area.CONSTANTS),
    *(Area.COLUMN, Area.KEYS),
)
"""What holds tables of one window. While two may be under way there are two sheets of them, which windows use in turn.

GROUPS, OPS, FEEDS and TASKS of both lie one behind the other: tasks name their groups by number, groups their feeds.
"""


def on_sheet(key: Key, sheet: int) -> Key:
    """The region of that sheet."""
    return (f"{key[0]} of the other window", key[1]) if sheet and key[0] in ON_SHEETS else key


def signal_bytes(plan: StaticPlan) -> int:
    """Bytes of one stereo signal of a chunk, padded."""
    return 2 * ((plan.chunk_frames + 15) // 16 * 16 + GUARD) * 4


def slot_bytes_of(plan: StaticPlan, bus: int) -> int:
    """Bytes of a chunk slot of a signal: those of output paths have lengths of their own."""
    for path in plan.paths:
        if path.holds(bus):
            return path.slot_bytes(plan.chunk_frames)[bus]
    return signal_bytes(plan)


def state_bytes(group: GroupPlan) -> int:
    """Bytes that a slice of a group hands on from chunk to chunk: fields, then delay lines."""
    return group.fields * FIELD_BYTES + group.line_bytes


def slot_bytes(plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int]) -> tuple[int, int]:
    """Bytes of a chunk's signals that are read from outside, and of those between groups, private sums included."""
    sizes = {bus: slot_bytes_of(plan, bus) for group in plan.groups for bus in group.buses}
    outside = sum(size for bus, size in sizes.items() if bus in read_buses)
    sums = sum(int(source.counts.max(initial=0)) for source in window.sources.values())
    return outside, sum(sizes.values()) - outside + signal_bytes(plan) * sums


def scratch_sizes(plan: StaticPlan) -> tuple[int, int, int, int]:
    """(where constants, state, buffers begin, all) in a worker's scratch; the same for every group."""
    records = max(RECORDS + (2 * len(g.ops) + len(g.posts) + 2) * RECORD_WORDS * 8 for g in plan.groups)
    records = (records + 63) // 64 * 64
    state = records + max(len(g.constants) for g in plan.groups) * FIELD_BYTES
    buffers = state + max(state_bytes(g) for g in plan.groups)
    return records, state, buffers, buffers + max(g.buffers + 1 for g in plan.groups) * BUFFER_BYTES


def wanted(
    plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int], workers: int = 1, sheets: int = 1
) -> dict[Key, int]:
    """Bytes of every region that a window needs. `read_buses` are read from outside and get several chunk slots.

    `sheets`: how many windows may be under way.
    """
    ops = sum(len(g.ops) + len(g.posts) + len(g.seeks) for g in plan.groups)
    signal = signal_bytes(plan)
    sizes: dict[Key, int] = {
        (Area.GROUPS, 0): 8 * len(Group) * len(plan.groups) * sheets,
        (Area.OPS, 0): 8 * OP_WORDS * ops * sheets,
        (Area.FEEDS, 0): 8 * len(Feed) * feed_count(plan) * sheets,
        (Area.TASKS, 0): 8 * len(Task) * len(window.tasks),
    }
    for number, path in enumerate(plan.paths):
        sizes[Area.OFFSETS, number] = 8 * len(path.measured)
        sizes[Area.TERMS, number] = 8 * len(terms_of(path.path, plan))
        sizes[Area.TAPS, number] = 4 * len(taps_of(path))
        sizes[Area.KEYS, number] = 8 * (1 + 4 * path.path.width)
        sizes[Area.LEVELS, number] = levels_bytes(path) * plan.depth
    for worker in range(workers):
        sizes[Area.SCRATCH, worker] = scratch_sizes(plan)[3]
    for number, group in enumerate(plan.groups):
        sizes[Area.STATIC_CONSTANTS, group.key] = FIELD_BYTES * len(group.constants)
        sizes[Area.STATE, group.key] = 2 * window.slots[number] * state_bytes(group) if group.carried else 0
        sizes[Area.RING, group.key] = window.slots[number] * group.ring_bytes
        for table, lengths in enumerate(group.line_lengths):
            sizes[lengths_of(group, table)] = 8 * len(lengths)
        for feed in range(len(group.feeds)):
            sizes[entries_of(group, feed)] = 16 * len(window.feeds[number, feed])
        for bus in group.buses:
            sizes[Area.BUS, bus] = slot_bytes_of(plan, bus) * (plan.depth if bus in read_buses else plan.inner_depth)
        if group.source >= 0:
            source = window.sources[group.source]
            sizes[Area.PARTIALS, group.source] = signal * plan.inner_depth * int(source.counts.max(initial=0))
            sizes[Area.COUNTS, group.source] = 8 * window.chunks
            rows = len(source.halves) * LANES
            sizes[Area.ONSETS, group.source] = 8 * rows
            if group.kind is GroupKind.VOICES:
                sizes[Area.CONSTANTS, group.source] = FIELD_BYTES * len(group.constants) * len(source.halves)
            else:
                for column in group.columns:
                    size = 4 if column.dtype == "f4" else 8
                    sizes[Region(Area.COLUMN, group.source, column.name).key] = size * column.width * rows
    for sheet in range(1, sheets):
        sizes.update({on_sheet(key, sheet): size for key, size in sizes.items() if key[0] in ON_SHEETS})
    return sizes


def ample(plan: StaticPlan, sizes: Mapping[Key, int], factor: float) -> dict[Key, int]:
    """The sizes of the first of several windows, with room for the others: while one runs nothing can be moved.

    Tables are `factor` times as long. At once there may sound twice as many slices, and SLICES of little state.
    """
    tables = {on_sheet((area, 0), sheet)[0] for area in ON_SHEETS for sheet in (0, 1)}
    found = {key: int(size * factor) if key[0] in tables else size for key, size in sizes.items()}
    for group in plan.groups:
        if group.source < 0:
            continue
        one_slice = signal_bytes(plan) * plan.inner_depth
        found[Area.PARTIALS, group.source] = max(2 * found[Area.PARTIALS, group.source], one_slice)
        for area, each in ((Area.STATE, 2 * state_bytes(group) * group.carried), (Area.RING, group.ring_bytes)):
            many = min(SLICES, SLICES_BYTES // max(each, 1)) * each
            found[area, group.key] = max(2 * found[area, group.key], many)
    return found


def feed_count(plan: StaticPlan) -> int:
    """How many step-fed constants all groups have."""
    return sum(len(group.feeds) for group in plan.groups)


def write_programs(plan: StaticPlan, arena: Arena, read_buses: frozenset[int], sheets: int = 1) -> None:
    """Writes what does not change while the layout stays: groups, ops, line lengths."""
    layout, count = arena.layout, len(plan.groups) * sheets
    groups = arena.region((Area.GROUPS, 0), np.int64)[: len(Group) * count].reshape(-1, len(Group))
    ops = arena.region((Area.OPS, 0), np.int64)
    constants_at, state_at, buffers_at, _ = scratch_sizes(plan)
    kernels = {name: number for number, name in enumerate(plan.kernels)}
    for number, path in enumerate(plan.paths):
        places = {bus: layout.offset((Area.BUS, bus)) // 4 for bus in plan.buses}
        offsets = arena.region((Area.OFFSETS, number), np.int64)
        offsets[: len(path.measured)] = [places[bus] for bus in path.measured]
        terms = terms_of(path.path, plan, places)
        arena.region((Area.TERMS, number), np.int64)[: len(terms)] = terms
        taps = taps_of(path)
        arena.region((Area.TAPS, number), np.float32)[: len(taps)] = taps
    worker = 0
    while (Area.SCRATCH, worker) in layout.regions:
        silence = layout.offset((Area.SCRATCH, worker)) + buffers_at
        arena.view(silence, np.uint8, BUFFER_BYTES)[:] = 0
        worker += 1
    next_op = next_feed = 0
    for row, (sheet, group) in zip(groups, product(range(sheets), plan.groups), strict=True):
        check_limits(group)
        row[Group.BLOCK_FRAMES] = group.block_frames
        row[Group.FIRST_OP] = next_op
        row[Group.OPS], row[Group.POST_OPS], row[Group.SEEKS] = len(group.ops), len(group.posts), len(group.seeks)
        row[Group.CONSTANTS], row[Group.STATE_FIELDS] = len(group.constants), group.fields
        row[Group.FIRST_FEED], row[Group.FEEDS] = next_feed, len(group.feeds)
        onsets = on_sheet((Area.ONSETS, group.source), sheet)
        row[Group.ONSETS] = layout.offset(onsets) if group.kind is GroupKind.VOICES else 0
        row[Group.RECORDS_AT], row[Group.CONSTANTS_AT] = 0, constants_at
        row[Group.LINE_BYTES] = group.line_bytes
        row[Group.STATE_AT], row[Group.BUFFERS_AT] = state_at, buffers_at
        row[Group.KEY], row[Group.SHARE] = key_word(group.key), share_of(plan, group)
        for op in (*group.ops, *group.posts, *group.seeks):
            words = ops[next_op * OP_WORDS : (next_op + 1) * OP_WORDS]
            record = [
                (code, value + buffers_at if code in (Code.SCRATCH, Code.HALF_OUT) else value, step)
                for code, value, step in (resolved(word, layout, group, (plan, sheet), read_buses) for word in op.words)
            ]
            write_op(words, op, kernels[op.kernel], record)
            next_op += 1
        next_feed += len(group.feeds)
        for table, lengths in enumerate(group.line_lengths):
            arena.region(lengths_of(group, table), np.int64)[: len(lengths)] = lengths


def share_of(plan: StaticPlan, group: GroupPlan) -> RingHead:
    """What the time of a group's tasks counts as."""
    of_paths = any(path.holds(bus) for path in plan.paths for bus in group.buses)
    return RingHead.OUTPUT_NS if of_paths else RingHead.KERNELS_NS


def taps_of(path: PathPlan) -> tuple[float, ...]:
    """The numbers of the filters of a path: for true peaks, and for loudness."""
    return (*TAPS, *weights(path.rate))


def terms_of(path: OutputPath, plan: StaticPlan, places: Mapping[int, int] | None = None) -> list[int]:
    """What a path adds to each channel, as `workers.nodes.master` reads it; `places`: where buses lie, in floats."""
    starts, terms = [0], list[int]()
    plane = signal_bytes(plan) // 8
    for channel in path.channels:
        for term in channel:
            place = places[term.bus] if places is not None else 0
            terms += [place + plane * (term.side or 0), int(term.side is None)]
        starts.append(len(terms) // 2)
    return [*starts, *terms]


def check_limits(group: GroupPlan) -> None:
    """A bus of absurd size is an error that says so."""
    moving = sum(2 * word.code in (Code.SIGNAL, Code.OUT) for op in (*group.ops, *group.posts) for word in op.words)
    if len(group.feeds) > MOST_FEEDS or moving > MOST_MOVING // 2:
        raise ScoreError(
            f"`{group.name}` holds too many patterns or buses for one expression",
            hint=f"at most {MOST_FEEDS} patterns and {MOST_MOVING // 2} buses: split it over several buses",
        )


def write_op(words: Ints, op: OpPlan, kernel: int, record: list[tuple[Code, int, int]]) -> None:
    """One op's entry: the number of its kernel and the (code, value, step) of each word of its record."""
    words[Op.KERNEL], words[Op.WORDS], words[Op.OUT_WORD] = kernel, len(record), op.out_word
    words[Op.FIRST_FIELD], words[Op.FIELDS], words[Op.NODE] = op.first_field, op.fields, op.node
    assert len(record) <= RECORD_WORDS - 2, op.kernel
    for index, (code, value, step) in enumerate(record):
        at = int(Op.FIRST_WORD) + 3 * index
        words[at], words[at + 1], words[at + 2] = int(code), value, step


def resolved(
    word: Word, layout: Layout, group: GroupPlan, of: tuple[StaticPlan, int], read_buses: frozenset[int]
) -> tuple[Code, int, int]:
    """A word's code, value and step with its region's offset; signals between groups have slots of their own.

    `of`: the plan, and the number of a sheet.
    """
    plan, sheet = of
    if word.region is None:
        return word.code, word.value, word.step
    area, number = word.region.area, word.region.number
    code, step = word.code, word.step
    if area is Area.BUS:
        code, step = (Code.SIGNAL if number in read_buses else Code.INNER), slot_bytes_of(plan, number)
    elif area is Area.PARTIALS:
        code, step = Code.INNER, partials_step(plan, layout, number)
    key = lengths_of(group, number) if area is Area.LENGTHS else word.region.key
    return code, word.value + layout.offset(on_sheet(key, sheet)), step


def lengths_of(group: GroupPlan, table: int) -> Key:
    """The region of a group's table of line lengths."""
    return Area.LENGTHS, f"{group.key} {table}"


def entries_of(group: GroupPlan, feed: int) -> Key:
    """The region of the steps of a group's step-fed constant."""
    return Area.ENTRIES, f"{group.key} {feed}"


def partials_step(plan: StaticPlan, layout: Layout, source: int) -> int:
    """Bytes from a chunk slot of a source's private sums to the next."""
    signal = signal_bytes(plan)
    return layout.regions[Area.PARTIALS, source][1] // plan.inner_depth // signal * signal
