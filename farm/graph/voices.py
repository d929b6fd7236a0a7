"""From haps to voices: every number that a voice needs, as columns; a voice is constants from its onset to its end."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from farm.errors import FileError, SampleError, ScoreError, placed
from farm.graph import envelope
from farm.graph.asking import Asking
from farm.graph.columns import Columns, Ints
from farm.graph.controls import Controls, controls_of, paces, remarks_on
from farm.graph.envelope import Segments
from farm.graph.graph import VoiceSource
from farm.graph.labelling import cycles_of, labels_of
from farm.graph.played import file_indices, roots
from farm.graph.remarks import FASTEST, SHORTEST_LOOP
from farm.graph.slab import SampleSpan
from farm.graph.vocabulary import BOUNDS
from farm.pattern.hap import Haps
from farm.pattern.notes import hertz, semitone_ratio
from farm.pattern.onsets import onset_frames
from farm.pattern.pattern import Pattern
from farm.pattern.unique import unique
from farm.pattern.words import Words

STEP_BITS = 24
SLOWEST = 1e-6


class VoiceTable(Protocol):
    """Voices that stand in a table instead of being asked of a pattern."""

    def between(self, first_cycle: int, cycles: int, asking: Asking) -> Columns:
        """The columns of those whose onsets lie in these cycles, in onset order."""
        ...


def voices(source: VoiceSource, first_cycle: int, cycles: int, asking: Asking, end_frame: int | None) -> Columns:
    """The voices of a source whose onsets lie in these cycles (and before `end_frame`), in onset order.

    Columns of all sources: `onset`, `end` (int64 frames), `slot` (frames), `cut` (int64 group, 0 none). Samples add the
    columns of the `sampler` node, instruments the constants of their voices. Where labels are asked for there are those
    of `labels_of` besides.
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
    columns_of = sample_columns if source.instrument is None else instrument_columns
    columns = columns_of(controls, onset, slot, asking)
    if asking.sounds is not None:
        when = cycles_of(haps, index, asked)
        columns.update(labels_of(controls, columns, slot, when, asking))
    return columns


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


def sample_columns(controls: Controls, onset: Ints, slot: Ints, asking: Asking) -> Columns:
    """Columns of sample voices."""
    speed = controls.or_default("speed", 1.0)
    pace = paces(controls)
    for remark in remarks_on(controls, pace, asking.words):
        asking.slab.tell(*remark)
    pace = pace.clip(SLOWEST, FASTEST)
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


def instrument_columns(controls: Controls, onset: Ints, slot: Ints, asking: Asking) -> Columns:
    """Columns of bus voices: `ratio` scales their oscillators, `number` tells simultaneous voices apart."""
    source, spread = controls.source, controls.spread
    lasting = spread(~np.isnan(controls["legato"])) if controls.says("legato") else None
    gate = controls.gate(slot)
    constants, length = envelope.bus_envelope(controls.shape().mapped(spread), gate, lasting, asking.rate)
    note, absolute = controls["note"], controls.or_default("absolute", 0.0)
    ratio = spread(semitone_ratio(envelope.said(note, 0.0).clip(*BOUNDS["note"])))
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
    ratio = ratio * spread(pace.clip(SLOWEST, FASTEST))
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
