"""Machine code for the tests of kernels: compiled once, kept in the ordinary cache."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from workers.targets import objects

from .harness import Machine, lane_nodes


@pytest.fixture(scope="session")
def skip_above() -> Callable[[str], None]:
    """Skips, saying so, where this machine cannot run a CPU level."""

    def skip(level: str) -> None:
        if level not in objects.host_levels():
            pytest.skip(f"this machine cannot run x86-64-{level}: it has {', '.join(objects.host_levels())}")

    return skip


@pytest.fixture(scope="session")
def machine_at(skip_above: Callable[[str], None]) -> Callable[[str], Machine]:
    """Machine code of a CPU level, for every node."""

    @cache
    def compiled(level: str) -> Machine:
        return Machine(level, lane_nodes())

    def at(level: str) -> Machine:
        skip_above(level)
        return compiled(level)

    return at


@pytest.fixture(scope="session")
def machine(machine_at: Callable[[str], Machine]) -> Machine:
    """Machine code of the best level up to v3."""
    return machine_at("v3" if "v3" in objects.host_levels() else "v2")
