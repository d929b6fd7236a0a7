"""Haps: the answer of a pattern for an array of cycles, as a struct of arrays.

A hap has a *whole* (its logical slot), a *part* (the fragment inside its row's cycle) and a value. Its onset
lies in the row where part and whole begin together. Values sit in a small table, so that a control touches
the table's columns and not every hap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import lcm
from typing import Any

import numpy as np

from farm.pattern.time import OVERFLOW, Floats, Ints, Times, multiplied, settled

Names = tuple[str, ...]

_PAIRS = 8
"""How many pairs of table rows a hap may cost while looking for those that occur."""


class Haps:
    """Haps of some queried cycles; n haps, m rows in the value table, c columns. Its arrays are never written to.

    row     int64 (n,)          which of the queried cycles
    times   int64|object (4, n) whole begin, whole end, part begin, part end: integers over `den`, in cycles,
                                relative to the begin of the row's cycle
    den     int                 the denominator of all times
    reach   int                 at least max|times| / den; 1 promises that nothing leaves the row's own cycle
    key     int64 (n,)          the row of the value table
    values  float64 (c, m)      the value table, NaN = absent
    names   c names             the controls; `v` is an interned value of `Words`, `loc` a place in the score
    """

    __slots__ = ("den", "key", "names", "reach", "row", "times", "values")

    def __init__(self, row: Ints, times: Times, den: int, reach: int, key: Ints, values: Floats, names: Names) -> None:
        self.row = row
        self.times = times
        self.den = den
        self.reach = reach
        self.key = key
        self.values = values
        self.names = names

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: Ints) -> Haps:
        """The haps at `index`, in that order."""
        times = self.times.take(index, axis=1)
        return Haps(self.row.take(index), times, self.den, self.reach, self.key.take(index), self.values, self.names)

    def keep(self, mask: Any) -> Haps:
        """The haps for which the boolean `mask` holds."""
        return self.take(np.flatnonzero(mask))

    def at_rows(self, row: Ints) -> Haps:
        """The same haps in other rows."""
        return Haps(row, self.times, self.den, self.reach, self.key, self.values, self.names)

    def timed(self, times: Times, den: int, reach: int) -> Haps:
        """The same values at other times."""
        times, den, reach = settled(times, den, reach)
        return Haps(self.row, times, den, reach, self.key, self.values, self.names)

    def valued(self, key: Ints, values: Floats, names: Names) -> Haps:
        """The same times with other values."""
        return Haps(self.row, self.times, self.den, self.reach, key, values, names)

    def over(self, den: int) -> Times:
        """The times over `den`, a multiple of the own denominator."""
        return multiplied(self.times, den // self.den, den, self.reach)

    def entries(self, name: str) -> Floats | None:
        """Column `name` of the value table, (m,), or None."""
        return self.values[self.names.index(name)] if name in self.names else None

    def column(self, name: str) -> Floats:
        """The value of control `name` for each hap, (n,), NaN where absent."""
        entries = self.entries(name)
        return np.full(len(self.row), np.nan) if entries is None else entries.take(self.key)

    def with_column(self, name: str, entries: Floats | float) -> Haps:
        """With column `name` of the value table set: one number, or one for each of its m rows."""
        values, names = with_column(self.values, self.names, name, entries)
        return self.valued(self.key, values, names)

    def compact(self) -> Haps:
        """With one table row for each hap, where the table has grown much longer than the haps."""
        if self.values.shape[1] <= 2 * len(self.row) + 64:
            return self
        return self.valued(np.arange(len(self.row)), self.values.take(self.key, axis=1), self.names)


NONE = Haps(np.zeros(0, np.int64), np.zeros((4, 0), np.int64), 1, 1, np.zeros(0, np.int64), np.zeros((0, 0)), ())
"""No haps at all."""


def with_column(values: Floats, names: Names, name: str, entries: Floats | float) -> tuple[Floats, Names]:
    """A copy of a value table with column `name` replaced or added."""
    if name in names:
        values = values.copy()
        values[names.index(name)] = entries
        return values, names
    wider = np.empty((len(names) + 1, values.shape[1]))
    wider[:-1] = values
    wider[-1] = entries
    return wider, (*names, name)


def paired(timed: Haps, left: Haps, right: Haps, combine: Callable[[Floats, Floats], tuple[Floats, Names]]) -> Haps:
    """The times of `timed` with values combined from two equally long haps, `left` and `right`.

    `combine` gets two tables of equal length and returns the new one. It runs over the product of both tables
    where that is short, over the pairs that occur where it is not much longer than the haps, else hap by hap.
    """
    rows, others = left.values.shape[1], right.values.shape[1]
    if rows * others <= 64:
        key = left.key * others + right.key
        values, names = combine(np.repeat(left.values, others, axis=1), np.tile(right.values, rows))
    elif rows * others <= _PAIRS * len(timed.row):
        pairs, key = numbered(left.key * others + right.key, rows * others)
        values, names = combine(left.values.take(pairs // others, axis=1), right.values.take(pairs % others, axis=1))
    else:
        key = np.arange(len(timed.row))
        values, names = combine(left.values.take(left.key, axis=1), right.values.take(right.key, axis=1))
    return timed.valued(key, values, names)


def numbered(key: Ints, rows: int) -> tuple[Ints, Ints]:
    """Which of the rows 0 .. `rows` - 1 occur in `key`, ascending, and the number of each entry among those."""
    occurs = np.zeros(rows, bool)
    occurs[key] = True
    used = np.flatnonzero(occurs)
    if len(used) == rows:
        return used, key
    number = np.empty(rows, np.int64)
    number[used] = np.arange(len(used))
    return used, number.take(key)


def concat(parts: Sequence[Haps]) -> Haps:
    """All haps of `parts`, one after another, over a common denominator and the union of their columns."""
    parts = [part for part in parts if len(part.row)]
    if len(parts) < 2:
        return parts[0] if parts else NONE
    den = lcm(*[part.den for part in parts])
    reach = max(part.reach for part in parts)
    names = parts[0].names
    if any(part.names != names for part in parts):
        names = tuple(dict.fromkeys(name for part in parts for name in part.names))
    tables: list[Floats] = []
    keys: list[Ints] = []
    placed: dict[tuple[int, Names], int] = {}
    rows = 0
    for part in parts:
        start = placed.get((id(part.values), part.names))
        if start is None:
            start = placed[id(part.values), part.names] = rows
            tables.append(_arranged(part, names))
            rows += part.values.shape[1]
        keys.append(part.key + start if start else part.key)
    return Haps(
        np.concatenate([part.row for part in parts]),
        _side_by_side(parts, den, reach),
        den,
        reach,
        np.concatenate(keys),
        tables[0] if len(tables) == 1 else np.concatenate(tables, axis=1),
        names,
    ).compact()


def _side_by_side(parts: Sequence[Haps], den: int, reach: int) -> Times:
    """The times of all `parts` over one denominator, each of them copied once."""
    if den * reach >= OVERFLOW:
        return np.concatenate([multiplied(part.times, den // part.den, den, reach) for part in parts], axis=1)
    times = np.concatenate([part.times for part in parts], axis=1)
    begin = 0
    for part in parts:
        end = begin + len(part.row)
        if part.den != den:
            times[:, begin:end] *= den // part.den
        begin = end
    return times


def _arranged(part: Haps, names: Names) -> Floats:
    """The value table of `part` with the columns `names`."""
    if part.names == names:
        return part.values
    table = np.full((len(names), part.values.shape[1]), np.nan)
    for column, name in enumerate(part.names):
        table[names.index(name)] = part.values[column]
    return table


def by_row(haps: Haps, rows: int) -> tuple[Haps, Ints]:
    """The haps sorted by row (stably), and where each of the `rows` rows begins and ends: int64 (rows + 1,)."""
    row = haps.row
    if len(row) > 1 and (row[1:] < row[:-1]).any():
        haps = haps.take(np.argsort(row.astype(np.uint16) if rows < 1 << 16 else row, kind="stable"))
        row = haps.row
    return haps, np.searchsorted(row, np.arange(rows + 1))


def gathered(haps: Haps, bounds: Ints, wanted: Ints) -> Haps:
    """Row i of the result is row `wanted[i]` of `haps`, which is sorted by row with `bounds` as of `by_row`."""
    count = len(wanted)
    if count == 1:
        first, last = bounds[wanted[0]], bounds[wanted[0] + 1]
        row = np.zeros(last - first, np.int64)
        times = haps.times[:, first:last]
        return Haps(row, times, haps.den, haps.reach, haps.key[first:last], haps.values, haps.names)
    if len(bounds) == 2:
        row = np.repeat(np.arange(count), len(haps.row))
        times, key = np.tile(haps.times, count), np.tile(haps.key, count)
        return Haps(row, times, haps.den, haps.reach, key, haps.values, haps.names)
    start = bounds[wanted]
    lengths = bounds[wanted + 1] - start
    ends = np.cumsum(lengths)
    row = np.repeat(np.arange(count), lengths)
    index = np.arange(len(row)) + (start - (ends - lengths))[row]
    times, key = haps.times.take(index, axis=1), haps.key.take(index)
    return Haps(row, times, haps.den, haps.reach, key, haps.values, haps.names)
