"""Sequences and layers: patterns one after another and together, by weight, by cycle and by chance.

Short constant sequences are folded into one table while they are built, with or without coins, so that a thousand
written steps are one node.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import numpy as np

from farm.pattern.chance import Hashes, cycle_coins, grid_coins, onset_coins, seeds_of
from farm.pattern.hap import Haps, concat
from farm.pattern.pattern import (
    FOLDED,
    TABLE_PERIOD,
    Pattern,
    Piece,
    Value,
    common_period,
    constant,
    is_steady,
    laid_out,
    per_hap,
    pure,
    rowswitch,
    silence,
)
from farm.pattern.time import Floats, Ints
from farm.pattern.views import compress


def dropped(pattern: Pattern, probability: float, seed: int) -> Pattern:
    """Without the haps whose coin, one for each onset, falls below `probability`."""
    if pattern.pieces is not None and pattern.coin is None and len(pattern.pieces) <= FOLDED:
        result = _coin_leaf([(pattern.pieces, pattern.grid, probability, seed)], pattern.grid)
        result.pieces = pattern.pieces
        result.grid = pattern.grid
        result.coin = (probability, seed)
        return result
    return per_hap(pattern, lambda haps, cycles: haps.keep(onset_coins(haps, cycles, seed) >= probability), chance=True)


def _coin_leaf(
    groups: Sequence[tuple[tuple[Piece, ...], int, float, int]], grid: int, spans: Sequence[tuple[int, int]] = ()
) -> Pattern:
    """Many constant pieces, each with its own coin a cycle; group i fills `spans[i]` of `grid` units."""
    count = sum([len(group[0]) for group in groups])

    def lay_out() -> tuple[Haps, Hashes, Floats, Floats]:
        """The pieces as haps, and seed, onset and limit of each; most leaves are folded into others and never asked."""
        placed: list[Piece] = []
        fractions: list[float] = []
        limits: list[float] = []
        seeds: list[int] = []
        for i, (pieces, own, probability, seed) in enumerate(groups):
            placed.extend(_fitted(pieces, own, *spans[i]) if spans else pieces)
            fractions.extend(begin / own for begin, *_ in pieces)
            limits.extend([probability] * len(pieces))
            seeds.extend([seed] * len(pieces))
        return laid_out(tuple(placed), grid), seeds_of(seeds), np.array(fractions), np.array(limits)

    laid: list[tuple[Haps, Hashes, Floats, Floats]] = []

    def answer(cycles: Ints) -> Haps:
        if not laid:
            laid.append(lay_out())
        leaf, seeds, onsets, limits = laid[0]
        heard = np.flatnonzero((grid_coins(cycles, onsets, seeds) >= limits).ravel())
        which = heard % count
        times = leaf.times.take(which, axis=1)
        return Haps(heard // count, times, grid, 1, leaf.key.take(which), leaf.values, leaf.names)

    return Pattern(answer, None, count)


def _fitted(pieces: Sequence[Piece], own: int, begin: int, end: int) -> list[Piece]:
    """A cycle of pieces over `own`, squeezed into begin .. end, which `own` divides into whole units."""
    scale, rest = divmod(end - begin, own)
    assert not rest, "the grid must hold every piece"
    return [(begin + b * scale, begin + e * scale, value, loc) for b, e, value, loc in pieces]


def stack(patterns: Sequence[Pattern]) -> Pattern:
    """All patterns together; simultaneous haps keep the order of the patterns."""
    patterns = [pattern for pattern in patterns if pattern.peak]
    if not patterns:
        return silence
    if len(patterns) == 1:
        return patterns[0]
    total = sum([pattern.peak for pattern in patterns])
    if total <= FOLDED and all(pattern.pieces is not None and pattern.coin is None for pattern in patterns):
        grid = lcm(*[pattern.grid for pattern in patterns])
        return constant(
            [one for p in patterns for one in _fitted(p.pieces or (), p.grid, 0, grid)],
            grid,
        )
    layers = _steady_runs(patterns)
    if len(layers) == 1:
        return layers[0]
    return Pattern(
        lambda cycles: concat([layer.query(cycles) for layer in layers]),
        common_period(*[layer.period for layer in layers]),
        total,
        layers,
    )


def _steady_runs(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Neighbours with short periods joined to one, so that a single coin elsewhere does not cost them their table."""
    steady = [is_steady(pattern) for pattern in patterns]
    if all(steady) or not any(steady):
        return list(patterns)
    layers: list[Pattern] = []
    run: list[Pattern] = []
    for pattern, lasts in zip(patterns, steady, strict=True):
        period = common_period(*[one.period for one in [*run, pattern]]) if lasts else None
        if period is not None and period <= TABLE_PERIOD:
            run.append(pattern)
            continue
        if run:
            layers.append(stack(run))
        run = [pattern] if lasts else []
        if not run:
            layers.append(pattern)
    return [*layers, stack(run)] if run else layers


def timecat(steps: Sequence[tuple[Fraction | int, Pattern | Value]]) -> Pattern:
    """One after another within each cycle: (weight, step), where a step is as long as its weight is large.

    A step is a pattern, or a value that lasts as long as the step does.
    """
    if not steps:
        return silence
    if len(steps) == 1:
        only = steps[0][1]
        return only if isinstance(only, Pattern) else pure(*only)
    weights = [weight for weight, _ in steps]
    even = weights.count(1) == len(weights)
    unit = 1 if even else lcm(*[weight.denominator for weight in weights])
    grid = len(steps) if even else int(sum(weights) * unit)
    fine = 1
    for own in {step.grid for _, step in steps if type(step) is Pattern}:
        if lcm(fine, own) <= 1 << 30:
            fine = lcm(fine, own)
    still: list[Piece] = []
    coins: list[tuple[tuple[Piece, ...], int, float, int]] = []
    spans: list[tuple[int, int]] = []
    rest: list[Pattern] = []
    end = 0
    for weight, step in steps:
        begin, end = end, end + (fine if even else int(weight * unit) * fine)
        if not isinstance(step, Pattern):
            still.append((begin, end, *step))
            continue
        if not step.peak:
            continue
        pieces, own = step.pieces, step.grid
        if pieces is None or fine % own:
            rest.append(compress(begin, end, grid * fine, step))
        elif step.coin is not None:
            coins.append((pieces, own, *step.coin))
            spans.append((begin, end))
        else:
            still.extend(_fitted(pieces, own, begin, end))
    if not coins and not rest:
        return constant(still, grid * fine)
    if coins:
        rest.insert(0, _coin_leaf(coins, grid * fine, spans))
    if still:
        rest.insert(0, constant(still, grid * fine))
    return stack(rest)


def slowcat(patterns: Sequence[Pattern]) -> Pattern:
    """One a cycle: cycle c shows cycle c // n of pattern c % n."""
    count = len(patterns)
    if count < 2:
        return patterns[0] if patterns else silence
    period = common_period(*[pattern.period for pattern in patterns])
    period = None if period is None else count * period
    return rowswitch(patterns, lambda c: c % count, period, lambda c: c // count)


def randcat(patterns: Sequence[Pattern], seed: int) -> Pattern:
    """In each cycle one of the patterns, by chance."""
    count = len(patterns)
    return rowswitch(patterns, lambda c: (cycle_coins(c, seed) * count).astype(np.int64), None)
