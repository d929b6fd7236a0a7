"""Voice modifiers against formulas: what part of a sample sounds, from which frame, how long, how loud."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import soundfile

from farm.errors import ScoreError
from tests.graph.listening import CLOSING, FULL, ONE, Floats, adsr, percussive, played
from tests.render.sound import RATE, frames, left, level_at, placed, rms, same_bits, sample, score

EDGE = 44
"""Frames of the attack of a plain sample, 1 ms."""
LET_GO = 132
"""Frames of the release of a voice that is let go, 3 ms."""
EIGHTH = 5513
"""Half of a slot of a quarter second, 5512.5 frames."""


def whole(data: Floats, attack: int = EDGE) -> Floats:
    """A sample with the edges of a plain voice."""
    t = np.arange(len(data))
    return data * np.minimum(t / attack, 1.0) * np.minimum((len(data) - t) / CLOSING, 1.0)


def let_go(data: Floats, gate: int, attack: int = EDGE) -> Floats:
    """A sample that is held for `gate` frames and then released within 3 ms."""
    t = np.arange(gate + LET_GO)
    return data[: len(t)] * np.minimum(t / attack, 1.0) * np.minimum((gate + LET_GO - t) / LET_GO, 1.0)


def heard(found: Floats, *voices: tuple[int, Floats]) -> None:
    """Asserts that exactly these voices sound, each from its frame on."""
    np.testing.assert_allclose(found, placed(list(voices), len(found)), atol=2e-5)


# Parts of a sample.


@pytest.mark.parametrize(("begin", "end"), [(0.25, 1.0), (0.0, 0.5), (0.3, 0.7), (0.999, 1.0)])
def test_begin_and_end_choose_a_part(begin: float, end: float) -> None:
    data = sample("bd")
    first, last = int(begin * len(data) + 0.5), int(end * len(data) + 0.5)
    found = played(f's "bd" # begin {begin} # end {end}')
    part = data[first:last]
    heard(found, (0, whole(part, min(EDGE, len(part) // 2))))


def test_a_part_backwards_begins_at_its_end() -> None:
    data = sample("bd")
    quarter, half = int(0.25 * len(data) + 0.5), int(0.5 * len(data) + 0.5)
    heard(played('s "bd" # begin 0.5 # end 0.75 # speed -1'), (0, whole(data[::-1][quarter:half])))


def test_begin_and_end_may_be_patterns_and_signals() -> None:
    data = sample("cp")
    half = int(0.5 * len(data) + 0.5)
    found = played('s "cp cp" # begin "0.5 ~" # end "1 0.5"')
    heard(found, (0, whole(data[half:])), (FULL // 2, whole(data[:half])))
    ramp = left('cps: 1\n~at: line 0 1\nout: s "cp cp" # begin ~at', rate=FULL, quality="draft")
    heard(ramp, (0, whole(data)), (FULL // 2, whole(data[half:])))


def test_chop_plays_the_parts_one_after_another() -> None:
    data = sample("amen")
    found = played('s "amen" $ chop 4 # legato 1')
    ends = [int(i * len(data) / 4 + 0.5) for i in range(5)]
    voices = [(i * FULL // 4, let_go(data[ends[i] :], FULL // 4)) for i in range(4)]
    assert len(data) > FULL
    heard(found, *voices)


def test_chop_cuts_what_begin_and_end_leave() -> None:
    same_bits(
        frames('cps: 1\nout: (s "amen" # begin 0.5) $ chop 2'),
        frames('cps: 1\nout: s "amen amen" # begin "0.5 0.75" # end "0.75 1"'),
    )


def test_hurry_is_faster_and_higher() -> None:
    same_bits(frames('cps: 1\nout: s "bd cp" $ hurry 2'), frames('cps: 1\nout: s "bd cp bd cp" # speed 2'))
    same_bits(
        frames('cps: 1\nout: s "bd cp" $ hurry "<1.5>" # speed "1 -1"'),
        frames('cps: 1\nout: s "bd cp" $ fast 1.5 # speed "1.5 -1.5"'),
    )


# Lengths.


def test_legato_lets_go_after_its_share_of_the_slot() -> None:
    data = sample("amen")
    found = played('s "amen ~ amen ~" # legato "0.5 1.5"')
    heard(found, (0, let_go(data, EIGHTH)), (FULL // 2, let_go(data, int(1.5 * FULL / 4 + 0.5))))


def test_legato_does_not_make_a_sample_longer() -> None:
    same_bits(frames('cps: 1\nout: s "rim" # legato 3'), frames('cps: 1\nout: s "rim"'))


def test_legato_as_a_transform_is_the_modifier() -> None:
    same_bits(frames('cps: 1\nout: s "amen*2" $ legato 0.5'), frames('cps: 1\nout: s "amen*2" # legato 0.5'))


def test_legato_closes_a_percussive_envelope() -> None:
    data = sample("amen")
    found = played('s "amen ~" # ar 0.01 0.8 # legato 0.25')
    envelope = percussive(441, 35280)[: EIGHTH + LET_GO]
    t = np.arange(len(envelope))
    expected = data[: len(t)] * np.where(t < EIGHTH, envelope, envelope[EIGHTH] * (1 - (t - EIGHTH) / LET_GO))
    heard(found, (0, expected))


def test_legato_is_the_gate_of_an_adsr() -> None:
    data = sample("amen")
    found = played('s "amen ~" # adsr 0.05 0.1 0.4 0.2 # legato 0.5')
    envelope = adsr(2205, 4410, 0.4, 8820, gate=11025)
    heard(found, (0, data[: len(envelope)] * envelope))


def test_legato_of_bus_voices() -> None:
    slot = RATE // 4
    found = left(f'cps: 1\n{ONE}out: s "~one ~one ~ ~" # ar 0.01 0.5 # legato 0.5')
    gate, fade = slot // 2, 24
    t = np.arange(gate + fade)
    envelope = percussive(80, 4000)[: len(t)] * np.minimum((gate + fade - t) / fade, 1.0)
    heard(found, (0, envelope), (slot, envelope))
    held = left(f'cps: 1\n{ONE}out: s "~one ~ ~ ~" # adsr 0.01 0.02 0.5 0.1 # legato 2')
    heard(held, (0, adsr(80, 160, 0.5, 800, gate=2 * slot)))


def test_a_loop_repeats_for_the_length_of_its_slot() -> None:
    data = sample("cp")
    part = data[: int(0.1 * len(data) + 0.5)]
    found = played('s "cp ~ cp ~" # loop "1 0" # end 0.1')
    assert len(part) < FULL // 20
    heard(found, (0, let_go(np.tile(part, 40), FULL // 4)), (FULL // 2, whole(part)))


def test_a_loop_with_legato_and_envelopes() -> None:
    data = sample("cp")
    part = np.tile(data[: int(0.1 * len(data) + 0.5)], 40)
    heard(played('s "cp ~ ~ ~" # loop 1 # end 0.1 # legato 2'), (0, let_go(part, FULL // 2)))
    envelope = adsr(441, 882, 0.5, 4410, gate=FULL // 4)
    shaped = part[: len(envelope)] * envelope
    heard(played('s "cp ~ ~ ~" # loop 1 # end 0.1 # adsr 0.01 0.02 0.5 0.1'), (0, shaped))
    falling = percussive(441, 4410)[:-CLOSING]
    found = played('s "cp ~ ~ ~" # loop 1 # end 0.1 # ar 0.01 0.1')
    heard(found[: len(falling)], (0, part[: len(falling)] * falling))
    assert not found[len(falling) + CLOSING :].any()


@pytest.fixture(scope="module")
def tiles(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of banks: `tile` is quiet, noise, quiet; `row` repeats the noise; `both` is `tile` in stereo."""
    folder = tmp_path_factory.mktemp("tiles")
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 400).astype(np.float32)
    around = np.zeros(200, np.float32)
    tile = np.concatenate([around, noise, around])
    sounds = {"tile": tile, "row": np.tile(noise, 40), "both": np.stack([tile, -0.5 * tile], axis=1)}
    for name, sound in sounds.items():
        (folder / name).mkdir()
        soundfile.write(folder / name / "0.wav", sound, RATE, subtype="FLOAT")
    return str(folder)


@pytest.mark.parametrize("quality", ["draft", "good", "best"])
@pytest.mark.parametrize("speed", [0.37, 1.0, 1.9, 5.3])
def test_a_loop_has_no_seam(quality: str, speed: float, tiles: str) -> None:
    """A loop is bit for bit what an endless row of its part is, but for its very beginning."""
    how: dict[str, Any] = {"quality": quality, "samples": (tiles,)}
    row = frames(f'cps: 4\nout: s "row" # speed {speed} # legato 1', **how)
    loop = frames(f'cps: 4\nout: s "tile" # speed {speed} # loop 1 # begin 0.25 # end 0.75', **how)
    first = int(16 / speed) + 1
    assert rms(loop) > 0.1
    same_bits(loop[first:], row[first:], f"{quality}, speed {speed}")
    for chunk in (64, 333):
        found = frames(f'cps: 4\nout: s "tile" # speed {speed} # loop 1 # begin 0.25 # end 0.75', chunk=chunk, **how)
        same_bits(found, loop, f"chunks of {chunk}")
    both = frames(f'cps: 4\nout: s "both" # speed {speed} # loop 1 # begin 0.25 # end 0.75', **how)
    np.testing.assert_allclose(both, loop * [1.0, -0.5], atol=1e-6)


def test_a_loop_backwards(tiles: str) -> None:
    how: dict[str, Any] = {"quality": "draft", "samples": (tiles,)}
    found = frames('cps: 4\nout: s "tile" # speed -1 # loop 1 # begin 0.25 # end 0.75', **how)[:, 0]
    forward = frames('cps: 4\nout: s "tile" # loop 1 # begin 0.25 # end 0.75', **how)[:, 0]
    np.testing.assert_allclose(found[400:1600], forward[400:1600][::-1], atol=1e-6)


def test_a_loop_that_is_too_short_is_as_long_as_can_be(tiles: str) -> None:
    found = left('cps: 4\nout: s "tile" # loop 1 # begin 0.5 # end 0.5', quality="draft", samples=(tiles,))
    np.testing.assert_array_equal(found[64:96], found[96:128])
    assert rms(found[64:96]) > 0.1


# Attack and release alone.


def test_an_attack_alone_keeps_the_length_of_a_sample() -> None:
    data = sample("amen")
    assert len(data) > FULL
    found = played('s "amen" # attack 0.25', cycles=Fraction(2))
    rising = np.minimum(np.arange(FULL) / 11025, 1.0)
    heard(found[:FULL], (0, data[:FULL] * rising))
    short = sample("cp")
    t = np.arange(len(short))
    expected = short * np.minimum(t, len(short) - CLOSING) / 22050 * np.minimum((len(short) - t) / CLOSING, 1.0)
    heard(played('s "cp" # attack 0.5'), (0, expected))


def test_a_release_alone_is_a_percussive_fall() -> None:
    data = sample("amen")
    found = played('s "amen" # release 0.2')
    envelope = percussive(EDGE, 8820)[:-CLOSING]
    heard(found[: len(envelope)], (0, data[: len(envelope)] * envelope))
    assert not found[len(envelope) + CLOSING :].any()


def test_attack_and_release_together_are_ar() -> None:
    for voices in ('s "amen*2"', 's "~one*2"'):
        text = f"cps: 1\n{ONE}out: {voices}"
        same_bits(frames(f"{text} # attack 0.05 # release 0.2"), frames(f"{text} # ar 0.05 0.2"))


def test_voices_without_a_release_stay_whole() -> None:
    data = sample("cp")
    found = played('s "cp cp" # release "~ 0.05"')
    envelope = percussive(EDGE, 2205)[:-CLOSING]
    heard(found[: FULL // 2], (0, whole(data)))
    heard(found[FULL // 2 :][: len(envelope)], (0, data[: len(envelope)] * envelope))


def test_attack_and_release_of_bus_voices() -> None:
    slow = left(f'cps: 1\n{ONE}out: s "~one" # attack 0.1')
    heard(slow[: 3200 - CLOSING], (0, percussive(800, 2400)[:-CLOSING]))
    short = left(f'cps: 1\n{ONE}out: s "~one" # release 0.1')
    heard(short[: 880 - CLOSING], (0, percussive(80, 800)[:-CLOSING]))
    assert not short[880:].any()


def test_a_release_after_an_adsr_is_its_release() -> None:
    same_bits(
        frames(f'cps: 1\n{ONE}out: s "~one ~" # adsr 0.01 0.1 0.5 0.3 # release 0.1 # attack 0.02'),
        frames(f'cps: 1\n{ONE}out: s "~one ~" # adsr 0.02 0.1 0.5 0.1'),
    )


def test_the_last_envelope_counts() -> None:
    for voices in ('s "amen ~"', 's "~one ~"'):
        text = f"cps: 1\n{ONE}out: {voices}"
        same_bits(frames(f"{text} # ar 0.1 0.9 # adsr 0.01 0.1"), frames(f"{text} # adsr 0.01 0.1 0.7 0.2"))
        same_bits(frames(f"{text} # adsr 0.1 0.1 0.5 0.1 # ar 0.01 0.1"), frames(f"{text} # ar 0.01 0.1"))


@pytest.mark.parametrize("modifier", ["ar 0.02 0.1", "adsr 0.01 0.02 0.5 0.05", "legato 0.5", "attack 0.1"])
def test_a_negative_speed_has_the_same_envelope(modifier: str) -> None:
    """What is heard, divided by the sample that is played, is the envelope."""
    data = sample("amen")
    forward, backward = played(f's "amen ~" # {modifier}'), played(f's "amen ~" # speed -1 # {modifier}')
    count = FULL // 2
    loud = (np.abs(data[:count]) > 0.01) & (np.abs(data[::-1][:count]) > 0.01) & (np.arange(count) > 0)
    assert loud.sum() > 500
    np.testing.assert_allclose(
        forward[:count][loud] / data[:count][loud], backward[:count][loud] / data[::-1][:count][loud], atol=2e-3
    )


# How modifiers are written.

SAME = {
    "keywords of s": (
        's "amen*2" :begin 0.25 :end 0.5 :attack 0.01 :release 0.1 :note 7 :loop 1 :cut_group 1',
        's "amen*2" # begin 0.25 # end 0.5 # attack 0.01 # release 0.1 # note 7 # loop 1 # cut 1',
    ),
    "more keywords of s": (
        's "amen*2" :gain "1 0.5" :pan 0.3 :speed 2 :n 1 :legato 0.5',
        's "amen*2" # gain "1 0.5" # pan 0.3 # speed 2 # n 1 # legato 0.5',
    ),
    "keywords of an envelope": ('s "amen*2" # adsr 0.01 :release 0.1 :decay 0.2', 's "amen*2" # adsr 0.01 0.2 0.7 0.1'),
    "a modifier as a function": ('begin (s "amen*2") 0.5', 's "amen*2" # begin 0.5'),
    "notes as a function": ('note (s "amen*2") "0 7"', 's "amen*2" # note "0 7"'),
    "an envelope as a function": ('adsr (s "amen*2") 0.1 0.1', 's "amen*2" # adsr 0.1 0.1'),
    "a modifier applied": ('legato 0.5 $ s "amen*2"', 's "amen*2" # legato 0.5'),
    "a modifier applied afterwards": ('s "amen*2" $ begin 0.5', 's "amen*2" # begin 0.5'),
    "a modifier bus": ('s "amen*2" # ~m # lpf 900', 's "amen*2" # begin 0.5 # legato 0.3 # lpf 900'),
    "a modifier bus that is a transform too": ('s "amen*2" # ~l # lpf 900', 's "amen*2" # legato 0.3 # lpf 900'),
    "a bus of a modifier as a function": ("~f # lpf 900", 's "amen*2" # begin 0.5 # lpf 900'),
    "back through effects to the voices": (
        's "amen*2" # lpf 900 1 # begin 0.5 # legato 0.5 # attack 0.01 # loop 1',
        's "amen*2" # begin 0.5 # legato 0.5 # attack 0.01 # loop 1 # lpf 900 1',
    ),
}


@pytest.mark.parametrize("rule", SAME)
def test_two_ways_to_write_it(rule: str) -> None:
    a, b = SAME[rule]
    buses = 'cps: 2\n~m # begin 0.5 # legato 0.3\n~l # legato 0.3\n~f: begin (s "amen*2") 0.5\n'
    found = frames(f"{buses}out: {a}")
    assert rms(found) > 1e-3
    same_bits(found, frames(f"cps: 2\nout: {b}"), rule)


def test_through_a_bus_to_the_voices() -> None:
    text = 'cps: 2\n~a: s "amen*2"\n'
    same_bits(frames(f"{text}out: ~a # end 0.1"), frames(f'{text}out: s "amen*2" # end 0.1'))


# What cannot be, and what is left out.


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ('out: s "bd" # attack -1', 22, "`attack` is a length and must not be below 0, not -1"),
        ('out: s "bd" # ar 0.1 -2', 22, "`release` is a length and must not be below 0, not -2"),
        ('out: s "bd" # legato 0', 22, "`legato` is a length and must be above 0, not 0"),
        ('out: s "bd" # begin', 15, "`begin` takes 1 argument, not 0"),
        ('out: s "bd" # begin 0 1', 15, "`begin` takes 1 argument, not 2"),
        ('out: s "bd" # adsr 0.1', 15, "`adsr` takes 2 to 4 arguments, not 1"),
        ('out: s "bd" # adsr 0.1 :sustain 1', 15, "`adsr` needs its decay"),
        ('out: s "bd" # adsr 0.1 0.1 :sustian 1', 29, "`adsr` has no `:sustian`"),
        ('out: s "bd" # ar 0.1 0.1 :attack 1', 27, "`attack` is given twice"),
        ('out: s "bd" :bgein 0.5', 14, "`s` has no `:bgein`"),
        ('out: s "bd" :lpf 300', 14, "`s` has no `:lpf`"),
        ("out: saw 110 # begin 0.5", 16, "`begin` changes voices"),
    ],
)
def test_a_mistake_is_pointed_at(text: str, column: int, said: str) -> None:
    with pytest.raises(ScoreError) as caught:
        score(text)
    assert said in caught.value.message
    assert caught.value.loc is not None
    assert caught.value.loc.column == column


def test_values_outside_a_range_are_clamped() -> None:
    loaded = score('out: s "bd" # begin 2 # end -1 # attack 20 # release 11 # loop 3')
    assert [one.message.split(";")[0] for one in loaded.notices] == [
        "begin 2 is outside 0 to 1",
        "end -1 is outside 0 to 1",
        "attack 20 is outside 0 to 10",
        "release 11 is outside 0 to 10",
        "loop 3 is outside 0 to 1",
    ]


def test_what_means_nothing_to_a_bus_is_told() -> None:
    loaded = score(
        f'{ONE}out: s "~one*2" # begin 0.5 # gain 0.5\no2: saw # note "c4" # loop 1\no3: s "~one bd" # end 0.5'
    )
    assert [(one.message, one.loc.line if one.loc else 0) for one in loaded.notices] == [
        ("`begin` changes samples, and `~one` plays none: left out", 2),
        ("`loop` changes samples, and `osc # note` plays none: left out", 3),
    ]


def test_speed_and_pan_and_gain_of_bus_voices() -> None:
    found = frames('cps: 1\n~w: sine 200\nout: s "~w" # adsr 0 0 1 0 # speed -1.5 # pan 1 # gain 0.5')
    assert level_at(found[100:-100, 1].astype(np.float64), 300.0) == pytest.approx(0.5 * np.sqrt(2), rel=1e-2)
    assert np.abs(found[:, 0]).max() < 1e-6
