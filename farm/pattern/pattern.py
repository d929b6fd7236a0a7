"""Patterns: a pattern answers an array of cycles with `Haps`.

A pattern is built once; its closures run once a node and query, never once a hap. Few primitives touch time, and
transforms are built of them: here `rowswitch` (which pattern answers which cycle) and `per_hap` (maps haps), in
`views` `view` (bends time), in `joins` `sample`, `both` and `inner_join` (two patterns meet), in `moves` `nudge`
(moves single haps), in `sequences` `stack`, `timecat` and `slowcat`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from math import lcm

import numpy as np

from farm.errors import ScoreError
from farm.pattern.hap import NONE, Haps, by_row, concat, gathered
from farm.pattern.time import OVERFLOW, Ints, Times
from farm.pattern.unique import unique

Answer = Callable[[Ints], Haps]
Piece = tuple[int, int, int, int]
"""Begin and end in grid units, value id, loc id."""
Value = tuple[int, int]
"""Value id, loc id."""

HAPS_PER_CYCLE = 200_000
"""The most haps one cycle of a pattern may hold."""

TABLE_PERIOD = 64
"""The longest period whose cycles a pattern keeps as a table."""

FOLDED = 64
"""The most pieces of a constant sequence that are kept to be folded into the next one."""

_TABLE_HAPS = 1 << 17
_LONGEST_PERIOD = 1 << 40


class Pattern:
    """A function from cycles to haps.

    period   the answer for cycle c equals that for c % period; None if there is no (short) period
    peak     about the most haps that begin in one cycle (exact for sequences; a stretch scales it); 0 only for silence
    parts    the patterns it asks
    pieces   what sounds in each cycle, over `grid`, where the pattern is a short constant sequence; else None
    coin     probability and seed with which each of the pieces is dropped in each cycle; else None
    """

    __slots__ = ("_answer", "_last", "_table", "coin", "grid", "parts", "peak", "period", "pieces")

    def __init__(
        self,
        answer: Answer | None,
        period: int | None,
        peak: float,
        parts: Sequence[Pattern] = (),
        pieces: tuple[Piece, ...] | None = None,
        grid: int = 1,
    ) -> None:
        """Without `answer` it sounds as its pieces say."""
        self.period = period
        self.peak = peak
        self.parts = parts
        self.pieces = pieces
        self.grid = grid
        self.coin: tuple[float, int] | None = None
        self._answer = answer
        self._table: tuple[Haps, Ints] | None = None
        self._last: tuple[Ints, Haps] | None = None

    def query(self, cycles: Ints) -> Haps:
        """The haps of `cycles`, int64 (k,): any cycles in any order, repeated or negative; `row` indexes them."""
        period = self.period
        if self._table is not None and period is not None:
            return gathered(*self._table, cycles if period == 1 and len(cycles) != 1 else cycles % period)
        if period is not None and period <= TABLE_PERIOD and (period == 1 or period * self.peak <= _TABLE_HAPS):
            self._table = by_row(self._fresh(np.arange(period)), period)
            for part in self.parts:
                part.clear()
            return gathered(*self._table, cycles % period)
        last = self._last
        if last is not None and len(last[0]) == len(cycles) and (last[0] == cycles).all():
            return last[1]
        haps = self._ask(cycles)
        self._last = (cycles.copy(), haps)
        return haps

    def _ask(self, cycles: Ints) -> Haps:
        """Asks for strictly ascending cycles, each of them once."""
        count = len(cycles)
        if count == 1:
            return self._fresh(cycles)
        if self.period is not None and self.period < count:
            cycles = cycles % self.period
        if (cycles[1:] > cycles[:-1]).all():
            return self._fresh(cycles)
        distinct, inverse = np.unique(cycles, return_inverse=True)
        haps, bounds = by_row(self._fresh(distinct), len(distinct))
        return gathered(haps, bounds, inverse)

    def _fresh(self, cycles: Ints) -> Haps:
        if self._answer is None:
            return laid_out(self.pieces or (), self.grid)
        haps = self._answer(cycles)
        if len(haps.row) > HAPS_PER_CYCLE:
            check_number(haps.row)
        return haps

    def clear(self) -> None:
        """Forgets the remembered answers of this pattern and of all that it asks; tables of periods stay."""
        seen: set[int] = set()
        waiting = [self]
        while waiting:
            pattern = waiting.pop()
            if id(pattern) not in seen:
                seen.add(id(pattern))
                pattern._last = None
                if pattern._table is None:
                    waiting.extend(pattern.parts)


def check_number(row: Ints) -> None:
    """Raises ScoreError for too many haps of these rows in one cycle: numbers from signals are known only now."""
    most = int(np.bincount(row).max())
    if most > HAPS_PER_CYCLE:
        hint = "lower the numbers that come from buses or patterns"
        raise ScoreError(f"a pattern has {most:,} haps in one cycle, the limit is {HAPS_PER_CYCLE:,}", hint=hint)


def common_period(*periods: int | None) -> int | None:
    """The least common multiple, None if one of them is None or the result is too long to be of use."""
    total = 1
    for period in periods:
        if period is None:
            return None
        if period != 1:
            total = lcm(total, period)
            if total > _LONGEST_PERIOD:
                return None
    return total


def _itself(cycles: Ints) -> Times:
    return cycles


def _nothing(_: Ints) -> Haps:
    return NONE


silence = Pattern(_nothing, 1, 0)
"""The pattern without haps."""


def pure(value: int, loc: int = 0) -> Pattern:
    """One hap a cycle, a cycle long: an interned value and the place it is written at."""
    return Pattern(None, 1, 1, (), ((0, 1, value, loc),))


def chord(values: Sequence[int], loc: int = 0) -> Pattern:
    """Several interned values together, each a cycle long."""
    return constant([(0, 1, value, loc) for value in values], 1)


def constant(pieces: Iterable[Piece], grid: int) -> Pattern:
    """The same `pieces` in each cycle, in units of 1 / `grid` of it."""
    pieces = tuple(pieces)
    if not pieces:
        return silence
    return Pattern(None, 1, len(pieces), (), pieces, grid)


def laid_out(pieces: tuple[Piece, ...], grid: int) -> Haps:
    """The haps of one cycle of `pieces`; equal values share a row of the table."""
    if grid >= OVERFLOW >> 2:
        columns = np.array(pieces, dtype=object).T
    else:
        columns = np.fromiter(chain.from_iterable(pieces), np.int64, 4 * len(pieces)).reshape(-1, 4).T
    times = columns[[0, 1, 0, 1]]
    if len(pieces) <= FOLDED:
        rows: dict[tuple[int, int], int] = {}
        key = np.array([rows.setdefault(piece[2:], len(rows)) for piece in pieces])
        values = np.array(list(rows), np.float64).T
    else:
        ids, places = columns[2:].astype(np.int64)
        _, first, number = np.unique(ids * (places.max() + 1) + places, return_index=True, return_inverse=True)
        order = np.argsort(first)
        values = columns[2:].take(first[order], axis=1).astype(np.float64)
        key = np.argsort(order).take(number)
    return Haps(np.zeros(len(pieces), np.int64), times, grid, 1, key, values, ("v", "loc"))


def is_steady(pattern: Pattern) -> bool:
    return pattern.period is not None and pattern.period <= TABLE_PERIOD


def rowswitch(
    patterns: Sequence[Pattern],
    which: Callable[[Ints], Ints],
    period: int | None,
    cycle: Callable[[Ints], Ints] = _itself,
) -> Pattern:
    """Cycle c shows cycle `cycle(c)` of pattern number `which(c)`."""

    def answer(cycles: Ints) -> Haps:
        chosen = which(cycles)
        if len(cycles) == 1:
            return patterns[int(chosen[0])].query(cycle(cycles))
        found: list[Haps] = []
        for i in unique(chosen):
            rows = np.flatnonzero(chosen == i)
            haps = patterns[int(i)].query(cycle(cycles[rows]))
            found.append(haps.at_rows(rows[haps.row]))
        return concat(found)

    peak = max(pattern.peak for pattern in patterns)
    return Pattern(answer, period, peak, patterns) if peak else silence


def per_hap(
    pattern: Pattern,
    change: Callable[[Haps, Ints], Haps],
    *,
    chance: bool = False,
    multiply: int = 1,
) -> Pattern:
    """`change(haps, cycles)` of every answer that is not empty.

    `chance` says that it depends on the cycle, `multiply` how many haps at most it makes of one.
    """
    if not pattern.peak:
        return silence

    def answer(cycles: Ints) -> Haps:
        haps = pattern.query(cycles)
        return change(haps, cycles) if len(haps.row) else haps

    return Pattern(answer, None if chance else pattern.period, multiply * pattern.peak, (pattern,))
