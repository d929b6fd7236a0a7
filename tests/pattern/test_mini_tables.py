"""The tables of mini-notation, whole: Euclidean rhythms, chords, notes, and modifiers one after another."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from farm.errors import Loc
from farm.pattern.euclid import euclid
from farm.pattern.mini import parse
from farm.pattern.notes import CHORDS
from farm.pattern.words import Words

PLACE = Loc("test.ph", 1, 1)
CYCLES = 4

EUCLID = """
    (3,8)   x..x..x.            (5,16)  x..x..x..x..x...    (5,8)   x.xx.xx.       (7,16)  x..x.x.x..x.x.x.
    (3,16)  x....x....x.....    (3,17)  x.....x.....x....   (2,8)   x...x...       (1,6)   x.....
    (4,16)  x...x...x...x...    (4,7)   x.x.x.x             (5,7)   x.xx.xx        (6,8)   x.xxx.xx
    (7,12)  x.xx.x.xx.x.        (7,8)   xxxxxxx.            (3,4)   xxx.           (8,3)   xxx
    (0,4)   ....                (-3,8)  .xx.xx.x            (-1,4)  .xxx
"""

CHORD_TABLE = {
    "maj major M": "0 4 7",
    "min minor m": "0 3 7",
    "dim diminished": "0 3 6",
    "aug augmented": "0 4 8",
    "sus2": "0 2 7",
    "sus4": "0 5 7",
    "maj7 M7": "0 4 7 11",
    "min7 m7": "0 3 7 10",
    "dom7 7": "0 4 7 10",
    "dim7": "0 3 6 9",
    "hdim7 m7b5": "0 3 6 10",
    "aug7": "0 4 8 10",
    "mM7 m/maj7": "0 3 7 11",
    "6": "0 4 7 9",
    "m6": "0 3 7 9",
    "6/9": "0 4 7 9 14",
    "maj9": "0 4 7 11 14",
    "min9": "0 3 7 10 14",
    "dom9 9": "0 4 7 10 14",
    "maj11": "0 4 7 11 14 17",
    "min11": "0 3 7 10 14 17",
    "dom11 11": "0 4 7 10 14 17",
    "maj13": "0 4 7 11 14 17 21",
    "min13": "0 3 7 10 14 17 21",
    "dom13 13": "0 4 7 10 14 17 21",
    "5 power": "0 7",
}
QUALITIES = [(name, intervals) for names, intervals in CHORD_TABLE.items() for name in names.split()]


def heard(text: str) -> list[tuple[int, float, float, str]]:
    """(cycle, begin, end, word) of each hap."""
    words = Words()
    haps = parse(text, PLACE, words, 3).query(np.arange(CYCLES))
    begins, ends = haps.times[0] / haps.den, haps.times[1] / haps.den
    texts = [words.text(int(one)) for one in haps.column("v")]
    found = zip(haps.row.tolist(), begins.tolist(), ends.tolist(), texts, strict=True)
    return sorted((row, round(b, 9), round(e, 9), text) for row, b, e, text in found)


def test_euclidean_rhythms() -> None:
    words = EUCLID.split()
    for arguments, steps in zip(words[::2], words[1::2], strict=True):
        hits, count = (int(one) for one in arguments.strip("()").split(","))
        assert "".join(".x"[hit] for hit in euclid(hits, count)) == steps, arguments
        for rotation in (1, 3, -2, count + 1):
            turned = [steps[(i + rotation) % count] for i in range(count)]
            expected = [round(i / count, 9) for i, step in enumerate(turned) if step == "x"]
            text = f"a({hits},{count},{rotation})"
            assert [begin for row, begin, _, _ in heard(text) if row == 0] == expected, text


def test_the_chord_table_is_whole() -> None:
    assert sorted(CHORDS) == sorted(name for name, _ in QUALITIES)


@pytest.mark.parametrize(("quality", "intervals"), QUALITIES)
def test_chords(quality: str, intervals: str) -> None:
    for root, midi in (("c", 60), ("eb3", 51), ("f#5", 78)):
        numbers = [str(midi + int(one)) for one in intervals.split()]
        assert sorted(text for row, *_, text in heard(f"{root}'{quality}") if row == 0) == sorted(numbers)
        followed = heard(f"{root}'{quality}*2 ~")
        assert len([1 for row, *_ in followed if row == 0]) == 2 * len(numbers), "a modifier follows the quality"


def test_every_note_name() -> None:
    words = Words()
    steps = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
    accidentals = {"": 0, "#": 1, "s": 1, "b": -1, "f": -1}
    for letter, accidental, octave in product(steps, accidentals, range(-1, 11)):
        midi = 12 * (octave + 1) + steps[letter] + accidentals[accidental]
        for name in (f"{letter}{accidental}{octave}", f"{letter}{accidental}{octave}".upper().replace("S", "s")):
            number = words.intern(name)
            assert words.midi(np.array([number]))[0] == midi, name
            hertz = words.hertz(np.array([number]))[0]
            np.testing.assert_allclose(hertz, 440 * 2 ** ((midi - 69) / 12), rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a(3,8)*2", "[a(3,8)]*2"),
        ("a(3,8)/2", "[a(3,8)]/2"),
        ("a(3,8)!2 b", "[a(3,8)] [a(3,8)] b"),
        ("a(3,8)@2 b", "[a(3,8)]@2 b"),
        ("<a b>(3,8)", "<a(3,8) b(3,8)>"),
        ("[a b](3,8)", "a ~ ~ a ~ ~ b ~"),
        ("(a b)(3,8)", "[a b](3,8)"),
        ("a(<3 5>,8,<0 2>)", "<a(3,8) a(5,8,2)>"),
        ("a(3,<8 4>)", "<a(3,8) a(3,4)>"),
        ("a([3 5],8)", "a ~ ~ a ~ a a ~"),
        ("a*<2 4>", "<a*2 a*4>"),
        ("[a b]/<2>", "[a b]/2"),
        ("a*[2 3]*2", "[a*[2 3]]*2"),
        ("c'min7*2", "[c'min7]*2"),
        ("c'min7(3,8)", "[c'min7](3,8)"),
        ("c'7!2 e", "c'7 c'7 e"),
        ("<c'maj e'7>*2", "[<c'maj e'7>]*2"),
        ("[a b]*2?0", "a b a b"),
        ("a:3*2 b:1(3,8)", "[a:3]*2 [b:1](3,8)"),
        ("[a b]:2", "a:2 b:2"),
        ("{a b c}%4", "{a b c a b c a b c a b c}%4"),
        ("{a b c}%<3 6>", "<[a b c] [a b c a b c]>"),
        ("{a b, c d e}*2", "[{a b, c d e}]*2"),
        ("<a b, c d e>", "[<a b>, <c d e>]"),
        ("<a!2 b>", "<a a b>"),
        ("<a@2 b>", "<a _ b>"),
        ("a b . c", "[a b] c"),
        ("a . b . c d", "a b [c d]"),
        ("a _ b", "a@2 b"),
        ("a! ! b", "a a a b"),
        ("0 .. 3 7", "0 1 2 3 7"),
        ("[0 .. 3]*2", "[0 1 2 3]*2"),
        ("a b, c", "[a b, c]"),
        ("[a | a]", "a"),
        ("[[a b] c, d]", "[[a b] c] , d"),
        ("a*1.5", "[a a a]/2"),
        ("-3 -.5 .5", "-3 -0.5 0.5"),
        ("a ~ ~b ~", "a ~ ~b ~"),
    ],
)
def test_two_notations_of_the_same(text: str, same: str) -> None:
    assert heard(text) == heard(same)
    assert heard(text), "it is not empty"
