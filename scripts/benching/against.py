"""Measures this checkout and another commit in turns, row by row."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from checkouts import Checkout, beside, commit_of
from processes import Failed, Took
from ratios import LIMIT, Compared, Turn, table
from rows import EIGHT_CYCLES, LIVE, LIVE_CHUNKS, ONE_SECOND, command_for, note
from workloads import BATCH, SCORES, workload

STARTS = ("help", "script-help", "warm-second", "warm-q", "cold-q")
START, PATTERNS, LIVELY = "start", "patterns", "live"
GROUPS = (LIVELY, START, PATTERNS)
"""Names that stand for several rows."""

Run = Callable[[Checkout, Path], Mapping[str, Turn]]


@dataclass(frozen=True, slots=True)
class Work:
    """What is run in turns. `run` gives one turn by the name of each row that it fills."""

    name: str
    quality: str
    workers: int
    run: Run


def known(name: str) -> bool:
    """Whether a row, or several, are called so."""
    return name in GROUPS or name in STARTS or workload(name) is not None


def works(names: Sequence[tuple[str, str]], threads: Sequence[int]) -> Iterator[Work]:
    """What is to be run for (name, quality) of rows."""
    for name, quality in names:
        if name == PATTERNS:
            yield Work(PATTERNS, "-", 1, patterns)
        elif name == LIVELY:
            for score in LIVE:
                for chunk in LIVE_CHUNKS:
                    yield from (
                        Work(f"{score} by {chunk}", "good", count, live(score, chunk, count)) for count in threads
                    )
        elif name in (START, *STARTS):
            for start in STARTS if name == START else (name,):
                yield Work(start, "good", 1, starting(start))
        else:
            yield from (Work(name, quality, count, rendering(name, quality, count)) for count in threads)


def turn(took: Took, sha256: str) -> Turn:
    """A whole process as a turn."""
    return Turn(took.cpu_s, took.wall_s, sha256)


def rendering(name: str, quality: str, workers: int) -> Run:
    """A workload, as the bench renders it; the score's text is this checkout's on both sides."""
    work = workload(name)
    assert work is not None

    def run(checkout: Checkout, folder: Path) -> dict[str, Turn]:
        command = command_for(work, quality, workers, folder, checkout.once, checkout.farm)
        if name == BATCH:
            shutil.rmtree(folder / "clips")
            (folder / "clips").mkdir()
        if name == BATCH and checkout.crews.is_file():
            # Where there is `farm batch`, it makes the clips: manifest and all.
            command = [checkout.python, str(checkout.crews), "crew", quality, str(workers), str(folder / "clips")]
        took = checkout.timed(command, folder)
        return {name: turn(took, took.answer["sha256"])}

    return run


def live(score: str, chunk_frames: int, workers: int) -> Run:
    """A score rendered one chunk at a time."""

    def run(checkout: Checkout, folder: Path) -> dict[str, Turn]:
        took = checkout.timed([*checkout.once, "live", score, str(chunk_frames), str(workers)], folder)
        return {f"{score} by {chunk_frames}": turn(took, took.answer["sha256"])}

    return run


def patterns(checkout: Checkout, folder: Path) -> dict[str, Turn]:
    """CPU seconds of each cost of patterns."""
    costs = checkout.timed([*checkout.once, "patterns", "1"], folder).answer["costs"]
    return {f"{one['what']}: {one['of']}": Turn(one["seconds"], None, one["sha256"]) for one in costs}


def starting(name: str) -> Run:
    """A whole process that does little."""
    q = str(SCORES / "q.ph")

    def run(checkout: Checkout, folder: Path) -> dict[str, Turn]:
        if name == "help":
            return {name: turn(checkout.timed([*checkout.farm, "--help"], folder), "")}
        if name == "script-help":
            script = str(checkout.root / "scripts" / "farm")
            return {name: turn(checkout.timed([script, "--help"], folder), "")}
        length = ONE_SECOND if name == "warm-second" else EIGHT_CYCLES
        command = [*checkout.farm, "render", q, "out.wav", *length, "--json"]
        if name == "cold-q":
            with TemporaryDirectory(dir=folder) as cache:
                took = checkout.timed(command, folder, {"FARM_CACHE": cache})
        else:
            took = checkout.timed(command, folder)
        return {name: turn(took, took.answer["sha256"])}

    return run


def in_turns(work: Work, this: Checkout, that: Checkout, folder: Path, runs: int) -> Iterator[Compared]:
    """Runs both, `runs` times, the order turned round each time, after a run of each that does not count: in that one
    kernels are compiled and files come into memory. Raises Failed."""
    for checkout in (this, that):
        work.run(checkout, folder)
    found: dict[Path, list[Mapping[str, Turn]]] = {this.root: [], that.root: []}
    for number in range(runs):
        for checkout in (this, that) if number % 2 == 0 else (that, this):
            found[checkout.root].append(work.run(checkout, folder))
    here, there = found[this.root], found[that.root]
    common = [name for name in here[0] if name in there[0]]
    for name in (*here[0], *there[0]):
        if name not in common:
            note(f"{name}: not measured, it is only on one side")
    for name in common:
        yield Compared(
            name, work.quality, work.workers, tuple(one[name] for one in here), tuple(one[name] for one in there)
        )


def compare(
    commit: str,
    names: Sequence[tuple[str, str]],
    threads: Sequence[int],
    runs: int,
    head: Mapping[str, str],
    as_json: bool,
) -> int:
    """Measures rows, (name, quality) of each, and prints them. 1 when frames differ or a row could not be run, else 0.

    `head`: what else is to be said of the measurement. Raises Failed.
    """
    full = commit_of(commit)
    rows: list[Compared] = []
    failures: dict[str, str] = {}
    with beside(full) as (this, that, folder):
        sides = {"this": this.name, "against": that.name}
        note(f"this checkout, {this.name}, against {that.name}; kernels are compiled first, for each")
        for work in works(names, threads):
            note(f"measuring {work.name}, {work.quality}, workers: {work.workers}")
            try:
                rows += in_turns(work, this, that, folder, runs)
            except Failed as failure:
                failures[f"{work.name}, {work.quality}, workers: {work.workers}"] = str(failure)
                note(str(failure))
    if as_json:
        found = [one.as_json() for one in rows]
        print(json.dumps({**head, **sides, "runs": runs, "limit": LIMIT, "rows": found, "failed": failures}, indent=1))
    else:
        print("\n".join(f"{key}: {value}" for key, value in {**head, **sides}.items()))
        print(f"{runs} runs in turns; ratios are this over against; CPU of whole process trees; seconds are medians of")
        print("CPU and least of wall; min, median and max are of ratios of paired runs; CPU x is their median\n")
        print(table(rows))
        for name, failure in failures.items():
            print(f"NOT RUN {name}: {failure.splitlines()[0]}")
    return 1 if failures or any(one.differs for one in rows) else 0
