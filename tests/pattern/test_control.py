"""Controls, merges and arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from farm.errors import Loc, ScoreError
from farm.pattern.arithmetic import arithmetic
from farm.pattern.control import control, give_control, merge, scale_control, set_control
from farm.pattern.pattern import Pattern
from farm.pattern.words import Words
from tests.pattern.generate import mini

nan = np.nan


def named(text: str, name: str, words: Words) -> Pattern:
    return control(mini(text, words), name, words)


def column(pattern: Pattern, name: str, cycle: int = 0) -> list[float]:
    haps = pattern.query(np.array([cycle]))
    found: list[float] = haps.column(name)[np.argsort(haps.times[0] / haps.den, kind="stable")].tolist()
    return found


def test_note_control_tells_names_from_numbers() -> None:
    notes = named("7 c4 e4'min -0.5 sol", "note", Words())
    assert column(notes, "note") == [7, 60, 64, 67, 71, -0.5, 7]
    assert column(notes, "absolute") == [0, 1, 1, 1, 1, 0, 0]
    assert column(notes, "size") == [1, 1, 3, 3, 3, 1, 1]


def test_other_controls_are_numbers() -> None:
    words = Words()
    assert column(named("0.5 a4", "gain", words), "gain") == [0.5, 440.0]
    assert column(named("3 d", "n", words), "n") == [3, 2]
    assert [words.text(int(v)) for v in column(named("bd sn:2", "s", words), "s")] == ["bd", "sn:2"]


def test_a_word_for_a_number_is_an_error_at_the_word() -> None:
    with pytest.raises(ScoreError, match="gain: `loud` is not a number") as caught:
        named("1 loud", "gain", Words()).query(np.arange(1))
    assert caught.value.loc == Loc("test.ph", 1, 3, 4)


def test_merge_samples_at_onsets_and_overrides() -> None:
    words = Words()
    sound = named("a b c d", "s", words)
    merged = merge(merge(sound, named("1 2", "gain", words)), named("~ 3", "gain", words))
    assert column(merged, "gain") == [1, 1, 3, 3]
    np.testing.assert_equal(column(merge(sound, named("~ 1", "pan", words)), "pan"), [nan, nan, 1, 1])
    assert column(merge(sound, mini("", words)), "s") == column(sound, "s")


def test_merge_makes_a_chord_of_several_and_keeps_the_order() -> None:
    words = Words()
    merged = merge(named("a b", "s", words), named("[0,4,7] ~", "note", words))
    np.testing.assert_equal(column(merged, "note"), [0, 4, 7, nan])
    layers = merge(named("a, b, c", "s", words), named("~", "note", words))
    assert [words.text(int(v)) for v in column(layers, "s")] == ["a", "b", "c"]
    half = merge(named("a ~, ~ b, c", "s", words), named("~ 5", "note", words))
    assert [words.text(int(v)) for v in column(half, "s")] == ["a", "c", "b"]


def test_a_fragment_is_sampled_at_its_onset_in_an_earlier_cycle() -> None:
    words = Words()
    merged = merge(named("a/3", "s", words), named("<1 2 3>", "gain", words))
    assert [column(merged, "gain", c) for c in range(4)] == [[1], [1], [1], [1]]


def test_set_and_scale() -> None:
    words = Words()
    gained = merge(named("a b", "s", words), named("~ 0.5", "gain", words))
    assert column(scale_control(gained, "gain", 0.5), "gain") == [0.5, 0.25]
    assert column(set_control(gained, "gain", 3.0), "gain") == [3, 3]


def test_a_given_number_keeps_the_factor_of_transforms() -> None:
    words = Words()
    halved = scale_control(named("a b", "s", words), "gain", 0.5)
    assert column(give_control(halved, "gain", 0.8), "gain") == [0.4, 0.4]
    assert column(give_control(named("a", "s", words), "gain", 0.8), "gain") == [0.8]


def values(pattern: Pattern, words: Words) -> list[str]:
    return [words.text(int(v)) for v in column(pattern, "v")]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("+", "11 21 22 32"),
        ("|+", "11 22"),
        ("+|", "11 21 32"),
        ("|+|", "11 21 22 32"),
        ("-", "-9 -19 -18 -28"),
        ("*|", "10 20 60"),
        ("|/", "0.1 0.1"),
        ("|>", "10 20"),
        ("<|", "1 1 2"),
    ],
)
def test_arithmetic_takes_structure_and_values(operator: str, expected: str) -> None:
    words = Words()
    result = arithmetic(operator, mini("1 2", words), mini("10 20 30", words), words)
    assert values(result, words) == expected.split()


def test_arithmetic_is_exact_and_division_by_zero_is_zero() -> None:
    words = Words()
    third = arithmetic("/", mini("1", words), mini("3", words), words)
    assert values(arithmetic("*", third, mini("3", words), words), words) == ["1"]
    assert values(arithmetic("/", mini("1", words), mini("0", words), words), words) == ["0"]
    assert values(arithmetic("+", mini("c4 c'maj", words), mini("2", words), words), words) == ["62", "62", "66", "69"]


def test_arithmetic_with_words_points_at_them() -> None:
    words = Words()
    with pytest.raises(ScoreError, match="`bd` is not a number") as caught:
        arithmetic("+", mini("1 bd", words), mini("2", words), words).query(np.arange(1))
    assert caught.value.loc is not None
    assert caught.value.loc.column == 3


def test_results_over_1e15_are_an_error() -> None:
    words = Words()
    big = mini("1000000000000", words)
    with pytest.raises(ScoreError, match="over 1e15"):
        arithmetic("*", big, big, words).query(np.arange(1))


def test_joins_that_explode_are_refused() -> None:
    words = Words()
    many = mini("[" + ",".join(["1"] * 1000) + "]", words)
    with pytest.raises(ScoreError, match="haps in one cycle"):
        arithmetic("+", many, many, words).query(np.arange(1))
