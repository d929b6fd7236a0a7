"""Every node as scores use it: examples, patterns and signals as params, offsets, voices, ranges."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from farm.errors import ScoreError
from farm.graph.node_calls import signature
from tests.render.sound import RATE, frames, left, level_at, report, same_bits
from workers.catalog import Definition, Param, catalog

NODES = [pytest.param(node, id=node.name) for node in catalog().values() if node.role != "internal"]


def usual(param: Param) -> str:
    """A value for a param that is not its default and does something."""
    chosen = {"freq_hz": 110, "carrier_hz": 220, "modulator_hz": 110, "cutoff_hz": 700, "q": 3, "index": 2}
    if param.name in chosen:
        return str(chosen[param.name])
    if param.name == "rate":
        return "5"
    low, high = max(param.low, 0.05), min(param.high, 4.0)
    return f"{(low + high) / 2:g}"


def arguments(node: Definition) -> list[str]:
    return [usual(param) for param in node.params]


@pytest.mark.parametrize("node", NODES)
def test_examples_are_heard(node: Definition) -> None:
    sound = frames(node.example, cycles=Fraction(1), rate=22050)
    assert np.isfinite(sound).all()
    assert 0.01 < np.abs(sound).max() <= 1.5, node.example


@pytest.mark.parametrize("node", NODES)
def test_params_may_be_patterns_and_signals(node: Definition) -> None:
    """A pattern of one value gives the bits of the number; a signal that stands still comes close to it."""
    head = "saw 110 # " if node.role == "effect" else ""
    plain = left(f"out: {head}{node.name} {' '.join(arguments(node))}")
    for index, param in enumerate(node.params):
        patterned = arguments(node)
        patterned[index] = f'"{usual(param)} {usual(param)}"'
        same_bits(
            frames(f"out: {head}{node.name} {' '.join(patterned)}"),
            frames(f"out: {head}{node.name} {' '.join(arguments(node))}"),
            param.name,
        )
    moving = [f"(line {one} {one})" for one in arguments(node)]
    found = left(f"out: {head}{node.name} {' '.join(moving)}")
    inner = slice(RATE // 10, RATE)
    near = np.abs(found - plain)[inner]
    assert np.median(near) < 0.02, signature(node)


def test_oscillators_take_an_offset_in_semitones() -> None:
    for name in ("sine", "saw", "square", "tri"):
        octave = frames(f"out: {name} 110 12")
        same_bits(octave, frames(f"out: {name} 220"), name)
        for written in ('"+12"', '"12"', '"+12.0"', "(10 + 2)"):
            same_bits(octave, frames(f"out: {name} 110 {written}"), written)
        same_bits(octave, frames(f"out: {name} :freq 110 :offset 12"), "by keywords")
        same_bits(frames(f"out: {name} 220 -12"), frames(f"out: {name} 110"), name)
    half = left('out: sine 440 "+0.5"', cycles=Fraction(2))
    assert level_at(half, 440 * 2 ** (0.5 / 12)) == pytest.approx(1.0, abs=0.01)


def test_an_offset_keeps_the_rests_and_the_notes_of_a_pattern() -> None:
    same_bits(frames('out: saw "a3 ~ a4 ~" 12'), frames('out: saw "440 ~ 880 ~"'))
    same_bits(frames('out: saw "110 ~" "-12"'), frames('out: saw "55 ~"'))


def test_an_offset_is_a_plain_number() -> None:
    with pytest.raises(ScoreError, match="plain number of semitones") as caught:
        frames('out: saw 110 "1 2"')
    assert caught.value.loc is not None and caught.value.loc.column == 15
    assert caught.value.hint == 'for example: saw 110 7, or saw 110 "+0.5"'


def test_oscillators_alone_run_at_one_hertz() -> None:
    for name in ("sine", "sin", "saw", "square", "tri", "pulse", "impulse", "supersaw"):
        same_bits(frames(f"out: {name}"), frames(f"out: {name} 1"), name)


def test_noise_takes_one_argument_as_its_level() -> None:
    loud, soft = frames("out: noise"), frames("out: noise 0.3")
    np.testing.assert_allclose(soft, loud * np.float32(0.3), atol=1e-7)
    same_bits(frames("out: noise 0"), loud)
    same_bits(frames("out: white_noise"), loud)


def test_line_has_two_lengths() -> None:
    cycle = left("cps: 2\nout: line 1 3", cycles=Fraction(2))
    ramp = np.arange(RATE // 2) / (RATE / 2)
    np.testing.assert_allclose(cycle, np.tile(1 + 2 * ramp, 2), atol=1e-5)
    once = left("cps: 2\nout: line 1 3 0.75", cycles=Fraction(3))
    np.testing.assert_allclose(once, np.minimum(1 + 2 * np.arange(len(once)) / (0.75 * RATE), 3), atol=1e-5)
    same_bits(frames("out: line 1 3 0.75"), frames("out: line 1 3 :duration 0.75"))
    same_bits(frames("out: line 1 3 0.75"), frames("out: line :end 3 :duration 0.75 :start 1"))


def test_keywords_of_the_reverb_have_two_names() -> None:
    plain = frames("out: saw 110 # reverb 0.9 0.2 0.5")
    same_bits(plain, frames("out: saw 110 # reverb :room_size 0.9 :damping 0.2 :mix 0.5"))
    same_bits(plain, frames("out: saw 110 # reverb :mix 0.5 :damp 0.2 :room 0.9"))
    with pytest.raises(ScoreError, match="`room` is given twice"):
        frames("out: saw 110 # reverb :room_size 0.9 :room 0.9 :damp 1")


def test_ad_restarts_with_every_cycle_and_at_every_onset() -> None:
    n = np.arange(RATE // 2)
    once = np.clip(np.minimum(n / 80, (880 - n) / 800), 0, 1)
    np.testing.assert_allclose(left("cps: 2\nout: ad 0.01 0.1", cycles=Fraction(2)), np.tile(once, 2), atol=1e-5)
    same_bits(frames("out: tri 100 # ad 0.01 0.1"), frames("out: tri 100 * ad 0.01 0.1"))
    voices = '~v: sine 0 0 + 1 # ad 0.01 0.1\nout: s "~v ~v ~ ~v" # adsr 0 0 1 0.001'
    found = left(f"cps: 2\n{voices}")
    for place, heard in enumerate((True, True, False, True)):
        slot = slice(place * RATE // 8 + 20, (place + 1) * RATE // 8 - 20)
        expected = once[20 : RATE // 8 - 20] if heard else np.zeros(RATE // 8 - 40)
        np.testing.assert_allclose(found[slot], expected, atol=1e-5)


def test_bitcrush_reads_its_rate_in_three_ways() -> None:
    x = frames("out: noise")
    same_bits(frames("out: noise # bitcrush 16 1"), frames("out: noise # bitcrush 16"))
    same_bits(frames("out: noise # bitcrush 16 0.5"), frames("out: noise # bitcrush 16"))
    by_frames, by_rate = frames("out: noise # bitcrush 16 4"), frames("out: noise # bitcrush 16 2000")
    same_bits(by_frames, by_rate)
    np.testing.assert_allclose(by_frames, np.repeat(x[::4], 4, axis=0), atol=1e-5)


def test_arithmetic_in_chains_is_arithmetic() -> None:
    for written, meant in (
        ("saw 110 # mul 0.5", "saw 110 * 0.5"),
        ("saw 110 # add 0.5", "saw 110 + 0.5"),
        ('saw 110 # mul "1 ~ 0.5 0"', 'saw 110 * "1 ~ 0.5 0"'),
        ('saw 110 # add "1 2"', 'saw 110 + "1 2"'),
        ("saw 110 # mul (sine 3)", "saw 110 * sine 3"),
        ("saw 110 # add (sine 3)", "saw 110 + sine 3"),
        ("saw 110 + tri 55 # mul 0.6", "(saw 110 + tri 55) * 0.6"),
        ("saw 110 # amp 0.25", "saw 110 # gain 0.25"),
    ):
        np.testing.assert_allclose(frames(f"out: {written}"), frames(f"out: {meant}"), atol=1e-6, err_msg=written)


def test_notes_set_both_frequencies_of_fm() -> None:
    same_bits(
        frames('~w: fm 110 220 2 # ad 0.01 0.3\nout: s "~w" # note 12'),
        frames('~w: fm 220 440 2 # ad 0.01 0.3\nout: s "~w"'),
    )
    same_bits(frames('out: fm 220 110 1 # note "a4"'), frames('out: fm 440 220 1 # note "0"'))


@pytest.mark.parametrize("name", ["pulse", "supersaw"])
def test_notes_set_the_other_oscillators(name: str) -> None:
    same_bits(frames(f'out: {name} 110 0.3 # note "12"'), frames(f'out: {name} 220 0.3 # note "0"'))
    same_bits(frames(f'out: {name} "110 ~" 0.3'), frames(f'out: {name} 110 0.3 * "1 ~"'))


def test_a_chorus_that_ends_a_voice_runs_on_the_sum() -> None:
    same_bits(
        frames('~w: tri 110 # ad 0.01 0.1 # chorus 1 0.5 0.5\nout: s "~w(3,8)"'),
        frames('~w: tri 110 # ad 0.01 0.1\nout: s "~w(3,8)" # chorus 1 0.5 0.5'),
    )


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("saw 110 # distortion 0.6", "distortion: drive 0.6 is outside 1 to 100; 1 is used"),
        ("saw 110 # bitcrush 20 4", "bitcrush: bits 20 is outside 1 to 16 bits; 16 is used"),
        ("saw 110 # chorus 20 0.5", "chorus: rate 20 is outside 0.1 to 10 Hz; 10 is used"),
        ("supersaw 110 0.3 9", "supersaw: voices 9 is outside 2 to 7; 7 is used"),
        ("pulse 110 1.5", "pulse: width 1.5 is outside 0 to 1; 1 is used"),
        ("saw 110 # bpf 5 1", "bpf: cutoff 5 is outside 20 to 20000 Hz; 20 is used"),
    ],
)
def test_what_is_out_of_range_is_clamped_with_a_warning(score: str, said: str) -> None:
    assert said in [notice.message for notice in report(f"out: {score}").notices]
