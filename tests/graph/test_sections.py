"""Effects as arguments of transforms: each equals what says the same without it, over four cycles."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.render.sound import digest, frames, same_bits

SAME = {
    "every with an effect": (
        'out: s "bd*4 hh" $ every 2 (# lpf 300)',
        'out: (s "<[bd*4 hh] ~>" # lpf 300) + s "<~ [bd*4 hh]>"',
    ),
    "every with a modifier": ('out: s "bd*4" $ every 2 (# speed 2)', 'out: (s "<bd*4 ~>" # speed 2) + s "<~ bd*4>"'),
    "a patterned every with an effect": (
        'out: s "bd*4" $ every "<1 3>" (# hpf 900)',
        'out: (s "<bd*4 ~ bd*4!2>" # hpf 900) + s "<~ bd*4 ~!2>"',
    ),
    "superimpose with an effect": (
        'out: s "bd*3" $ superimpose (# hpf 500 # gain 0.5)',
        'out: s "bd*3" + (s "bd*3" # hpf 500 # gain 0.5)',
    ),
    "off with a transform and an effect": (
        'out: s "bd cp ~ ~" $ off 0.25 (rev # hpf 300)',
        'out: s "bd cp ~ ~" + (s "bd cp ~ ~" $ rev $ late 0.25 # hpf 300)',
    ),
    "jux with a modifier": (
        'out: s "bd*3" $ jux (# speed 2)',
        'out: (s "bd*3" # pan -1) + (s "bd*3" # pan 1 # speed 2)',
    ),
    "one inside the other": (
        'out: s "bd*3" $ every 2 (superimpose (# hpf 500))',
        'out: s "<~ bd*3>" + (s "<bd*3 ~>" + (s "<bd*3 ~>" # hpf 500))',
    ),
    "effects and transforms beside it": (
        'out: rev $ every 2 (fast 2 $ (# lpf 400)) $ s "bd cp hh ~"',
        'out: (s "<[~ hh cp bd]*2 ~>" # lpf 400) + s "<~ [~ hh cp bd]>"',
    ),
    "an effect on every source of a mix": (
        '~d: s "bd*2"\n~h: s "hh*3"\nout: (~d + ~h * 0.5) $ every 2 (# hpf 900)',
        'out: ((s "<~ bd*2>" + (s "<bd*2 ~>" # hpf 900)) + (s "<~ hh*3>" + (s "<hh*3 ~>" # hpf 900)) * 0.5)',
    ),
    "a function applied to voices": ('out: hpf 900 $ s "bd*2"', 'out: s "bd*2" # hpf 900'),
}


@pytest.mark.parametrize("rule", SAME)
def test_two_ways_to_write_it(rule: str) -> None:
    a, b = SAME[rule]
    found = frames(f"cps: 4\n{a}", cycles=Fraction(4))
    same_bits(found, frames(f"cps: 4\n{b}", cycles=Fraction(4)), rule)


def test_they_are_all_different() -> None:
    assert len({digest(frames(f"cps: 4\n{a}", cycles=Fraction(4))) for a, _ in SAME.values()}) == len(SAME)
