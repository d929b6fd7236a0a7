"""Randomness as a hash of place and time, never a generator's history."""

from __future__ import annotations

from workers.simd import F, Floats, U, Words, to_float


def hash_words(x: Words) -> Words:
    """A bijective scrambling of 32 bits: two rounds of xor-shift and odd multiplication (as murmur3's finaliser)."""
    x = x ^ (x >> U(16))
    x = x * U(0x7FEB352D)
    x = x ^ (x >> U(15))
    x = x * U(0x846CA68B)
    return x ^ (x >> U(16))


def rand(seed: Words, time: Words) -> Floats:
    """Uniform on [-1, 1): a hash of the place and the frame; 2**24 different values."""
    h = hash_words(time + hash_words(seed))
    return to_float((h >> U(8)) - U(1 << 23)) * F(2.0**-23)
