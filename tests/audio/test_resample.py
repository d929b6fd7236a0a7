"""The resampler: noise, flatness, rejection, timing, and the same bits whatever surrounds it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from farm.audio import resample

PAIRS = [(48_000, 44_100), (44_100, 48_000), (22_050, 44_100), (96_000, 44_100), (11_025, 48_000), (192_000, 44_100)]


def resampled(signal: np.ndarray, rate: int, to_rate: int) -> np.ndarray:
    return resample.resample(signal.astype(np.float32)[None], rate, to_rate)[0].astype(np.float64)


def sweep(times_s: np.ndarray, top_hz: float, dur_s: float) -> np.ndarray:
    return 0.5 * np.sin(np.pi * top_hz * times_s**2 / dur_s)


@pytest.mark.parametrize(("rate", "to_rate"), PAIRS)
def test_a_sweep_comes_out_90_db_above_its_error(rate: int, to_rate: int) -> None:
    dur_s, top_hz = 1.0, 0.45 * min(rate, to_rate)
    there = resampled(sweep(np.arange(int(rate * dur_s)) / rate, top_hz, dur_s), rate, to_rate)
    truth = sweep(np.arange(len(there)) / to_rate, top_hz, dur_s)
    inner = slice(to_rate // 50, -to_rate // 50)
    error = there[inner] - truth[inner]
    assert 10.0 * np.log10((truth[inner] ** 2).mean() / (error**2).mean()) >= 90.0


@pytest.mark.parametrize(("rate", "to_rate"), PAIRS)
def test_flat_to_0_45_of_the_lower_rate(rate: int, to_rate: int) -> None:
    for part in (0.001, 0.1, 0.3, 0.4, 0.43, 0.45):
        hz = part * min(rate, to_rate)
        tone = np.sin(2.0 * np.pi * hz * np.arange(rate // 5) / rate)
        inner = resampled(tone, rate, to_rate)[to_rate // 20 : -to_rate // 20]
        times = np.arange(to_rate // 20, to_rate // 20 + len(inner)) / to_rate
        basis = np.stack([np.sin(2.0 * np.pi * hz * times), np.cos(2.0 * np.pi * hz * times)], axis=1)
        amplitude = np.hypot(*np.linalg.lstsq(basis, inner)[0])
        assert abs(20.0 * np.log10(amplitude)) < 0.1, part


@pytest.mark.parametrize(("rate", "to_rate"), [(48_000, 44_100), (96_000, 44_100)])
def test_what_lies_above_half_the_lower_rate_is_gone(rate: int, to_rate: int) -> None:
    for hz in (to_rate / 2.0 + 10.0, 0.49 * rate):
        tone = np.sin(2.0 * np.pi * hz * np.arange(rate // 5) / rate)
        inner = resampled(tone, rate, to_rate)[to_rate // 20 : -to_rate // 20]
        assert 20.0 * np.log10(np.abs(inner).max()) < -90.0


def test_length_shape_and_equal_rates() -> None:
    frames = np.random.default_rng(0).standard_normal((2, 1001)).astype(np.float32)
    assert resample.resample(frames, 44_100, 44_100) is frames
    longer = resample.resample(frames, 44_100, 48_000)
    assert longer.shape == (2, 1090)
    assert longer.flags.c_contiguous
    assert longer.dtype == np.float32
    np.testing.assert_array_equal(resample.resample(frames[1:], 44_100, 48_000)[0], longer[1])
    assert resample.resample(frames[:, :1], 48_000, 8_000).shape == (2, 1)


def test_the_bits_do_not_depend_on_what_comes_later() -> None:
    frames = np.random.default_rng(0).standard_normal((1, 9000)).astype(np.float32)
    whole, start = resample.resample(frames, 48_000, 44_100), resample.resample(frames[:, :5000], 48_000, 44_100)
    np.testing.assert_array_equal(whole[:, :4500], start[:, :4500])


def test_constants_keep_their_level() -> None:
    inner = resampled(np.full(4000, 0.25), 44_100, 48_000)[200:-200]
    np.testing.assert_array_equal(inner, 0.25)


def test_the_series() -> None:
    x = np.linspace(-300.0, 300.0, 60_001)
    np.testing.assert_allclose(resample.sine_of_half_turns(x), np.sin(np.pi * x), rtol=0, atol=2e-13)
    near = np.linspace(-0.5, 0.5, 1001)
    np.testing.assert_allclose(resample.sine_of_half_turns(near), np.sin(np.pi * near), rtol=0, atol=4e-16)
    x = np.linspace(0.0, 14.0, 1001)
    np.testing.assert_allclose(resample._bessel_i0(x), special.i0(x), rtol=3e-15)
    window = resample._kaiser(np.linspace(-1.0, 1.0, 101))
    np.testing.assert_allclose(window, np.kaiser(101, resample.BETA), rtol=1e-12)
