"""Signals read at plan time: a bus as the argument of a transform is its value at each cycle's start.

Building a graph only notes what is asked; the rendering that the graph belongs to binds a reader, because the values
depend on its rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from fractions import Fraction

import numpy as np

from farm.errors import Loc
from farm.graph.terms import Term
from farm.pattern.hap import Haps
from farm.pattern.pattern import Pattern
from farm.pattern.time import Floats, Ints
from farm.pattern.words import Words
from workers.records import record

CycleReader = Callable[[int, Ints], Floats]
"""(bus, cycles) -> the bus's left channel at the start of each cycle."""


@record(eq=False)
class Request:
    """A signal that a transform reads; `bus` is set when the graph is built, and stays -1 if it was left out."""

    term: Term
    loc: Loc
    bus: int = -1


@record(eq=False)
class PlanTimeSignals:
    """What transforms read from signals, and who reads it for them during a render."""

    requests: list[Request] = field(default_factory=list)
    reader: CycleReader | None = None

    def pattern_maker(self, words: Words) -> Callable[[Term, Loc, bool], Pattern]:
        """A function that turns a signal into a pattern of one value a cycle.

        With `pace` (the argument of fast and slow) -1 .. 1 is mapped to 0.25 .. 4 (language 3.1).
        """

        def make(term: Term, loc: Loc, pace: bool) -> Pattern:
            request = Request(term, loc)
            self.requests.append(request)
            place = words.add_loc(loc)

            def answer(cycles: Ints) -> Haps:
                unread = self.reader is None or request.bus < 0
                values = np.zeros(len(cycles)) if self.reader is None or unread else self.reader(request.bus, cycles)
                ids = [words.intern(paced(value) if pace else Fraction(float(value))) for value in values]
                count = len(cycles)
                times = np.zeros((4, count), np.int64)
                times[1] = times[3] = 1
                table = np.array([ids, [place] * count], np.float64).reshape(2, count)
                return Haps(np.arange(count), times, 1, 1, np.arange(count), table, ("v", "loc"))

            return Pattern(answer, None, 1.0)

        return make


def paced(value: float) -> Fraction:
    """-1 .. 1 to 1/4 .. 4, in steps of 1/64 of the way so that equal paces share their pattern."""
    clamped = min(max(float(value), -1.0), 1.0)
    return Fraction(round(clamped * 64), 64) * Fraction(15, 8) + Fraction(17, 8)
