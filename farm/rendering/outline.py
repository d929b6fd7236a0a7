"""What follows from a score and options before anything is planned: derived once, and taken by all who render."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from farm.audio.frames import Place
from farm.audio.samples import VARIABLE, SampleLibrary, library
from farm.errors import UsageError
from farm.graph.graph import Graph
from farm.graph.score import Score
from farm.normal import Normal, normal
from farm.options import RenderOptions
from farm.pattern.clock import Clock
from farm.plan.limiting import limiting
from farm.plan.path import NEVER, OutputPath, Term, WholeNumbers, stereo
from farm.rendering.delivery import Delivery, whole_mix
from farm.rendering.length import CELLS_PER_SECOND, LONGEST_TAIL_S, QUIET_CELLS, Extent, extent
from farm.rendering.routing import STEREO, channels, routing
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class Part:
    """What of a graph is rendered: the buses `roots`, from `first_frame` on.

    The rendering begins at `start_frame`, a multiple of 64: before, nothing was. No hap begins from `end_frame` on
    (None: it is endless); sources that are not voices fade there if `fades`. `paths`: what becomes of the outputs.
    `muted`: buses whose voices are planned, since they may choke others, and not rendered.
    """

    roots: tuple[int, ...]
    end_frame: int | None
    fades: bool
    first_frame: int = 0
    paths: tuple[OutputPath, ...] = ()
    start_frame: int = 0
    muted: tuple[int, ...] = ()


@record(frozen=True, slots=True, eq=False)
class Outline:
    """A render as far as it is known before its graph is made."""

    score: Score
    options: RenderOptions
    extent: Extent
    channels: tuple[str, ...]
    """What each channel of the mix holds: sides, or outputs by name."""
    library: SampleLibrary
    deliveries: tuple[Delivery, ...]
    """What becomes files, the first of them the mix."""
    heard: tuple[str, ...] | None = None
    """The outputs that are heard; None: all. The others go on choking voices."""
    folder: str | None = None
    """Where frames wait that need a gain which is known at the end; None: where temporary files lie."""

    @property
    def normal(self) -> Normal | None:
        """How loud the mix is to be, if that is asked for."""
        return None if self.options.normalize is None else normal(self.options.normalize)

    @property
    def total_frames(self) -> int | None:
        """Frames that are sure to come: all, or those before an automatic tail; None: no end is known."""
        last = self.extent.last if self.extent.last is not None else self.extent.end
        return None if last is None else last - self.extent.first

    def channels_of(self, delivery: Delivery) -> tuple[str, ...]:
        """What each channel of a file holds."""
        return self.channels if delivery.takes is None else STEREO

    def place(self, delivery: Delivery) -> Place:
        """What the dither of a file depends on."""
        options = self.options
        return Place(delivery.seed, self.extent.first, delivery.dither, options.container, self.markers)

    @property
    def markers(self) -> tuple[tuple[int, str], ...]:
        """The first frame of each cycle in the file, and what it is called, if that is asked for."""
        extent, clock = self.extent, Clock(self.options.rate, self.score.cps)
        end = extent.end if extent.last is None or extent.end is None else min(extent.last, extent.end)
        end = extent.last if end is None else end
        if self.options.markers is None or end is None:
            return ()
        cycle = math.ceil(self.options.from_ or 0)
        found = []
        while (frame := clock.frame_of(Fraction(cycle))) < end:
            found.append((frame - extent.first, f"cycle {cycle}"))
            cycle += 1
        return tuple(found)

    def graph(self) -> Graph:
        """A new graph, for one rendering."""
        return self.score.graph(self.options.seed)

    def outputs(self, graph: Graph) -> Part:
        """All outputs of a graph, and their ways into files."""
        paths = tuple(self.path(graph, delivery) for delivery in self.deliveries)
        paths += tuple(one for number, path in enumerate(paths) for one in self.ending(number, path))
        heard = self.score.outputs if self.heard is None else self.heard
        buses = [output.bus for output in graph.outputs if output.name in heard]
        roots = tuple(dict.fromkeys((*buses, *(bus for path in paths for bus in path.buses))))
        muted = tuple(output.bus for output in graph.outputs if output.name not in heard)
        first = min(path.begin for path in paths)
        return Part(roots, self.extent.end, self.extent.tail, first, paths, muted=muted)

    @property
    def fade(self) -> int:
        """Frames of the final fade."""
        return int(self.options.fade_out * self.options.rate + 0.5)

    @property
    def limit(self) -> int | None:
        """Where an automatic tail is cut off if it does not end by itself; None: there is none."""
        extent = self.extent
        automatic = extent.last is None and extent.end is not None
        return extent.end + LONGEST_TAIL_S * self.options.rate if automatic and extent.end is not None else None

    @property
    def fade_out(self) -> tuple[int, int]:
        """The frames at which the final fade begins and is complete, as far as that is known.

        An automatic tail that is cut off fades, and one that ends by itself does not: which it is nobody knows before.
        But before it ends by itself it is silent for half a second, and nothing is heard of a fade there.
        """
        if self.extent.fade_out_at is not None and self.fade:
            return self.extent.fade_out_at, self.extent.fade_out_at + self.fade
        if self.limit is not None and 0 < self.fade <= self.quiet:
            return self.limit - self.fade, self.limit
        return NEVER, NEVER

    @property
    def quiet(self) -> int:
        """Frames of silence with which an automatic tail ends."""
        return QUIET_CELLS * self.options.rate // CELLS_PER_SECOND

    def ending(self, number: int, path: OutputPath) -> Iterator[OutputPath]:
        """The path that takes the place of path `number` where an automatic tail is cut off, if its fade is longer
        than what is silent: the same frames, but faded. It works from shortly before its fade on."""
        if self.limit is None or self.fade <= self.quiet or not self.deliveries[number].fades:
            return
        begin = self.limit - min(self.fade, LONGEST_TAIL_S * self.options.rate)
        # A limiter looks ahead.
        first = max(begin - (0 if path.limiter is None else path.limiter.delay), path.first)
        yield replace(path, fade_out=(begin, self.limit), first=first, ends=number, measured=False)

    def path(self, graph: Graph, delivery: Delivery) -> OutputPath:
        """How what a file takes of a graph becomes its frames."""
        options, extent, rate = self.options, self.extent, self.options.rate
        last = extent.last if extent.last is not None else self.limit
        coding = None
        if delivery.bits != "32f" and delivery.clip != "rescale":
            coding = WholeNumbers(int(delivery.bits), delivery.dither, delivery.seed, delivery.upper)
        return OutputPath(
            channels=taken(graph, delivery, options),
            gain=delivery.gain,
            name=delivery.name,
            clip=delivery.clip,
            fade_in=int(options.fade_in * rate + 0.5) if delivery.fades else 0,
            fade_out=self.fade_out if delivery.fades else (NEVER, NEVER),
            cut=NEVER if last is None or extent.goes_on else last,
            first=extent.first,
            last=NEVER if last is None else last,
            coding=coding,
            measured=delivery.measured,
            limiter=limiting(rate, options.ceiling) if delivery.clip == "limit" else None,
        )


def taken(graph: Graph, delivery: Delivery, options: RenderOptions) -> tuple[tuple[Term, ...], ...]:
    """What the channels of a file are the sums of."""
    if delivery.takes is None:
        routed = routing(graph.outputs, options)
        return stereo(tuple(output.bus for output in graph.outputs)) if routed is None else routed.terms
    buses = {scope.name: number for number, scope in enumerate(graph.buses) if scope.name.startswith("~")}
    named = {**buses, **{output.name: output.bus for output in graph.outputs}}
    return stereo(tuple(named[name] for name in delivery.takes))


def outline(
    score: Score,
    options: RenderOptions,
    *,
    endless: bool = False,
    deliveries: Sequence[Delivery] = (),
    library: SampleLibrary | None = None,
    heard: tuple[str, ...] | None = None,
) -> Outline:
    """Derives what a render of a score with these options is. `endless`: without a length it never ends.

    `deliveries`: what becomes files, the mix first; none: the mix alone, as floats. `library`: where sounds are found;
    None: where those of the score and the options are. `heard`: outputs; None: all.

    Raises UsageError where options contradict each other, SampleError for a sample folder that does not exist.
    """
    check_arguments(score, options)
    score = score.bound(options.set)
    return Outline(
        score=score,
        options=options,
        extent=extent(options, score.cps, endless=endless),
        channels=channels(score.outputs, options),
        library=sounds(score.name, options.samples) if library is None else library,
        deliveries=tuple(deliveries) or (whole_mix(options),),
        heard=heard,
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
