"""The compiled atomics, ring and loop on real processes: nothing is lost, nothing is done twice."""

from __future__ import annotations

import numpy as np
import pytest

from scripts.benching.drill import Counter, compiled_drill, drilled, empty_task_ns
from workers import work
from workers.targets import objects
from workers.wire import CONTROL_STRIDE, Control, Schedule

ROUNDS = 1_200_000
"""Additions, and as many exchanges, of all processes together."""
ITEMS = 1_000_000


@pytest.fixture(scope="module")
def code() -> objects.MachineCode:
    """The drill, compiled."""
    return compiled_drill(objects.host_levels()[0])


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_nothing_is_lost_or_done_twice(code: objects.MachineCode, processes: int) -> None:
    counted, taken = drilled(code, processes, ROUNDS // processes, ITEMS, stride=64)
    assert counted[Counter.ADDED] == ROUNDS
    assert counted[Counter.SWAPPED] == ROUNDS
    assert counted[Counter.TAKEN] == ITEMS
    assert taken.min() == taken.max() == 1


def test_that_is_ten_million_operations() -> None:
    assert 3 * (2 * ROUNDS + 2 * ITEMS) >= 10**7


def test_a_nearly_empty_ring_loses_nothing(code: objects.MachineCode) -> None:
    """One item at a time, and three processes that want it."""
    counted, taken = drilled(code, 3, 0, 3000, stride=1)
    assert counted[Counter.TAKEN] == 3000
    assert taken.min() == taken.max() == 1


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_pool_does_every_empty_task_once(workers: int) -> None:
    level = objects.host_levels()[0]
    took_ns = empty_task_ns(level, workers, tasks=20_000, rounds=3)
    print(f"{took_ns:.0f} ns per empty task with {workers} workers")
    assert took_ns > 0


@pytest.mark.parametrize(("portable", "naps_us"), [(0, []), (1, [200, 400, 800, 1600])])
def test_a_worker_with_nothing_to_do_spins_once_and_then_sleeps(
    monkeypatch: pytest.MonkeyPatch, portable: int, naps_us: list[int]
) -> None:
    """Others publish and take while it sleeps: hundreds that spun each time would leave no CPU to those that work."""
    control = np.zeros(CONTROL_STRIDE * (max(Control) + 1), np.int64)
    record = np.zeros(max(Schedule) + 1, np.int64)
    record[Schedule.CONTROL], record[Schedule.SPINS] = control.ctypes.data, 7
    record[Schedule.PORTABLE] = portable
    pauses, sleeps, dozed_us = [], [], []

    def asleep(*_: int) -> None:
        sleeps.append(int(control[CONTROL_STRIDE * Control.SLEEPERS]))
        control[CONTROL_STRIDE * Control.WAKE] += 1
        if len(sleeps) == 4:
            control[CONTROL_STRIDE * Control.TAIL] = 1

    def dozing(microseconds: int) -> None:
        dozed_us.append(microseconds)
        asleep()

    monkeypatch.setattr(work, "pause", lambda: pauses.append(1))
    monkeypatch.setattr(work, "sleep_while", asleep)
    monkeypatch.setattr(work, "doze", dozing)
    work.idle(int(record.ctypes.data), int(control.ctypes.data))
    assert len(pauses) == 7
    assert sleeps == [1, 1, 1, 1]
    assert dozed_us == naps_us
    assert control[CONTROL_STRIDE * Control.SLEEPERS] == 0
