"""A pattern as a step function, against a search at every instant."""

from __future__ import annotations

from fractions import Fraction as F
from math import floor

import numpy as np
import pytest

from farm.pattern.clock import Clock
from farm.pattern.steps import Steps, steps
from farm.pattern.words import Words
from tests.pattern.generate import WORDS, Scores, listed, mini
from tests.pattern.rational import Time


def described(found: Steps, words: Words) -> list[tuple[int, str, bool]]:
    return [
        (int(frame), "~" if np.isnan(one) else words.text(int(one)), bool(onset))
        for frame, one, onset in zip(*found, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2", [(0, "1", True), (50, "2", True), (100, "1", True), (150, "2", True)]),
        ("1 ~", [(0, "1", True), (50, "~", False), (100, "1", True), (150, "~", False)]),
        ("1/2", [(0, "1", True)]),
        ("1", [(0, "1", True), (100, "1", True)]),
        ("", [(0, "~", False)]),
        ("1, 2 3", [(0, "1", True), (100, "1", True)]),
        ("1 ~, 2 3", [(0, "1", True), (50, "3", True), (100, "1", True), (150, "3", True)]),
        ("~ 1 ~ ~, 2/2", [(0, "2", True), (25, "1", True), (50, "2", False), (125, "1", True), (150, "2", False)]),
        ("~ 1@0.001 2", [(0, "~", False), (50, "2", True), (100, "~", False), (150, "2", True)]),
    ],
)  # fmt: skip
def test_steps(text: str, expected: list[tuple[int, str, bool]]) -> None:
    words = Words()
    assert described(steps(mini(text, words), 0, 2, Clock(100, F(1))), words) == expected


def test_a_window_in_the_middle_begins_with_what_goes_on() -> None:
    words = Words()
    found = steps(mini("<1 ~>/3", words), 1, 3, Clock(44100, F(1, 2)))
    assert described(found, words) == [(88200, "1", False), (264600, "~", False)]


def test_steps_equal_a_search_at_every_instant() -> None:
    checked = 0
    for seed in range(120):
        text = Scores(seed).layers(2, WORDS)
        words = Words()
        pattern = mini(text, words)
        if pattern.peak > 150 or len(text) > 200:
            continue
        first, count, cps, rate = seed % 7 - 2, 3, F(3, 7), 48000
        haps = [listed(pattern, words, [c]) for c in range(first, first + count)]
        edges = sorted({Time(first), *(t for row in haps for _, part, _ in row for t in part if t < first + count)})
        expected: list[tuple[int, str, bool]] = []
        before: object = None
        for instant in edges:
            row = haps[floor(instant) - first]
            heard = next((hap for hap in row if hap[1][0] <= instant < hap[1][1]), None)
            now = None if heard is None else (heard[0][0], heard[2]["v"])
            onset = heard is not None and heard[0][0] == instant
            if expected and now == before and not onset:
                continue
            before = now
            frame = floor(instant * rate / cps + F(1, 2))
            if expected and expected[-1][0] == frame:
                expected.pop()
            value = "~" if heard is None else words.text(words.intern(heard[2]["v"]))
            expected.append((frame, value, onset))
        assert described(steps(pattern, first, count, Clock(rate, cps)), words) == expected, text
        checked += 1
    assert checked > 50
