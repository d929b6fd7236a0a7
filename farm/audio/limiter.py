"""The look-ahead limiter of the output stage: peaks stay under a ceiling, what lies below it passes untouched.

A minimum filter over the look-ahead and a smoothing filter of the same length give a gain that has arrived when the
peak does: Hämäläinen, "Smoothing of the control signal without clipped output in digital peak limiters" (DAFx 2002).
All channels share one gain, so that the stereo image does not move.

Nothing depends on how the frames are cut into blocks, nor on the host: the release runs on a fixed grid of frames, and
the smoothing adds whole numbers. The past is forgotten for good after `memory_frames`.
"""

from __future__ import annotations

import math
from itertools import accumulate
from operator import mul

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.float32]
Reductions = NDArray[np.float64]

CEILING = np.float32(0.96605086)
"""-0.3 dBFS as an amplitude, rounded down."""
LOOK_AHEAD_S = 0.0015
RELEASE_S = 0.05
"""Time in which a reduction falls to 1/e."""
FORGOTTEN = 2.0**-25
"""A reduction under this is none: 1 - 2**-25 is 1 in float32."""
SEGMENT = 64
"""Frames that the release handles together; the first begins at frame 0 of the piece."""
UNITS = 2.0**30
"""Reductions are smoothed as whole numbers of 1 / UNITS, rounded up."""


def look_ahead_frames(rate: int) -> int:
    """How many frames the gain looks ahead, its own included."""
    return max(2, int(LOOK_AHEAD_S * rate + 0.5))


def memory_frames(rate: int) -> int:
    """Frames after which nothing of the past is left: a part needs as many before its first to equal the whole."""
    return int(-math.log(FORGOTTEN) * RELEASE_S * rate) + 2 * look_ahead_frames(rate) + 2 * SEGMENT


class Limiter:
    """Takes frames block by block and returns them in the same order, limited, as soon as their gain is known.

    `rate` in Hz. `first_frame` is the number of the first frame in the piece; frames before `kept_from` are warm-up:
    they shape the gain of those that follow, and are neither returned nor counted. Frames must be finite.
    """

    def __init__(self, rate: int, channels: int = 2, *, first_frame: int = 0, kept_from: int = 0) -> None:
        self.limited_frames = 0
        """Returned frames whose gain was below 1."""
        self.lowest_gain = 1.0
        """The smallest gain of a returned frame."""
        self._reach = look_ahead_frames(rate)
        self._falling = np.array(list(accumulate([1.0 - 1.0 / (RELEASE_S * rate)] * SEGMENT, mul, initial=1.0)))
        before = self._reach - 1 + first_frame % SEGMENT
        self._line = np.zeros((channels, before), np.float32)
        self._left_out = before + max(kept_from - first_frame, 0)
        self._reduction = 0.0
        self._past = np.zeros(2 * (self._reach - 1), np.int64)

    @property
    def largest_reduction_db(self) -> float:
        """How far the loudest frame was turned down, in dB; 0 if none was."""
        return -20.0 * math.log10(max(self.lowest_gain, 1.0 / UNITS)) if self.lowest_gain < 1.0 else 0.0

    def take(self, block: Frames) -> Frames:
        """Takes the next frames (channels, n), any n; returns those that are ready, float32 (channels, m), m >= 0."""
        return self._pass(block, None)

    def finish(self) -> Frames:
        """The frames still held back, as if silence followed: float32 (channels, n)."""
        held = self._line.shape[1]
        return self._pass(np.zeros((len(self._line), self._reach + SEGMENT), np.float32), held)

    def _pass(self, block: Frames, end: int | None) -> Frames:
        """`block` into the line, and what is ready out of it, up to frame `end` of the line."""
        line = np.concatenate([self._line, block], axis=1)
        unseen = line[:, self._reach - 1 :]
        count = unseen.shape[1] // SEGMENT * SEGMENT
        gain = self._gain(np.abs(unseen[:, :count]).max(axis=0))
        self._line = line[:, count:]
        omitted = min(self._left_out, count)
        self._left_out -= omitted
        leaving = slice(omitted, count if end is None else min(end, count))
        if gain is None:
            return line[:, leaving]
        gain = gain[leaving]
        self.limited_frames += int(np.count_nonzero(gain < 1.0))
        self.lowest_gain = min(self.lowest_gain, float(gain.min(initial=1.0)))
        # Rounding may leave a peak one unit above the ceiling; frames of gain 1 are below it.
        return np.clip(line[:, leaving] * gain, -CEILING, CEILING)

    def _gain(self, peaks: Frames) -> Frames | None:
        """The gains of the frames that leave the line as frames with these peaks enter it; None where all are 1."""
        if not self._reduction and not self._past.any() and not (peaks > CEILING).any():
            return None
        needed = 1.0 - np.float64(CEILING) / np.maximum(peaks, CEILING)
        wanted = np.concatenate([self._past, np.ceil(self._released(needed) * UNITS).astype(np.int64)])
        self._past = wanted[len(wanted) - len(self._past) :]
        first, second = self._reach // 2 + 1, self._reach - self._reach // 2
        smooth = moving_sum(moving_sum(moving_max(wanted, self._reach), first), second) / (first * second * UNITS)
        return (1.0 - smooth).astype(np.float32)

    def _released(self, needed: Reductions) -> Reductions:
        """The reductions that are needed, each followed by its exponential release; whole segments."""
        rows = needed.reshape(-1, SEGMENT)
        within = np.maximum.accumulate(rows / self._falling[:-1], axis=1) * self._falling[:-1]
        ends = accumulate(within[:, -1].tolist(), self._over_a_segment, initial=self._reduction)
        *entering, self._reduction = ends
        falling = np.array(entering)[:, None] * self._falling[1:]
        released: Reductions = np.maximum(np.maximum(rows, within), falling).ravel()
        released[released < FORGOTTEN] = 0.0
        return released

    def _over_a_segment(self, entering: float, own: float) -> float:
        """The reduction at the end of a segment, of what entered it and of what it brought itself."""
        left = max(entering * float(self._falling[-1]), own)
        return left if left >= FORGOTTEN else 0.0


def moving_max(values: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """The greatest of each `width` neighbours, (n,) to (n - width + 1,); by doubling."""
    span = 1
    while span < width:
        step = min(span, width - span)
        values = np.maximum(values[:-step], values[step:])
        span += step
    return values


def moving_sum(values: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """The sum of each `width` neighbours, (n,) to (n - width + 1,)."""
    sums = np.concatenate([[0], np.cumsum(values)])
    return np.asarray(sums[width:] - sums[:-width], np.int64)
