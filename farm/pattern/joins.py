"""Joins: two patterns meet in time, at onsets or over spans, or one chooses others."""

from __future__ import annotations

from collections.abc import Callable
from math import lcm
from typing import Any

import numpy as np

from farm.errors import ScoreError
from farm.pattern.hap import NONE, Haps, concat
from farm.pattern.pattern import HAPS_PER_CYCLE, TABLE_PERIOD, Pattern, common_period, is_steady, silence
from farm.pattern.time import OVERFLOW, Floats, Ints, Times
from farm.pattern.unique import unique


def join(begin: Times, end: Times | None, row: Ints, right: Haps, right_times: Times, den: int) -> tuple[Ints, Ints]:
    """Pairs (i, j) where span i meets the part of hap j of `right` in the same row, ascending in i.

    Spans are integers over `den` inside their row; without `end` they are instants. Raises `ScoreError` where the
    pairs would pass `HAPS_PER_CYCLE` a row.
    """
    rows = int(max(row.max(initial=0), right.row.max(initial=0))) + 2
    wide = rows * den >= OVERFLOW
    left_row: Times = row.astype(object) if wide else row
    right_row: Times = right.row.astype(object) if wide else right.row
    part_begin = right_row * den + right_times[2]
    part_end = right_row * den + right_times[3]
    order: Ints | None = None
    if len(part_begin) > 1 and (part_begin[1:] < part_begin[:-1]).any():
        order = np.argsort(part_begin, kind="stable")
        part_begin, part_end = part_begin[order], part_end[order]
    latest = np.maximum.accumulate(part_end) if len(part_end) else part_end
    first = left_row * den + begin
    low = np.searchsorted(latest, first, "right")
    if end is None:
        high = np.searchsorted(part_begin, first, "right")
    else:
        high = np.searchsorted(part_begin, left_row * den + end, "left")
    count = np.maximum(high - low, 0)
    if count.max(initial=0) <= 1:
        left = np.flatnonzero(count)
        matched = low[left]
    else:
        if int(count.sum()) > HAPS_PER_CYCLE * rows:
            raise ScoreError(f"more than {HAPS_PER_CYCLE:,} haps in one cycle", hint="combine fewer layers")
        left = np.repeat(np.arange(len(first)), count)
        matched = np.arange(len(left)) - (np.cumsum(count) - count)[left] + low[left]
        meets = part_end[matched] > first[left]
        left, matched = left[meets], matched[meets]
    if order is None:
        return left, matched
    matched = order[matched]
    if len(left) > 1:
        # Among the matches of one span the right's own order holds.
        by_pair = np.lexsort((matched, left))
        left, matched = left[by_pair], matched[by_pair]
    return left, matched


def at_onsets(left: Haps, cycles: Ints, right: Pattern) -> tuple[Ints, Ints, Haps]:
    """Pairs (i, j) and haps of `right`: its hap j sounds at the onset of hap i, also where that lies in another row."""
    den, begin = left.den, left.times[0]
    earlier = begin // den if left.reach > 1 else None
    if earlier is None or not earlier.any():
        haps = right.query(cycles)
        row, instants = left.row, begin
    else:
        distinct, row = np.unique(cycles[left.row] + earlier.astype(np.int64), return_inverse=True)
        haps = right.query(distinct)
        instants = begin - earlier * den
    if not len(haps.row):
        nobody = np.zeros(0, np.int64)
        return nobody, nobody, haps
    common = lcm(den, haps.den)
    if common * 2 >= OVERFLOW:
        instants = instants.astype(object)
    i, j = join(instants * (common // den), None, row, haps, haps.over(common), common)
    return i, j, haps


def sample(left: Pattern, right: Pattern, combine: Callable[[Haps, Haps], Haps]) -> Pattern:
    """The structure of `left` with what sounds in `right` at its onsets; `combine` gets the haps in pairs.

    A hap without a partner is left out; several partners make several haps.
    """

    def answer(cycles: Ints) -> Haps:
        haps = left.query(cycles)
        if not len(haps.row):
            return haps
        i, j, others = at_onsets(haps, cycles, right)
        if not len(i):
            return NONE
        return combine(haps.take(i), others.take(j))

    peak = left.peak if right.peak else 0
    return Pattern(answer, common_period(left.period, right.period), peak, (left, right))


def both(left: Pattern, right: Pattern, combine: Callable[[Haps, Haps], Haps], *, cut_wholes: bool = True) -> Pattern:
    """A hap for every two that sound together, over their intersection; `combine` gets them in pairs.

    With `cut_wholes` false the wholes of `left` stay and only its parts are cut.
    """

    def answer(cycles: Ints) -> Haps:
        haps, others = left.query(cycles), right.query(cycles)
        if not len(haps.row) or not len(others.row):
            return NONE
        den = lcm(haps.den, others.den)
        own, other = haps.over(den), others.over(den)
        i, j = join(own[2], own[3], haps.row, others, other, den)
        if not len(i):
            return NONE
        mine, theirs = own.take(i, axis=1), other.take(j, axis=1)
        times = np.empty_like(mine if mine.dtype == object else theirs)
        np.maximum(mine[::2], theirs[::2], out=times[::2])
        np.minimum(mine[1::2], theirs[1::2], out=times[1::2])
        if not cut_wholes:
            times[:2] = mine[:2]
        return combine(haps.take(i), others.take(j)).timed(times, den, max(haps.reach, others.reach))

    peak = left.peak + right.peak if left.peak and right.peak else 0
    return Pattern(answer, common_period(left.period, right.period), peak, (left, right))


def inner_join(selector: Pattern, choose: Callable[[int], Pattern], rank: Callable[[int], Any]) -> Pattern:
    """The values of `selector` choose patterns, whose haps keep their wholes and are cut to the selector's parts.

    `choose` is asked once for each value id. Groups come in the order of `rank(id)`, which must depend on the
    value and not on when its id was given.
    """
    known: dict[int, Pattern] = {}
    parts = [selector]

    def chosen(value: int) -> Pattern:
        pattern = known.get(value)
        if pattern is None:
            pattern = known[value] = choose(value)
            parts.append(pattern)
        return pattern

    def values_of(haps: Haps) -> tuple[Floats, list[float]]:
        ids = haps.column("v")
        return ids, sorted(unique(ids).tolist(), key=lambda value: rank(int(value)))

    def answer(cycles: Ints) -> Haps:
        spans = selector.query(cycles)
        if not len(spans.row):
            return NONE
        ids, distinct = values_of(spans)
        found = []
        for value in distinct:
            own = spans.keep(ids == value) if len(distinct) > 1 else spans
            found.append(_cut_to(own, chosen(int(value)), cycles))
        return concat(found)

    period = None
    looked_at = selector.query(np.arange(min(selector.period or TABLE_PERIOD, TABLE_PERIOD)))
    if not len(looked_at.row):
        return silence if is_steady(selector) else Pattern(answer, None, 1.0, parts)
    ids, distinct = values_of(looked_at)
    patterns = [chosen(int(value)) for value in distinct]
    if is_steady(selector):
        period = common_period(selector.period, *[pattern.period for pattern in patterns])
    lengths = ((looked_at.times[3] - looked_at.times[2]) / looked_at.den).astype(np.float64)
    peaks = np.array([known[int(value)].peak for value in ids])
    return Pattern(answer, period, max(float(np.bincount(looked_at.row, lengths * peaks).max()), 1.0), parts)


def _cut_to(spans: Haps, pattern: Pattern, cycles: Ints) -> Haps:
    """The haps of `pattern` cut to the parts of `spans`."""
    rows, inverse = np.unique(spans.row, return_inverse=True)
    haps = pattern.query(cycles[rows])
    if not len(haps.row):
        return NONE
    whole_cycles = not spans.times[2].any() and (spans.times[3] == spans.den).all()
    if whole_cycles and len(rows) == len(spans.row):
        return haps.at_rows(rows[haps.row])
    den = lcm(haps.den, spans.den)
    own, limits = haps.over(den), spans.over(den)
    i, j = join(own[2], own[3], haps.row, spans.at_rows(inverse), limits, den)
    times = own.take(i, axis=1)
    if limits.dtype == object and times.dtype != object:
        times = times.astype(object)
    times[2] = np.maximum(times[2], limits[2][j])
    times[3] = np.minimum(times[3], limits[3][j])
    cut = haps.take(i).timed(times, den, haps.reach)
    return cut.at_rows(rows[cut.row])
