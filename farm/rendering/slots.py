"""Reading an arena: finished chunks of the outputs are taken out of their slots."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from farm.audio.block import Block
from farm.plan.lower import signal_bytes
from farm.plan.master import DELIVERED_ROWS, LEVEL_LANES, level_rows
from farm.plan.path import PathPlan
from farm.plan.plan import Area, StaticPlan
from farm.plan.weighting import cell_frames
from farm.rendering.piece import Piece
from workers.arena import Arena, Key

Frames = NDArray[np.float32]


class Slots:
    """Views of an arena, made once: `planes` by bus (slots, 2, frames), and those of each output path."""

    def __init__(self, plan: StaticPlan, arena: Arena, roots: Mapping[int, str]) -> None:
        self.depth, self.frames = plan.depth, plan.chunk_frames
        self.outputs, self.buses = dict(plan.outputs), roots
        plane = signal_bytes(plan) // 8
        self.planes = {bus: floats(arena, (Area.BUS, bus), plan.depth, 2, plane) for bus in roots}
        self.paths = [PathSlots(plan, path, number, arena) for number, path in enumerate(plan.paths)]

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
        blocks = tuple(path.block(slots, frames, first_frame) for path in self.paths)
        levels = tuple(path.levels[slots, :-DELIVERED_ROWS].max(axis=(0, 2)) for path in self.paths)
        return Piece(first_frame, planes, self.outputs, self.buses, blocks, levels)


class PathSlots:
    """Views of what an output path gives: `frames` (slots, frames, channels), `data` (slots, bytes), `levels`."""

    def __init__(self, plan: StaticPlan, path: PathPlan, number: int, arena: Arena) -> None:
        chunk, width, depth = plan.chunk_frames, path.path.width, plan.depth
        self.number, self.delay = number, path.delay
        self.frames = floats(arena, (Area.BUS, path.frames), depth, path.slot_frames(chunk), width)
        self.levels = floats(arena, (Area.LEVELS, number), depth, level_rows(path), LEVEL_LANES)
        self.counts = self.levels.view(np.uint32)
        self.first, self.cell, self.eights = path.path.first, cell_frames(path.rate), path.eights
        self.loudness: Frames | None = None
        if path.path.measured:
            self.loudness = floats(arena, (Area.BUS, path.loudness), depth, path.loudness_floats(chunk))
        self.data: NDArray[np.uint8] | None = None
        if path.data is not None and path.path.coding is not None:
            size = path.slot_bytes(chunk)[path.data]
            self.data = arena.region((Area.BUS, path.data), np.uint8)[: depth * size].reshape(depth, size)
            self.frame_bytes = path.path.coding.bytes * width

    def energies(self, slots: slice, frames: int, first_frame: int) -> NDArray[np.float32]:
        """Energies of the cells that end in neighbouring slots of `frames` frames each, the first of number
        `first_frame`."""
        assert self.loudness is not None
        begin = first_frame - self.delay - self.first
        found = []
        for number, cells in enumerate(self.loudness[slots, 8:]):
            start = max(begin + number * frames, 0) // self.cell
            count = max(max(begin + (number + 1) * frames, 0) // self.cell - start, 0)
            found.append(cells[: count * self.eights * 8].reshape(count, self.eights * 8).sum(axis=1))
        return np.concatenate(found)

    def block(self, slots: slice, frames: int, first_frame: int) -> Block:
        """The first `frames` frames of neighbouring slots: views, where they lie side by side."""
        data = None
        if self.data is not None:
            data = self.data[slots, : frames * self.frame_bytes].reshape(-1, self.frame_bytes)
        return Block(
            first=first_frame - self.delay,
            frames=self.frames[slots, :frames].reshape(-1, self.frames.shape[2]),
            data=data,
            peak=float(self.levels[slots, -5].max()),
            cut_off=int(self.counts[slots, -4].sum()),
            outside=int(self.counts[slots, -3].sum()),
            limited=int(self.counts[slots, -2].sum()),
            reduction=float(self.levels[slots, -1].max()),
            path=self.number,
            energies=None if self.loudness is None else self.energies(slots, frames, first_frame),
            true_peak=0.0 if self.loudness is None else float(self.loudness[slots, :8].max()),
        )


def floats(arena: Arena, key: Key, *shape: int) -> Frames:
    """A view of a region."""
    viewed: Frames = arena.region(key, np.float32)[: math.prod(shape)].reshape(shape)
    return viewed
