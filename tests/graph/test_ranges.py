"""The range of every voice control holds alike for numbers, strings and signals."""

from __future__ import annotations

import math

import numpy as np
import pytest

from farm.errors import ScoreError
from farm.graph.envelope import EnvelopeShape, bus_envelope
from farm.graph.vocabulary import BOUNDS, MODIFIERS, ScoreWord
from farm.quantities import plain
from tests.graph.listening import ONE
from tests.render.sound import Frames, frames, report, same_bits, score
from workers.catalog import Param

PLAIN = {"gain": 0.5, "note": 0, "speed": 1, "begin": 0, "end": 1, "attack": 0.01, "decay": 0.05, "sustain": 0.5}
"""What the other arguments of a word are while one is looked at."""
SOURCES = {"samples": 's "bd:1 [oh cp]"', "instruments": 's "~tone [~one ~tone]"'}
BUSES = f"{ONE}~tone: tri 200\n"
EVERY = [(word, param) for word in MODIFIERS.values() for param in word.params]


def written(word: ScoreWord, param: Param, form: str) -> str:
    """A modifier with one of its arguments written as `form`."""
    return " ".join([word.name, *(form if one is param else f"{PLAIN.get(one.name, 0.1)}" for one in word.params)])


def heard(source: str, word: ScoreWord, param: Param, form: str, head: str = "") -> Frames:
    """A cycle of voices whose modifier has an argument written as `form`."""
    return frames(f"cps: 1\n{BUSES}{head}out: {source} # {written(word, param, form)}")


def values_around(param: Param) -> list[float]:
    """Numbers below, at and above the range of a control."""
    return [param.low - 4, param.low - 0.5, param.low, param.high, param.high + 0.5, 2 * param.high + 3, 1e6]


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(("word", "param"), EVERY, ids=lambda one: one.name)
def test_r01_number_string_and_signal_are_held_in_one_range(word: ScoreWord, param: Param, kind: str) -> None:
    source = SOURCES[kind]
    length = param.unit in ("s", "slots")
    for value in values_around(param):
        within = min(max(value, param.low), param.high)
        head = f"~x: line {value:.10g} {value:.10g}\n"
        string = heard(source, word, param, f'"{value:.10g}"')
        signal = heard(source, word, param, "~x", head)
        same_bits(string, signal, f"{word.name} {param.name} {value}: string and signal")
        if length and (value < 0 or (value == 0 and param.unit == "slots")):
            with pytest.raises(ScoreError, match=f"`{param.name}` is a length"):
                heard(source, word, param, f"{value:.10g}")
            same_bits(string, heard(source, word, param, f'"{within:.10g}"'), f"{word.name} {param.name} {value}")
            continue
        number = heard(source, word, param, f"{value:.10g}")
        same_bits(number, string, f"{word.name} {param.name} {value}: number and string")
        same_bits(number, heard(source, word, param, f"{within:.10g}"), f"{word.name} {param.name} {value}: clamped")


@pytest.mark.parametrize(("word", "param"), EVERY, ids=lambda one: one.name)
def test_r01_a_value_outside_its_range_is_told_of_a_string_as_of_a_number(word: ScoreWord, param: Param) -> None:
    above = 2 * param.high + 3

    def told(form: str) -> list[tuple[str, int]]:
        loaded = score(f'out: s "bd" # {written(word, param, form)}')
        return [(one.message, one.loc.column if one.loc else 0) for one in loaded.notices]

    of_number, of_string = told(f"{above:.10g}"), told(f'"{above:.10g}"')
    limits = f"{plain(param.low)} to {plain(param.high)}"
    assert of_number[0][0] == f"{param.name} {plain(above)} is outside {limits}; {plain(param.high)} is used"
    assert of_string == [(of_number[0][0], of_number[0][1] + 1)]


def test_r01_a_sustain_above_the_top_does_not_climb() -> None:
    loud = frames('cps: 1\n~v: sine 200\nout: s "~v" # adsr 0.01 0.1 "5" 0.1', rate=44100)
    assert np.abs(loud).max() <= 1.0
    same_bits(loud, frames('cps: 1\n~v: sine 200\nout: s "~v" # adsr 0.01 0.1 1 0.1', rate=44100))


def test_r01_the_envelope_formula_is_bounded_whatever_the_sustain() -> None:
    for sustain in (-3.0, 0.0, 1.0, 5.0):
        shape = EnvelopeShape("adsr", *(np.array([one]) for one in (0.01, 0.1, sustain, 0.1)))
        constants, _ = bus_envelope(shape, np.array([10 * 44100]), None, 44100)
        assert constants["decay_slope"][0] >= 0
        assert constants["release_level"][0] <= max(sustain, 1.0)


@pytest.mark.parametrize("change", ["stut 3 0.1 3", "hurry 2", "hurry 0.5", "jux rev"])
@pytest.mark.parametrize("name", ["gain", "speed", "pan"])
def test_r01_a_factor_of_a_transform_holds_for_number_string_and_signal(change: str, name: str) -> None:
    high = MODIFIERS[name].params[0].high
    for value in (0.5, high, 2 * high):
        forms = [f"{value}", f'"{value}"', "~x"]
        one, *others = [
            frames(f'cps: 1\n~x: line {value} {value}\nout: s "bd oh" $ {change} # {name} {form}') for form in forms
        ]
        for other in others:
            same_bits(one, other, f"{change} # {name} {value}")


def test_r01_a_signal_of_notes_replaces_a_named_note_as_a_number_does() -> None:
    for value in (0, 3, 200):
        head = f"cps: 1\n~x: line {value} {value}\n"
        same_bits(
            frames(head + 'out: s "bd" # note "c5\'min" # note ~x'),
            frames(head + f'out: s "bd" # note "c5\'min" # note {value}'),
        )


@pytest.mark.parametrize(
    ("text", "said", "column"),
    [
        ('s "bd" # gain "1 <0.5!70 20>"', "gain 20 is outside 0 to 10; 10 is used", 26),
        ('s "bd" # gain "1 [0.5|20]"', "gain 20 is outside 0 to 10; 10 is used", 23),
        ('s "bd" # gain ("1 9" + "<0 6>")', "gain 15 is outside 0 to 10; 10 is used", 19),
        ('s "bd" # gain ("1 20" $ every 2 rev)', "gain 20 is outside 0 to 10; 10 is used", 19),
        ('s "bd" # legato "1 0"', "legato 0 is a length of nothing: the voice is let go at once", 20),
        ('s "bd" # pan "c4"', "pan 261.6255653 is outside -1 to 1; 1 is used", 15),
        ('saw 110 # note "0 130"', "note 130 is outside -120 to 120; 120 is used", 19),
        ('s "bd" "1 12"', "gain 12 is outside 0 to 10; 10 is used", 11),
        ('s "bd" :speed "-20"', "speed -20 is outside -10 to 10; -10 is used", 16),
    ],
)
def test_r01_every_value_of_a_string_is_looked_at(text: str, said: str, column: int) -> None:
    notices = [(one.message, one.loc.column if one.loc else 0) for one in score(f"out: {text}").notices]
    assert notices == [(said, column + 5)]
    assert (said, column + 5) in [
        (one.message, one.loc.column if one.loc else 0) for one in report(f"out: {text}").notices
    ]


def test_names_of_notes_are_in_no_range() -> None:
    loaded = score('out: s "bd" # note "c10 c-1 g10"\no2: saw 110 # note "c10"')
    assert loaded.notices == ()
    assert BOUNDS["note"] == (-120, 120)
    assert math.isclose(BOUNDS["attack"][1], 3600)
