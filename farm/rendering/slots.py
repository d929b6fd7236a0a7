"""Reading an arena: finished chunks of the outputs are taken out of their slots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from farm.plan.lower import signal_bytes
from farm.plan.master import LEVEL_LANES
from farm.plan.plan import Area, StaticPlan
from farm.rendering.piece import Piece
from workers.arena import Arena, Key

Frames = NDArray[np.float32]


class Slots:
    """Views of an arena, made once: `planes` by bus (slots, 2, frames), `mixed` and `levels` (slots, ...)."""

    def __init__(self, plan: StaticPlan, arena: Arena, roots: Mapping[int, str]) -> None:
        self.depth, self.frames = plan.depth, plan.chunk_frames
        self.outputs, self.buses = dict(plan.outputs), roots
        plane = signal_bytes(plan) // 8

        def floats(key: Key, *shape: int) -> Frames:
            viewed: Frames = arena.region(key, np.float32)[: math.prod(shape)].reshape(shape)
            return viewed

        self.planes = {bus: floats((Area.BUS, bus), plan.depth, 2, plane) for bus in roots}
        self.mixed = self.levels = None
        if plan.master is not None:
            self.mixed = floats((Area.BUS, plan.master), plan.depth, 2 * plane)
            self.levels = floats((Area.LEVELS, 0), plan.depth, len(plan.outputs) + 1, LEVEL_LANES)

    def pieces(self, chunk: int, first_frame: int, last_frame: int) -> Iterator[Piece]:
        """What neighbouring slots hold from chunk number `chunk` on, between two frames: first all whole chunks."""
        whole, short = divmod(last_frame - first_frame, self.frames)
        if whole:
            yield self.piece(chunk, whole, self.frames, first_frame)
        if short:
            yield self.piece(chunk + whole, 1, short, first_frame + whole * self.frames)

    def piece(self, chunk: int, count: int, frames: int, first_frame: int) -> Piece:
        """The first `frames` frames of `count` neighbouring slots, from that of chunk number `chunk` on."""
        slots = slice(chunk % self.depth, chunk % self.depth + count)
        planes = {bus: held[slots, :, :frames] for bus, held in self.planes.items()}
        mixed, levels = np.zeros((0, 2), np.float32), np.zeros(0, np.float32)
        if self.mixed is not None and self.levels is not None:
            mixed = self.mixed[slots, : 2 * frames].flatten().reshape(-1, 2)
            levels = self.levels[slots].max(axis=(0, 2))
        return Piece(first_frame, planes, mixed, levels, self.outputs, self.buses)
