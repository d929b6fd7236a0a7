"""The coordinator keeps no worker from its CPU while another CPU is free."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import cast

import pytest

from farm.rendering.backends.local import LocalBackend
from farm.rendering.warm import Warm
from workers import cores
from workers.pool import Pool

CPUS = (4, 7, 9)


@pytest.fixture
def moves(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []
    monkeypatch.setattr(cores, "move_to", found.append)
    return found


def crowded(here: int, claims: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> LocalBackend:
    """A backend whose process runs on CPU `here` while its workers have these claims."""
    with Warm() as warm:
        backend = LocalBackend(warm, len(CPUS), "v2")
    backend.pool, backend.crowded = cast(Pool, SimpleNamespace(cpus=CPUS)), True
    backend.words.of_workers(0)[:] = claims
    monkeypatch.setattr(cores, "current_cpu", lambda: here)
    return backend


@pytest.mark.parametrize(
    ("here", "claims", "expected"),
    [
        (4, (5, 0, 3), [7]),
        (4, (5, 0, 0), [7]),
        (7, (5, 0, 3), []),
        (4, (5, 2, 3), []),
        (4, (0, 0, 0), []),
        (-1, (5, 3, 0), [9]),
    ],
)
def test_it_goes_where_nobody_has_a_task(
    here: int, claims: tuple[int, ...], expected: list[int], moves: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    crowded(here, claims, monkeypatch).make_way()
    assert moves == expected


def test_it_stays_where_it_has_a_cpu_of_its_own(moves: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    backend = crowded(4, (5, 0, 3), monkeypatch)
    backend.crowded = False
    backend.make_way()
    assert moves == []


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="threads cannot be moved here")
def test_a_thread_that_was_moved_may_go_anywhere_again() -> None:
    allowed = os.sched_getaffinity(0)
    for cpu in allowed:
        cores.move_to(cpu)
        assert os.sched_getaffinity(0) == allowed
        assert cores.current_cpu() in {*allowed, -1}
