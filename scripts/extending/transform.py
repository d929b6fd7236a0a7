"""What `twice` does to a pattern: to be said of the transform that it becomes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from farm.errors import Loc
from farm.pattern.mini import parse
from farm.pattern.register import transforms
from farm.pattern.words import Words

HERE = Loc("test.ph", 1, 1)
QUARTER = Fraction(1, 4)


def onsets(text: str, time: Fraction, cycles: list[int]) -> list[tuple[Fraction, str]]:
    """When everything begins that begins in these cycles, and its word."""
    words = Words()
    pattern = transforms()["twice"].apply([time], parse(text, HERE, words, 1), 1, HERE, words)
    haps = pattern.query(np.array(cycles))
    values = haps.column("v")
    begun = [one for one in range(len(haps)) if haps.times[0, one] == haps.times[2, one]]
    return sorted(
        (cycles[haps.row[one]] + Fraction(int(haps.times[0, one]), haps.den), words.text(int(values[one])))
        for one in begun
    )


def test_twice_plays_everything_once_more() -> None:
    assert onsets("a b ~ ~", QUARTER, [0]) == [(0, "a"), (QUARTER, "a"), (QUARTER, "b"), (2 * QUARTER, "b")]


def test_twice_plays_into_the_next_cycle() -> None:
    assert onsets("<a ~>", Fraction(5, 4), [0, 1, 2]) == [(0, "a"), (Fraction(5, 4), "a"), (2, "a")]


def test_twice_gives_the_same_for_cycles_alone_and_together() -> None:
    alone = [one for cycle in range(4) for one in onsets("<a b> ~ c", QUARTER, [cycle])]
    assert onsets("<a b> ~ c", QUARTER, [0, 1, 2, 3]) == alone
