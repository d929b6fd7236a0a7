"""Ticks of a MIDI file: where frames lie between beats, and which tempos make the beats last as long as they do."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from farm.labels.piece import LabelledPiece
from workers.records import record

TICKS = 960
"""Of a quarter."""
LONGEST_QUARTER_S = Fraction(3, 2)
"""A tick is at most 1.6 ms, so that none is further than 0.8 ms from where it should be."""
STRETCH = 64
"""Quarters after which a tempo is chosen anew, about: it counts whole microseconds, and none of them adds up."""


@record(frozen=True, slots=True)
class Ticks:
    """The time of a piece in ticks from the file's first frame. `quarters`: of a cycle.

    They are the beats; where those are slower than 40 a minute, halves, fourths ... of them.
    """

    piece: LabelledPiece
    quarters: int

    def at(self, frame: int) -> int:
        """The tick nearest to a frame of the file."""
        return half_up(Fraction(frame) * self.piece.cps * self.quarters * TICKS / self.piece.rate)

    def of_cycle(self, cycle: int) -> int:
        """The tick nearest to the beginning of a cycle of the score, which may lie before the file."""
        return half_up((cycle - self.piece.first_cycle) * self.quarters * TICKS)

    def tempos(self) -> Iterator[tuple[int, int]]:
        """(tick, microseconds of a quarter from there on), whenever they change."""
        exact_us = 1_000_000 / (self.piece.cps * self.quarters)
        step = max(STRETCH // self.quarters, 1) * self.quarters
        passed_us, quarter, before = 0, 0, -1
        end = self.at(self.piece.frames)
        while quarter * TICKS < end:
            quarter_us = half_up(((quarter + step) * exact_us - passed_us) / step)
            if quarter_us != before:
                yield quarter * TICKS, quarter_us
            if exact_us.denominator == 1:
                return
            passed_us, quarter, before = passed_us + step * quarter_us, quarter + step, quarter_us


def ticks_of(piece: LabelledPiece) -> Ticks:
    """How a piece is counted."""
    quarters = piece.beats
    while 1 / (piece.cps * quarters) > LONGEST_QUARTER_S:
        quarters *= 2
    return Ticks(piece, quarters)


def half_up(exact: Fraction) -> int:
    """The nearest whole number."""
    return math.floor(exact + Fraction(1, 2))
