"""The output stage: outputs summed, gain, fades, the tail's end; from chunks of buses to frames of the file."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from farm.options import RenderOptions
from farm.render.length import CELLS_PER_SECOND, LONGEST_TAIL_S, QUIET, QUIET_CELLS, Extent, cell_end
from farm.render.rendering import Rendering

Frames = NDArray[np.float32]


@dataclass(eq=False)
class OutputStage:
    """Turns a rendering's chunks into the frames that are written; measures each output on the way."""

    rendering: Rendering
    options: RenderOptions
    extent: Extent
    peaks: dict[str, float] = field(default_factory=dict)
    tail_frames: int = 0

    def frames(self) -> Generator[Frames, None, None]:
        """Blocks of float32 (n, 2), in order."""
        extent, rate = self.extent, self.options.rate
        chunk = self.options.chunk_frames
        stop = None
        if extent.last is not None:
            stop = -(-extent.last // chunk)
        elif extent.end is not None:
            stop = -(-(extent.end + LONGEST_TAIL_S * rate) // chunk)
        watch = TailWatch(extent.end, rate) if extent.last is None and extent.end is not None else None
        waiting: list[Frames] = []
        waiting_from = 0
        for first, buses in self.rendering.chunks(stop):
            ended = extent.last if watch is None else watch.look(first, buses)
            mixed = self.mixed(first, buses, ended)
            after = first + len(mixed)
            if watch is None:
                yield from self.cut(first, mixed, extent.last)
                continue
            if after <= watch.end:
                yield from self.cut(first, mixed, None)
                continue
            if not waiting:
                waiting_from = first
            waiting.append(mixed)
            if ended is not None or after >= watch.limit:
                last = ended if ended is not None else watch.limit
                tail = np.concatenate(waiting)
                if ended is None:
                    fade = int(self.options.fade_out_s * rate + 0.5)
                    fade_out(tail, waiting_from, last - fade, last)
                self.tail_frames = last - watch.end
                yield from self.cut(waiting_from, tail, last)
                return
        if extent.end is not None and extent.last is not None:
            self.tail_frames = max(extent.last - extent.end, 0)

    def mixed(self, first: int, buses: dict[int, Frames], last: int | None) -> Frames:
        """The sum of all outputs, with gain and the fades whose place is known; (n, 2).

        Only frames of the part that is kept (up to `last`) count as peaks and faults.
        """
        total: Frames | None = None
        for name, bus in self.rendering.plan.outputs:
            planes = buses[bus]
            kept = self.kept(first, planes, last)
            peak = max(float(kept.max(initial=0.0)), -float(kept.min(initial=0.0)))
            if not peak < np.inf:
                raise self.rendering.fault(bus)
            self.peaks[name] = max(self.peaks.get(name, 0.0), peak)
            total = planes + np.float32(0.0) if total is None else total + planes
        assert total is not None
        total *= np.float32(self.options.gain)
        frames = np.ascontiguousarray(total.transpose(0, 2, 1)).reshape(-1, 2)
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

    def kept(self, first: int, planes: Frames, last: int | None) -> Frames:
        """The frames of planes (chunks, 2, chunk frames) that lie inside the part that is kept."""
        count = planes.shape[0] * planes.shape[2]
        begin = max(self.extent.first - first, 0)
        end = count if last is None else min(last - first, count)
        if (begin, end) == (0, count):
            return planes
        return planes.transpose(1, 0, 2).reshape(2, count)[:, begin : max(end, begin)]

    def cut(self, first: int, frames: Frames, last: int | None) -> Iterator[Frames]:
        """What of a block lies inside the part that is kept."""
        begin = max(self.extent.first - first, 0)
        end = len(frames) if last is None else min(last - first, len(frames))
        if begin < end:
            yield frames[begin:end]


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
