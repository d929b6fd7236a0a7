"""Frames are exact, halves go up, and equal frames keep their order."""

from __future__ import annotations

import random
from fractions import Fraction as F
from math import floor

import numpy as np
import pytest

from farm.pattern.clock import Clock
from farm.pattern.onsets import onset_frames
from farm.pattern.time import OVERFLOW, multiplied, settled, widened
from farm.pattern.words import Words
from tests.pattern.generate import Scores, mini


def exact_frame(cycle: F, cps: F, rate: int) -> int:
    return floor(cycle * rate / cps + F(1, 2))


@pytest.mark.parametrize("cps", [F(1, 2), F(9, 16), F(2), F(1, 3), F(140, 240), F(7, 1000), F(123457, 250000)])
@pytest.mark.parametrize("rate", [44100, 48000])
def test_frames_are_those_of_fractions(cps: F, rate: int) -> None:
    pattern = mini("a*7, [b c d]*5, e*16? f(5,13) g/3", Words())
    for first in (0, 3, 20_000, 10**9):
        cycles = np.arange(first, first + 3)
        haps = pattern.query(cycles)
        index, onset, end = onset_frames(haps, cycles, Clock(rate, cps))
        assert set(index.tolist()) == set(np.flatnonzero(haps.times[0] == haps.times[2]).tolist())
        for i, begun, ended in zip(index.tolist(), onset.tolist(), end.tolist(), strict=True):
            cycle = int(cycles[haps.row[i]])
            assert begun == exact_frame(cycle + F(int(haps.times[0, i]), haps.den), cps, rate)
            assert ended == exact_frame(cycle + F(int(haps.times[1, i]), haps.den), cps, rate)
            assert Clock(rate, cps).frame_of(cycle + F(int(haps.times[0, i]), haps.den)) == begun
        assert (onset[1:] >= onset[:-1]).all()


def test_halves_go_up() -> None:
    haps = mini("hh*16", Words()).query(np.arange(4))
    _, onset, _ = onset_frames(haps, np.arange(4), Clock(44100, F(1, 2)))
    # A sixteenth lasts 5512.5 frames: half of the onsets lie exactly between two frames.
    assert onset[:4].tolist() == [0, 5513, 11025, 16538]
    assert [Clock(44100, F(1, 2)).frame_of(F(i, 16)) for i in (-1, 1)] == [-5512, 5513]


def test_simultaneous_haps_keep_their_order_also_when_cycles_meet_on_one_frame() -> None:
    words = Words()
    pattern = mini("a ~ c@0.000001, b ~ d@0.000001", words)
    cycles = np.arange(3)
    haps = pattern.query(cycles)
    index, onset, _ = onset_frames(haps, cycles, Clock(44100, F(1, 2)))
    said = "".join(words.text(int(haps.values[0, haps.key[i]])) for i in index)
    assert said == "abcdabcdabcd"
    assert onset[2] == onset[4]


def test_products_that_leave_int64_become_python_ints() -> None:
    times = np.array([3, OVERFLOW // 4])
    assert multiplied(times, 8, OVERFLOW // 8, 2).dtype == np.int64
    wide = multiplied(times, 8, OVERFLOW, 2)
    assert wide.tolist() == [24, 2 * OVERFLOW]
    assert widened(np.array([-(10**6)]), 10**13).dtype == object
    back, den, _ = settled(np.array([4 * 10**20, 2 * 10**20], object), 10**20, 5)
    assert back.dtype == np.int64
    assert (back.tolist(), den) == ([4, 2], 1)


def test_rounding_beyond_int64_is_exact() -> None:
    times, den = np.array([10**19 + 1], object), 3 * 10**19
    found = Clock(44100, F(1, 7)).frames(np.array([5]), times, den, 1)
    assert found[0] == exact_frame(5 + F(10**19 + 1, den), F(1, 7), 44100)


def test_far_cycles_of_random_scores_sit_on_the_same_frames() -> None:
    for seed in range(60, 80):
        built = Scores(seed).score()
        if built.engine.period is None or built.engine.peak > 300:
            continue
        period = built.engine.period
        near, far = np.arange(period)[:8], np.arange(period)[:8] + period * 10**6
        _, onset, end = onset_frames(built.engine.query(near), near, Clock(48000, F(1, 2)))
        _, onset_far, end_far = onset_frames(built.engine.query(far), far, Clock(48000, F(1, 2)))
        assert (onset_far - onset == period * 10**6 * 96000).all()
        assert (end_far - end == period * 10**6 * 96000).all()


def test_a_frame_lies_in_the_last_cycle_that_begins_by_then() -> None:
    for seed in range(300):
        chance = random.Random(seed)
        cps = F(chance.randint(1, 10**6), chance.randint(1, 10**6))
        clock = Clock(chance.choice([8000, 44100, 48000]), cps, chance.choice([0, 64, -4096, 10**9]))
        cycle = chance.choice([chance.randint(-3, 20), chance.randint(0, 10**9)])
        begin, after = clock.frame_of(cycle), clock.frame_of(cycle + 1)
        assert clock.starts(cycle, 2).tolist() == [begin, after]
        if after > begin:
            assert {clock.cycle_of(frame) for frame in (begin, after - 1)} == {cycle}
        assert clock.cycle_of(begin - 1) < cycle
        assert clock.frame_of(clock.cycles_until(begin)) >= begin
        assert clock.frame_of(clock.cycle_at(begin)) == begin


def test_a_shift_moves_all_frames() -> None:
    still, moved = Clock(44100, F(7, 5)), Clock(44100, F(7, 5), 640)
    cycles, times = np.arange(-5, 5), np.arange(20).reshape(2, 10)
    assert (moved.frames(cycles, times, 20, 1) == still.frames(cycles, times, 20, 1) + 640).all()
    assert moved.frame_of(F(1, 3)) == still.frame_of(F(1, 3)) + 640
    assert moved.cycle_at(1640) == still.cycle_at(1000)
    assert moved.cycle_of(1640) == still.cycle_of(1000)
