"""What is legal and hardly meant: a warning at its place, once."""

from __future__ import annotations

import pytest

from farm.errors import slips
from farm.quantities import plain
from tests.graph.test_score_errors import mistake
from tests.render.sound import score

KEY = '~k: "c4"\n'
FILTER = "out: saw 110 # lpf "


@pytest.mark.parametrize(
    ("text", "marked", "said"),
    [
        ('out: s "bd" $ fast "c4"', ["c4"], "a note, and as the `n` of `fast` its MIDI number: 60"),
        ('out: s "bd" $ late "0.5 c4"', ["c4"], "as the `time` of `late` its MIDI number: 60"),
        (f'{KEY}out: s "bd" $ every ~k rev', ["c4"], "as the `n` of `every` its MIDI number: 60"),
        ('out: saw "c4" $ ply "2 3"', [], ""),
        (f'{FILTER}"3"', ["3"], "lpf: cutoff 3 is outside 20 to 20000 Hz; 20 is used"),
        (f'{FILTER}"3 [800 4000000]*2 3"', ["3", "4000000"], " is outside 20 to 20000 Hz; 20"),
        (f'{FILTER}"0 .. 3"', ["0"], "lpf: cutoff 0 is outside"),
        ('out: s "bd" # gain "0 .. 12"', ["0"], "gain 11 is outside 0 to 10; 10 is used"),
        (f'{FILTER}"c0 c5"', ["c0"], "lpf: cutoff `c0` (16.35) is outside"),
        (f'{FILTER}800 :q "1 <2 500>"', ["500"], "lpf: q 500 is outside 0.3 to 20; 20 is used"),
        ('out: saw "30000"', ["30000"], "saw: freq 30000 is outside 0 to 20000 Hz; 20000 is used"),
        ('out: saw "30000" -24', [], ""),
        ('out: saw "0 110" # lpf "20 20000"', [], ""),
        (f"{FILTER}20000000", ["20000000"], "cutoff 20000000 is outside"),
        ('out: s "bd(3,0)"', ["bd(3,0)"], "nothing of this pattern ever sounds"),
        ('out: s "bd*0"', ["bd*0"], "nothing of this pattern ever sounds"),
        ('out: s "bd?1 <sn?1>"', ["bd?1 <sn?1>"], "nothing of this pattern ever sounds"),
        ('out: saw # note "c4*0"', ["c4*0"], "nothing of this pattern ever sounds"),
        ('out: s "~ ~"', [], ""),
        ('out: s "bd*0 sn"', [], ""),
        ('out: s "bd(9,8)"', ["9"], "9 hits are more than the 8 steps of this rhythm: 8 are played"),
        ('out: s "bd(<3 12>,<8 10>) sn(8,8)"', ["12"], "12 hits are more than the 10 steps"),
        ('out: s "bd" # n 3.5', ["3.5"], "n 3.5 is no whole number; 4 is used"),
        ('out: s "bd*3" # n "0 2.5 c"', ["2.5"], "n 2.5 is no whole number; 3 is used"),
        ('~v: saw 110\nout: s "~v" # note 2.5', [], ""),
        ("out: sine (100 / 0)", ["/"], "a division by 0 gives 0\ndivide by a number other than 0"),
        ('out: s "bd" # gain ("1 2" / "0 1")', ["0"], "a division by 0 gives 0\ndivide by numbers other than 0"),
        ("out: saw 110 / 0", ["/"], "stands before it\nwhere silence is meant write `* 0`"),
    ],
)
def test_what_is_hardly_meant_is_told_where_it_stands(text: str, marked: list[str], said: str) -> None:
    notices = score(text).notices
    assert len(notices) == len(marked)
    for notice, mark in zip(notices, marked, strict=True):
        loc = notice.loc
        assert loc is not None and loc.text[loc.column - 1 :][: loc.length] == mark
        assert said in f"{notice.message}\n{notice.hint}"


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("bd*0 hh/0 [x*-1 sn] cp", ["0", "-1"]),
        ("sn@0 cp!0 sn@-1", ["0", "0", "-1"]),
        ("x'maj <y'min bd/0>", ["x", "y", "0"]),
        ("bd(x,8) sn@0", ["x"]),
        ("bd/0 ] sn", ["]"]),
    ],
)
def test_every_mistake_of_a_string_is_told(text: str, marked: list[str]) -> None:
    first = mistake(f'out: s "{text}"')
    every = [one.loc for one in (first, *first.also) if one.loc is not None]
    assert [one.text[one.column - 1 :][: one.length] for one in every] == marked
    assert [one.column for one in every] == sorted({one.column for one in every})


@pytest.mark.parametrize(
    ("number", "written"),
    [(2e7, "20000000"), (1e-5, "0.00001"), (0.1 + 0.2, "0.3"), (-1e15, "-1000000000000000"), (1 / 3, "0.3333333333")],
)
def test_a_number_is_printed_as_a_score_writes_it(number: float, written: str) -> None:
    assert plain(number) == written
    assert plain(12543.85, 4) == "12540"


@pytest.mark.parametrize(
    ("written", "meant", "count"),
    [("lfp", "lpf", 1), ("loud", "sound", 2), ("", "ab", 2), ("sien", "sine", 1), ("rev", "rev", 0), ("abc", "cab", 2)],
)
def test_slips_are_counted(written: str, meant: str, count: int) -> None:
    assert slips(written, meant) == slips(meant, written) == count
