"""What follows from a score and options before anything is planned: derived once, and taken by all who render."""

from __future__ import annotations

import os
from collections.abc import Sequence

from farm.audio.clipping import margins
from farm.audio.samples import VARIABLE, SampleLibrary, library
from farm.errors import UsageError
from farm.graph.graph import Graph
from farm.graph.score import Score
from farm.graph.seeds import seed64
from farm.options import RenderOptions
from farm.rendering.length import Extent, extent
from farm.rendering.routing import channels
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class Part:
    """What of a graph is rendered: the buses `roots`, from `first_frame` on.

    The rendering begins at `start_frame`, a multiple of 64: before, nothing was. No hap begins from `end_frame` on
    (None: it is endless); sources that are not voices fade there if `fades`. With a `gain` all outputs are mixed.
    """

    roots: tuple[int, ...]
    end_frame: int | None
    fades: bool
    first_frame: int = 0
    gain: float | None = None
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
    margins: tuple[int, int]
    """Frames before and after those that are kept which these depend on."""
    dither_seed: int

    @property
    def first_frame(self) -> int:
        """The first frame that is asked of the graph; those before `extent.first` are not kept."""
        return max(self.extent.first - self.margins[0], 0)

    @property
    def total_frames(self) -> int | None:
        """Frames that are sure to come: all, or those before an automatic tail; None: no end is known."""
        last = self.extent.last if self.extent.last is not None else self.extent.end
        return None if last is None else last - self.extent.first

    def graph(self) -> Graph:
        """A new graph, for one rendering."""
        return self.score.graph(self.options.seed)

    def outputs(self, graph: Graph) -> Part:
        """All outputs of a graph, mixed."""
        roots = tuple(dict.fromkeys(output.bus for output in graph.outputs))
        return Part(roots, self.extent.end, self.extent.tail, self.first_frame, self.options.gain)


def outline(score: Score, options: RenderOptions, *, endless: bool = False) -> Outline:
    """Derives what a render of a score with these options is. `endless`: without a length it never ends.

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
        margins=margins(options.clip, options.rate),
        dither_seed=seed64(options.seed, "dither"),
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
