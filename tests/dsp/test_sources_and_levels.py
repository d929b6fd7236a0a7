"""Noise, arithmetic and pan."""

from __future__ import annotations

import numpy as np
import pytest

from ..workers.harness import Machine
from .sound import play, white


def test_noise_is_uniform_and_of_its_own_place(machine: Machine) -> None:
    y = play(machine, "noise", 40_000, seed=np.arange(8)).astype(np.float64)
    assert np.abs(y).max() <= 1.0
    assert y.std() == pytest.approx(1 / np.sqrt(3), rel=0.01)
    correlations = np.corrcoef(y.T) - np.eye(8)
    assert np.abs(correlations).max() < 0.03


def test_noise_spectrum_is_flat(machine: Machine) -> None:
    y = play(machine, "noise", 1 << 16)[:, 0].astype(np.float64)
    power = np.abs(np.fft.rfft(y)[1:]) ** 2
    bands = power[: len(power) // 16 * 16].reshape(16, -1).mean(1)
    assert np.abs(10 * np.log10(bands / bands.mean())).max() < 0.5


@pytest.mark.parametrize(("amplitude", "peak"), [(0.25, 0.25), (0.0, 1.0), (-2.0, 1.0)])
def test_noise_amplitude(amplitude: float, peak: float, machine: Machine) -> None:
    y = play(machine, "noise", 20_000, {"amplitude": amplitude})
    assert np.abs(y).max() == pytest.approx(peak, rel=1e-3)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_arithmetic_is_that_of_float32(name: str, machine: Machine) -> None:
    a, b = white(500, 1), white(500, 2)
    b[::10] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = {"add": a + b, "sub": a - b, "mul": a * b, "div": np.where(b == 0, np.float32(0), a / b)}[name]
    y = play(machine, name, 500, inputs={"a": a, "b": b})
    assert np.array_equal(y[:, 0], expected)


def test_gain_and_hold(machine: Machine) -> None:
    x = white(100)
    assert np.array_equal(play(machine, "gain", 100, {"amount": 0.3}, inputs={"input": x})[:, 0], x * np.float32(0.3))
    assert set(play(machine, "hold", 100, {"value": 0.3}).ravel()) == {np.float32(0.3)}


@pytest.mark.parametrize("position", [-1.0, -0.5, 0.0, 0.3, 1.0, 7.0])
def test_pan_keeps_power_and_unity_in_the_centre(position: float, machine: Machine) -> None:
    side = np.array([1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    y = play(machine, "pan", 10, {"position": position}, inputs={"input": np.ones(10)}, side=side, signals=True)[0]
    theta = np.pi / 4 * (1 + min(position, 1.0))
    assert y[:2] == pytest.approx([np.sqrt(2) * np.cos(theta), np.sqrt(2) * np.sin(theta)], abs=1e-6)
    assert set(y[2:]) == {1.0}
    if position == 0.0:
        assert set(y) == {1.0}
    if position == 1.0:
        assert y[0] == 0.0
