"""What follows from a score and options before anything is planned: derived once, and taken by all who render."""

from __future__ import annotations

import os
from collections.abc import Sequence

from farm.audio.samples import VARIABLE, SampleLibrary, library
from farm.errors import UsageError
from farm.graph.graph import Graph
from farm.graph.score import Score
from farm.graph.seeds import seed64
from farm.options import Bits, RenderOptions
from farm.plan.limiting import Limiting, limiting
from farm.plan.path import NEVER, OutputPath, WholeNumbers, stereo
from farm.rendering.length import CELLS_PER_SECOND, LONGEST_TAIL_S, QUIET_CELLS, Extent, extent
from farm.rendering.routing import channels, routing
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class Part:
    """What of a graph is rendered: the buses `roots`, from `first_frame` on.

    The rendering begins at `start_frame`, a multiple of 64: before, nothing was. No hap begins from `end_frame` on
    (None: it is endless); sources that are not voices fade there if `fades`. `paths`: what becomes of the outputs.
    """

    roots: tuple[int, ...]
    end_frame: int | None
    fades: bool
    first_frame: int = 0
    paths: tuple[OutputPath, ...] = ()
    start_frame: int = 0


@record(frozen=True, slots=True, eq=False)
class Outline:
    """A render as far as it is known before its graph is made."""

    score: Score
    options: RenderOptions
    extent: Extent
    channels: tuple[str, ...]
    """What each channel of the file holds: sides, or outputs by name."""
    library: SampleLibrary
    bits: Bits = "32f"
    """Of a frame and channel, as workers make them."""
    upper: bool = False
    """Whether 24 bits are the upper three of four bytes."""

    @property
    def dither_seed(self) -> int:
        """The seed of the dither."""
        return seed64(self.options.seed, "dither")

    @property
    def limiter(self) -> Limiting | None:
        """The limiter, where there is one."""
        return limiting(self.options.rate, self.options.ceiling) if self.options.clip == "limit" else None

    @property
    def first_frame(self) -> int:
        """The first frame that is asked of the graph; those before `extent.first` only shape the limiter's gain."""
        before = 0 if self.limiter is None else self.limiter.memory
        return max(self.extent.first - before, 0)

    @property
    def total_frames(self) -> int | None:
        """Frames that are sure to come: all, or those before an automatic tail; None: no end is known."""
        last = self.extent.last if self.extent.last is not None else self.extent.end
        return None if last is None else last - self.extent.first

    def graph(self) -> Graph:
        """A new graph, for one rendering."""
        return self.score.graph(self.options.seed)

    def outputs(self, graph: Graph) -> Part:
        """All outputs of a graph, and their way into the file."""
        roots = tuple(dict.fromkeys(output.bus for output in graph.outputs))
        return Part(roots, self.extent.end, self.extent.tail, self.first_frame, (self.path(graph),))

    def path(self, graph: Graph) -> OutputPath:
        """How the outputs of a graph become frames of the file."""
        options, extent, rate = self.options, self.extent, self.options.rate
        routed = routing(graph.outputs, options)
        last = extent.last if extent.last is not None or extent.end is None else extent.end + LONGEST_TAIL_S * rate
        coding = None
        if self.bits != "32f" and options.clip != "rescale":
            coding = WholeNumbers(int(self.bits), options.dither, self.dither_seed, self.upper)
        return OutputPath(
            channels=stereo(tuple(output.bus for output in graph.outputs)) if routed is None else routed.terms,
            gain=options.gain,
            clip=options.clip,
            fade_in=int(options.fade_in * rate + 0.5),
            fade_out=faded_out(extent, options),
            cut=NEVER if last is None or extent.goes_on else last,
            first=extent.first,
            last=NEVER if last is None else last,
            coding=coding,
            limiter=self.limiter,
        )


def faded_out(extent: Extent, options: RenderOptions) -> tuple[int, int]:
    """The frames at which the final fade begins and is complete.

    An automatic tail that is cut off because it is too long fades in its last half second at most: so long it would be
    silent if it ended by itself, and nothing is heard of that fade.
    """
    fade = int(options.fade_out * options.rate + 0.5)
    if extent.fade_out_at is not None and fade:
        return extent.fade_out_at, extent.fade_out_at + fade
    if extent.last is None and extent.end is not None and fade:
        limit = extent.end + LONGEST_TAIL_S * options.rate
        return limit - min(fade, QUIET_CELLS * options.rate // CELLS_PER_SECOND), limit
    return NEVER, NEVER


def outline(
    score: Score, options: RenderOptions, *, endless: bool = False, bits: Bits = "32f", upper: bool = False
) -> Outline:
    """Derives what a render of a score with these options is. `endless`: without a length it never ends.

    `bits`: what workers make of frames; 24 may be the upper three of four bytes.

    Raises UsageError where options contradict each other, SampleError for a sample folder that does not exist.
    """
    check_arguments(score, options)
    score = score.bound(options.set)
    return Outline(
        score=score,
        options=options,
        extent=extent(options, score.cps, endless=endless),
        channels=channels(score.outputs, options),
        library=sounds(score.name, options.samples),
        bits=bits,
        upper=upper,
    )


def sounds(name: str, folders: Sequence[str]) -> SampleLibrary:
    """The sounds that a score of this name finds. Raises SampleError for a folder that does not exist."""
    return library(folders, name, os.environ.get(VARIABLE))


def check_arguments(score: object, options: object) -> None:
    """Raises UsageError for what is no score or no options."""
    if not isinstance(score, Score):
        hint = (
            ": farm.load reads one from a file, farm.loads from a text" if isinstance(score, str | os.PathLike) else ""
        )
        raise UsageError(f"a score is needed that farm.load has read, not {score!r}{hint}")
    if not isinstance(options, RenderOptions):
        raise UsageError(f"options are farm.RenderOptions(...), not {options!r}")
