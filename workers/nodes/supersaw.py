"""Several detuned saws at once."""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, CLOSED_FORM, Param, by_port, node
from workers.nodes.oscillators import FREQUENCY, blep, inverse_of, turns
from workers.simd import F, Floats, U, Words, maximum, minimum, round_half_up, select, signed_less, to_float, to_int

MOST_VOICES = 7
LARGEST_DETUNE = 10.0
HIGHEST_STEP = (1 << 31) - 1
START_STEP = int(0.13 * 2**32)
"""By how much further in its cycle each saw starts than the one before: 0.13 turns."""


def saws(voices: Floats) -> Floats:
    """The number of saws: whole, 2 to 7."""
    return minimum(maximum(round_half_up(voices), F(2.0)), F(MOST_VOICES))


def detuned(freq_hz: Words, detune: Floats, count: Floats, number: int) -> Words:
    """Phase step of saw `number`: that of freq_hz (1 + o detune / 10), o from -1 to 1 in even steps."""
    apart = (F(2.0) / (count - F(1.0))) * F(number) - F(1.0)
    amount = minimum(maximum(detune, F(0.0)), F(LARGEST_DETUNE)) * F(0.2)
    # Half the step is below 2**31, so that it is no negative word.
    step = freq_hz + to_int(to_float(freq_hz >> U(1)) * (apart * amount))
    return select(signed_less(step, U(0)), U(HIGHEST_STEP), step)


def advance(state: Any, freq_hz: Words, detune: Floats, voices: Floats, frames: Words) -> None:
    """All phases after `frames` frames of constant frequency and detune."""
    count = saws(voices)
    state.phase0 = state.phase0 + detuned(freq_hz, detune, count, 0) * frames
    state.phase1 = state.phase1 + detuned(freq_hz, detune, count, 1) * frames
    state.phase2 = state.phase2 + detuned(freq_hz, detune, count, 2) * frames
    state.phase3 = state.phase3 + detuned(freq_hz, detune, count, 3) * frames
    state.phase4 = state.phase4 + detuned(freq_hz, detune, count, 4) * frames
    state.phase5 = state.phase5 + detuned(freq_hz, detune, count, 5) * frames
    state.phase6 = state.phase6 + detuned(freq_hz, detune, count, 6) * frames


def one_saw(phase: Words, step: Words, count: Floats, number: int) -> Floats:
    """Saw `number` of `count`, 0 if there are fewer."""
    dt = turns(step)
    t = turns(phase + U(START_STEP * number))
    return select(F(number) < count, t + t - F(1.0) - blep(t, dt, inverse_of(dt)), F(0.0))


@node(
    role="source",
    params=(
        FREQUENCY,
        Param("detune", "1", 0.3, 0.0, LARGEST_DETUNE, "the outermost saws are detune / 10 of the frequency away"),
        Param("voices", "", 7.0, 2.0, float(MOST_VOICES), "how many saws"),
    ),
    memory=by_port("freq_hz", "detune", "voices", steps=CLOSED_FORM(advance), signal=CARRIED),
    state=tuple(f"phase{number}:u4" for number in range(MOST_VOICES)),
    cost_ns=2.0,
    example="out: supersaw 110 0.3 7 # lpf 3000 0.7 * 0.3",
)
def supersaw(freq_hz: Any, detune: Any, voices: Any, state: Any, out: Any, frames: int) -> None:
    """Two to seven saws side by side, each band-limited as `saw`, their sum times 0.7 / voices.

    Saw i of N runs at freq (1 + o detune / 10), where o goes from -1 to 1 in even steps, and starts i times 0.13 of a
    cycle in. The sound is that of Roland's JP-8000: Szabo, "How to emulate the Super Saw" (KTH Stockholm, 2010).
    """
    for i in range(frames):
        freq = freq_hz[i]
        count = saws(voices[i])
        step0 = detuned(freq, detune[i], count, 0)
        step1 = detuned(freq, detune[i], count, 1)
        step2 = detuned(freq, detune[i], count, 2)
        step3 = detuned(freq, detune[i], count, 3)
        step4 = detuned(freq, detune[i], count, 4)
        step5 = detuned(freq, detune[i], count, 5)
        step6 = detuned(freq, detune[i], count, 6)
        total = one_saw(state.phase0, step0, count, 0) + one_saw(state.phase1, step1, count, 1)
        total = total + one_saw(state.phase2, step2, count, 2)
        total = total + one_saw(state.phase3, step3, count, 3)
        total = total + one_saw(state.phase4, step4, count, 4)
        total = total + one_saw(state.phase5, step5, count, 5)
        total = total + one_saw(state.phase6, step6, count, 6)
        out[i] = total * (F(0.7) / count)
        state.phase0 = state.phase0 + step0
        state.phase1 = state.phase1 + step1
        state.phase2 = state.phase2 + step2
        state.phase3 = state.phase3 + step3
        state.phase4 = state.phase4 + step4
        state.phase5 = state.phase5 + step5
        state.phase6 = state.phase6 + step6
