"""A rendering: a score's graph made ready to run in a session, and run window after window."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from farm.audio.samples import SampleLibrary
from farm.errors import RenderError, ScoreError
from farm.graph import sinc
from farm.graph.graph import Graph
from farm.graph.slab import Slab
from farm.graph.voices import Asking
from farm.options import RenderOptions
from farm.pattern.pattern import Pattern
from farm.pattern.time import frame_of
from farm.plan.edges import task_costs_ns
from farm.plan.feeds import FeedStream, streams
from farm.plan.groups import LEFT_SIDE, MONO_SIDE, RIGHT_SIDE, static_plan
from farm.plan.lower import slot_bytes, wanted, write_programs, write_window
from farm.plan.plan import StaticPlan, WindowPlan
from farm.plan.program import Setting
from farm.plan.slices import SourceStream
from farm.plan.verify import verify_static, verify_window
from farm.plan.window import plan_window
from farm.render.backends.inline import InlineBackend
from farm.render.probe import Probe
from farm.render.session import Session
from farm.render.slots import Piece, Slots
from workers.arena import Arena, ArenaError, Key, lay_out
from workers.cores import worker_count
from workers.wire import LANES

if TYPE_CHECKING:
    from farm.render.backends.local import LocalBackend

Frames = NDArray[np.float32]
POOL_WORTH_S = 0.2
"""Estimated seconds of one worker above which a pool is started: starting one costs about 30 ms."""
WINDOW_S = 10.0
AHEAD_S = 120
"""How far after the end of a render patterns may read a bus, which has to run until there."""
TAIL_WINDOW_S = 2.0
LONGEST_WINDOW_S = 60.0
WINDOW_VOICES = 16384
"""Voices that a window should hold; fewer in LONGEST_WINDOW_S, more in WINDOW_S."""
MOST_TASKS = 1 << 18


@dataclass
class Clock:
    """Seconds spent in each part of a render."""

    compile_s: float = 0.0
    arena_s: float = 0.0
    """Reading samples, starting workers, making the arena."""
    plan_s: float = 0.0
    render_s: float = 0.0


@dataclass
class Counts:
    """What a session has planned so far."""

    voices: int = 0
    voices_peak: int = 0
    voices_stolen: int = 0
    tasks: int = 0
    windows: int = 0


@dataclass(eq=False)
class Rendering:
    """Runs the part of a graph that some buses need. `end_frame`: no hap starts from there on; None: endless."""

    graph: Graph
    options: RenderOptions
    roots: tuple[int, ...]
    end_frame: int | None
    fades: bool
    session: Session
    first_frame: int = 0
    gain: float | None = None
    """With a gain all outputs are mixed."""
    library: SampleLibrary = field(default_factory=SampleLibrary)
    clock: Clock = field(default_factory=Clock)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        started = time.perf_counter()
        options, graph = self.options, self.graph
        setting = Setting(
            rate=options.rate,
            chunk_frames=options.chunk_frames,
            depth=InlineBackend.depth,
            inner_depth=InlineBackend.inner_depth,
            quality=options.quality,
            seed=options.seed,
            end_frame=self.end_frame if self.fades else None,
            fade_out_frames=int(options.fade_out_s * options.rate + 0.5),
        )
        self.plan: StaticPlan = static_plan(graph, self.roots, setting, self.gain)
        verify_static(self.plan)
        self.slab = Slab(options.rate, self.library)
        self.mapped = 0
        """Files of the slab that the backend has."""
        self.probes: dict[int, Probe] = {}
        table = self.slab.add(sinc.tables()).start if options.quality == "best" else 0
        asking = Asking(
            rate=options.rate,
            cps=graph.cps,
            words=graph.words,
            slab=self.slab,
            signal=self.read_signal,
            sinc_table=lambda pace: table + sinc.table_number(pace) * sinc.TABLE_FLOATS,
            best=options.quality == "best",
            leaving=graph.leaving,
        )
        self.asking = asking
        self.restart()
        self.needed_from = needed_chunks(self.plan, self.first_frame // options.chunk_frames)
        self.arena: Arena | None = None
        self.slots: Slots | None = None
        """What is read from the arena; an arena that is closed goes when nobody looks at it."""
        self.clock.plan_s += time.perf_counter() - started
        self.backend: InlineBackend | LocalBackend | None = None
        automatic, because = worker_count()
        self.workers = self.options.threads or automatic
        self.workers_because = because if self.options.threads is None else "--threads"
        mixed = () if self.plan.master is None else (self.plan.master,)
        self.read_buses = frozenset((*self.roots, *mixed))

    def restart(self) -> None:
        """Goes back to the start: nothing planned yet."""
        graph = self.graph
        self.sources: dict[int, SourceStream] = {}
        self.feeds: dict[tuple[int, int], FeedStream] = {}
        for number, group in enumerate(self.plan.groups):
            if group.source >= 0:
                source = graph.sources[group.source]
                self.sources[group.source] = SourceStream(source, group, self.asking, self.end_frame)
            for index, stream in enumerate(streams(group.feeds, graph.words, graph.cps, self.options.rate)):
                self.feeds[number, index] = stream

    def read_signal(self, bus: int, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        """A bus's left channel at some frames, by running its own part of the graph."""
        if bus not in self.probes:
            inline = replace(self.options, backend="inline")
            own = Session(self.session)
            rendering = Rendering(self.graph, inline, (bus,), None, False, own, library=self.library)
            self.probes[bus] = Probe(rendering, bus)
        probe = self.probes[bus]
        last = max(self.end_frame or 0, probe.first + len(probe.kept)) + AHEAD_S * self.options.rate
        if len(frames) and int(frames.max()) > last:
            message = f"a pattern asks for a bus more than {AHEAD_S // 60} minutes after all that is rendered"
            raise ScoreError(message, hint="a shift or a factor that comes from a bus is too large: scale the bus")
        return probe.at_frames(frames)

    def read_cycles(self, bus: int, cycles: NDArray[np.int64]) -> NDArray[np.float64]:
        """A bus's left channel at the start of cycles; before the score begins it is 0."""
        frames = np.array([frame_of(int(cycle), self.graph.cps, self.options.rate) for cycle in cycles], np.int64)
        values = np.zeros(len(frames))
        inside = frames >= 0
        values[inside] = self.read_signal(bus, frames[inside])
        return values

    def window_chunks(self, first_chunk: int, left: int) -> int:
        """How many chunks to plan at once."""
        chunk = self.options.chunk_frames
        if self.options.window_frames is not None:
            return max(1, min(left, self.options.window_frames // chunk))
        rate = self.options.rate
        per_second = max(self.haps_per_second(), 1e-9)
        seconds = min(max(WINDOW_VOICES / per_second, WINDOW_S), LONGEST_WINDOW_S)
        if self.counts.tasks:
            per_chunk = self.counts.tasks / max(first_chunk, 1)
            seconds = min(seconds, MOST_TASKS / per_chunk * chunk / rate)
        if self.end_frame is not None:
            # Nothing begins in the tail, and nobody knows yet where it ends.
            end_chunk = self.end_frame // chunk + 1
            seconds = TAIL_WINDOW_S if first_chunk >= end_chunk else seconds
            left = min(left, end_chunk - first_chunk) if first_chunk < end_chunk else left
        return max(1, min(left, int(seconds * rate) // chunk))

    def haps_per_second(self) -> float:
        """About how many voices begin in a second."""
        patterns = (stream.source.voices for stream in self.sources.values())
        return sum(pattern.peak for pattern in patterns if isinstance(pattern, Pattern)) * float(self.graph.cps)

    def plan_next(self, first_chunk: int, chunks: int) -> WindowPlan:
        """Plans the window that follows the last one."""
        outer, self.graph.signals.reader = self.graph.signals.reader, self.read_cycles
        try:
            window = plan_window(
                self.plan,
                self.sources,
                self.feeds,
                first_chunk,
                chunks,
                self.graph.cps,
                self.needed_from,
                self.options.max_voices,
            )
        finally:
            # A probe plans while the session that asks it is planning.
            self.graph.signals.reader = outer
        verify_window(self.plan, window)
        last_frame = (first_chunk + chunks) * self.options.chunk_frames
        for stream in self.sources.values():
            stream.forget(last_frame)
        counts = self.counts
        counts.voices += window.voices_started
        counts.voices_stolen += window.voices_stolen
        counts.voices_peak = max(counts.voices_peak, window.voices_peak)
        counts.tasks += len(window.tasks)
        counts.windows += 1
        return window

    def write(self, window: WindowPlan) -> None:
        """Puts a window into the arena, a larger one where it has outgrown the last."""
        begun = time.perf_counter()
        self.choose_backend(window)
        backend = self.backend
        assert backend is not None
        sizes = wanted(self.plan, window, self.read_buses, backend.workers)
        sizes.update(backend.regions(self.plan, window, self.read_buses))
        started = time.perf_counter()
        backend.hold()
        outgrown = self.arena is None or not self.arena.layout.fits(sizes)
        if outgrown or len(self.slab.parts) > self.mapped:
            backend.detach()
        if outgrown:
            self.arena = self.grown_arena(sizes)
            sides = np.full(LANES, MONO_SIDE, np.float32)
            sides[0], sides[1] = LEFT_SIDE, RIGHT_SIDE
            write_programs(self.plan, self.arena, self.read_buses, sides)
            self.slots = Slots(self.plan, self.arena, self.roots)
        assert self.arena is not None
        if outgrown or len(self.slab.parts) > self.mapped:
            backend.attach(self.arena, self.slab.parts)
            self.mapped = len(self.slab.parts)
        spent = time.perf_counter() - started
        self.clock.arena_s += spent
        write_window(self.plan, window, self.arena)
        self.clock.plan_s += time.perf_counter() - begun - spent

    def grown_arena(self, sizes: dict[Key, int]) -> Arena:
        """A new arena with room for these regions, and what the old one must hand on."""
        old, self.slots = self.arena, None
        layout = lay_out(sizes, old.layout if old is not None else None)
        try:
            fresh = self.session.borrow(layout, self.options.work_dir)
        except ArenaError as error:
            if self.options.work_dir is not None:
                hint = "free some of it, or name another folder"
                raise RenderError(f"there is not enough room in --work-dir: {error}", hint=hint) from error
            hint = "free some of it, or name a folder on a disk with room: --work-dir FOLDER"
            raise RenderError(f"there is not enough shared memory: {error}", hint=hint) from error
        if old is not None:
            for key in old.layout.regions:
                if key[0] in ("state", "ring") and key in layout.regions:
                    kept = old.region(key, np.uint8)
                    fresh.region(key, np.uint8)[: len(kept)] = kept
            kept = np.zeros(0, np.uint8)
            old.close()
        return fresh

    @property
    def pool_is_sure(self) -> bool:
        """Whether tasks will run on a pool, however many there are."""
        options = self.options
        return options.backend == "local" or (
            options.backend == "auto" and self.workers > 1 and options.threads is not None
        )

    def start_pool(self) -> None:
        """Starts a pool that is sure to be wanted: its workers get ready while the first window is planned."""
        if self.backend is None and self.pool_is_sure:
            started = time.perf_counter()
            backend, code = self.session.pool(self.workers, self.options.cpu, self.plan.kernels)
            loaded = time.perf_counter()
            backend.start_workers(code)
            self.clock.compile_s += loaded - started
            self.clock.arena_s += time.perf_counter() - loaded

    def choose_backend(self, window: WindowPlan) -> None:
        """Loads the machine code and decides where tasks run: a small render is done before a pool would be up."""
        if self.backend is not None:
            return
        started = time.perf_counter()
        options = self.options
        worth_it = options.backend == "auto" and self.workers > 1 and self.estimated_s(window) > POOL_WORTH_S
        if self.pool_is_sure or worth_it:
            held = slot_bytes(self.plan, window, self.read_buses)
            self.backend = self.session.local_backend(
                self.workers, options.cpu, self.plan.kernels, options.chunk_frames, held
            )
        else:
            self.backend = self.session.inline_backend(options.cpu, self.plan.kernels)
        self.plan = replace(self.plan, depth=self.backend.depth, inner_depth=self.backend.inner_depth)
        spent = time.perf_counter() - started
        self.clock.compile_s += spent
        self.clock.plan_s -= spent

    @property
    def backend_name(self) -> str:
        """Where tasks run."""
        return self.backend.name if self.backend is not None else "inline"

    def worker_tasks(self) -> tuple[int, ...]:
        """Tasks that each worker of a pool has done."""
        return self.backend.tasks_done() if self.backend is not None else ()

    def estimated_s(self, window: WindowPlan) -> float:
        """About how long one worker takes for all of the score, by the nodes' costs."""
        cost = float(task_costs_ns(self.plan, window).sum()) * 1e-9
        frames = window.chunks * self.options.chunk_frames
        return cost * max((self.end_frame or frames) / frames, 1.0)

    def pieces(self, stop_chunk: int | None) -> Iterator[Piece]:
        """Runs windows up to `stop_chunk`, a few chunks at a time. While one runs elsewhere the next one is planned."""
        chunk = self.options.chunk_frames
        begin = self.first_frame // chunk
        self.start_pool()
        window = self.next_window(0, stop_chunk)
        while window is not None:
            self.write(window)
            assert self.backend is not None
            self.backend.start(window)
            first, ahead = window.first_chunk, None
            if self.backend.workers > 1:
                ahead = self.next_window(first + window.chunks, stop_chunk)
            started = time.perf_counter()
            for at, many in self.backend.collect():
                self.clock.render_s += time.perf_counter() - started
                if first + at + many > begin:
                    assert self.slots is not None
                    yield self.slots.piece(first + at, many)
                started = time.perf_counter()
            self.clock.render_s += time.perf_counter() - started
            window = ahead if ahead is not None else self.next_window(first + window.chunks, stop_chunk)

    def next_window(self, first_chunk: int, stop_chunk: int | None) -> WindowPlan | None:
        """Plans the window from `first_chunk` on; None at the end."""
        if stop_chunk is not None and first_chunk >= stop_chunk:
            return None
        started, loaded = time.perf_counter(), self.slab.loading_s
        left = (stop_chunk - first_chunk) if stop_chunk is not None else 1 << 30
        window = self.plan_next(first_chunk, self.window_chunks(first_chunk, left))
        loading = self.slab.loading_s - loaded
        self.clock.arena_s += loading
        self.clock.plan_s += time.perf_counter() - started - loading
        return window

    def close(self) -> None:
        """Leaves the session ready for the next rendering."""
        for probe in self.probes.values():
            probe.rendering.close()
            probe.rendering.session.close()
        if self.backend is not None:
            self.backend.leave()
        self.slots = None
        if self.arena is not None:
            self.session.give_back(self.arena)
            self.arena = None


def needed_chunks(plan: StaticPlan, first_chunk: int) -> tuple[int, ...]:
    """The first chunk in which each group is needed when only chunks from `first_chunk` on are wanted.

    A bus with CARRIED nodes, and all that it reads, is needed from the start; so is what carried voices read.
    """
    needed = [first_chunk] * len(plan.groups)
    of_bus = {bus: number for number, group in enumerate(plan.groups) for bus in group.buses}
    of_source = {group.source: number for number, group in enumerate(plan.groups) if group.source >= 0}
    for number in range(len(plan.groups) - 1, -1, -1):
        group = plan.groups[number]
        if group.carried and group.kind == "bus":
            needed[number] = 0
        start = 0 if group.carried else needed[number]
        for bus in group.reads_buses:
            needed[of_bus[bus]] = min(needed[of_bus[bus]], start)
        for source in group.reads_sources:
            needed[of_source[source]] = min(needed[of_source[source]], start)
    return tuple(needed)
