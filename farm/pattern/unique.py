"""Each value once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unique(values: NDArray[Any]) -> NDArray[Any]:
    """The values of an array, none twice, in rising order; NaN is equal to nothing and stays as often as it is there.

    `np.unique` does it too, and first loads a library of masked arrays, which takes longer than a small score's plan.
    """
    ordered = np.sort(values, axis=None)
    if not len(ordered):
        return ordered
    fresh = np.ones(len(ordered), bool)
    fresh[1:] = ordered[1:] != ordered[:-1]
    return ordered[fresh]
