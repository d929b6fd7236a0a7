"""Every transform as it is written in a score: in each form, with each kind of argument, on each kind of source."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from farm.errors import ScoreError
from farm.pattern.register import transforms
from tests.render.sound import digest, frames, left, report, same_bits, score

CALLS = {
    "fast": "fast 1.5",
    "slow": "slow 1.5",
    "hurry": "hurry 1.5",
    "rev": "rev",
    "palindrome": "palindrome",
    "iter": "iter 3",
    "early": "early 0.125",
    "late": "late 0.125",
    "swing": "swing 0.5",
    "degrade": "degrade",
    "degradeBy": "degradeBy 0.4",
    "degrade_by": "degrade_by 0.4",
    "ply": "ply 2",
    "chop": "chop 2",
    "stut": "stut 3 0.125 0.5",
    "legato": "legato 0.25",
    "every": "every 2 (fast 2)",
    "off": "off 0.125 (hurry 2)",
    "superimpose": "superimpose (fast 3)",
    "jux": "jux rev",
}
SOURCE = "bd cp hh ~ sn hh"
TWO = {"cycles": Fraction(2)}


def heard(text: str) -> np.ndarray:
    return frames(f"cps: 4\n{text}", **TWO)


@pytest.mark.parametrize("name", sorted(transforms()))
def test_all_forms_are_the_same(name: str) -> None:
    call = CALLS.get(name) or transforms()[name].example.partition(" $ ")[0]
    if name.startswith("degrade"):
        # Chance depends on the place in the score, so forms differ; that something is dropped is seen elsewhere.
        for text in (f's "{SOURCE}" $ {call}', f'{call} $ s "{SOURCE}"', f's ({call} "{SOURCE}")'):
            assert digest(heard(f"out: {text}")) != digest(heard(f'out: s "{SOURCE}"')), text
        return
    expected = heard(f'out: s "{SOURCE}" $ {call}')
    assert digest(expected) != digest(heard(f'out: s "{SOURCE}"'))
    word, _, arguments = call.partition(" ")
    comma = f"{word}({', '.join(arguments.split())})" if arguments and "(" not in arguments else call
    for text in (
        f'{call} $ s "{SOURCE}"',
        f'{call} (s "{SOURCE}")',
        f's ("{SOURCE}" $ {call})',
        f's ({call} $ "{SOURCE}")',
        f's ({call} "{SOURCE}")',
        f's("{SOURCE}") $ {comma}',
    ):
        same_bits(heard(f"out: {text}"), expected, text)
    same_bits(heard(f'~t $ {call}\nout: s "{SOURCE}" $ ~t'), expected, "a transform bus")
    same_bits(heard(f'~d: s "{SOURCE}"\nout: ~d $ {call}'), expected, "a bus of voices")


SIGNALS = [
    ("iter ~n", "iter 3", "~n: line 3 3"),
    ("early ~n", "early 0.125", "~n: line 0.125 0.125"),
    ("late ~n", "late 0.125", "~n: line 0.125 0.125"),
    ("swing ~n", "swing 0.5", "~n: line 0.5 0.5"),
    ("ply ~n", "ply 2", "~n: line 2 2"),
    ("chop ~n", "chop 2", "~n: line 2 2"),
    ("stut ~n 0.125 0.5", "stut 3 0.125 0.5", "~n: line 3 3"),
    ("stut 3 ~n 0.5", "stut 3 0.125 0.5", "~n: line 0.125 0.125"),
    ("stut 3 0.125 ~n", "stut 3 0.125 0.5", "~n: line 0.5 0.5"),
    ("legato ~n", "legato 0.25", "~n: line 0.25 0.25"),
    ("every ~n (fast 2)", "every 2 (fast 2)", "~n: line 2 2"),
    ("off ~n rev", "off 0.125 rev", "~n: line 0.125 0.125"),
    # -1 .. 1 is a pace of 1/4 .. 4 (3.1).
    ("fast ~n", "fast 4", "~n: line 1 1"),
    ("slow ~n", "slow 0.25", "~n: line -1 -1"),
    ("hurry ~n", "hurry 4", "~n: line 1 1"),
    # Once a cycle, at its start.
    ("ply ~n", 'ply "<1 4>"', "~n: line 1 7 4"),
]


@pytest.mark.parametrize(("call", "plain", "bus"), SIGNALS)
def test_a_signal_is_read_at_the_start_of_each_cycle(call: str, plain: str, bus: str) -> None:
    if bus == "~n: line 1 7 4":
        # A ramp of 4 seconds from 1 to 7 at half a cycle a second: 1, then 4.
        text = f'cps: 0.5\n{bus}\nout: s "hh rim" $ {{}}'
        same_bits(frames(text.format(call), **TWO), frames(text.format(plain), **TWO))
        return
    same_bits(heard(f'{bus}\nout: s "{SOURCE}" $ {call}'), heard(f'out: s "{SOURCE}" $ {plain}'), call)


@pytest.mark.parametrize(
    ("call", "plain"),
    [
        ('ply "<2 3>"', "<[bd*2 cp*2 hh*2 ~] [bd*3 cp*3 hh*3 ~]>"),
        ('every "<1 2>" rev', "<[~ hh cp bd] [bd cp hh ~]>"),
        ('late "<0 0.25>"', "<[bd cp hh ~] [~ bd cp hh]>"),
        ('fast "1 2"', "bd cp [bd cp] [hh ~]"),
    ],
)
def test_a_string_is_a_pattern_of_numbers(call: str, plain: str) -> None:
    same_bits(heard(f'out: s "bd cp hh ~" $ {call}'), heard(f'out: s "{plain}"'), call)


def test_oscillators_are_transformed_by_their_string() -> None:
    same_bits(heard('out: saw "110 220 330" $ rev'), heard('out: saw "330 220 110"'))
    same_bits(heard('out: lpf (saw "110 220") 900 $ fast 2'), heard('out: saw "110 220 110 220" # lpf 900'))
    loaded = score('out: saw "110 220" $ stut 2 0.25 0.5')
    assert "an oscillator plays one value at a time" in loaded.notices[0].message


def test_jux_puts_two_copies_of_a_signal_on_both_sides() -> None:
    found = heard('out: tri "110 220 330" $ jux rev')
    np.testing.assert_allclose(found[:, 0], np.sqrt(2) * left('cps: 4\nout: tri "110 220 330"', **TWO), atol=1e-5)
    np.testing.assert_allclose(found[:, 1], np.sqrt(2) * left('cps: 4\nout: tri "330 220 110"', **TWO), atol=1e-5)
    same_bits(heard("out: saw 110 $ jux (# lpf 300)"), heard("out: saw 110 # pan -1 + (saw 110 # lpf 300 # pan 1)"))


def test_onsets_before_the_start_do_not_sound() -> None:
    same_bits(heard('out: s "bd ~ ~ ~" $ early 0.25'), heard('out: s "~ ~ ~ bd"'))
    same_bits(heard('out: s "<bd ~> ~ ~ ~" $ early 0.25'), heard('out: s "<~ ~> ~ ~ <~ bd>"'))
    same_bits(heard('out: s "rim ~ ~ ~" $ off -0.25 rev'), heard('out: s "rim ~ rim ~"'))


def test_keywords_name_arguments() -> None:
    same_bits(heard('out: s "bd cp" $ stut 3 :decay 0.5 :time 0.125'), heard('out: s "bd cp" $ stut 3 0.125 0.5'))
    for text, column, said in (
        ('out: s "bd" $ stut 3 :dcay 0.5 :time 1', 23, "`stut` has no `:dcay`"),
        ('out: s "bd" $ stut 3 :n 2', 23, "`n` is given twice"),
        ('out: s "bd" $ stut 3 :time 2', 15, "`stut` needs its decay"),
    ):
        with pytest.raises(ScoreError, match=r"stut|twice") as caught:
            score(text)
        assert said in caught.value.message
        assert caught.value.loc is not None
        assert caught.value.loc.column == column


def test_numbers_from_a_bus_cannot_ask_for_any_number_of_haps() -> None:
    """What a bus says is known only when the pattern is asked; then the limit holds, step by step."""
    with pytest.raises(ScoreError, match="262,144 haps in one cycle, the limit is 200,000") as caught:
        report('~b: tri 3 # plus 1000000000\nout: s "bd*8" $ chop ~b $ chop 8 $ chop 8')
    assert caught.value.loc is not None and caught.value.loc.line == 2


@pytest.mark.parametrize("change", ["$ fast 2", "$ rev", "$ every 2 (fast 2)", "# speed 2", "# n 1", "$ jux rev"])
def test_a_bus_that_only_names_another_is_changed_as_that_one(change: str) -> None:
    text = f'~c: s "{SOURCE}"\n~b: ~c\n~a: ~b\nout: ~a {change}'
    same_bits(heard(text), heard(f'~c: s "{SOURCE}"\nout: ~c {change}'), text)
