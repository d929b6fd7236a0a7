"""`--max-voices`: where too many voices would sound at once, a new one takes the place of the oldest.

Decided while planning, so that a voice stays constants. A stolen voice is faded out like a choked one; from the frame
at which it is stolen on it does not count. What was decided stands in the voices' column `stolen`: going through them
again gives the same, so that the length of a window does not show.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

import numpy as np

from farm.graph.voices import NOT_STOLEN, Columns, Ints, cut_off


def steal(batches: list[Columns], most: int, until_frame: int, rate: int) -> tuple[list[Columns], int]:
    """The voices of all sources, never more than `most` of them at once before `until_frame`; how many had to go.

    All voices with an onset before `until_frame` must be there. Voices are counted in order of onset; simultaneous
    ones in order of source, then of pattern.
    """
    source = np.repeat(np.arange(len(batches)), [len(batch["onset"]) for batch in batches])
    onset = np.concatenate([batch["onset"] for batch in batches]) if batches else np.zeros(0, np.int64)
    if not len(onset):
        return batches, 0
    gone = np.concatenate([np.minimum(batch["end"], batch["stolen"]) for batch in batches])
    order = np.argsort(onset, kind="stable")
    order = order[: np.searchsorted(onset[order], until_frame)]
    if peak(onset[order], gone[order]) <= most:
        return batches, 0
    stolen = oldest_first(onset[order], gone[order], most)
    stop = np.full(len(onset), NOT_STOLEN, np.int64)
    stop[order] = stolen
    result = []
    for number, batch in enumerate(batches):
        at = stop[source == number]
        hit = at < NOT_STOLEN
        if hit.any():
            batch = cut_off(batch, at, rate)
            batch["stolen"][hit] = at[hit]
        result.append(batch)
    return result, int((stolen < NOT_STOLEN).sum())


def peak(onset: Ints, end: Ints) -> int:
    """Most spans onset <= t < end at once; onsets ascending."""
    real = end > onset
    began, over = onset[real], np.sort(end[real])
    return int((np.arange(1, len(began) + 1) - np.searchsorted(over, began, "right")).max(initial=0))


def oldest_first(onset: Ints, end: Ints, most: int) -> Ints:
    """The frame at which each voice is stolen, NOT_STOLEN for most; onsets ascending."""
    stolen = np.full(len(onset), NOT_STOLEN, np.int64)
    sounding: set[int] = set()
    by_age: deque[int] = deque()
    by_end: list[tuple[int, int]] = []
    for voice, (begins, ends) in enumerate(zip(onset.tolist(), end.tolist(), strict=True)):
        while by_end and by_end[0][0] <= begins:
            sounding.discard(heappop(by_end)[1])
        if len(sounding) == most:
            while by_age[0] not in sounding:
                by_age.popleft()
            oldest = by_age.popleft()
            sounding.remove(oldest)
            stolen[oldest] = begins
        sounding.add(voice)
        by_age.append(voice)
        heappush(by_end, (ends, voice))
    return stolen
