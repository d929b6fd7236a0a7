"""The inline backend: tasks of a window, in the plan's order, in this process."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from farm.errors import RenderError
from farm.plan.plan import Area, StaticPlan, WindowPlan
from farm.rendering.backends import Lender
from farm.rendering.backends.over_arena import OverArena, check_unchanged, lost_sample, record_words
from farm.rendering.report import Duty
from workers.arena import Arena, Key
from workers.lost import reading
from workers.slab import Extract, Slab, mapped
from workers.wire import Run

Ints = NDArray[np.int64]
DEPTH = 8


class InlineBackend(OverArena):
    """Runs tasks one after another with loaded machine code."""

    name = "inline"
    depth = DEPTH
    inner_depth = 1
    workers = 1
    replaced = 0
    lasting = False
    joins = False
    sheets = 1

    def __init__(self, lender: Lender, workers: int, level: str, block_by_block: bool = False) -> None:
        super().__init__(lender, level)
        self.slab: Slab | None = None
        self.parts: tuple[Extract, ...] = ()
        self.record: Ints = np.zeros(len(Run), np.int64)
        self.window: WindowPlan | None = None

    def load(self, kernels: tuple[str, ...]) -> None:
        """Loads the kernels and the loop over tasks."""
        code = self.code = self.lender.code(self.level, kernels, self.preparation.spent)
        self.addresses: Ints = np.array([0, *(code.addresses[name] for name in kernels)], np.int64)
        self.entry = ctypes.CFUNCTYPE(None, ctypes.c_int64)(code.addresses["run"])

    def choose_depths(self, window: WindowPlan) -> None:
        """They are always the same."""

    def order(self, plan: StaticPlan, window: WindowPlan) -> None:
        """The plan's own order holds."""

    def regions(self, window: WindowPlan) -> dict[Key, int]:
        """Nothing of its own."""
        return {}

    def hold(self) -> None:
        """Nothing runs by itself."""

    def detach(self) -> None:
        """Nothing holds on to the arena."""

    def attach(self, arena: Arena, parts: Sequence[Extract]) -> None:
        """Uses this arena's tables, and the samples in these files, from now on. Raises RenderError."""
        try:
            self.slab = mapped(parts, self.slab)
        except OSError as error:
            if error.filename is not None:
                raise lost_sample(str(error.filename)) from error
            raise RenderError(f"a sample cannot be mapped: {error}") from error
        self.parts = tuple(parts)
        self.addresses[0] = self.slab.address
        for index, (value, relative) in record_words(arena).items():
            self.record[index] = value + (arena.address if relative else 0)
        self.record[Run.SCRATCH] = arena.address + arena.layout.offset((Area.SCRATCH, 0))
        self.record[Run.KERNELS] = self.addresses[1:].ctypes.data
        self.record[Run.STATS] = self.rings[0].address if self.rings else 0

    def start(self, window: WindowPlan, sheet: int, more: bool) -> None:
        """Runs when it is collected."""
        self.window = window

    def collect(self, window: WindowPlan) -> Iterator[tuple[int, int]]:
        """Runs a few chunks at a time. Raises RenderError where a sample's file was changed meanwhile."""
        at = 0
        while at < window.chunks:
            many = min(DEPTH - (window.first_chunk + at) % DEPTH, window.chunks - at)
            first, last = int(window.chunk_starts[at]), int(window.chunk_starts[at + many])
            if last > first:
                self.run_tasks(first, last - first)
            yield at, many
            at += many
        check_unchanged(self.parts)

    def run_tasks(self, first: int, count: int) -> None:
        """Runs tasks `first` .. `first + count` of the window. Raises RenderError for a file that became shorter."""
        assert self.slab is not None
        self.record[Run.FIRST], self.record[Run.COUNT] = first, count
        with self.preparation.spent.on(Duty.KERNELS), reading(self.slab):
            self.entry(int(self.record.ctypes.data))
        if self.slab.lost is not None:
            raise lost_sample(self.slab.lost)

    def can_join(self, window: WindowPlan) -> bool:
        """One window after another."""
        return False

    def stood(self) -> tuple[float, float]:
        """There are no workers."""
        return 0.0, 0.0

    def tasks_done(self) -> tuple[int, ...]:
        """There are no workers."""
        return ()

    def pids(self) -> tuple[int, ...]:
        """There are no workers."""
        return ()

    def leave(self) -> None:
        """Gives the arena back."""
        spent = self.preparation.spent.cpu_s
        cpu_s, spent[Duty.KERNELS] = spent[Duty.KERNELS], 0.0
        self.shares(cpu_s, waits=False)
        self.return_arena()

    def close(self) -> None:
        """Gives the arena back."""
        self.return_arena()
