"""`--lenient`: what cannot be rendered is left out, with a warning for each mistake.

An effect, modifier or transform that fails passes its input, a summand that fails is missing in its sum, anything else
takes the expression around it along, at last the whole statement. While patterns are played, a cycle that cannot be
answered is silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TypeVar

import numpy as np

from farm.errors import FarmError, Loc, Notice, SampleError, ScoreError, placed
from farm.pattern.hap import NONE, Haps, concat
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.time import Ints
from farm.pattern.words import Words, no_number
from workers.records import record

T = TypeVar("T")


@record(eq=False)
class Leaving:
    """What was left out so far: one warning for each mistake."""

    notices: list[Notice] = field(default_factory=list)
    errors: list[FarmError] = field(default_factory=list)
    told: set[tuple[str, Loc | None]] = field(default_factory=set)

    def leave(self, error: FarmError) -> None:
        """Notes that something was left out."""
        if (error.message, error.loc) not in self.told:
            self.told.add((error.message, error.loc))
            self.errors.append(error)
            advises = error.hint is not None and "--lenient" not in error.hint
            self.notices.append(Notice(f"left out: {error.message}", error.loc, error.hint if advises else None))

    def attempt(self, work: Callable[[], T], otherwise: T) -> T:
        """What `work` gives, or `otherwise` if that is a mistake."""
        try:
            return work()
        except (ScoreError, SampleError) as error:
            self.leave(error)
            return otherwise

    def forgiving(self, pattern: Pattern, loc: Loc | None) -> Pattern:
        """The pattern, silent in cycles that are mistakes; the same however many cycles are asked at once.

        `loc` is the place of mistakes that have none.
        """

        def answer(cycles: Ints) -> Haps:
            try:
                with placed(loc):
                    return pattern.query(cycles)
            except ScoreError as error:
                if len(cycles) == 1:
                    self.leave(error)
                    return NONE
            found = []
            for row in range(len(cycles)):
                haps = answer(cycles[row : row + 1])
                found.append(haps.at_rows(np.full(len(haps.row), row)))
            return concat(found)

        return Pattern(answer, pattern.period, pattern.peak, (pattern,))

    def numbers_of(self, pattern: Pattern, words: Words, loc: Loc | None) -> Pattern:
        """The haps of a raw pattern that are numbers or notes; words are left out. `loc` is as for `forgiving`."""

        def change(haps: Haps, _: Ints) -> Haps:
            ids, places = haps.entries("v"), haps.entries("loc")
            assert ids is not None, "a step function has raw values"
            wrong = np.isnan(words.hertz(ids)) & ~np.isnan(ids)
            if not wrong.any():
                return haps
            for row in np.flatnonzero(wrong & (ids != 0)):
                at = words.loc(places[row]) if places is not None else None
                self.leave(no_number(words.text(int(ids[row])), at))
            return haps.keep(~wrong.take(haps.key))

        return per_hap(self.forgiving(pattern, loc), change)
