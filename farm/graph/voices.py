"""From haps to voices: every number that a voice needs, as columns; a voice is constants from its onset to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from farm.errors import FileError, Loc, Notice, SampleError, ScoreError, placed
from farm.graph import envelope, law, remarks
from farm.graph.envelope import EnvelopeShape, Segments
from farm.graph.graph import ConstantFeed, StepsFeed, VoiceSource
from farm.graph.leaving import Leaving
from farm.graph.remarks import FASTEST, SHORTEST_LOOP
from farm.graph.slab import SampleFiles, SampleSpan
from farm.graph.vocabulary import BOUNDS
from farm.pattern.clock import Clock
from farm.pattern.control import FACTOR
from farm.pattern.hap import Haps, numbered
from farm.pattern.notes import hertz, semitone_ratio
from farm.pattern.onsets import onset_frames
from farm.pattern.pattern import Pattern
from farm.pattern.steps import steps
from farm.pattern.unique import unique
from farm.pattern.words import Words
from workers.catalog import Param
from workers.records import record

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
SignalReader = Callable[[int, Ints], Floats]
"""(bus, frames) -> the bus's left channel at those frames."""

STEP_BITS = 24
GROUP_BITS = 31
"""Bits of the number of a choke group."""
SLOWEST = 1e-6
NOT_CUT = int(np.iinfo(np.int64).max)
CLAMPED = BOUNDS.keys() - {"note", "speed"}
"""Controls whose values stay within their bounds whatever transforms make of them."""
OF_NOTE = frozenset({"absolute", "size"})
"""What a string of notes says besides the notes; a signal of notes says nothing of it."""


@record(frozen=True, slots=True)
class Asking:
    """What voices are made from besides the score: rate and tempo, samples, signals."""

    clock: Clock
    words: Words
    slab: SampleFiles
    signal: SignalReader
    sinc_table: Callable[[Floats], Ints]
    """Rates (n,) -> index of the sinc table in the slab for each (only asked with quality best)."""
    best: bool
    leaving: Leaving | None = None

    @property
    def rate(self) -> int:
        """Frames per second."""
        return self.clock.rate


class VoiceTable(Protocol):
    """Voices that stand in a table instead of being asked of a pattern."""

    def between(self, first_cycle: int, cycles: int, asking: Asking) -> Columns:
        """The columns of those whose onsets lie in these cycles, in onset order."""
        ...


def taken(columns: Mapping[str, NDArray[Any]], index: Any) -> Columns:
    """Some of the voices."""
    return {name: column[index] for name, column in columns.items()}


def joined(parts: list[Columns]) -> Columns:
    """Voices of several batches, one after another."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def voices(source: VoiceSource, first_cycle: int, cycles: int, asking: Asking, end_frame: int | None) -> Columns:
    """The voices of a source whose onsets lie in these cycles (and before `end_frame`), in onset order.

    Columns of all sources: `onset`, `end` (int64 frames), `slot` (frames), `cut` (int64 group, 0 none). Samples add the
    columns of the `sampler` node, instruments the constants of their voices.
    """
    pattern: Pattern | VoiceTable = source.voices
    if not isinstance(pattern, Pattern):
        return pattern.between(first_cycle, cycles, asking)
    asked = np.arange(first_cycle, first_cycle + cycles)
    with placed(source.loc):
        haps = pattern.query(asked)
    index, onset, ends = onset_frames(haps, asked, asking.clock)
    own = playing(source, haps, asking.words)
    keep = np.ones(len(index), bool) if own.all() else own.take(haps.key.take(index))
    if end_frame is not None:
        keep &= onset < end_frame
    if not keep.all():
        index, onset, ends = index[keep], onset[keep], ends[keep]
    controls = controls_of(source, haps, index, onset, asking)
    slot = np.maximum(ends - onset, 1)
    if source.instrument is None:
        return sample_columns(controls, onset, slot, asking)
    return instrument_columns(controls, onset, slot, asking)


def playing(source: VoiceSource, haps: Haps, words: Words) -> NDArray[np.bool_]:
    """For each row of the value table, whether a source plays it."""
    if source.word:
        return plays(haps, words, f"~{source.word}")
    if source.instrument is None:
        return ~plays(haps, words, "~", prefix=True)
    return np.ones(haps.values.shape[1], bool)


def plays(haps: Haps, words: Words, word: str, prefix: bool = False) -> NDArray[np.bool_]:
    """For each row of the value table, whether its `s` is (or begins with) `word`."""
    names = haps.entries("s")
    if names is None:
        return np.zeros(haps.values.shape[1], bool)
    texts = {one: words.text(int(one)) for one in unique(names[~np.isnan(names)])}
    chosen = [one for one, text in texts.items() if (text.startswith(word) if prefix else text.split(":")[0] == word)]
    return np.isin(names, np.array(chosen, np.float64))


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
        return np.clip(values, *BOUNDS[name]) if name in CLAMPED else values

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
    values: Floats = np.clip(asking.signal(bus, onset), param.low, param.high)
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
    factor = semitone_ratio(np.clip(np.where(absolute > 0, note - 60.0, note), *BOUNDS["note"]))
    pace: Floats = np.abs(controls.or_default("speed", 1.0)) * factor
    return pace


def sample_columns(controls: Controls, onset: Ints, slot: Ints, asking: Asking) -> Columns:
    """Columns of sample voices."""
    speed = controls.or_default("speed", 1.0)
    pace = paces(controls)
    for remark in remarks_on(controls, pace, asking.words):
        asking.slab.tell(*remark)
    pace = np.clip(pace, SLOWEST, FASTEST)
    step = np.floor(pace * (1 << STEP_BITS) + 0.5).astype(np.int64)
    start, length, apart, form = spans(controls, speed < 0, asking)
    begin = controls.or_default("begin", 0.0)
    end = np.maximum(controls.or_default("end", 1.0), begin)
    # A part of a sample that runs backwards begins at its end.
    begin, end = np.where(speed < 0, 1.0 - end, begin), np.where(speed < 0, 1.0 - begin, end)
    first = np.floor(begin * length + 0.5).astype(np.int64)
    last = np.maximum(np.floor(end * length + 0.5).astype(np.int64), first + 1)
    looped = controls.or_default("loop", 0.0) > 0.5
    last = np.where(looped, np.maximum(last, first + SHORTEST_LOOP), last)
    natural = np.maximum((((last - first) << STEP_BITS) + step - 1) // step, 1)
    segments = segments_of(controls, np.where(looped, envelope.NEVER, natural), looped, slot, asking.rate)
    left, right = controls.gains()
    spread, zeros = controls.spread, np.zeros(len(onset), np.int64)
    return {
        "onset": onset,
        "end": onset + segments.breaks[:, -1],
        "slot": slot,
        "cut": spread(controls.cut(lambda kinds: sample_numbers(controls, kinds, asking))),
        "source": spread(start + first * np.where(form > 0, form & 0xFF, 1)),
        "position": zeros,
        "step": spread(step),
        "loop": spread(np.where(looped, (last - first) << STEP_BITS, 0)),
        "breaks": segments.breaks,
        "levels": segments.levels,
        "slopes": segments.slopes,
        "curve": segments.curve,
        "table": spread(asking.sinc_table(pace)) if asking.best else zeros,
        "coding": spread(form) if form.any() else zeros,
        "spread": spread(apart) if apart.any() else zeros,
        "blend": spread(np.abs(controls.or_default("pan", 0.0)) / 2.0) if apart.any() else zeros,
        "gain_left": spread(left),
        "gain_right": spread(right),
    }


def segments_of(controls: Controls, natural: Ints, looped: NDArray[np.bool_], slot: Ints, rate: int) -> Segments:
    """The envelope of each voice. Only an ADSR, a `legato` and a loop depend on the voice's own slot."""
    shape, spread = controls.shape(), controls.spread
    if shape.kind == "adsr":
        return envelope.adsr_segments(shape.mapped(spread), spread(natural), controls.gate(slot), rate)
    segments = envelope.natural_segments(shape, natural, rate).mapped(spread)
    lasting = looped | ~np.isnan(controls["legato"])
    if not lasting.any():
        return segments
    return envelope.let_go(segments, np.where(spread(lasting), controls.gate(slot), envelope.NEVER), rate)


def spans(controls: Controls, backwards: NDArray[np.bool_], asking: Asking) -> NDArray[np.int64]:
    """Where each kind's sample lies in the slab: the fields of a `SampleSpan` (4, kinds).

    Each sample is looked up once, in order of onset.
    """
    names = controls["s"]
    extra = file_indices(controls)
    if not len(names):
        return np.zeros((len(SampleSpan._fields), 0), np.int64)
    # One integer for each combination: sorting integers is ten times as fast as sorting columns.
    combined = (names.astype(np.int64) << 32) + (extra << 1) + backwards
    by_onset = np.argsort(controls.first)
    distinct, firsts, inverse = np.unique(combined.take(by_onset), return_index=True, return_inverse=True)
    found = np.empty((len(SampleSpan._fields), len(distinct)), np.int64)
    locs = controls["loc"]
    for column in np.argsort(firsts):
        kind = by_onset[firsts[column]]
        name, _, index = asking.words.text(int(names[kind])).partition(":")
        loc = asking.words.loc(locs[kind])
        number_of_file = int(index or 0) + int(extra[kind])
        try:
            found[:, column] = asking.slab.span(name, number_of_file, bool(backwards[kind]), loc)
        except (SampleError, FileError) as error:
            if asking.leaving is None:
                raise
            asking.leaving.leave(error)
            found[:, column] = asking.slab.silence()
    laid = np.empty((len(found), len(names)), np.int64)
    laid[:, by_onset] = found.take(inverse, axis=1)
    return laid


def sample_numbers(controls: Controls, kinds: Ints, asking: Asking) -> Ints:
    """The number of the file that each of some kinds plays, the same for the same file in any source."""
    names, extra = controls["s"][kinds], file_indices(controls)[kinds]
    numbers = np.empty(len(kinds), np.int64)
    for i, (word, more) in enumerate(zip(names.tolist(), extra.tolist(), strict=True)):
        name, _, index = asking.words.text(int(word)).partition(":")
        numbers[i] = asking.slab.number_of(asking.slab.file(name, int(index or 0) + more))
    return numbers


def file_indices(controls: Controls) -> Ints:
    """What `n` adds to the number of each kind's sample."""
    return np.floor(controls.or_default("n", 0.0) + 0.5).astype(np.int64)


def instrument_columns(controls: Controls, onset: Ints, slot: Ints, asking: Asking) -> Columns:
    """Columns of bus voices: `ratio` scales their oscillators, `number` tells simultaneous voices apart."""
    source, spread = controls.source, controls.spread
    lasting = spread(~np.isnan(controls["legato"])) if controls.says("legato") else None
    gate = controls.gate(slot)
    constants, length = envelope.bus_envelope(controls.shape().mapped(spread), gate, lasting, asking.rate)
    note, absolute = controls["note"], controls.or_default("absolute", 0.0)
    ratio = spread(semitone_ratio(np.clip(envelope.said(note, 0.0), *BOUNDS["note"])))
    named = (absolute > 0) & ~np.isnan(note)
    if named.any() and source.root_hz is not None:
        root = roots(source, onset, asking)
        by_name = spread(named)
        if (by_name & (root <= 0)).any():
            message = f"a note cannot set `{source.name}`: its first oscillator has no frequency"
            refused = ScoreError(message, loc=source.loc)
            if asking.leaving is None:
                raise refused
            asking.leaving.leave(refused)
            by_name = by_name & (root > 0)
        ratio = np.where(by_name, spread(hertz(np.where(named, note, 69.0))) / np.where(root > 0, root, 1.0), ratio)
    elif named.any():
        ratio = np.ones(len(onset))
    pace = paces(controls)
    for remark in remarks_on(controls, pace, asking.words):
        asking.slab.tell(*remark)
    ratio = ratio * spread(np.clip(pace, SLOWEST, FASTEST))
    left, right = controls.gains()
    same = np.arange(len(onset)) - np.searchsorted(onset, onset)
    return {
        "onset": onset,
        "end": onset + length,
        "slot": gate,
        "cut": spread(
            controls.cut(
                lambda kinds: np.full(len(kinds), asking.slab.number_of(f"~{source.word or source.seed_path}"))
            )
        ),
        "ratio": ratio,
        "same": same,
        "gain_left": spread(left),
        "gain_right": spread(right),
        **constants,
    }


def roots(source: VoiceSource, onset: Ints, asking: Asking) -> Floats:
    """Frequency of the instrument's first oscillator at each onset."""
    root = source.root_hz
    if isinstance(root, ConstantFeed):
        return np.full(len(onset), root.value)
    if isinstance(root, StepsFeed):
        if not len(onset):
            return np.zeros(0)
        first, last = asking.clock.cycle_of(int(onset[0])), asking.clock.cycle_of(int(onset[-1]))
        heard = steps(root.pattern, first, last - first + 1, asking.clock)
        at = np.searchsorted(heard.frames, onset, "right") - 1
        return envelope.said(asking.words.hertz(heard.ids), 0.0)[np.maximum(at, 0)]
    assert isinstance(root, int)
    return asking.signal(root, onset)


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
