"""Tables of windowed sinc filters for the best quality of sample playback.

16 taps for each of 257 phases (the last equals the next frame's first). Faster rates use a lower corner, so that they
alias less: one table for each half octave up to two. Window: Blackman-Harris, four terms (Harris, "On the use of
windows for harmonic analysis", Proceedings of the IEEE 66, 1978).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.graph.law import QUARTER_TURN, Floats, sine

TAPS = 16
PHASES = 256
TABLE_FLOATS = (PHASES + 1) * TAPS
CORNERS = (0.92, 0.65, 0.46, 0.325, 0.23)
"""Corner of each table as a part of half the rate."""
RATES = (1.0, 1.4142135623730951, 2.0, 2.8284271247461903)
"""Table k + 1 serves rates above RATES[k] (a hair's breadth of tolerance included)."""


def sin_turns(turns: Floats) -> Floats:
    """sin(2 pi turns) by folding to a quarter turn."""
    t = turns - np.floor(turns)
    sign = np.where(t < 0.5, 1.0, -1.0)
    half = np.where(t < 0.5, t, t - 0.5)
    quarter = np.where(half < 0.25, half, 0.5 - half)
    return sign * sine(quarter * (4.0 * QUARTER_TURN))


def cos_turns(turns: Floats) -> Floats:
    """cos(2 pi turns)."""
    return sin_turns(turns + 0.25)


def table(corner: float) -> NDArray[np.float32]:
    """Coefficients (257 phases, 16 taps), each phase summing to 1."""
    tap = np.arange(TAPS)[None, :] - (TAPS // 2 - 1)
    x = tap - np.arange(PHASES + 1)[:, None] / PHASES
    angle = x * corner
    centre = angle == 0.0
    ideal = np.where(centre, 1.0, sin_turns(angle / 2) / np.where(centre, 1.0, angle * (2.0 * QUARTER_TURN)))
    at = (x + TAPS / 2) / TAPS
    terms = (0.35875, -0.48829, 0.14128, -0.01168)
    window = sum(weight * cos_turns(at * k) for k, weight in enumerate(terms))
    raw = ideal * window
    rows: NDArray[np.float32] = (raw / np.add.reduce(raw, axis=1)[:, None]).astype(np.float32)
    return rows


def tables() -> NDArray[np.float32]:
    """All tables, one after another, flat."""
    return np.concatenate([table(corner).ravel() for corner in CORNERS])


def table_number(pace: Floats) -> NDArray[np.int64]:
    """Which table serves each rate."""
    return np.searchsorted(np.array(RATES) * 1.0001, pace)
