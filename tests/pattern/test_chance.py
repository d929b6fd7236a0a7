"""Chance hashes the exact instant: equal instants give equal coins, however they are written down."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np

from farm.pattern.chance import child_seed, coins, cycle_coins, grid_coins, mixed, onset_coins
from farm.pattern.hap import Haps
from farm.pattern.time import Times
from tests.pattern.reference import coin
from tests.pattern.reference import mixed as mixed_int


def haps_at(begins: list[int], den: int, dtype: type) -> Haps:
    count = len(begins)
    times: Times = np.array([begins, [b + 1 for b in begins], begins, [b + 1 for b in begins]], dtype)
    row = np.zeros(count, np.int64)
    return Haps(row, times, den, 3, row, np.zeros((1, 1)), ("v",))


def test_the_mixer_is_splitmix64() -> None:
    # The first outputs of the reference implementation for seed 1234567.
    state, outputs = 1234567, []
    for _ in range(3):
        outputs.append(int(mixed(np.array([state], np.uint64))[0]))
        state = (state + 0x9E3779B97F4A7C15) & (1 << 64) - 1
    assert outputs == [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert mixed_int(99) == int(mixed(np.array([99], np.uint64))[0])


def test_coins_do_not_depend_on_the_denominator() -> None:
    cycles = np.array([7])
    plain = onset_coins(haps_at([3, 5, 8, 13, -3], 8, np.int64), cycles, 5)
    for scale in (2, 3, 1 << 40, 1 << 49, 3**32, 10**15 + 37):
        begins = [b * scale for b in (3, 5, 8, 13, -3)]
        dtype = np.int64 if 13 * scale < 1 << 62 else object
        assert (onset_coins(haps_at(begins, 8 * scale, dtype), cycles, 5) == plain).all(), scale


def test_coins_beyond_2_to_the_53_are_correctly_rounded() -> None:
    den = (1 << 60) - 93
    begins = [(1 << 59) + 12345, 987654321987654321, den - 1, 1]
    expected = [coin(11 + F(b, den), 9) for b in begins]
    for dtype in (np.int64, object):
        got = onset_coins(haps_at(begins, den, dtype), np.array([11]), 9)
        assert got.tolist() == expected
    # Rounding numerator and denominator first would give other bits for some of them.
    rounded = [(float(b) / float(den)) for b in range(1 << 59, (1 << 59) + 4000, 7)]
    exact = [b / den for b in range(1 << 59, (1 << 59) + 4000, 7)]
    assert rounded != exact


def test_grids_agree_with_single_coins() -> None:
    cycles, fractions = np.array([-3, 0, 12]), np.array([0.0, 0.25, 1 / 3])
    seeds = [3, -8, 1 << 63]
    grid = grid_coins(cycles, fractions, np.array([one & (1 << 64) - 1 for one in seeds], np.uint64))
    for column, (fraction, seed) in enumerate(zip(fractions, seeds, strict=True)):
        assert (grid[:, column] == coins(cycles, np.full(3, fraction), seed)).all()


def test_coins_are_even_and_unlike_each_other() -> None:
    many = cycle_coins(np.arange(20_000), 4)
    assert abs(many.mean() - 0.5) < 0.01
    assert 0.0 <= many.min() < many.max() < 1.0
    assert abs(np.corrcoef(many, cycle_coins(np.arange(20_000), 5))[0, 1]) < 0.03
    assert abs(np.corrcoef(many[1:], many[:-1])[0, 1]) < 0.03


def test_branches_of_a_path_differ() -> None:
    seeds = {child_seed(child_seed(1, i), j) for i in range(40) for j in range(-6, 40)}
    assert len(seeds) == 40 * 46
