"""Rounding and dither: their rules and their statistics."""

from __future__ import annotations

import time

import numpy as np
import pytest

from farm.audio import dither

FRAMES = 1 << 18


def test_the_density_is_triangular() -> None:
    values = dither.triangular(7, 0, 0, FRAMES)
    assert np.abs(values).max() < 1.0
    assert abs(values.mean()) < 0.004
    assert values.var() == pytest.approx(1.0 / 6.0, rel=0.01)
    counts, _ = np.histogram(values, 16, (-1.0, 1.0))
    edges = np.linspace(-1.0, 1.0, 17)
    mass = np.diff(np.where(edges < 0.0, 0.5 * (1.0 + edges) ** 2, 1.0 - 0.5 * (1.0 - edges) ** 2))
    chi_squared = ((counts - mass * FRAMES) ** 2 / (mass * FRAMES)).sum()
    assert chi_squared < 40.0  # 15 degrees of freedom: p < 0.0005


def test_values_do_not_correlate_in_time_or_between_channels_and_seeds() -> None:
    values = dither.triangular(7, 0, 0, FRAMES)
    bound = 4.5 / np.sqrt(FRAMES)
    for lag in (1, 2, 3, 4, 16, 64, 4096):
        assert abs(np.corrcoef(values[lag:], values[:-lag])[0, 1]) < bound, lag
    for other in (dither.triangular(7, 1, 0, FRAMES), dither.triangular(8, 0, 0, FRAMES)):
        assert abs(np.corrcoef(values, other)[0, 1]) < bound
    spectrum = np.abs(np.fft.rfft(values)) ** 2
    tenths = [part.mean() for part in np.array_split(spectrum[1:], 10)]
    np.testing.assert_allclose(tenths, np.mean(tenths), rtol=0.05)


def test_places_are_absolute_also_beyond_32_bits() -> None:
    whole = dither.triangular(1, 0, (1 << 32) - 50, 100)
    np.testing.assert_array_equal(whole[:50], dither.triangular(1, 0, (1 << 32) - 50, 50))
    np.testing.assert_array_equal(whole[50:], dither.triangular(1, 0, 1 << 32, 50))
    assert not np.array_equal(dither.triangular(1, 0, 0, 50), whole[50:])


def test_a_known_value_holds_on_every_host() -> None:
    np.testing.assert_array_equal(dither.triangular(0, 0, 0, 4) * 65536, [11_049, 26_066, 42_924, -30_906])


@pytest.mark.parametrize("bits", [16, 24])
def test_the_mean_error_is_nought_for_any_fraction_of_a_step(bits: int) -> None:
    scale = 2.0 ** (bits - 1)
    for fraction in (0.0, 0.25, 0.5, 0.8):
        frames = np.full((FRAMES, 1), (fraction + 3.0) / scale, np.float32)
        integers, clipped = dither.quantise(frames, bits, 11, 0)
        error = integers[:, 0] - frames[:, 0].astype(np.float64) * scale
        assert clipped == 0
        assert abs(error.mean()) < 0.01
        assert error.var() == pytest.approx(0.25, rel=0.02)  # 1/6 of the dither and 1/12 of the rounding


def test_the_error_does_not_correlate_with_a_quiet_signal() -> None:
    signal = 1.3 * np.sin(2.0 * np.pi * 997.0 * np.arange(FRAMES) / 44_100.0) / 32_768.0
    integers, _ = dither.quantise(signal.astype(np.float32)[:, None], 16, 3, 0)
    error = integers[:, 0] / 32_768.0 - signal
    assert abs(np.corrcoef(signal, error)[0, 1]) < 0.01


@pytest.mark.parametrize("bits", [16, 24])
def test_the_rounding_rule(bits: int) -> None:
    """floor(x·2^(bits − 1) + dither + 1/2), clamped; exact in float64."""
    scale = 2.0 ** (bits - 1)
    frames = np.random.default_rng(1).uniform(-1.01, 1.01, (9000, 2)).astype(np.float32)
    integers, clipped = dither.quantise(frames, bits, 5, 1234)
    noise = np.stack([dither.triangular(5, channel, 1234, 9000) for channel in range(2)], axis=1)
    exact = np.floor(frames.astype(np.float64) * scale + noise + 0.5)
    np.testing.assert_array_equal(integers, np.clip(exact, -scale, scale - 1))
    assert clipped == np.count_nonzero(((exact < -scale) | (exact > scale - 1)).any(axis=1)) > 0
    assert integers.dtype == (np.int16 if bits == 16 else np.int32)


def test_halves_round_up() -> None:
    noise = dither.triangular(5, 0, 0, 1000)
    steps = (np.arange(-500, 500) + 0.5 - noise) / 2.0**23
    exact = steps.astype(np.float32).astype(np.float64) == steps
    assert exact.sum() > 100
    integers, _ = dither.quantise(steps.astype(np.float32)[:, None], 24, 5, 0)
    np.testing.assert_array_equal(integers[exact, 0], np.arange(-499, 501)[exact])


def test_the_dither_is_cheap() -> None:
    best = np.inf
    for _ in range(20):
        start = time.perf_counter()
        dither.triangular(1, 0, 0, 4096)
        best = min(best, time.perf_counter() - start)
    assert best / 4096 < 30e-9  # 5 ns on a quiet machine
