"""From the language's numbers to what kernels compute with, where a parameter is a signal."""

from __future__ import annotations

from workers.simd import F, Floats, Words, maximum, minimum, to_int


def phase_step(frequency_hz: Floats, period_s: Floats) -> Words:
    """Phase step (2**32 a cycle) of a frequency; at or below 0 Hz, and NaN, it is 0; at most half the rate."""
    turns = minimum(maximum(frequency_hz, F(0.0)) * period_s, F(0.49999997))
    return to_int(turns * F(2.0**32))


def frames_of(seconds: Floats, rate_hz: Floats) -> Floats:
    """Seconds as frames, not rounded."""
    return seconds * rate_hz
