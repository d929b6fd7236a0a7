"""Bitcrush: fewer bits and fewer frames."""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, Param, Port, node
from workers.dsp.math import exp2
from workers.simd import F, maximum, minimum, round_half_up, select

MOST_HELD = 64.0
"""Up to here the rate counts frames, above it is in Hz."""


@node(
    role="effect",
    ports=(Port("input"),),
    params=(
        Param("bits", "bits", None, 1.0, 16.0, "the step is 2^-bits"),
        Param(
            "rate", "frames or Hz", 1.0, 0.0, 384000.0, "1 holds nothing; to 64 so many frames; above, that rate in Hz"
        ),
    ),
    memory=CARRIED,
    state=("held", "left"),
    cost_ns=0.4,
    example="out: sine 220 # bitcrush 4 8 * 0.2",
)
def bitcrush(input: Any, bits: Any, rate: Any, rate_hz: Any, state: Any, out: Any, frames: int) -> None:
    """Sample and hold, then rounding to steps of 2^-bits: the sound of early samplers.

    A value is held for `rate` frames (1 < rate <= 64), or for as many as a sample rate of `rate` Hz gives (rate > 64);
    up to 1, and above the session's rate, every frame passes. Time between whole frames is carried on, so that the mean
    rate is kept. Rounding is uniform quantisation without dither (Widrow and Kollár, "Quantization Noise", 2008), on
    purpose: its error follows the signal. What it adds above half the rate is folded back.
    """
    for i in range(frames):
        asked = rate[i]
        by_rate = rate_hz / select(F(MOST_HELD) < asked, asked, F(1.0))
        length = maximum(select(F(MOST_HELD) < asked, by_rate, asked), F(1.0))
        due = state.left < F(1.0)
        state.held = select(due, input[i], state.held)
        # A shorter time asked for meanwhile counts at once.
        state.left = select(due, state.left + length, minimum(state.left, length)) - F(1.0)
        steps = exp2(minimum(maximum(bits[i], F(1.0)), F(16.0)))
        out[i] = round_half_up(state.held * steps) / steps
