"""The rows of the tables: a workload's renders, block times, empty tasks, start-up, patterns."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from beginning import beside_base
from paths import PathCosts
from processes import FARM, ONCE, Took, timed, together_mib
from workloads import BATCH, ROOT, SCORES, Workload

LIVE = ("q", "m", "stress")
LIVE_CHUNKS = (128, 256, 512)


@dataclass(frozen=True, slots=True)
class Row:
    """Medians of a workload's runs with one number of workers. Seconds.

    `wall_s`: whole process. `render_s`: the tasks alone (in a pool: waiting for them). `whole_s`: from the first task
    to the last frame, with outputs mixed, measured and hashed, without compiling, planning, reading sounds, making
    the arena or writing files. `voice_frames`: frames that all audible voices sound, together. `efficiency`:
    whole_s with one worker over workers times that with so many. `sha256`: of the frames; `same`: whether all runs
    of all rows of this workload gave the same. `others`: CPUs that other processes kept busy meanwhile.
    """

    workload: str
    quality: str
    workers: int
    runs: int
    seconds: float
    wall_s: float
    render_s: float
    whole_s: float
    plan_s: float
    cpu_s: float
    peak_mib: float
    voice_frames: int
    voices_mean: float
    voices_peak: int
    sha256: str
    same: bool
    efficiency: float | None
    others: float

    @property
    def ns(self) -> float:
        """Nanoseconds of the render per audible voice and frame."""
        return self.render_s * 1e9 / self.voice_frames

    @property
    def planning(self) -> float:
        """Planning as a part of the render's time in process, planning itself included."""
        return self.plan_s / (self.whole_s + self.plan_s)


def command_for(
    work: Workload,
    quality: str,
    workers: int,
    folder: Path,
    once: Sequence[str] = ONCE,
    farm: Sequence[str] = FARM,
) -> list[str]:
    """What renders a workload and prints a report. `once`, `farm`: what runs those of a checkout."""
    if work.name == BATCH:
        clips = folder / "clips"
        clips.mkdir(exist_ok=True)
        return [*once, "batch", quality, str(workers), str(clips)]
    if not work.into_file:
        return [*once, "render", work.name, quality, str(workers)]
    backend = ["--backend", "inline"] if workers == 1 else ["--backend", "local", "--threads", str(workers)]
    options = [*backend, "--tail", "none", "--quality", quality, "--json", *work.length]
    return [*farm, "render", str(work.path(folder)), str(folder / "out.wav"), *options]


def measured(work: Workload, quality: str, threads: Sequence[int], runs: int) -> list[Row]:
    """Renders a workload with each number of workers in turn, `runs` times after a round that does not count."""
    took: dict[int, list[Took]] = {workers: [] for workers in threads}
    together: dict[int, float] = {}
    with TemporaryDirectory(prefix="farm-measure-") as name:
        folder = Path(name)
        commands = {workers: command_for(work, quality, workers, folder) for workers in threads}
        for workers, command in commands.items():
            together[workers] = together_mib(command, folder)
        for _ in range(runs):
            for workers, command in commands.items():
                took[workers].append(timed(command, folder))
        counted = timed([*ONCE, "audible", work.name, quality], folder).answer
    reports = {workers: [one.answer for one in took[workers]] for workers in threads}
    hashes = {report["sha256"] for several in reports.values() for report in several}

    def whole_s(report: dict[str, float]) -> float:
        return report["wall_s"] - sum(report[part] for part in ("compile_s", "arena_s", "plan_s", "write_s"))

    alone_s = median(map(whole_s, reports[1])) if 1 in reports else None
    rows = []
    for workers in threads:
        several, processes = reports[workers], took[workers]

        def middle(name: str, of: Sequence[dict[str, Any]] = several) -> float:
            return float(median(report[name] for report in of))

        whole = median(map(whole_s, several))
        frames = several[0]["frames"]
        largest = median(one.peak_mib for one in processes)
        row = Row(
            workload=work.name,
            quality=quality,
            workers=workers,
            runs=runs,
            seconds=several[0]["seconds"],
            wall_s=median(one.wall_s for one in processes),
            render_s=middle("render_s"),
            whole_s=whole,
            plan_s=middle("plan_s"),
            cpu_s=median(one.cpu_s for one in processes),
            peak_mib=largest if workers == 1 else together[workers],
            voice_frames=counted["voice_frames"],
            voices_mean=counted["voice_frames"] / frames,
            voices_peak=counted["voices_peak"],
            sha256=several[0]["sha256"],
            same=len(hashes) == 1,
            efficiency=alone_s / (workers * whole) if alone_s is not None and workers > 1 else None,
            others=median(one.others for one in processes),
        )
        rows.append(row)
    return rows


@dataclass(frozen=True, slots=True)
class Blocks:
    """Milliseconds from one block to the next of a workload rendered one chunk at a time on a pool."""

    workload: str
    chunk_frames: int
    workers: int
    blocks: int
    p50: float
    p95: float
    p99: float
    worst: float
    sha256: str


def live(threads: Sequence[int]) -> list[Blocks]:
    """Block times of q, m and stress."""
    found = []
    for name in LIVE:
        for chunk_frames in LIVE_CHUNKS:
            for workers in threads:
                command = [*ONCE, "live", name, str(chunk_frames), str(workers)]
                timed(command, ROOT)
                answer = timed(command, ROOT).answer
                times = sorted(answer["ms"])
                parts = (times[int(part * (len(times) - 1))] for part in (0.5, 0.95, 0.99, 1.0))
                found.append(Blocks(name, chunk_frames, workers, len(times), *parts, answer["sha256"]))
    return found


@dataclass(frozen=True, slots=True)
class Scaling:
    """Medians of rounds in one process: whole seconds with one worker, on a pool of `workers`, and of as many separate
    one-worker renders side by side, each on its CPU.

    `efficiency`: one_s / (workers * pool_s). `limit`: one_s / separate_s, what processes that share nothing reach on
    this machine at that moment. `of_limit`: the one over the other, by rounds.
    """

    workload: str
    quality: str
    workers: int
    one_s: float
    pool_s: float
    separate_s: float
    efficiency: float
    best: float
    limit: float
    of_limit: float
    sha256: str
    same: bool


SCALED = (
    ("sustain-1024", "draft"),
    ("sustain-1024", "good"),
    ("farm-1024", "draft"),
    ("farm-1024", "good"),
    ("stress", "good"),
)
SCALING_ROUNDS = 4
"""Rounds for each run that is asked for."""


def scaling(threads: Sequence[int], runs: int) -> list[Scaling]:
    """What several workers gain, beside what the machine allows."""
    found = []
    for name, quality in SCALED:
        for workers in threads:
            if workers == 1:
                continue
            command = [*ONCE, "scaling", name, quality, str(workers), str(SCALING_ROUNDS * runs)]
            answer = timed(command, ROOT).answer
            rounds = list(zip(answer["one_s"], answer["pool_s"], answer["separate_s"]))
            found.append(
                Scaling(
                    workload=name,
                    quality=quality,
                    workers=workers,
                    one_s=median(one for one, _, _ in rounds),
                    pool_s=median(pool for _, pool, _ in rounds),
                    separate_s=median(separate for _, _, separate in rounds),
                    efficiency=median(one / (workers * pool) for one, pool, _ in rounds),
                    best=max(one / (workers * pool) for one, pool, _ in rounds),
                    limit=median(one / separate for one, _, separate in rounds),
                    of_limit=median(separate / (workers * pool) for _, pool, separate in rounds),
                    sha256=answer["sha256"][0],
                    same=len(answer["sha256"]) == 1,
                )
            )
    return found


def output(runs: int) -> PathCosts:
    """What an output path costs, measured in a process of its own."""
    return PathCosts(**timed([*ONCE, "output", str(runs)], ROOT).answer)


def tasks(threads: Sequence[int]) -> dict[int, float]:
    """Nanoseconds of a task that does nothing, by number of workers."""
    return {workers: timed([*ONCE, "tasks", str(workers)], ROOT).answer["ns"] for workers in threads}


@dataclass(frozen=True, slots=True)
class Chain:
    """Seconds of a workload's tasks, of the longest chain of them, and of the busiest group, by its key."""

    workload: str
    tasks_s: float
    chain_s: float
    busiest: str
    busiest_s: float

    @property
    def share(self) -> float:
        """The longest chain, of all tasks: so much is left with any number of workers."""
        return self.chain_s / self.tasks_s


CHAINED = ("q", "m", "buses", "stress", "hour")


def chained(runs: int) -> list[Chain]:
    """How much of a workload follows one another, as `farm plan --measured` says it."""
    found = []
    for name in CHAINED:
        answer = timed([*ONCE, "chains", name, str(runs)], ROOT).answer
        busiest, busiest_s = max(answer["groups_s"].items(), key=lambda group: group[1])
        found.append(Chain(name, answer["tasks_s"], answer["chain_s"], busiest, busiest_s))
    return found


ONE_SECOND = ("--duration", "1", "--tail", "none")
EIGHT_CYCLES = ("--cycles", "8")
BESIDE = 15
"""Pairs of processes for a ratio: one is short, and differs by a tenth."""


def starts(runs: int) -> dict[str, float]:
    """What it costs to start: median seconds of whole processes that do little, and ratios (names without `_s`)."""
    q = str(SCORES / "q.ph")
    second = [*FARM, "render", q, "out.wav", *ONE_SECOND, "--quiet"]
    eight = [*FARM, "render", q, "out.wav", *EIGHT_CYCLES, "--quiet"]

    def several(run: Callable[[Path], Took]) -> float:
        with TemporaryDirectory(prefix="farm-measure-") as name:
            return median(run(Path(name)).wall_s for _ in range(runs))

    def cold(folder: Path) -> Took:
        cache = folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        return timed(eight, folder, {"FARM_CACHE": str(cache)})

    several(lambda folder: timed(second, folder))
    help_s = several(lambda folder: timed([*FARM, "--help"], folder))
    script_s = several(lambda folder: timed([str(ROOT / "scripts" / "farm"), "--help"], folder))
    return {
        "help_s": help_s,
        "script_s": max(script_s - help_s, 0.0),
        "warm_second_s": several(lambda folder: timed(second, folder)),
        "warm_q_s": several(lambda folder: timed(eight, folder)),
        "cold_q_s": several(cold),
        **beside_base(second[len(FARM) :], max(runs, BESIDE)),
    }


@dataclass(frozen=True, slots=True)
class Cost:
    """What patterns cost: the least CPU seconds of several repeats for `count` of a `unit`.

    `sha256`: of what was computed; `same`: whether it is, however the cycles are cut into windows.
    """

    what: str
    of: str
    count: int
    unit: str
    seconds: float
    sha256: str
    same: bool

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.count / self.seconds


def patterns(runs: int) -> list[Cost]:
    """Questions to patterns, voice tables from a score's text, and reading long texts."""
    return [Cost(**one) for one in timed([*ONCE, "patterns", str(runs)], ROOT).answer["costs"]]


def note(text: str) -> None:
    """What is being measured, on standard error."""
    print(text, file=sys.stderr, flush=True)
