"""What labels say of voices and the sound does not need: columns beside those of `farm.graph.voices`."""

from __future__ import annotations

import numpy as np

from farm.graph.asking import Asking
from farm.graph.columns import Columns, Floats, Ints
from farm.graph.controls import Controls
from farm.graph.envelope import said
from farm.graph.played import file_indices, roots
from farm.graph.sounds import NOTHING, PlayedSound
from farm.graph.vocabulary import BOUNDS
from farm.pattern.hap import Haps
from farm.pattern.notes import midi_of, semitone_ratio

SAID = tuple(sorted(BOUNDS))
"""The controls of a voice."""
EXACT = 1 << 53
"""Whole numbers below are exact in float64."""
RECORDED_AT = 60.0
"""The note at which a sample sounds as it was recorded (language 4.2): c4."""


def labels_of(controls: Controls, columns: Columns, slot: Ints, when: Floats, asking: Asking) -> Columns:
    """Columns for labels, of voices that have these `columns`, slots in frames and onsets in cycles.

    `label_cycle`: the onset, float64. `label_gate`: frames after which the hap lets go, int64. `label_sound`: int64, a
    number in `asking.sounds`. `label_pitch_midi` and `label_pitch_hz`: the pitch, float64, NaN where there is none.
    `label_gain` and `label_pan`, float64. `label_said`: float64 (n, len(SAID)), each control as it holds, NaN where
    nothing says it.
    """
    spread = controls.spread
    by_bus = controls.source.instrument is not None
    midi, hertz = (instrument_pitches if by_bus else sample_pitches)(controls, columns, asking)
    numbers = np.full(len(controls.row), instrument_number(controls, asking)) if by_bus else played(controls, asking)
    return {
        "label_cycle": when,
        "label_gate": controls.gate(slot),
        "label_sound": spread(numbers),
        "label_pitch_midi": midi,
        "label_pitch_hz": hertz,
        "label_gain": spread(controls.or_default("gain", 1.0) / np.sqrt(controls.or_default("size", 1.0))),
        "label_pan": spread(controls.or_default("pan", 0.0)),
        "label_said": spread(np.stack([controls[name] for name in SAID], axis=1)),
    }


def cycles_of(haps: Haps, index: Ints, asked: Ints) -> Floats:
    """The onsets of some haps of the cycles `asked`, in cycles: float64, nearest to the exact instant's fraction."""
    begins = haps.times[0].take(index)
    if haps.den >= EXACT or haps.reach * haps.den >= EXACT:
        begins = begins.astype(object)
    part: Floats = np.asarray(begins / haps.den, np.float64)
    return asked.take(haps.row.take(index)) + part


def instrument_number(controls: Controls, asking: Asking) -> int:
    """The number of a bus as a sound."""
    assert asking.sounds is not None
    source = controls.source
    return asking.sounds.number(PlayedSound(f"~{source.word}" if source.word else source.name))


def played(controls: Controls, asking: Asking) -> Ints:
    """The number of the sound that each kind plays; NOTHING for one that is left out."""
    assert asking.sounds is not None
    names, more = controls["s"], file_indices(controls)
    known: dict[tuple[int, int], int] = {}
    numbers = np.full(len(names), NOTHING, np.int64)
    for kind, (word, added) in enumerate(zip(names.tolist(), more.tolist(), strict=True)):
        key = (int(word), added)
        if key not in known:
            name, _, index = asking.words.text(key[0]).partition(":")
            bank = asking.slab.banks.get(name)
            which = 0 if bank is None else (int(index or 0) + added) % len(bank.names)
            sound = None if bank is None else PlayedSound(name, which, bank.names[which])
            known[key] = NOTHING if sound is None else asking.sounds.number(sound)
        numbers[kind] = known[key]
    return numbers


def sample_pitches(controls: Controls, _: Columns, __: Asking) -> tuple[Floats, Floats]:
    """MIDI number and frequency of samples whose pattern says a note: as if they were recorded at c4, `speed` included.

    At what pitch a sample was recorded nobody knows.
    """
    note, absolute = controls["note"], controls.or_default("absolute", 0.0)
    moved = np.where(absolute > 0, note - RECORDED_AT, note)
    moved = np.clip(moved, *BOUNDS["note"])
    speed = np.abs(controls.or_default("speed", 1.0))
    still = speed > 0
    midi = RECORDED_AT + moved + np.where(still, midi_of(440.0 * np.where(still, speed, 1.0)) - 69.0, np.nan)
    hertz = 440.0 * semitone_ratio(midi - 69.0)
    return controls.spread(midi), controls.spread(hertz)


def instrument_pitches(controls: Controls, columns: Columns, asking: Asking) -> tuple[Floats, Floats]:
    """MIDI number and frequency of the first oscillator of voices of a bus; NaN where it has none."""
    onset, source = columns["onset"], controls.source
    if source.root_hz is None:
        nothing = np.full(len(onset), np.nan)
        return nothing, nothing
    hertz = said(roots(source, onset, asking), 0.0) * columns["ratio"]
    pitched = (hertz > 0) & (hertz < asking.rate / 2)
    hertz = np.where(pitched, hertz, np.nan)
    return midi_of(hertz), hertz
