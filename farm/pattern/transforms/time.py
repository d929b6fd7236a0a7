"""Transforms of time: faster, slower, earlier, later, backwards."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from farm.pattern.control import scale_control
from farm.pattern.hap import Haps
from farm.pattern.moves import nudge, onset_ranks
from farm.pattern.pattern import Pattern, common_period, rowswitch
from farm.pattern.register import Above, Between, Count, Cycles, Pace, Ratio, transform
from farm.pattern.time import OVERFLOW, Times
from farm.pattern.views import faster, later, reversed_cycles, shifted


@transform
def fast(n: Annotated[Pace, Above(0)], pattern: Pattern) -> Pattern:
    """Plays `n` cycles of the pattern in one.

    fast 2 $ "<a b> c"  ->  a c b c
    """
    return faster(n, pattern)


@transform
def slow(n: Annotated[Pace, Above(0)], pattern: Pattern) -> Pattern:
    """Spreads one cycle of the pattern over `n`.

    slow 2 $ "a b c d"  ->  a b | c d
    """
    return faster(1 / n, pattern)


@transform
def hurry(n: Annotated[Pace, Above(0)], pattern: Pattern) -> Pattern:
    """Plays the pattern, and its samples, `n` times as fast.

    hurry 2 $ "a b"  ->  a b a b
    """
    return scale_control(faster(n, pattern), "speed", float(n))


@transform
def rev(pattern: Pattern) -> Pattern:
    """Plays each cycle backwards.

    rev $ "a b c"  ->  c b a
    """
    return reversed_cycles(pattern)


@transform
def palindrome(pattern: Pattern) -> Pattern:
    """Plays every second cycle backwards.

    palindrome $ "a b c"  ->  a b c | c b a | a b c
    """
    period = common_period(2, pattern.period)
    return rowswitch([pattern, reversed_cycles(pattern)], lambda cycles: cycles % 2, period)


@transform
def early(time: Cycles, pattern: Pattern) -> Pattern:
    """Moves the pattern `time` cycles earlier.

    early 0.25 $ "a b ~ ~"  ->  b ~ ~ a
    """
    return later(-time, pattern)


@transform
def late(time: Cycles, pattern: Pattern) -> Pattern:
    """Moves the pattern `time` cycles later.

    late 0.25 $ "a b ~ ~"  ->  ~ a b ~
    """
    return later(time, pattern)


@transform(name="iter")
def iterate(n: Annotated[Count, Between(1, 4096)], pattern: Pattern) -> Pattern:
    """Begins one n-th further into the pattern in each cycle.

    iter 3 $ "a b c"  ->  a b c | b c a | c a b | a b c
    """
    return shifted(pattern, lambda cycles: cycles % n, n, common_period(n, pattern.period))


@transform
def swing(amount: Annotated[Ratio, Between(0, 1)], pattern: Pattern) -> Pattern:
    """Delays every second onset of a cycle by `amount` of its own slot (of a cycle, if the slot is longer).

    swing 0.5 $ "a b c d"  ->  a@3 b c@3 d
    """

    def delay(haps: Haps) -> tuple[Times, int]:
        slot = np.minimum(haps.times[1] - haps.times[0], haps.den)
        if haps.den * amount.denominator * (haps.reach + 2) >= OVERFLOW:
            slot = slot.astype(object)
        return (onset_ranks(haps) % 2) * slot * amount.numerator, amount.denominator

    return nudge(pattern, delay)
