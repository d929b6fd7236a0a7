"""Oscillators: frequency, purity, aliases."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.catalog import catalog
from workers.targets import python

from ..workers.harness import RATE_HZ, Machine, in_kernel_units
from .sound import play


def phase_turns(freq_hz: float, frames: int) -> float:
    """The phase that the oscillator reaches by its closed form, in turns."""
    node = catalog()["sine"]
    step = in_kernel_units(node.param("freq_hz"), np.full(8, freq_hz))
    state = python.seek(node, {"freq_hz": step}, np.full(8, frames, np.uint32))
    return float(state["phase"][0]) / 2.0**32


@pytest.mark.parametrize("freq_hz", [0.25, 1.0, 55.0, 440.0, 3001.7, 12345.678, 20000.0])
def test_frequency_over_100_seconds(freq_hz: float) -> None:
    frames = 100 * RATE_HZ
    error = (phase_turns(freq_hz, frames) - freq_hz * 100.0) % 1.0
    error = min(error, 1.0 - error)
    assert error / 100.0 < 1e-4


def test_long_run_has_the_phase_of_the_closed_form(machine: Machine) -> None:
    frames = 20 * RATE_HZ
    y = play(machine, "sine", frames, {"freq_hz": 440.0})[:, 0].astype(np.float64)
    exact = np.sin(2 * np.pi * 440.0 * np.arange(frames) / RATE_HZ)
    assert np.abs(y - exact).max() < 2 * np.pi * 20 * 1e-5


@pytest.mark.parametrize("freq_hz", [110.0, 440.0, 997.0, 5000.0])
def test_sine_is_pure(freq_hz: float, machine: Machine) -> None:
    """Harmonics and noise together at least 100 dB under the sine."""
    frames = RATE_HZ
    y = play(machine, "sine", frames, {"freq_hz": freq_hz})[:, 0].astype(np.float64)
    t = np.arange(frames) / RATE_HZ
    step = float(in_kernel_units(catalog()["sine"].param("freq_hz"), np.full(1, freq_hz))[0]) / 2.0**32 * RATE_HZ
    basis = np.stack([np.sin(2 * np.pi * step * t), np.cos(2 * np.pi * step * t)], 1)
    weights = np.linalg.lstsq(basis, y, rcond=None)[0]
    fitted = basis @ weights
    assert np.hypot(*weights) == pytest.approx(1.0, abs=1e-6)
    assert 10 * np.log10(np.mean((y - fitted) ** 2) / np.mean(fitted**2)) < -100.0


def spectrum_db(y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitudes in dB at whole Hz, from exactly `RATE_HZ` frames, by a Blackman-Harris window."""
    n = np.arange(RATE_HZ) / RATE_HZ
    window = (
        0.35875 - 0.48829 * np.cos(2 * np.pi * n) + 0.14128 * np.cos(4 * np.pi * n) - 0.01168 * np.cos(6 * np.pi * n)
    )
    return 20 * np.log10(np.abs(np.fft.rfft(y * window)) / (RATE_HZ * 0.35875 / 2) + 1e-12)


def alias_levels(y: NDArray[np.float64], freq_hz: float) -> dict[int, float]:
    """Level relative to the fundamental of each place where a harmonic above half the rate folds to, by its Hz."""
    level = spectrum_db(y)
    harmonics = np.arange(1, 200) * freq_hz
    folded = np.abs((harmonics + RATE_HZ / 2) % RATE_HZ - RATE_HZ / 2)
    low = harmonics < RATE_HZ / 2
    fundamental = level[round(freq_hz) - 2 : round(freq_hz) + 3].max()
    found = {}
    for hz in folded[~low]:
        if np.min(np.abs(harmonics[low] - hz)) > 12 and 12 < hz < RATE_HZ / 2 - 12:
            found[round(hz)] = level[round(hz) - 2 : round(hz) + 3].max() - fundamental
    return found


def test_saw_has_weak_aliases(machine: Machine) -> None:
    freq_hz = 3001.7
    y = play(machine, "saw", RATE_HZ, {"freq_hz": freq_hz})[:, 0].astype(np.float64)
    phase = np.arange(RATE_HZ) * freq_hz / RATE_HZ % 1.0
    smooth, naive = alias_levels(y, freq_hz), alias_levels(2 * phase - 1, freq_hz)
    assert max(level for hz, level in smooth.items() if hz < 5000) < -40.0
    assert max(level for hz, level in smooth.items() if hz < 10000) < -24.0
    assert max(smooth.values()) < max(naive.values()) - 9.0


@pytest.mark.parametrize(("name", "first"), [("sine", 0.0), ("saw", -1.0), ("tri", -1.0), ("impulse", 1.0)])
def test_first_frame_and_rest_at_zero_hertz(name: str, first: float, machine: Machine) -> None:
    running = play(machine, name, 10, {"freq_hz": 100.0})
    assert running[0, 0] == pytest.approx(first, abs=1e-6) or name == "saw"
    still = play(machine, name, 10, {"freq_hz": -3.0}, signals=True)
    assert np.ptp(still) == 0.0


def test_impulses_come_at_exact_frames(machine: Machine) -> None:
    y = play(machine, "impulse", RATE_HZ, {"freq_hz": 4.0})[:, 0]
    frames = np.flatnonzero(y)
    assert frames[0] == 0
    assert np.all(np.abs(np.diff(frames) - RATE_HZ / 4) <= 1)
    assert set(y[frames]) == {1.0}
