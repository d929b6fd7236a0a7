"""What a rendering has spent and planned so far."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field

from farm.errors import Notice
from farm.rendering.report import CpuSeconds, Duty, Observer
from workers import cores
from workers.records import record


@record()
class Spent:
    """Seconds spent in each part of a rendering, and kernels compiled for it; `observer` is told of those.

    CPU time of the thread that renders is told apart by what it is on (`on`): every moment of it counts once, as the
    innermost of what it is on; what a caller does between blocks does not count.
    """

    observer: Observer | None = None
    compile_s: float = 0.0
    """Loading machine code, and compiling it where it was missing."""
    arena_s: float = 0.0
    """Reading samples, starting workers, making the arena."""
    plan_s: float = 0.0
    render_s: float = 0.0
    compiled_kernels: int = 0
    cpu_s: dict[Duty, float] = field(default_factory=lambda: dict.fromkeys(Duty, 0.0))
    duty: Duty | None = None
    """What the thread is on; None: nothing of this."""
    since_s: float = 0.0

    @contextmanager
    def on(self, duty: Duty | None) -> Iterator[None]:
        """Counts the thread's CPU time as spent on a duty; None: as nobody's. It may lie in another, which goes on."""
        outer = self.duty
        self.turn_to(duty)
        try:
            yield
        finally:
            self.turn_to(outer)

    def turn_to(self, duty: Duty | None) -> None:
        """From now on the thread is on something else."""
        now_s = time.thread_time()
        if self.duty is not None:
            # Another thread may go on with a stream between two blocks, never within one.
            self.cpu_s[self.duty] += now_s - self.since_s
        self.duty, self.since_s = duty, now_s

    def move(self, cpu_s: float, since: Duty, to: Duty) -> None:
        """Counts some CPU time as another duty's."""
        self.cpu_s[since] -= cpu_s
        self.cpu_s[to] += cpu_s

    @property
    def cpu(self) -> CpuSeconds:
        """All CPU time so far."""
        return CpuSeconds(**{f"{duty}_s": seconds for duty, seconds in self.cpu_s.items()})

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


def all_cpu_s() -> float:
    """CPU time of this process so far, and of all that it has started and waited for when they had ended."""
    return time.process_time() + cores.ended_children_cpu_s()
