"""The engine equals the reference, whatever the window, the type of its times and the order of questions."""

from __future__ import annotations

import functools
import itertools
import os
import random
import re
from fractions import Fraction

import numpy as np
import pytest

import farm.pattern.hap as hap_module
import farm.pattern.joins as joins_module
import farm.pattern.moves as moves_module
import farm.pattern.pattern as pattern_module
import farm.pattern.time as time_module
import farm.pattern.transforms.time as transforms_time
import farm.pattern.views as views_module
from farm.pattern.clock import Clock
from farm.pattern.onsets import onset_frames
from farm.pattern.register import transforms
from farm.pattern.words import Words
from tests.pattern.generate import KINDS, Built, Scores, listed, mini, mini_reference, referred
from tests.pattern.reference import canonical

TOTAL = int(os.environ.get("FARM_PATTERN_SCORES", "2000"))
"""Scores that are compared with the reference: large ones of those that `COUNT` seeds give, the others are short."""
COUNT = TOTAL // 10
MOST_HAPS = 250
MOST_HAPS_OF_SHORT = 16
LONGEST_TEXT = 200


@functools.cache
def scores(first: int, count: int) -> list[Built]:
    """Random scores that the reference can answer in reasonable time."""
    found = []
    for seed in range(first, first + count):
        built = Scores(seed).score()
        if len(built.text) <= LONGEST_TEXT and len(built.engine.query(np.arange(2))) <= MOST_HAPS:
            found.append(built)
    return found


def test_every_transform_is_compared() -> None:
    texts = [built.text for built in scores(10_000, COUNT)]
    assert set(KINDS) == set(transforms())
    for name, kinds in KINDS.items():
        calls = [one for text in texts for one in re.findall(rf'(?<!\w){name}(?!\w)(?: -?[\d./]+| ".*?")*', text)]
        assert len(calls) > 4, name
        assert kinds in ((), ("f",)) or any('"' in one for one in calls), f"{name} with a pattern for a number"


def test_equals_the_reference() -> None:
    compared = 0
    for i, built in enumerate(scores(10_000, COUNT)):
        first = random.Random(i).choice([0, 0, 0, 5, 1000, -8])
        cycles = list(range(first, first + 5))
        expected = canonical(referred(built.reference, cycles))
        assert canonical(listed(built.engine, built.words, cycles)) == expected, (built.text, first)
        one_by_one = [hap for c in cycles for hap in listed(built.engine, built.words, [c])]
        assert canonical(one_by_one) == expected, (built.text, first)
        compared += len(expected[1])
    assert compared > 10 * COUNT


def test_short_scores_equal_the_reference() -> None:
    wanted, compared, onsets = TOTAL - len(scores(10_000, COUNT)), 0, 0
    for seed in itertools.count(60_000):
        if compared == wanted:
            break
        built = Scores(seed).score(0)
        first = (0, 1, 2, 3, 7, 1000, -3)[seed % 7]
        cycles = [first]
        if len(built.engine.query(np.array(cycles))) > MOST_HAPS_OF_SHORT:
            continue
        expected = canonical(referred(built.reference, cycles))
        assert canonical(listed(built.engine, built.words, cycles)) == expected, (built.text, first)
        compared += 1
        onsets += len(expected[1])
    assert onsets > 3 * wanted


def test_equals_the_reference_with_python_ints(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (
        time_module,
        hap_module,
        pattern_module,
        views_module,
        joins_module,
        moves_module,
        transforms_time,
    ):
        monkeypatch.setattr(module, "OVERFLOW", 1 << 10)
    widened = 0
    for built in scores(20_000, max(30, COUNT // 8)):
        cycles = list(range(1000, 1003))
        got = listed(built.engine, built.words, cycles)
        assert canonical(got) == canonical(referred(built.reference, cycles)), built.text
        widened += built.engine.query(np.array(cycles)).times.dtype == object
    assert widened > 5


@pytest.mark.parametrize(
    "text",
    [
        "a*1.000000000000001",
        "a@0.0000000000000001 b",
        "[a b?]@3.14159265358979 c*2.71828182845904? [d e*1.1?]@1.41421356237309",
        "a*1.123456789012345*1.123456789012345/1.123456789012341?",
        "<a b c d e f g>*<2 3 5 7 11 13>",
        "[a/1000000000000 b]*<1.5 7>",
    ],
)
@pytest.mark.parametrize("first", [0, 10**6, -5])
def test_extreme_ratios_equal_the_reference(text: str, first: int) -> None:
    words = Words()
    cycles = list(range(first, first + 4))
    got = listed(mini(text, words), words, cycles)
    assert canonical(got) == canonical(referred(mini_reference(text), cycles))


def test_order_does_not_depend_on_windows() -> None:
    for built in scores(30_000, max(60, COUNT // 4)):
        orders = []
        for size in (1, 3, 12):
            built.engine.clear()
            order = []
            for first in range(0, 12, size):
                cycles = np.arange(first, first + size)
                index, onset, end = onset_frames(built.engine.query(cycles), cycles, Clock(44100, Fraction(7, 3)))
                haps = listed(built.engine, built.words, cycles.tolist())
                order += [(int(a), int(b), haps[i][0], haps[i][2]) for i, a, b in zip(index, onset, end, strict=True)]
            orders.append(order)
        assert orders[0] == orders[1] == orders[2], built.text


def test_questions_may_repeat_and_come_in_any_order() -> None:
    for built in scores(40_000, 30):
        asked = [3, 0, -2, 3, 70, 0]
        together = listed(built.engine, built.words, asked)
        apart = [hap for c in asked for hap in listed(built.engine, built.words, [c])]
        assert canonical(together) == canonical(apart), built.text


def test_clear_forgets_answers_and_changes_nothing() -> None:
    for built in scores(50_000, 20):
        before = listed(built.engine, built.words, [1, 2])
        built.engine.clear()
        assert built.engine._last is None
        assert listed(built.engine, built.words, [1, 2]) == before
