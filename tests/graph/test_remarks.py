"""What is said of voices that cannot sound as they are written, by a check and by a render."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from farm.audio.samples import SampleLibrary
from farm.errors import Notice
from farm.graph.complaints import complaints
from farm.score import Source
from tests.render.sound import frames, report, same_bits


def checked(text: str) -> list[Notice]:
    """The warnings of `farm check`."""
    errors, notices = complaints(Source("test.ph", text), SampleLibrary())
    assert not errors
    return notices


def both(text: str) -> list[Notice]:
    """The warnings of `farm check`, which a render of the first cycle gives as well."""
    notices = checked(text)
    assert [*report(text).notices] == notices
    return notices


@pytest.mark.parametrize(
    ("text", "rate", "lower"),
    [
        ('s "bd" # note "c8"', "16", "0.0108"),
        ('s "bd" # note "c9"', "32", "12"),
        ('s "bd" # note "c10"', "64", "24"),
        ('s "bd" # note 60', "32", "12"),
        ('s "bd" # speed 10 # note 12', "20", "3.87"),
        ('s "bd*2" # speed "-10" # note "0 12"', "20", "3.87"),
        ('s "bd" $ hurry 2 # speed 9', "18", "2.05"),
        ('s "~t" $ hurry 2 # speed 9', "18", "2.05"),
        ('s "bd bd" $ every 2 (hurry 3) # speed "1 8"', "24", "7.03"),
    ],
)
def test_r02_a_rate_above_the_highest_is_told_with_what_is_heard(text: str, rate: str, lower: str) -> None:
    notices = [one for one in both(f"~t: tri 110\nout: {text}") if "nothing plays" not in one.message]
    assert {one.message for one in notices} == {f"rate {rate} is above 15.99; 15.99 is heard, {lower} semitones lower"}
    assert {(one.loc.line, one.loc.column) for one in notices if one.loc} <= {(2, 9), (2, 12)}


def test_r02_rates_that_can_be_played_are_not_told() -> None:
    assert both('out: s "bd*4" # note "b7 0 47.9 -60" # speed "1 -1"') == []
    assert both('~t: tri 110\nout: s "~t" # note "c10 c9"') == []


def test_r02_a_rate_that_a_signal_asks_for_is_told_once_by_the_render() -> None:
    text = '~x: line 48 64\nout: s "bd*8" # note ~x'
    assert checked(text) == []
    assert [one.message for one in report(text).notices] == [
        "rate 16 is above 15.99; 15.99 is heard, 0.0108 semitones lower"
    ]


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ('s "bd" # speed 0', "the sample stays at its first frame, and a voice without `legato`"),
        ('s "bd bd" # speed "1 0"', "the sample stays at its first frame"),
        ('s "~t" # speed 0', "the oscillators of the bus hardly move"),
    ],
)
def test_a_speed_of_nothing_is_told(text: str, heard: str) -> None:
    notices = [one for one in checked(f"~t: tri 110\nout: {text}") if "nothing plays" not in one.message]
    assert [one.message.startswith(f"`speed` 0 stands still: {heard}") for one in notices] == [True]
    assert notices[0].loc is not None and notices[0].loc.line == 2
    assert notices[0] in report(f"~t: tri 110\nout: {text}").notices


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ('saw 110 * "a b"', ["a", "b"]),
        ('saw 110 # gain "0.5 a"', ["a"]),
        ('~lfo * "c\'maj 1"', ["c'maj"]),
        ('s "~i" # ar 0.1 0.2', ["e"]),
        ('s "bd" * "~ c4"', ["c4"]),
        ('saw "a b" # lpf "c8" 1', []),
        ('saw (~lfo * "c4 e4") + saw ("c4 e4" * 2)', []),
        ('saw 110 * note "a"', []),
        ('s "~i bd" # note "c4 e4"', ["e"]),
    ],
)
def test_a_note_that_is_a_factor_of_a_sound_is_told(text: str, places: list[str]) -> None:
    score = f'~lfo: sine 5 * 0.5\n~i: saw 110 * "1 e"\nout: {text}'
    told = [one for one in checked(score) if "as a factor of a sound" in one.message]
    assert [one.message.split("`")[1] for one in told] == places
    assert all(one.loc and one.loc.text[one.loc.column - 1 :].startswith(at) for one, at in zip(told, places))


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("saw 110 / 0", 14),
        ("saw 110 / (1 - 1)", 14),
        ("saw (2 / 0 + 110)", 13),
        ('saw 110 / "1 0"', 19),
        ('saw ("110 220" |/ "2 0") * 0.1', 27),
        ("saw 110 / 2", None),
        ('saw 110 / "1 2"', None),
        ("saw 110 / sine 0", None),
    ],
)
def test_a_division_by_nothing_is_told_where_it_stands(text: str, column: int | None) -> None:
    told = [one.loc.column if one.loc else 0 for one in checked(f"out: {text}") if "division by 0" in one.message]
    assert told == ([] if column is None else [column])


def test_r02_speed_in_quotes_is_speed() -> None:
    for value in (10, 16, -16, 12.5):
        same_bits(frames(f'cps: 1\nout: s "bd" # speed {value}'), frames(f'cps: 1\nout: s "bd" # speed "{value}"'))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("# begin 0.75 # end 0.25", "0.75", "0.25"),
        ('# begin "0.75" # end 0.25', "0.75", "0.25"),
        ('# end "0.25" # begin "<0 0.75>"', "0.75", "0.25"),
        ("# begin 0.5 # end 0.5", "0.5", "0.5"),
        ("# begin 1", "1", "1"),
        ("# end 0 # speed -1", "0", "0"),
        ("# begin 0.75 # end 0.25 $ chop 1", "0.75", "0.25"),
    ],
)
def test_r11_a_part_that_ends_before_it_begins_is_told(text: str, first: str, last: str) -> None:
    whole = f'out: s "amen" {text}'
    notices = checked(whole)
    said = f"`begin` {first} does not lie before `end` {last}; a single frame, a click at most is heard"
    assert [one.message for one in notices] == [said.replace(" is heard", ", is heard")]
    assert notices[0].loc is not None and notices[0].loc.column == 9
    hint = notices[0].hint or ""
    assert (f"# begin {last} # end {first}" if first != last else "# begin 0.25 # end 0.75") in hint
    two = report(whole, duration=4.0)
    assert [one for one in two.notices if "begin" in one.message] == notices


def test_r11_what_is_heard_is_what_is_said() -> None:
    heard = frames('cps: 1\nout: s "amen" # begin 0.75 # end 0.25', rate=44100)
    assert not heard[1:].any()
    buzz = frames('cps: 1\nout: s "amen" # begin 0.75 # end 0.25 # loop 1', rate=44100)[2000:40000, 0]
    assert buzz.any()
    np.testing.assert_array_equal(buzz[:1600], buzz[32:1632])
    assert "a buzz of 32 frames is heard" in checked('out: s "amen" # begin 0.75 # end 0.25 # loop 1')[0].message


def test_r11_a_signal_that_passes_the_end_is_told_by_the_render() -> None:
    text = '~x: line 0 1\nout: s "amen*4" # begin ~x # end 0.4'
    assert checked(text) == []
    one = [one for one in report(text).notices if "stand-in" not in one.message]
    assert len(one) == 1
    assert one[0].message.startswith("`begin` 0.5 does not lie before `end` 0.4")


def test_a_bus_has_no_parts(tmp_path: Path) -> None:
    assert [one.message for one in checked('~t: tri 110\nout: s "~t bd" # begin 0.5 # end 0.6')] == []
