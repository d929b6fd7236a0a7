"""Arithmetic of raw patterns: `+ - * /` with the structure of both sides, `|op` of the left, `op|` of the right.

`|>` takes the values of the right with the structure of the left, `<|` the converse. Numbers are exact; a note
name counts as its MIDI number; x / 0 is 0.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from farm.errors import ScoreError
from farm.pattern.control import refuse_word
from farm.pattern.hap import Haps, Names
from farm.pattern.joins import both, sample
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.time import Floats, Ints
from farm.pattern.words import LARGEST_NUMBER, Words

OPERATORS = frozenset(
    {"+", "-", "*", "/", "|+", "|-", "|*", "|/", "+|", "-|", "*|", "/|", "|+|", "|-|", "|*|", "|/|", "|>", "<|"}
)


def arithmetic(operator: str, left: Pattern, right: Pattern, words: Words) -> Pattern:
    """`left operator right` for one of `OPERATORS`, on values that are ids of `words`.

    Querying raises `ScoreError` at the place of a word that is no number, or where a result passes 1e15. A result
    has the place of the side that gives the structure (of the left, if both do).
    """
    if operator not in OPERATORS:
        raise ValueError(f"no operator {operator!r}")
    if operator == "|>":
        return sample(left, right, _values_of_second)
    if operator == "<|":
        return sample(right, left, _values_of_second)
    sign = operator.strip("|")

    def calculated(timed: Haps, first: Haps, second: Haps) -> Haps:
        """The haps of `timed`, which are those of `first` or `second`, with the results."""
        rows = second.values.shape[1]
        pairs, key = np.unique(first.key * rows + second.key, return_inverse=True)
        a, b = pairs // rows, pairs % rows
        names = timed.names
        values = timed.values.take(a if timed is first else b, axis=1)
        values[names.index("v")] = _results(sign, first, a, second, b, words)
        return timed.valued(key, values, names)

    if operator[0] == "|" and operator[-1] != "|":
        return sample(left, right, lambda own, other: calculated(own, own, other))
    if operator[-1] == "|" and operator[0] != "|":
        return sample(right, left, lambda own, other: calculated(own, other, own))
    return both(left, right, lambda own, other: calculated(own, own, other))


def in_hertz(pattern: Pattern, words: Words) -> Pattern:
    """The values as a signal has them: numbers as they are, notes as their frequencies."""

    def change(haps: Haps, _: Ints) -> Haps:
        ids = haps.entries("v")
        assert ids is not None, "arithmetic is of raw patterns"
        frequency = words.hertz(ids)
        notes = np.isnan(words.number(ids)) & ~np.isnan(frequency)
        if not notes.any():
            return haps
        new = [
            words.intern(Fraction(value)) if note else one
            for one, value, note in zip(ids, frequency, notes, strict=True)
        ]
        return haps.with_column("v", np.array(new, np.float64))

    return per_hap(pattern, change)


def _results(sign: str, first: Haps, a: Ints, second: Haps, b: Ints, words: Words) -> Floats:
    ids, others = first.entries("v"), second.entries("v")
    assert ids is not None and others is not None, "arithmetic is of raw patterns"
    results = np.empty(len(a))
    for i, (row, other) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        result = words.calculate(sign, int(ids[row]), int(others[other]))
        if result is None:
            if words.exact(int(ids[row])) is None:
                refuse_word(sign, row, ids, first, words)
            else:
                refuse_word(sign, other, others, second, words)
            result = 0
        number = words.exact(result)
        if number is not None and abs(number) > LARGEST_NUMBER:
            places = first.entries("loc")
            what = f"{words.text(int(ids[row]))} {sign} {words.text(int(others[other]))}"
            loc = None if places is None else words.loc(places[row])
            words.refuse(ScoreError(f"the result of `{what}` is over 1e15", loc=loc))
            result = 0
        results[i] = result
    return results


def _values_of_second(own: Haps, other: Haps) -> Haps:
    names: Names = other.names
    return own.valued(other.key, other.values, names)
