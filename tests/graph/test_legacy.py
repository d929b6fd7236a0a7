"""Scores in older dialects (language 10): they sound like what they mean today."""

from __future__ import annotations

import numpy as np
import pytest

from tests.render.sound import RATE, frames, left, level_at, placed, same_bits, sample, score

SAME = {
    # 10.1
    "a tempo without a colon": ("tempo 2.0\nout: saw 110", "cps: 2\nout: saw 110"),
    "a tempo with an equals sign": ("tempo = 2.0  # 120 BPM\nout: saw 110", "cps: 2\nout: saw 110"),
    "a bus with an equals sign": ("~x = saw 110\nout = ~x", "~x: saw 110\nout: ~x"),
    "a bare name": ("kick = sine 60\nout = kick * 0.5 + kick # lpf 500", "~k: sine 60\nout: ~k * 0.5 + ~k # lpf 500"),
    "a bare name as an argument": (
        "freq = 110\nlfo = sine 3\nout = saw(freq) # lpf(lfo * 300 + 400, 3)",
        "~lfo: sine 3\nout: saw 110 # lpf (~lfo * 300 + 400) 3",
    ),
    "an output without a colon": ("out saw 110", "out: saw 110"),
    "main": ("main: saw 110", "out: saw 110"),
    "a synth by name": (
        'synthdef cmaj saw 261 + saw 330 # lpf 900\nout s "cmaj ~ [cmaj bd]"',
        '~cmaj: saw 261 + saw 330 # lpf 900\nout: s "~cmaj ~ [~cmaj bd]"',
    ),
    "a synth by name in a bare pattern": ('"beep*2"\nsynthdef beep sine 330', '~b: sine 330\nout: s "~b*2"'),
    "an output after a bare pattern": ('"bd*4"\nout: s "sn hh"', 'out: s "sn hh"'),
    "a bare pattern after an output": ('out: s "sn hh"\n"bd*4"', 'out: s "bd*4"'),
    "the last bare pattern": ('"bd*4"\n"sn hh"', 'out: s "sn hh"'),
    # 10.2
    "commas": ("out: lpf(saw(110), 800, 2)", "out: saw 110 # lpf 800 2"),
    "commas are optional around strings": ('out: noise # lpf("200 500" 3)', 'out: noise # lpf "200 500" 3'),
    "a blank before the parenthesis": ("out: lpf (saw 110) 800 2", "out: saw 110 # lpf 800 2"),
    "s with its gain": ('out: s("bd(5,16)", "1.0 0.8")', 'out: s "bd(5,16)" # gain "1.0 0.8"'),
    "arguments are expressions": (
        "~a: saw 110\n~b: sine 50\nout: reverb(~a + ~b * 0.25, 0.4, 0.5, 0.2)",
        "out: saw 110 + sine 50 * 0.25 # reverb 0.4 0.5 0.2",
    ),
    "sin": ("out: sin 110", "out: sine 110"),
    "triangle": ("out: triangle 110", "out: tri 110"),
    "amp": ("out: saw 110 # amp 0.3", "out: saw 110 * 0.3"),
    "mul": ("~a: saw 110\nout: ~a + ~a # mul 0.6", "~a: saw 110\nout: (~a + ~a) * 0.6"),
    "mul with a pattern": ('out: saw 110 # mul "1 ~"', 'out: saw 110 * "1 ~"'),
    "delay with its time alone": ("out: saw 110 # delay(0.25)", "out: saw 110 # delay 0.25 0.5 0.5"),
    "a pattern as the frequency of a source": ('~p: "110 220"\nout: ~p # saw', 'out: saw "110 220"'),
    "a source in a chain": ("out: impulse 8 # mul 0.5 # noise # mul 0.1", "out: impulse 8 * 0.5 * noise * 0.1"),
    "a source with arguments in a chain": (
        "out: saw 110 # adsr 0.1 0.2 :sustain 0.3",
        "out: saw 110 * adsr 0.1 0.2 0.3",
    ),
    "an expression over several lines": (
        "out = ( saw 110 +  -- one\n   saw 55   // two\n) * 0.7",
        "out: (saw 110 + saw 55) * 0.7",
    ),
    # 10.3
    "a string as a gate": ('kick = sine 60 * "1 0 0.5 0"\nout = kick', 'out: sine 60 * "1 0 0.5 0"'),
    "a rest in a gate is zero": ('out: saw 60 * "1 ~ 1 ~"', 'out: saw 60 * "1 0 1 0"'),
    "a cutoff holds while it rests": ('out: noise # lpf "100 ~ ~ ~" 20', "out: noise # lpf 100 20"),
    "a Euclidean gate": ('out: saw 60 * "1(3,8)"', 'out: saw 60 * "1 0 0 1 0 0 1 0"'),
}


@pytest.mark.parametrize("form", SAME)
def test_older_forms_mean_what_newer_ones_say(form: str) -> None:
    older, newer = SAME[form]
    found = frames(older)
    assert found.any(), "it sounds"
    same_bits(found, frames(newer), form)


def test_a_one_shot_plays_at_every_impulse() -> None:
    hit = sample("bd")
    found = left("cps: 0.5\nout: impulse 4 * sp bd", rate=44100, cycles=1, quality="draft")
    onsets = [i * 44100 // 4 for i in range(8)]
    every = placed([(at, hit) for at in onsets], len(found))
    settled = np.ones(len(found), bool)
    for at in onsets:
        settled[at : at + 100] = False  # the attack of 1 ms
    np.testing.assert_allclose(found[settled], every[settled], atol=1e-4)


def test_a_one_shot_is_as_loud_as_its_impulse() -> None:
    same_bits(
        frames('out: "1 0 0.5 ~" * sp "sn:2" # gain 0.5'),
        frames('out: s "sn:2 ~ sn:2 ~" # gain "0.5 ~ 0.25 ~"'),
    )
    same_bits(frames("~t: impulse 2 * 0.5\nout: ~t # sp bd"), frames("out: impulse 2 # mul 0.5 # sp bd"))
    same_bits(frames("cps: 1\nout: 0.5 * sp bd"), frames('cps: 1\nout: s "bd" # gain 0.5'))


def level_of(signal: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    return float(np.sqrt(np.mean(np.square(signal))))


@pytest.mark.parametrize(
    "text",
    [
        'out: n "a3 ~ ~ ~"',
        '~m: n "a3 ~ ~ ~"\nout: ~m * 0.8',
        '~m: n "a3 ~ ~ ~"\n~b: ~m # gain 0.5 # lpf 3000\nout: ~b + s "~" * 0.5',
        'out: n "-3 ~ ~ ~"',
        'out: "a3 ~ ~ ~"',
    ],
)
def test_pitches_that_nothing_plays_are_played_by_a_voice(text: str) -> None:
    loaded = score("cps: 1\n" + text)
    assert [one.message for one in loaded.notices] == ["nothing plays these pitches: a triangle does"]
    found = left("cps: 1\n" + text)
    early = found[100 : 100 + RATE // 4]
    assert level_at(early, 220.0) > 20 * level_at(early, 0.0)
    assert abs(early.mean()) < 0.01
    assert np.abs(found[RATE * 3 // 4 :]).max() < 0.05, "it rests"


def test_a_default_voice_takes_an_envelope() -> None:
    plain = frames('cps: 1\nout: saw 261.6255653005986 # note "a3 e4" # adsr 0.05 0.1 0.5 0.1')
    voice = frames('cps: 1\n~m: n "a3 e4" # adsr 0.05 0.1 0.5 0.1\nout: ~m')
    for half in (plain, voice):
        assert level_of(half[:200, 0].astype(float)) < 0.5 * level_of(half[400:1200, 0].astype(float))


def test_chords_without_an_oscillator_sound_whole() -> None:
    found = left('cps: 1\nout: n "c4\'maj"')[100:4000]
    levels = [level_at(found, hertz) for hertz in (261.63, 329.63, 392.0)]
    assert min(levels) > 0.5 * max(levels) > 0.01


def test_gates_and_sums_of_numbers_are_no_melody() -> None:
    assert not score('out: line 1 1 * "1 ~ 0.5 ~"').notices
    assert not score('out: saw 100 + "0.1 0.2"').notices
