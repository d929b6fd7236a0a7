"""Envelopes as formulas in float64, and voices that show them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.render.sound import left

Floats = NDArray[np.float64]
FULL = 44100
CLOSING = 64
"""Frames of the fade at the very end of a voice."""


def percussive(attack: int, release: int) -> Floats:
    """The envelope of `ar`: a line up over `attack` frames, then at once e^(-5 t / release), cut off at t = release."""
    t = np.arange(attack + release)
    return np.where(t < attack, t / attack, np.exp(-5 * np.maximum(t - attack, 0) / release))


def adsr(attack: int, decay: int, sustain: float, release: int, gate: int) -> Floats:
    """The four straight lines; the release begins at `gate` from wherever the envelope is."""
    t = np.arange(gate + release)
    held = np.minimum(t, gate)
    rise = np.minimum(held / attack, 1.0)
    fall = np.maximum(1.0 - (1.0 - sustain) * np.maximum(held - attack, 0) / decay, sustain)
    return np.minimum(rise, fall) * np.clip(1.0 - (t - gate) / release, 0.0, 1.0)


ONE = "~one: line 1 1\n"
"""A voice of this bus is its envelope."""


def played(text: str, **options: Any) -> Floats:
    """A hit at the bank's own rate, with the interpolation that adds nothing at whole frames."""
    return left(f"cps: 1\nout: {text}", rate=FULL, quality="draft", **options)
