"""From float32 to integers: dither, rounding and clamping, each sample by its own place alone.

The dither is triangular (TPDF, ±1 LSB), which makes mean and variance of the error independent of the signal:
S. P. Lipshitz, R. A. Wannamaker, J. Vanderkooy, "Quantization and Dither: A Theoretical Survey", JAES 40 (1992).
It is a hash of (seed, absolute frame, channel), so that no file depends on how it was cut into writes. All arithmetic
is exact integers and float64 + and ×, hence the same on every host.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK_FRAMES = 4096
"""Frames at a time: what is between stays in the first two cache levels."""

_ONES_64 = (1 << 64) - 1


def quantise(
    frames: NDArray[np.float32], bits: int, seed: int, first_frame: int
) -> tuple[NDArray[np.int16] | NDArray[np.int32], int]:
    """Integers of `bits` (16 or 24) for float32 `frames` (n, channels), the first of which is `first_frame`.

    A sample x becomes floor(x·2^(bits − 1) + dither + 1/2), clamped to the format's range. Returns the integers as
    (n, channels), int16 or int32, and in how many frames a channel had to be clamped.
    Raises ValueError on a NaN or an infinity, with its absolute frame and its channel as arguments.
    """
    count, channels = frames.shape
    integers = np.empty((count, channels), np.int16 if bits == 16 else np.int32)
    clipped = 0
    for start in range(0, count, _BLOCK_FRAMES):
        block = slice(start, min(start + _BLOCK_FRAMES, count))
        clipped += _quantise_block(frames[block], integers[block], 2.0 ** (bits - 1), seed, first_frame + start)
    return integers, clipped


def _quantise_block(
    frames: NDArray[np.float32],
    integers: NDArray[np.int16] | NDArray[np.int32],
    full_scale: float,
    seed: int,
    first_frame: int,
) -> int:
    clamped: NDArray[np.bool_] | None = None
    for channel in range(frames.shape[1]):
        levels = frames[:, channel].astype(np.float64)
        levels *= full_scale
        levels += triangular(seed, channel, first_frame, len(levels))
        levels += 0.5
        np.floor(levels, out=levels)
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
    epoch, place = divmod(first_frame, 1 << 32)
    if place + count > 1 << 32:
        here = (1 << 32) - place
        return np.concatenate(
            [triangular(seed, channel, first_frame, here), triangular(seed, channel, first_frame + here, count - here)]
        )
    noise = _hash(np.arange(place, place + count, dtype=np.uint32), _key(seed, channel, epoch))
    steps = (noise >> np.uint32(16)).view(np.int32)
    noise &= np.uint32(0xFFFF)
    steps -= noise.view(np.int32)
    values = steps.astype(np.float64)
    values *= 2.0**-16
    return values


def _key(seed: int, channel: int, epoch: int) -> int:
    return _mix_64(_mix_64(_mix_64(seed & _ONES_64) ^ channel) ^ epoch)


def _mix_64(x: int) -> int:
    """One step of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & _ONES_64
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & _ONES_64
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & _ONES_64
    return x ^ x >> 31


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
