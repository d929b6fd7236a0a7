"""Voices against formulas in float64: envelopes, pitch, pan, gain, the samples themselves."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.graph.listening import CLOSING, FULL, ONE, adsr, percussive, played
from tests.render.sound import RATE, frames, left, level_at, oscillation, placed, rms, sample

# Envelopes of bus voices.


def test_a_bus_voice_rises_in_ten_milliseconds_and_falls_in_three_hundred() -> None:
    found = left(f'cps: 0.5\n{ONE}out: s "~one"', rate=FULL)
    expected = percussive(441, 13230)
    np.testing.assert_allclose(found[: len(expected) - CLOSING], expected[:-CLOSING], atol=1e-5)
    assert not found[len(expected) :].any()
    assert (np.diff(found[len(expected) - CLOSING : len(expected) + 1]) < 0).all(), "it closes without a click"


@pytest.mark.parametrize(("attack_s", "release_s"), [("0.02", "0.1"), ("0", "0.05"), ("0.3", "0.2")])
def test_ar_is_a_line_and_an_exponential(attack_s: str, release_s: str) -> None:
    found = left(f'cps: 0.5\n{ONE}out: s "~one" # ar {attack_s} {release_s}', rate=FULL)
    attack = max(round(float(attack_s) * FULL), round(0.0001 * FULL))
    expected = percussive(attack, round(float(release_s) * FULL))
    np.testing.assert_allclose(found[: len(expected) - CLOSING], expected[:-CLOSING], atol=1e-5)
    assert not found[len(expected) :].any()


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ("0.1 0.2 0.5 0.25", (800, 1600, 0.5, 2000)),
        ("0.01 0.05 0 0.1", (80, 400, 0.0, 800)),
        ("0.3 0.4 0.25 0.2", (2400, 3200, 0.25, 1600)),
        ("0.6 0.1 1 0.2", (4800, 800, 1.0, 1600)),
        ("0.1 0.2", (800, 1600, 0.7, 1600)),
    ],
)
def test_adsr_of_a_bus_voice(times: str, expected: tuple[int, int, float, int]) -> None:
    found = left(f'cps: 0.5\n{ONE}out: s "~one ~ ~ ~" # adsr {times}')
    envelope = adsr(*expected, gate=RATE // 2)
    np.testing.assert_allclose(found, placed([(0, envelope)], len(found)), atol=1e-5)
    assert not found[len(envelope) + CLOSING :].any()


def test_a_voice_begins_on_its_frame() -> None:
    found = left(f'cps: 0.7\n{ONE}out: s "~one(3,7)" # ar 0.01 0.05', rate=FULL, cycles=Fraction(2))
    steps = [Fraction(cycle) + Fraction(step, 7) for cycle in (0, 1) for step in (0, 2, 4)]
    onsets = [int((at * FULL / Fraction(7, 10) + Fraction(1, 2)).__floor__()) for at in steps]
    envelope = percussive(441, 2205)
    for onset in onsets:
        assert found[onset] == 0.0
        assert found[onset + 1] == pytest.approx(1 / 441, abs=1e-6)
        np.testing.assert_allclose(found[onset : onset + 2000], envelope[:2000], atol=1e-5)


def test_ramps_and_envelopes_in_a_voice_begin_with_it() -> None:
    found = left('cps: 1\n~fall: line 1 0\n~pluck: adsr 0.01 0.05 0.5 0.1\nout: s "~ ~fall ~ ~pluck" # adsr 0 0 1 0.1')
    quarter = RATE // 4
    line = 1.0 - np.arange(quarter) / quarter
    np.testing.assert_allclose(found[quarter + 8 : 2 * quarter], line[8:], atol=1e-5)
    inner = adsr(80, 400, 0.5, 800, quarter - 800)
    np.testing.assert_allclose(found[3 * quarter + 8 :], inner[8:quarter], atol=1e-5)


# Pitch of bus voices.


def sounding(text: str, hertz: list[float], absent: list[float]) -> None:
    """Asserts which frequencies a long voice holds."""
    found = left(f"cps: 0.5\n{text} # adsr 0.001 0.001 1 0.001")[200:-200]
    assert [level_at(found, one) > 0.2 for one in hertz] == [True] * len(hertz), hertz
    assert [level_at(found, one) < 0.02 for one in absent] == [True] * len(absent), absent


def test_a_named_note_sets_the_first_oscillator_and_keeps_the_ratios() -> None:
    sounding('~w: sine 100 + sine 250\nout: s "~w" # note "a4"', [440.0, 1100.0], [100.0, 250.0])


def test_a_number_transposes() -> None:
    sounding('~w: sine 100 + sine 250\nout: s "~w" # note "19"', [299.66, 749.15], [100.0, 250.0])


def test_a_named_note_sets_a_patterned_oscillator() -> None:
    found = left('cps: 0.5\n~w: sine "100 200" + sine 300\nout: s "~w ~w" # note "a4 a4" # adsr 0.001 0.001 1 0.001')
    half = RATE
    assert level_at(found[100 : half - 100], 440) > 0.9
    assert level_at(found[100 : half - 100], 1320) > 0.9
    assert level_at(found[half + 100 : 2 * half - 100], 440) > 0.9
    assert level_at(found[half + 100 : 2 * half - 100], 660) > 0.9


def test_an_oscillator_alone_takes_the_notes_of_its_string() -> None:
    found = left('cps: 0.5\nout: sine # note "a4 c4\'maj" # adsr 0.001 0.001 1 0.001')
    half = RATE
    assert level_at(found[100 : half - 100], 440) == pytest.approx(1.0, abs=0.01)
    for hertz in (261.626, 329.628, 391.995):
        assert level_at(found[half + 100 : -100], hertz) == pytest.approx(1 / np.sqrt(3), abs=0.02)


def test_the_lfo_inside_a_parameter_is_left_alone() -> None:
    voice = 'cps: 0.5\n~w: sine (sine 5 * 20 + 200)\nout: s "~w" # adsr 0.001 0.001 1 0.001 # note '
    found = left(f"{voice}12")
    turns = np.cumsum((np.sin(2 * np.pi * 5 * np.arange(len(found)) / RATE) * 20 + 200) * 2 / RATE)
    expected = np.sin(2 * np.pi * np.concatenate([[0.0], turns[:-1]]))
    np.testing.assert_allclose(found[100:-100], expected[100:-100], atol=5e-3)


def test_every_voice_begins_at_phase_zero() -> None:
    found = left('cps: 1\n~w: sine 123\nout: s "~w*4" # adsr 0.001 0.001 1 0.001')
    quarter = RATE // 4
    for onset in range(0, RATE, quarter):
        np.testing.assert_allclose(
            found[onset + 16 : onset + quarter - 16], oscillation(123, quarter)[16:-16], atol=2e-3
        )


def test_a_bus_of_samples_played_as_a_voice_is_its_running_signal() -> None:
    running = left('cps: 1\nout: s "hh*8" # gain "1 0.5"')
    found = left('cps: 1\n~q: s "hh*8" # gain "1 0.5"\nout: s "~ ~q" # ar 0.01 0.2')
    half = RATE // 2
    envelope = placed([(half, percussive(80, 1600))], RATE)
    np.testing.assert_allclose(found[: half + 1600], (running * envelope)[: half + 1600], atol=1e-5)
    assert rms(found[half : half + 1600]) > 1e-4


# Levels.


@pytest.mark.parametrize("pan", [-1.0, -0.5, 0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    "text", ['s "~one" # adsr 0.001 0.001 1 0.001', "~one", 's "~one" # adsr 0 0 1 0 # lpf 9000 1']
)
def test_the_pan_law(pan: float, text: str) -> None:
    how = {"rate": 22050, "cycles": Fraction(1, 2)}
    centre = frames(f"{ONE}out: {text}", **how)[5000:9000].astype(np.float64)
    found = frames(f"{ONE}out: {text} # pan {pan}", **how)[5000:9000]
    angle = (pan + 1) * np.pi / 4
    np.testing.assert_allclose(found[:, 0], centre[:, 0] * np.sqrt(2) * np.cos(angle), atol=1e-6)
    np.testing.assert_allclose(found[:, 1], centre[:, 1] * np.sqrt(2) * np.sin(angle), atol=1e-6)
    np.testing.assert_array_equal(centre[:, 0], centre[:, 1])
    assert abs(centre[0, 0]) > 0.9


def test_gain_is_linear_and_clamped() -> None:
    found = left(f'cps: 1\n{ONE}out: s "~one*4" # gain "0.25 1 7 12" # adsr 0 0 1 0')
    at = [found[i * RATE // 4 + RATE // 8] for i in range(4)]
    np.testing.assert_allclose(at, [0.25, 1.0, 7.0, 10.0], rtol=1e-6)


def test_transforms_scale_what_modifiers_say() -> None:
    found = left(f'cps: 1\n{ONE}out: s "~one ~!7" $ stut 4 0.25 0.5 # gain 0.8 # adsr 0 0 1 0')
    at = [found[i * RATE // 4 + RATE // 16] for i in range(4)]
    np.testing.assert_allclose(at, [0.8, 0.4, 0.2, 0.1], rtol=1e-6)


def test_jux_puts_the_pattern_left_and_its_change_right() -> None:
    found = frames('cps: 2\nout: s "bd ~ ~ hh" $ jux rev')
    np.testing.assert_allclose(found[:, 0], left('cps: 2\nout: s "bd ~ ~ hh"') * np.sqrt(2), atol=1e-6)
    np.testing.assert_allclose(found[:, 1], left('cps: 2\nout: s "hh ~ ~ bd"') * np.sqrt(2), atol=1e-6)


def test_a_signal_gives_a_modifier_its_value_at_the_onset() -> None:
    found = left(f'cps: 1\n{ONE}~g: line 0.2 1\nout: s "~one*4" # gain ~g # adsr 0 0 1 0')
    at = [found[i * RATE // 4 + RATE // 8] for i in range(4)]
    np.testing.assert_allclose(at, [0.2, 0.4, 0.6, 0.8], rtol=1e-5)


# Samples.


def test_a_sample_is_played_as_it_is() -> None:
    data = sample("bd", 1)
    found = played('s "bd:1"')
    np.testing.assert_allclose(found[:44], data[:44] * np.arange(44) / 44, atol=1e-6)
    np.testing.assert_allclose(found[44 : len(data) - 64], data[44:-64], atol=1e-6)
    closing = data[-64:] * (64 - np.arange(64)) / 64
    np.testing.assert_allclose(found[len(data) - 64 : len(data)], closing, atol=1e-6)
    assert not found[len(data) :].any()


def test_ar_on_a_sample() -> None:
    data = sample("amen")
    found = played('s "amen" # ar 0.05 0.2')
    envelope = percussive(2205, 8820)
    last = len(envelope) - CLOSING
    np.testing.assert_allclose(found[:last], (data[: len(envelope)] * envelope)[:last], atol=1e-5)
    assert not found[len(envelope) :].any()


def test_adsr_on_a_sample_is_released_at_the_end_of_its_slot() -> None:
    data = sample("amen")
    found = played('s "amen ~" # adsr 0.05 0.1 0.4 0.2')
    envelope = adsr(2205, 4410, 0.4, 8820, gate=22050)
    np.testing.assert_allclose(found, placed([(0, data[: len(envelope)] * envelope)], FULL), atol=1e-5)


def test_a_negative_speed_plays_backwards_from_the_end() -> None:
    data = sample("cp")
    found = played('s "cp" # speed -1')
    np.testing.assert_allclose(found[44 : len(data) - 64], data[::-1][44:-64], atol=1e-6)


def test_speed_two_takes_every_second_frame() -> None:
    data = sample("bd")
    found = played('s "bd" # speed 2')
    count = len(data) // 2
    np.testing.assert_allclose(found[44 : count - 64], data[88 : 2 * (count - 64) : 2], atol=1e-6)
    assert not found[count + 1 :].any()


@pytest.mark.parametrize(
    ("note", "speed"), [("12", 2.0), ('"c5"', 2.0), ('"c3"', 0.5), ('"7"', 2 ** (7 / 12)), ('"c4"', 1.0)]
)
def test_a_note_changes_the_speed_of_a_sample(note: str, speed: float) -> None:
    found = played(f's "casio" # note {note}')
    np.testing.assert_allclose(found, played(f's "casio" # speed {speed:.12f}'), atol=1e-5)
    if speed == 1.0:
        np.testing.assert_array_equal(found, played('s "casio"'))


def test_speed_and_note_multiply() -> None:
    np.testing.assert_array_equal(played('s "casio" # note 12 # speed 1.5'), played('s "casio" # speed 3'))


def test_a_chord_of_samples_is_a_voice_for_each_note() -> None:
    found = played('s "casio" # note "c4\'maj"')
    notes = sum(played(f's "casio" # note {note}') for note in (0, 4, 7))
    np.testing.assert_allclose(found, notes / np.sqrt(3), atol=1e-6)


def test_cut_fades_the_older_voice_in_five_milliseconds() -> None:
    free = played('s "808oh ~ ~ ~"')
    found = played('s "808oh rim ~ ~" # cut 1')
    rim = played('s "~ rim ~ ~"')
    quarter, fade = FULL // 4, 221
    rest = found - rim
    np.testing.assert_allclose(rest[:quarter], free[:quarter], atol=1e-6)
    ramp = 1 - np.arange(fade) / fade
    np.testing.assert_allclose(rest[quarter : quarter + fade], free[quarter : quarter + fade] * ramp, atol=1e-4)
    assert np.abs(rest[quarter + fade :]).max() < 1e-6
    assert rms(free[quarter + fade : quarter + 3 * fade]) > 0.001
    other = played('s "808oh ~ ~ ~" # cut 1') + played('s "~ rim ~ ~" # cut 2')
    np.testing.assert_allclose(played('s "808oh rim ~ ~" # cut "1 2 ~ ~"'), other, atol=1e-6)
