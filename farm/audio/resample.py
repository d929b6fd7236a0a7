"""Windowed-sinc resampling between integer rates, exact across hosts.

A polyphase filter with a Kaiser window: J. O. Smith, "Digital Audio Resampling" (CCRMA); J. F. Kaiser, "Nonrecursive
digital filter design using the I0-sinh window function" (1974). Images and aliases are 100 dB down from half the lower
rate on, and the band is flat to 0.45 of the lower rate. Only + − × ÷ and sqrt of float64 are used, in a fixed order
(sine and Bessel function are series, and there is no dot product), so that every host computes the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

ZERO_CROSSINGS = 66
"""Of the sinc on each side, counted at the lower rate: a transition band of 0.05 of that rate at 100 dB."""
CUTOFF = 0.95
"""Centre of the transition band, of half the lower rate."""
BETA = 0.1102 * (100.0 - 8.7)
"""Kaiser's parameter for a stop band 100 dB down."""

_PERIOD_FRAMES = 2048
"""At least so many output frames are computed by one array operation."""


def resample(frames: NDArray[np.float32], rate: int, to_rate: int) -> NDArray[np.float32]:
    """`frames` float32 (channels, n) at `rate` Hz as float32 (channels, ceil(n · to_rate / rate)) at `to_rate` Hz.

    Output frame m lies at input position m · rate / to_rate; silence surrounds the input. The result is C-contiguous.
    """
    if rate == to_rate:
        return np.ascontiguousarray(frames)
    resampled = np.empty((frames.shape[0], resampled_frames(frames.shape[1], rate, to_rate)), np.float32)
    for channel, first, piece in pieces(frames, rate, to_rate):
        resampled[channel, first : first + len(piece)] = piece
    return resampled


def resampled_frames(count: int, rate: int, to_rate: int) -> int:
    """How many frames `count` frames become."""
    return -(-count * to_rate // rate)


def pieces(frames: NDArray[np.float32], rate: int, to_rate: int) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    """The same piece by piece: (channel, first frame, float32 (n,)). `frames` may be mapped from a file of any size."""
    up, down = to_rate // gcd(rate, to_rate), rate // gcd(rate, to_rate)
    taps = _taps(up, down)
    width, period = taps.shape
    advance = period * down // up
    before = width // 2 - 1
    first_tap = np.arange(period) * down // up

    count = resampled_frames(frames.shape[1], rate, to_rate)
    term = np.empty(period)
    for channel, source in enumerate(frames):
        for turn in range(-(-count // period)):
            first = turn * advance - before
            around = np.zeros(advance + width)
            inside = source[max(first, 0) : max(first + len(around), 0)]
            around[max(-first, 0) : max(-first, 0) + len(inside)] = inside
            total = np.zeros(period)
            for tap in range(width):
                np.take(around[tap:], first_tap, out=term, mode="clip")
                term *= taps[tap]
                total += term
            yield channel, turn * period, total[: count - turn * period].astype(np.float32)


@lru_cache(maxsize=2)
def _taps(up: int, down: int) -> NDArray[np.float64]:
    """Coefficients (width, period): column r belongs to output r of a period, whose phase is r·down mod up, of `up`."""
    scale = CUTOFF * min(1.0, up / down)
    reach = ZERO_CROSSINGS / min(1.0, up / down)
    width = 2 * (int(reach) + 1)
    phases = np.arange(up, dtype=np.float64) / up
    coefficients = np.empty((width, up))
    total = np.zeros(up)
    for tap in range(width):
        distance = phases - (tap - (width // 2 - 1))
        coefficients[tap] = _sinc(scale * distance) * _kaiser(distance / reach)
        total += coefficients[tap]
    coefficients /= total
    repeats = -(-_PERIOD_FRAMES // up)
    order = np.arange(repeats * up) * down % up
    return np.ascontiguousarray(coefficients[:, order])


def _sinc(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """sin(πx) / (πx), 1 at 0."""
    turns = np.where(x == 0.0, 1.0, x)
    return np.where(x == 0.0, 1.0, sine_of_half_turns(turns) / (np.pi * turns))


def sine_of_half_turns(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """sin(πx) by its Taylor series to degree 23 around the nearest zero; absolute error below 1e-15 for |x| < 2^20."""
    nearest = np.floor(x + 0.5)
    angle = np.pi * (x - nearest)
    square = angle * angle
    series = np.ones_like(angle)
    for degree in range(22, 0, -2):
        series = 1.0 - series * square / (degree * (degree + 1))
    odd = nearest - 2.0 * np.floor(nearest / 2.0)
    return angle * series * (1.0 - 2.0 * odd)


def _kaiser(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Kaiser window at x, −1 … 1 from end to end, 0 outside."""
    inside = 1.0 - x * x
    return np.where(inside >= 0.0, _bessel_i0(BETA * np.sqrt(np.maximum(inside, 0.0))), 0.0) / _bessel_i0(
        np.array(BETA)
    )


def _bessel_i0(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The modified Bessel function I0 by its power series: 40 terms, exact to 1e-15 for |x| < 14."""
    quarter_square = x * x / 4.0
    term = np.ones_like(quarter_square)
    total = np.ones_like(quarter_square)
    for index in range(1, 40):
        term = term * quarter_square / (index * index)
        total = total + term
    return total
