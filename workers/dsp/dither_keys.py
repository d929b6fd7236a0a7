"""The keys of dither: whose noise it is, by seed, channel and stretch of frames. Both sides reckon with them."""

from __future__ import annotations

EPOCH = 1 << 32
"""Frames with one key."""
_ONES_64 = (1 << 64) - 1


def dither_key(seed: int, channel: int, epoch: int) -> int:
    """The key of 64 bits of a channel's dither in frames `epoch` × 2^32 and after."""
    return _mix_64(_mix_64(_mix_64(seed & _ONES_64) ^ channel) ^ epoch)


def _mix_64(x: int) -> int:
    """One step of SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014)."""
    x = (x + 0x9E3779B97F4A7C15) & _ONES_64
    x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & _ONES_64
    x = ((x ^ x >> 27) * 0x94D049BB133111EB) & _ONES_64
    return x ^ x >> 31
