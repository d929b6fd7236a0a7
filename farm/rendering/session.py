"""Rendering from Python: scores to frames, to files and to streams, in sessions that keep what is costly to make."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from farm.audio.block import Block
from farm.audio.files import Files, made_for
from farm.audio.formats import W64, WAV, Format, check_clip, file_named, format_of
from farm.audio.frames import FrameWriter
from farm.audio.writer import WavStream, open_writer
from farm.errors import FarmWarning, FileError, UsageError, as_python
from farm.graph.score import Score
from farm.options import Bits, RenderOptions
from farm.quantities import size
from farm.rendering.delivery import whole_mix
from farm.rendering.levels import with_levels
from farm.rendering.outline import Outline, check_arguments, outline
from farm.rendering.report import Duty, Observer, Report
from farm.rendering.spent import Spent
from farm.rendering.stem_files import folder_of
from farm.rendering.stemming import Stemming
from farm.rendering.stems import StemOptions, deliveries_of, stem_plan
from farm.rendering.stream import Stream, run
from farm.rendering.warm import Warm

if TYPE_CHECKING:
    from farm.rendering.labelling import Asked, Labelling, SoundFile

Frames = NDArray[np.float32]
BITS_BYTES = {"16": 2, "24": 3, "32f": 4}


class Session:
    """Machine code, pools and memory kept from render to render. Close it, or use it in `with`.

    Its renders are those of `farm.render`, `farm.render_file` and `farm.stream`. Calls from several threads wait for
    each other; streams may be advanced in turn. A session that nobody closed ends when it is collected, at the latest
    with the process.
    """

    def __init__(self) -> None:
        self._warm = Warm()
        self._turn = threading.RLock()
        self._end = weakref.finalize(self, ended, self._warm, os.getpid())

    def render(self, score: Score, options: RenderOptions | None = None) -> Frames:
        """As `farm.render`. Raises what that raises."""
        blocks: list[Frames] = []
        derived = outline(score, RenderOptions() if options is None else options)
        with self._turn:
            self._check_open()
            report = run(derived, self._warm, lambda block: blocks.append(block.frames.copy()))
        warn(with_levels(report, derived.options.gain))
        return np.concatenate(blocks) if blocks else np.zeros((0, len(derived.channels)), np.float32)

    def render_file(
        self,
        score: Score,
        path: str | Path,
        options: RenderOptions | None = None,
        observer: Observer | None = None,
        *,
        measured: bool = False,
        labels: Asked = (),
    ) -> Report:
        """As `farm.render_file`. `measured`: loudness and true peak stand in the report. Raises what that raises."""
        options, spent = RenderOptions() if options is None else options, Spent()
        path = file_of(path)
        form = format_of(path)
        with spent.on(Duty.READING):
            mix = whole_mix(options, *coding_of(form, options))
            mix = replace(mix, measured=mix.measured or measured)
            derived = replace(outline(score, options, deliveries=(mix,)), folder=os.path.dirname(path) or ".")
        check_clip(form, options.clip, options.bits)
        check_room(path, derived)
        labelling = labelling_of(derived, labels, [(path, None)])
        with self._turn:
            self._check_open()
            place = derived.place(mix)
            opening = partial(open_writer, path, options.rate, len(derived.channels), options.bits, place)
            return written(derived, [opening], self._warm, observer, spent, labelling=labelling)

    def stems(
        self,
        score: Score,
        folder: str | Path,
        options: RenderOptions | None = None,
        asked: StemOptions | None = None,
        observer: Observer | None = None,
        *,
        mix: str | Path | None = None,
    ) -> Report:
        """As `farm.stems`. Raises what that raises."""
        options, spent = RenderOptions() if options is None else options, Spent()
        asked = StemOptions() if asked is None else asked
        with spent.on(Duty.READING):
            check_arguments(score, options)
            bound = score.bound(options.set)
            plan = stem_plan(bound, options, asked, folder_of(folder), None if mix is None else file_of(mix))
            forms = [format_of(plan.mix), *(asked.form for _ in plan.stems)]
            mixed = whole_mix(options, *coding_of(forms[0], options))
            deliveries = deliveries_of(plan, options, asked, mixed)
            derived = outline(bound, options, deliveries=deliveries, heard=None if plan.all_heard else plan.heard)
            derived = replace(derived, folder=os.path.dirname(plan.mix) or ".")
        check_clip(forms[0], options.clip, options.bits)
        check_room(plan.mix, derived)
        if plan.stems:
            check_room(plan.stems[0].file, derived, len(plan.stems))
        files = [plan.mix, *(stem.file for stem in plan.stems)]
        sounds = [(plan.mix, None), *((stem.file, (stem.takes,)) for stem in plan.stems)]
        labelling = labelling_of(derived, asked.labels, sounds)
        opening = [
            partial(open_writer, file, options.rate, 2, options.bits, derived.place(one))
            for file, one in zip(files, deliveries, strict=False)
        ]
        with self._turn, made_for(files):
            self._check_open()
            stemming = Stemming(plan, asked, deliveries)
            return written(derived, opening, self._warm, observer, spent, stemming, labelling)

    def render_stream(
        self,
        score: Score,
        stream: BinaryIO,
        options: RenderOptions | None = None,
        observer: Observer | None = None,
        *,
        name: str = "<stdout>",
    ) -> Report:
        """Renders a score as WAV into a stream that need not be able to go back, such as standard output.

        `name` is what messages call it. Raises as `render_file` does, and BrokenPipeError when nobody reads any longer.
        """
        options, spent = RenderOptions() if options is None else options, Spent()
        with spent.on(Duty.READING):
            derived = outline(score, options, deliveries=(whole_mix(options, options.bits),))
        check_clip(WAV, options.clip, options.bits)
        check_streamed(options)
        extent, count = derived.extent, len(derived.channels)
        frames = None if extent.last is None else extent.last - extent.first
        with self._turn:
            self._check_open()
            place = derived.place(derived.deliveries[0])
            opening = partial(WavStream, stream, name, options.rate, count, options.bits, place, frames)
            return written(derived, [opening], self._warm, observer, spent)

    def stream(self, score: Score, options: RenderOptions | None = None) -> FrameStream:
        """As `farm.stream`. Raises what that raises."""
        with self._turn:
            self._check_open()
            derived = outline(score, RenderOptions() if options is None else options, endless=True)
            return FrameStream(Stream(derived, self._warm), self)

    def _check_open(self) -> None:
        """Raises UsageError where the session was closed."""
        if self._warm.closed:
            raise UsageError("this session is closed", hint="render inside its `with`, or make another farm.Session()")

    def close(self) -> None:
        """Ends the pools and gives all memory back."""
        with self._turn:
            self._warm.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FrameStream:
    """The frames of a render as they are ready: float32 (n, channels), each block the caller's own.

    Iterate over it, in `with` or with `close()` where it is not heard to its end. `channels` names what each channel
    holds; `report` tells what was made, once it has ended.
    """

    def __init__(self, stream: Stream, session: Session) -> None:
        self._stream, self._session = stream, session
        self._alone = False
        """Whether the session is this stream's own, and ends with it."""
        self.channels = stream.channels

    @property
    def report(self) -> Report:
        """What was made until the stream ended or was closed. Raises ValueError before."""
        return with_levels(self._stream.report, self._stream.outline.options.gain)

    def __iter__(self) -> Iterator[Frames]:
        return self

    def __next__(self) -> Frames:
        """The next frames. Raises ScoreError, SampleError, FileError or RenderError."""
        with self._session._turn:
            try:
                return next(self._stream).frames.copy()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Ends the render where it is."""
        with self._session._turn:
            self._stream.close()
            if self._alone:
                self._session.close()

    def __enter__(self) -> FrameStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def render(score: Score, options: RenderOptions | None = None, *, session: Session | None = None) -> Frames:
    """Renders a score: float32 (frames, channels), left and right unless `options.outputs_as_channels`.

    In a `session` nothing needs to be started anew. Warnings are given as `farm.FarmWarning`.

    Raises UsageError, ScoreError, SampleError, FileError or RenderError.
    """
    with lent(session) as own:
        return own.render(score, options)


def render_file(
    score: Score,
    path: str | Path,
    options: RenderOptions | None = None,
    observer: Observer | None = None,
    *,
    measured: bool = False,
    labels: Asked = (),
    session: Session | None = None,
) -> Report:
    """Renders a score to a sound file of the format that its extension names; it appears when it is whole.

    `labels`: formats of label files that are written beside it (`"jams,mid"`, or a list), or True for none; in both
    cases `report.voices` is a structured array of the voices, one row each (`farm docs python`).

    Warnings stand in the report, with `measured` loudness and true peak too. Raises UsageError, ScoreError,
    SampleError, FileError or RenderError; then an older file is still there.
    """
    with lent(session) as own:
        return own.render_file(score, path, options, observer, measured=measured, labels=labels)


def stems(
    score: Score,
    folder: str | Path,
    options: RenderOptions | None = None,
    asked: StemOptions | None = None,
    observer: Observer | None = None,
    *,
    mix: str | Path | None = None,
    session: Session | None = None,
) -> Report:
    """Renders a score to a file for each of its outputs in `folder`, which is made, and to one of their mix, there or
    at `mix`, all in one pass. They appear when all are whole.

    The report's `stems` say what became of each, `residual_dbfs` how far they are from adding up. Warnings stand in it.
    Raises UsageError, ScoreError, SampleError, FileError or RenderError; then older files are still there.
    """
    with lent(session) as own:
        return own.stems(score, folder, options, asked, observer, mix=mix)


def stream(score: Score, options: RenderOptions | None = None, *, session: Session | None = None) -> FrameStream:
    """The frames of a score as they are ready.

    Without `cycles`, `duration` or `to` it never ends, as a score does not: the 8 cycles of `render` and `render_file`
    are for these alone, and there is no tail. Whoever has heard enough closes it. Warnings stand in its report.

    Raises UsageError, ScoreError, SampleError; FileError or RenderError while it goes.
    """
    if session is not None:
        with lent(session) as own:
            return own.stream(score, options)
    own = Session()
    try:
        going = own.stream(score, options)
    except BaseException:
        own.close()
        raise
    going._alone = True
    return going


@contextmanager
def lent(session: Session | None) -> Iterator[Session]:
    """The session, or one for this block alone. Raises UsageError for what is none."""
    if session is not None:
        if not isinstance(session, Session):
            raise UsageError(f"session= is a farm.Session, not {session!r}")
        yield session
        return
    with Session() as own:
        yield own


def file_of(path: object) -> Path:
    """The file that is meant. Raises UsageError for what is no name of one."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"render_file writes to a path, not {path!r}", hint='for example "song.wav"')
    return file_named(os.fspath(path))


def ended(warm: Warm, maker: int) -> None:
    """Ends what a session kept, in the process that made it and in no copy of that."""
    if os.getpid() == maker:
        warm.end()


def warn(report: Report) -> None:
    """Gives the warnings of a report to Python's own, as said where `render` was called."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals["__name__"].partition(".")[0] in ("farm", "contextlib"):
        level, frame = level + 1, frame.f_back
    for notice in report.notices:
        warnings.warn(as_python(notice), FarmWarning, stacklevel=level)


def written(
    derived: Outline,
    opening: Sequence[Callable[[], FrameWriter]],
    warm: Warm,
    observer: Observer | None,
    spent: Spent,
    stemming: Stemming | None = None,
    labelling: Labelling | None = None,
) -> Report:
    """Renders into files, which `opening` opens in the order of the deliveries; all are committed or none.

    `stemming`: what is made of those behind the mix. Label files come with them.
    """
    writing_s = 0.0
    files = Files(opening)

    def write(block: Block) -> None:
        nonlocal writing_s
        started = time.perf_counter()
        with spent.on(Duty.WRITING):
            values = None
            if block.path < len(files.writers):
                files.put(block)
                values = files.writers[block.path].values
            if stemming is not None:
                stemming.take(block, values)
        writing_s += time.perf_counter() - started

    # What is left to do at the end is to write, too.
    with spent.on(Duty.WRITING), labelling or nullcontext(), files, spent.on(None):
        report = run(derived, warm, write, observer, spent, None if labelling is None else labelling.log)
        if stemming is not None:
            report = stemming.told(report, files)
        if labelling is not None:
            with spent.on(Duty.WRITING):
                dropped = [writer.path for writer in files.writers if writer.closed]
                report = labelling.finish(replace(report, path=files.writers[0].path.name), dropped)
    writer = files.writers[0]
    clipped = max(report.clipped_frames, writer.clipped_frames)
    report = replace(report, path=str(writer.path), write_s=writing_s, clipped_frames=clipped, cpu_s=spent.cpu)
    return with_levels(report, derived.options.gain)


def check_streamed(options: RenderOptions) -> None:
    """Raises UsageError for what stands behind the frames, or in another container than a stream has."""
    if options.markers is not None or options.container != "wav":
        asked = "--markers" if options.markers is not None else f"--container {options.container}"
        raise UsageError(f"{asked} is for files, and a stream is plain WAV", hint="name a file")


def coding_of(form: Format, options: RenderOptions) -> tuple[Bits, bool]:
    """The bits that workers make for a format, and whether 24 are the upper three of four bytes."""
    return options.bits if form.bits else "32f", form not in (WAV, W64) and options.bits == "24"


def labelling_of(derived: Outline, asked: Asked, sounds: Sequence[SoundFile]) -> Labelling | None:
    """What labels a render into sound files, if that is asked for. Raises UsageError."""
    if asked is False or not asked:
        return None
    from farm.rendering import labelling

    return labelling.labelling_of(derived, asked, sounds)


def check_room(path: Path, derived: Outline, files: int = 1) -> None:
    """Raises FileError at once for a render that its disk or its format cannot hold: `files` such as `path`."""
    form, frames, count = format_of(path), derived.total_frames, len(derived.channels)
    if frames is None or form.compressed:
        return
    bytes_ = frames * count * BITS_BYTES[derived.options.bits]
    if form.most_bytes is not None and bytes_ > form.most_bytes:
        hint = "write .wav, which has no such limit, or render a shorter part"
        raise FileError(f"{path} would take {size(bytes_)}, and {form.name} ends at 4 GiB", hint=hint)
    folder = os.path.dirname(os.path.realpath(path))
    while files > 1 and not os.path.exists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder) or not hasattr(os, "statvfs"):
        return
    disk = os.statvfs(folder)
    free = disk.f_bavail * disk.f_frsize
    # What is no disk (/proc) has no size either; writing there says what is wrong.
    if disk.f_blocks and bytes_ * files > free:
        what = str(path) if files == 1 else f"{files} files in {path.parent}"
        raise FileError(
            f"{what} would take {size(bytes_ * files)}, and {size(free)} are free there",
            hint="render a shorter part, fewer --bits, or to another disk",
        ) from OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
