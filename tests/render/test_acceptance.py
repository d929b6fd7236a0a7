"""The acceptance checks of the language (section 11): what each line of a score must sound like."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from farm.options import RenderOptions
from farm.rendering.session import render
from tests.render.sound import (
    digest,
    frames,
    frequency_of,
    left,
    level_at,
    oscillation,
    placed,
    report,
    rms,
    same_bits,
    sample,
    score,
)

FULL = 44100
TWO_CYCLES = {"cycles": Fraction(2), "rate": FULL}


def test_a_sine_has_its_level_and_its_frequency() -> None:
    sound = render(score("out: sine 440 * 0.2"), RenderOptions(cycles=Fraction(4), tail="none"))
    inner = sound[FULL:-FULL, 0].astype(np.float64)
    assert np.abs(sound).max() == pytest.approx(0.16, abs=1e-5)
    assert frequency_of(inner, 440.0, FULL) == pytest.approx(440.0, abs=0.01)
    assert frequency_of(inner, 440.1, FULL) == pytest.approx(440.0, abs=0.01), "the measure itself"


def test_a_string_of_frequencies_gives_each_its_share_of_the_cycle() -> None:
    found = left('out: sine "110 220 330 440"', rate=FULL)
    assert len(found) == 2 * FULL
    hertz = np.repeat([110.0, 220.0, 330.0, 440.0], FULL // 2)
    turns = np.concatenate([[0.0], np.cumsum(hertz / FULL)[:-1]])
    np.testing.assert_allclose(found, np.sin(2 * np.pi * turns), atol=2e-4)


@pytest.mark.parametrize(
    ("pattern", "onsets_s"), [("bd*4", (0.0, 0.5, 1.0, 1.5)), ("bd(3,8)", (0.0, 0.75, 1.5)), ("~ bd", (1.0,))]
)
def test_onsets_fall_on_their_frame(pattern: str, onsets_s: tuple[float, ...]) -> None:
    hit = left('out: s "bd ~ ~ ~"', rate=FULL)[:FULL]
    found = left(f'out: s "{pattern}"', rate=FULL)
    onsets = [round(second * FULL) for second in onsets_s]
    np.testing.assert_allclose(found, placed([(at, hit) for at in onsets], len(found)), atol=1e-6)
    late = placed([(at + 1, hit) for at in onsets], len(found))
    assert np.abs(found - late).max() > 1e-3, "one frame later is another sound"


@pytest.mark.parametrize("cps", ["0.7", "1.3", "2.9"])
def test_onsets_between_frames_are_rounded_half_up(cps: str) -> None:
    hit = left('cps: 1\nout: s "rim"', rate=FULL)
    found = left(f'cps: {cps}\nout: s "rim*3"', rate=FULL, cycles=Fraction(2))
    exact = [Fraction(i, 3) * FULL / Fraction(cps) for i in range(6)]
    onsets = [int((at + Fraction(1, 2)).__floor__()) for at in exact]
    np.testing.assert_allclose(found, placed([(at, hit) for at in onsets], len(found)), atol=1e-6)


def test_layers_sound_together() -> None:
    found = left('out: s "bd ~, ~ sn, hh*4"', rate=FULL)
    parts = [left(f'out: s "{layer}"', rate=FULL) for layer in ("bd ~", "~ sn", "hh*4")]
    assert min(map(rms, parts)) > 0.001
    np.testing.assert_allclose(found, sum(parts), atol=1e-6)


@pytest.mark.parametrize(
    ("pattern", "cycles"),
    [
        ("<bd sn>", ("bd", "sn", "bd", "sn")),
        ("hh [<bd sn> cp]", ("hh [bd cp]", "hh [sn cp]", "hh [bd cp]", "hh [sn cp]")),
        ("<bd sn hh cp>*4", ("bd sn hh cp",) * 4),
        ("<bd sn>*4", ("bd sn bd sn",) * 4),
    ],
)
def test_alternation_walks_through_its_items(pattern: str, cycles: tuple[str, ...]) -> None:
    found = frames(f'cps: 2\nout: s "{pattern}"', cycles=Fraction(4))
    written = f'cps: 2\nout: s "<{" ".join(f"[{cycle}]" for cycle in cycles)}>"'
    same_bits(found, frames(written, cycles=Fraction(4)), pattern)
    wrong = f'cps: 2\nout: s "<{" ".join(f"[{cycle}]" for cycle in (*cycles[1:], "rim"))}>"'
    assert digest(found) != digest(frames(wrong, cycles=Fraction(4)))


def test_chance_is_the_same_in_two_renders() -> None:
    text = 'cps: 2\nout: s "rim*16?"'
    found = frames(text, cycles=Fraction(2))
    same_bits(found, frames(text, cycles=Fraction(2)))
    assert report('cps: 2\nout: s "rim*16"', cycles=Fraction(2)).voice_count == 32
    assert 4 < report(text, cycles=Fraction(2)).voice_count < 28
    assert digest(frames(text, cycles=Fraction(2), seed=1)) != digest(found)


def test_a_high_pass_on_noise_does_not_blow_up() -> None:
    noise = np.abs(frames("out: white_noise", **TWO_CYCLES)).max()
    found = np.abs(frames("out: white_noise # hpf 8000 0.7", **TWO_CYCLES)).max()
    assert 0.99 < noise <= 1.0
    assert 0.5 < found < 1.5 * noise


def test_chords_play_their_notes_at_once() -> None:
    found = left('~synth: sine 200\nout: s "~synth*4" # note "c4\'maj a3\'min7"', rate=FULL)
    first = found[: FULL // 4]
    for hertz in (261.626, 329.628, 391.995):
        assert level_at(first, hertz, FULL) > 0.1
    assert level_at(first, 220.0, FULL) < 0.03
    t = np.arange(FULL // 4)
    envelope = np.minimum(t / 441, 1.0) * np.exp(-5 * np.maximum(t - 441, 0) / (0.3 * FULL))
    chord = sum(oscillation(440 * 2 ** ((note - 69) / 12), len(t), FULL) for note in (60, 64, 67))
    np.testing.assert_allclose(first, envelope * chord / np.sqrt(3), atol=5e-4)
    second = found[FULL : FULL + FULL // 4]
    chord = sum(oscillation(440 * 2 ** ((note - 69) / 12), len(t), FULL) for note in (57, 60, 64, 67))
    np.testing.assert_allclose(second, envelope * chord / 2, atol=5e-4)


def test_a_factor_after_a_filter_scales_its_result() -> None:
    chained = frames("out: saw 55 # lpf 800 1 * 0.3")
    same_bits(chained, frames("out: (saw 55 # lpf 800 1) * 0.3"))
    np.testing.assert_allclose(chained, np.float32(0.3) * frames("out: saw 55 # lpf 800 1"), atol=1e-7)
    assert rms(chained) > 0.05


def test_an_effect_after_a_sum_works_on_all_of_it() -> None:
    buses = 'cps: 2\n~a: s "rim ~"\n~b: s "~ cp"\n'
    found = frames(buses + "out: ~a + ~b # reverb 0.7 0.5")
    each = [frames(buses + f"out: {bus} # reverb 0.7 0.5") for bus in ("~a", "~b")]
    np.testing.assert_allclose(found, each[0] + each[1], atol=1e-6)
    dry = frames(buses + "out: ~a + ~b")
    assert rms(found[1800:2000] - dry[1800:2000]) > 1e-4
    assert rms(found[3800:] - dry[3800:]) > 1e-4


def test_three_ways_to_write_a_tempo() -> None:
    body = '\nout: s "bd sn" + sine "110 220"'
    found = [digest(frames(f"{tempo}{body}")) for tempo in ("tempo: 0.5", "cps: 0.5", "bpm: 120", "")]
    assert len(set(found)) == 1
    assert digest(frames(f"cps: 0.6{body}")) != found[0]
    assert len(frames('bpm: 90 "3/4"\nout: sine 1')) == len(frames("cps: 0.5\nout: sine 1"))


def test_the_last_tempo_holds_for_the_whole_score() -> None:
    found = frames('tempo: 1\nout: s "bd sn"\ntempo: 2', cycles=Fraction(2))
    same_bits(found, frames('tempo: 2\nout: s "bd sn"', cycles=Fraction(2)))


def test_a_redefinition_changes_only_later_references() -> None:
    found = frames("~kick: sine 100\n~first: ~kick * 0.5\n~kick: sine 300\nout: ~first + ~kick * 0.25")
    t = len(found)
    np.testing.assert_allclose(found[:, 0], oscillation(100, t) * 0.5 + oscillation(300, t) * 0.25, atol=1e-3)


@pytest.mark.parametrize("chunk", [64, 2048, 1 << 17])
def test_a_long_hit_sounds_to_its_end(chunk: int) -> None:
    recorded = sample("amen")
    text = 'cps: 4\nout: s "<amen ~!15>"'
    found = left(text, rate=FULL, cycles=Fraction(8), chunk=chunk, quality="draft")
    assert len(found) == 2 * FULL > len(recorded) > FULL
    last = len(recorded) - 64
    np.testing.assert_allclose(found[50:last], recorded[50:last], atol=1e-5)
    assert rms(recorded[last - 2000 : last]) > 0.001, "there is something at the end to be heard"
    assert not found[len(recorded) :].any()
