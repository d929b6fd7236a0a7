"""Notes: names, solfège and chords to MIDI numbers, and semitones to frequency ratios.

The ratio uses only + - * / and powers of two: libm and numpy's transcendental functions differ between hosts,
and the same score must give the same bytes everywhere.
"""

from __future__ import annotations

import re

import numpy as np

from farm.pattern.time import Floats
from farm.regex import regex

SEMITONES = np.array(
    [
        1.0,
        1.0594630943592953,
        1.122462048309373,
        1.189207115002721,
        1.2599210498948732,
        1.3348398541700344,
        1.4142135623730951,
        1.4983070768766815,
        1.5874010519681994,
        1.681792830507429,
        1.7817974362806785,
        1.8877486253633868,
    ]
)
"""2^(i/12) for i = 0 .. 11, rounded to float64."""

_LN2_12 = 0.05776226504666211
"""ln(2) / 12."""
_TERMS = 12
_EXTREME = 12_000.0
_PITCH = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SOLFEGE = {"do": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "so": 7, "la": 9, "ti": 11, "si": 11}
_NAME = regex(r"([a-g])([#sbf]?)(-?\d{1,2})?", re.ASCII | re.IGNORECASE)
_ACCIDENTAL = {"": 0, "#": 1, "s": 1, "b": -1, "f": -1}
_LOWEST_OCTAVE, _HIGHEST_OCTAVE, _OCTAVE = -1, 10, 4

CHORDS: dict[str, tuple[int, ...]] = {
    name: tuple(intervals)
    for names, intervals in (
        ("maj major M", (0, 4, 7)),
        ("min minor m", (0, 3, 7)),
        ("dim diminished", (0, 3, 6)),
        ("aug augmented", (0, 4, 8)),
        ("sus2", (0, 2, 7)),
        ("sus4", (0, 5, 7)),
        ("maj7 M7", (0, 4, 7, 11)),
        ("min7 m7", (0, 3, 7, 10)),
        ("dom7 7", (0, 4, 7, 10)),
        ("dim7", (0, 3, 6, 9)),
        ("hdim7 m7b5", (0, 3, 6, 10)),
        ("aug7", (0, 4, 8, 10)),
        ("mM7 m/maj7", (0, 3, 7, 11)),
        ("6", (0, 4, 7, 9)),
        ("m6", (0, 3, 7, 9)),
        ("6/9", (0, 4, 7, 9, 14)),
        ("maj9", (0, 4, 7, 11, 14)),
        ("min9", (0, 3, 7, 10, 14)),
        ("dom9 9", (0, 4, 7, 10, 14)),
        ("maj11", (0, 4, 7, 11, 14, 17)),
        ("min11", (0, 3, 7, 10, 14, 17)),
        ("dom11 11", (0, 4, 7, 10, 14, 17)),
        ("maj13", (0, 4, 7, 11, 14, 17, 21)),
        ("min13", (0, 3, 7, 10, 14, 17, 21)),
        ("dom13 13", (0, 4, 7, 10, 14, 17, 21)),
        ("5 power", (0, 7)),
    )
    for name in names.split()
}
"""Semitones above the root by quality; case matters (`M7` is the major, `m7` the minor seventh)."""


def note_number(name: str) -> int | None:
    """The MIDI number of a note name (`c4` = 60, no octave = 4, octaves -1 .. 10) or solfège syllable, or None."""
    match = _NAME.fullmatch(name)
    if match is None:
        step = solfege(name)
        return None if step is None else 12 * (_OCTAVE + 1) + step
    letter, accidental, octave = match.groups()
    number = _OCTAVE if octave is None else int(octave)
    if not _LOWEST_OCTAVE <= number <= _HIGHEST_OCTAVE:
        return None
    return 12 * (number + 1) + _PITCH[letter.lower()] + _ACCIDENTAL[accidental.lower()]


def pitch_class(name: str) -> int | None:
    """The semitones above C of a note name without octave or of a solfège syllable; None for all else."""
    match = _NAME.fullmatch(name)
    if match is None:
        return solfege(name)
    letter, accidental, octave = match.groups()
    return None if octave is not None else _PITCH[letter.lower()] + _ACCIDENTAL[accidental.lower()]


def solfege(name: str) -> int | None:
    """The semitones above do of a solfège syllable, or None."""
    return _SOLFEGE.get(name.lower())


def semitone_ratio(semitones: Floats) -> Floats:
    """2^(x/12) for any array of float64, within 2 ulp, the same bits on every host; NaN stays NaN.

    Whole semitones come from `SEMITONES` and a power of two; the fraction, within half a semitone, from the
    Taylor series of exp. |x| is limited to 12,000.
    """
    x = np.clip(np.asarray(semitones, np.float64), -_EXTREME, _EXTREME)
    whole = np.floor(x + 0.5)
    step = np.where(np.isnan(whole), 0.0, whole).astype(np.int64)
    exponent = (x - whole) * _LN2_12
    steps = SEMITONES[step % 12]
    if exponent.any():
        series = np.ones_like(exponent)
        for term in range(_TERMS, 0, -1):
            series = 1.0 + exponent / term * series
        steps *= series
    ratio: Floats = np.ldexp(steps, step // 12)
    return ratio


def hertz(midi: Floats) -> Floats:
    """440 * 2^((midi - 69) / 12)."""
    frequency: Floats = 440.0 * semitone_ratio(midi - 69.0)
    return frequency


def midi_of(frequency: Floats) -> Floats:
    """The inverse of `hertz`, for frequencies above 0 and NaN: within 1e-12 semitones, the same bits on every host.

    Octaves and whole semitones are found by comparing; the rest, below a semitone, is 2 artanh((r - 1) / (r + 1)).
    """
    part, octave = np.frexp(np.asarray(frequency, np.float64) / 440.0)
    part, octave = part * 2.0, octave - 1
    step = np.clip(np.searchsorted(SEMITONES, part, "right") - 1, 0, 11)
    rest = part / SEMITONES[step]
    y = (rest - 1.0) / (rest + 1.0)
    series = np.zeros_like(y)
    for term in range(_TERMS, -1, -1):
        series = series * y * y + 1.0 / (2 * term + 1)
    midi: Floats = 69.0 + 12.0 * octave + step + 2.0 * y * series / _LN2_12
    return midi
