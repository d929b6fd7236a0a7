"""Frequency modulation of one sine by another."""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, CLOSED_FORM, Param, Unit, by_port, node
from workers.dsp.math import sin_phase
from workers.simd import F, Words, floor, maximum, minimum, to_int

TURNS_PER_RADIAN = 0.15915494309189535
LARGEST_INDEX = 1000.0


def advance(state: Any, carrier_hz: Words, modulator_hz: Words, frames: Words) -> None:
    """Both phases after `frames` frames of constant frequencies."""
    state.carrier = state.carrier + carrier_hz * frames
    state.modulator = state.modulator + modulator_hz * frames


@node(
    role="source",
    params=(
        Param("carrier_hz", "Hz", None, 0.0, 20000.0, "frequency of the sine that is heard", Unit.PHASE),
        Param("modulator_hz", "Hz", None, 0.0, 20000.0, "frequency of the sine that bends it", Unit.PHASE),
        Param("index", "rad", None, 0.0, LARGEST_INDEX, "how far it bends: 0 leaves a plain sine"),
    ),
    memory=by_port("carrier_hz", "modulator_hz", "index", steps=CLOSED_FORM(advance), signal=CARRIED),
    state=("carrier:u4", "modulator:u4"),
    cost_ns=0.9,
    example="out: fm 220 440 2.5 * ad 0.01 0.8 * 0.3",
)
def fm(carrier_hz: Any, modulator_hz: Any, index: Any, state: Any, out: Any, frames: int) -> None:
    """FM of two sines: sin(2 pi c t + index sin(2 pi m t)), from -1 to 1, starting at 0.

    Its partials stand at c + k m for whole k, with the Bessel function J_k(index) as their amplitude: Chowning, "The
    synthesis of complex audio spectra by means of frequency modulation", J. Audio Eng. Soc. 21 (1973). A partial below
    0 Hz or above half the rate is folded back: aliases are kept small by a small index. In a voice the note sets both
    frequencies, their ratio stays.
    """
    for i in range(frames):
        depth = minimum(maximum(index[i], F(0.0)), F(LARGEST_INDEX)) * F(TURNS_PER_RADIAN)
        turned = depth * sin_phase(state.modulator)
        turned = turned - floor(turned + F(0.5))
        out[i] = sin_phase(state.carrier + to_int(turned * F(2.0**32)))
        state.carrier = state.carrier + carrier_hz[i]
        state.modulator = state.modulator + modulator_hz[i]
