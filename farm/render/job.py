"""Jobs: one score to frames or to one file."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from farm.audio.clipping import CLIPPINGS, margins
from farm.audio.decode import shown
from farm.audio.formats import WAV, check_clip, format_of
from farm.audio.samples import VARIABLE, library
from farm.audio.writer import FrameWriter, WavStream, open_writer
from farm.errors import FileError, Notice, RenderError, ScoreError, in_order, show
from farm.graph.graph import Graph
from farm.graph.place import seed64
from farm.graph.score import Score, all_told, load, silence, understand
from farm.options import RenderOptions
from farm.render.length import Extent, extent
from farm.render.output import OutputStage
from farm.render.rendering import Rendering
from farm.render.routing import STEREO, channels, routing, routing_notices
from farm.render.session import Session
from workers.calls import VARIANTS, kernel_name
from workers.catalog import Shape, catalog
from workers.records import record

FAINT_DBFS = -60.0


__all__ = [
    "Observer",
    "Report",
    "Score",
    "load",
    "render",
    "render_file",
    "render_stream",
    "run",
    "understand",
    "warmup",
]


class Observer(Protocol):
    """What a render tells while it runs."""

    def compiling(self, done: int, total: int) -> None:
        """Kernels compiled so far."""

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """Frames rendered so far; the total is None while the tail has not ended."""


@record(frozen=True, slots=True)
class Report:
    """What a render made and what it took. Levels in dBFS, times in seconds."""

    path: str
    rate: int
    frames: int
    seconds: float
    tail_s: float
    wall_s: float
    compile_s: float
    """Loading machine code, and compiling it where it was missing."""
    compiled_kernels: int
    arena_s: float
    plan_s: float
    render_s: float
    write_s: float
    times_real_time: float
    peak_dbfs: float
    output_peaks_dbfs: dict[str, float]
    voices: int
    voices_peak: int
    voices_stolen: int
    tasks: int
    clipped_frames: int
    limited_frames: int
    reduction_db: float
    """By how much the loudest frame was turned down or cut off."""
    sha256: str
    cpu: str
    backend: str = "inline"
    workers: int = 1
    workers_because: str = ""
    replaced_workers: int = 0
    worker_tasks: tuple[int, ...] = ()
    """Tasks that each worker of a pool did."""
    banks: tuple[str, ...] = ()
    channels: tuple[str, ...] = STEREO
    """What each channel holds: sides, or outputs by name."""
    foreign_banks: dict[str, str] = field(default_factory=dict)
    """Banks that do not come from the built-in one, each with its folder: elsewhere the score may sound different."""
    assumed_length: bool = False
    notices: tuple[Notice, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """For `--json`: silent levels are null."""
        from dataclasses import asdict

        values = asdict(self)
        values["notices"] = [show(notice) for notice in self.notices]
        values["peak_dbfs"] = finite(self.peak_dbfs)
        values["output_peaks_dbfs"] = {name: finite(level) for name, level in self.output_peaks_dbfs.items()}
        return values


def finite(level: float) -> float | None:
    """A level, None for silence."""
    return level if np.isfinite(level) else None


def decibels(peak: float) -> float:
    """A linear level in dBFS."""
    return float(20.0 * np.log10(peak)) if peak > 0 else float("-inf")


def render(
    score: Score, options: RenderOptions | None = None, *, session: Session | None = None
) -> NDArray[np.float32]:
    """Renders a score: float32 (frames, channels), left and right unless `options.outputs_as_channels`.

    In a `session` nothing needs to be started anew.

    Raises UsageError, ScoreError, SampleError or RenderError.
    """
    options = options or RenderOptions()
    check_arguments(score, options)
    blocks: list[NDArray[np.float32]] = []
    with all_told(score.source, options.samples):
        run(score, options, None, lambda block: blocks.append(block.copy()), session=session)
    return np.concatenate(blocks) if blocks else np.zeros((0, len(channels(score.outputs, options))), np.float32)


def render_file(
    score: Score,
    path: str | Path,
    options: RenderOptions | None = None,
    observer: Observer | None = None,
    *,
    session: Session | None = None,
) -> Report:
    """Renders a score to a sound file of the format that its extension names; it appears when it is whole.

    Raises UsageError, ScoreError, SampleError, FileError or RenderError; then an older file is still there.
    """
    options = options or RenderOptions()
    check_arguments(score, options)
    path = Path(path)
    check_clip(format_of(path), options.clip, options.bits)
    asked = extent(options, score.cps)
    count = len(channels(score.outputs, options))
    check_room(path, options, count, total_frames(asked))
    writer = open_writer(path, options.rate, count, options.bits, dither_seed(options), first_frame=asked.first)
    return written(score, writer, options, observer, session)


def render_stream(
    score: Score,
    stream: BinaryIO,
    options: RenderOptions,
    observer: Observer | None = None,
    *,
    name: str = "<stdout>",
    session: Session | None = None,
) -> Report:
    """Renders a score as WAV into a stream that need not be able to go back, such as standard output.

    Raises as `render_file` does, and BrokenPipeError when nobody reads any longer.
    """
    check_clip(WAV, options.clip, options.bits)
    asked = extent(options, score.cps)
    frames = None if asked.last is None else asked.last - asked.first
    seed, count = dither_seed(options), len(channels(score.outputs, options))
    writer = WavStream(stream, name, options.rate, count, options.bits, seed, first_frame=asked.first, frames=frames)
    return written(score, writer, options, observer, session)


def written(
    score: Score, writer: FrameWriter, options: RenderOptions, observer: Observer | None, session: Session | None
) -> Report:
    """Renders a score into a writer, which is committed or aborted then."""
    spent = [0.0]
    with all_told(score.source, options.samples), writer:

        def write(block: NDArray[np.float32]) -> None:
            started = time.perf_counter()
            writer.write(block)
            spent[0] += time.perf_counter() - started

        report = run(score, options, observer, write, session=session)
    return replace(
        report,
        path=str(writer.path),
        write_s=spent[0],
        clipped_frames=max(report.clipped_frames, writer.clipped_frames),
    )


def dither_seed(options: RenderOptions) -> int:
    """The seed of the dither of a render."""
    return seed64(options.seed, "dither")


def check_arguments(score: object, options: object) -> None:
    """Raises TypeError for what is no score or no options."""
    if not isinstance(score, Score):
        hint = f": farm.load({score!r}) reads one" if isinstance(score, str | Path) else ""
        raise TypeError(f"a score is needed that farm.load has read, not {score!r}{hint}")
    if not isinstance(options, RenderOptions):
        raise TypeError(f"options are farm.RenderOptions(...), not {options!r}")


def check_room(path: Path, options: RenderOptions, count: int, frames: int | None) -> None:
    """Raises FileError at once for a render (of `count` channels) that its disk or its format cannot hold."""
    form = format_of(path)
    if frames is None or form.compressed:
        return
    bytes_ = frames * count * {"16": 2, "24": 3, "32f": 4}[options.bits]
    if form.most_bytes is not None and bytes_ > form.most_bytes:
        hint = "write .wav, which has no such limit, or render a shorter part"
        raise FileError(f"{path} would take {mebibytes(bytes_)}, and {form.name} ends at 4 GiB", hint=hint)
    if not path.parent.is_dir() or not hasattr(os, "statvfs"):
        return
    disk = os.statvfs(path.parent)
    free = disk.f_bavail * disk.f_frsize
    # What is no disk (/proc) has no size either; writing there says what is wrong.
    if disk.f_blocks and bytes_ > free:
        raise FileError(
            f"{path} would take {mebibytes(bytes_)}, and {free // 2**20:,} MiB are free there",
            hint="render a shorter part, fewer --bits, or to another disk",
        )


def mebibytes(held: int) -> str:
    """A size for people, rounded up so that nothing becomes 0: `1 MiB`, `4,097 MiB`."""
    return f"{-(-held // 2**20):,} MiB"


def run(
    score: Score,
    options: RenderOptions,
    observer: Observer | None,
    take: Callable[[NDArray[np.float32]], None],
    begun: Callable[[Rendering], None] | None = None,
    session: Session | None = None,
) -> Report:
    """Renders a score block by block into `take`; `begun` is shown the rendering first."""
    if session is None:
        with Session() as own:
            return run(score, options, observer, take, begun, own)
    started = time.perf_counter()
    graph = score.graph(options.seed)
    asked = extent(options, graph.cps)
    session.compiling = observer.compiling if observer is not None else None
    session.compiled_kernels = 0
    try:
        rendering = rendering_of(score, graph, options, asked, session)
    except ScoreError as error:
        if graph.leaving is None:
            raise
        graph.leaving.leave(error)
        graph = silence(score.name)
        rendering = rendering_of(score, graph, options, asked, session)
    stage = OutputStage(rendering, options, asked, routing(graph.outputs, options), margins(options.clip, options.rate))
    blocks = stage.frames()
    kept_frames = None if asked.last is None else asked.last - asked.first
    count = len(channels(score.outputs, options))
    clipping = CLIPPINGS[options.clip](options.rate, count, stage.first, asked.first, kept_frames)
    if begun is not None:
        begun(rendering)
    try:
        digest = hashlib.sha256()
        frames = 0
        for block in clipping.through(observed(blocks, observer, total_frames(asked), asked.first - stage.first)):
            digest.update(np.ascontiguousarray(block).data)
            frames += len(block)
            take(block)
        wall_s = time.perf_counter() - started
        seconds = frames / options.rate
        clock, counts = rendering.clock, rendering.counts
        return Report(
            path="",
            rate=options.rate,
            frames=frames,
            seconds=seconds,
            tail_s=stage.tail_frames / options.rate,
            wall_s=wall_s,
            compile_s=clock.compile_s,
            compiled_kernels=session.compiled_kernels,
            arena_s=clock.arena_s,
            plan_s=clock.plan_s,
            render_s=clock.render_s,
            write_s=0.0,
            times_real_time=seconds / wall_s if wall_s > 0 else 0.0,
            peak_dbfs=decibels(clipping.peak),
            output_peaks_dbfs={name: decibels(level) for name, level in stage.peaks.items()},
            voices=counts.voices,
            voices_peak=counts.voices_peak,
            voices_stolen=counts.voices_stolen,
            tasks=counts.tasks,
            clipped_frames=clipping.clipped_frames,
            limited_frames=clipping.limited_frames,
            reduction_db=clipping.reduction_db,
            sha256=digest.hexdigest(),
            cpu=session.engine(options.cpu).level,
            backend=rendering.backend_name,
            workers=rendering.backend.workers if rendering.backend is not None else 1,
            workers_because=rendering.workers_because,
            worker_tasks=rendering.worker_tasks(),
            replaced_workers=rendering.backend.replaced if rendering.backend is not None else 0,
            banks=tuple(sorted(rendering.slab.banks)),
            channels=channels(score.outputs, options),
            foreign_banks={
                name: shown(bank.folder) for name, bank in sorted(rendering.slab.banks.items()) if not bank.built_in
            },
            assumed_length=asked.assumed,
            notices=(
                *told(graph),
                *routing_notices(graph.outputs, options),
                *rendering.slab.notices,
                *faint(stage.peaks),
                *stolen(rendering),
                *mended(rendering),
            ),
        )
    finally:
        blocks.close()
        rendering.close()


def rendering_of(score: Score, graph: Graph, options: RenderOptions, asked: Extent, session: Session) -> Rendering:
    """The rendering of all outputs of a graph, from the first frame on that what is kept depends on."""
    roots = tuple(dict.fromkeys(output.bus for output in graph.outputs))
    first = max(asked.first - margins(options.clip, options.rate)[0], 0)
    return Rendering(
        *(graph, options, roots, asked.end, asked.tail, session, first, options.gain),
        library=library(options.samples, score.name, os.environ.get(VARIABLE)),
    )


def told(graph: Graph) -> tuple[Notice, ...]:
    """The warnings of a graph, those of playing it included."""
    later = graph.leaving.notices if graph.leaving is not None else []
    return tuple(in_order([*graph.notices, *later]))


def observed(
    blocks: Iterable[NDArray[np.float32]], observer: Observer | None, total: int | None, before: int
) -> Iterator[NDArray[np.float32]]:
    """Tells the observer of each block; the first `before` frames do not count."""
    done = -before
    for block in blocks:
        done += len(block)
        if observer is not None:
            observer.rendering(max(done, 0), total if total is not None and done <= total else None)
        yield block


def total_frames(asked: Extent) -> int | None:
    """Frames that are sure to come: all, or those before an automatic tail."""
    last = asked.last if asked.last is not None else asked.end
    return None if last is None else last - asked.first


def faint(peaks: dict[str, float]) -> tuple[Notice, ...]:
    """A warning that names outputs that can hardly be heard."""
    quiet = [name for name, peak in peaks.items() if decibels(peak) < FAINT_DBFS]
    if not quiet:
        return ()
    names = ", ".join(f"`{name}`" for name in quiet)
    return (Notice(f"the peak of {names} is under {FAINT_DBFS:.0f} dBFS: hardly anything will be heard", None),)


def stolen(rendering: Rendering) -> tuple[Notice, ...]:
    """A warning when voices had to make room."""
    count, most = rendering.counts.voices_stolen, rendering.options.max_voices
    if not count:
        return ()
    voices = "a voice was" if count == 1 else f"{count} voices were"
    return (Notice(f"{voices} cut short: --max-voices {most} let no more sound at once, and the oldest went", None),)


def mended(rendering: Rendering) -> tuple[Notice, ...]:
    """A warning when workers died on the way; the sound is the same."""
    count = rendering.backend.replaced if rendering.backend is not None else 0
    if not count:
        return ()
    workers = "a worker" if count == 1 else f"{count} workers"
    return (Notice(f"{workers} died and {'was' if count == 1 else 'were'} replaced; nothing is missing", None),)


def every_kernel() -> list[str]:
    """Names of the kernels that any plan may ask for, without those of the loop."""
    names = []
    for definition in catalog().values():
        # No plan feeds signals to the params of internal nodes, but for `ramp`: a line with three arguments.
        fed = (
            definition.params
            and (definition.role != "internal" or definition.name == "ramp")
            and definition.shape in (Shape.LANES, Shape.CHANNELS)
        )
        variants = VARIANTS if fed else VARIANTS[:1]
        names += [kernel_name(definition, variant) for variant in variants]
        if definition.seek is not None:
            names.append(kernel_name(definition, "seek"))
    return names


def warmup(levels: tuple[str, ...] = (), observer: Observer | None = None) -> int:
    """Compiles every kernel ahead, for these CPU levels (none: the host's best). Returns how many there are.

    Raises RenderError.
    """
    from workers.targets import objects

    names = every_kernel()
    count = 0
    for level in levels or objects.host_levels()[:1]:
        try:
            found = objects.ensure(
                (*names, *objects.LOOP_ENTRIES),
                level,
                jobs=2,
                progress=observer.compiling if observer is not None else None,
            )
        except objects.CompileError as error:
            raise RenderError(f"a kernel could not be compiled: {error}") from error
        count += len(found)
    return count
