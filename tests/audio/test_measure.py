"""Measurements against signals whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from farm.audio import measure
from tests import measuring

RATE = 44_100


def tone(hz: float, dur_s: float, level: float = 1.0) -> np.ndarray:
    return level * np.sin(2.0 * np.pi * hz * np.arange(round(dur_s * RATE)) / RATE)


def test_peak_and_rms() -> None:
    assert measuring.peak_dbfs(np.array([[0.1, -0.5], [0.2, 0.3]])) == pytest.approx(-6.0206, abs=1e-4)
    assert measuring.rms_dbfs(tone(441.0, 1.0)) == pytest.approx(-3.0103, abs=1e-3)
    assert measuring.rms_dbfs(np.stack([tone(441.0, 1.0), np.zeros(RATE)], axis=1)) == pytest.approx(-6.0206, abs=1e-3)
    assert measuring.peak_dbfs(np.zeros((0, 2))) == measuring.rms_dbfs(np.zeros(5)) == -np.inf


def test_levels() -> None:
    signal = np.concatenate([np.full(4410, 0.1), np.zeros(4410), np.full(100, 1.0)])
    np.testing.assert_allclose(measuring.levels_dbfs(signal, RATE), [-20.0, -np.inf, 0.0])
    assert len(measuring.levels_dbfs(np.zeros((0, 2)), RATE)) == 0
    assert len(measuring.levels_dbfs(np.zeros(RATE), RATE, 0.25)) == 4


def test_dc_offset() -> None:
    frames = np.stack([tone(441.0, 1.0) + 0.25, tone(441.0, 1.0)], axis=1)
    np.testing.assert_allclose(measuring.dc_offset(frames), [0.25, 0.0], atol=1e-9)


def test_onsets_to_the_frame() -> None:
    places = [0, 5000, 9000, 20_000]
    signal = np.zeros(30_000)
    for place in places:
        signal[place : place + 2000] += (0.5 * np.cos(np.arange(2000) * 0.3)) * 0.995 ** np.arange(2000)
    np.testing.assert_array_equal(measuring.onsets(signal, RATE), places)
    np.testing.assert_array_equal(measuring.onsets(np.stack([0 * signal, signal], axis=1), RATE), places)


def test_no_onset_in_silence_in_a_steady_tone_or_below_the_floor() -> None:
    assert len(measuring.onsets(np.zeros(RATE), RATE)) == 0
    assert len(measuring.onsets(np.zeros(0), RATE)) == 0
    np.testing.assert_array_equal(measuring.onsets(tone(60.0, 1.0, 0.9), RATE) < 300, [True])
    assert len(measuring.onsets(tone(60.0, 1.0, 0.0009), RATE)) == 0


def test_decay() -> None:
    signal = 10.0 ** (-np.arange(RATE) / RATE * 100.0 / 20.0)  # 100 dB a second
    assert measuring.decay_s(signal, RATE) == pytest.approx(0.4, abs=1e-3)
    assert measuring.decay_s(signal, RATE, 20.0) == pytest.approx(0.2, abs=1e-3)
    assert measuring.decay_s(np.zeros(10), RATE) == 0.0


def test_the_spectrum_puts_a_tone_into_its_band_at_its_level() -> None:
    edges = measuring.octave_bands_hz(RATE)
    for hz in (40.0, 1000.0, 15_000.0):
        bands = measuring.spectrum_db(tone(hz, 1.0, 0.5), RATE)
        assert len(bands) == len(edges) - 1
        band = int(np.argmax(bands))
        assert edges[band] <= hz < edges[band + 1]
        assert bands[band] == pytest.approx(-9.03, abs=0.7)
    white = np.random.default_rng(2).uniform(-1.0, 1.0, RATE * 2)
    bands = measuring.spectrum_db(white, RATE)
    np.testing.assert_allclose(np.diff(bands)[3:-1], 3.01, atol=0.7)
    whole_db = measure.decibels(np.sqrt((10.0 ** (bands / 10.0)).sum()))
    assert whole_db == pytest.approx(measuring.rms_dbfs(white), abs=0.2)


def test_a_tally_of_pieces_is_that_of_the_whole() -> None:
    frames = np.random.default_rng(4).uniform(-0.7, 0.9, (10_000, 2)).astype(np.float32)
    whole, pieces = measure.Tally().over(frames), measure.Tally()
    for piece in np.array_split(frames, 7):
        pieces = pieces.over(piece)
    assert (whole.frames, whole.samples) == (pieces.frames, pieces.samples) == (10_000, 20_000)
    assert whole.peak_dbfs == pieces.peak_dbfs == measuring.peak_dbfs(frames)
    assert whole.rms_dbfs == pytest.approx(pieces.rms_dbfs, abs=1e-9)
    assert whole.dc_offset == pytest.approx(frames.mean(dtype=np.float64))
    assert measure.Tally().rms_dbfs == -np.inf
