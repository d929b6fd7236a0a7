"""Measurements on frames: peak, level and mean. Pure functions of numpy arrays.

`frames` is an array of floats, (n,) or (n, channels), full scale ±1. Levels are in dB relative to full scale (dBFS);
silence is −inf. The logarithm is the host's: these numbers are for people and for comparison within a tolerance.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workers.records import record

Frames = NDArray[np.floating]


def decibels(ratio: Frames | float) -> NDArray[np.float64]:
    """20·log10 of amplitude ratios ≥ 0, of any shape; −inf for 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(20.0 * np.log10(np.asarray(ratio, np.float64)))


@record(frozen=True, slots=True)
class Tally:
    """Peak, mean square and mean of a stream: `Tally().over(first).over(second)` equals one pass over both."""

    frames: int = 0
    samples: int = 0
    peak: float = 0.0
    squares: float = 0.0
    total: float = 0.0

    def over(self, frames: Frames) -> Tally:
        """This tally with `frames` added to it."""
        columns = _columns(frames)
        return Tally(
            self.frames + len(columns),
            self.samples + columns.size,
            max(self.peak, float(np.abs(columns).max(initial=0.0))),
            self.squares + float((columns**2).sum()),
            self.total + float(columns.sum()),
        )

    @property
    def peak_dbfs(self) -> float:
        """The greatest magnitude, in dBFS."""
        return float(decibels(self.peak))

    @property
    def rms_dbfs(self) -> float:
        """The root of the mean square over frames and channels, in dBFS."""
        return float(decibels(np.sqrt(self.squares / max(1, self.samples))))

    @property
    def dc_offset(self) -> float:
        """The mean over frames and channels."""
        return self.total / max(1, self.samples)


def _columns(frames: Frames) -> NDArray[np.float64]:
    """`frames` as float64 (n, channels)."""
    columns = np.asarray(frames, np.float64)
    return columns[:, None] if columns.ndim == 1 else columns
