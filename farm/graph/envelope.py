"""Envelopes of voices (language 4.5) as numbers for kernels: segments for samples, slopes and times for bus voices.

All times are whole frames after the onset. Arrays have one entry per voice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.law import LOG2_E, exp

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Spread = Callable[[NDArray[Any]], NDArray[Any]]
"""Entries of some voices from entries of others."""

SEGMENTS = 5
FADE_FRAMES = 64
"""Linear fade at the end of a sample, so that its last frame is 0."""
SHORTEST_ATTACK_S = 0.0001
CHOKE_S = 0.005


def whole_frames(seconds: Floats, rate: int, least: int = 0) -> Ints:
    """Seconds as whole frames, halves up, at least `least`."""
    frames: Ints = np.floor(seconds * rate + 0.5).astype(np.int64)
    return np.maximum(frames, least)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What a score says about an envelope: its kind and times in seconds, (n,) each; NaN where nothing is said."""

    kind: str
    attack_s: Floats
    decay_s: Floats
    sustain: Floats
    release_s: Floats

    def mapped(self, spread: Spread) -> Shape:
        """The same of other voices."""
        return Shape(
            self.kind, spread(self.attack_s), spread(self.decay_s), spread(self.sustain), spread(self.release_s)
        )


@dataclass(frozen=True, slots=True, eq=False)
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


def sample_segments(shape: Shape, natural: Ints, slot: Ints, rate: int) -> Segments:
    """Envelopes of sample voices: `natural` frames until the sample ends, `slot` frames of the hap."""
    one, zero = np.ones(len(natural)), np.zeros(len(natural))
    none = np.full(len(natural), -1, np.int64)
    start = np.zeros(len(natural), np.int64)
    if shape.kind == "percussive":
        attack = np.minimum(whole_frames(said(shape.attack_s, 0.0), rate, frames_of(SHORTEST_ATTACK_S, rate)), natural)
        release = whole_frames(said(shape.release_s, 0.3), rate, 1)
        end = np.minimum(attack + release, natural)
        fade = np.maximum(end - FADE_FRAMES, attack)
        level = exp(-5.0 * (fade - attack) / release)
        segments = _segments([start, attack, fade, end], [(zero, one), (one, one), (level, zero)], start + 1)
        segments.slopes[:, 1] = -5.0 * LOG2_E / release
        return segments
    if shape.kind == "adsr":
        shortest = frames_of(0.001, rate)
        attack = whole_frames(said(shape.attack_s, 0.001), rate, shortest)
        decay = whole_frames(said(shape.decay_s, 0.001), rate, shortest)
        sustain = said(shape.sustain, 0.7)
        release = whole_frames(said(shape.release_s, 0.2), rate, shortest)
        gate = np.maximum(np.minimum(slot, natural - FADE_FRAMES), 0)
        end = np.minimum(gate + release, natural)
        peak, fallen = np.minimum(attack, gate), np.minimum(attack + decay, gate)
        top = peak / attack
        held = np.where(fallen > attack, 1.0 - (1.0 - sustain) * (fallen - attack) / decay, top)
        edges = [start, peak, fallen, gate, end]
        return _segments(edges, [(zero, top), (top, held), (held, held), (held, zero)], none)
    attack = np.minimum(frames_of(0.001, rate), natural // 2)
    fade = np.maximum(natural - FADE_FRAMES, attack)
    return _segments([start, attack, fade, natural], [(zero, one), (one, one), (one, zero)], none)


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


def choked(segments: Segments, frame: Ints, rate: int) -> Segments:
    """Envelopes cut off `frame` frames after each onset, with a linear fade of 5 ms."""
    fade = frames_of(CHOKE_S, rate)
    level = level_at(segments, frame)
    breaks = np.minimum(segments.breaks, frame[:, None])
    levels, slopes = segments.levels.copy(), segments.slopes.copy()
    rows = np.arange(len(frame))
    last = np.clip((segments.breaks < frame[:, None]).sum(axis=1), 0, SEGMENTS - 1)
    after = np.arange(SEGMENTS + 1)[None, :] > last[:, None]
    breaks = np.where(after, (frame + fade)[:, None], breaks)
    breaks[rows, last] = frame
    levels[rows, last] = level
    slopes[rows, last] = -level / fade
    return Segments(breaks, levels, slopes, np.where(segments.curve >= last, -1, segments.curve))


def bus_envelope(shape: Shape, slot: Ints, rate: int) -> tuple[dict[str, NDArray[np.generic]], Ints]:
    """Constants of `voice_adsr` or `voice_percussive` by name, (n,) each, and the voices' lengths in frames."""
    constants: dict[str, NDArray[np.generic]] = {}
    if shape.kind == "adsr":
        shortest = frames_of(0.001, rate)
        attack = whole_frames(said(shape.attack_s, 0.001), rate, shortest)
        decay = whole_frames(said(shape.decay_s, 0.001), rate, shortest)
        sustain = said(shape.sustain, 0.7)
        release = whole_frames(said(shape.release_s, 0.2), rate, shortest)
        fall = np.maximum(1.0 - (1.0 - sustain) * (slot - attack) / decay, sustain)
        level = np.where(slot < attack, slot / attack, fall)
        constants["decay_slope"] = ((1.0 - sustain) / decay).astype(np.float32)
        constants["sustain"] = sustain.astype(np.float32)
        constants["release_frames"] = slot.astype(np.uint32)
        constants["release_level"] = level.astype(np.float32)
        constants["release_slope"] = (level / release).astype(np.float32)
        # The closing fade begins after the release has reached 0.
        length = slot + release + FADE_FRAMES
    else:
        attack = whole_frames(said(shape.attack_s, 0.01), rate, frames_of(SHORTEST_ATTACK_S, rate))
        release = whole_frames(said(shape.release_s, 0.3), rate, 1)
        constants["fall_rate"] = (-5.0 * LOG2_E / release).astype(np.float32)
        length = attack + release
    constants["attack_slope"] = (1.0 / attack).astype(np.float32)
    constants["attack_frames"] = attack.astype(np.uint32)
    return constants, length
