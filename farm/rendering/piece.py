"""Pieces: a few neighbouring chunks of what a rendering gives, whatever ran its tasks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from workers.records import record

Frames = NDArray[np.float32]


@record(frozen=True, slots=True, eq=False)
class Piece:
    """A few neighbouring chunks of one length.

    `first`: number of the first frame. `planes`: of each bus that is read, float32 (chunks, 2, chunk frames), good
    until the next piece. Where outputs are mixed, `frames`: float32 (n, 2), the caller's own; `levels`: float32
    (outputs + 1), the greatest magnitude of each output, then of the mix; NaN where a value was not finite. `outputs`:
    the bus of each output by its name; `buses`: the name of each bus that is read.
    """

    first: int
    planes: dict[int, Frames]
    frames: Frames
    levels: Frames
    outputs: Mapping[str, int]
    buses: Mapping[int, str]


class NotFinite(Exception):
    """Bus number `bus` of a rendering is not finite at `frame`; frames before `first` were not looked at.

    It is no message for people: `farm.rendering.faults` finds out which node it was.
    """

    def __init__(self, rendering: object, bus: int, first: int, frame: int) -> None:
        super().__init__(bus, first, frame)
        self.rendering, self.bus, self.first, self.frame = rendering, bus, first, frame
