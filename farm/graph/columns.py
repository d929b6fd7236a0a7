"""Voices as columns: what is known of each, one array for each number; row i of all of them is voice i."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]


def taken(columns: Mapping[str, NDArray[Any]], index: Any) -> Columns:
    """Some of the voices."""
    return {name: column[index] for name, column in columns.items()}


def joined(parts: list[Columns]) -> Columns:
    """Voices of several batches, one after another."""
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
