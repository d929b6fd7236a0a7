"""A pattern as a step function of time: what a string means where a signal is wanted."""

from __future__ import annotations

import heapq
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from farm.pattern.clock import Clock
from farm.pattern.hap import by_row
from farm.pattern.pattern import Pattern
from farm.pattern.time import OVERFLOW, Floats, Ints, Times


class Steps(NamedTuple):
    """Steps, sorted: from `frames[i]` (int64) on holds the value `ids[i]` (float64; NaN = nothing sounds).

    `onset[i]` (bool) tells whether a hap begins there, rather than one that began before being heard again.
    """

    frames: Ints
    ids: Floats
    onset: npt.NDArray[np.bool_]


def steps(pattern: Pattern, first_cycle: int, cycles: int, clock: Clock) -> Steps:
    """The steps of a raw pattern over `cycles` cycles from `first_cycle` on.

    At time t holds the hap whose part contains t, of several the first in their cycle (the first layer). The first
    step begins with the first cycle. A hap that goes on makes no new step, an onset always does; of steps that fall
    on one frame the last one counts.
    """
    asked = np.arange(first_cycle, first_cycle + cycles)
    haps, _ = by_row(pattern.query(asked), cycles)
    den = haps.den
    base: Times = haps.row
    if (cycles + 2 * haps.reach + 2) * den >= OVERFLOW:
        base = base.astype(object)
    times: Any = base * den + haps.times
    begin, holder = _painted(times[2], times[3], cycles * den)
    ids = np.full(len(begin), np.nan)
    heard = holder >= 0
    ids[heard] = haps.column("v")[holder[heard]]
    whole = np.full(len(begin), -1, times.dtype)
    whole[heard] = times[0][holder[heard]]
    onset = heard & (whole == begin)
    same_value = (ids[1:] == ids[:-1]) | (np.isnan(ids[1:]) & np.isnan(ids[:-1]))
    same_hap = (whole[1:] == whole[:-1]) & (heard[1:] == heard[:-1])
    keep = np.ones(len(begin), bool)
    keep[1:] = onset[1:] | ~(same_value & same_hap)
    begin, ids, onset = begin[keep], ids[keep], onset[keep]
    cycle = np.full(len(begin), first_cycle, np.int64)
    frames = clock.frames(cycle, begin, den, cycles + 1)
    last = np.ones(len(frames), bool)
    last[:-1] = frames[1:] > frames[:-1]
    return Steps(frames[last], ids[last], onset[last].astype(bool))


def _painted(begin: Times, end: Times, total: int) -> tuple[Times, Ints]:
    """Where the first of several overlapping spans changes: begins of the stretches, and span or -1 for each.

    The stretches cover 0 .. `total`.
    """
    order = np.argsort(begin, kind="stable")
    sorted_begin, sorted_end = begin[order], end[order]
    if len(order) and not (sorted_end[:-1] > sorted_begin[1:]).any():
        return _separate(sorted_begin, sorted_end, order, total)
    edges: list[int] = []
    holders: list[int] = []
    waiting: list[int] = []
    starts, finishes, sequence = begin.tolist(), end.tolist(), order.tolist()
    instants = sorted({0, *starts, *finishes})
    upcoming = 0
    for instant in instants:
        while upcoming < len(sequence) and starts[sequence[upcoming]] <= instant:
            heapq.heappush(waiting, sequence[upcoming])
            upcoming += 1
        while waiting and finishes[waiting[0]] <= instant:
            heapq.heappop(waiting)
        if instant < total:
            edges.append(instant)
            holders.append(waiting[0] if waiting else -1)
    return np.array(edges, begin.dtype), np.array(holders, np.int64)


def _separate(begin: Times, end: Times, order: Ints, total: int) -> tuple[Times, Ints]:
    """`_painted` of sorted spans that do not overlap."""
    before = np.concatenate([np.zeros(1, begin.dtype), end])
    after = np.concatenate([begin, np.array([total], begin.dtype)])
    gap = np.flatnonzero(before < after)
    edges = np.concatenate([begin, before[gap]])
    holders = np.concatenate([order, np.full(len(gap), -1)])
    by_time = np.argsort(edges, kind="stable")
    return edges[by_time], holders[by_time]
