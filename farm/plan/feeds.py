"""Step ports: the entries (frame, bits) of each step-fed constant over a window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from farm.errors import ScoreError, placed
from farm.graph.graph import StepsFeed
from farm.pattern.clock import Clock
from farm.pattern.steps import steps
from farm.pattern.words import Words
from farm.plan.instants import seen, words
from farm.plan.plan import FeedKind, FeedPlan
from workers.catalog import Unit
from workers.records import record

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
INSTANTS = (FeedKind.ORIGIN, FeedKind.CYCLE, FeedKind.CYCLE_PAST)
"""Steps that say since when."""
CYCLES = (FeedKind.CYCLE, FeedKind.CYCLE_PAST, FeedKind.CYCLE_FRAMES)
"""Steps that come with every cycle."""


@record(eq=False)
class StepValues:
    """A step function, cycle after cycle: frames where its value changes, with the value before and after."""

    feed: StepsFeed
    words: Words
    clock: Clock
    last: float | None = None

    def over(self, first_cycle: int, cycles: int) -> tuple[Ints, Floats, Floats]:
        """(frames, values, values before) of the changes in these cycles; asked for consecutive cycles."""
        with placed(self.feed.loc):
            heard = steps(self.feed.pattern, first_cycle, cycles, self.clock)
        rests = np.isnan(heard.ids)
        if self.feed.reading == "open":
            values = np.where(rests, 0.0, 1.0)
        else:
            values = self.words.hertz(heard.ids)
            wrong = np.isnan(values) & ~rests
            if wrong.any():
                raise self.no_number(heard.ids[np.argmax(wrong)], np.arange(first_cycle, first_cycle + cycles))
            values = np.clip(values, self.feed.low, self.feed.high)
            if self.feed.reading == "gate":
                values = np.where(rests, 0.0, values)
            else:
                start = min(max(0.0, self.feed.low), self.feed.high) if self.last is None else self.last
                values = held(values, rests, start)
        first = values[0] if self.last is None and len(values) else self.last
        before = np.concatenate([[first if first is not None else 0.0], values[:-1]])
        changed = values != before
        if self.last is None and len(changed):
            changed[0] = True
        if len(values):
            self.last = float(values[-1])
        return heard.frames[changed], values[changed], before[changed]

    def no_number(self, word: float, asked: Ints) -> ScoreError:
        """The error for a word in these cycles, at the place where it is written."""
        haps = self.feed.pattern.query(asked)
        places = haps.entries("loc")
        row = np.argmax(haps.column("v") == word)
        loc = self.words.loc(places[haps.key[row]]) if places is not None else None
        text = self.words.text(int(word))
        return ScoreError(
            f"`{text}` is not a number", loc=loc or self.feed.loc, hint="numbers or notes are needed here"
        )


def held(values: Floats, rests: NDArray[np.bool_], start: float) -> Floats:
    """Each rest takes the last value before it."""
    index = np.where(rests, -1, np.arange(len(values)))
    index = np.maximum.accumulate(index)
    return np.where(index < 0, start, values[np.maximum(index, 0)])


def bits_of(values: Floats, unit: Unit, rate: int) -> Ints:
    """Numbers of the language as the bits that kernels receive."""
    if unit is Unit.PHASE:
        turns = np.clip(values / rate, 0.0, 0.5)
        return np.minimum(np.floor(turns * 2.0**32 + 0.5), 2.0**31).astype(np.int64)
    if unit is Unit.WORD:
        return values.astype(np.int64) & 0xFFFFFFFF
    scaled = np.floor(values * rate + 0.5) if unit is Unit.FRAMES else values
    return scaled.astype(np.float32).view(np.uint32).astype(np.int64)


@record(eq=False)
class FeedStream:
    """Entries of one feed, window after window: those before the window's end are kept until the next step is due."""

    feed: FeedPlan
    values: Callable[[int, int], tuple[Ints, Floats, Floats]]
    clock: Clock
    asked: int = 0
    """Cycles before this one were asked for, or not wanted."""
    entries: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))

    def window(self, first_frame: int, until_cycle: int) -> Ints:
        """Entries (n, 2) for frames from `first_frame` on, up to the start of `until_cycle`."""
        if until_cycle > self.asked:
            self.entries = np.concatenate([self.entries, self.more(self.asked, until_cycle - self.asked)])
            self.asked = until_cycle
        keep = max(int(np.searchsorted(self.entries[:, 0], first_frame, "right")) - 1, 0)
        self.entries = self.entries[keep:]
        if self.feed.what not in INSTANTS:
            return self.entries
        starts = self.entries[:, 0]
        since, past = seen(starts, first_frame)
        bits = past.astype(np.float32).view(np.uint32) if self.feed.what is FeedKind.CYCLE_PAST else words(since)
        return np.stack([starts, bits.astype(np.int64)], axis=1)

    def more(self, first_cycle: int, cycles: int) -> Ints:
        what = self.feed.what
        if what in CYCLES:
            starts = self.clock.starts(first_cycle, cycles + 1)
            lengths = bits_of(np.diff(starts).astype(np.float64), Unit.PLAIN, self.clock.rate)
            return np.stack([starts[:-1], lengths], axis=1)
        frames, values, before = self.values(first_cycle, cycles)
        chosen = before if what is FeedKind.PREVIOUS else values
        return np.stack([frames, bits_of(chosen, self.feed.unit, self.clock.rate)], axis=1)


def streams(feeds: tuple[FeedPlan, ...], vocabulary: Words, clock: Clock, first_cycle: int = 0) -> list[FeedStream]:
    """One stream for each feed of a group, from a cycle on; feeds of one step function share its changes."""
    made: list[FeedStream] = []
    shared: dict[int, Callable[[int, int], tuple[Ints, Floats, Floats]]] = {}
    for feed in feeds:
        if feed.steps is None:
            made.append(FeedStream(feed, nothing, clock, first_cycle))
            continue
        if id(feed.steps) not in shared:
            shared[id(feed.steps)] = remembering(StepValues(feed.steps, vocabulary, clock))
        made.append(FeedStream(feed, shared[id(feed.steps)], clock, first_cycle))
    return made


def nothing(first_cycle: int, cycles: int) -> tuple[Ints, Floats, Floats]:
    """No changes."""
    return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)


def remembering(values: StepValues) -> Callable[[int, int], tuple[Ints, Floats, Floats]]:
    """Answers the same cycles again from memory."""
    last: list[tuple[int, int, tuple[Ints, Floats, Floats]]] = []

    def over(first_cycle: int, cycles: int) -> tuple[Ints, Floats, Floats]:
        if not last or last[0][:2] != (first_cycle, cycles):
            last[:] = [(first_cycle, cycles, values.over(first_cycle, cycles))]
        return last[0][2]

    return over
