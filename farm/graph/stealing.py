"""`--max-voices`: where too many voices would sound at once, a new one takes the place of the oldest.

Decided while planning, so that a voice stays constants. A stolen voice is faded out like a choked one; from the frame
at which it is stolen on it does not count. What was decided stands in the voices' column `stolen`: going through them
again gives nothing new, so that the length of a window does not show.
"""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush

import numpy as np

from farm.graph.choking import NOT_CUT, ends_of
from farm.graph.columns import Columns, Ints


def steal(batches: list[Columns], most: int, until_frame: int, rate: int) -> list[Ints]:
    """The frame at which each voice of each source is stolen, NOT_CUT for most: int64.

    Then never more than `most` voices sound at once before `until_frame`. All voices with an onset before that must be
    there, with what was decided before. Voices are counted in order of onset; simultaneous ones in order of source,
    then of pattern.
    """
    if not batches:
        return []
    counts = [len(batch["onset"]) for batch in batches]
    stop = np.full(sum(counts), NOT_CUT, np.int64)
    if len(stop):
        onset = np.concatenate([batch["onset"] for batch in batches])
        gone = np.concatenate([np.minimum(ends_of(batch, rate), batch["stolen"]) for batch in batches])
        order = np.argsort(onset, kind="stable")
        order = order[: np.searchsorted(onset[order], until_frame)]
        if peak(onset[order], gone[order]) > most:
            stop[order] = oldest_first(onset[order], gone[order], most)
    return np.split(stop, np.cumsum(counts)[:-1])


def peak(onset: Ints, end: Ints) -> int:
    """Most spans onset <= t < end at once; onsets ascending."""
    real = end > onset
    began, over = onset[real], np.sort(end[real])
    return int((np.arange(1, len(began) + 1) - np.searchsorted(over, began, "right")).max(initial=0))


def oldest_first(onset: Ints, end: Ints, most: int) -> Ints:
    """The frame at which each voice is stolen, NOT_CUT for most; onsets ascending."""
    stolen = np.full(len(onset), NOT_CUT, np.int64)
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
