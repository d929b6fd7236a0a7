"""Envelopes of voices (language 4.5) as numbers for kernels: segments for samples, slopes and times for bus voices.

All times are whole frames after the onset. Arrays have one entry per voice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.law import LOG2_E, exp
from workers.records import record

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Spread = Callable[[NDArray[Any]], NDArray[Any]]
"""Entries of some voices from entries of others."""

SEGMENTS = 5
FADE_FRAMES = 64
"""Linear fade at the end of a sample, so that its last frame is 0."""
SHORTEST_ATTACK_S = 0.0001
EDGE_S = 0.001
"""Attack and decay where nothing is said."""
RELEASE_S = 0.003
"""Release of a voice that is let go before its envelope ends."""
CHOKE_S = 0.005
NEVER = 1 << 40
"""Frames until the end of a sample that repeats."""


def whole_frames(seconds: Floats, rate: int, least: int = 0) -> Ints:
    """Seconds as whole frames, halves up, at least `least`."""
    frames: Ints = np.floor(seconds * rate + 0.5).astype(np.int64)
    return np.maximum(frames, least)


@record(frozen=True, slots=True, eq=False)
class EnvelopeShape:
    """What a score says about an envelope: times in seconds, (n,) each; NaN where nothing is said.

    `kind`: "adsr", or "natural": a fall where a release is said, a whole sample where none is.
    """

    kind: str
    attack_s: Floats
    decay_s: Floats
    sustain: Floats
    release_s: Floats

    def mapped(self, spread: Spread) -> EnvelopeShape:
        """The same of other voices."""
        return EnvelopeShape(
            self.kind, spread(self.attack_s), spread(self.decay_s), spread(self.sustain), spread(self.release_s)
        )


@record(frozen=True, slots=True, eq=False)
class Segments:
    """Piecewise envelopes: `breaks` int64 (n, 6), `levels` and `slopes` float32 (n, 5), `curve` int64 (n).

    Segment s runs from breaks[s] to breaks[s + 1] as level + slope * frames; where `curve` is s it is
    level * 2**(slope * frames).
    """

    breaks: Ints
    levels: NDArray[np.float32]
    slopes: NDArray[np.float32]
    curve: Ints

    def mapped(self, spread: Spread) -> Segments:
        """The same of other voices."""
        return Segments(spread(self.breaks), spread(self.levels), spread(self.slopes), spread(self.curve))

    def put(self, rows: Ints, others: Segments) -> None:
        """Replaces the entries of some voices."""
        for name in ("breaks", "levels", "slopes", "curve"):
            getattr(self, name)[rows] = getattr(others, name)


def said(values: Floats, default: float) -> Floats:
    """`values` with `default` where nothing is said."""
    return np.where(np.isnan(values), default, values)


def _segments(edges: list[Ints], ends: list[tuple[Floats, Floats]], curve: Ints) -> Segments:
    """Linear segments between `edges`, each from a level to a level."""
    count = len(curve)
    breaks = np.empty((count, SEGMENTS + 1), np.int64)
    levels = np.zeros((count, SEGMENTS), np.float32)
    slopes = np.zeros((count, SEGMENTS), np.float32)
    for s, edge in enumerate(edges):
        breaks[:, s] = edge
    breaks[:, len(edges) :] = edges[-1][:, None]
    for s, (start, end) in enumerate(ends):
        length = np.maximum(breaks[:, s + 1] - breaks[:, s], 1)
        levels[:, s] = start
        slopes[:, s] = (end - start) / length
    return Segments(breaks, levels, slopes, curve)


def held_segments(attack_s: Floats, natural: Ints, rate: int) -> Segments:
    """A whole sample of `natural` frames: a linear rise (1 ms where NaN), full level, the fade at the sample's end."""
    shortest = np.minimum(frames_of(EDGE_S, rate), natural // 2)
    asked = whole_frames(said(attack_s, 0.0), rate, frames_of(SHORTEST_ATTACK_S, rate))
    attack = np.where(np.isnan(attack_s), shortest, asked)
    fade = np.maximum(natural - FADE_FRAMES, np.minimum(attack, natural // 2))
    peak = np.minimum(attack, fade)
    top = np.where(attack > 0, peak / np.maximum(attack, 1), 1.0)
    zero, start, none = np.zeros(len(natural)), np.zeros(len(natural), np.int64), np.full(len(natural), -1, np.int64)
    return _segments([start, peak, fade, natural], [(zero, top), (top, top), (top, zero)], none)


def percussive_segments(attack_s: Floats, release_s: Floats, natural: Ints, rate: int) -> Segments:
    """A linear rise (1 ms where NaN), then at once e^(-5 t / release) until t is the release or the sample ends."""
    one, zero, start = np.ones(len(natural)), np.zeros(len(natural)), np.zeros(len(natural), np.int64)
    attack = np.minimum(whole_frames(said(attack_s, EDGE_S), rate, frames_of(SHORTEST_ATTACK_S, rate)), natural)
    release = whole_frames(release_s, rate, 1)
    end = np.minimum(attack + release, natural)
    fade = np.maximum(end - FADE_FRAMES, attack)
    level = exp(-5.0 * (fade - attack) / release)
    segments = _segments([start, attack, fade, end], [(zero, one), (one, one), (level, zero)], start + 1)
    segments.slopes[:, 1] = -5.0 * LOG2_E / release
    return segments


def natural_segments(shape: EnvelopeShape, natural: Ints, rate: int) -> Segments:
    """Percussive where a release is said, else held."""
    falls = ~np.isnan(shape.release_s)
    if falls.all():
        return percussive_segments(shape.attack_s, shape.release_s, natural, rate)
    segments = held_segments(shape.attack_s, natural, rate)
    if falls.any():
        rows = np.flatnonzero(falls)
        segments.put(rows, percussive_segments(shape.attack_s[rows], shape.release_s[rows], natural[rows], rate))
    return segments


def adsr_segments(shape: EnvelopeShape, natural: Ints, gate: Ints, rate: int) -> Segments:
    """Straight lines, released after `gate` frames or where the sample ends, whichever is earlier."""
    zero, start, none = np.zeros(len(natural)), np.zeros(len(natural), np.int64), np.full(len(natural), -1, np.int64)
    shortest = frames_of(EDGE_S, rate)
    attack = whole_frames(said(shape.attack_s, EDGE_S), rate, shortest)
    decay = whole_frames(said(shape.decay_s, EDGE_S), rate, shortest)
    sustain = said(shape.sustain, 0.7)
    release = whole_frames(said(shape.release_s, 0.2), rate, shortest)
    gate = np.maximum(np.minimum(gate, natural - FADE_FRAMES), 0)
    end = np.minimum(gate + release, natural)
    peak, fallen = np.minimum(attack, gate), np.minimum(attack + decay, gate)
    top = peak / attack
    held = np.where(fallen > attack, 1.0 - (1.0 - sustain) * (fallen - attack) / decay, top)
    edges = [start, peak, fallen, gate, end]
    return _segments(edges, [(zero, top), (top, held), (held, held), (held, zero)], none)


def let_go(segments: Segments, gate: Ints, rate: int) -> Segments:
    """Envelopes that last no longer than `gate` frames and a linear release of 3 ms."""
    fade = frames_of(RELEASE_S, rate)
    rows = np.flatnonzero(gate + fade < segments.breaks[:, -1])
    segments.put(rows, faded(segments.mapped(lambda column: column[rows]), gate[rows], fade))
    return segments


def frames_of(seconds: float, rate: int) -> int:
    """Seconds as whole frames, halves up, at least 1."""
    return max(int(seconds * rate + 0.5), 1)


def level_at(segments: Segments, frame: Ints) -> Floats:
    """The envelope at a frame of each voice."""
    count = len(frame)
    rows = np.arange(count)
    inside = np.clip((segments.breaks <= frame[:, None]).sum(axis=1) - 1, 0, SEGMENTS - 1)
    passed = (frame - segments.breaks[rows, inside]).astype(np.float64)
    level, slope = segments.levels[rows, inside].astype(np.float64), segments.slopes[rows, inside].astype(np.float64)
    curved = segments.curve == inside
    fallen = exp(np.where(curved, slope / LOG2_E * passed, 0.0))
    value: Floats = np.where(curved, level * fallen, level + slope * passed)
    return value


def faded(segments: Segments, frame: Ints, fade_frames: int) -> Segments:
    """Envelopes cut off `frame` frames after each onset, with a linear fade."""
    level = level_at(segments, frame)
    breaks = np.minimum(segments.breaks, frame[:, None])
    levels, slopes = segments.levels.copy(), segments.slopes.copy()
    rows = np.arange(len(frame))
    last = np.clip((segments.breaks < frame[:, None]).sum(axis=1), 0, SEGMENTS - 1)
    after = np.arange(SEGMENTS + 1)[None, :] > last[:, None]
    breaks = np.where(after, (frame + fade_frames)[:, None], breaks)
    breaks[rows, last] = frame
    levels[rows, last] = level
    slopes[rows, last] = -level / fade_frames
    return Segments(breaks, levels, slopes, np.where(segments.curve >= last, -1, segments.curve))


def bus_envelope(
    shape: EnvelopeShape, gate: Ints, lasting: NDArray[np.bool_] | None, rate: int
) -> tuple[dict[str, NDArray[Any]], Ints]:
    """Constants of `voice_adsr` or `voice_percussive` by name, (n,) each, and the voices' lengths in frames.

    An ADSR is released after `gate` frames; another envelope only where `lasting` says so, within 3 ms.
    """
    constants: dict[str, NDArray[Any]] = {"fade_frames": np.full(len(gate), FADE_FRAMES, np.int64)}
    if shape.kind == "adsr":
        shortest = frames_of(EDGE_S, rate)
        attack = whole_frames(said(shape.attack_s, EDGE_S), rate, shortest)
        decay = whole_frames(said(shape.decay_s, EDGE_S), rate, shortest)
        sustain = said(shape.sustain, 0.7)
        release = whole_frames(said(shape.release_s, 0.2), rate, shortest)
        # Where a sustain lies above the top there is nothing to fall: a slope upwards would never end.
        fall = np.maximum(1.0 - np.maximum(1.0 - sustain, 0.0) * (gate - attack) / decay, sustain)
        level = np.where(gate < attack, gate / attack, fall)
        constants["decay_slope"] = (np.maximum(1.0 - sustain, 0.0) / decay).astype(np.float32)
        constants["sustain"] = sustain.astype(np.float32)
        constants["release_frames"] = gate
        constants["release_level"] = level.astype(np.float32)
        constants["release_slope"] = (level / release).astype(np.float32)
        # The closing fade begins after the release has reached 0.
        length = gate + release + FADE_FRAMES
    else:
        attack = whole_frames(said(shape.attack_s, 0.01), rate, frames_of(SHORTEST_ATTACK_S, rate))
        release = whole_frames(said(shape.release_s, 0.3), rate, 1)
        constants["fall_rate"] = (-5.0 * LOG2_E / release).astype(np.float32)
        length = attack + release
        if lasting is not None:
            fade = frames_of(RELEASE_S, rate)
            early = lasting & (gate + fade < length)
            length = np.where(early, gate + fade, length)
            constants["fade_frames"][early] = fade
    constants["attack_slope"] = (1.0 / attack).astype(np.float32)
    constants["attack_frames"] = attack
    return constants, length
