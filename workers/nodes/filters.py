"""Filters of second order: low-pass, high-pass, band-pass, notch.

The state-variable filter with trapezoidal integrators and no delay in its loop: Zavalishin, "The Art of VA Filter
Design" (2012), chapter 4, in the arrangement of Simper, "Solving the continuous SVF equations using trapezoidal
integration and equivalent currents" (2013). It stays stable however fast cutoff and q move.
"""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, Define, Param, Port, node
from workers.dsp.math import tan_fraction
from workers.simd import F, Floats, maximum, minimum

CUTOFF = Param("cutoff_hz", "Hz", None, 20.0, 20000.0, "corner frequency; at most 0.49 of the rate")
Q = Param("q", "1", 1.0, 0.3, 20.0, "quality factor: 0.707 is flat (Butterworth), 20 rings")


def second_order(cost_ns: float, example: str) -> Define:
    """A filter of this family: what they all say of themselves."""
    return node(
        role="effect",
        ports=(Port("input"),),
        params=(CUTOFF, Q),
        memory=CARRIED,
        state=("band", "low"),
        cost_ns=cost_ns,
        example=example,
    )


def svf_weights(cutoff_hz: Floats, q: Floats, period_s: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Simper's a1, a2, a3 and a1 / q, with one division for all of them.

    With g = tan(pi cutoff / rate), a fraction s / c, and k = 1 / q: a1 = 1 / (1 + g (g + k)), a2 = g a1, a3 = g a2,
    each multiplied above and below by q c^2.
    """
    highest = minimum(F(20000.0) * period_s, F(0.49))
    s, c = tan_fraction(minimum(maximum(cutoff_hz * period_s, F(20.0) * period_s), highest))
    q = minimum(maximum(q, F(0.3)), F(20.0))
    scale = F(1.0) / (q * (c * c) + s * (q * s + c))
    cosine, both = c * scale, q * scale
    return (both * c) * c, (both * c) * s, (both * s) * s, c * cosine


@second_order(cost_ns=0.5, example="out: saw 110 # lpf 800 1 * 0.3")
def lpf(input: Any, cutoff_hz: Any, q: Any, period_s: Any, state: Any, out: Any, frames: int) -> None:
    """Low-pass filter, 12 dB per octave above `cutoff_hz`; `q` raises the corner by 20 log10(q) dB."""
    for i in range(frames):
        a1, a2, a3, _ = svf_weights(cutoff_hz[i], q[i], period_s)
        rest = input[i] - state.low
        v1 = a1 * state.band + a2 * rest
        rise = a2 * state.band + a3 * rest
        v2 = state.low + rise
        state.band = v1 + (v1 - state.band)
        state.low = v2 + rise
        out[i] = v2


@second_order(cost_ns=0.5, example="out: noise # hpf 8000 0.7 * 0.2")
def hpf(input: Any, cutoff_hz: Any, q: Any, period_s: Any, state: Any, out: Any, frames: int) -> None:
    """High-pass filter, 12 dB per octave below `cutoff_hz`; `q` raises the corner by 20 log10(q) dB."""
    for i in range(frames):
        a1, a2, a3, damped = svf_weights(cutoff_hz[i], q[i], period_s)
        rest = input[i] - state.low
        v1 = a1 * state.band + a2 * rest
        rise = a2 * state.band + a3 * rest
        # x - v1 / q - v2, with v1 and v2 written out: nothing cancels where the answer is small.
        out[i] = a1 * rest - (a2 + damped) * state.band
        state.band = v1 + (v1 - state.band)
        state.low = state.low + (rise + rise)


@second_order(cost_ns=0.5, example="out: noise # bpf 1000 8 * 0.1")
def bpf(input: Any, cutoff_hz: Any, q: Any, period_s: Any, state: Any, out: Any, frames: int) -> None:
    """Band-pass filter, 6 dB per octave on both sides of `cutoff_hz`; its gain there is `q`: a high q is narrow, loud.

    The band is cutoff / q wide (at -3 dB).
    """
    for i in range(frames):
        a1, a2, a3, _ = svf_weights(cutoff_hz[i], q[i], period_s)
        rest = input[i] - state.low
        v1 = a1 * state.band + a2 * rest
        rise = a2 * state.band + a3 * rest
        state.band = v1 + (v1 - state.band)
        state.low = state.low + (rise + rise)
        out[i] = v1


@second_order(cost_ns=0.55, example="out: saw 110 # notch 880 2 * 0.2")
def notch(input: Any, cutoff_hz: Any, q: Any, period_s: Any, state: Any, out: Any, frames: int) -> None:
    """Band-stop filter: silence at `cutoff_hz`, the input far from it; the gap is cutoff / q wide (at -3 dB)."""
    for i in range(frames):
        a1, a2, a3, damped = svf_weights(cutoff_hz[i], q[i], period_s)
        rest = input[i] - state.low
        v1 = a1 * state.band + a2 * rest
        rise = a2 * state.band + a3 * rest
        # The low-pass and the high-pass of the same state.
        out[i] = (state.low + rise) + (a1 * rest - (a2 + damped) * state.band)
        state.band = v1 + (v1 - state.band)
        state.low = state.low + (rise + rise)
