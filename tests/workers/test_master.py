"""The master kernel: as written in Python and as machine code, bit for bit; its sum and its levels by plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.workers.harness import Machine
from workers.catalog import catalog
from workers.targets import objects

PLANE = 320
PLACES = np.array([700, 16, 2000], np.int64)
GAIN = np.float32(0.8)


def signals(frames: int) -> NDArray[np.float32]:
    """Three stereo signals somewhere in a memory whose other floats are larger than any of theirs."""
    chance = np.random.default_rng(frames)
    memory = np.full(3000, 99.0, np.float32)
    for place in PLACES:
        for side in (0, PLANE):
            memory[place + side : place + side + frames] = chance.uniform(-1.0, 1.0, frames)
    return memory


NEVER = 1 << 62
LEFT_AND_RIGHT = np.array([0, 3, 6, *(word for side in (0, PLANE) for place in PLACES for word in (place + side, 0))])
"""The terms of a stereo mix."""


def outcome(
    machine: Machine | None,
    memory: NDArray[np.float32],
    frames: int,
    terms: NDArray[np.int64] = LEFT_AND_RIGHT,
    frame: int = 0,
    fades: tuple[int, int, int, int] = (0, NEVER, NEVER, NEVER),
) -> NDArray[np.float32]:
    """Frames and the greatest magnitudes, one after another; None: by the kernel as written."""
    gain = np.full(8, GAIN, np.float32)
    levels = np.full(8 * (len(PLACES) + 1), -5.0, np.float32)
    step, channels = frames + 16, 2
    target = np.zeros(channels * step, np.float32)
    numbers = [len(PLACES), PLANE, channels, step, *fades]
    if machine is None:
        with np.errstate(invalid="ignore"):
            catalog()["master"].kernel(memory, PLACES, terms, gain, levels, target, frame, frames, *numbers)
    else:
        addresses = [int(array.ctypes.data) for array in (memory, PLACES, terms, gain, levels, target)]
        machine.call("master_constant", [frames, frame, *addresses, *numbers])
    found = target.reshape(channels, step)[:, :frames]
    return np.concatenate([found.T.ravel(), levels.reshape(-1, 8).max(axis=1)])


@pytest.fixture(scope="module", params=objects.host_levels())
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param, [catalog()["master"]])


@pytest.mark.parametrize("frames", [1, 7, 8, 64, 100, 300])
def test_sum_and_levels(machine: Machine, frames: int) -> None:
    memory = signals(frames)
    planes = [np.stack([memory[place + side :][:frames] for side in (0, PLANE)], axis=1) for place in PLACES]
    mixed = (((np.float32(0.0) + planes[0]) + planes[1]) + planes[2]) * GAIN
    expected = np.concatenate([mixed.ravel(), [np.abs(one).max() for one in (*planes, mixed)]]).astype(np.float32)
    written = outcome(None, memory, frames)
    assert written.tobytes() == expected.tobytes()
    assert outcome(machine, memory, frames).tobytes() == expected.tobytes()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 5, 99])
def test_one_value_that_is_not_finite_shows_in_its_output_and_the_mix(machine: Machine, broken: float, at: int) -> None:
    memory = signals(100)
    memory[PLACES[1] + PLANE + at] = broken
    for target in (None, machine):
        found = outcome(target, memory, 100)
        assert np.isnan(found[200:]).tolist() == [False, True, False, True]
        assert np.isfinite(found[:200]).all() and found[2 * at + 1] == 0.0 != found[2 * at]


@pytest.mark.parametrize("frame", [0, 3, 37, 1 << 33])
def test_fades_and_the_end(machine: Machine, frame: int) -> None:
    frames, number = 100, np.arange(frame, frame + 100)
    fades = (50, frame + 40, frame + 73, frame + 90)
    memory = signals(frames)
    plain = outcome(None, memory, frames)[:200].reshape(100, 2)
    rising = np.minimum((number / 50).astype(np.float32), np.float32(1.0))
    falling = np.clip((fades[2] - number) / 33, 0.0, 1.0).astype(np.float32)
    expected = plain * rising[:, None] * falling[:, None]
    expected[90:] = 0.0
    for target in (None, machine):
        found = outcome(target, memory, frames, frame=frame, fades=fades)
        assert found[:200].tobytes() == expected.ravel().tobytes()
        assert found[203] == np.abs(plain).max()


def test_a_mean_of_sides_beside_a_side(machine: Machine) -> None:
    memory = signals(60)
    first, second, third = PLACES
    terms = np.array([0, 1, 3, first, 1, second, 1, third + PLANE, 0])
    one, two = (memory[place : place + 60] for place in PLACES[:2])
    others = [memory[place + PLANE : place + PLANE + 60] for place in PLACES]
    half = np.float32(0.5)
    expected = np.stack([(one + others[0]) * half * GAIN, ((two + others[1]) * half + others[2]) * GAIN], axis=1)
    for target in (None, machine):
        assert outcome(target, memory, 60, terms)[:120].tobytes() == expected.ravel().tobytes()
