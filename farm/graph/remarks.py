"""Warnings about voices that cannot sound as they are written: each says what is heard instead.

They come with what they are about, so that a place is not told the same again and again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from farm.errors import Loc, Notice
from farm.quantities import plain

Floats = NDArray[np.float64]
PlaceOf = Callable[[int], Loc | None]
"""The index of a kind of voices -> where it stands in the score."""

FASTEST = 15.99
"""The highest rate at which a sample is played: source frames per frame."""
SHORTEST_LOOP = 32
"""Frames of a sample that can be repeated."""


def on_rates(rate: Floats, place_of: PlaceOf) -> Iterator[tuple[str, Notice]]:
    """A warning for each kind of voices whose rate (kinds,) is above the highest there is."""
    for kind in np.flatnonzero(rate > FASTEST).tolist():
        lower = 12.0 * math.log2(rate[kind] / FASTEST)
        message = f"rate {plain(rate[kind], 4)} is above {FASTEST}; {FASTEST} is heard, {lower:.3g} semitones lower"
        hint = "lower its `note` or `speed`, or take a sample of a higher pitch"
        yield "rate", Notice(message, place_of(kind), hint)


def on_stillness(rate: Floats, instrument: bool, place_of: PlaceOf) -> Iterator[tuple[str, Notice]]:
    """A warning for each kind of voices whose rate (kinds,) is 0; `instrument`: of a bus, not of a sample."""
    for kind in np.flatnonzero(rate == 0.0).tolist():
        heard = "the oscillators of the bus hardly move" if instrument else "the sample stays at its first frame"
        ends = "" if instrument else ", and a voice without `legato` or an envelope never ends"
        yield "still", Notice(f"`speed` 0 stands still: {heard}{ends}", place_of(kind), "for silence write # gain 0")


def on_parts(begin: Floats, end: Floats, looped: NDArray[np.bool_], place_of: PlaceOf) -> Iterator[tuple[str, Notice]]:
    """A warning for each kind of voices whose part of a sample (kinds,) does not begin before it ends."""
    for kind in np.flatnonzero(begin >= end).tolist():
        first, last = begin[kind], end[kind]
        heard = f"a buzz of {SHORTEST_LOOP} frames" if looped[kind] else "a single frame, a click at most,"
        hint = f"write # begin {plain(last)} # end {plain(first)}, and # speed -1 to hear that part backwards"
        if first == last:
            hint = "a part begins before it ends: # begin 0.25 # end 0.75"
        message = f"`begin` {plain(first)} does not lie before `end` {plain(last)}; {heard} is heard"
        yield "part", Notice(message, place_of(kind), hint)
