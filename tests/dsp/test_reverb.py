"""The reverb against its written definition, frame by frame in plain Python with float32 numbers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.nodes.reverb import ALLPASS_FRAMES, COMB_FRAMES

from ..workers.harness import RATE_HZ, Machine
from .sound import impulse, play, white

f32 = np.float32


def settled(x: np.float32) -> np.float32:
    return f32(0.0) if abs(x) < f32(1e-20) else x


def written_definition(
    x: NDArray[np.float32], room: float, damp: float, mix: float, rate_hz: int, spread: int
) -> NDArray[np.float32]:
    """Language 6.2 for one channel, its additions in the order of a tree of 8."""
    lengths = [int((frames + spread) * rate_hz / 44100 + 0.5) for frames in (*COMB_FRAMES, *ALLPASS_FRAMES)]
    lines = [np.zeros(length, np.float32) for length in lengths]
    low = [f32(0.0)] * 8
    damp, keep = f32(damp), f32(1.0) - f32(damp)
    back = f32(0.84) * f32(room)
    out = np.zeros_like(x)
    for frame, dry in enumerate(x):
        d = []
        for comb in range(8):
            at = frame % lengths[comb]
            d.append(lines[comb][at])
            low[comb] = low[comb] * damp + d[comb] * keep
            lines[comb][at] = settled(dry + low[comb] * back)
        tail = (((d[0] + d[4]) + (d[2] + d[6])) + ((d[1] + d[5]) + (d[3] + d[7]))) * f32(0.125)
        for line in range(8, 12):
            at = frame % lengths[line]
            v = lines[line][at]
            lines[line][at] = settled(tail + v * f32(0.5))
            tail = v - tail * f32(0.5)
        out[frame] = dry + f32(mix) * tail
        if frame % 64 == 63:
            low = [settled(s) for s in low]
    return out


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
# At 55058 Hz the longest line is as long as its room.
@pytest.mark.parametrize("rate_hz", [8000, 44100, 55058])
def test_equals_its_written_definition(rate_hz: int, signals: bool, machine: Machine) -> None:
    frames = 9000
    x = white(frames, 2)
    x[1000:] = 0.0
    x[0] = 1.0
    params = {"room": 0.9, "damp": 0.25, "mix": 0.3}
    y = play(machine, "reverb", frames, params, inputs={"input": x}, rate_hz=rate_hz, signals=signals, ring_frames=2048)
    for channel in (0, 1):
        expected = written_definition(x, 0.9, 0.25, 0.3, rate_hz, 23 * channel)
        assert np.abs(expected[3000:]).max() > 1e-3
        assert np.array_equal(y[:, channel].view(np.uint32), expected.view(np.uint32))


def test_tail_length(machine: Machine) -> None:
    """About 1.4 s for 60 dB at room 1, and 0.45 s at room 0.7, undamped."""
    frames = 3 * RATE_HZ
    for room, expected_s in ((1.0, 1.4), (0.7, 0.45)):
        params = {"room": room, "damp": 0.0, "mix": 1.0}
        y = play(machine, "reverb", frames, params, inputs={"input": impulse(frames)})[1:, 0].astype(np.float64)
        left = np.cumsum(y[::-1] ** 2)[::-1]
        level = 10 * np.log10(left / left[0] + 1e-30)
        t20 = (np.flatnonzero(level < -25)[0] - np.flatnonzero(level < -5)[0]) / RATE_HZ
        assert 3 * t20 == pytest.approx(expected_s, rel=0.15)


def test_channels_do_not_mix(machine: Machine) -> None:
    x = np.zeros((5000, 8), np.float32)
    x[:, 0] = white(5000)
    y = play(machine, "reverb", 5000, {"room": 0.8, "damp": 0.5}, inputs={"input": x})
    assert np.abs(y[:, 0]).max() > 1.0
    assert not y[:, 1:].any()
