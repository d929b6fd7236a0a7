"""What a rendering has spent and planned so far."""

from __future__ import annotations

from farm.errors import Notice
from farm.rendering.report import Observer
from workers.records import record


@record()
class Spent:
    """Seconds spent in each part of a rendering, and kernels compiled for it; `observer` is told of those."""

    observer: Observer | None = None
    compile_s: float = 0.0
    """Loading machine code, and compiling it where it was missing."""
    arena_s: float = 0.0
    """Reading samples, starting workers, making the arena."""
    plan_s: float = 0.0
    render_s: float = 0.0
    compiled_kernels: int = 0

    def tell(self, notice: Notice) -> None:
        """Passes on what a person should know at once."""
        if self.observer is not None:
            self.observer.warning(notice)

    def compiling(self, done: int, total: int, kept: bool) -> None:
        """Notes how many kernels are compiled, of how many, and whether they are kept for the next time."""
        self.compiled_kernels = total
        if self.observer is not None:
            self.observer.compiling(done, total, kept)

    def waiting(self) -> None:
        """Passes on that another process compiles what this one needs."""
        if self.observer is not None:
            self.observer.waiting()


@record()
class Counts:
    """What a rendering has planned so far."""

    voices: int = 0
    voices_peak: int = 0
    voices_stolen: int = 0
    tasks: int = 0
    windows: int = 0
