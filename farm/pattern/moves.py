"""Single haps: moved by their own delay, ranked by onset, cut into equal ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from farm.pattern.hap import NONE, Haps, concat
from farm.pattern.pattern import Pattern, silence
from farm.pattern.time import OVERFLOW, Ints, Times, multiplied
from farm.pattern.unique import unique


def nudge(pattern: Pattern, delay: Callable[[Haps], tuple[Times, int]]) -> Pattern:
    """Each hap moved by its own delay of 0 .. 1 cycle.

    `delay(haps)` returns integers (n,) and a scale: the delay is integer / (haps.den * scale) cycles. Only haps
    with their onset are moved and seen in the cycle they begin in and the next; later fragments are dropped,
    for no voice hangs on them.
    """
    if not pattern.peak:
        return silence

    def answer(cycles: Ints) -> Haps:
        asked = unique(np.concatenate([cycles - 1, cycles]))
        haps = pattern.query(asked)
        haps = haps.keep(haps.times[0] == haps.times[2])
        if not len(haps.row):
            return NONE
        amounts, scale = delay(haps)
        den = haps.den * scale
        reach = haps.reach + 2
        wholes = multiplied(haps.times[:2], scale, den, reach) + amounts
        found: list[Haps] = []
        for later_by in (1, 0):
            shown_in = np.full(len(asked), -1)
            shown_in[np.searchsorted(asked, cycles - later_by)] = np.arange(len(cycles))
            row = shown_in[haps.row]
            begin, end = wholes - later_by * den
            part_begin, part_end = np.maximum(begin, 0), np.minimum(end, den)
            index = np.flatnonzero((row >= 0) & (part_begin < part_end))
            times = np.stack([begin, end, part_begin, part_end]).take(index, axis=1)
            found.append(haps.take(index).at_rows(row[index]).timed(times, den, reach))
        return concat(found)

    return Pattern(answer, pattern.period, pattern.peak, (pattern,))


def onset_ranks(haps: Haps) -> Ints:
    """For each hap the index of its onset among the distinct onsets of its row, (n,)."""
    wide = (int(haps.row.max(initial=0)) + 1 + haps.reach) * haps.den >= OVERFLOW
    row: Times = haps.row.astype(object) if wide else haps.row
    instants = row * haps.den + haps.times[0]
    distinct, inverse = np.unique(instants, return_inverse=True)
    rows = (distinct // haps.den).astype(np.int64)
    ranks: Ints = (np.arange(len(distinct)) - np.searchsorted(rows, rows))[inverse]
    return ranks


def divided(haps: Haps, count: int) -> tuple[Haps, Ints]:
    """Each hap cut into `count` equal ones, and which of them each result is, 0 .. count - 1."""
    den = haps.den * count
    index = np.repeat(np.arange(len(haps.row)), count)
    rank = np.tile(np.arange(count), len(haps.row))
    whole = multiplied(haps.times, count, den, haps.reach).take(index, axis=1)
    step = (haps.times[1] - haps.times[0])[index]
    begin = whole[0] + rank * step
    end = begin + step
    times = np.stack([begin, end, np.maximum(whole[2], begin), np.minimum(whole[3], end)])
    seen = np.flatnonzero(times[2] < times[3])
    if len(seen) < len(index):
        index, rank, times = index[seen], rank[seen], times.take(seen, axis=1)
    return haps.take(index).timed(times, den, haps.reach), rank
