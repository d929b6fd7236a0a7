"""Oscillators: frequency, purity, aliases."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.catalog import catalog
from workers.targets import python

from ..workers.harness import RATE_HZ, Machine, in_kernel_units
from .sound import alias_levels, amplitudes, play


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


def test_saw_has_weak_aliases(machine: Machine) -> None:
    freq_hz = 3001.7
    y = play(machine, "saw", RATE_HZ, {"freq_hz": freq_hz})[:, 0].astype(np.float64)
    phase = np.arange(RATE_HZ) * freq_hz / RATE_HZ % 1.0
    smooth, naive = alias_levels(y, [freq_hz]), alias_levels(2 * phase - 1, [freq_hz])
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


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
def test_pulse_is_a_square_at_half_and_constant_at_the_ends(signals: bool, machine: Machine) -> None:
    widths = np.array([0.5, 0.5, 0.0, 1.0, -3.0, 7.0, 0.25, 0.75])
    params = {"freq_hz": np.where(np.arange(8) == 1, 3001.7, 220.0), "width": widths}
    y = play(machine, "pulse", 5000, params, signals=signals)
    square = play(machine, "square", 5000, {"freq_hz": params["freq_hz"]}, signals=signals)
    assert np.array_equal(y[:, :2], square[:, :2])
    assert set(y[:, 2]) == set(y[:, 4]) == {-1.0}
    assert set(y[:, 3]) == set(y[:, 5]) == {1.0}
    assert y[:4410, 6:].mean(axis=0) == pytest.approx([-0.5, 0.5], abs=0.01)


def test_partials_of_the_pulse(machine: Machine) -> None:
    """Partial k of a pulse of width w has amplitude 4 / (pi k) |sin(pi k w)|; the mean is 2 w - 1."""
    widths = np.array([0.1, 0.2, 0.25, 0.3, 1 / 3, 0.5, 0.7, 0.9])
    freq_hz = 100.0
    y = play(machine, "pulse", RATE_HZ, {"freq_hz": freq_hz, "width": widths}).astype(np.float64)
    for lane, width in enumerate(widths):
        found = amplitudes(y[:, lane])
        assert y[:, lane].mean() == pytest.approx(2 * width - 1, abs=1e-3)
        for partial in range(1, 31):
            expected = 4 / (np.pi * partial) * abs(np.sin(np.pi * partial * width))
            # PolyBLEP dulls partial k by about 20 log10 sinc^2; at 3 kHz that is 0.13 dB.
            assert found[round(partial * freq_hz)] == pytest.approx(expected, rel=0.02, abs=1e-4), (width, partial)


@pytest.mark.parametrize("width", [0.5, 0.3, 0.05])
def test_pulse_has_weak_aliases(width: float, machine: Machine) -> None:
    freq_hz = 3001.7
    y = play(machine, "pulse", RATE_HZ, {"freq_hz": freq_hz, "width": width})[:, 0].astype(np.float64)
    phase = np.arange(RATE_HZ) * freq_hz / RATE_HZ % 1.0
    smooth, naive = alias_levels(y, [freq_hz]), alias_levels(np.where(phase < width, 1.0, -1.0), [freq_hz])
    assert max(level for hz, level in smooth.items() if hz < 5000) < -38.0
    assert max(level for hz, level in smooth.items() if hz < 10000) < -22.0
    assert max(smooth.values()) < max(naive.values()) - 8.0


def supersaw_formula(
    freq_hz: float, detune: float, voices: int, frames: int
) -> tuple[NDArray[np.float64], list[float]]:
    """Language 5.4 with naive saws, NaN within two frames of a jump, where they are smoothed; and their frequencies."""
    total, hertz = np.zeros(frames), []
    for i in range(voices):
        apart = -1 + 2 * i / (voices - 1)
        hertz.append(freq_hz * (1 + apart * detune * 0.1))
        phase = (np.arange(frames) * hertz[-1] / RATE_HZ + i * 0.13) % 1.0
        near = np.minimum(phase, 1 - phase) < 2 * hertz[-1] / RATE_HZ
        total += np.where(near, np.nan, 2 * phase - 1)
    return total * 0.7 / voices, hertz


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
def test_supersaw_by_its_formula(signals: bool, machine: Machine) -> None:
    frames = RATE_HZ
    voices = np.array([2, 3, 4, 5, 6, 7, 9, 1])
    detune = np.array([0.3, 0.5, 1.0, 0.1, 0.0, 0.3, 0.2, 0.7])
    freq_hz = np.array([55.0, 110.0, 220.0, 82.4, 33.0, 41.2, 55.0, 110.0])
    y = play(machine, "supersaw", frames, {"freq_hz": freq_hz, "detune": detune, "voices": voices}, signals=signals)
    for lane in range(8):
        expected, _ = supersaw_formula(freq_hz[lane], detune[lane], int(np.clip(voices[lane], 2, 7)), frames)
        known = ~np.isnan(expected)
        assert known.mean() > 0.5
        assert np.abs(y[known, lane] - expected[known]).max() < (2e-3 if signals else 2e-4)


@pytest.mark.parametrize(("voices", "detune"), [(2, 0.3), (3, 0.5), (7, 0.0)])
def test_supersaw_has_weak_aliases(voices: int, detune: float, machine: Machine) -> None:
    freq_hz = 3001.7
    params = {"freq_hz": freq_hz, "detune": detune, "voices": voices}
    y = play(machine, "supersaw", RATE_HZ, params)[:, 0].astype(np.float64)
    apart = np.linspace(-1, 1, voices) * detune * 0.1
    levels = alias_levels(y, list(freq_hz * (1 + apart)))
    assert max(level for hz, level in levels.items() if hz < 5000) < -38.0
    assert max(level for hz, level in levels.items() if hz < 10000) < -22.0
