"""Transforms that make several haps of one: copies and subdivisions."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

import numpy as np

from farm.pattern.control import scale_control
from farm.pattern.hap import Haps, with_column
from farm.pattern.moves import divided
from farm.pattern.pattern import Pattern, per_hap
from farm.pattern.register import Amount, Between, Count, Cycles, Fn, transform
from farm.pattern.sequences import stack
from farm.pattern.time import Ints
from farm.pattern.views import later


@transform
def ply(n: Annotated[Count, Between(1, 4096)], pattern: Pattern) -> Pattern:
    """Plays each hap `n` times within its slot.

    ply 2 $ "a b"  ->  a a b b
    """
    return per_hap(pattern, lambda haps, _: divided(haps, n)[0], multiply=n)


@transform
def chop(n: Annotated[Count, Between(1, 4096)], pattern: Pattern) -> Pattern:
    """Cuts each hap into `n`, the i-th playing the i-th part of its sample's range.

    chop 2 $ "a b"  ->  a a b b
    """

    def change(haps: Haps, _: Ints) -> Haps:
        rows = haps.values.shape[1]
        cut, rank = divided(haps, n)
        values, names = np.repeat(cut.values, n, axis=1), cut.names
        begin, end = _column(cut, "begin", 0.0, n), _column(cut, "end", 1.0, n)
        part, length = np.tile(np.arange(n), rows), end - begin
        values, names = with_column(values, names, "begin", begin + length * part / n)
        values, names = with_column(values, names, "end", begin + length * (part + 1) / n)
        return cut.valued(cut.key * n + rank, values, names)

    def _column(haps: Haps, name: str, default: float, times: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        entries = haps.entries(name)
        if entries is None:
            return np.full(haps.values.shape[1] * times, default)
        return np.repeat(np.where(np.isnan(entries), default, entries), times)

    return per_hap(pattern, change, multiply=n)


@transform(layers=True)
def stut(
    n: Annotated[Count, Between(1, 1024)], time: Cycles, decay: Annotated[Amount, Between(0, 1.5)], pattern: Pattern
) -> Pattern:
    """Plays `n` copies, the i-th `i * time` cycles later and `decay^i` times as loud.

    stut 2 0.25 0.5 $ "a b ~ ~"  ->  a [a,b] b ~
    """
    copies, factor = [], 1.0
    for i in range(n):
        copies.append(scale_control(later(time * i, pattern), "gain", factor))
        factor *= decay
    return stack(copies)


@transform(layers=True)
def superimpose(f: Fn, pattern: Pattern) -> Pattern:
    """Plays the pattern together with its transformed copy.

    superimpose (fast 2) $ "a b"  ->  [a b, a b a b]
    """
    return stack([pattern, f(pattern)])


@transform(layers=True)
def off(time: Cycles, f: Fn, pattern: Pattern) -> Pattern:
    """Plays the pattern together with its transformed copy, `time` cycles later.

    off 0.25 (rev) $ "a b ~ ~"  ->  [a b ~ ~, a ~ ~ b]
    """
    return stack([pattern, later(Fraction(time), f(pattern))])
