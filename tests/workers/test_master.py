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


def outcome(machine: Machine | None, memory: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Frames and the greatest magnitudes, one after another; None: by the kernel as written."""
    gain = np.full(8, GAIN, np.float32)
    levels = np.full(8 * (len(PLACES) + 1), -5.0, np.float32)
    target = np.zeros(2 * frames + 32, np.float32)
    if machine is None:
        with np.errstate(invalid="ignore"):
            catalog()["master"].kernel(memory, PLACES, gain, levels, target, frames, len(PLACES), PLANE)
    else:
        addresses = [int(array.ctypes.data) for array in (memory, PLACES, gain, levels, target)]
        machine.call("master_constant", [frames, 0, *addresses, len(PLACES), PLANE])
    return np.concatenate([target[: 2 * frames], levels.reshape(-1, 8).max(axis=1)])


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
        levels = outcome(target, memory, 100)[200:]
        assert np.isnan(levels).tolist() == [False, True, False, True]
