"""The tables of a window, made ahead for a layout of the arena: what is left to do is to copy them there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.plan.instants import seen_one
from farm.plan.lower import entries_of, on_sheet, partials_step, signal_bytes, state_bytes
from farm.plan.path import PathPlan
from farm.plan.plan import Area, ConstantKind, GroupKind, GroupPlan, Region, Side, SourceWindow, StaticPlan, WindowPlan
from farm.plan.program import SIGNS
from workers.arena import Arena, Key, Layout
from workers.dsp.dither_keys import EPOCH, dither_key
from workers.wire import FIELD_BYTES, LANES, Feed, Task

Ints = NDArray[np.int64]
Tables = list[tuple[Key, int, NDArray[Any]]]
"""What regions hold, each from one of its items on: flat arrays."""

COLUMN_TYPES = {"f4": np.float32, "i8": np.int64}
SIDES: NDArray[np.float32] = np.array([SIGNS[Side.LEFT], SIGNS[Side.RIGHT], *[0.0] * (LANES - 2)], np.float32)
"""Of the lanes of a bus."""


def window_tables(plan: StaticPlan, window: WindowPlan, layout: Layout, sheet: int = 0, first_task: int = 0) -> Tables:
    """All tables of a window for an arena with this layout, on a sheet. `first_task`: their place in TASKS."""
    tasks = addressed(plan, window, layout, sheet).ravel()
    tables: Tables = [((Area.TASKS, 0), first_task * len(Task), tasks)]
    tables += feed_tables(plan, window, layout, sheet)
    for number, path in enumerate(plan.paths):
        tables.append((on_sheet((Area.KEYS, number), sheet), 0, keys_of(path, window)))
    for number, group in enumerate(plan.groups):
        if group.source >= 0:
            of_source = source_tables(window.sources[group.source], group)
            tables += [(on_sheet(key, sheet), 0, values) for key, values in of_source]
        if group.kind is not GroupKind.VOICES:
            key = on_sheet((Area.STATIC_CONSTANTS, group.key), sheet)
            tables.append((key, 0, bus_constants(window, number, group).ravel()))
    return tables


def keys_of(path: PathPlan, window: WindowPlan) -> Ints:
    """The keys of a path's dither in a window, as `workers.nodes.deliver` reads them."""
    coding, epoch = path.path.coding, window.first_frame // EPOCH
    if coding is None:
        return np.zeros(1, np.int64)
    channels = range(path.path.width)
    keys = [dither_key(coding.seed, channel, one) for one in (epoch, epoch + 1) for channel in channels]
    return np.array([epoch, *(half for key in keys for half in (key & 0xFFFFFFFF, key >> 32))], np.int64)


def put(arena: Arena, tables: Tables) -> None:
    """Copies tables into their regions."""
    for key, first, values in tables:
        arena.region(key, values.dtype)[first : first + values.size] = values


def addressed(plan: StaticPlan, window: WindowPlan, layout: Layout, sheet: int) -> Ints:
    """The tasks of a window, with offsets in the arena where they had numbers: int64 (tasks, fields)."""
    tasks = window.tasks.copy()
    tasks[:, Task.SLOT] = (tasks[:, Task.CHUNK] + window.first_chunk) % plan.depth
    tasks[:, Task.INNER_SLOT] = (tasks[:, Task.CHUNK] + window.first_chunk) % plan.inner_depth
    offsets = np.array([group_offsets(plan, layout, number, sheet) for number in range(len(plan.groups))], np.int64)
    state, state_step, ring, ring_step, constants, constants_step, sums, sums_step = offsets[tasks[:, Task.GROUP]].T
    for name in (Task.STATE_IN, Task.STATE_OUT):
        slots = tasks[:, name]
        tasks[:, name] = np.where(slots < 0, -1, state + slots * state_step)
    tasks[:, Task.RING] = ring + tasks[:, Task.RING] * ring_step
    tasks[:, Task.CONSTANTS] = constants + tasks[:, Task.CONSTANTS] * constants_step
    sums = sums + tasks[:, Task.INNER_SLOT] * sums_step
    tasks[:, Task.OUT] = sums + tasks[:, Task.OUT] * signal_bytes(plan)
    tasks[:, Task.GROUP] += sheet * len(plan.groups)
    return tasks


def group_offsets(plan: StaticPlan, layout: Layout, number: int, sheet: int) -> tuple[int, ...]:
    """Where a group's state, rings, constants and private sums begin, each with the step from one to the next."""
    group = plan.groups[number]
    constants = layout.offset(on_sheet((Area.STATIC_CONSTANTS, group.key), sheet)), 0
    if group.kind is GroupKind.VOICES:
        step = FIELD_BYTES * len(group.constants)
        constants = layout.offset(on_sheet((Area.CONSTANTS, group.source), sheet)), step
    sums = 0, 0
    if group.source >= 0:
        sums = layout.offset((Area.PARTIALS, group.source)), partials_step(plan, layout, group.source)
    state = layout.offset((Area.STATE, group.key)), state_bytes(group)
    return (*state, layout.offset((Area.RING, group.key)), group.ring_bytes, *constants, *sums)


def feed_tables(plan: StaticPlan, window: WindowPlan, layout: Layout, sheet: int) -> Tables:
    """Entries of step ports, and where they lie."""
    feeds = [(number, index) for number, group in enumerate(plan.groups) for index in range(len(group.feeds))]
    records = np.zeros((len(feeds), len(Feed)), np.int64)
    tables: Tables = []
    for record, (number, index) in zip(records, feeds, strict=True):
        group, entries = plan.groups[number], window.feeds[number, index]
        key = on_sheet(entries_of(group, index), sheet)
        tables.append((key, 0, entries.ravel()))
        record[Feed.CONSTANT], record[Feed.COUNT] = group.feeds[index].constant, len(entries)
        record[Feed.ENTRIES] = layout.offset(key)
    return [*tables, ((Area.FEEDS, 0), sheet * records.size, records.ravel())]


def source_tables(source: SourceWindow, group: GroupPlan) -> Iterator[tuple[Key, NDArray[Any]]]:
    """The voices of a source."""
    yield (Area.COUNTS, group.source), source.counts
    yield (Area.ONSETS, group.source), source.columns["onset"]
    if source.constants is not None:
        yield (Area.CONSTANTS, group.source), source.constants.ravel()
        return
    for column in group.columns:
        values = np.ascontiguousarray(source.columns[column.name], COLUMN_TYPES[column.dtype])
        yield Region(Area.COLUMN, group.source, column.name).key, values.ravel()


def bus_constants(window: WindowPlan, number: int, group: GroupPlan) -> NDArray[np.uint32]:
    """Constants of a bus, uint32 bits (constants, 16): the same in every window but for where ages count from."""
    table = np.zeros((len(group.constants), LANES), np.uint32)
    start = seen_one(window.starts[number], window.first_frame)
    moving = {ConstantKind.SINCE: start[0], ConstantKind.PAST: start[1]}
    if window.end_frame is not None:
        moving[ConstantKind.END], _ = seen_one(window.end_frame, window.first_frame)
    for index, constant in enumerate(group.constants):
        if constant.kind is ConstantKind.SIDE:
            table[index] = SIDES.view(np.uint32)
        else:
            table[index] = moving.get(constant.kind, constant.value)
    return table
