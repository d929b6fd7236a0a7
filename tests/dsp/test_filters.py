"""Filters against their analog prototypes, and their stability."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ..workers.harness import RATE_HZ, Machine
from .sound import impulse, play, white

FRAMES = 1 << 16


def prototype_db(name: str, cutoff_hz: float, q: float, freq_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level of the analog second-order filter at the frequencies to which the bilinear transform maps `freq_hz`."""
    s = 1j * np.tan(np.pi * freq_hz / RATE_HZ) / np.tan(np.pi * min(cutoff_hz / RATE_HZ, 0.49))
    response = {"lpf": 1.0, "hpf": s * s, "bpf": s, "notch": s * s + 1.0}[name] / (s * s + s / q + 1.0)
    return 20 * np.log10(np.abs(response))


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
@pytest.mark.parametrize("name", ["lpf", "hpf", "bpf", "notch"])
def test_magnitude_is_that_of_the_analog_prototype(name: str, signals: bool, machine: Machine) -> None:
    cutoffs = np.array([20.0, 55.0, 200.0, 800.0, 3000.0, 8000.0, 12000.0, 20000.0])
    freq_hz = np.fft.rfftfreq(FRAMES, 1 / RATE_HZ)
    heard = (freq_hz >= 20.0) & (freq_hz <= 0.4 * RATE_HZ)
    for q in (0.3, 0.707, 1.0, 4.0, 20.0):
        params = {"cutoff_hz": cutoffs, "q": q}
        # At 20 Hz and q 20 the impulse response is not over after the FFT's length: take more of it.
        y = play(machine, name, 4 * FRAMES, params, inputs={"input": impulse(4 * FRAMES)}, signals=signals)
        spectrum = np.fft.rfft(y.astype(np.float64), axis=0)[::4]
        level = 20 * np.log10(np.abs(spectrum) + 1e-30)
        for lane, cutoff_hz in enumerate(cutoffs):
            expected = prototype_db(name, cutoff_hz, q, np.maximum(freq_hz, 1e-3))
            wanted = heard & (expected > -80.0)
            error = np.abs(level[wanted, lane] - expected[wanted])
            assert error.max() < 0.1, (
                f"{name} {cutoff_hz} {q}: {error.max():.3f} dB at {freq_hz[wanted][error.argmax()]}"
            )


@pytest.mark.parametrize("name", ["lpf", "hpf", "bpf", "notch"])
def test_wild_modulation_stays_bounded(name: str, machine: Machine) -> None:
    frames = 50_000
    rng = np.random.default_rng(4)
    every = np.array([1, 2, 3, 7, 20, 100, 1000, 5000])
    cutoff_hz = np.empty((frames, 8))
    q = np.empty((frames, 8))
    for lane, hold in enumerate(every):
        count = -(-frames // hold)
        cutoff_hz[:, lane] = np.repeat(np.exp(rng.uniform(np.log(1.0), np.log(100_000.0), count)), hold)[:frames]
        q[:, lane] = np.repeat(np.exp(rng.uniform(np.log(0.01), np.log(100.0), count)), hold)[:frames]
    params = {"cutoff_hz": cutoff_hz, "q": q}
    y = play(machine, name, frames, params, inputs={"input": white(frames)}, signals=True)
    assert np.isfinite(y).all()
    assert np.abs(y).max() < 100.0


def test_band_pass_is_as_loud_as_its_q_and_notch_is_silent_there(machine: Machine) -> None:
    frames = 2 * RATE_HZ
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(frames) / RATE_HZ).astype(np.float32)
    q = np.array([0.3, 0.5, 0.707, 1.0, 2.0, 5.0, 10.0, 20.0])
    for name, expected in (("bpf", q), ("notch", np.zeros(8))):
        y = play(machine, name, frames, {"cutoff_hz": 1000.0, "q": q}, inputs={"input": tone})
        assert np.abs(y[RATE_HZ:]).max(axis=0) == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_bright_high_pass_on_noise_keeps_its_peak(machine: Machine) -> None:
    x = white(RATE_HZ * 5)
    y = play(machine, "hpf", len(x), {"cutoff_hz": 8000.0, "q": 0.7}, inputs={"input": x})
    assert 0.3 < np.abs(y).max() < 1.5 * np.abs(x).max()


def test_default_q_is_one(machine: Machine) -> None:
    x = white(500)
    by_default = play(machine, "lpf", 500, {"cutoff_hz": 800.0}, inputs={"input": x})
    assert np.array_equal(by_default, play(machine, "lpf", 500, {"cutoff_hz": 800.0, "q": 1.0}, inputs={"input": x}))
