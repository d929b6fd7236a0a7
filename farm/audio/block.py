"""Blocks: neighbouring frames on their way into a file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from workers.records import record

Frames = NDArray[np.float32]


@record(frozen=True, slots=True, eq=False)
class Block:
    """Neighbouring frames that an output path gives, good until the next.

    `first`: number of the first. `frames`: float32 (n, channels). `data`: the same as whole numbers, as they stand in a
    file, uint8 (n, bytes of a frame), or None. Of the frames that are kept: `peak`, the greatest magnitude before any
    was cut off; how many were `cut_off` at full scale, and in how many a channel was `outside` of the range of whole
    numbers; how many were `limited`, and the greatest `reduction`, 0 to 1. `path`: number of the path.
    """

    first: int
    frames: Frames
    data: NDArray[np.uint8] | None = None
    peak: float = 0.0
    cut_off: int = 0
    outside: int = 0
    limited: int = 0
    reduction: float = 0.0
    path: int = 0
    energies: NDArray[np.float32] | None = None
    """Of the cells of 100 ms that end among its frames, over all channels, where loudness is measured."""
    true_peak: float = 0.0
    """So far."""

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def end(self) -> int:
        """The frame behind the last one."""
        return self.first + len(self.frames)

    def between(self, first: int, last: int | None) -> Block:
        """The frames from number `first` up to `last`."""
        begin, end = bounds(self.first, len(self.frames), first, last)
        if (begin, end) == (0, len(self.frames)):
            return self
        frames = self.frames[begin:end]
        data = None if self.data is None else self.data[begin:end]
        # What lies outside of the frames that are kept is no louder than full scale: either it did not count, or it is
        # what follows an automatic tail.
        peak = self.peak if self.peak > 1.0 else loudest(frames)
        return replace(self, first=self.first + begin, frames=frames, data=data, peak=peak)

    def copy(self) -> Block:
        """A block of its own, which stays."""
        return replace(self, frames=self.frames.copy(), data=None if self.data is None else self.data.copy())


def bounds(first: int, count: int, begin: int, last: int | None) -> tuple[int, int]:
    """Which of `count` frames, the first of which is number `first`, lie from `begin` up to `last`."""
    start = min(max(begin - first, 0), count)
    end = count if last is None else min(last - first, count)
    return start, max(start, end)


def loudest(frames: Frames) -> float:
    """The greatest magnitude."""
    return max(float(frames.max(initial=0.0)), -float(frames.min(initial=0.0)))
