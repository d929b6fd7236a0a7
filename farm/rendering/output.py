"""The output stage: how loud outputs are, and where the tail ends; from pieces to what is kept of a path's blocks."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import field, replace

import numpy as np
from numpy.typing import NDArray

from farm.audio.block import Block, bounds
from farm.audio.loudness import Loudness
from farm.errors import Notice, RenderError
from farm.options import RenderOptions
from farm.plan.path import NEVER, OutputPath
from farm.plan.travel import longest_travel_s
from farm.plan.weighting import cell_frames
from farm.rendering.length import CELLS_PER_SECOND, LONGEST_TAIL_S, QUIET, QUIET_CELLS, Extent, cell_end
from farm.rendering.piece import NotFinite, Piece
from farm.rendering.rendering import Rendering
from workers.records import record

Frames = NDArray[np.float32]


@record(eq=False)
class OutputStage:
    """Takes what is written out of a rendering's chunks; measures each output on the way."""

    rendering: Rendering
    options: RenderOptions
    extent: Extent
    peaks: dict[str, float] = field(default_factory=dict)
    mixed_peak: float = 0.0
    """Of what is kept of the mix, before fades and the limiter."""
    tail_frames: int = 0
    cut: str = ""
    """Why the longest automatic tail was too short; empty if it was not."""
    loudness: dict[int, Loudness] = field(default_factory=dict)
    """Of each path of which it is measured."""
    given: int = 0
    """Frames of the mix so far."""
    unsure: list[NDArray[np.float32] | NotFinite | RenderError] = field(default_factory=list)
    """Levels of frames that are kept only if something is heard after them, or what is wrong with those frames."""

    def __post_init__(self) -> None:
        cell = cell_frames(self.options.rate)
        paths = self.rendering.plan.paths
        self.loudness = {number: Loudness(cell) for number, one in enumerate(paths) if one.path.measured}

    def blocks(self) -> Generator[Block, None, None]:
        """What is given: the blocks of each path in order."""
        for block in self.all_blocks():
            self.given += len(block) if block.path == 0 else 0
            yield block

    def all_blocks(self) -> Generator[Block, None, None]:
        """The same, uncounted."""
        extent, rate = self.extent, self.options.rate
        late = max(path.late for path in self.rendering.plan.paths)
        stop = None
        if extent.last is not None:
            stop = extent.last + late
        elif extent.end is not None:
            stop = extent.end + LONGEST_TAIL_S * rate + late
        watch = None
        if extent.last is None and extent.end is not None:
            watch = TailWatch(extent.end, rate, longest_travel_s(self.rendering.graph, self.rendering.plan))
        turn = min((path.first for path in self.endings), default=NEVER)
        waiting: list[Block] = []
        for piece in self.rendering.pieces(stop):
            self.hear(piece)
            if watch is None:
                self.note(self.measure(piece, extent.first, extent.last))
                yield from kept(piece.blocks, extent.first, extent.last)
                continue
            self.look(piece, watch)
            come = kept(piece.blocks[: len(self.paths)], extent.first, None)
            come += kept(piece.blocks[len(self.paths) :], turn, None)
            sure = min(watch.sure, turn)
            yield from [block for block in waiting if block.end <= sure]
            yield from [block for block in come if block.end <= sure]
            waiting = [block for block in waiting if block.end > sure]
            waiting += [block.copy() for block in come if block.end > sure]
            last = watch.limit if watch.silent_at is None else watch.silent_at
            after = piece.first + piece.count
            if (watch.over or after >= watch.limit) and after - late >= last:
                if not watch.over:
                    self.cut = watch.reason
                self.tail_frames = last - watch.end
                yield from self.last(waiting, last, watch.silent_at is None)
                return
        if extent.end is not None and extent.last is not None:
            self.tail_frames = max(extent.last - extent.end, 0)

    @property
    def paths(self) -> tuple[OutputPath, ...]:
        """The ways into files."""
        return tuple(one.path for one in self.rendering.plan.paths if one.path.ends is None)

    @property
    def endings(self) -> tuple[OutputPath, ...]:
        """Those that take their place where an automatic tail is cut off."""
        return tuple(one.path for one in self.rendering.plan.paths if one.path.ends is not None)

    def last(self, waiting: Sequence[Block], last: int, cut_off: bool) -> Iterator[Block]:
        """What is given at the end of an automatic tail, up to frame `last`; faded if it was `cut_off`."""
        faded = self.endings if cut_off else ()
        turns = {path.ends: path.first for path in faded}
        for block in waiting:
            if block.path < len(self.paths):
                yield from kept([block], 0, min(last, turns.get(block.path, last)))
        for block in waiting:
            if block.path >= len(self.paths) and faded:
                path = faded[block.path - len(self.paths)]
                assert path.ends is not None
                yield from kept([replace(block, path=path.ends)], path.first, last)

    def notices(self) -> tuple[Notice, ...]:
        """A warning when the longest automatic tail was too short."""
        if not self.cut:
            return ()
        message = f"the tail ends after {LONGEST_TAIL_S} s, although {self.cut}"
        hint = "`--tail 60` renders 60 s of it; a feedback or a loop whose gain is 1 or more, or `speed` 0, never ends"
        return (Notice(message, None, hint),)

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

    def hear(self, piece: Piece) -> None:
        """Takes what was measured of how loud paths are."""
        for block in piece.blocks:
            if block.energies is not None:
                self.loudness[block.path].add(block.energies, block.true_peak)

    def note(self, levels: NDArray[np.float32]) -> None:
        """Takes levels of outputs, and of the mix behind them, for the report."""
        outputs = self.rendering.plan.outputs
        self.mixed_peak = max(self.mixed_peak, float(levels[len(outputs)]))
        for (name, _), level in zip(outputs, levels, strict=False):
            self.peaks[name] = max(self.peaks.get(name, 0.0), float(level))

    def measure(self, piece: Piece, first: int, last: int | None) -> NDArray[np.float32]:
        """How loud each output is from frame `first` up to `last`, then what each path mixes.

        Raises NotFinite, RenderError for a sum of finite outputs that is not.
        """
        plan = self.rendering.plan
        begin, end = bounds(piece.first, piece.count, first, last)
        if (begin, end) == (0, piece.count):
            levels = np.concatenate(piece.levels[: len(self.paths)])
        else:
            # Only the first piece and the last ones.
            sides = sides_of(piece)
            parts = [sides[bus][:, begin:end] for _, bus in plan.outputs]
            parts += [mix(path, sides)[begin:end] for path in self.paths]
            levels = np.array([np.abs(part).max(initial=0.0) for part in parts], np.float32)
        if not (levels < np.inf).all():
            raise self.fault(piece, begin, end)
        return levels

    def fault(self, piece: Piece, begin: int, end: int) -> NotFinite | RenderError:
        """The error for frames `begin` to `end` of a piece, which are not all finite: the first one decides."""
        sides, paths = sides_of(piece), self.paths
        sound: dict[int, NDArray[np.bool_]] = {
            bus: np.all(np.isfinite(both[:, begin:end]), axis=0) for bus, both in sides.items()
        }
        mixed: list[NDArray[np.bool_]] = [np.all(np.isfinite(mix(path, sides)[begin:end]), axis=1) for path in paths]
        at = int(np.argmin(np.stack([*sound.values(), *mixed]).all(axis=0)))
        frame = piece.first + begin + at
        for bus, finite in sound.items():
            if not finite[at]:
                return NotFinite(self.rendering, bus, frame, frame)
        number = next(number for number, finite in enumerate(mixed) if not finite[at])
        what = f"the stem `{paths[number].name}`"
        if number == 0:
            what = "the sum of all outputs" if not self.options.outputs_as_channels else "a channel"
        return RenderError(
            f"{what} is too large for a number at frame {frame} ({frame / self.options.rate:.3f} s)",
            hint="lower their gains, or --gain",
        )


def kept(blocks: Iterable[Block], first: int, last: int | None) -> list[Block]:
    """What of blocks lies between two frames."""
    parts = (block.between(first, last) for block in blocks)
    return [block for block in parts if len(block)]


def sides_of(piece: Piece) -> dict[int, Frames]:
    """The signals of a piece, float32 (2, n) each."""
    return {bus: planes.transpose(1, 0, 2).reshape(2, -1) for bus, planes in piece.planes.items()}


def mix(path: OutputPath, sides: dict[int, Frames]) -> Frames:
    """What a path makes of signals (2, n) before its fades: float32 (n, channels). It need not be finite."""
    half, mixed = np.float32(0.5), []
    with np.errstate(invalid="ignore", over="ignore"):
        for terms in path.channels:
            total = np.zeros(next(iter(sides.values())).shape[1], np.float32)
            for term in terms:
                left, right = sides[term.bus]
                total += (left + right) * half if term.side is None else (left, right)[term.side]
            mixed.append(total * np.float32(path.gain))
    return np.stack(mixed, axis=1)


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
    def sure(self) -> int:
        """The frame up to which all is kept, whatever comes."""
        return min(cell_end(self.cell - 1 - self.quiet + QUIET_CELLS, self.rate), self.limit)

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
