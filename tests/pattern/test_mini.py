"""Mini-notation: what each form means, where each mistake is, and how much is too much."""

from __future__ import annotations

import sys
import threading
import time
import tracemalloc
from fractions import Fraction as F

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.errors import Loc, Notice, ScoreError
from farm.pattern.depth import deep
from farm.pattern.mini import parse
from farm.pattern.pattern import Pattern, silence
from farm.pattern.words import Words

START = Loc("test.ph", 3, 10, 1, 'x: s   "…"')


def onsets(text: str, cycles: int = 1, seed: int = 1) -> list[tuple[F, F, str]]:
    """(onset, end, value) of the haps that begin in the first cycles, sorted by time."""
    words = Words()
    haps = parse(text, START, words, seed).query(np.arange(cycles))
    found = []
    for j in range(len(haps)):
        wb, we, pb, _ = (int(haps.row[j]) + F(int(t), haps.den) for t in haps.times[:, j])
        if wb == pb:
            found.append((wb, we, words.text(int(haps.values[haps.names.index("v"), haps.key[j]]))))
    return sorted(found, key=lambda one: one[:2])


def said(text: str, cycles: int = 1) -> str:
    return " ".join(f"{value}:{begin}" for begin, _, value in onsets(text, cycles))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b c d", "a:0 b:1/4 c:1/2 d:3/4"),
        ("a [b c]", "a:0 b:1/2 c:3/4"),
        ("a ~ b", "a:0 b:2/3"),
        ("a*3", "a:0 a:1/3 a:2/3"),
        ("a*1.5", "a:0 a:2/3 a:4/3"),
        ("a*0", ""),
        ("a*<2 3>", "a:0 a:1/2 a:1 a:4/3 a:5/3"),
        ("a*[2 4]", "a:0 a:1/2 a:3/4 a:1 a:3/2 a:7/4"),
        ("[a b c d]/2", "a:0 b:1/2 c:1 d:3/2"),
        ("<a b c>", "a:0 b:1"),
        ("<a b c d>*4", "a:0 b:1/4 c:1/2 d:3/4 a:1 b:5/4 c:3/2 d:7/4"),
        ("[<a b> c]", "a:0 c:1/2 b:1 c:3/2"),
        ("<a@3 b>", "a:0"),
        ("<a!2 b>", "a:0 a:1"),
        ("a!3 b", "a:0 a:1/4 a:1/2 b:3/4"),
        ("a! b", "a:0 a:1/3 b:2/3"),
        ("a ! b", "a:0 a:1/3 b:2/3"),
        ("a@3 b", "a:0 b:3/4"),
        ("a _ b@2", "a:0 b:1/2"),
        ("a . b c . d", "a:0 b:1/3 c:1/2 d:2/3"),
        ("0 .. 3", "0:0 1:1/4 2:1/2 3:3/4"),
        ("2 .. 0", "2:0 1:1/3 0:2/3"),
        ("{a b c}%4", "a:0 b:1/4 c:1/2 a:3/4 b:1 c:5/4 a:3/2 b:7/4"),
        ("{a b, c d e}", "a:0 c:0 b:1/2 d:1/2 a:1 e:1 b:3/2 c:3/2"),
        ("a(3,8)", "a:0 a:3/8 a:3/4"),
        ("a(3,8,2)", "a:1/8 a:1/2 a:3/4"),
        ("a(-3,8)", "a:1/8 a:1/4 a:1/2 a:5/8 a:7/8"),
        ("a(8,3)", "a:0 a:1/3 a:2/3"),
        ("a(0,8)", ""),
        ("[a b](3,8)", "a:0 a:3/8 b:3/4"),
        ("a(<3 1>,4)", "a:0 a:1/4 a:1/2 a:1"),
        ("a(3,8)*2", "a:0 a:3/16 a:3/8 a:1/2 a:11/16 a:7/8"),
        ("a(3,8):2", "a:2:0 a:2:3/8 a:2:3/4"),
        ("bd:3 808bd:1", "bd:3:0 808bd:1:1/2"),
        ("-1 .5 -.25", "-1:0 0.5:1/3 -0.25:2/3"),
        ("~bus ~ ~b2", "~bus:0 ~b2:2/3"),
        ("", ""),
        ("[] a", "a:1/2"),
        ("(a, b) c", "a:0 b:0 c:1/2"),
        ("a b, c", "a:0 c:0 b:1/2"),
        ("c'maj", "60:0 64:0 67:0"),
        ("c'7*2", "60:0 64:0 67:0 70:0 60:1/2 64:1/2 67:1/2 70:1/2"),
        ("a3'm7 c'6/9", "57:0 60:0 64:0 67:0 60:1/2 64:1/2 67:1/2 69:1/2 74:1/2"),
        ("c'm/2", "60:0 63:0 67:0"),
        ("a?0", "a:0"),
        ("a?1 b", "b:1/2"),
    ],
)
def test_meaning(text: str, expected: str) -> None:
    found = said(text, 2).split()
    wanted = expected.split()
    # The literals list both cycles, or one where both are alike.
    later = [f"{one.rpartition(':')[0]}:{F(one.rpartition(':')[2]) + 1}" for one in wanted]
    assert found in (wanted, wanted + later)


def test_wholes_last_as_long_as_their_slots() -> None:
    assert onsets("a@3 b(3,8)")[:2] == [(F(0), F(3, 4), "a"), (F(3, 4), F(25, 32), "b")]
    assert onsets("a/4", 1) == [(F(0), F(4), "a")]
    assert onsets("a ~ _ _") == [(F(0), F(1, 4), "a")]


def test_places_point_at_the_written_step() -> None:
    words = Words()
    haps = parse("bd*2 <hh [sd:3]>", START, words, 1).query(np.array([1]))
    places = {words.text(int(v)): words.loc(loc) for v, loc in zip(*haps.values, strict=True)}
    assert (places["bd"].line, places["bd"].column, places["bd"].length) == (3, 10, 2)
    assert (places["sd:3"].column, places["sd:3"].length) == (20, 4)


@pytest.mark.parametrize(
    ("text", "column", "words_in"),
    [
        ("bd(3", 3, "never closed"),
        ("bd [hh sd", 4, "never closed"),
        ("bd [hh <sd] a>", 8, "not closed"),
        ("bd hh]", 6, "closes nothing"),
        ("bd*", 3, "needs a number"),
        ("bd*hh", 3, "needs a number"),
        ("bd*<2 hh>", 7, "`hh` is not a number"),
        ("bd*-2", 4, "backwards"),
        ("bd/0", 4, "slowed by 0"),
        ("bd(3)", 3, "two or three"),
        ("bd(3,8,1,2)", 3, "two or three"),
        ("bd(x,8)", 4, "not a number"),
        ("bd(2.5,8)", 4, "whole numbers"),
        ("bd(,8)", 3, "misses an argument"),
        ("bd(3|5,8)", 5, "no meaning"),
        ("bd@", 3, "needs a number"),
        ("bd@0", 4, "above 0"),
        ("bd!0", 4, "1 or more"),
        ("bd?2", 4, "between 0 and 1"),
        ("_ bd", 1, "no step before"),
        ("! bd", 1, "no step before"),
        ("a .. 3", 3, "two numbers"),
        ("0 .. b", 3, "two numbers"),
        ("0 .. 1.5", 1, "whole numbers"),
        ("0 .. 3*2", 7, "brackets"),
        ("bd: hh", 3, "sample number"),
        ("~bus:2", 5, "no meaning"),
        ("*2", 1, "nothing before"),
        ("bd%4", 3, "follows"),
        ("{bd}%0", 6, "more than 0"),
        ("bd h$h", 5, "unexpected"),
        ("bd €", 4, "unexpected"),
        ("bd -.x", 4, "no step"),
        ("9'maj", 1, "neither"),
        ("hh'maj", 1, "not the name of a note"),
        ("bd*1000000000000000000", 4, "over 1e15"),
        ("bd*1" + "0" * 50, 4, "more than 40 digits"),
        ("bd:" + "9" * 20, 4, "over 1e15"),
    ],
)
def test_mistakes_are_shown_where_they_are(text: str, column: int, words_in: str) -> None:
    with pytest.raises(ScoreError) as caught:
        parse(text, START, Words(), 1)
    assert words_in in caught.value.message + (caught.value.hint or "")
    assert caught.value.loc is not None
    assert (caught.value.loc.line, caught.value.loc.column) == (3, 9 + column)


def test_an_unknown_chord_sounds_its_root_and_is_told() -> None:
    notices: list[Notice] = []
    words = Words()
    haps = parse("bd c'huh", START, words, 1, notices).query(np.arange(1))
    assert words.midi(haps.column("v")).tolist()[1:] == [60.0]
    assert "huh" in notices[0].message
    assert notices[0].hint is not None
    assert notices[0].hint.startswith("the chords: maj, major, M, min")
    parse("c'mjaor", START, words, 1, notices)
    assert notices[-1].hint == "did you mean `major`?"
    assert notices[0].loc == Loc("test.ph", 3, 13, 5)


@pytest.mark.parametrize(
    "text",
    [
        "bd*1000000000",
        "bd*200001",
        "[bd*1000]*1000",
        "bd!1000000000",
        "[bd?!1000]!1000",
        "[[[[bd? hh?]!99]!99]!99]!99",
        "0 .. 1000000000",
        "bd(3,1000000000)",
        "bd(1000000,1000000)",
        "{bd hh}%1000000000",
        "bd*<2 1000000000>",
        "bd*[2|1000000000]",
        "bd*[600,600,600,600]*[600,600,600]*600",
        "hh/0.0000001",
        "[<bd hh>*999999]*999",
        "[" * 201 + "a" + "]" * 201,
        "a" + "*2" * 30,
        "a" + "*1" * 500,
    ],
)
def test_too_much_is_refused_quickly_and_cheaply(text: str) -> None:
    tracemalloc.start()
    began = time.perf_counter()
    with pytest.raises(ScoreError):
        parse(text, START, Words(), 1)
    spent = time.perf_counter() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert spent < 1.0
    assert peak < 50e6


def test_the_limit_itself_is_allowed() -> None:
    assert len(parse("bd*200000", START, Words(), 1).query(np.arange(1))) == 200_000


@pytest.mark.parametrize("text", ["~*1000000000", "[~ ~]*1000000000", "<~ ~>*1000000000"])
def test_silence_costs_nothing_however_fast(text: str) -> None:
    assert len(parse(text, START, Words(), 1).query(np.arange(1))) == 0


@pytest.mark.parametrize(
    "step", ["[a *]", "[a? *]", "<a *>", "[a, *]", "{a *}", "[*]@2 b", "[a? *(3,8)]", "[a? *@1.5]"]
)
def test_deep_nesting_answers_without_recursion_errors(step: str) -> None:
    text = "b"
    for _ in range(60):
        text = step.replace("*", f"[{text}]")
    with deep():
        parse(text, START, Words(), 1).query(np.arange(2))


def test_the_deepest_nesting_answers() -> None:
    text = "[a? " * 200 + "b" + "]" * 200
    before = sys.getrecursionlimit()
    with deep():
        assert len(parse(text, START, Words(), 1).query(np.arange(2))) > 2
    assert sys.getrecursionlimit() == before


def test_the_limit_of_recursion_is_the_callers_again_when_the_last_thread_is_through() -> None:
    before, inside, through = sys.getrecursionlimit(), threading.Event(), threading.Event()

    def work() -> None:
        with deep():
            inside.set()
            through.wait(10)

    other = threading.Thread(target=work)
    other.start()
    inside.wait(10)
    with deep():
        pass
    assert sys.getrecursionlimit() > before, "the other thread still needs it"
    through.set()
    other.join()
    assert sys.getrecursionlimit() == before


def kept(text: str, name: str, cycles: int = 200) -> list[int]:
    """The cycles in which a name sounds."""
    return [int(begin) for begin, _, value in onsets(text, cycles, seed=5) if value == name]


def test_text_elsewhere_leaves_coins_alone() -> None:
    alone = kept("bd hh?", "hh")
    assert 60 < len(alone) < 140
    assert kept("sn*3 hh?", "hh") == alone
    assert kept("bd? hh?, cp*4?", "hh") == alone
    assert kept("bd hh? sn [cp|lt]", "hh") == alone
    assert kept("bd   hh?", "hh") == alone
    assert kept("hh? bd", "hh") != alone


def test_copies_have_coins_of_their_own() -> None:
    together = [onsets("a?!3", 1, seed) for seed in range(40)]
    assert {len(one) for one in together} >= {1, 2}


def test_choices_use_all_their_alternatives() -> None:
    chosen = [value for _, _, value in onsets("[a|b|c]", 300)]
    assert min(chosen.count(one) for one in "abc") > 60


@given(st.text(alphabet="ab c01.29[]<>(){},*/:@%?!|~_'-#\t", max_size=40))
def test_any_text_parses_or_is_a_score_error(text: str) -> None:
    pattern, mistake = parsed(text)
    if mistake is not None:
        assert mistake.loc is not None
        assert 10 <= mistake.loc.column <= 10 + len(text)
    elif pattern.peak < 5000:
        haps = pattern.query(np.arange(2))
        assert (haps.times[2] < haps.times[3]).all()


def parsed(text: str) -> tuple[Pattern, ScoreError | None]:
    try:
        return parse(text, START, Words(), 1), None
    except ScoreError as error:
        return silence, error


@given(
    st.recursive(
        st.sampled_from(["a", "1", "~", "c'm7", "~x"]),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=4).map(" ".join).map(lambda s: f"[{s}]"),
            st.lists(inner, min_size=1, max_size=3).map(" ".join).map(lambda s: f"<{s}>"),
            st.tuples(inner, st.sampled_from(["*2", "/3", "?", "!2", "@1.5", "(3,8)", "*<1 2>", "?0.2"])).map("".join),
            st.tuples(inner, inner).map(", ".join).map(lambda s: f"[{s}]"),
        ),
        max_leaves=12,
    )
)
def test_well_formed_text_always_parses(text: str) -> None:
    pattern = parse(text, START, Words(), 1)
    if pattern.peak < 5000:
        pattern.query(np.arange(3))
