"""Our transcendental functions against double precision."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.dsp import chance, math, units
from workers.simd import Floats

LONG = np.longdouble
PI = LONG("3.14159265358979323846264338327950288")


def ulps(found: Floats, exact: NDArray[np.longdouble]) -> float:
    """Largest distance in units in the last place of the exact value's float32."""
    step = np.spacing(np.abs(exact).astype(np.float32)).astype(LONG)
    return float(np.max(np.abs(found.astype(LONG) - exact) / step))


def grid(low: float, high: float, count: int = 400_000) -> Floats:
    return np.random.default_rng(5).uniform(low, high, count).astype(np.float32)


def test_sine_of_a_phase() -> None:
    phase = np.random.default_rng(1).integers(0, 2**32, 400_000, dtype=np.uint32)
    phase[:4] = [0, 1 << 30, 1 << 31, 3 << 30]
    exact = np.sin(phase.astype(LONG) * (PI / 2**31))
    assert np.max(np.abs(math.sin_phase(phase) - exact)) < 3e-7
    assert math.sin_phase(phase[:4]).tolist() == pytest.approx([0.0, 1.0, 0.0, -1.0], abs=1e-7)


@pytest.mark.parametrize(("name", "exact"), [("sin_turns", np.sin), ("cos_turns", np.cos)])
def test_sine_and_cosine_of_turns(name: str, exact: np.ufunc) -> None:
    x = grid(-1.0, 1.0)
    assert np.max(np.abs(getattr(math, name)(x) - exact(2 * PI * x.astype(LONG)))) < 4e-7


def test_sine_and_cosine_of_half_turns_are_relatively_accurate() -> None:
    y = np.concatenate([grid(0.0, 0.5), grid(0.0, 1e-3), np.float32(0.5) - grid(0.0, 1e-3)])
    assert ulps(math.sin_half_turns(y), np.sin(PI * y.astype(LONG))) < 4.0
    assert ulps(math.cos_half_turns(y), np.sin(PI * (LONG(0.5) - y.astype(LONG)))) < 4.0


def test_fraction_of_the_tangent_to_0_49_of_half_a_turn() -> None:
    y = np.concatenate([grid(0.0, 0.49), grid(0.0, 1e-3), np.array([0.25, 0.49], np.float32)])
    above, below = math.tan_fraction(y)
    assert ulps(above / below, np.tan(PI * y.astype(LONG))) < 7.0


def test_power_of_two() -> None:
    x = grid(-125.0, 126.0)
    assert ulps(math.exp2(x), np.exp2(x.astype(LONG))) < 2.0
    whole = np.arange(-126.0, 128.0, dtype=np.float32)
    assert np.array_equal(math.exp2(whole), np.ldexp(np.float32(1.0), whole.astype(np.int32)))
    assert math.exp2(np.array([-500.0, 500.0], np.float32)).tolist() == [2.0**-126, 2.0**127]


def test_hyperbolic_tangent() -> None:
    x = np.concatenate([grid(-12.0, 12.0), grid(-0.7, 0.7), grid(-1e-3, 1e-3)])
    found = math.tanh(x)
    assert ulps(found, np.tanh(x.astype(LONG))) < 2.0
    assert np.all(np.abs(found) <= 1.0)
    assert np.array_equal(math.tanh(-x), -found)


def test_settle_clears_what_would_become_denormal() -> None:
    x = np.array([1.0, -1e-19, 9e-21, -9e-21, 1e-40, -0.0], np.float32)
    assert math.settle(x).tolist() == [x[0], x[1], 0.0, 0.0, 0.0, 0.0]


def test_hash_is_a_bijection_of_words() -> None:
    words = np.arange(1 << 20, dtype=np.uint32) * np.uint32(4093)
    assert len(np.unique(chance.hash_words(words))) == len(words)


def test_random_numbers_are_uniform_and_independent() -> None:
    place = np.full(1, 12345, np.uint32)
    time = np.arange(1 << 18, dtype=np.uint32)
    x = chance.rand(place, time).astype(np.float64)
    assert -1.0 <= x.min() < -0.999 and 0.999 < x.max() < 1.0
    assert abs(x.mean()) < 5 / np.sqrt(3 * len(x))
    assert abs(x.var() - 1 / 3) < 0.003
    spread = 5 / np.sqrt(len(x))
    for lag in (1, 2, 64, 44100):
        assert abs(np.corrcoef(x[:-lag], x[lag:])[0, 1]) < spread
    beside = chance.rand(place + np.uint32(1), time).astype(np.float64)
    assert abs(np.corrcoef(x, beside)[0, 1]) < spread
    counts = np.histogram(x, 64, (-1, 1))[0]
    assert np.sum((counts - len(x) / 64) ** 2) / (len(x) / 64) < 63 + 5 * np.sqrt(2 * 63)


def test_phase_step_of_a_frequency() -> None:
    period = np.full(1, 1 / 44100, np.float32)
    hz = np.array([0.0, -5.0, np.nan, 1e9, 440.0], np.float32)
    steps = units.phase_step(hz, period)
    assert steps[:3].tolist() == [0, 0, 0]
    assert steps[3] < 1 << 31
    assert steps[4] == pytest.approx(440 / 44100 * 2**32, rel=1e-6)
