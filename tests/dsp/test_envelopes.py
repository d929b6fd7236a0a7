"""Envelopes, ramps and gates against formulas in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ..workers.harness import RATE_HZ, Machine
from .sound import play


def adsr_formula(
    n: NDArray[np.float64], attack: float, decay: float, sustain: float, release: float, slot: float
) -> NDArray[np.float64]:
    """Level at frame n, times in frames."""
    release = min(release, slot)
    rise = n / attack
    fall = 1 - (n - attack) / decay * (1 - sustain)
    level = np.where(n < attack, rise, np.maximum(fall, sustain))
    return level * np.clip((slot - n) / release, 0, 1)


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
@pytest.mark.parametrize(
    ("attack_s", "decay_s", "sustain", "release_s"),
    [(0.01, 0.1, 0.7, 0.2), (0.1, 0.2, 0.0, 0.05), (0.0, 0.0, 1.0, 0.0), (0.5, 0.5, 0.3, 2.0), (0.001, 0.3, 0.5, 0.5)],
)
def test_adsr(
    attack_s: float, decay_s: float, sustain: float, release_s: float, signals: bool, machine: Machine
) -> None:
    slot = 30_000
    params = {"attack_s": attack_s, "decay_s": decay_s, "sustain": sustain, "release_s": release_s}
    y = play(machine, "adsr", slot + 500, params, gate_frames=slot, signals=signals)[:, 0]
    times = [max(time_s, 0.001) * RATE_HZ for time_s in (attack_s, decay_s, release_s)]
    if not signals:
        times = [max(np.floor(time_s * RATE_HZ + 0.5), 44.1) for time_s in (attack_s, decay_s, release_s)]
    expected = adsr_formula(np.arange(slot + 500.0), times[0], times[1], sustain, times[2], slot)
    assert np.abs(y - expected).max() < 1e-5
    assert y[0] == 0.0
    assert not y[slot:].any()


def test_adsr_of_a_long_slot_keeps_its_frames(machine: Machine) -> None:
    """Release counted from a slot's end as whole numbers, an hour after the start."""
    slot = RATE_HZ * 360
    params = {"attack_s": 0.01, "decay_s": 0.1, "sustain": 0.5, "release_s": 0.01}
    y = play(machine, "adsr", 600, params, frame=slot - 500, gate_frames=slot)[:, 0]
    left = np.arange(500, -100, -1.0)
    assert np.abs(y - 0.5 * np.clip(left / 441, 0, 1)).max() < 1e-6


@pytest.mark.parametrize("signals", [False, True], ids=["constant", "signal"])
@pytest.mark.parametrize(("attack_s", "decay_s"), [(0.01, 0.1), (0.0, 0.0), (0.25, 0.001), (0.001, 3.0)])
def test_ad_to_the_frame(attack_s: float, decay_s: float, signals: bool, machine: Machine) -> None:
    frames = RATE_HZ
    params = {"attack_s": attack_s, "decay_s": decay_s}
    y = play(machine, "ad", frames, params, gate_frames=20_000, signals=signals)[:, 0]
    attack, decay = (max(time_s * RATE_HZ, 44.1) for time_s in (attack_s, decay_s))
    if not signals:
        attack, decay = (max(np.floor(time_s * RATE_HZ + 0.5), 44.1) for time_s in (attack_s, decay_s))
    n = np.arange(frames)
    expected = np.clip(np.minimum(n / attack, (attack + decay - n) / decay), 0, 1)
    assert np.abs(y - expected).max() < 1e-5
    assert y[0] == 0.0 and not y[int(np.ceil(attack + decay)) :].any()
    if not signals and attack_s >= 0.01:
        assert y.argmax() == attack and y.max() == 1.0
        assert np.flatnonzero(y)[-1] == np.ceil(attack + decay) - 1


def test_ad_starts_again_where_its_lane_does(machine: Machine) -> None:
    params = {"attack_s": 0.01, "decay_s": 0.02}
    late = play(machine, "ad", 2000, params, frame=1000, origin=np.array([1500] * 8))[:, 0]
    assert not late[:501].any()
    assert np.array_equal(late[500:], play(machine, "ad", 1500, params)[:, 0])


def test_line_goes_from_start_to_end_over_its_slot(machine: Machine) -> None:
    slot = 22_050
    y = play(machine, "line", slot + 10, {"start": 200.0, "end": 4000.0}, gate_frames=slot)[:, 0]
    expected = 200 + 3800 * np.minimum(np.arange(slot + 10) / slot, 1)
    assert np.abs(y - expected).max() < 1e-3
    assert y[0] == 200.0
    assert set(y[slot:]) == {4000.0}


def test_line_starts_again_where_its_lane_does(machine: Machine) -> None:
    late = play(machine, "line", 100, {"start": 0.0, "end": 1.0}, gate_frames=1000, frame=5000, origin=5000)
    first = play(machine, "line", 100, {"start": 0.0, "end": 1.0}, gate_frames=1000)
    assert np.array_equal(late, first)


def test_ramp_holds_its_end(machine: Machine) -> None:
    frames = RATE_HZ
    y = play(machine, "ramp", frames, {"start": 1.0, "end": -3.0, "duration_s": 0.5})[:, 0]
    expected = 1 - 4 * np.minimum(np.arange(frames) / (RATE_HZ / 2), 1)
    assert np.abs(y - expected).max() < 1e-6
    assert set(y[RATE_HZ // 2 :]) == {-3.0}
    at_once = play(machine, "ramp", 3, {"start": 1.0, "end": 2.0, "duration_s": 0.0})[:, 0]
    assert at_once.tolist() == [1.0, 2.0, 2.0]


def test_gate_ramps_in_two_milliseconds(machine: Machine) -> None:
    length = round(0.002 * RATE_HZ)
    origin = 1000
    y = play(machine, "gate", 300, {"target": 1.0, "previous": 0.25}, frame=900, origin=origin)[:, 0]
    expected = 0.25 + 0.75 * np.clip((np.arange(900, 1200) - origin) / length, 0, 1)
    assert np.abs(y - expected).max() < 1e-6
    assert y[100] == 0.25
    assert set(y[100 + length :]) == {1.0}
