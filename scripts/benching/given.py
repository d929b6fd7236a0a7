"""Voices that are given as columns, so that a benchmark decides exactly what sounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.asking import Asking
from farm.graph.columns import Columns, taken
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class Explicit:
    """Voices as columns, in onset order."""

    columns: Mapping[str, NDArray[Any]]

    def between(self, first_cycle: int, cycles: int, asking: Asking) -> Columns:
        """Those whose onsets lie in these cycles."""
        ends = [asking.clock.frame_of(cycle) for cycle in (first_cycle, first_cycle + cycles)]
        first, last = np.searchsorted(self.columns["onset"], ends)
        return taken(self.columns, slice(first, last))
