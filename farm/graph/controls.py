"""The controls of voices as numbers: from the haps of a pattern and from signals, within their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.errors import Loc, Notice
from farm.graph import envelope, law, remarks
from farm.graph.asking import Asking
from farm.graph.columns import Floats, Ints
from farm.graph.envelope import EnvelopeShape
from farm.graph.graph import VoiceSource
from farm.graph.vocabulary import BOUNDS
from farm.pattern.control import FACTOR
from farm.pattern.hap import Haps, numbered
from farm.pattern.notes import semitone_ratio
from farm.pattern.words import Words
from workers.catalog import Param
from workers.records import record

GROUP_BITS = 31
"""Bits of the number of a choke group."""
CLAMPED = BOUNDS.keys() - {"note", "speed"}
"""Controls whose values stay within their bounds whatever transforms make of them."""
OF_NOTE = frozenset({"absolute", "size"})
"""What a string of notes says besides the notes; a signal of notes says nothing of it."""


@record(frozen=True, slots=True, eq=False)
class Controls:
    """The controls of voices, kind by kind: voices whose controls are all the same are of one kind.

    Voices are many and kinds are few, so what follows from the controls alone is computed once a kind, then `spread`.
    """

    source: VoiceSource
    haps: Haps
    row: Ints
    """The row of the value table of each kind, (kinds,)."""
    first: Ints
    """The first voice of each kind, (kinds,)."""
    kind: Ints | None
    """The kind of each voice, (n,); None: every voice is of its own kind."""
    read: dict[str, Floats]
    """Controls that come from signals, (kinds,)."""

    def __getitem__(self, name: str) -> Floats:
        """A control for each kind, within its bounds, NaN where nothing says it.

        Not so `note`, where a pitch is a MIDI number, and `speed`: what `hurry` makes of it is bounded by the rate.
        """
        values = self.read.get(name)
        if values is None:
            if name in OF_NOTE and "note" in self.read:
                return np.full(len(self.row), np.nan)
            entries = self.haps.entries(name)
            values = np.full(len(self.row), np.nan) if entries is None else entries.take(self.row)
        return values.clip(*BOUNDS[name]) if name in CLAMPED else values

    def spread(self, of_kinds: NDArray[Any]) -> NDArray[Any]:
        """What was computed for each kind (kinds, ...), for each voice (n, ...)."""
        return of_kinds if self.kind is None else of_kinds.take(self.kind, axis=0)

    def or_default(self, name: str, default: float) -> Floats:
        """A control for each kind, `default` where nothing says it."""
        if not self.says(name):
            return np.full(len(self.row), default)
        return envelope.said(self[name], default)

    def shape(self) -> EnvelopeShape:
        """The envelope that the score asks for, for each kind."""
        return EnvelopeShape(self.source.envelope, *(self[name] for name in ("attack", "decay", "sustain", "release")))

    def gains(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Left and right gain of each kind."""
        gain = self.or_default("gain", 1.0) / np.sqrt(self.or_default("size", 1.0))
        left, right = law.pan_gains(self.or_default("pan", 0.0))
        return (gain * left).astype(np.float32), (gain * right).astype(np.float32)

    def gate(self, slot: Ints) -> Ints:
        """Frames after which each voice (n,) is let go: its slot, times its `legato`."""
        if not self.says("legato"):
            return slot
        factor = self.spread(self.or_default("legato", 1.0))
        gate: Ints = np.maximum(np.floor(slot * factor + 0.5).astype(np.int64), 1)
        return gate

    def says(self, name: str) -> bool:
        """Whether any kind may have this control."""
        return name in self.read or name in self.haps.names

    def cut(self, played: Callable[[Ints], Ints]) -> Ints:
        """The choke group of each kind, 0 for none.

        A group below 0 is one for each sample or bus: `played` gives the number of what these kinds play, from 1 on.
        """
        group = self.or_default("cut", 0.0).astype(np.int64)
        own = np.flatnonzero(group < 0)
        if len(own):
            group[own] -= played(own) << GROUP_BITS
        return group


def controls_of(source: VoiceSource, haps: Haps, index: Ints, onset: Ints, asking: Asking) -> Controls:
    """The controls of the haps at `index`, which begin at the frames `onset`."""
    row = haps.key.take(index)
    count = len(row)
    if source.signals:
        read = {param.name: read_control(param, bus, haps, row, onset, asking) for param, bus in source.signals}
        return Controls(source, haps, row, np.arange(count), None, read)
    used, kind = numbered(row, haps.values.shape[1])
    first = np.empty(len(used), np.int64)
    # Of several assignments to one entry the last one stays.
    first[kind[::-1]] = np.arange(count - 1, -1, -1)
    return Controls(source, haps, used, first, kind, {})


def read_control(param: Param, bus: int, haps: Haps, row: Ints, onset: Ints, asking: Asking) -> Floats:
    """A control that comes from a signal, for each voice: within the range of its word, times what transforms left."""
    values: Floats = asking.signal(bus, onset).clip(param.low, param.high)
    factor = haps.entries(FACTOR + param.name)
    return values if factor is None else values * envelope.said(factor.take(row), 1.0)


def remarks_on(controls: Controls, pace: Floats, words: Words) -> Iterator[tuple[str, Notice]]:
    """What is to be said of voices that cannot sound as they are written; `pace`: what `paces` says of each kind."""
    locs = controls["loc"]

    def place_of(kind: int) -> Loc | None:
        return controls.source.loc if np.isnan(locs[kind]) else words.loc(locs[kind])

    yield from remarks.on_rates(pace, place_of)
    if controls.says("speed"):
        yield from remarks.on_stillness(pace, controls.source.instrument is not None, place_of)
    if controls.source.instrument is None and (controls.says("begin") or controls.says("end")):
        begin, end = controls.or_default("begin", 0.0), controls.or_default("end", 1.0)
        yield from remarks.on_parts(begin, end, controls.or_default("loop", 0.0) > 0.5, place_of)


def paces(controls: Controls) -> Floats:
    """The rate that the score asks for of each kind of voices, without bounds: source frames per frame.

    Of a bus, whose notes set its oscillators, what `speed` alone asks for.
    """
    if controls.source.instrument is not None:
        return np.abs(controls.or_default("speed", 1.0))
    note, absolute = controls.or_default("note", 0.0), controls.or_default("absolute", 0.0)
    factor = semitone_ratio(np.where(absolute > 0, note - 60.0, note).clip(*BOUNDS["note"]))
    pace: Floats = np.abs(controls.or_default("speed", 1.0)) * factor
    return pace
