"""Chance as a hash of place and time: a coin depends on its seed, the cycle and the onset, never on history.

The mixer is splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from farm.pattern.hap import Haps
from farm.pattern.time import Floats, Ints

Hashes = npt.NDArray[np.uint64]

_MASK = (1 << 64) - 1
_EXACT = 1 << 53
"""Integers below this are exact in float64, so that their IEEE quotient is correctly rounded."""


def child_seed(seed: int, index: int) -> int:
    """The seed of the `index`-th child of a place with `seed`: a path in a tree becomes a seed, step by step."""
    return _mixed_int(_mixed_int(seed & _MASK) ^ (index & _MASK))


def _mixed_int(bits: int) -> int:
    """`mixed` of one Python int: a tree has many branches, and an array of one costs ten times as much."""
    bits = (bits + 0x9E3779B97F4A7C15) & _MASK
    bits = ((bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & _MASK
    return bits ^ (bits >> 31)


def mixed(bits: Hashes) -> Hashes:
    """splitmix64's finaliser, element by element."""
    with np.errstate(over="ignore"):
        bits = bits + np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))


def coins(cycles: Ints, fractions: Floats, seed: int) -> Floats:
    """Uniform numbers in [0, 1): a pure function of seed, cycle and the fraction of the cycle; all (n,)."""
    bits = mixed(_hashes(seed)) ^ cycles.astype(np.int64, copy=False).view(np.uint64)
    bits = mixed(mixed(bits) ^ np.ascontiguousarray(fractions).view(np.uint64))
    return unit(bits)


def cycle_coins(cycles: Ints, seed: int) -> Floats:
    """One uniform number in [0, 1) a cycle."""
    return coins(cycles, np.zeros(len(cycles)), seed)


def onset_coins(haps: Haps, cycles: Ints, seed: int) -> Floats:
    """One uniform number in [0, 1) for each hap, by the exact instant of its onset (of its whole's begin)."""
    begin, den = haps.times[0], haps.den
    if begin.dtype != object and den < _EXACT and haps.reach <= 1:
        return coins(cycles[haps.row], begin / den, seed)
    earlier = begin // den
    rest = begin - earlier * den
    if den < _EXACT:
        fractions = (rest / den).astype(np.float64)
    else:
        fractions = np.array([int(one) / den for one in rest], np.float64)
    return coins(cycles[haps.row] + earlier.astype(np.int64), fractions, seed)


def grid_coins(cycles: Ints, fractions: Floats, seeds: Hashes) -> Floats:
    """Uniform numbers (cycles, m) for m onsets a cycle, each with its own seed and fraction of the cycle.

    Equal to `coins` for every pair.
    """
    bits = mixed(seeds)[None, :] ^ cycles.astype(np.int64, copy=False).view(np.uint64)[:, None]
    return unit(mixed(mixed(bits) ^ np.ascontiguousarray(fractions).view(np.uint64)))


def unit(bits: Hashes) -> Floats:
    """The upper 53 bits as a number in [0, 1)."""
    return (bits >> np.uint64(11)).astype(np.float64) * np.float64(2.0**-53)


def _hashes(*numbers: int) -> Hashes:
    return np.array([number & _MASK for number in numbers], np.uint64)


def seeds_of(numbers: list[int]) -> Hashes:
    """Python ints as an array of 64-bit seeds."""
    return _hashes(*numbers)
