"""The output stage: fades, levels, the tail's end; from mixed chunks to the frames of the file."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from farm.errors import Notice, RenderError
from farm.options import RenderOptions
from farm.plan.travel import longest_travel_s
from farm.rendering.length import CELLS_PER_SECOND, LONGEST_TAIL_S, QUIET, QUIET_CELLS, Extent, cell_end
from farm.rendering.piece import NotFinite, Piece
from farm.rendering.rendering import Rendering
from farm.rendering.routing import Routing
from workers.records import record

Frames = NDArray[np.float32]


@record(eq=False)
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
    mixed_peak: float = 0.0
    """Of what is kept of the mix, before fades and the limiter."""
    tail_frames: int = 0
    cut: str = ""
    """Why the longest automatic tail was too short; empty if it was not."""
    unsure: list[NDArray[np.float32] | NotFinite | RenderError] = field(default_factory=list)
    """Levels of frames that are kept only if something is heard after them, or what is wrong with those frames."""

    @property
    def first(self) -> int:
        """Number of the first frame that is given."""
        return max(self.extent.first - self.margins[0], 0)

    def frames(self) -> Generator[Frames, None, None]:
        """Blocks of float32 (n, channels), in order."""
        extent, rate = self.extent, self.options.rate
        stop = through = None
        if extent.last is not None:
            through = extent.last + (self.margins[1] if extent.goes_on else 0)
            stop = through
        elif extent.end is not None:
            stop = extent.end + LONGEST_TAIL_S * rate
        watch = None
        if extent.last is None and extent.end is not None:
            watch = TailWatch(extent.end, rate, longest_travel_s(self.rendering.graph, self.rendering.plan))
        waiting: list[Frames] = []
        waiting_from = 0
        for piece in map(self.routed, self.rendering.pieces(stop)):
            after = piece.first + len(piece.frames)
            if watch is None:
                self.note(self.measure(piece, extent.first, extent.last))
            else:
                self.look(piece, watch)
            first, mixed = self.given(piece, through)
            if watch is None or after <= watch.end:
                if len(mixed):
                    yield mixed
                continue
            if not waiting:
                waiting_from = first
            waiting.append(mixed)
            if watch.over or after >= watch.limit:
                last = watch.limit if watch.silent_at is None else watch.silent_at
                tail = np.concatenate(waiting)[: max(last - waiting_from, 0)]
                if watch.silent_at is None:
                    fade = int(self.options.fade_out * rate + 0.5)
                    fade_out(tail, waiting_from, last - fade, last)
                if not watch.over:
                    self.cut = watch.reason
                self.tail_frames = last - watch.end
                if len(tail):
                    yield tail
                return
        if extent.end is not None and extent.last is not None:
            self.tail_frames = max(extent.last - extent.end, 0)

    def notices(self) -> tuple[Notice, ...]:
        """A warning when the longest automatic tail was too short."""
        if not self.cut:
            return ()
        message = f"the tail ends after {LONGEST_TAIL_S} s, although {self.cut}"
        hint = "`--tail 60` renders 60 s of it; a feedback or a loop whose gain is 1 or more, or `speed` 0, never ends"
        return (Notice(message, None, hint),)

    def routed(self, piece: Piece) -> Piece:
        """A piece with outputs as channels, where that is asked for, instead of their mix."""
        if self.routing is None:
            return piece
        # What is not finite is an error where it is kept, and `measure` finds it.
        with np.errstate(invalid="ignore", over="ignore"):
            frames = self.routing.frames(piece.planes, self.options.gain)
        loudest = np.abs(frames).max(initial=0.0)
        return replace(piece, frames=frames, levels=np.append(piece.levels[:-1], loudest))

    def look(self, piece: Piece, watch: TailWatch) -> None:
        """Shows a piece to the tail's watch, and measures it as far as it is sure to be kept.

        Raises NotFinite, RenderError.
        """
        before = watch.silent_at
        watch.look(piece.first, piece.planes)
        at = watch.silent_at
        if at is None or at != before:
            unsure, self.unsure = self.unsure, []
            for levels in unsure:
                if isinstance(levels, NotFinite | RenderError):
                    raise levels
                self.note(levels)
            self.note(self.measure(piece, self.extent.first, watch.limit if at is None else at))
        if at is not None and not watch.over:
            try:
                self.unsure.append(self.measure(piece, max(at, self.extent.first), watch.limit))
            except (NotFinite, RenderError) as error:
                self.unsure.append(error)

    def note(self, levels: NDArray[np.float32]) -> None:
        """Takes levels of outputs, and of the mix behind them, for the report."""
        self.mixed_peak = max(self.mixed_peak, float(levels[-1]))
        for (name, _), level in zip(self.rendering.plan.outputs, levels[:-1], strict=True):
            self.peaks[name] = max(self.peaks.get(name, 0.0), float(level))

    def measure(self, piece: Piece, first: int, last: int | None) -> NDArray[np.float32]:
        """How loud each output and the mix are from frame `first` up to `last`.

        Raises NotFinite, RenderError for a sum of finite outputs that is not.
        """
        outputs = self.rendering.plan.outputs
        begin, end = bounds(piece.first, len(piece.frames), first, last)
        levels = piece.levels
        if (begin, end) != (0, len(piece.frames)):
            # Only the first piece and the last ones.
            kept = [piece.planes[bus].transpose(1, 0, 2).reshape(2, -1)[:, begin:end] for _, bus in outputs]
            mixed = piece.frames[begin:end]
            levels = np.array([np.abs(part).max(initial=0.0) for part in (*kept, mixed)], np.float32)
        if not (levels < np.inf).all():
            raise self.fault(piece, begin, end)
        return levels

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
        fade_in = int(self.options.fade_in * self.options.rate + 0.5)
        if first < fade_in:
            ramp = np.minimum((np.arange(first, first + len(frames)) / fade_in).astype(np.float32), np.float32(1.0))
            frames *= ramp[:, None]
        at, last = self.extent.fade_out_at, self.extent.last
        if at is not None and first + len(frames) > at:
            end = at + int(self.options.fade_out * self.options.rate + 0.5)
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


@record(eq=False)
class TailWatch:
    """Decides where an automatic tail ends: after 0.5 s in which every output stays under -90 dBFS and after which
    nothing comes any more.

    What may still come needs `travel_s` at most through delay lines: so long it is listened to beyond that end, which
    is what makes the end independent of how long it is. Looks at a fixed grid of 100 ms, so that neither chunks nor
    blocks show.
    """

    end: int
    rate: int
    travel_s: float = 0.0
    quiet: int = 0
    loud: bool = False
    """Whether the present cell is."""
    cell: int = -1
    silent_at: int | None = None
    """Where the render ends if nothing is heard any more; None while something is, or was a moment ago."""
    over: bool = False
    """Whether nothing can come any more."""

    def __post_init__(self) -> None:
        self.cell = -(-self.end * CELLS_PER_SECOND // self.rate)
        self.limit = self.end + LONGEST_TAIL_S * self.rate
        self.enough = QUIET_CELLS + math.ceil(self.travel_s * CELLS_PER_SECOND)

    @property
    def seen(self) -> int:
        """The frame up to which all has been decided upon."""
        return cell_end(self.cell - 1, self.rate)

    @property
    def reason(self) -> str:
        """Why the longest tail is too short."""
        if self.silent_at is None:
            return "something still sounds"
        return f"delays of up to {self.travel_s:.3g} s may still hold some sound"

    def look(self, first: int, buses: dict[int, Frames]) -> None:
        """Hears the next frames."""
        count = next(iter(buses.values()))
        after = first + count.shape[0] * count.shape[2]
        if after <= self.seen:
            return
        levels = np.zeros(after - first, np.float32)
        for planes in buses.values():
            np.maximum(levels, np.abs(planes).max(axis=1).ravel(), out=levels)
        at = max(first, self.seen)
        while at < after and not self.over:
            border = cell_end(self.cell, self.rate)
            stop = min(border, after)
            if border > self.limit:
                # So short a rest is not looked at.
                return
            # What is no number counts as loud.
            self.loud = self.loud or not levels[at - first : stop - first].max() < QUIET
            at = stop
            if stop < border:
                break
            self.quiet, self.loud = 0 if self.loud else self.quiet + 1, False
            self.cell += 1
            if self.quiet == 0:
                self.silent_at = None
            if self.quiet == QUIET_CELLS:
                self.silent_at = border
            self.over = self.quiet >= self.enough
