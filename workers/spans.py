"""Spans: between which values a signal lies, as far as that follows from what it is made of."""

from __future__ import annotations

import math

Span = tuple[float, float]
"""The least and the greatest value; infinite where nothing is known."""

ANY: Span = (-math.inf, math.inf)


def total(a: Span, b: Span) -> Span:
    """The span of a sum."""
    return a[0] + b[0], a[1] + b[1]


def difference(a: Span, b: Span) -> Span:
    """The span of a - b."""
    return a[0] - b[1], a[1] - b[0]


def product(a: Span, b: Span) -> Span:
    """The span of a product. No signal is infinite: nothing times whatever is nothing."""
    ends = [0.0 if one == 0.0 or other == 0.0 else one * other for one in a for other in b]
    return min(ends), max(ends)


def hull(a: Span, b: Span) -> Span:
    """The span of what lies somewhere from a to b."""
    return min(a[0], b[0]), max(a[1], b[1])
