"""Frequency modulation against Bessel functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import jv

from ..workers.harness import RATE_HZ, Machine
from .sound import amplitudes, play


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
def test_sidebands_are_bessel_functions(signals: bool, machine: Machine) -> None:
    """Partial c + k m has amplitude |J_k(index)|; those below 0 Hz stand at their magnitude, turned over."""
    index = np.array([0.0, 0.1, 0.5, 1.0, 2.5, 5.0, 8.0, 2.4048])
    params = {"carrier_hz": 2000.0, "modulator_hz": 300.0, "index": index}
    y = play(machine, "fm", RATE_HZ, params, signals=signals).astype(np.float64)
    for lane, depth in enumerate(index):
        found = amplitudes(y[:, lane])
        for k in range(-25, 26):
            expected = abs(jv(k, depth))
            assert found[abs(2000 + 300 * k)] == pytest.approx(expected, rel=1e-3, abs=2e-5), (depth, k)


def test_fm_by_its_formula(machine: Machine) -> None:
    frames = RATE_HZ
    t = np.arange(frames) / RATE_HZ
    carrier = np.array([110.0, 440.0, 220.0, 0.0, 1000.0, 5000.0, 55.0, 880.0])
    modulator = np.array([110.0, 0.0, 313.0, 2.0, 1.0, 7000.0, 55.5, 880.0])
    index = np.array([1.0, 3.0, 0.0, 2.0, 50.0, 0.5, 10.0, 4.0])
    y = play(machine, "fm", frames, {"carrier_hz": carrier, "modulator_hz": modulator, "index": index})
    for lane in range(8):
        bend = index[lane] * np.sin(2 * np.pi * modulator[lane] * t)
        exact = np.sin(2 * np.pi * carrier[lane] * t + bend)
        # Frequencies are rounded to 1e-5 Hz.
        assert np.abs(y[:, lane] - exact).max() < 1e-4 * (1 + index[lane])


def test_a_moving_index_is_heard_at_once(machine: Machine) -> None:
    frames = 4000
    index = np.where(np.arange(frames) < 2000, 0.0, 3.0)
    params = {"carrier_hz": 440.0, "modulator_hz": 220.0, "index": index}
    y = play(machine, "fm", frames, params, signals=True)[:, 0]
    plain = play(machine, "sine", frames, {"freq_hz": 440.0}, signals=True)[:, 0]
    assert np.array_equal(y[:2000], plain[:2000])
    assert np.abs(y[2000:] - plain[2000:]).max() > 0.5
