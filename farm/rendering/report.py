"""What a render tells: while it runs to an observer, and afterwards in a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from farm.audio.loudness import LoudnessReport
from farm.errors import Notice, show
from farm.plan.plan import WindowPlan
from farm.quantities import FAINT_DBFS
from farm.rendering.routing import STEREO
from workers.records import record

if TYPE_CHECKING:
    from farm.labels.voices import KeptVoices

Voices = NDArray[Any]
"""Structured: `farm.labels.voices.LoggedVoices.fields`."""


class Observer(Protocol):
    """What a render tells while it runs."""

    def begins(self, assumed: int | None) -> None:
        """Nothing keeps it from beginning. `assumed`: the cycles of a render that was given no length."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """Kernels compiled so far, and whether they are kept for the next time."""

    def waiting(self) -> None:
        """Another process compiles what this one needs."""

    def rendering(self, frames_done: int, frames_total: int | None) -> None:
        """Frames rendered so far; the total is None while the tail has not ended."""

    def warning(self, notice: Notice) -> None:
        """Something that a person should know now; the report says it again."""


class Tracing(Protocol):
    """Who follows a rendering window by window."""

    def planned(self) -> None:
        """A step of planning the next window is done."""

    def begun(self, window: WindowPlan) -> None:
        """It was handed to the backend: its tasks may run, at the latest when those before it are done."""

    def given(self) -> None:
        """Some of its frames were taken."""

    def ended(self, window: WindowPlan) -> None:
        """All of its frames were taken."""


class Duty(StrEnum):
    """What CPU time is spent on."""

    STARTING = "starting"
    """Python and what it imports, workers and the arena; and ending them."""
    READING = "reading"
    """The score, and sounds."""
    PLANNING = "planning"
    """Patterns, voices, tasks and their order, tables."""
    CODE = "code"
    """Loading machine code, and compiling it."""
    KERNELS = "kernels"
    """Tasks of voices and buses."""
    OUTPUT = "output"
    """From the outputs to the frames of the file: their sum, fades, levels, the limiter."""
    HASHING = "hashing"
    WRITING = "writing"
    """Dither, the file's format, the file."""
    WAITING = "waiting"
    """Workers that look for a task before they sleep, and the process that looks at them."""


@record(frozen=True, slots=True)
class CpuSeconds:
    """CPU seconds of a render by duty, of all its processes."""

    starting_s: float = 0.0
    reading_s: float = 0.0
    planning_s: float = 0.0
    code_s: float = 0.0
    kernels_s: float = 0.0
    output_s: float = 0.0
    hashing_s: float = 0.0
    writing_s: float = 0.0
    waiting_s: float = 0.0

    @property
    def all_s(self) -> float:
        """All together."""
        return float(sum(getattr(self, f"{duty}_s") for duty in Duty))


@record(frozen=True, slots=True)
class StemReport:
    """What was made of a stem. `path` is None where nothing sounded and no file was kept."""

    name: str
    """The output or bus that it takes."""
    path: str | None
    peak_dbfs: float
    clipped_frames: int
    limited_frames: int
    reduction_db: float
    sha256: str
    """Of its frames as float32; empty unless that was asked for."""


@record(frozen=True, slots=True)
class Report:
    """What a render made and what it took. Levels in dBFS, times in seconds."""

    path: str
    rate: int
    cps: float
    """Cycles a second."""
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
    unfaded_peak_dbfs: float
    """Before fades and the limiter."""
    output_peaks_dbfs: dict[str, float]
    voice_count: int
    """Voices that began while it was rendered, those before a part of the score (--from) among them."""
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
    """Why so many; `threads=` where that option says it."""
    replaced_workers: int = 0
    worker_tasks: tuple[int, ...] = ()
    """Tasks that each worker of a pool did."""
    stood_s: float = 0.0
    """What all workers together waited for the coordinator: to read chunks that were finished, or to bring a window."""
    stood_share: float = 0.0
    """That of all the time that they had while windows were under way."""
    banks: tuple[str, ...] = ()
    channels: tuple[str, ...] = STEREO
    """What each channel holds: sides, or outputs by name."""
    foreign_banks: dict[str, str] = field(default_factory=dict)
    """Banks that do not come from the built-in one, each with its folder: elsewhere the score may sound different."""
    cpu_s: CpuSeconds = CpuSeconds()
    """Of the session: what the process spent before and behind it is not in it."""
    assumed_length: bool = False
    """Whether no length was given and 8 cycles were rendered; False for a stream, which goes on without one."""
    normalized_db: float | None = None
    """By how much --normalize turned all up or down; None where it was not asked for."""
    loudness: LoudnessReport | None = None
    """How loud the mix is as it stands in the file, where that was measured."""
    stems: tuple[StemReport, ...] = ()
    """Those that were asked for, in the order of their files."""
    residual_dbfs: float | None = None
    """The peak of what is left of the mix before its limiter (with stems taken "pre": before its gain and fades) when
    the stems of all outputs are taken away; None where that is not reckoned."""
    residual_because: str = ""
    """Why it is not, where there are stems."""
    bus_residual_dbfs: float | None = None
    """The same for the stems of all buses, where there are such."""
    stem_tap: str | None = None
    """Where stems were taken: "post", "pre" or "master"; None: there are none."""
    notices: tuple[Notice, ...] = field(default=())
    labels: tuple[str, ...] = ()
    """Label files that were written."""
    kept_voices: KeptVoices | None = field(default=None, compare=False, repr=False)
    """Where labels were asked for."""

    @property
    def voices(self) -> Voices | None:
        """Where labels were asked for: a structured array, one row a voice that begins in the file, made when it is
        first asked for. Its fields are those of `farm.labels.voices.LoggedVoices`."""
        return None if self.kept_voices is None else self.kept_voices.array

    def of_process(self, all_s: float, reading_s: float) -> Report:
        """The same for a process that did nothing but this render, and has spent `all_s` CPU seconds with all that it
        started: what is none of the other duties is starting. `reading_s`: reading, before the render."""
        known = replace(self.cpu_s, reading_s=self.cpu_s.reading_s + reading_s, starting_s=0.0)
        return replace(self, cpu_s=replace(known, starting_s=max(all_s - known.all_s, 0.0)))

    def as_json(self) -> dict[str, Any]:
        """For `--json`: silent levels are null."""
        from dataclasses import asdict

        values = asdict(replace(self, kept_voices=None))
        del values["kept_voices"]
        values["voices"] = values.pop("voice_count")
        values["cpu_s"] = {str(duty): getattr(self.cpu_s, f"{duty}_s") for duty in Duty}
        values["notices"] = [show(notice) for notice in self.notices]
        values["stems"] = [{**asdict(stem), "peak_dbfs": finite(stem.peak_dbfs)} for stem in self.stems]
        for left in ("residual_dbfs", "bus_residual_dbfs"):
            values[left] = None if values[left] is None else finite(values[left])
        values["peak_dbfs"] = finite(self.peak_dbfs)
        values["unfaded_peak_dbfs"] = finite(self.unfaded_peak_dbfs)
        values["output_peaks_dbfs"] = {name: finite(level) for name, level in self.output_peaks_dbfs.items()}
        return values


def finite(level: float) -> float | None:
    """A level, None for silence."""
    return level if np.isfinite(level) else None


def faint(peaks_dbfs: Mapping[str, float]) -> tuple[Notice, ...]:
    """A warning that names outputs, by their peaks in dBFS, that can hardly be heard."""
    quiet = [name for name, peak in peaks_dbfs.items() if peak < FAINT_DBFS]
    if not quiet:
        return ()
    names = ", ".join(f"`{name}`" for name in quiet)
    return (Notice(f"the peak of {names} is under {FAINT_DBFS:.0f} dBFS: hardly anything will be heard", None),)


def stolen(count: int, most: int | None) -> tuple[Notice, ...]:
    """A warning when `count` voices had to make room because no more than `most` may sound at once."""
    if not count:
        return ()
    voices = "a voice was" if count == 1 else f"{count} voices were"
    return (Notice(f"{voices} cut short: --max-voices {most} let no more sound at once, and the oldest went", None),)


def mended(count: int) -> tuple[Notice, ...]:
    """A warning when `count` workers died on the way; the sound is the same."""
    if not count:
        return ()
    workers = "a worker" if count == 1 else f"{count} workers"
    return (Notice(f"{workers} died and {'was' if count == 1 else 'were'} replaced; nothing is missing", None),)
