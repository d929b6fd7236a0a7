"""The output stage: fades, levels, the tail's end; from mixed chunks to the frames of the file."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from farm.errors import RenderError
from farm.options import RenderOptions
from farm.rendering.length import CELLS_PER_SECOND, LONGEST_TAIL_S, QUIET, QUIET_CELLS, Extent, cell_end
from farm.rendering.piece import NotFinite, Piece
from farm.rendering.rendering import Rendering
from farm.rendering.routing import Routing

Frames = NDArray[np.float32]


@dataclass(eq=False)
class OutputStage:
    """Turns a rendering's chunks into the frames that are written; measures each output on the way.

    `routing`: outputs as channels; None: the mix.
    """

    rendering: Rendering
    options: RenderOptions
    extent: Extent
    routing: Routing | None = None
    margins: tuple[int, int] = (0, 0)
    """Frames that are given besides those that are kept: before, where there are any, and after."""
    peaks: dict[str, float] = field(default_factory=dict)
    tail_frames: int = 0

    @property
    def first(self) -> int:
        """Number of the first frame that is given."""
        return max(self.extent.first - self.margins[0], 0)

    def frames(self) -> Generator[Frames, None, None]:
        """Blocks of float32 (n, channels), in order."""
        extent, rate = self.extent, self.options.rate
        chunk = self.options.chunk_frames
        stop = through = None
        if extent.last is not None:
            through = extent.last + (self.margins[1] if extent.goes_on else 0)
            stop = -(-through // chunk)
        elif extent.end is not None:
            stop = -(-(extent.end + LONGEST_TAIL_S * rate) // chunk)
        watch = TailWatch(extent.end, rate) if extent.last is None and extent.end is not None else None
        waiting: list[Frames] = []
        waiting_from = 0
        for piece in map(self.routed, self.rendering.pieces(stop)):
            after = piece.first + len(piece.frames)
            ended = extent.last if watch is None else watch.look(piece.first, piece.planes)
            self.measure(piece, ended if watch is None or ended is not None else watch.limit)
            first, mixed = self.given(piece, through)
            if watch is None or after <= watch.end:
                if len(mixed):
                    yield mixed
                continue
            if not waiting:
                waiting_from = first
            waiting.append(mixed)
            if ended is not None or after >= watch.limit:
                last = ended if ended is not None else watch.limit
                tail = np.concatenate(waiting)[: max(last - waiting_from, 0)]
                if ended is None:
                    fade = int(self.options.fade_out_s * rate + 0.5)
                    fade_out(tail, waiting_from, last - fade, last)
                self.tail_frames = last - watch.end
                if len(tail):
                    yield tail
                return
        if extent.end is not None and extent.last is not None:
            self.tail_frames = max(extent.last - extent.end, 0)

    def routed(self, piece: Piece) -> Piece:
        """A piece with outputs as channels, where that is asked for, instead of their mix."""
        if self.routing is None:
            return piece
        # What is not finite is an error where it is kept, and `measure` finds it.
        with np.errstate(invalid="ignore", over="ignore"):
            frames = self.routing.frames(piece.planes, self.options.gain)
        loudest = np.abs(frames).max(initial=0.0)
        return replace(piece, frames=frames, levels=np.append(piece.levels[:-1], loudest))

    def measure(self, piece: Piece, last: int | None) -> None:
        """Notes how loud each output is in the part that is kept (up to `last`).

        Raises NotFinite, RenderError for a sum of finite outputs that is not.
        """
        outputs = self.rendering.plan.outputs
        begin, end = bounds(piece.first, len(piece.frames), self.extent.first, last)
        levels = piece.levels
        if (begin, end) != (0, len(piece.frames)):
            # Only the first piece and the last ones.
            kept = [piece.planes[bus].transpose(1, 0, 2).reshape(2, -1)[:, begin:end] for _, bus in outputs]
            mixed = piece.frames[begin:end]
            levels = np.array([np.abs(part).max(initial=0.0) for part in (*kept, mixed)], np.float32)
        if not (levels < np.inf).all():
            raise self.fault(piece, begin, end)
        for (name, _), level in zip(outputs, levels[:-1], strict=True):
            self.peaks[name] = max(self.peaks.get(name, 0.0), float(level))

    def fault(self, piece: Piece, begin: int, end: int) -> NotFinite | RenderError:
        """The error for frames `begin` to `end` of a piece, which are not all finite: the first one decides."""
        buses = [bus for _, bus in self.rendering.plan.outputs]
        sound = np.array([np.isfinite(piece.planes[bus]).all(axis=1).ravel()[begin:end] for bus in buses])
        at = int(np.argmin(np.isfinite(piece.frames[begin:end]).all(axis=1) & sound.all(axis=0)))
        frame = piece.first + begin + at
        for bus, finite in zip(buses, sound[:, at], strict=True):
            if not finite:
                return NotFinite(self.rendering, bus, frame, frame)
        what = "the sum of all outputs" if self.routing is None else "a channel"
        return RenderError(
            f"{what} is too large for a number at frame {frame} ({frame / self.options.rate:.3f} s)",
            hint="lower their gains, or --gain",
        )

    def given(self, piece: Piece, through: int | None) -> tuple[int, Frames]:
        """What of a piece is given, up to frame `through`, faded where that is known: the first's number, frames."""
        begin, end = bounds(piece.first, len(piece.frames), self.first, through)
        frames, first = piece.frames[begin:end], piece.first + begin
        if (begin, end) != bounds(piece.first, len(piece.frames), self.extent.first, self.extent.last):
            # The limiter hears frames besides those that are kept: where they are no numbers it shall hear nothing.
            frames[~np.isfinite(frames).all(axis=1)] = 0.0
        return first, self.faded(first, frames)

    def faded(self, first: int, frames: Frames) -> Frames:
        """The fades whose place is known, in place."""
        fade_in = int(self.options.fade_in_s * self.options.rate + 0.5)
        if first < fade_in:
            ramp = np.minimum((np.arange(first, first + len(frames)) / fade_in).astype(np.float32), np.float32(1.0))
            frames *= ramp[:, None]
        at, last = self.extent.fade_out_at, self.extent.last
        if at is not None and first + len(frames) > at:
            end = at + int(self.options.fade_out_s * self.options.rate + 0.5)
            assert last is not None
            fade_out(frames, first, at, end)
        return frames


def bounds(first: int, count: int, begin: int, last: int | None) -> tuple[int, int]:
    """Which of `count` frames, the first of which is number `first`, lie from `begin` up to `last`."""
    start = min(max(begin - first, 0), count)
    end = count if last is None else min(last - first, count)
    return start, max(start, end)


def fade_out(frames: Frames, first: int, begin: int, end: int) -> None:
    """Fades frames, the first of which is number `first`, linearly from `begin` to `end`; in place."""
    if end <= begin:
        return
    ramp = (end - np.arange(first, first + len(frames))) / (end - begin)
    frames *= np.clip(ramp, 0.0, 1.0).astype(np.float32)[:, None]


@dataclass(eq=False)
class TailWatch:
    """Decides where an automatic tail ends: after 0.5 s in which every output stays under -90 dBFS.

    Looks at a fixed grid of 100 ms, so that neither chunks nor blocks show.
    """

    end: int
    rate: int
    quiet: int = 0
    loudest: float = 0.0
    cell: int = -1

    def __post_init__(self) -> None:
        self.cell = -(-self.end * CELLS_PER_SECOND // self.rate)
        self.limit = self.end + LONGEST_TAIL_S * self.rate

    def look(self, first: int, buses: dict[int, Frames]) -> int | None:
        """Sees the next frames; returns the frame at which the render ends once that is known."""
        count = next(iter(buses.values()))
        after = first + count.shape[0] * count.shape[2]
        if after <= cell_end(self.cell - 1, self.rate):
            return None
        levels = np.zeros(after - first, np.float32)
        for planes in buses.values():
            np.maximum(levels, np.abs(planes).max(axis=1).ravel(), out=levels)
        at = max(first, cell_end(self.cell - 1, self.rate))
        while at < after:
            border = cell_end(self.cell, self.rate)
            stop = min(border, after)
            self.loudest = max(self.loudest, float(levels[at - first : stop - first].max()))
            at = stop
            if stop < border:
                break
            self.quiet = self.quiet + 1 if self.loudest < QUIET else 0
            self.loudest = 0.0
            self.cell += 1
            if self.quiet == QUIET_CELLS and border <= self.limit:
                return border
        return None
