"""A session: what stays warm from render to render - machine code, a pool of workers, an arena."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from farm.errors import FileError, RenderError, UsageError
from farm.options import RenderOptions
from farm.render.backends.inline import InlineBackend
from workers.arena import Arena, Layout, sweep
from workers.targets import objects

if TYPE_CHECKING:
    from farm.graph.score import Score
    from farm.render.backends.local import LocalBackend
    from farm.render.job import Observer, Report


class Engine:
    """Machine code of the kernels that plans name, for one CPU level."""

    def __init__(self, level: str | None, compiling: Callable[[int, int], None] | None) -> None:
        levels = objects.host_levels()
        if not levels:
            raise RenderError(
                "this CPU lacks the x86-64-v2 instructions", hint="farm runs on x86-64 with SSE4.2 or newer"
            )
        if level is not None and level not in levels:
            hint = f"it can run {', '.join(sorted(levels))}; farm renders the same frames with each"
            raise UsageError(f"--cpu {level}: this CPU cannot run x86-64-{level} code", hint=hint)
        self.level = level or levels[0]
        self.compiling = compiling
        self.codes: dict[tuple[str, ...], objects.Code] = {}

    def code(self, names: tuple[str, ...]) -> objects.Code:
        """Loaded code, compiled first where the cache lacks it. Raises RenderError."""
        if names not in self.codes:
            jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            try:
                found = objects.ensure(names, self.level, jobs=jobs, progress=self.compiling)
            except objects.CompileError as error:
                raise RenderError(f"a kernel could not be compiled: {error}") from error
            self.codes[names] = objects.load(found)
        return self.codes[names]


class Session:
    """A warm pool and arena: renders follow each other without starting anything anew. Close it, or use it in `with`.

    A session made `within` another shares its machine code, nothing else. `block_by_block`: pools run no chunk ahead.
    """

    def __init__(self, within: Session | None = None, *, block_by_block: bool = False) -> None:
        self.block_by_block = block_by_block
        self.engines: dict[str | None, Engine] = within.engines if within is not None else {}
        self.compiling: Callable[[int, int], None] | None = within.compiling if within is not None else None
        self.compiled_kernels = 0
        """How many were compiled in the present render."""
        self.pools: dict[tuple[int, str], LocalBackend] = {}
        self.idle: Arena | None = None
        if within is None:
            sweep()

    def engine(self, level: str | None) -> Engine:
        """Machine code for a CPU level (None: the host's best). Raises UsageError where the CPU lacks it."""
        if level not in self.engines:
            self.engines[level] = Engine(level, self.tell_compiling)
        return self.engines[level]

    def tell_compiling(self, done: int, total: int) -> None:
        """Passes progress of compilation on to whoever watches the present render."""
        self.compiled_kernels = total
        if self.compiling is not None:
            self.compiling(done, total)

    def inline_backend(self, level: str | None, kernels: tuple[str, ...]) -> InlineBackend:
        """Tasks run in this process."""
        return InlineBackend(self.engine(level).code(kernels), kernels)

    def local_backend(
        self,
        workers: int,
        level: str | None,
        kernels: tuple[str, ...],
        chunk_frames: int,
        slot_bytes: tuple[int, int],
    ) -> LocalBackend:
        """Tasks run on a pool, which is started the first time."""
        backend, code = self.pool(workers, level, kernels)
        backend.use(code, kernels, chunk_frames, slot_bytes)
        return backend

    def pool(self, workers: int, level: str | None, kernels: tuple[str, ...]) -> tuple[LocalBackend, objects.Code]:
        """The backend for so many workers, and the machine code of these kernels."""
        engine = self.engine(level)
        code = engine.code((*kernels, *objects.LOOP_ENTRIES))
        key = (workers, engine.level)
        if key not in self.pools:
            # Processes and sockets are for pools alone: a small render starts sooner without them.
            from farm.render.backends.local import LocalBackend
            from workers.pool import name_process

            name_process("farm")
            self.pools[key] = LocalBackend(workers, engine.level, self.block_by_block)
        return self.pools[key], code

    def borrow(self, layout: Layout, folder: str | None) -> Arena:
        """An arena with this layout: the idle one if it is large enough. Raises ArenaError."""
        arena, self.idle = self.idle, None
        if arena is not None:
            if arena.take_layout(layout, folder):
                return arena
            arena.close()
        if folder is not None:
            if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
                raise FileError(f"--work-dir {folder} is not a folder that can be written to")
            sweep(folder)
        return Arena(layout, folder)

    def give_back(self, arena: Arena) -> None:
        """Keeps an arena for the next render."""
        if self.idle is not None:
            self.idle.close()
        self.idle = arena

    def render(self, score: Score, options: RenderOptions | None = None) -> NDArray[np.float32]:
        """As `farm.render`, warm: float32 (frames, 2). Raises what that raises."""
        from farm.render.job import render

        return render(score, options, session=self)

    def render_file(
        self, score: Score, path: str | Path, options: RenderOptions | None = None, observer: Observer | None = None
    ) -> Report:
        """As `farm.render_file`, warm. Raises what that raises."""
        from farm.render.job import render_file

        return render_file(score, path, options, observer, session=self)

    def close(self) -> None:
        """Ends the pools and gives all memory back."""
        for pool in self.pools.values():
            pool.close()
        self.pools.clear()
        if self.idle is not None:
            self.idle.close()
            self.idle = None

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
