"""Transforms that choose, cycle by cycle, what to play."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from farm.pattern.pattern import Pattern, common_period, rowswitch
from farm.pattern.register import Between, Count, Fn, transform


@transform
def every(n: Annotated[Count, Between(1, 1_000_000)], f: Fn, pattern: Pattern) -> Pattern:
    """Applies a transform in every n-th cycle, beginning with the first.

    every 2 (rev) $ "a b"  ->  b a | a b | b a
    """
    changed = f(pattern)
    period = common_period(n, changed.period, pattern.period)
    return rowswitch([changed, pattern], lambda cycles: (cycles % n != 0).astype(np.int64), period)
