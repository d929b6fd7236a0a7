"""Buses as signals: loops frame by frame, step functions, stereo, the graph's own arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.render.sound import RATE, frames, left, oscillation, stems


def test_a_bus_that_names_itself_reads_its_frame_before() -> None:
    found = left("out: ~a\n~a: 0.1 + ~a * 0.9")
    expected = np.zeros(len(found), np.float32)
    before = np.float32(0.0)
    for frame in range(len(expected)):
        before = np.float32(0.1) + before * np.float32(0.9)
        expected[frame] = before
    np.testing.assert_array_equal(found, expected)


def test_a_loop_is_closed_at_its_forward_reference() -> None:
    parts = stems("~x: saw 20 * 0.5 + ~y * 0.5\n~y: ~x # lpf 3000 0.7\no1: ~x\no2: ~y\no3: saw 20 * 0.5")
    x, y, source = (parts[name][:, 0] for name in ("o1", "o2", "o3"))
    fed_back = np.concatenate([np.zeros(1, np.float32), y[:-1]]) * np.float32(0.5)
    np.testing.assert_array_equal(x, source + fed_back)
    assert np.abs(y).max() > 0.1


def test_an_outer_bus_hears_a_loop_without_delay() -> None:
    parts = stems("~x: ~x * 0.5 + impulse 1\no1: ~x\no2: ~x * 2")
    np.testing.assert_array_equal(parts["o2"], parts["o1"] * 2)
    np.testing.assert_allclose(parts["o1"][:4, 0], [1.0, 0.5, 0.25, 0.125])


@pytest.mark.parametrize("total", ["~f + ~g", "~g + ~f"])
def test_a_bus_that_another_one_hears_too_is_the_same_bus(total: str) -> None:
    """In a sum the second bus, which plays the first, was once heard as a copy of what stands in its definition."""
    parts = stems(f"~f: saw 20\n~g: ~g * 0.5 + ~f\no1: ~f\no2: ~g\no3: {total}")
    np.testing.assert_array_equal(parts["o3"], parts["o1"] + parts["o2"])
    assert np.abs(parts["o2"] - parts["o1"]).max() > 0.5


def test_a_step_function_holds_its_value() -> None:
    found = left('cps: 1\nout: "1 ~ 0.25 -2"  ~+ (sine 1 * 0)')
    np.testing.assert_array_equal(found, np.repeat([1.0, 1.0, 0.25, -2.0], RATE // 4))


def test_a_gate_falls_to_zero_where_it_rests_with_two_millisecond_ramps() -> None:
    found = left('cps: 1\nout: line 1 1 * "1 ~ 0.5 ~"')
    quarter, ramp = RATE // 4, 16
    down = 1 - np.arange(ramp) / ramp
    np.testing.assert_allclose(found[quarter : quarter + ramp], down, atol=1e-6)
    np.testing.assert_allclose(found[2 * quarter : 2 * quarter + ramp], (1 - down) * 0.5, atol=1e-6)
    held = found.reshape(4, quarter)[:, ramp:]
    np.testing.assert_array_equal(held, np.repeat([[1.0], [0.0], [0.5], [0.0]], quarter - ramp, axis=1))


def test_a_step_falls_on_its_frame() -> None:
    found = left('cps: 0.7\nout: "1 2 3" ~+ (sine 1 * 0)', cycles=Fraction(2))
    changes = np.flatnonzero(np.diff(found)) + 1
    exact = [Fraction(i, 3) * RATE / Fraction(7, 10) for i in range(1, 6)]
    assert changes.tolist() == [int((at + Fraction(1, 2)).__floor__()) for at in exact]


@pytest.mark.parametrize("hertz", ["0", "-5"])
def test_a_frequency_of_zero_freezes_the_phase(hertz: str) -> None:
    np.testing.assert_array_equal(left(f"out: saw {hertz}"), -1.0)


def test_a_modulated_oscillator_follows_its_frequency() -> None:
    found = left("out: sine (line 100 300)")
    hertz = 100 + 200 * np.arange(len(found)) / len(found)
    turns = np.concatenate([[0.0], np.cumsum(hertz / RATE)[:-1]])
    np.testing.assert_allclose(found, np.sin(2 * np.pi * turns), atol=3e-3)


def test_buses_are_stereo_throughout() -> None:
    found = frames('cps: 2\n~d: s "rim*4" # pan "-1 1"\nout: ~d # lpf 2000 1')
    sides = [
        frames(f'cps: 2\n~d: s "{text}" # pan {pan}\nout: ~d # lpf 2000 1')
        for text, pan in (("rim*2 ~", -1), ("~ rim*2", 1))
    ]
    np.testing.assert_allclose(found[:, 0], sides[0][:, 0], atol=1e-6)
    np.testing.assert_allclose(found[:, 1], sides[1][:, 1], atol=1e-6)
    assert not sides[0][:, 1].any()
    assert np.abs(sides[0][:, 0]).max() > 0.1


def test_a_line_of_three_numbers_runs_once() -> None:
    found = left("cps: 1\nout: line 1 3 0.5", cycles=Fraction(2))
    half = RATE // 2
    np.testing.assert_allclose(found[:half], 1 + 2 * np.arange(half) / half, atol=1e-6)
    np.testing.assert_array_equal(found[half:], 3.0)


def test_adsr_as_a_signal_begins_with_every_cycle() -> None:
    found = left("cps: 2\nout: adsr 0.05 0.1 0.5 0.1", cycles=Fraction(3))
    half, n = RATE // 2, np.arange(RATE // 2)
    shape = np.minimum(n / 400, np.maximum(1 - np.maximum(n - 400, 0) * 0.5 / 800, 0.5))
    shape = shape * np.clip((half - n) / 800, 0, 1)
    np.testing.assert_allclose(found, np.tile(shape, 3), atol=1e-5)


def test_forward_references_are_in_the_same_frame() -> None:
    found = left("out: ~later * 0.5\n~later: sine 100")
    np.testing.assert_allclose(found, oscillation(100, len(found)) * 0.5, atol=1e-4)


def test_a_signal_sets_the_pace_of_a_pattern_at_each_cycle() -> None:
    """-1 .. 1 is a quarter .. four times: 1 in the first cycle, -1 in the second, read at their starts."""
    text = 'cps: 2\n~p: "<1 -1>" ~+ (sine 1 * 0)\nout: s "rim*2" $ fast ~p'
    first = left(text)
    np.testing.assert_array_equal(first, left('cps: 2\nout: s "rim*8"'))
    both = left(text, cycles=Fraction(2))
    assert np.abs(both[RATE // 2 + 1000 :]).max() < 0.001, "a quarter as fast: at most one hit at its start"
