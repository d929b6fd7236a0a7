"""Exact time as integers over one denominator, and when int64 suffices.

An array of times holds `numerator` for `numerator / den` cycles, relative to the cycle of its row. `reach`
bounds |time| in cycles, so that `den * reach` decides in O(1), without looking at the array, whether int64
may overflow. Where it may, the array holds Python ints (dtype object): slower, never wrong.
"""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Times = npt.NDArray[Any]
"""int64, or object holding Python ints."""

OVERFLOW = 1 << 62
"""Magnitudes below this are safe in int64, one addition included."""


def multiplied(times: Times, factor: int, den: int, reach: int) -> Times:
    """`times * factor`, where the product lies over `den` within `reach` cycles; widened to Python ints if needed."""
    if den * reach >= OVERFLOW and times.dtype != object:
        times = times.astype(object)
    return times if factor == 1 else times * factor


def widened(cycles: Times, factor: int) -> Times:
    """`cycles`, as Python ints if `cycles * factor` may leave int64."""
    if len(cycles) and (int(np.abs(cycles).max()) + 2) * factor >= OVERFLOW >> 2:
        return cycles.astype(object)
    return cycles


def settled(times: Times, den: int, reach: int) -> tuple[Times, int, int]:
    """Times of dtype object, reduced by their common divisor and brought back to int64 where they fit again."""
    if times.dtype != object or not times.size:
        return times, den, reach
    divisor = int(np.gcd.reduce(times.ravel(), initial=den))
    largest = max(abs(int(times.max())), abs(int(times.min())))
    if divisor > 1:
        times, den, largest = times // divisor, den // divisor, largest // divisor
    reach = -(-largest // den) + 1
    if max(largest, den) < OVERFLOW >> 2:
        times = times.astype(np.int64)
    return times, den, reach


def reduced(numerator: int, denominator: int) -> tuple[int, int]:
    """`numerator / denominator` in lowest terms."""
    divisor = gcd(numerator, denominator)
    return numerator // divisor, denominator // divisor
