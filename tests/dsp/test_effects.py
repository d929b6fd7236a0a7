"""Chorus, distortion, bitcrush and addition against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from ..workers.harness import RATE_HZ, Machine
from .sound import impulse, play, white


@pytest.mark.parametrize("rate_hz", [8000, 44100, 96000])
def test_chorus_without_depth_is_one_tap_at_15_ms(rate_hz: int, machine: Machine) -> None:
    frames = 3000
    params = {"rate": 1.0, "depth": 0.0, "mix": 0.25}
    y = play(machine, "chorus", frames, params, inputs={"input": impulse(frames)}, rate_hz=rate_hz)[:, 0]
    late = 0.015 * rate_hz
    whole = int(late)
    expected = np.zeros(frames)
    expected[0], expected[whole], expected[whole + 1] = 0.75, 0.25 * (1 - (late - whole)), 0.25 * (late - whole)
    assert np.abs(y - expected).max() < 1e-4


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
def test_chorus_by_its_formula(signals: bool, machine: Machine) -> None:
    """(1 - mix) x(n) + mix x(n - d), d = 15 ms + 10 ms depth sin(2 pi rate t), between frames in a straight line."""
    frames = RATE_HZ
    x = white(frames)
    rate = np.array([0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 50.0, 0.001])
    depth = np.array([1.0, 0.5, 0.2, 1.0, 0.7, 1.0, 3.0, -1.0])
    mix = np.array([1.0, 0.3, 0.5, 0.0, 0.9, 1.0, 2.0, 1.0])
    y = play(
        machine, "chorus", frames, {"rate": rate, "depth": depth, "mix": mix}, inputs={"input": x}, signals=signals
    )
    n = np.arange(frames)
    for lane in range(8):
        # A phase step of 32 bits is 1e-5 Hz: over a second that moves the tap by 0.03 frames, which noise would show.
        turns = n * (np.floor(np.clip(rate[lane], 0.1, 10) / RATE_HZ * 2.0**32) / 2.0**32)
        sway = np.sin(2 * np.pi * turns) * np.clip(depth[lane], 0, 1)
        late = (0.015 + 0.010 * sway) * RATE_HZ
        copy = np.interp(n - late, n, x, left=0.0)
        copy[n < late + 1] = np.nan
        wet = np.clip(mix[lane], 0, 1)
        error = np.abs(y[:, lane] - (x * (1 - wet) + copy * wet))
        assert np.nanmax(error) < 1e-3
        assert np.isnan(error).sum() < 0.027 * RATE_HZ


def test_chorus_bends_the_pitch_by_its_sway(machine: Machine) -> None:
    """The copy of a tone moves between f (1 - 2 pi rate 0.01 depth) and f (1 + ...)."""
    frames = 2 * RATE_HZ
    tone = np.sin(2 * np.pi * 1000.0 * np.arange(frames) / RATE_HZ)
    y = play(machine, "chorus", frames, {"rate": 2.0, "depth": 1.0, "mix": 1.0}, inputs={"input": tone})[:, 0]
    crossings = np.flatnonzero((y[:-1] < 0) & (y[1:] >= 0))
    exact = crossings + y[crossings] / (y[crossings] - y[crossings + 1])
    hertz = RATE_HZ / np.diff(exact[exact > RATE_HZ])
    assert [hertz.min(), hertz.max()] == pytest.approx([1000 * (1 - 0.1257), 1000 * (1 + 0.1257)], rel=2e-3)


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
def test_distortion_curve(signals: bool, machine: Machine) -> None:
    x = np.linspace(-3, 3, 2001).astype(np.float32)
    drive = np.array([1.0, 2.0, 5.0, 10.0, 100.0, 0.6, 500.0, 3.0])
    mix = np.array([0.5, 0.0, 1.0, 0.3, 0.5, 1.0, 1.0, 1.5])
    y = play(machine, "distortion", len(x), {"drive": drive, "mix": mix}, inputs={"input": x}, signals=signals)
    gain, wet = np.clip(drive, 1, 100), np.clip(mix, 0, 1)
    expected = x[:, None] * (1 - wet) + np.tanh(gain * x[:, None].astype(np.float64)) * wet
    assert np.abs(y - expected).max() < 1e-6
    assert np.array_equal(y[::-1], -y)


def test_distortion_gives_a_sine_odd_partials_only(machine: Machine) -> None:
    tone = np.sin(2 * np.pi * 100.0 * np.arange(RATE_HZ) / RATE_HZ)
    y = play(machine, "distortion", RATE_HZ, {"drive": 5.0, "mix": 1.0}, inputs={"input": tone})[:, 0]
    partials = np.abs(np.fft.rfft(y.astype(np.float64)))[: 100 * 10 : 100] / (RATE_HZ / 2)
    assert partials[3] > 0.2 and partials[5] > 0.08
    assert partials[[0, 2, 4, 6, 8]].max() < 1e-6


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8, 12, 16])
def test_bitcrush_steps(bits: int, signals: bool, machine: Machine) -> None:
    x = np.concatenate([np.linspace(-1.2, 1.2, 3001), [0.0, 0.5 / 2**bits, -0.5 / 2**bits]]).astype(np.float32)
    y = play(machine, "bitcrush", len(x), {"bits": bits}, inputs={"input": x}, signals=signals)[:, 0]
    expected = np.floor(x.astype(np.float64) * 2**bits + 0.5) / 2**bits
    assert np.array_equal(y, expected.astype(np.float32))
    assert y[-3:].tolist() == [0.0, 1 / 2**bits, 0.0]


@pytest.mark.parametrize("bits", [-2.0, 0.0, 40.0])
def test_bitcrush_bits_are_clamped(bits: float, machine: Machine) -> None:
    x = white(300)
    y = play(machine, "bitcrush", 300, {"bits": bits}, inputs={"input": x}, signals=True)
    expected = play(machine, "bitcrush", 300, {"bits": 16.0 if bits > 1 else 1.0}, inputs={"input": x}, signals=True)
    assert np.array_equal(y, expected)


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
@pytest.mark.parametrize(
    ("rate", "held"),
    [
        *((0.0, 1.0), (0.5, 1.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0), (4.0, 4.0), (7.5, 7.5), (64.0, 64.0)),
        *((65.0, RATE_HZ / 65), (800.0, 55.125), (4410.0, 10.0), (22050.0, 2.0), (44100.0, 1.0), (1e5, 1.0)),
    ],
)
def test_bitcrush_holds(rate: float, held: float, signals: bool, machine: Machine) -> None:
    """A new value at frames 0, held, 2 held ..., rounded down."""
    frames = 4000
    x = white(frames)
    y = play(machine, "bitcrush", frames, {"bits": 16.0, "rate": rate}, inputs={"input": x}, signals=signals)[:, 0]
    taken = np.floor(np.arange(int(frames / held) + 2) * held + 1e-6).astype(int)
    at = taken[np.searchsorted(taken, np.arange(frames), "right") - 1]
    expected = np.floor(x[at].astype(np.float64) * 65536 + 0.5) / 65536
    assert np.array_equal(y, expected.astype(np.float32))


def test_addition(machine: Machine) -> None:
    x = white(200)
    y = play(machine, "plus", 200, {"offset": 0.3}, inputs={"input": x})[:, 0]
    assert np.array_equal(y, x + np.float32(0.3))
    moving = white(200, 5)
    y = play(machine, "plus", 200, {"offset": moving}, inputs={"input": x}, signals=True)[:, 0]
    assert np.array_equal(y, x + moving)
