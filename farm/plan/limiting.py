"""The limiter of output paths in numbers: how long it looks ahead and holds, how it lets go, what it carries."""

from __future__ import annotations

import math

import numpy as np

from workers.dsp.true_peak import LARGEST, REACH, WORK
from workers.records import record
from workers.wire import BEHIND, FADED, GROUP

LOOK_AHEAD_S = 0.005
HOLD_S = 0.010
FAST_S = 0.04
"""Time in which the release after a peak falls to 1/e,"""
SLOW_S = 0.4
"""and that of a reduction that has lasted for"""
SUSTAIN_S = 0.1
FINEST_RATE = 51_200
"""Up to here segments have 8 frames; at twice the rate twice as many."""
TARGET = 10.0 ** (-0.05 / 20.0)
"""What is above the ceiling is turned down a little further: the interpolation is exact to 0.1 dB."""


@record(frozen=True, slots=True)
class Limiting:
    """A limiter at a rate. Lengths are in segments, if nothing else is said."""

    ceiling: float
    """As an amplitude."""
    segment: int
    """Frames."""
    window: int
    """Look-ahead and hold."""
    sustain: int
    first_mean: int
    second_mean: int
    fast: float
    """What is left of a reduction after a segment."""
    slow: float

    @property
    def late(self) -> int:
        """Segments after which a reduction is known."""
        return self.first_mean + self.second_mean - 2

    @property
    def delay(self) -> int:
        """Frames by which what comes out is late, a multiple of 8."""
        return (self.segment * (self.late + 3) + BEHIND + 7) // 8 * 8

    @property
    def quiet(self) -> float:
        """A magnitude that no true peak above the ceiling can have around it alone."""
        return self.ceiling / LARGEST

    @property
    def memory(self) -> int:
        """Frames after which nothing of the past is left."""
        segments = self.window + self.sustain + self.late + 16
        segments += math.ceil(lasting(self.fast)) + math.ceil(lasting(self.slow))
        return segments * self.segment + self.delay + 2 * REACH

    @property
    def past_floats(self) -> int:
        """What is carried, without frames."""
        return 24 + sum((row + 7) // 8 * 8 for row in self.rows) + 8

    @property
    def rows(self) -> tuple[int, int, int]:
        """Values that are carried of each kind."""
        return self.window, self.sustain, self.late + 2

    @property
    def work_floats(self) -> int:
        """Floats in which it works."""
        rows = sum((row + 7) // 8 * 8 + GROUP + 16 for row in self.rows)
        return max(rows + GROUP + 3 * max(self.rows) + 64, WORK)


def lasting(share: float) -> float:
    """Segments after which a release from 1 has ended, by its share and what else it loses."""
    return math.log(1.0 + (1.0 - share) / FADED) / -math.log(share)


def limiting(rate: int, ceiling_db: float) -> Limiting:
    """The limiter at a rate in Hz, under a ceiling in dB."""
    segment = 8
    while rate > FINEST_RATE * segment // 8:
        segment *= 2
    ahead = max(2, round(LOOK_AHEAD_S * rate / segment))
    shares = (float(np.float32(1.0 - segment / (time_s * rate))) for time_s in (FAST_S, SLOW_S))
    fast, slow = shares
    return Limiting(
        ceiling=10.0 ** (ceiling_db / 20.0),
        segment=segment,
        window=ahead + max(1, round(HOLD_S * rate / segment)),
        sustain=max(2, round(SUSTAIN_S * rate / segment)),
        first_mean=ahead // 2 + 1,
        second_mean=ahead - ahead // 2,
        fast=fast,
        slow=slow,
    )
