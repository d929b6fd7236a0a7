"""A rendering: a score's graph made ready to run in a session, and run window after window."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from farm.audio.samples import SampleLibrary
from farm.errors import ScoreError
from farm.graph import sinc
from farm.graph.asking import Asking
from farm.graph.graph import Graph
from farm.graph.slab import SampleFiles
from farm.options import RenderOptions
from farm.pattern.clock import Clock
from farm.pattern.depth import deep
from farm.pattern.pattern import Pattern
from farm.plan.edges import task_costs_ns, writers
from farm.plan.feeds import FeedStream, streams
from farm.plan.keys import keys_of
from farm.plan.path import NEVER
from farm.plan.plan import GroupKind, StaticPlan, WindowPlan
from farm.plan.program import PlanSetting
from farm.plan.slices import SourceStream
from farm.plan.static import static_plan
from farm.plan.verify import verify_static, verify_window
from farm.plan.window import Bounds, Streams, plan_steps
from farm.plan.windowing import Windowing
from farm.rendering.ahead import Ahead, Steps
from farm.rendering.backends import Backend, Preparation, inline
from farm.rendering.outline import Part
from farm.rendering.piece import Piece
from farm.rendering.probe import Probe
from farm.rendering.report import Duty, Tracing
from farm.rendering.spent import Counts, Spent
from farm.rendering.warm import Warm, level_for
from workers.cores import worker_count
from workers.records import record

if TYPE_CHECKING:
    from farm.labels.log import VoiceLog

POOL_WORTH_S = 0.2
"""Estimated seconds of one worker above which a pool is started: starting one costs about 30 ms."""
AHEAD_S = 120
"""How far after the end of a render patterns may read a bus, which has to run until there."""


UNWANTED = 1 << 40
"""A chunk that does not come."""


@record(eq=False)
class Rendering:
    """Runs the part of a graph that some buses need. The graph is its own."""

    graph: Graph
    options: RenderOptions
    part: Part
    warm: Warm
    library: SampleLibrary = field(default_factory=SampleLibrary)
    spent: Spent = field(default_factory=Spent)
    counts: Counts = field(default_factory=Counts)
    cut: bool = True
    """Whether chains of buses are cut, which changes no frame."""
    cuts: dict[int, set[int]] | None = None
    """The groups of `cut` of each source, if they are to be noted."""
    log: VoiceLog | None = None
    """Where its voices are put down, for labels."""

    def __post_init__(self) -> None:
        started = time.perf_counter()
        options, graph = self.options, self.graph
        self.clock = Clock(options.rate, graph.cps)
        part = self.part
        self.windowing = Windowing(options.rate, options.chunk, part.start_frame, part.end_frame, options.window_frames)
        self.keys = keys_of(graph)
        setting = PlanSetting(
            rate=options.rate,
            chunk_frames=options.chunk,
            depth=inline.DEPTH,
            inner_depth=1,
            quality=options.quality,
            seed=options.seed,
            fades=self.part.fades and self.part.end_frame is not None,
            fade_out_frames=int(options.fade_out * options.rate + 0.5),
            # Links of a chain run beside each other over several chunks, of which there is one block by block.
            cut=self.cut and not self.warm.block_by_block,
        )
        self.plan: StaticPlan = static_plan(graph, self.part.roots, setting, self.part.paths, self.part.muted)
        verify_static(self.plan)
        self.slab = SampleFiles(options.rate, self.library, lenient=graph.leaving is not None)
        self.probes: dict[str, tuple[Probe, Warm]] = {}
        """By the keys of their buses."""
        table = self.slab.add(sinc.tables()).start if options.quality == "best" else 0
        asking = Asking(
            clock=self.clock,
            words=graph.words,
            slab=self.slab,
            signal=self.read_signal,
            sinc_table=lambda pace: table + sinc.table_number(pace) * sinc.TABLE_FLOATS,
            best=options.quality == "best",
            leaving=graph.leaving,
            sounds=None if self.log is None else self.log.sounds,
        )
        if self.log is not None:
            self.log.begin(graph)
        self.asking = asking
        self.restart()
        self.bounds = Bounds(
            clock=self.clock,
            needed_from=needed_chunks(self.plan, self.first_chunks),
            starts=(self.part.start_frame,) * len(self.plan.groups),
            start_frame=self.part.start_frame,
            end_frame=self.part.end_frame if self.part.fades else None,
            max_voices=options.max_voices,
        )
        self.spent.plan_s += time.perf_counter() - started
        self.backend: Backend | None = None
        self.trace: Tracing | None = None
        self.ahead: Ahead | None = None
        """The window that is planned while another runs."""
        self.level = ""
        """The CPU level of the machine code, once there is a backend."""
        automatic, because = worker_count()
        self.workers = self.options.threads or automatic
        self.workers_because = because if self.options.threads is None else "threads="

    @property
    def read_buses(self) -> frozenset[int]:
        """The buses whose frames leave the rendering, the mix among them."""
        return frozenset((*self.part.roots, *self.plan.given))

    def restart(self) -> None:
        """Goes back to the start: nothing planned yet."""
        graph = self.graph
        sources: dict[int, SourceStream] = {}
        feeds: dict[tuple[int, int], FeedStream] = {}
        begin = self.clock.cycle_of(self.part.start_frame)
        for number, group in enumerate(self.plan.groups):
            if group.source >= 0:
                source = graph.sources[group.source]
                part = self.part
                sources[group.source] = SourceStream(source, group, self.asking, part.end_frame, part.start_frame)
            for index, stream in enumerate(streams(group.feeds, graph.words, self.clock, begin)):
                feeds[number, index] = stream
        self.streams = Streams(sources, feeds)

    @property
    def first_chunks(self) -> list[int]:
        """The first chunk that is wanted of each group for its own sake; paths may begin later than others."""
        firsts = []
        for group in self.plan.groups:
            first = NEVER if not set(self.part.roots) & set(group.buses) else self.part.first_frame
            for path in self.plan.paths:
                if any(map(path.holds, group.buses)):
                    first = max(path.path.begin, self.part.first_frame)
            firsts.append(min((first - self.part.start_frame) // self.options.chunk, UNWANTED))
        return firsts

    def read_signal(self, bus: int, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        """A bus's left channel at some frames, by running its own part of the graph."""
        key = self.keys.bus(bus)
        if key not in self.probes:
            here = self.options if self.options.backend == "null" else replace(self.options, backend="inline")
            own = Warm(self.warm)
            part = Part((bus,), None, False)
            rendering = Rendering(self.graph, here, part, own, self.library, Spent(self.spent.observer))
            self.probes[key] = Probe(rendering, bus), own
        probe, _ = self.probes[key]
        last = max(self.part.end_frame or 0, probe.first + len(probe.kept)) + AHEAD_S * self.options.rate
        if len(frames) and int(frames.max()) > last:
            message = f"a pattern asks for a bus more than {AHEAD_S // 60} minutes after all that is rendered"
            raise ScoreError(message, hint="a shift or a factor that comes from a bus is too large: scale the bus")
        return probe.at_frames(frames)

    def read_cycles(self, bus: int, cycles: NDArray[np.int64]) -> NDArray[np.float64]:
        """A bus's left channel at the start of cycles; before the score begins it is 0."""
        frames = self.clock.frames(cycles, np.zeros(len(cycles), np.int64), 1, 1)
        values = np.zeros(len(frames))
        inside = frames >= 0
        values[inside] = self.read_signal(bus, frames[inside])
        return values

    def window_chunks(self, first_chunk: int, left: int) -> int:
        """How many chunks to plan at once."""
        return self.windowing.chunks(first_chunk, left, self.haps_per_second(), self.counts.tasks, self.pool_waits)

    def haps_per_second(self) -> float:
        """About how many voices begin in a second."""
        patterns = (stream.source.voices for stream in self.streams.sources.values())
        return sum(pattern.peak for pattern in patterns if isinstance(pattern, Pattern)) * float(self.clock.cps)

    def chunks_until(self, frame: int) -> int:
        """How many chunks there are before a frame."""
        return -(-(frame - self.part.start_frame) // self.options.chunk)

    def plan_next(self, first_chunk: int, chunks: int, stop_frame: int | None = None) -> WindowPlan:
        """Plans the window that follows the last one; nothing comes behind `stop_frame`."""
        window: WindowPlan
        steps = self.plan_steps(first_chunk, chunks, stop_frame)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                window = end.value
                return window

    def plan_steps(self, first_chunk: int, chunks: int, stop_frame: int | None) -> Generator[None, None, WindowPlan]:
        """The same in steps."""
        steps = plan_steps(self.plan, self.streams, self.bounds, first_chunk, chunks, stop_frame)
        window: WindowPlan | None = None
        while window is None:
            window = self.step(steps)
            yield
        verify_window(self.plan, window)
        if self.cuts is not None:
            for source, one in window.sources.items():
                self.cuts.setdefault(source, set()).update(np.unique(one.columns["cut"]).tolist())
        if self.log is not None:
            self.log.take(window)
        counts = self.counts
        counts.voices += window.voices_started
        counts.voices_stolen += window.voices_stolen
        counts.voices_peak = max(counts.voices_peak, window.voices_peak)
        counts.tasks += len(window.tasks)
        counts.windows += 1
        return window

    def step(self, steps: Generator[None, None, WindowPlan]) -> WindowPlan | None:
        """A step of planning; the window with the last one."""
        outer, self.graph.signals.reader = self.graph.signals.reader, self.read_cycles
        try:
            with deep():
                next(steps)
        except StopIteration as end:
            window: WindowPlan = end.value
            return window
        finally:
            # A probe plans while the session that asks it is planning.
            self.graph.signals.reader = outer
        return None

    @property
    def pool_is_sure(self) -> bool:
        """Whether tasks will run on a pool, however many there are."""
        options = self.options
        return options.backend == "local" or (
            options.backend == "auto" and self.workers > 1 and options.threads is not None
        )

    @property
    def pool_waits(self) -> bool:
        """Whether a pool has nothing to do until the first window is planned, and more than that to do afterwards."""
        if self.windowing.is_short:
            return False
        if self.pool_is_sure or self.options.backend != "auto" or self.workers < 2:
            return self.pool_is_sure
        # What buses take is known before any voice is.
        frames = (self.part.end_frame or 0) - self.part.start_frame
        each_ns = sum(group.cost_ns for group in self.plan.groups if group.kind is GroupKind.BUS)
        return each_ns * frames * 1e-9 > POOL_WORTH_S

    def start_pool(self) -> None:
        """Starts a pool that is sure to be wanted: its workers get ready while the first window is planned."""
        if self.backend is None and self.pool_is_sure:
            self.take("local", self.workers)

    def choose_backend(self, window: WindowPlan) -> None:
        """Decides where tasks run: a small render is done before a pool would be up."""
        if self.backend is not None:
            return
        if self.worth_a_pool(window):
            self.take("local", self.workers)
        else:
            self.take("inline" if self.options.backend == "auto" else self.options.backend, 1)

    def take(self, name: str, workers: int) -> None:
        """Borrows the backend of this name and has it make ready. Raises RenderError, UsageError."""
        with self.spent.on(Duty.STARTING):
            self.level = level_for(self.options.cpu) if name != "null" else "none"
            self.backend = self.warm.lend(name, workers, self.level)
            self.use(self.backend)

    def use(self, backend: Backend) -> None:
        """Runs tasks on a backend, which makes ready for them."""
        self.backend = backend
        names = {bus: self.graph.buses[bus].name for bus in self.part.roots}
        first, folder = self.part.first_frame, self.options.work_dir
        backend.prepare(
            Preparation(self.plan, names, self.slab, self.spent, folder, first, self.space_for, self.step_ahead)
        )

    def space_for(self, window: WindowPlan) -> float:
        """How many times as much as the first window the largest may hold."""
        return self.windowing.room(window.last_frame - window.first_frame, len(window.tasks), self.haps_per_second())

    @property
    def backend_name(self) -> str:
        """Where tasks run."""
        return self.backend.name if self.backend is not None else "inline"

    def worker_tasks(self) -> tuple[int, ...]:
        """Tasks that each worker of a pool has done."""
        return self.backend.tasks_done() if self.backend is not None else ()

    def worth_a_pool(self, window: WindowPlan) -> bool:
        """Whether a pool would be up long before the score is rendered, as far as a window tells."""
        return self.options.backend == "auto" and self.workers > 1 and self.estimated_s(window) > POOL_WORTH_S

    def estimated_s(self, window: WindowPlan) -> float:
        """About how long one worker takes for all of the score, by the nodes' costs."""
        cost = float(task_costs_ns(self.plan, window).sum()) * 1e-9
        frames = window.chunks * self.options.chunk
        return cost * max((self.part.end_frame or frames) / frames, 1.0)

    def pieces(self, stop_frame: int | None) -> Iterator[Piece]:
        """Runs windows up to `stop_frame`, a few chunks at a time. While one runs elsewhere the next one is planned."""
        self.start_pool()
        ahead = self.window_ahead(0, stop_frame)
        while (window := ahead.finish()) is not None:
            assert self.backend is not None
            pieces, ahead = ahead.pieces, self.window_ahead(window.first_chunk + window.chunks, stop_frame)
            self.ahead = ahead if self.backend.joins else None
            yield from self.timed(pieces)
            if self.trace is not None:
                self.trace.ended(window)

    def timed(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """Pieces; notes how long they were waited for."""
        spent, over = self.spent, False
        while not over:
            started, elsewhere = time.perf_counter(), spent.plan_s + spent.arena_s
            piece = next(pieces, None)
            spent.render_s += time.perf_counter() - started - (spent.plan_s + spent.arena_s - elsewhere)
            over = piece is None
            if piece is not None:
                yield piece
                if self.trace is not None:
                    self.trace.given()

    def step_ahead(self) -> bool:
        """Goes on planning the next window, if it is to run beside this one; whether there was something to do."""
        return self.ahead is not None and self.ahead.step()

    def window_ahead(self, first_chunk: int, stop_frame: int | None) -> Ahead:
        """The window from `first_chunk` on."""
        left = 1 << 30 if stop_frame is None else self.chunks_until(stop_frame) - first_chunk

        def run(window: WindowPlan) -> Iterator[Piece]:
            assert self.backend is not None
            pieces = self.backend.run(window, left > window.chunks)
            if self.trace is not None:
                self.trace.begun(window)
            return pieces

        return Ahead(self.window_steps(first_chunk, left, stop_frame), run)

    def window_steps(self, first_chunk: int, left: int, stop_frame: int | None) -> Steps:
        """Plans the window from `first_chunk` on, and all that it needs; None at the end."""
        if left <= 0:
            return None
        steps = self.plan_steps(first_chunk, self.window_chunks(first_chunk, left), stop_frame)
        window: WindowPlan | None = None
        while window is None:
            with self.planning():
                try:
                    next(steps)
                except StopIteration as end:
                    window = end.value
            yield
        with self.planning():
            self.choose_backend(window)
        assert self.backend is not None
        foreseeing, more = self.backend.foresee(window), True
        while more:
            with self.planning():
                more = next(foreseeing, True) is None
            yield
        return window

    @contextmanager
    def planning(self) -> Iterator[None]:
        """Notes what is spent on planning, and what on reading samples meanwhile."""
        started, spent = time.perf_counter(), self.spent
        elsewhere = self.slab.loading_s + spent.compile_s + spent.arena_s
        loaded, loaded_cpu_s = self.slab.loading_s, self.slab.loading_cpu_s
        with spent.on(Duty.PLANNING):
            yield
        elsewhere = self.slab.loading_s + spent.compile_s + spent.arena_s - elsewhere
        spent.arena_s += self.slab.loading_s - loaded
        spent.move(self.slab.loading_cpu_s - loaded_cpu_s, Duty.PLANNING, Duty.READING)
        spent.plan_s += time.perf_counter() - started - elsewhere
        if self.trace is not None:
            self.trace.planned()

    def close(self) -> None:
        """Gives back what was borrowed, ready for the next rendering."""
        for probe, warm in self.probes.values():
            probe.close()
            warm.close()
        self.probes.clear()
        if self.backend is not None:
            self.warm.take_back(self.backend, self.level)
            self.backend = None


def needed_chunks(plan: StaticPlan, first_chunks: Sequence[int]) -> tuple[int, ...]:
    """The first chunk in which each group is needed when only chunks from `first_chunks` on are wanted of it, UNWANTED
    where it is nobody's.

    A bus with CARRIED nodes, and all that it reads, is needed from the start; so is what carried voices read.
    """
    needed = [*first_chunks]
    written = writers(plan)
    for number in range(len(plan.groups) - 1, -1, -1):
        group = plan.groups[number]
        if needed[number] == UNWANTED:
            continue
        carried = group.carried and not group.forgets
        if carried and group.kind is GroupKind.BUS:
            needed[number] = 0
        start = 0 if carried else needed[number]
        for read in written.read_by(group):
            needed[read] = min(needed[read], start)
    return tuple(needed)
