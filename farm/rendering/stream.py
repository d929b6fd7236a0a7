"""Streams: the frames of a render as they become ready, and the report of what was made."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from farm.audio import measure
from farm.audio.block import Block
from farm.audio.clipping import CLIPPINGS, Clipping, Normalizing, Rescaling, through
from farm.audio.decode import shown
from farm.audio.loudness import LoudnessReport
from farm.audio.normalizing import normal_gain, normal_notices, target
from farm.audio.samples import SampleLibrary
from farm.errors import Notice, ScoreError, in_order, together
from farm.graph.checks import wrong_banks
from farm.graph.graph import Graph
from farm.graph.score import all_told, silence
from farm.options import DEFAULT_CYCLES
from farm.pattern.depth import deep
from farm.rendering.doubts import cache_notices
from farm.rendering.faults import explained
from farm.rendering.outline import Outline
from farm.rendering.output import OutputStage
from farm.rendering.rendering import Rendering
from farm.rendering.report import Duty, Observer, Report, StemReport, faint, mended, stolen
from farm.rendering.routing import routing_notices
from farm.rendering.spent import Spent
from farm.rendering.stems import spanning
from farm.rendering.warm import Warm

if TYPE_CHECKING:
    from farm.labels.log import VoiceLog


class Stream:
    """The blocks of a render's files as they become ready: iterate over it once, then close it.

    Those of one file come in order. Each is good until the next are asked for. Iterating raises ScoreError,
    SampleError, FileError or RenderError.
    """

    def __init__(
        self,
        outline: Outline,
        warm: Warm,
        observer: Observer | None = None,
        spent: Spent | None = None,
        log: VoiceLog | None = None,
    ) -> None:
        """Plans nothing yet. `spent`: what the render has cost so far; `log`: where its voices are put down.

        Raises ScoreError or SampleError where the score cannot be rendered at all, UsageError.
        """
        self.outline = outline
        self.warm = warm
        self.observer = observer
        self.log = log
        self.started = time.perf_counter()
        self.frames = 0
        self.digests = [hashlib.sha256() for _ in outline.deliveries]
        score, options, extent = outline.score, outline.options, outline.extent
        self.made: Report | None = None
        self.spent = spent = spent or Spent()
        spent.observer = observer
        with spent.on(Duty.READING):
            graph = self.read = outline.graph()
            with all_told(score.source, options.samples), deep():
                refuse_wrong_banks(graph, outline.library)
        with spent.on(Duty.PLANNING):
            self.rendering = self.planned(graph)
        self.stage = OutputStage(self.rendering, options, extent)
        self.clippings = self.ways()
        self.blocks: Generator[Block, None, None] = self.going()
        if observer is not None:
            observer.begins(DEFAULT_CYCLES if extent.assumed else None)

    def planned(self, graph: Graph) -> Rendering:
        """The rendering of a graph; of silence, where that is left out as a whole. Raises ScoreError."""
        try:
            return self.rendering_of(graph)
        except ScoreError as error:
            if graph.leaving is None:
                raise
            graph.leaving.leave(error)
            return self.rendering_of(silence(self.outline.score.name))

    def rendering_of(self, graph: Graph) -> Rendering:
        """The rendering of all outputs of a graph."""
        outline = self.outline
        part = outline.outputs(graph)
        rendering = Rendering(graph, outline.options, part, self.warm, outline.library, self.spent, log=self.log)
        rendering.cuts = {} if len(outline.deliveries) > 1 else None
        return rendering

    @property
    def channels(self) -> tuple[str, ...]:
        """What each channel holds: sides, or outputs by name."""
        return self.outline.channels

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        return next(self.blocks)

    def going(self) -> Generator[Block, None, None]:
        """The blocks, each hashed and told of."""
        source, samples = self.outline.score.source, self.outline.options.samples
        try:
            with all_told(source, samples), explained():
                self.spent.turn_to(Duty.OUTPUT)
                for block in through(self.clippings, self.observed()):
                    if self.outline.deliveries[block.path].hashed:
                        with self.spent.on(Duty.HASHING):
                            self.digests[block.path].update(np.ascontiguousarray(block.frames).data)
                    if block.path == 0:
                        self.frames += len(block)
                    with self.spent.on(None):
                        yield block
        finally:
            self.spent.turn_to(None)
            # At the end of the process its memory and its workers go before what iterates here does.
            if not self.warm.ended:
                self.settle()

    def observed(self) -> Iterator[Block]:
        """The blocks of the output stage; the observer is told of each. Frames before the part do not count."""
        total = self.outline.total_frames
        done = 0
        blocks = self.stage.blocks()
        try:
            for block in blocks:
                done += len(block) if block.path == 0 else 0
                if self.observer is not None and block.path == 0:
                    self.observer.rendering(done, total if total is not None and done <= total else None)
                yield block
        finally:
            blocks.close()

    def settle(self) -> None:
        """Writes the report, and gives back what the rendering borrowed. Does nothing the second time."""
        if self.made is None:
            made = self.reported()
            with self.spent.on(Duty.STARTING):
                self.rendering.close()
            self.made = replace(made, cpu_s=self.spent.cpu)

    def close(self) -> None:
        """Ends the render where it is."""
        self.blocks.close()
        self.settle()

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def report(self) -> Report:
        """What was made until the stream ended or was closed. Raises ValueError before."""
        if self.made is None:
            raise ValueError("the render has not ended: its report comes with the last frame, or after close()")
        return self.made

    def reported(self) -> Report:
        """The report of what was made so far."""
        rendering, stage, clipping, outline = self.rendering, self.stage, self.clippings[0], self.outline
        spent, counts, backend, banks = rendering.spent, rendering.counts, rendering.backend, rendering.slab.banks
        stood_s, had_s = backend.stood() if backend is not None else (0.0, 0.0)
        wall_s = time.perf_counter() - self.started
        seconds = self.frames / outline.options.rate
        return Report(
            path="",
            rate=outline.options.rate,
            cps=float(outline.score.cps),
            frames=self.frames,
            seconds=seconds,
            tail_s=stage.tail_frames / outline.options.rate,
            wall_s=wall_s,
            compile_s=spent.compile_s,
            compiled_kernels=spent.compiled_kernels,
            arena_s=spent.arena_s,
            plan_s=spent.plan_s,
            render_s=spent.render_s,
            write_s=0.0,
            times_real_time=seconds / wall_s if wall_s > 0 else 0.0,
            peak_dbfs=float(measure.decibels(clipping.peak)),
            unfaded_peak_dbfs=float(measure.decibels(stage.mixed_peak)),
            output_peaks_dbfs=self.output_peaks_dbfs,
            voice_count=counts.voices,
            voices_peak=counts.voices_peak,
            voices_stolen=counts.voices_stolen,
            tasks=counts.tasks,
            clipped_frames=clipping.clipped_frames,
            limited_frames=clipping.limited_frames,
            reduction_db=clipping.reduction_db,
            sha256=self.digests[0].hexdigest(),
            cpu=rendering.level,
            backend=rendering.backend_name,
            workers=backend.workers if backend is not None else 1,
            workers_because=rendering.workers_because,
            worker_tasks=rendering.worker_tasks(),
            stood_s=stood_s,
            stood_share=stood_s / had_s if had_s else 0.0,
            replaced_workers=backend.replaced if backend is not None else 0,
            banks=tuple(sorted(banks)),
            channels=outline.channels,
            foreign_banks={name: shown(bank.folder) for name, bank in sorted(banks.items()) if not bank.built_in},
            assumed_length=outline.extent.assumed,
            normalized_db=self.normalized_db,
            loudness=self.loudness,
            stems=tuple(self.stem(number) for number, one in enumerate(outline.deliveries) if number and one.filed),
            notices=self.notices(),
        )

    @property
    def output_peaks_dbfs(self) -> dict[str, float]:
        """How loud each output was so far."""
        return {name: float(measure.decibels(level)) for name, level in self.stage.peaks.items()}

    def ways(self) -> list[Clipping]:
        """What becomes of too loud frames of each file."""
        outline = self.outline
        ways: list[Clipping] = []
        for number, delivery in enumerate(outline.deliveries):
            width, first = len(outline.channels_of(delivery)), outline.extent.first
            lead = ways[0] if ways else None
            kind = CLIPPINGS[delivery.clip]
            if outline.normal is not None and number == 0:
                kind = Normalizing
            way = kind(outline.options.rate, width, first, number, lead)
            if isinstance(way, Rescaling):
                way.folder = outline.folder
            if isinstance(way, Normalizing):
                way.wanted = self.normal_gain
                way.most = 1.0 if outline.normal is None or outline.normal.peak is None else target(outline.normal.peak)
            ways.append(way)
        return ways

    def normal_gain(self, peak: float) -> float:
        """The gain that --normalize needs, when all frames have been heard."""
        normal = self.outline.normal
        assert normal is not None
        return normal_gain(normal, self.outline.options.ceiling, peak, self.stage.loudness[0], self.kept)

    @property
    def normalized_db(self) -> float | None:
        """By how much --normalize turned all up or down, if it did."""
        way = self.clippings[0]
        return float(measure.decibels(float(way.gain))) if isinstance(way, Normalizing) and self.frames else None

    @property
    def loudness(self) -> LoudnessReport | None:
        """How loud the mix is in its file, where that was measured."""
        if 0 not in self.stage.loudness:
            return None
        way = self.clippings[0]
        gain = float(way.gain) if isinstance(way, Rescaling) and self.frames else 1.0
        return self.stage.loudness[0].report(self.kept).raised(gain)

    @property
    def kept(self) -> int:
        """Frames of the mix that the stage has given."""
        return self.stage.given

    def spans(self) -> list[Notice]:
        """What makes stems depend on each other."""
        rendering = self.rendering
        if rendering.cuts is None:
            return []
        return spanning(rendering.graph, rendering.cuts, rendering.options.max_voices)

    def stem(self, number: int) -> StemReport:
        """What was made so far of the delivery of this number."""
        clipping, delivery = self.clippings[number], self.outline.deliveries[number]
        return StemReport(
            name=delivery.name,
            path="",
            peak_dbfs=float(measure.decibels(clipping.peak)),
            clipped_frames=clipping.clipped_frames,
            limited_frames=clipping.limited_frames,
            reduction_db=clipping.reduction_db,
            sha256=self.digests[number].hexdigest() if delivery.hashed else "",
        )

    def normal_notices(self) -> list[Notice]:
        """What --normalize could not reach."""
        way, normal = self.clippings[0], self.outline.normal
        if normal is None or not isinstance(way, Normalizing) or not self.frames:
            return []
        return normal_notices(normal, float(way.gain), self.stage.loudness[0], self.kept)

    def notices(self) -> tuple[Notice, ...]:
        """The warnings of the score, those of playing it included, and of the render."""
        rendering, options = self.rendering, self.outline.options
        backend = rendering.backend
        later = self.read.leaving.notices if self.read.leaving is not None else []
        return (
            *in_order([*self.read.notices, *later]),
            *routing_notices(rendering.graph.outputs, options),
            *rendering.slab.notices,
            *self.stage.notices(),
            *self.normal_notices(),
            *(() if rendering.backend_name == "null" else faint(self.output_peaks_dbfs)),
            *self.spans(),
            *stolen(rendering.counts.voices_stolen, options.max_voices),
            *(() if backend is None else (*mended(backend.replaced), *backend.notices)),
            *cache_notices(),
        )


def refuse_wrong_banks(graph: Graph, library: SampleLibrary) -> None:
    """Raises SampleError for what a score names and cannot be played, before a frame is rendered: it may come hours in.

    With --lenient it is left out where it would sound.
    """
    if graph.leaving is None:
        errors = wrong_banks(graph, library, [], lenient=False)
        if errors:
            raise together(errors)


def run(
    outline: Outline,
    warm: Warm,
    take: Callable[[Block], object],
    observer: Observer | None = None,
    spent: Spent | None = None,
    log: VoiceLog | None = None,
) -> Report:
    """Renders into `take`, block by block, each good until the next one. Raises what `Stream` raises."""
    with Stream(outline, warm, observer, spent, log) as stream:
        for block in stream:
            take(block)
    return stream.report
