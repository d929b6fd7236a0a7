"""Pieces: a few neighbouring chunks of what a rendering gives, whatever ran its tasks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from farm.audio.block import Block
from workers.records import record

Frames = NDArray[np.float32]


@record(frozen=True, slots=True, eq=False)
class Piece:
    """A few neighbouring chunks of one length.

    `first`: number of the first frame. `planes`: of each bus that is read, float32 (chunks, 2, chunk frames), good
    until the next piece. `outputs`: the bus of each output by its name; `buses`: the name of each bus that is read.
    `blocks`: what each output path gives; `levels`, of each of them: float32 (buses + 1), the greatest magnitude of
    each bus that it measures, then of what it mixes; NaN where a value was not finite.
    """

    first: int
    planes: dict[int, Frames]
    outputs: Mapping[str, int]
    buses: Mapping[int, str]
    blocks: tuple[Block, ...]
    levels: tuple[Frames, ...]

    @property
    def count(self) -> int:
        """Frames."""
        planes = next(iter(self.planes.values()))
        return int(planes.shape[0] * planes.shape[2])


class NotFinite(Exception):
    """Bus number `bus` of a rendering is not finite at `frame`; frames before `first` were not looked at.

    It is no message for people: `farm.rendering.faults` finds out which node it was.
    """

    def __init__(self, rendering: object, bus: int, first: int, frame: int) -> None:
        super().__init__(bus, first, frame)
        self.rendering, self.bus, self.first, self.frame = rendering, bus, first, frame
