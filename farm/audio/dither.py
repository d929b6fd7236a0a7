"""From float32 to integers: dither, rounding and clamping, each sample by its own place alone.

The dither is triangular (TPDF, ±1 LSB), which makes mean and variance of the error independent of the signal:
S. P. Lipshitz, R. A. Wannamaker, J. Vanderkooy, "Quantization and Dither: A Theoretical Survey", JAES 40 (1992).
It is a hash of (seed, absolute frame, channel), so that no file depends on how it was cut into writes. All arithmetic
is exact integers and float64 + and ×, hence the same on every host.

A sample that is exactly 0 stays 0: digital silence has no noise, in each channel by itself. What only passes through 0
meets it in single frames, which nobody hears; a step of 0 and one of 1 unit are as far apart with dither as without.

Workers dither with `workers.dsp.quantise`, which gives the same integers. This is its meaning, and serves what has no
plan.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from farm.options import Dither
from workers.dsp.dither_keys import EPOCH, dither_key

_BLOCK_FRAMES = 4096
"""Frames at a time: what is between stays in the first two cache levels."""


def quantise(
    frames: NDArray[np.float32], bits: int, seed: int, first_frame: int, dither: Dither = "tpdf"
) -> tuple[NDArray[np.int16] | NDArray[np.int32], int]:
    """Integers of `bits` (16 or 24) for float32 `frames` (n, channels), the first of which is `first_frame`.

    A sample x becomes floor(x·2^(bits − 1) + dither + 1/2), clamped to the format's range; 0 stays 0. Returns the
    integers as (n, channels), int16 or int32, and in how many frames a channel had to be clamped.
    Raises ValueError on a NaN or an infinity, with its absolute frame and its channel as arguments.
    """
    count, channels = frames.shape
    integers = np.empty((count, channels), np.int16 if bits == 16 else np.int32)
    clipped = 0
    for start in range(0, count, _BLOCK_FRAMES):
        block = slice(start, min(start + _BLOCK_FRAMES, count))
        keyed = seed, first_frame + start, dither
        clipped += _quantise_block(frames[block], integers[block], 2.0 ** (bits - 1), keyed)
    return integers, clipped


def _quantise_block(
    frames: NDArray[np.float32],
    integers: NDArray[np.int16] | NDArray[np.int32],
    full_scale: float,
    keyed: tuple[int, int, Dither],
) -> int:
    seed, first_frame, dither = keyed
    clamped: NDArray[np.bool_] | None = None
    for channel in range(frames.shape[1]):
        levels = frames[:, channel].astype(np.float64)
        levels *= full_scale
        if dither != "none":
            levels += NOISES[dither](seed, channel, first_frame, len(levels))
        levels += 0.5
        np.floor(levels, out=levels)
        levels[frames[:, channel] == 0.0] = 0.0
        lowest, highest = levels.min(), levels.max()
        if not (np.isfinite(lowest) and np.isfinite(highest)):
            frame = int(np.argmin(np.isfinite(frames[:, channel])))
            raise ValueError(first_frame + frame, channel)
        if lowest < -full_scale or highest > full_scale - 1.0:
            beyond = (levels < -full_scale) | (levels > full_scale - 1.0)
            clamped = beyond if clamped is None else clamped | beyond
            np.clip(levels, -full_scale, full_scale - 1.0, out=levels)
        integers[:, channel] = levels
    return 0 if clamped is None else int(np.count_nonzero(clamped))


def triangular(seed: int, channel: int, first_frame: int, count: int) -> NDArray[np.float64]:
    """`count` values in (−1, 1) with a triangular density, mean 0 and variance 1/6, from `first_frame` on.

    Each is the difference of the two 16 bit halves of one hash, a multiple of 2^-16.
    """
    parts = []
    for place, length, key in _stretches(seed, channel, first_frame, count):
        noise = _hash(np.arange(place, place + length, dtype=np.uint32), key)
        steps = (noise >> np.uint32(16)).view(np.int32)
        noise &= np.uint32(0xFFFF)
        steps -= noise.view(np.int32)
        parts.append(steps)
    return _as_steps(parts)


def rising(seed: int, channel: int, first_frame: int, count: int) -> NDArray[np.float64]:
    """The same density, but louder by 6 dB an octave: the noise of a frame less that of the frame before it.

    High-pass dither after Lipshitz, Wannamaker and Vanderkooy (1992), section 4: less of it is heard, and what is mean
    and variance of the error stays what they are. The frame before the first of 2^32 is the last one of them.
    """
    parts = []
    for place, length, key in _stretches(seed, channel, first_frame, count):
        places = np.arange(place - 1, place + length, dtype=np.int64).astype(np.uint32)
        noise = (_hash(places, key) >> np.uint32(16)).view(np.int32)
        parts.append(noise[1:] - noise[:-1])
    return _as_steps(parts)


NOISES = {"tpdf": triangular, "shaped": rising}


def _as_steps(parts: list[NDArray[np.int32]]) -> NDArray[np.float64]:
    values = np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
    values *= 2.0**-16
    return values


def _stretches(seed: int, channel: int, first_frame: int, count: int) -> Iterator[tuple[int, int, int]]:
    """The parts of a stretch with one key each: place, length, key."""
    while count > 0:
        epoch, place = divmod(first_frame, EPOCH)
        here = min(count, EPOCH - place)
        yield place, here, dither_key(seed, channel, epoch)
        first_frame, count = first_frame + here, count - here


def _hash(x: NDArray[np.uint32], key: int) -> NDArray[np.uint32]:
    """A keyed bijection of 32 bits, in place: xor-shift and multiply rounds with one half of `key` in each."""
    shifted = np.empty_like(x)
    x += np.uint32(key & 0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= np.right_shift(x, np.uint32(shift), out=shifted)
        x *= np.uint32(factor)
        x ^= np.uint32(key >> 32)
    x ^= np.right_shift(x, np.uint32(16), out=shifted)
    return x
