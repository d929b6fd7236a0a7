"""The window that comes next: planned step by step while another one runs, and set going as soon as it is ready."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import field
from typing import TypeAlias

from farm.plan.plan import WindowPlan
from farm.rendering.piece import Piece
from workers.records import record

Steps: TypeAlias = Generator[None, None, WindowPlan | None]
"""Planning of a window, None behind the last."""


@record(eq=False)
class Ahead:
    """A window to come. `run` sets it going and gives its pieces."""

    steps: Steps
    run: Callable[[WindowPlan], Iterator[Piece]]
    over: bool = False
    window: WindowPlan | None = None
    pieces: Iterator[Piece] = field(default_factory=lambda: iter(()))

    def step(self) -> bool:
        """Goes one step further; whether there was one."""
        if self.over:
            return False
        try:
            next(self.steps)
        except StopIteration as end:
            self.over, self.window = True, end.value
            if self.window is not None:
                self.pieces = self.run(self.window)
        return True

    def finish(self) -> WindowPlan | None:
        """Does all that is left; the window."""
        while self.step():
            pass
        return self.window
