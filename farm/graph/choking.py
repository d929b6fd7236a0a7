"""Voices that are cut off before their end: when, and what is left of them."""

from __future__ import annotations

import numpy as np

from farm.graph import envelope
from farm.graph.columns import Columns, Ints

NOT_CUT = int(np.iinfo(np.int64).max)
"""The frame at which a voice is cut off that is not."""


def choke(batches: list[Columns], until_frame: int, rate: int) -> list[Ints]:
    """Cut groups across all sources: a voice is cut off when the next voice of its group begins, before `until_frame`.

    Returns the frame at which each voice of each batch is, NOT_CUT for most and for those that end by then: int64.
    """
    if not any(batch["cut"].any() for batch in batches):
        return [np.full(len(batch["onset"]), NOT_CUT, np.int64) for batch in batches]
    onset = np.concatenate([batch["onset"] for batch in batches])
    group = np.concatenate([batch["cut"] for batch in batches])
    # Ranks instead of the groups' own numbers, which may be negative or huge.
    rank = np.unique(group, return_inverse=True)[1].reshape(-1)
    key = rank * (1 << 40) + onset
    order = np.argsort(key, kind="stable")
    following = np.searchsorted(key[order], key, side="right")
    found = (following < len(key)) & (group != 0)
    follower = order[np.minimum(following, len(key) - 1)]
    found &= (rank[follower] == rank) & (onset[follower] < until_frame)
    stop = np.where(found, onset[follower], NOT_CUT)
    last = np.concatenate([batch["end"] for batch in batches]) - envelope.frames_of(envelope.CHOKE_S, rate)
    stop = np.where(stop < last, stop, NOT_CUT)
    counts = [len(batch["onset"]) for batch in batches]
    return np.split(stop, np.cumsum(counts)[:-1])


def ends_of(batch: Columns, rate: int) -> Ints:
    """The frame at which each voice ends, those included that are cut off."""
    stop, fade = np.minimum(batch["choked"], batch["stolen"]), envelope.frames_of(envelope.CHOKE_S, rate)
    ends: Ints = np.where(stop < batch["end"] - fade, stop + fade, batch["end"])
    return ends


def cut_off(batch: Columns, rate: int) -> Columns:
    """Voices as they sound: those that are choked or stolen before their end are faded out from there on."""
    stop, fade = np.minimum(batch["choked"], batch["stolen"]), envelope.frames_of(envelope.CHOKE_S, rate)
    hit = np.flatnonzero(stop < batch["end"] - fade)
    if not len(hit):
        return batch
    batch = {name: column.copy() for name, column in batch.items()}
    after = stop[hit] - batch["onset"][hit]
    if "breaks" in batch:
        old = envelope.Segments(*(batch[name][hit] for name in ("breaks", "levels", "slopes", "curve")))
        cut = envelope.faded(old, after, fade)
        for name in ("breaks", "levels", "slopes", "curve"):
            batch[name][hit] = getattr(cut, name)
    else:
        batch["fade_frames"][hit] = fade
    batch["end"][hit] = stop[hit] + fade
    return batch
