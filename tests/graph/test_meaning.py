"""What scores mean, by comparison: two ways to write the same thing give the same bits, two different things do not.

The left side uses a rule of the language (the section is named), the right side says the same without it.
"""

from __future__ import annotations

import pytest

from tests.render.sound import digest, frames, same_bits

BUSES = "cps: 2\n~a: saw 110\n~b: square 70 * 0.5\n"

SAME = {
    # 1.6
    "a later definition does not reach back": (
        "~k: sine 100\n~x: ~k\n~k: sine 300\nout: ~x",
        "~k: sine 100\nout: ~k",
    ),
    "a reference means the definition above it": (
        "~k: sine 100\n~k: sine 300\nout: ~k",
        "~k: sine 300\nout: ~k",
    ),
    "inside its own definition a name means the one above": (
        "~k: sine 100\n~k: ~k * 0.5\n~k: ~k + 0.25\nout: ~k",
        "~k: (sine 100 * 0.5) + 0.25\nout: ~k",
    ),
    "a reference before any definition means the next one": (
        "out: ~k\n~k: sine 100\n~k: sine 300",
        "~k: sine 100\nout: ~k",
    ),
    "a name in a pattern means the last definition": (
        '~k: sine 100\nout: s "~k"\n~k: sine 300',
        '~k: sine 300\nout: s "~k"',
    ),
    "a bus may be written with a dollar sign": ("~k $ sine 100\nout $ ~k", "~k: sine 100\nout: ~k"),
    "the last output of a name counts": ("out: sine 100\nout: sine 200", "out: sine 200"),
    # 1.7
    "the input goes into the leftmost call": (
        "out: saw 55 # lpf 800 1 * 0.3 + ~b",
        "out: ((saw 55 # lpf 800 1) * 0.3) + ~b",
    ),
    "the input goes through a deep spine": (
        "out: saw 55 # lpf 800 1 * ~a * 0.5 - ~b + 0.1",
        "out: ((((saw 55 # lpf 800 1) * ~a) * 0.5) - ~b) + 0.1",
    ),
    "each link takes the arithmetic on its right": (
        "out: ~a # lpf 500 1 + ~b # gain 0.5",
        "out: ((~a # lpf 500 1) + ~b) # gain 0.5",
    ),
    "a chain is looser than a sum": ("out: ~a + ~b # hpf 300 1", "out: (~a + ~b) # hpf 300 1"),
    "arguments do not take operators": ("out: sine 0.5 * 0.5 + 0.5", "out: ((sine 0.5) * 0.5) + 0.5"),
    "products bind before sums": ("out: ~a + ~b * 0.5", "out: ~a + (~b * 0.5)"),
    "differences go from the left": ("out: ~a - ~b - 0.25", "out: (~a - ~b) - 0.25"),
    "quotients go from the left": ("out: ~a / 4 / 2", "out: (~a / 4) / 2"),
    "numbers are calculated": ("out: sine (100 + 50 * 3 - 20 / 4)", "out: sine 245"),
    "a division by zero gives zero": ("out: ~a / 0 + ~b", "out: ~a * 0 + ~b"),
    "a minus after a bus subtracts": ("out: ~a -0.5", "out: ~a - 0.5"),
    "a minus in front negates": ("out: -~a + ~b", "out: ~a * -1 + ~b"),
    "a function may be applied": ("out: lpf 800 1 $ saw 55", "out: saw 55 # lpf 800 1"),
    "what follows goes from left to right": (
        'out: s "bd sn hh cp" $ rev $ early 0.25',
        'out: s "hh sn bd cp"',
    ),
    "what precedes goes from right to left": (
        'out: early 0.25 $ rev $ s "bd sn hh cp"',
        'out: s "hh sn bd cp"',
    ),
    "of transforms alone the last goes first": (
        'out: s "bd sn hh cp" $ every 1 (early 0.25 $ rev)',
        'out: early 0.25 $ rev $ s "bd sn hh cp"',
    ),
    "a transform bus of several transforms is one": (
        '~t $ early 0.25 $ rev\nout: s "bd sn hh cp" $ ~t',
        'out: early 0.25 $ rev $ s "bd sn hh cp"',
    ),
    "transforms before the pattern, modifiers after it": (
        'out: jux rev $ stut 3 0.125 0.5 $ s "rim cp" # ar 0 0.1 # note "0 3" # lpf 2000',
        'out: ((s "rim cp" $ stut 3 0.125 0.5) $ jux rev) # ar 0 0.1 # note "0 3" # lpf 2000 1',
    ),
    "modifiers are not transformed": (
        'out: s "rim cp" $ fast 2 # gain "1 0.5"',
        'out: s "rim cp rim cp" # gain "1 1 0.5 0.5"',
    ),
    # 1.8
    "strings add as patterns": ('out: sine ("100 200" + "10")', 'out: sine "110 210"'),
    "the structure of a sum comes from both sides": (
        'out: sine ("100 200" + "10 20 30 40")',
        'out: sine "110 120 230 240"',
    ),
    "the structure may come from the left": ('out: saw ("100 200" |+ "10 20 30 40")', 'out: saw "110 230"'),
    "the structure may come from the right": (
        'out: saw ("100 200" +| "10 20 30 40")',
        'out: saw "110 120 230 240"',
    ),
    "values may come from the right": ('out: s "bd" # n ("0 1" |> "2 1")', 'out: s "bd" # n "2 1"'),
    "a string with a number is a pattern": ('out: sine ("100 200" * 2 - 50)', 'out: sine "150 350"'),
    "a note in arithmetic is its MIDI number": ('out: saw ("c4 e4" + "12")', 'out: saw "72 76"'),
    "notes are transposed by arithmetic": (
        'out: s "casio*2" # note ("0 3" + "<12 7>")',
        'out: s "casio*2" # note "<[12 15] [7 10]>"',
    ),
    "a bus makes it a signal": ('out: "1 0.5" * ~a', 'out: ~a * "1 0.5"'),
    "signal operators force signals": (
        'out: saw ("60 70" ~+ "1 2 3")',
        'out: saw ("60 70" + (saw 1 * 0) + "1 2 3")',
    ),
    "a bus in arithmetic is a signal, its notes in Hz": (
        '~n: "a3 ~ a4"\nout: saw (~n * 2)',
        'out: saw "440 ~ 880"',
    ),
    # 1.9
    "a modifier bus is pasted": ("~m # lpf 800 1.2\nout: saw 55 # ~m", "out: saw 55 # lpf 800 1.2"),
    "a modifier bus of several effects is pasted": (
        "~m # lpf 800 1 # hpf 100 1\nout: saw 55 # ~m",
        "out: saw 55 # lpf 800 1 # hpf 100 1",
    ),
    "a modifier bus of modifier buses is pasted": (
        "~low # lpf 800 1\n~both # ~low # hpf 100 1 # ~low\nout: saw 55 # ~both",
        "out: saw 55 # lpf 800 1 # hpf 100 1 # lpf 800 1",
    ),
    "a modifier bus used as a signal is one": (
        "~m # sine 3 * 100 + 500\nout: saw 55 # lpf ~m 1",
        "~m: sine 3 * 100 + 500\nout: saw 55 # lpf ~m 1",
    ),
    "a transform bus transforms": ('~t $ fast 2\nout: s "bd sn" $ ~t', 'out: s "bd sn" $ fast 2'),
    "an effect without an input is pasted from any bus": (
        "~m: lpf 700 2\nout: saw 55 # ~m",
        "out: saw 55 # lpf 700 2",
    ),
    "a signal after a chain sign scales": ("out: ~a # ~b", "out: ~a * ~b"),
    # 1.10
    "an effect may be called like a function": ("out: lpf ~a 800 1.2", "out: ~a # lpf 800 1.2"),
    "keywords have long forms": ("out: ~a # reverb :room_size 0.8 :damping 0.4", "out: ~a # reverb 0.8 0.4"),
    "keywords name parameters": ("out: ~a # lpf :q 3 :cutoff 500", "out: ~a # lpf 500 3"),
    "defaults are those of the documentation": ("out: ~a # lpf 800", "out: ~a # lpf 800 1"),
    "an oscillator alone runs at 1 Hz": ("out: saw * 0.5", "out: saw 1 * 0.5"),
    "arguments in parentheses are expressions": ("out: lpf (~a + ~b) (400 + 400) 1", "out: (~a + ~b) # lpf 800 1"),
    # 3.1: transforms are pushed through
    "a transform reaches an oscillator's string": (
        'out: saw "110 220" $ fast 2',
        'out: saw "110 220 110 220"',
    ),
    "a transform reaches through effects and arithmetic": (
        'out: (s "bd sn" * 0.5 # lpf 900 1) $ fast 2',
        'out: s "bd sn bd sn" * 0.5 # lpf 900 1',
    ),
    "a transform reaches every event source of a mix": (
        '~d: s "bd sn"\n~h: s "hh*3"\nout: (~d + ~h) $ fast 2',
        'out: s "bd sn bd sn" + s "hh*6"',
    ),
    # 4.1: modifiers reach back
    "a modifier reaches back through effects": (
        'out: s "bd*2" # lpf 500 1 # hpf 50 1 # speed "2 1" # n 1 # pan 0.5',
        'out: s "bd*2" # speed "2 1" # n 1 # pan 0.5 # lpf 500 1 # hpf 50 1',
    ),
    "gain after an effect multiplies there": (
        'out: s "bd*2" # lpf 500 1 # gain "1 0.5"',
        'out: (s "bd*2" # lpf 500 1) * "1 0.5"',
    ),
    "a modifier reaches through a bus": ('~d: s "bd*2"\nout: ~d # speed 2', 'out: s "bd*2" # speed 2'),
    "an index and n add": ('out: s "bd:1 sn:2" # n 2', 'out: s "bd:3 sn:4"'),
    "an index wraps around": ('out: s "808bd:7 808bd:6"', 'out: s "808bd:1 808bd"'),
    "an index below zero wraps around": ('out: s "808bd" # n -1', 'out: s "808bd:5"'),
    "n is rounded": ('out: s "808bd*2" # n "0.6 1.4"', 'out: s "808bd:1*2"'),
    "the last of two modifiers counts": ('out: s "bd*2" # speed 3 # speed 2', 'out: s "bd*2" # speed 2'),
    "no event in a modifier is its default": ('out: s "bd*2" # speed "2 ~"', 'out: s "bd*2" # speed "2 1"'),
    "a modifier's pattern adds no events": ('out: s "bd" # pan "0 1 0 1"', 'out: s "bd" # pan 0'),
    "the second argument of s is its gain": ('out: s "bd*2" 0.5', 'out: s "bd*2" # gain 0.5'),
    "sound is s": ('out: sound "bd*2"', 'out: s "bd*2"'),
    "a string alone is played": ('"bd*2 hh"', 'out: s "bd*2 hh"'),
    # outputs
    "outputs have three spellings": ("o1: ~a\nout1: ~b\nd1: ~a * 0.5", "o1: ~a * 0.5"),
    "outputs are summed": ("out: ~a\no2: ~b", "out: ~a + ~b"),
    # 1.5
    "master is the output": ("~out: ~b\n~master: ~a", "out: ~a"),
    "out is the output": ("~d1: ~b\n~out: ~a", "out: ~a"),
    "numbered buses are outputs": ("~d1: ~a\n~d2: ~b\n~x: sine 3", "out: ~a + ~b"),
    "outn buses are outputs": ("~out1: ~a\n~out2: ~b", "out: ~a + ~b"),
    "buses that nothing uses are heard at a quarter": (
        "~lfo: sine 3\n~x: ~a * ~lfo\n~y: ~b",
        "~lfo: sine 3\nout: (~a * ~lfo + ~b) * 0.25",
    ),
    "with an output nothing else is routed": ("~d1: ~b\n~master: ~b\nout: ~a", "out: ~a"),
    # 5.2
    "a rest mutes an oscillator, which runs on": (
        'out: tri "110 ~"',
        'out: tri 110 * "1 ~"',
    ),
    "a rest in a parameter holds": ('out: ~a # lpf "300 ~ 900 ~" 1', 'out: ~a # lpf "300 900" 1'),
    "a note name is its frequency": ('out: saw "a4 a3"', 'out: saw "440 220"'),
    "note alone is a pattern of frequencies": ('out: saw (note "a4 a3")', 'out: saw "440 220"'),
    "a chord as a number is its first note": ('out: saw "a4\'min7"', 'out: saw "440"'),
    # 4.6
    "an oscillator with notes is a bus voice": (
        'out: saw 110 # note "0 7" # lpf 800 1',
        '~w: saw 110\nout: s "~w ~w" # note "0 7" # lpf 800 1',
    ),
    "effects that end a voice's chain run on the sum": (
        '~w: tri 110 # lpf 900 1 # delay 0.05 0.5 0.5 # reverb 0.5 0.5\nout: s "~w(3,8)"',
        '~w: tri 110 # lpf 900 1\nout: s "~w(3,8)" # delay 0.05 0.5 0.5 # reverb 0.5 0.5',
    ),
    "two buses that end in effects keep them apart": (
        '~v: saw 110 # reverb 0.7 0.5\n~w: saw 220 # delay 0.1 0.5 0.5\nout: s "~v ~w"',
        '~v: saw 110\n~w: saw 220\nout: (s "~v ~" # reverb 0.7 0.5) + (s "~ ~w" # delay 0.1 0.5 0.5)',
    ),
    "a number transposes every oscillator of a voice": (
        '~w: tri 100 + saw 150\nout: s "~w" # note 12',
        '~w: tri 200 + saw 300\nout: s "~w"',
    ),
    "an LFO in a voice keeps its pace": (
        '~w: saw 110 # lpf (sine 5 * 400 + 800) 1\nout: s "~w" # note "12"',
        '~w: saw 220 # lpf (sine 5 * 400 + 800) 1\nout: s "~w"',
    ),
    "a step function is one term with two readings": (
        '~g: "1 ~"\nout: saw 100 * ~g + (~g + saw 3 * 0)',
        'out: saw 100 * "1 ~" + ("1 ~" + saw 3 * 0)',
    ),
}

DIFFERENT = {
    "effects in the middle of a chain run per voice": (
        '~w: tri 110 # delay 0.05 0.5 0.5 # lpf 900 1\nout: s "~w(3,8)"',
        '~w: tri 110\nout: s "~w(3,8)" # delay 0.05 0.5 0.5 # lpf 900 1',
    ),
    "the order of transforms matters": (
        'out: s "bd sn hh cp" $ rev $ early 0.25',
        'out: s "bd sn hh cp" $ early 0.25 $ rev',
    ),
    "a sum of patterns is not a sum of signals": ('out: sine ("100" + "100")', 'out: sine "100" + "100"'),
    "a reverb on a sum is not one on its last part": ("out: ~a + ~b # reverb 1 0", "out: ~a + (~b # reverb 1 0)"),
}


@pytest.mark.parametrize("rule", SAME)
def test_two_ways_to_write_it(rule: str) -> None:
    a, b = SAME[rule]
    found = frames(BUSES + a)
    assert found.any(), "it sounds"
    same_bits(found, frames(BUSES + b), rule)


@pytest.mark.parametrize("rule", DIFFERENT)
def test_two_different_things(rule: str) -> None:
    a, b = DIFFERENT[rule]
    assert digest(frames(BUSES + a)) != digest(frames(BUSES + b))


def test_the_rules_can_be_told_apart() -> None:
    """Nearly every pair makes a sound of its own, so that no comparison holds by chance."""
    sounds = {digest(frames(BUSES + a)) for a, _ in SAME.values()}
    assert len(sounds) > 0.75 * len(SAME)
