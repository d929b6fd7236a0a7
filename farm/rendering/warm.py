"""What stays warm from rendering to rendering: machine code, pools of workers, an arena. Renderings borrow it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from farm.errors import RenderError, UsageError
from farm.rendering.backends import Backend, Watching, backend
from farm.rendering.doubts import cache_notices
from workers.arena import Arena, Layout, sweep
from workers.stats import StatsFile, StatsRing
from workers.targets import objects


class Warm:
    """Lends machine code, backends and an arena, each but the code to one rendering at a time.

    Warmth `within` another shares its machine code, nothing else. `block_by_block`: pools run no chunk ahead.
    """

    def __init__(self, within: Warm | None = None, *, block_by_block: bool = False) -> None:
        self.block_by_block = block_by_block
        self.within = within
        self.closed = False
        self.codes: dict[tuple[str, tuple[str, ...]], objects.MachineCode] = {}
        """Machine code by level and names of kernels."""
        self.backends: dict[tuple[str, int, str], list[Backend]] = {}
        """Backends that wait for the next rendering, by name, workers and level."""
        self.lent: list[Backend] = []
        """Backends that renderings use now."""
        self.ended = False
        self.idle: Arena | None = None
        self.stats: dict[str | None, StatsFile] = {}
        """Where workers note what they do, by the folder in which the file lies."""
        if within is None:
            sweep()

    def code(self, level: str, kernels: tuple[str, ...], watching: Watching) -> objects.MachineCode:
        """Loaded code, compiled first where the cache lacks it. Raises RenderError."""
        if self.within is not None:
            return self.within.code(level, kernels, watching)
        if (level, kernels) not in self.codes:
            jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            try:
                code = objects.provide(kernels, level, jobs=jobs, progress=watching.compiling, waiting=watching.waiting)
            except objects.CompileError as error:
                # What would have made it needless, if it had been believed, is no less the reason.
                doubts = "; ".join(one.message for one in cache_notices())
                raise RenderError(f"a kernel could not be compiled: {error}", hint=doubts or None) from error
            self.codes[level, kernels] = code
        return self.codes[level, kernels]

    def lend(self, name: str, workers: int, level: str) -> Backend:
        """A backend that nobody else uses: one that waits, else a new one."""
        waiting = self.backends.get((name, workers, level))
        lent = waiting.pop() if waiting else backend(name, self, workers, level, self.block_by_block)
        self.lent.append(lent)
        return lent

    def take_back(self, used: Backend, level: str) -> None:
        """A rendering has done with its backend."""
        if self.ended:
            return
        self.lent = [one for one in self.lent if one is not used]
        used.leave()
        if self.closed:
            used.close()
            self.close()
        elif used.lasting:
            self.backends.setdefault((used.name, used.workers, level), []).append(used)

    def borrow(self, layout: Layout, folder: str | None) -> Arena:
        """An arena with this layout: the idle one if it is large enough. Raises ArenaError."""
        arena, self.idle = self.idle, None
        if arena is not None:
            if arena.take_layout(layout, folder):
                return arena
            arena.close()
        if folder is not None:
            sweep(folder)
        return Arena(layout, folder)

    def give_back(self, arena: Arena) -> None:
        """Keeps an arena for the next render."""
        if self.idle is not None:
            self.idle.close()
        self.idle = arena
        if self.closed:
            self.close()

    def rings(self, count: int, keys: Iterable[str], folder: str | None) -> Sequence[StatsRing]:
        """Rings of the stats file in this folder; none for what is rendered while planning. Raises OSError."""
        if self.within is not None:
            return ()
        if folder not in self.stats:
            self.stats[folder] = StatsFile(folder)
        return self.stats[folder].borrow(count, keys)

    def give_back_rings(self, rings: Sequence[StatsRing]) -> None:
        """Keeps the rings for the next render."""
        for one in self.stats.values():
            one.give_back(ring for ring in rings if ring.path == one.path)

    def close(self) -> None:
        """Ends what waits and gives its memory back; what is still lent ends when it is taken back."""
        self.closed = True
        while self.backends:
            for waiting in self.backends.popitem()[1]:
                waiting.close()
        if self.idle is not None:
            self.idle.close()
            self.idle = None
        if not self.lent:
            while self.stats:
                self.stats.popitem()[1].close()

    def end(self) -> None:
        """Ends what is lent too: whoever uses it is not coming back."""
        self.close()
        self.ended = True
        while self.lent:
            self.lent.pop().close()
        self.close()

    def __enter__(self) -> Warm:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def level_for(asked: str | None) -> str:
    """The CPU level of machine code: the one asked for, else the host's best.

    Raises UsageError where this CPU cannot run it, RenderError where it can run none.
    """
    levels = objects.host_levels()
    if not levels:
        raise RenderError("this CPU lacks the x86-64-v2 instructions", hint="farm runs on x86-64 with SSE4.2 or newer")
    if asked is not None and asked not in levels:
        hint = f"it can run {', '.join(sorted(levels))}; farm renders the same frames with each"
        raise UsageError(f"--cpu {asked}: this CPU cannot run x86-64-{asked} code", hint=hint)
    return asked or levels[0]
