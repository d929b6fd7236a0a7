"""Instants as kernels see them: 32 bits to count from, right in every frame of a window however far off they lie.

A kernel counts frames from an instant modulo 2**32 and takes the difference for a signed number. Where `FAR` frames lie
between the instant and a window, it is given a later word to count from, and how much later as a float. What it counts
is then from `FAR` on but below 2**31, and what is left out is a multiple of `GRAIN`; so the float32 of their sum is the
same, whichever window a frame lies in. An instant so far ahead is moved near enough to stay ahead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

FAR = 3 << 29
"""Longer than every envelope of a voice, every fade and every delay line, so that their kernels need no float."""
GRAIN = 1 << 24
LONGEST_WINDOW = 1 << 28
"""Frames of a window, at most."""


def seen(instants: Ints, now: int) -> tuple[Ints, Ints]:
    """(frames to count from, frames between each instant and those): of instants int64 (n,), in a window from `now` on.

    For an instant far ahead the second is 0.
    """
    if not len(instants) or (instants[0] > now - FAR and instants.min() > now - FAR and instants.max() <= now + FAR):
        return instants, np.zeros(len(instants), np.int64)
    left_out = np.maximum((now - FAR - instants) // GRAIN, 0) * GRAIN
    return np.minimum(instants + left_out, now + FAR), left_out


def words(frames: NDArray[Any]) -> NDArray[np.uint32]:
    """Frames modulo 2**32."""
    return (frames & 0xFFFFFFFF).astype(np.uint32)


def seen_one(instant: int, now: int) -> tuple[int, int]:
    """`seen` of one instant: its word, and the bits of the frames that are left out as float32."""
    frame, left_out = seen(np.array([instant], np.int64), now)
    return int(frame[0]) & 0xFFFFFFFF, int(left_out.astype(np.float32).view(np.uint32)[0])
