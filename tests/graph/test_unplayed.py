"""What of a score no output plays: told by a check and in the summary of a render."""

from __future__ import annotations

import pytest

from farm.audio.samples import SampleLibrary
from farm.graph.complaints import complaints
from farm.score import Source
from tests.render.sound import report


def told(text: str) -> list[tuple[str, int]]:
    """The warnings of a check, each with its line; those of a render are the same."""
    errors, notices = complaints(Source("test.ph", text), SampleLibrary())
    assert not errors
    assert [*report(text).notices] == notices
    return [(one.message, one.loc.line if one.loc else 0) for one in notices]


def nothing_plays(name: str) -> str:
    return f"nothing plays `~{name}`: no output uses it"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('~x: saw 55\nout: s "bd"', [("x", 1)]),
        ('~fx # lpf 300 1\nout: s "bd"', [("fx", 1)]),
        ('~t $ fast 2\nout: s "bd"', [("t", 1)]),
        ('~p: "bd sn"\nout: s "bd"', [("p", 1)]),
        ('~five: 5\n~lfo: sine 0.5\nout: s "bd"', [("five", 1), ("lfo", 2)]),
        ('~lfo: sine 0.5\n~deep: saw 55 # lpf (~lfo * 100 + 300) 1\nout: s "bd"', [("deep", 2)]),
        ('~a: ~b + 1\n~b: ~a + 1\nout: s "bd"', [("a", 1)]),
        ('~a: ~a * 0.5 + sine 1\nout: s "bd"', [("a", 1)]),
        ("~x: saw 55\n~master: sine 220", [("x", 1)]),
        ("~x: saw 55\n~d1: sine 220\n~out2: sine 330", [("x", 1)]),
    ],
)
def test_a_bus_that_nobody_plays_is_told(text: str, expected: list[tuple[str, int]]) -> None:
    assert told(text) == [(nothing_plays(name), line) for name, line in expected]


@pytest.mark.parametrize(
    "text",
    [
        "~x: saw 55\nout: ~x",
        "~x: saw 55\n~y: ~x * 0.5\nout: ~y # lpf 300 1",
        'out: s "~x*2"\n~x: saw 55',
        '~x: saw 55\nout: s "<bd!100 [~x|sn]>(3,8)"',
        '~x: saw 55\n~p: "~x ~x"\nout: s (~p $ rev)',
        '~t $ fast 2\nout: s "bd" $ every 2 ~t',
        '~fx # lpf 300 1\nout: s "bd*4" $ every 2 (# ~fx)',
        '~fx # lpf 300 1\nout: s "bd*4" # ~fx',
        '~n: line 1 2\nout: s "bd" $ fast ~n',
        '~g: line 1 2\nout: s "bd" # gain ~g',
        '~g: 0.5\nout: s "bd" :gain ~g',
        "~cut: 300\nout: saw 55 # lpf (~cut * 2) 1",
        "~cut: 300\nout: saw 55 # lpf :cutoff ~cut",
        "~hold: sine 3\nout: hold * 0.5",
        '~x: saw 55\nout: jux rev (s "~x")',
        "~a: sine 220\n~a: ~a * 0.5\nout: ~a",
        'synthdef x = saw 55\nout: s "x"',
        "~a: saw 55\no1: ~a\n~a: saw 66\no2: ~a",
    ],
)
def test_a_bus_counts_wherever_its_name_stands(text: str) -> None:
    assert told(text) == []


def test_of_several_definitions_the_one_that_nothing_plays_is_told() -> None:
    assert told("~a: saw 55\n~a: saw 66\nout: ~a") == [
        ("nothing plays this `~a`: line 2 defines it again before it is used", 1)
    ]
    assert told("~a: saw 55\nout: ~a\n~a: saw 66") == [(nothing_plays("a"), 3)]


@pytest.mark.parametrize(("head", "other"), [("d1", "o1"), ("o1", "d1"), ("d1", "d1"), ("out", "out"), ("o12", "o12")])
@pytest.mark.parametrize("sign", [":", " $"])
def test_an_output_written_twice_is_told_and_the_later_one_is_heard(head: str, other: str, sign: str) -> None:
    text = f'{head}{sign} s "bd"\n{other}{sign} s "sn*2"'
    assert told(text) == [(f"an earlier `{head}`, in line 1, is not heard: the last one of a name holds", 2)]
    both, last = report(text), report(text.split("\n")[1])
    assert (both.sha256, both.voice_count) == (last.sha256, 2)


def test_what_a_replaced_output_plays_is_not_told_as_well() -> None:
    assert [line for _, line in told('~a: saw 55\nout: ~a\nout: s "bd"')] == [3]


def test_a_bus_with_a_mistake_is_told_for_that_alone() -> None:
    errors, notices = complaints(Source("test.ph", '~x: lfp 300\nout: s "bd"'), SampleLibrary())
    assert [one.message for one in errors] == ["there is no function `lfp`"]
    assert notices == []


@pytest.mark.parametrize(
    ("head", "cps", "said"),
    [
        ("", 0.5, "0.5 cycles a second"),
        ("bpm: 120\n", 0.5, "0.5 cycles a second"),
        ("bpm: 140\n", 140 / 240, "0.583333 cycles a second"),
        ('bpm: 90 "3/4"\n', 0.5, "0.5 cycles a second"),
        ("cps: 1\n", 1.0, "1 cycle a second"),
        ("tempo: 0.25\n", 0.25, "0.25 cycles a second"),
    ],
)
def test_the_summary_names_the_cycles_a_second(head: str, cps: float, said: str) -> None:
    from farm.printer.pages import summary

    made = report(f'{head}out: s "bd"')
    assert made.cps == cps == made.as_json()["cps"]
    assert f", {said}, no warnings" in summary(made, 0)
