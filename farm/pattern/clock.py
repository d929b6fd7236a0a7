"""The clock: where cycles lie in frames. Nothing else turns one into the other."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from farm.pattern.time import OVERFLOW, Ints, Times
from workers.records import record


@record(frozen=True, slots=True)
class Clock:
    """A tempo at a sample rate: the instant `c`, in cycles, falls on frame floor(c * rate / cps + 1/2) + shift.

    `rate` in frames and `cps` in cycles per second; cycle 0 begins at frame `shift`.
    """

    rate: int
    cps: Fraction
    shift: int = 0

    def frame_of(self, cycle: Fraction | int) -> int:
        """The frame of an instant in cycles; halves go up."""
        scale = Fraction(cycle) * self.rate / self.cps
        return (2 * scale.numerator + scale.denominator) // (2 * scale.denominator) + self.shift

    def frames(self, cycles: Ints, times: Times, den: int, reach: int) -> Ints:
        """The frames of the instants `cycles + times / den`, exact, halves up; `reach` bounds |times / den|.

        Shapes: `cycles (n,)`, `times (..., n)`; returns int64 `(..., n)`.
        """
        if not len(cycles):
            return np.zeros(times.shape, np.int64)
        per_unit = Fraction(self.rate) / self.cps / den
        numerator, denominator = 2 * per_unit.numerator, 2 * per_unit.denominator
        largest = (int(np.abs(cycles).max()) + reach + 1) * den
        instants: Times = cycles
        if largest * numerator + denominator >= OVERFLOW:
            instants = cycles.astype(object)
        frames = ((instants * den + times) * numerator + per_unit.denominator) // denominator
        if frames.dtype == object:
            # What ends later than any render could last ends never.
            frames = np.clip(frames, -OVERFLOW, OVERFLOW)
        whole: Ints = frames.astype(np.int64, copy=False)
        return whole + self.shift if self.shift else whole

    def starts(self, first_cycle: int, count: int) -> Ints:
        """The first frames of `count` cycles from `first_cycle` on: int64 (count,)."""
        return self.frames(np.arange(first_cycle, first_cycle + count), np.zeros(count, np.int64), 1, 1)

    def cycle_at(self, frame: int) -> Fraction:
        """The instant of a frame, in cycles."""
        return (frame - self.shift) * self.cps / self.rate

    def cycle_of(self, frame: int) -> int:
        """The cycle in which a frame lies: the last one that begins at it or before."""
        return math.ceil(self.cycle_at(frame) + self.cps / (2 * self.rate)) - 1

    def cycles_until(self, frame: int) -> int:
        """The number of a cycle of which, and of all later ones, nothing lies before a frame: never too small."""
        return self.cycle_of(frame) + 2
