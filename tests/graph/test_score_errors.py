"""Mistakes in a score: each with its place, its reason and what was probably meant."""

from __future__ import annotations

import re
import time

import pytest

from farm.errors import FarmError, ScoreError, show
from tests.render.sound import asked, frames, score


def mistake(text: str) -> FarmError:
    """The error of a score (some are found only while its patterns are queried)."""
    with pytest.raises(FarmError) as caught:
        frames(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "line", "column", "said", "hint"),
    [
        ("out: saww 110", 1, 6, "there is no function `saww`", "did you mean `saw`?"),
        ("out: saw 110 # lfp 300", 1, 16, "there is no function `lfp`", "did you mean `lpf`?"),
        ('out: s "bd" $ fsat 2', 1, 15, "there is no transform `fsat`", "did you mean `fast`?"),
        ("~kick: sine 50\nout: ~a + ~kik\n~a: sine 1", 2, 11, "there is no bus `~kik`", "did you mean `~kick`?"),
        ('~synth: saw 110\nout: s "bd ~sinth*4"', 2, 12, "there is no bus `~sinth`", "did you mean `~synth`?"),
        ('out: s "bd*4" # gian 0.5', 1, 17, "there is no function `gian`", "did you mean `gain`?"),
        ("out: lpf (saw 110) 300 1 0.5 2", 1, 26, "`lpf` takes at most 2 arguments", "written as `lpf cutoff"),
        ("out: saw 110 # lpf", 1, 16, "`lpf` needs its cutoff", "written as `lpf cutoff"),
        ("out: saw 110 # lpf 300 :res 2", 1, 25, "`lpf` has no `:res`", None),
        ("out: sine a4", 1, 11, "`a4` is a note, and stands in quotes", 'write "a4"'),
        ('out: s "bd" $ fast c4', 1, 20, "`c4` is a note", 'write "c4"'),
        ('out: s "bd" # gain c4', 1, 20, "`c4` is a note", 'write "c4"'),
        ("out: saw 110 # gain loud", 1, 21, "`gain` needs a number, not `loud`", "`~loud`"),
        ("out: saw 110 # lpf :cutoff eight", 1, 28, "`lpf` needs a number, not `eight`", "written in digits"),
        ('out: s "bd" $ fast two', 1, 20, "`fast` needs a number, not `two`", "written in digits"),
        ("out: saw nosie", 1, 10, "there is no function `nosie`", "did you mean `noise`?"),
        ("out: lpf sww 800", 1, 10, "there is no function `sww`", "did you mean `saw`?"),
        ("tempo: 1/4\nout: saw 1", 1, 8, "`tempo` takes one number, and this is a calc", "comes to: `tempo: 0.25`"),
        ("bpm: 60*2\nout: saw 1", 1, 6, "`bpm` takes one number, and this is a calc", "for example `bpm: 120`"),
        ("out: sine 100 # note 3 # speed 2 # pan 0 # nope", 1, 44, "there is no function `nope`", None),
        ("out: sine 100 * 0.5 # speed 2", 1, 23, "`speed` changes voices", None),
        ("out: (~a + ~b) $ fast 2\n~a: sine 1\n~b: saw 2", 1, 18, "`fast` has nothing to work on", None),
        ("out: sine 110 $ rev", 1, 17, "`rev` has nothing to work on", None),
        ('~d: s "bd"\n~s: saw 100\nout: (~d + ~s) $ fast 2', 3, 18, "`fast` has nothing to work on", None),
        ("out: fast 2", 1, 6, "a transform alone makes no sound", None),
        ("out: saw 110 # fast 2", 1, 16, "`fast` is a transform", None),
        ('out: saw "110 220" $ every 2 (# lpf 300 1)', 1, 22, "`every` with effects needs voices", 's "..."'),
        ('out: s "bd" $ scramble 4', 1, 15, "`scramble` comes with a later version of farm", "fast"),
        ('out: scramble 4 $ s "bd"', 1, 6, "`scramble` comes with a later version of farm", None),
        ('out: s "bd" $ rev $ every\' 3 1 rev', 1, 21, "`every'` comes with a later version", None),
        ('out: s "bd" $ every 2 (fast 2 $ ghost)', 1, 33, "`ghost` comes with a later version of farm", None),
        ('out: stack [s "bd", s "hh"]', 1, 6, "`stack` comes with a later version of farm", None),
        ("out: s (run 8)", 1, 9, "`run` comes with a later version of farm", None),
        ('out: s "bd" $ fast "<2 x>"', 1, 21, "`fast` needs a number, not `x`", "written as `fast n`"),
        ('out: s "bd" $ jux 2', 1, 19, "`jux` takes a transform here, not a number", "jux f"),
        ('out: s "bd" $ every 2 "rev"', 1, 24, "`every` takes a transform here, not a pattern", "every n f"),
        ('out: s "bd" $ every 2 fast 2', 1, 28, "`every` takes 2 arguments, not 3", "stands in parentheses"),
        ('out: saw "110" $ jux', 1, 18, "`jux` takes one argument, not 0", None),
        ('out: s "bd" $ stut 3 rev 0.5', 1, 22, "`stut` needs a number for `time`, not a transform", None),
        ('out: s "bd" $ fast 0', 1, 20, "`fast` needs a number above 0", None),
        ("tempo: 0\nout: sine 1", 1, 8, "`tempo` must be above 0", None),
        ('~v: s "bd"\nout: s "hh*4" # gain ~v', 2, 22, "a signal with voices in it", None),
        ('~w: saw 100 + s "bd"\n~v: s "~w"\nout: s "~v" + ~v # vst "x"', 3, 20, "plugins and MIDI", None),
        ("~a: ~b + 1\n~b: ~a * 0.5\nout: ~a", 1, 1, "needs a node with a state", "~a <- ~b <- ~a"),
        ('~a: s "~a*4"\nout: ~a', 1, 1, "a loop of buses cannot pass through voices", None),
    ],
)
def test_a_mistake_is_pointed_at(text: str, line: int, column: int, said: str, hint: str | None) -> None:
    error = mistake(text)
    assert isinstance(error, ScoreError)
    assert said in error.message
    assert error.loc is not None
    assert (error.loc.line, error.loc.column) == (line, column), show(error)
    assert hint is None or hint in show(error)


@pytest.mark.parametrize(
    ("body", "said"),
    [("2", "the result of `*` is over 1e15"), ('"2 3"', None), ("0.3", None), ('n "0 3"', None), ("saw 3", None)],
)
def test_buses_that_double_sixty_times_are_read_at_once(body: str, said: str | None) -> None:
    rows = [f"~b0: {body}", *(f"~b{i}: ~b{i - 1} * ~b{i - 1}" for i in range(1, 60)), "out: saw 3 * ~b59 + ~b59"]
    began = time.perf_counter()
    if said is None:
        score("\n".join(rows))
    else:
        with pytest.raises(ScoreError, match=re.escape(said)) as caught:
            score("\n".join(rows))
        assert caught.value.loc is not None and caught.value.loc.line == 7
    assert time.perf_counter() - began < 2.0


def test_a_mistake_in_a_bus_that_nothing_uses_is_told() -> None:
    with pytest.raises(ScoreError, match="nowhere"):
        score("~unused: saw ~nowhere\nout: sine 1")


@pytest.mark.parametrize("text", ["", "-- nothing but a comment", "tempo: 2"])
def test_a_score_without_sound_is_an_error(text: str) -> None:
    assert isinstance(mistake(text), ScoreError)


def test_values_outside_a_range_are_clamped_with_a_warning() -> None:
    loaded = score("out: saw 110 # lpf 90000 500")
    assert [(one.loc.column if one.loc else 0) for one in loaded.notices] == [20, 26]
    assert all("is outside" in one.message for one in loaded.notices)


def test_a_score_that_was_loaded_says_its_tempo() -> None:
    assert float(score("bpm: 90\nout: sine 1").cps) == 0.375
    assert asked().tail == "none"
