"""Where tasks run. `inline`: in this process. `local`: in a pool of worker processes on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from farm.plan.plan import StaticPlan, WindowPlan
from workers.arena import Arena, Key
from workers.slab import Part


class Backend(Protocol):
    """What a session needs of a place where tasks run."""

    name: str
    """As `--backend` calls it."""
    depth: int
    """Chunk slots of signals read from outside."""
    inner_depth: int
    """Chunk slots of signals between groups."""
    workers: int
    replaced: int
    """Workers that died and were replaced."""

    def regions(self, plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int]) -> dict[Key, int]:
        """Regions of the arena that the backend itself needs for a window."""

    def hold(self) -> None:
        """Nothing may run until `start`: tables are about to change."""

    def detach(self) -> None:
        """The arena is about to go."""

    def attach(self, arena: Arena, parts: Sequence[Part]) -> None:
        """Works in this arena, with the samples in these files, from now on."""

    def start(self, window: WindowPlan) -> None:
        """The tables of this window are written: go."""

    def collect(self) -> Iterator[tuple[int, int]]:
        """(first chunk, chunks) of the window whose outputs can be read, in order; good until the next step."""

    def tasks_done(self) -> tuple[int, ...]:
        """Tasks that each worker of a pool has done in this arena; nothing where there is none."""

    def leave(self) -> None:
        """A rendering is over, finished or not."""

    def close(self) -> None:
        """Ends everything that was started."""
