"""Onsets: the haps of an answer that begin in it, in the order in which they sound."""

from __future__ import annotations

import numpy as np

from farm.pattern.clock import Clock
from farm.pattern.hap import Haps
from farm.pattern.time import Ints


def onset_frames(haps: Haps, cycles: Ints, clock: Clock) -> tuple[Ints, Ints, Ints]:
    """The haps that begin inside their own row, with the frames of onset and end, in the order they sound.

    `cycles` is the ascending array that was queried for `haps`. Returns three int64 arrays of one length:
    `index` into the haps, `onset_frame`, `end_frame`, sorted by onset frame; equal frames keep the order of
    cycles, then of the haps, so that the order does not depend on how the cycles were cut into windows.
    """
    index = np.flatnonzero(haps.times[0] == haps.times[2])
    row = haps.row.take(index)
    if len(row) > 1 and (row[1:] < row[:-1]).any():
        index = index.take(np.argsort(row.astype(np.uint16) if len(cycles) < 1 << 16 else row, kind="stable"))
        row = haps.row.take(index)
    of_row = cycles.take(row)
    onset, end = clock.frames(of_row, haps.times[:2].take(index, axis=1), haps.den, haps.reach)
    order = _stable_order(onset)
    return index.take(order), onset.take(order), end.take(order)


def _stable_order(frames: Ints) -> Ints:
    """`argsort(frames, kind="stable")`; sorting unique keys (frame, position) is several times quicker."""
    count = len(frames)
    if not count or (frames[1:] >= frames[:-1]).all():
        return np.arange(count)
    if count < 1 << 24 and int(np.abs(frames).max()) < 1 << 38:
        return np.sort(frames * (1 << 24) + np.arange(count)) & ((1 << 24) - 1)
    return np.argsort(frames, kind="stable")
