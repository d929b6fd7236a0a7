"""What `dull` does to a sound: to be said of the node that it becomes."""

from __future__ import annotations

import numpy as np
import pytest

from workers.catalog import catalog
from workers.targets import objects

from ..workers.harness import Machine
from .sound import play, white


@pytest.fixture(scope="module")
def machine() -> Machine:
    """Machine code of this node alone, which is soon compiled."""
    return Machine(objects.host_levels()[0], [catalog()["dull"]])


@pytest.mark.parametrize("amount", [0.0, 0.5, 0.99])
def test_dull_is_its_recurrence(amount: float, machine: Machine) -> None:
    heard = white(2000)
    found = play(machine, "dull", 2000, {"amount": amount}, inputs={"input": heard})
    last, expected = 0.0, []
    for one in heard.tolist():
        last = one + amount * (last - one)
        expected.append(last)
    for lane in found.T:
        np.testing.assert_allclose(lane, expected, atol=1e-5)


def test_dull_lets_what_does_not_move_through(machine: Machine) -> None:
    found = play(machine, "dull", 4000, {"amount": 0.9}, inputs={"input": np.full(4000, 0.5)})
    np.testing.assert_allclose(found[-1000:], 0.5, atol=1e-5)
