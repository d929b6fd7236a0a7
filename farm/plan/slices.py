"""Slices: the voices of a source numbered in onset order, 16 to a slice, and which of them sound in which chunk."""

from __future__ import annotations

from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.asking import Asking
from farm.graph.choking import NOT_CUT, cut_off, ends_of
from farm.graph.columns import Columns, joined, taken
from farm.graph.graph import VoiceSource
from farm.graph.seeds import seed32
from farm.graph.voices import voices
from farm.pattern.pattern import Pattern
from farm.plan.instants import FAR, seen, words
from farm.plan.plan import ConstantKind, ConstantPlan, GroupKind, GroupPlan, SourceWindow
from workers.records import record
from workers.wire import LANES

Ints = NDArray[np.int64]


@record(eq=False)
class SourceStream:
    """The voices of one source, window after window. Those that still sound, and a slice not yet full, are kept.

    `live`: voices as they were asked for; where they are cut off stands in their columns `choked` and `stolen`, as far
    as windows were planned.
    """

    source: VoiceSource
    group: GroupPlan
    asking: Asking
    end_frame: int | None
    start_frame: int = 0
    """What begins before is not heard."""
    asked: int = 0
    first_slice: int = 0
    live: Columns | None = None
    started: int = 0
    slots: dict[int, int] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    slot_count: int = 0

    def __post_init__(self) -> None:
        self.asked = self.asking.clock.cycle_of(self.start_frame)

    def advance(self, until_cycle: int) -> None:
        """Asks for all voices before `until_cycle`."""
        if until_cycle <= self.asked and self.live is not None:
            return
        found = voices(self.source, self.asked, max(until_cycle - self.asked, 0), self.asking, self.end_frame)
        if self.start_frame:
            found = taken(found, found["onset"] >= self.start_frame)
        for decision in ("choked", "stolen"):
            found[decision] = np.full(len(found["onset"]), NOT_CUT, np.int64)
        if isinstance(self.source.voices, Pattern):
            self.source.voices.clear()
        self.started += len(found["onset"])
        self.live = found if self.live is None else joined([self.live, found])
        self.asked = max(until_cycle, self.asked)

    def decide(self, decision: str, stops: Ints) -> None:
        """Notes the frames at which voices are `choked` or `stolen`, besides what was decided before."""
        assert self.live is not None
        if (stops < NOT_CUT).any():
            self.live = {**self.live, decision: np.minimum(self.live[decision], stops)}

    def window(self, first_frame: int, last_frame: int, chunk_frames: int) -> SourceWindow:
        """The source's part in a window between two frames."""
        assert self.live is not None
        live = cut_off(self.live, self.asking.rate)
        count = len(live["onset"])
        slices = -(-count // LANES)
        halves = sounding(live["onset"], live["end"], first_frame, last_frame, chunk_frames)
        constants = None
        if self.group.kind is GroupKind.VOICES:
            constants = constants_of(self.group.constants, live, self.asking, self.source, slices, first_frame)
        return SourceWindow(
            columns=live,
            voices=count,
            first_slice=self.first_slice,
            halves=halves,
            counts=(halves[:, 1:] != 0).sum(axis=0),
            constants=constants,
            slots=self.take_slots(halves) if self.group.carried else np.zeros(slices, np.int64),
        )

    def take_slots(self, halves: NDArray[np.uint8]) -> Ints:
        """State slots: a slice keeps its own from its first chunk to its last."""
        active = (halves != 0).any(axis=1)
        numbers = range(self.first_slice, self.first_slice + len(active))
        wanted = {number for number, on in zip(numbers, active.tolist(), strict=True) if on}
        for number in [one for one in self.slots if one not in wanted]:
            self.free.append(self.slots.pop(number))
        for number in sorted(wanted - self.slots.keys()):
            if not self.free:
                self.free.append(self.slot_count)
                self.slot_count += 1
            self.slots[number] = self.free.pop()
        return np.array([self.slots.get(number, 0) for number in numbers], np.int64)

    def forget(self, before_frame: int) -> None:
        """Drops full slices from the front whose voices have all ended before a frame."""
        if self.live is None:
            return
        count = len(self.live["onset"])
        full = count // LANES
        if not full:
            return
        ends = ends_of(self.live, self.asking.rate)[: full * LANES].reshape(full, LANES).max(axis=1)
        over = ends <= before_frame
        gone = full if over.all() else int(np.argmin(over))
        if gone:
            self.live = taken(self.live, slice(gone * LANES, None))
            self.first_slice += gone


def sounding(onset: Ints, end: Ints, first_frame: int, last_frame: int, chunk_frames: int) -> NDArray[np.uint8]:
    """Bits of the halves of each slice that sound in each chunk between two frames: (slices, chunks + 1).

    The last chunk may be short; column 0 is the chunk before the first.
    """
    count = len(onset)
    slices = -(-count // LANES)
    chunks = -(-(last_frame - first_frame) // chunk_frames)
    first_frame -= chunk_frames
    begin = (np.maximum(onset, first_frame) - first_frame) // chunk_frames
    stop = (np.minimum(end, last_frame) - 1 - first_frame) // chunk_frames + 1
    inside = np.flatnonzero((onset < last_frame) & (end > first_frame) & (end > onset))
    width = chunks + 2
    half = inside // 8
    begins = np.bincount(half * width + begin[inside], minlength=2 * slices * width)
    stops = np.bincount(half * width + stop[inside], minlength=2 * slices * width)
    on = np.cumsum((begins - stops).reshape(2 * slices, width), axis=1)[:, : chunks + 1] > 0
    low, high = on[0::2].astype(np.uint8), on[1::2].astype(np.uint8)
    both: NDArray[np.uint8] = np.bitwise_or(low, np.left_shift(high, np.uint8(1), dtype=np.uint8), dtype=np.uint8)
    return both


def constants_of(
    plans: tuple[ConstantPlan, ...], columns: Columns, asking: Asking, source: VoiceSource, slices: int, now: int
) -> NDArray[np.uint32]:
    """Constants of bus voices in a window from frame `now` on: uint32 bits (slices, constants, 16).

    Lanes without a voice repeat the last, silently.
    """
    count = len(columns["onset"])
    lanes = np.minimum(np.arange(slices * LANES), max(count - 1, 0))
    table = np.zeros((slices, len(plans), LANES), np.uint32)
    if not count:
        return table
    empty = np.arange(slices * LANES) >= count
    for index, plan in enumerate(plans):
        values = constant_bits(plan, columns, asking, source, now)
        if values is None:
            table[:, index, :] = plan.value
            continue
        values = values.take(lanes)
        if plan.kind is ConstantKind.LENGTH or plan.name in ("gain_left", "gain_right"):
            values = np.where(empty, np.uint32(0), values)
        elif plan.kind is ConstantKind.SINCE:
            # A lane whose voice a later window brings: its delay lines must hear nothing before.
            values = np.where(empty, words(np.array(now + FAR)), values)
        table[:, index, :] = values.reshape(slices, LANES)
    return table


def constant_bits(
    plan: ConstantPlan, columns: Columns, asking: Asking, source: VoiceSource, now: int
) -> NDArray[np.uint32] | None:
    """One constant for each voice in a window from frame `now` on; None for one that is the same in all."""
    onset = columns["onset"]
    if plan.kind is ConstantKind.COLUMN:
        values = columns[plan.name]
        bits: NDArray[np.uint32] = np.ascontiguousarray(values).view(np.uint32)
        return bits
    if plan.kind is ConstantKind.PHASE:
        turns = np.clip(plan.value * columns["ratio"] / asking.rate, 0.0, 0.5)
        steps: NDArray[np.uint32] = np.minimum(np.floor(turns * 2.0**32 + 0.5), 2.0**31).astype(np.uint32)
        return steps
    if plan.kind is ConstantKind.RATIO:
        return float_words(plan.value * columns["ratio"])
    if plan.kind is ConstantKind.ORIGIN:
        return words(onset)
    if plan.kind is ConstantKind.SINCE:
        return words(seen(onset, now)[0])
    if plan.kind is ConstantKind.PAST:
        return float_words(seen(onset, now)[1])
    if plan.kind is ConstantKind.AFTER:
        return words(seen(onset + columns[plan.name], now)[0] - seen(onset, now)[0])
    if plan.kind is ConstantKind.LENGTH:
        return words(seen(columns["end"], now)[0] - seen(onset, now)[0])
    if plan.kind is ConstantKind.FADE:
        return float_words(1.0 / columns["fade_frames"])
    if plan.kind is ConstantKind.SLOT:
        return float_words(columns["slot"].astype(np.float64))
    if plan.kind is ConstantKind.SEED:
        return voice_seeds(plan.value, onset, columns["same"], source)
    return None


def float_words(values: NDArray[Any]) -> NDArray[np.uint32]:
    """Numbers as the bits of float32."""
    return values.astype(np.float32).view(np.uint32)


def voice_seeds(path_seed: int, onset: Ints, same: Ints, source: VoiceSource) -> NDArray[np.uint32]:
    """The seed of a node in each voice: its place, the voice's source and onset, its number among simultaneous ones."""
    mixed = (onset * 0x9E3779B1 + same * 0x85EBCA77 + path_seed + seed32(0, source.seed_path)) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 12)) & 0xFFFFFFFF).astype(np.uint32)
