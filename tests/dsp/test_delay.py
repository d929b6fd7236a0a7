"""Echoes of the delay."""

from __future__ import annotations

import numpy as np
import pytest

from ..workers.harness import RATE_HZ, Machine
from .sound import impulse, play, white


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
@pytest.mark.parametrize("delay_frames", [1, 2, 63, 64, 65, 4410])
def test_echoes_come_at_exact_frames(delay_frames: int, signals: bool, machine: Machine) -> None:
    frames = 4 * delay_frames + 1
    params = {"time_s": delay_frames / RATE_HZ, "feedback": 0.5, "mix": 0.25}
    if signals:
        # Whole frames survive the product with the rate only where the quotient is a float32.
        params["time_s"] = float(np.float32(delay_frames / RATE_HZ))
    y = play(machine, "delay", frames, params, inputs={"input": 0.5 * impulse(frames)}, signals=signals)[:, 0]
    assert y[0] == pytest.approx(0.5 * 0.75)
    written = np.tanh(0.5)
    for echo in range(1, 4):
        assert y[echo * delay_frames] == pytest.approx(0.25 * written, rel=2e-3 if signals else 1e-6)
        written = np.tanh(0.5 * written)
    if not signals:
        assert np.flatnonzero(y).tolist() == [echo * delay_frames for echo in range(5)]


def test_longest_echo(machine: Machine) -> None:
    frames = 10 * RATE_HZ + 70
    y = play(
        machine,
        "delay",
        frames,
        {"time_s": 10.0, "mix": 1.0},
        inputs={"input": impulse(frames, 3)},
        ring_frames=1 << 19,
    )
    assert np.flatnonzero(y[:, 0]).tolist() == [10 * RATE_HZ + 3]


def test_no_time_at_all_is_one_frame(machine: Machine) -> None:
    y = play(machine, "delay", 8, {"time_s": 0.0, "feedback": 0.0, "mix": 1.0}, inputs={"input": impulse(8, 2)})
    assert np.flatnonzero(y[:, 0]).tolist() == [3]


def test_time_between_frames_is_interpolated(machine: Machine) -> None:
    time_s = float(np.float32(10.25 / RATE_HZ))
    y = play(
        machine,
        "delay",
        20,
        {"time_s": time_s, "feedback": 0.0, "mix": 1.0},
        inputs={"input": impulse(20)},
        signals=True,
    )[:, 0]
    assert y[10] == pytest.approx(0.75 * np.tanh(1.0), abs=1e-4)
    assert y[11] == pytest.approx(0.25 * np.tanh(1.0), abs=1e-4)


def test_loop_is_bounded(machine: Machine) -> None:
    frames = 30_000
    y = play(
        machine,
        "delay",
        frames,
        {"time_s": 0.01, "feedback": 0.99, "mix": 1.0},
        inputs={"input": 100.0 * white(frames)},
    )
    assert np.abs(y).max() <= 1.0


def test_lane_hears_nothing_from_before_its_origin(machine: Machine) -> None:
    """Another voice's echoes left in the line are not this voice's."""
    origin = np.array([0, 50, 0, 50, 0, 50, 0, 50])
    params = {"time_s": 40 / RATE_HZ, "feedback": 0.0, "mix": 1.0}
    y = play(machine, "delay", 100, params, inputs={"input": impulse(100, 30)}, origin=origin)
    assert np.flatnonzero(y[:, 0]).tolist() == [70]
    assert not y[:, 1].any()
