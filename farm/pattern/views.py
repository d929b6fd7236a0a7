"""Bending time: `view`, the one primitive that does, and what is one call of it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, gcd, lcm
from typing import Any

import numpy as np

from farm.errors import ScoreError
from farm.pattern.hap import NONE, Haps
from farm.pattern.pattern import FOLDED, Pattern, common_period, constant, silence
from farm.pattern.time import OVERFLOW, Ints, Times, multiplied, settled, widened

MOST_CYCLES = 4_000_000
"""Cycles that one view may look at."""


def view(
    pattern: Pattern, row: Ints | None, slot: Times | int, inner: Times, length: int, den: int, rate: Fraction
) -> Haps:
    """The one primitive that bends time: windows onto another pattern's time.

    Entry e shows, in row `row[e]` (None: e) from `slot[e] / den` on, the time of `pattern` from `inner[e] / den`,
    `length / den` long, at `rate` inner cycles for one outer cycle.
    """
    a, b = rate.numerator, rate.denominator
    if len(inner) * (length // den) > MOST_CYCLES:
        raise ScoreError(
            f"this looks at more than {MOST_CYCLES:,} cycles of a pattern at once",
            hint="a pattern is slowed down and made faster again by huge factors",
        )
    first = inner // den
    aligned = length % den == 0 and not (inner % den).any()
    entry: Ints | None = None
    if aligned:
        asked = first
        if length != den:
            cycles = length // den
            entry = np.repeat(np.arange(len(inner)), cycles)
            asked = (first[:, None] + np.arange(cycles)).ravel()
    else:
        cut = (-(-(inner + length) // den) - first).astype(np.int64)
        entry = np.repeat(np.arange(len(inner)), cut)
        asked = first[entry] + np.arange(len(entry)) - (np.cumsum(cut) - cut)[entry]
    haps = pattern.query(asked.astype(np.int64, copy=False))
    if not len(haps.row):
        return NONE
    inner_of = inner if entry is None else inner[entry]
    slot_of = slot if entry is None or isinstance(slot, int) else slot[entry]
    # outer = offset / (den * a) + inner time * b / a
    offset: Times = slot_of * a + (asked * den - inner_of) * b
    units = den * a
    low: Any = None
    high: Any = None
    if aligned:
        divisor = int(np.gcd.reduce(offset, initial=units))
    else:
        low = np.full(len(asked), slot_of, inner.dtype) if isinstance(slot_of, int) else slot_of.astype(inner.dtype)
        low = low * a
        high = low + length * b
        divisor = int(np.gcd.reduce(np.concatenate([offset, low, high]), initial=units))
    units //= divisor
    shared = gcd(b, haps.den * a)
    own_den = haps.den * a // shared
    new_den = lcm(units, own_den)
    reach = -(-haps.reach * b // a) + 2 + ceil(Fraction(length, den) / rate)
    times = multiplied(haps.times, b // shared * (new_den // own_den), new_den, reach)
    finer = new_den // units
    wide = new_den * reach >= OVERFLOW
    times = times + _rescaled(offset, divisor, finer, wide)[haps.row]
    rows = haps.row if entry is None else entry[haps.row]
    rows = rows if row is None else row[rows]
    moved = Haps(rows, times, new_den, reach, haps.key, haps.values, haps.names)
    if aligned:
        return moved if times.dtype != object else moved.timed(times, new_den, reach)
    np.maximum(times[2], _rescaled(low, divisor, finer, wide)[haps.row], out=times[2])
    np.minimum(times[3], _rescaled(high, divisor, finer, wide)[haps.row], out=times[3])
    cut_haps = moved.keep(times[2] < times[3])
    return cut_haps.timed(cut_haps.times, new_den, reach)


def _rescaled(numbers: Times, divisor: int, factor: int, wide: bool) -> Times:
    if divisor != 1:
        numbers = numbers // divisor
    if wide:
        numbers = numbers.astype(object)
    return numbers if factor == 1 else numbers * factor


def _each(start: Times, row_of: Ints, cycle: Ints) -> Times:
    """Where the cut of each hap is; one number if it is the same for all."""
    return start if len(start) == 1 else start.take(row_of).take(cycle)


def faster(rate: Fraction, pattern: Pattern) -> Pattern:
    """`rate` cycles of the pattern in one; silence unless `rate` > 0."""
    a, b = rate.numerator, rate.denominator
    if a <= 0 or not pattern.peak:
        return silence
    if a == b:
        return pattern
    pieces = pattern.pieces
    if b == 1 and pieces is not None and pattern.coin is None and a * len(pieces) <= FOLDED:
        own = pattern.grid
        return constant(
            [(begin + i * own, end + i * own, v, loc) for i in range(a) for begin, end, v, loc in pieces], a * own
        )
    period = None if pattern.period is None else b * pattern.period // gcd(a, b * pattern.period)
    return Pattern(
        lambda c: view(pattern, None, 0, widened(c, a * b * b) * a, a, b, rate),
        common_period(period),
        float(rate) * pattern.peak,
        (pattern,),
    )


def shifted(pattern: Pattern, shift: Callable[[Ints], Times | int], den: int, period: int | None) -> Pattern:
    """Cycle c shows the cycle that begins `shift(c) / den` after c: positive is earlier."""
    if not pattern.peak:
        return silence
    return Pattern(
        lambda c: moved(pattern, widened(c, den * den) * den + shift(c), den), period, pattern.peak, (pattern,)
    )


def moved(pattern: Pattern, inner: Times, den: int) -> Haps:
    """Row e shows the cycle from `inner[e] / den` on: the end of one cycle of `pattern` and the beginning of the next.

    Equal to `view` with rate 1, and quicker: only haps that are cut in two are looked at twice. The whole cycles in
    `inner` ascend.
    """
    first = (inner // den).astype(np.int64, copy=False)
    rest = inner % den
    if not rest.any():
        return view(pattern, None, 0, inner, den, den, Fraction(1))
    asked = np.unique(np.concatenate([first, first + 1]))
    haps = pattern.query(asked)
    if not len(haps.row):
        return NONE
    divisor = int(np.gcd.reduce(rest, initial=den))
    units = den // divisor
    new_den = lcm(units, haps.den)
    reach = haps.reach + 3
    times = multiplied(haps.times, new_den // haps.den, new_den, reach)
    start = _rescaled(rest, divisor, new_den // units, times.dtype == object).astype(times.dtype, copy=False)
    if (start == start[0]).all():
        start = start[:1]
    # In which row the end and the beginning of an asked cycle are seen, and where the cut is.
    end_in, begin_in = np.full(len(asked), -1), np.full(len(asked), -1)
    position = np.searchsorted(asked, first)
    end_in[position] = begin_in[position + 1] = np.arange(len(first))
    early = np.flatnonzero((end_in >= 0).take(haps.row) & (times[3] > _each(start, end_in, haps.row)))
    late = np.flatnonzero((begin_in >= 0).take(haps.row) & (times[2] < _each(start, begin_in, haps.row)))
    index, count = np.concatenate([early, late]), len(early)
    row = haps.row.take(index)
    row[:count], row[count:] = end_in.take(row[:count]), begin_in.take(row[count:])
    times = times.take(index, axis=1)
    times -= start if len(start) == 1 else start.take(row)
    times[:, count:] += new_den
    np.maximum(times[2, :count], 0, out=times[2, :count])
    np.minimum(times[3, count:], new_den, out=times[3, count:])
    times, new_den, reach = settled(times, new_den, reach)
    return Haps(row, times, new_den, reach, haps.key.take(index), haps.values, haps.names)


def later(time: Fraction, pattern: Pattern) -> Pattern:
    """Moved `time` cycles later, or earlier if negative."""
    if time == 0:
        return pattern
    return shifted(pattern, lambda _: -time.numerator, time.denominator, pattern.period)


def compress(begin: int, end: int, den: int, pattern: Pattern) -> Pattern:
    """Each cycle squeezed into begin / den .. end / den of itself, silence around it; 0 <= begin < end <= den."""
    if not pattern.peak:
        return silence
    rate = Fraction(den, end - begin)
    shared = gcd(begin, end, den)
    slot, den = begin // shared, den // shared
    factor = den * den * rate.numerator
    return Pattern(
        lambda c: view(pattern, None, slot, widened(c, factor) * den, den, den, rate),
        pattern.period,
        pattern.peak,
        (pattern,),
    )


def reversed_cycles(pattern: Pattern) -> Pattern:
    """Each cycle backwards."""

    def answer(cycles: Ints) -> Haps:
        haps = pattern.query(cycles)
        times = np.empty_like(haps.times)
        for here, there in enumerate((1, 0, 3, 2)):
            np.subtract(haps.den, haps.times[there], out=times[here])
        return Haps(haps.row, times, haps.den, haps.reach + 1, haps.key, haps.values, haps.names)

    return Pattern(answer, pattern.period, pattern.peak, (pattern,)) if pattern.peak else silence
