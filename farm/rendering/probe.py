"""Probes: buses that planning reads. Each runs its own part of the graph, as far as it is asked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from farm.pattern.unique import unique
from farm.rendering.piece import NotFinite, Piece

KEPT_FRAMES = 1 << 22
"""Frames that stay at hand; older ones are computed again from the start if they are asked for."""


class Running(Protocol):
    """What a probe asks of the rendering of its bus."""

    def restart(self) -> None:
        """Goes back to the start."""

    def pieces(self, stop_frame: int | None) -> Iterator[Piece]:
        """Runs windows, a few chunks at a time; None: without an end."""

    def close(self) -> None:
        """Gives back what was borrowed."""


class Probe:
    """A bus read at frames; most questions follow each other in time."""

    def __init__(self, rendering: Running, bus: int) -> None:
        self.rendering = rendering
        self.bus = bus
        self.known: dict[int, float] = {}
        self.begin()

    def begin(self) -> None:
        """Starts from frame 0."""
        self.rendering.restart()
        self.stream = self.rendering.pieces(None)
        self.first = 0
        self.kept: NDArray[np.float32] = np.zeros(0, np.float32)

    def at_frames(self, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        """The left channel at frames (in any order), float64. Raises NotFinite."""
        if not len(frames):
            return np.zeros(0)
        wanted = [int(frame) for frame in unique(frames) if int(frame) not in self.known]
        if wanted and wanted[0] < self.first:
            self.begin()
        at = 0
        while at < len(wanted):
            end = self.first + len(self.kept)
            while at < len(wanted) and wanted[at] < end:
                self.known[wanted[at]] = value = float(self.kept[wanted[at] - self.first])
                if not math.isfinite(value):
                    # Which of them is asked for first depends on the windows; where it begins does not.
                    raise NotFinite(self.rendering, self.bus, 0, wanted[at])
                at += 1
            if at < len(wanted):
                self.go_on()
        result = np.array([self.known[int(frame)] for frame in frames])
        if len(self.known) > KEPT_FRAMES:
            self.known.clear()
        return result

    def close(self) -> None:
        """Gives back what was borrowed."""
        self.rendering.close()

    def go_on(self) -> None:
        """Runs the next chunks."""
        left = np.ascontiguousarray(next(self.stream).planes[self.bus][:, 0, :]).ravel()
        self.kept = np.concatenate([self.kept, left])
        if len(self.kept) > KEPT_FRAMES:
            self.first += len(self.kept) - KEPT_FRAMES // 2
            self.kept = self.kept[-(KEPT_FRAMES // 2) :]
