"""Stands in for the engine: renders nothing, tells progress as the real one does, and fails on request.

Run as a script it is `farm` with this engine. The score's name decides what happens: `broken.ph` has an error,
`nobank.ph` lacks a sample, `bug.ph` meets a bug, `stop.ph` is interrupted, `slow.ph` takes
more than a second, and so on.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from farm.errors import FileError, Loc, Notice, RenderError, SampleError, ScoreError
from farm.options import RenderOptions
from farm.rendering.levels import with_levels

RATE = 44100
WARNING = Notice(
    "lpf: cutoff 30000 is outside 20 to 20000 Hz", Loc("song.ph", 2, 5, 3, "out: lpf 30000"), "it is clamped"
)


@dataclass(frozen=True, slots=True)
class Score:
    name: str
    notices: tuple[Notice, ...]
    source: str

    def bound(self, settings: object) -> Score:
        return self


@dataclass(frozen=True, slots=True)
class Report:
    path: Path
    rate: int = RATE
    cps: float = 0.5
    frames: int = 16 * RATE
    seconds: float = 16.0
    tail_s: float = 0.5
    wall_s: float = 0.4
    plan_s: float = 0.1
    render_s: float = 0.2
    write_s: float = 0.05
    compile_s: float = 0.0
    compiled_kernels: int = 0
    times_real_time: float = 40.0
    peak_dbfs: float = -3.25
    unfaded_peak_dbfs: float = -3.25
    output_peaks_dbfs: dict[str, float] = field(default_factory=lambda: {"out": -3.25})
    voice_count: int = 64
    voices_peak: int = 3
    clipped_frames: int = 0
    limited_frames: int = 0
    reduction_db: float = 0.0
    sha256: str = "0" * 64
    banks: tuple[str, ...] = ("bd",)
    channels: tuple[str, ...] = ("left", "right")
    foreign_banks: dict[str, str] = field(default_factory=dict)
    cpu: str = "v3"
    backend: str = "inline"
    workers: int = 1
    workers_because: str = ""
    replaced_workers: int = 0
    worker_tasks: tuple[int, ...] = ()
    assumed_length: bool = False
    stems: tuple[()] = ()
    loudness: None = None
    normalized_db: None = None
    residual_dbfs: float | None = None
    notices: tuple[Notice, ...] = ()
    labels: tuple[str, ...] = ()

    def of_process(self, all_s: float, reading_s: float) -> Report:
        assert all_s > reading_s > 0
        return self

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class NodeLine:
    name: str
    variant: str
    memory: str
    cost_ns: float
    state_bytes: int
    ring_bytes: int


@dataclass(frozen=True, slots=True)
class GroupLine:
    name: str
    kind: str
    lanes: int
    nodes: tuple[NodeLine, ...]
    tasks: int


@dataclass(frozen=True, slots=True)
class Explanation:
    groups: tuple[GroupLine, ...]
    tasks: int
    edges: int
    voices: int
    voices_peak: int
    arena_bytes: dict[str, int]
    critical_path_ns: float
    total_ns: float
    chunks: int
    windows: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


calls: list[tuple[str, Any]] = []
"""What the command line asked for, in order."""


def load(path: str | Path, *, seed: int = 0, lenient: bool = False, samples: tuple[str, ...] = ()) -> Score:
    calls.append(("load", (str(path), seed, lenient)))
    loc = Loc(str(path), 1, 6, 3, "out: lfp 300")
    match Path(path).stem:
        case "broken":
            raise ScoreError("there is no function `lfp`", loc=loc, hint="did you mean `lpf`?")
        case "nobank":
            raise SampleError("there is no bank `bdd`", loc=loc)
        case "warned":
            return Score(str(path), (WARNING,), "")
    return Score(str(path), (), "")


def render_file(
    score: Score,
    path: Path,
    options: RenderOptions,
    observer: Any = None,
    *,
    measured: bool = False,
    labels: tuple[str, ...] = (),
) -> Any:
    calls.append(("render_file", (path, options)))
    if labels:
        calls.append(("labels", labels))
    if observer is not None:
        observer.begins(8 if options.cycles is options.duration is options.to is None else None)
    report = Report(path)
    match Path(score.name).stem:
        case "bug":
            raise KeyError("a key\nin two lines")
        case "stop":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        case "nan":
            raise RenderError("NaN in node lpf at frame 7")
        case "full":
            raise FileError(f"cannot write {path}: no space left on the disk")
        case "disk":
            raise OSError(5, "Input/output error", "/somewhere/cache")
        case "greedy":
            raise MemoryError
        case "silent":
            peaks = {"o1": -float("inf"), "o2": -72.5}
            low = (Notice("the peak is low"),)
            report = replace(report, peak_dbfs=-72.5, output_peaks_dbfs=peaks, notices=low)
        case "muted":
            muted = -float("inf")
            peaks = {"o1": -3.0, "o2": -7.5}
            report = replace(report, peak_dbfs=muted, unfaded_peak_dbfs=muted, output_peaks_dbfs=peaks)
        case "clipped":
            report = replace(report, peak_dbfs=6.0, clipped_frames=1234)
        case "warned":
            report = replace(report, notices=(WARNING, Notice("1 voice was cut short")))
        case "slow" | "brisk" as pace:
            for done in range(41):
                observer.compiling(done, 40)
            for done in range(101):
                observer.rendering(done * RATE, None if done > 90 else 90 * RATE)
                time.sleep(0.014 if pace == "slow" else 0.002)
    return with_levels(cast(Any, report), options.gain)


def render_stream(score: Score, stream: Any, options: RenderOptions, observer: Any = None) -> Report:
    calls.append(("render_stream", options))
    stream.write(b"RIFF")
    stream.flush()
    return Report(Path("<stdout>"))


class Session:
    """A session of the engine."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    render_file = staticmethod(render_file)
    render_stream = staticmethod(render_stream)


def warmup(levels: tuple[str, ...], observer: Any = None) -> int:
    calls.append(("warmup", levels))
    observer.compiling(1, 1)
    return 12 * max(1, len(levels))


def explain(score: Score, options: RenderOptions) -> Explanation:
    calls.append(("explain", options))
    lpf = NodeLine("lpf", "constant", "CARRIED", 0.7, 64, 0)
    delay = NodeLine("delay", "signal", "CARRIED", 1.25, 0, 3 * 1024**2)
    groups = GroupLine("out", "bus", 2, (lpf, delay), 320), GroupLine("out/s", "voices", 16, (), 24)
    return Explanation(groups, 344, 660, 64, 3, {"state": 2048, "rings": 3 * 1024**2}, 2e6, 9e6, 320, 2)


def modules() -> dict[str, ModuleType]:
    """The modules of the engine that the command line imports, by name."""
    names = ("graph.score", "rendering.session", "rendering.warmup", "rendering.explaining", "rendering.doubts")
    made: dict[str, Any] = {f"farm.{name}": ModuleType(f"farm.{name}") for name in names}
    made["farm.graph.score"].load = load
    made["farm.rendering.session"].Session = Session
    made["farm.rendering.warmup"].warmup = warmup
    made["farm.rendering.explaining"].explain = explain
    made["farm.rendering.doubts"].cache_notices = tuple
    return made


if __name__ == "__main__":
    sys.modules.update(modules())
    from farm.cli import main

    main()
