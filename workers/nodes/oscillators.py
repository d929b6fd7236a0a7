"""Oscillators: sine, saw, square, pulse, triangle, impulse.

Phase is an unsigned 32-bit fraction of a cycle and wraps by itself. Saw, square and pulse are smoothed at their jumps
with the two-point polynomial residual of Välimäki, "Discrete-time synthesis of the sawtooth waveform with reduced
aliasing", IEEE Signal Processing Letters 12 (2005). In a score sine, saw, square and tri take an offset in semitones as
a second argument, which is worked out before the kernel: `saw 110 7`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.catalog import CARRIED, CLOSED_FORM, Define, Param, Unit, by_port, node
from workers.dsp.math import sin_phase
from workers.simd import F, Floats, U, Words, absolute, maximum, minimum, select, to_float
from workers.spans import Span


def advance(state: Any, freq_hz: Words, frames: Words) -> None:
    """The phase after `frames` frames of a constant frequency."""
    state.phase = state.phase + freq_hz * frames


FREQUENCY = Param("freq_hz", "Hz", 1.0, 0.0, 20000.0, "frequency; 0 or less freezes the phase", Unit.PHASE)
SMOOTHED = 2.0
"""No smoothed wave goes beyond that: its jumps lie between -1 and 1, and a residual is 1 at most."""
PHASE_MEMORY = by_port("freq_hz", steps=CLOSED_FORM(advance), signal=CARRIED)


def oscillator(
    *,
    cost_ns: float,
    example: str,
    span: Callable[[], Span],
    aliases: tuple[str, ...] = (),
    tuned: bool = False,
    strikes: bool = False,
) -> Define:
    """A wave of one frequency: what they all say of themselves."""
    return node(
        role="source",
        params=(FREQUENCY,),
        memory=PHASE_MEMORY,
        state=("phase:u4",),
        cost_ns=cost_ns,
        example=example,
        span=span,
        aliases=aliases,
        tuned=tuned,
        strikes=strikes,
    )


def turns(phase: Words) -> Floats:
    """A phase as a number from 0 to 1 (24 bits, exact)."""
    return to_float(phase >> U(8)) * F(2.0**-24)


def blep(t: Floats, dt: Floats, inverse: Floats) -> Floats:
    """Residual of a band-limited step of height 2 at t = 0; `dt` is the phase step, `inverse` is `inverse_of(dt)`."""
    after = t * inverse
    before = (t - F(1.0)) * inverse
    rising = after + after - after * after - F(1.0)
    falling = before * before + before + before + F(1.0)
    near_end = select(F(1.0) - dt < t, falling, F(0.0))
    return select(t < dt, rising, near_end)


def inverse_of(dt: Floats) -> Floats:
    """1 / dt, or 0 where dt is 0."""
    return select(F(0.0) < dt, F(1.0) / select(F(0.0) < dt, dt, F(1.0)), F(0.0))


@oscillator(
    cost_ns=0.25,
    example="out: sine 440 * 0.2",
    span=lambda: (-1.0, 1.0),
    aliases=("sin",),
    tuned=True,
)
def sine(freq_hz: Any, state: Any, out: Any, frames: int) -> None:
    """Sine wave: sin(2 pi phase), from -1 to 1, starting at 0."""
    for i in range(frames):
        out[i] = sin_phase(state.phase)
        state.phase = state.phase + freq_hz[i]


@oscillator(
    cost_ns=0.35,
    example="out: saw 110 * 0.2",
    span=lambda: (-SMOOTHED, SMOOTHED),
    tuned=True,
)
def saw(freq_hz: Any, state: Any, out: Any, frames: int) -> None:
    """Rising sawtooth: 2 phase - 1, starting at -1, its jump band-limited by two-point PolyBLEP."""
    for i in range(frames):
        dt = turns(freq_hz[i])
        t = turns(state.phase)
        out[i] = t + t - F(1.0) - blep(t, dt, inverse_of(dt))
        state.phase = state.phase + freq_hz[i]


@oscillator(
    cost_ns=0.5,
    example="out: square 110 * 0.2",
    span=lambda: (-SMOOTHED, SMOOTHED),
    tuned=True,
)
def square(freq_hz: Any, state: Any, out: Any, frames: int) -> None:
    """Square wave: +1 in the first half of the cycle, -1 in the second, both jumps band-limited by PolyBLEP."""
    for i in range(frames):
        dt = turns(freq_hz[i])
        inverse = inverse_of(dt)
        t = turns(state.phase)
        half = turns(state.phase + U(1 << 31))
        naive = select(t < F(0.5), F(1.0), F(-1.0))
        out[i] = naive + blep(t, dt, inverse) - blep(half, dt, inverse)
        state.phase = state.phase + freq_hz[i]


@node(
    role="source",
    params=(FREQUENCY, Param("width", "1", 0.5, 0.0, 1.0, "share of the cycle that is +1; 0.5 is `square`")),
    memory=by_port("freq_hz", "width", steps=CLOSED_FORM(advance), signal=CARRIED),
    state=("phase:u4",),
    cost_ns=0.55,
    example="out: pulse 110 0.2 * 0.2",
    span=lambda: (-SMOOTHED, SMOOTHED),
)
def pulse(freq_hz: Any, width: Any, state: Any, out: Any, frames: int) -> None:
    """Pulse wave: +1 in the first `width` of the cycle, -1 in the rest, both jumps band-limited by PolyBLEP.

    Its mean is 2 width - 1; at widths 0 and 1 it is constant. A moving width is pulse width modulation.
    """
    for i in range(frames):
        dt = turns(freq_hz[i])
        inverse = inverse_of(dt)
        duty = minimum(maximum(width[i], F(0.0)), F(1.0))
        t = turns(state.phase)
        since_fall = t - duty
        naive = select(since_fall < F(0.0), F(1.0), F(-1.0))
        since_fall = select(since_fall < F(0.0), since_fall + F(1.0), since_fall)
        out[i] = naive + (blep(t, dt, inverse) - blep(since_fall, dt, inverse))
        state.phase = state.phase + freq_hz[i]


@oscillator(
    cost_ns=0.2,
    example="out: tri 220 * 0.2",
    span=lambda: (-1.0, 1.0),
    aliases=("triangle",),
    tuned=True,
)
def tri(freq_hz: Any, state: Any, out: Any, frames: int) -> None:
    """Triangle wave from -1 up to 1 and back: its harmonics fall by 12 dB an octave, so it is not smoothed further."""
    for i in range(frames):
        t = turns(state.phase)
        out[i] = F(1.0) - F(4.0) * absolute(t - F(0.5))
        state.phase = state.phase + freq_hz[i]


@oscillator(
    cost_ns=0.15,
    example="out: impulse 4 # lpf 2000 1",
    span=lambda: (0.0, 1.0),
    strikes=True,
)
def impulse(freq_hz: Any, state: Any, out: Any, frames: int) -> None:
    """One frame of 1.0 at the start and then every 1 / freq_hz seconds, else 0."""
    for i in range(frames):
        out[i] = select(state.phase < freq_hz[i], F(1.0), F(0.0))
        state.phase = state.phase + freq_hz[i]
