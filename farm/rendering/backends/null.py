"""The null backend: everything is planned, and nothing runs. Its frames are silence; it needs no machine code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from farm.audio.block import Block
from farm.errors import Notice
from farm.plan.path import PathPlan
from farm.plan.plan import WindowPlan
from farm.rendering.backends import Lender, Preparation
from farm.rendering.piece import Piece


def silent(plan: PathPlan, number: int, first: int, frames: int) -> Block:
    """What an output path gives of silence."""
    path = plan.path
    data = None
    if path.coding is not None:
        data = np.zeros((frames, path.coding.bytes * path.width), np.uint8)
    return Block(first - plan.delay, np.zeros((frames, path.width), np.float32), data, path=number)


class NullBackend:
    """Gives silence as long as what was planned."""

    name = "null"
    workers = 1
    replaced = 0
    notices: Sequence[Notice] = ()
    lasting = False
    joins = False

    def __init__(self, lender: Lender, workers: int, level: str, block_by_block: bool) -> None:
        """Nothing is kept of the arguments that all backends take."""

    def prepare(self, preparation: Preparation) -> None:
        """Nothing is loaded."""
        self.plan, self.buses, self.first_frame = preparation.plan, preparation.buses, preparation.first_frame

    def foresee(self, window: WindowPlan) -> Iterator[None]:
        """Nothing is needed."""
        return iter(())

    def run(self, window: WindowPlan, more: bool) -> Iterator[Piece]:
        """A piece of silence for each chunk."""
        plan, chunk = self.plan, self.plan.chunk_frames
        unread = max(self.first_frame - window.first_frame, 0) // chunk
        for first in range(window.first_frame + unread * chunk, window.last_frame, chunk):
            frames = min(chunk, window.last_frame - first)
            yield Piece(
                first=first,
                planes={bus: np.zeros((1, 2, frames), np.float32) for bus in self.buses},
                outputs=dict(plan.outputs),
                buses=self.buses,
                blocks=tuple(silent(path, number, first, frames) for number, path in enumerate(plan.paths)),
                levels=tuple(np.zeros(len(path.measured) + 1, np.float32) for path in plan.paths),
            )

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
        """Nothing was started."""

    def close(self) -> None:
        """Nothing was started."""
