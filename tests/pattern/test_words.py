"""Words, notes, chords, and semitones as ratios."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from farm.errors import Loc
from farm.pattern.notes import CHORDS, note_number, pitch_class, semitone_ratio
from farm.pattern.time import Floats
from farm.pattern.words import ChordNote, Value, Words


@pytest.mark.parametrize(
    ("name", "midi"),
    [
        ("c4", 60), ("a4", 69), ("eb2", 39), ("ef2", 39), ("f#3", 54), ("gs5", 80), ("ef4", 63), ("b4", 71),
        ("bb4", 70), ("bf4", 70), ("c", 60), ("C4", 60), ("Bb", 70), ("c-1", 0), ("b10", 143),
        ("do", 60), ("sol", 67), ("si", 71),
    ],
)  # fmt: skip
def test_note_names(name: str, midi: int) -> None:
    assert note_number(name) == midi


@pytest.mark.parametrize("name", ["h4", "c11", "c-2", "bd", "cc", "c##4", "", "4", "c4x", "~c"])
def test_what_is_no_note(name: str) -> None:
    assert note_number(name) is None


def test_pitch_classes_are_of_letters_alone() -> None:
    assert [pitch_class(one) for one in ("c", "eb", "b", "c4", "re")] == [0, 3, 11, None, 2]


def test_ids_follow_the_text_and_columns_say_what_consumers_read() -> None:
    words = Words()
    values: list[Value] = [F(3, 2), "bd", "c4", ChordNote(F(64), 3), "~bus", "t", F(1), F(0), "do"]
    ids = np.array([words.intern(value) for value in values], np.float64)
    assert ids.tolist() == list(range(1, 10))
    assert words.intern(1) == 7
    nan = np.nan
    np.testing.assert_equal(words.number(ids), [1.5, nan, nan, nan, nan, nan, 1, 0, nan])
    np.testing.assert_equal(words.midi(ids), [nan, nan, 60, 64, nan, nan, nan, nan, 60])
    np.testing.assert_equal(words.size(ids), [1, 1, 1, 3, 1, 1, 1, 1, 1])
    np.testing.assert_allclose(words.hertz(ids)[[0, 2, 3]], [1.5, 261.6255653005986, 329.6275569128699], rtol=1e-15)
    assert words.true(ids).tolist() == [False, False, False, False, False, True, True, False, False]
    np.testing.assert_equal(words.number(np.array([np.nan, 1.0])), [nan, 1.5])
    assert [words.text(int(one)) for one in ids[:5]] == ["1.5", "bd", "c4", "64", "~bus"]


def test_many_words_keep_their_columns() -> None:
    words = Words()
    ids = np.array([words.intern(F(i, 7)) for i in range(1000)])
    np.testing.assert_array_equal(words.number(ids), np.arange(1000) / 7)


def test_places() -> None:
    words = Words()
    place = Loc("a.ph", 2, 5, 3)
    assert words.loc(words.add_loc(place)) == place
    text = words.add_text(place, "bd [sn:2 -1.5] ~bass")
    assert words.loc(words.add_loc(place)) == place
    found = [words.loc(text + offset) for offset in (0, 4, 9, 15)]
    assert [(one.column, one.length) for one in found] == [(5, 2), (9, 4), (14, 4), (20, 5)]
    assert words.loc(float("nan")).line == 0


def test_chord_case_matters() -> None:
    assert CHORDS["M7"] == (0, 4, 7, 11)
    assert CHORDS["m7"] == (0, 3, 7, 10)
    assert len(CHORDS) == 41


def test_semitone_ratio_is_exact_for_octaves_and_close_everywhere() -> None:
    octaves = np.arange(-40, 41)
    semitones: Floats = 12.0 * octaves.astype(np.float64)
    assert (semitone_ratio(semitones) == np.ldexp(1.0, octaves)).all()
    x = np.concatenate([np.linspace(-200, 200, 40_001), np.random.default_rng(1).uniform(-60, 60, 5000)]).astype(
        np.float64
    )
    ratio = semitone_ratio(x)
    exact = np.exp2(x.astype(np.longdouble) / 12)
    assert float(np.max(np.abs(ratio / exact - 1))) < 2 * 2.0**-52
    assert (np.diff(ratio[:40_001]) > 0).all()
    assert np.isnan(semitone_ratio(np.array([np.nan])))[0]
    assert semitone_ratio(np.array([1e300, -1e300])).tolist() == [2.0**1000, 2.0**-1000]
