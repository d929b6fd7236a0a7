"""The quantiser in whole numbers: equal to `farm.audio.dither`, which reckons in float64, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio import dither
from workers.dsp.dither_keys import dither_key
from workers.dsp.quantise import clamped, quantised, rising, triangular
from workers.simd import F, U

SEED = 11
HALVES = (-(1 << 15), 1 << 15)


def samples(bits: int) -> NDArray[np.float32]:
    """Every exponent of float32 with mantissas at its ends and by chance, both signs; ties of steps; full scale."""
    chance = np.random.default_rng(bits)
    exponents = np.arange(255, dtype=np.uint32)[:, None] << np.uint32(23)
    mantissas = np.concatenate([[0, 1, 2, 0x400000, 0x3FFFFF, 0x7FFFFE, 0x7FFFFF], chance.integers(0, 1 << 23, 24)])
    magnitudes = (exponents | mantissas.astype(np.uint32)).ravel().view(np.float32)
    scale = 2.0 ** (bits - 1)
    # Fractions of a step down to the 2^-16 that dither is made of, and next to them; what lies around full scale.
    near = np.concatenate([np.arange(-64, 65) / 32.0, np.arange(-40, 41) * 2.0**-16, chance.uniform(-3, 3, 2000)])
    around = np.concatenate([near, near + scale, near - scale, near + scale / 2]) / scale
    steps = around.astype(np.float32)
    beside = [np.nextafter(steps, np.float32(way)) for way in (-9.0, 9.0)]
    return np.concatenate([magnitudes, -magnitudes, steps, *beside, -steps]).astype(np.float32)


def meant(x: NDArray[np.float32], noise: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """The definition in float64, with a dither of `noise` / 2^16."""
    levels = np.floor((x.astype(np.float64) * 2.0 ** (bits - 1) + noise * 2.0**-16) + 0.5)
    levels[x == 0] = 0
    return np.clip(levels, -(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1).astype(np.int64)


def found(x: NDArray[np.float32], noise: NDArray[np.int64], bits: int) -> NDArray[np.int64]:
    """What kernels compute."""
    words = quantised(x, noise.astype(np.uint32), F(2.0 ** (bits - 1)))
    return clamped(words, U(1 << (bits - 1))).view(np.int32).astype(np.int64)


@pytest.mark.parametrize("bits", [16, 24])
def test_it_is_todays_quantiser_for_every_exponent_and_dither(bits: int) -> None:
    x = samples(bits)
    chance = np.random.default_rng(1)
    noises = [np.full(len(x), noise) for noise in (*HALVES, 0, 1, -1, 65535, -65535, HALVES[0] + 1, HALVES[1] - 1)]
    for noise in (*noises, *(chance.integers(-65535, 65536, len(x)) for _ in range(8))):
        with np.errstate(over="ignore"):  # The largest floats pass all steps, and are clamped.
            np.testing.assert_array_equal(found(x, noise, bits), meant(x, noise, bits))


@pytest.mark.parametrize("bits", [16, 24])
@pytest.mark.parametrize("exponent", range(-60, -48))
def test_where_float64_loses_a_sample_beside_its_dither(bits: int, exponent: int) -> None:
    mantissas = 1.0 + np.arange(0, 1 << 23, 1013) * 2.0**-23
    mantissas = np.concatenate([mantissas, 1.5 + np.arange(-4, 5) * 2.0**-23])
    x = -(mantissas * 2.0 ** (exponent - bits + 1)).astype(np.float32)
    for noise in HALVES:
        several = np.full(len(x), noise)
        np.testing.assert_array_equal(found(x, several, bits), meant(x, several, bits))


@pytest.mark.parametrize(("word", "told"), [(triangular, dither.triangular), (rising, dither.rising)])
@pytest.mark.parametrize("first", [0, 5, 12345, (1 << 32) - 64])
def test_the_noise_is_the_same(word, told, first: int) -> None:  # type: ignore[no-untyped-def]
    key = dither_key(SEED, 1, first >> 32)
    places = (first + np.arange(64)).astype(np.uint32)
    words = word(places, U(key), U(key >> 32)).view(np.int32)
    np.testing.assert_array_equal(words, told(SEED, 1, first, 64) * 65536)
