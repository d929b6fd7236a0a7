"""Numbers that reach kernels, from + - * / sqrt only: libm and numpy's transcendentals differ between hosts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.pattern.notes import semitone_ratio

Floats = NDArray[np.float64]

LOG2_E = 1.4426950408889634
_SINE = (1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800, -1.0 / 1307674368000)
QUARTER_TURN = 1.5707963267948966


def sine(angle: Floats) -> Floats:
    """sin of angles from 0 to pi/2: its Taylor series to the 15th power; error below 1e-11."""
    square = angle * angle
    total = np.full_like(angle, _SINE[-1])
    for coefficient in reversed(_SINE[:-1]):
        total = total * square + coefficient
    return total * angle


def pan_gains(pan: Floats) -> tuple[Floats, Floats]:
    """Left and right gain of -1 .. 1: equal power times sqrt 2, so that the centre is unity in both (language 4.7)."""
    angle = (np.clip(pan, -1.0, 1.0) + 1.0) * (QUARTER_TURN / 2)
    gains = np.sqrt(np.float64(2.0)) * sine(np.stack([QUARTER_TURN - angle, angle]))
    left, right = np.where(pan == 0.0, 1.0, gains)
    return left, right


def exp2(exponent: Floats) -> Floats:
    """2**exponent."""
    return semitone_ratio(exponent * 12.0)


def exp(exponent: Floats) -> Floats:
    """e**exponent."""
    return exp2(exponent * LOG2_E)
