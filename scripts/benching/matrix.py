"""The full matrix: workers x chunks x windows x CPU levels x kills, in a pool and in one process, for every score.

Prints one table; exit status 1 when any hash differs from the first of its score. `scripts/matrix batch` tries faults
of batches instead.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from pathlib import Path

from farm.graph.score import Score, load
from farm.options import RenderOptions
from farm.pattern.clock import Clock
from farm.plan.plan import WindowPlan
from farm.rendering.backends.local import LocalBackend
from farm.rendering.outline import outline
from farm.rendering.stream import run
from farm.rendering.warm import Warm
from workers.levels import NAMES
from workers.targets import objects

SCORES = Path(__file__).resolve().parents[2] / "configs" / "scores"
WORKERS = (1, 2, 3, 8, 16)
CHUNKS = (64, 512, 2048)
WINDOWS_S = (None, 2.0, 0.3)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to render. `workers` 0: in this process."""

    workers: int
    level: str
    chunk_frames: int
    window_s: float | None
    kill: bool

    def __str__(self) -> str:
        window = "one window" if self.window_s is None else f"windows of {self.window_s:g} s"
        where = "inline" if not self.workers else f"{self.workers} workers{', one killed' if self.kill else ''}"
        return f"{where}, {self.level}, chunks of {self.chunk_frames}, {window}"


@dataclass
class Row:
    """What a score gave."""

    name: str
    sha256: str = ""
    renders: int = 0
    kills: int = 0
    replaced: int = 0
    wall_s: float = 0.0
    different: list[Way] = field(default_factory=list)


def levels() -> tuple[str, ...]:
    """CPU levels that this machine can run."""
    return objects.host_levels()[::-1]


def ways(frames: int) -> list[Way]:
    """The full product for a render of so many frames; those that share a pool follow each other."""
    chunks = (*CHUNKS, max(1 << (frames - 1).bit_length(), 64))
    alone = [Way(0, *one, False) for one in product(levels(), chunks, WINDOWS_S)]
    return alone + [Way(*one) for one in product(WORKERS, levels(), chunks, WINDOWS_S, (False, True))]


@contextmanager
def killing(wanted: bool) -> Iterator[list[int]]:
    """SIGKILLs one worker of the pool as soon as it has work; gives the list of whom."""
    killed: list[int] = []
    start = LocalBackend.start

    def started(backend: LocalBackend, window: WindowPlan, sheet: int, more: bool) -> None:
        start(backend, window, sheet, more)
        if wanted and not killed and backend.pool is not None:
            alive = [worker.pid for worker in backend.pool.workers if worker.process.is_alive()]
            killed.extend(alive[-1:])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    LocalBackend.start = started  # type: ignore[method-assign]
    try:
        yield killed
    finally:
        LocalBackend.start = start  # type: ignore[method-assign]


def options_of(way: Way, cycles: Fraction, rate: int) -> RenderOptions:
    """What a way asks for."""
    return RenderOptions(
        cycles=cycles,
        rate=rate,
        tail="none",
        chunk=way.chunk_frames,
        window_frames=None if way.window_s is None else int(way.window_s * rate),
        cpu=way.level,  # type: ignore[arg-type]
        backend="local" if way.workers else "inline",
        threads=way.workers or 1,
    )


def measured(name: str, score: Score, cycles: Fraction, rate: int, tell: Tell) -> Row:
    """Renders a score in all ways. Pools stay warm while workers and level are the same."""
    frames = Clock(rate, score.cps).frame_of(cycles) + 1
    row, begun, last = Row(name), time.perf_counter(), None
    warm = Warm()
    every = ways(frames)
    try:
        for number, way in enumerate(every):
            if (way.workers, way.level) != last:
                warm.close()
                warm, last = Warm(), (way.workers, way.level)
            tell(f"{name}: {number + 1} of {len(every)}: {way}")
            with killing(way.kill) as killed:
                report = run(outline(score, options_of(way, cycles, rate)), warm, len)
            row.sha256 = row.sha256 or report.sha256
            row.renders += 1
            row.kills += len(killed)
            row.replaced += report.replaced_workers
            if report.sha256 != row.sha256:
                row.different.append(way)
    finally:
        warm.close()
    row.wall_s = time.perf_counter() - begun
    return row


class Tell:
    """A progress line on standard error: over itself on a terminal, else one line for every 50th."""

    def __init__(self) -> None:
        self.told = 0

    def __call__(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif self.told % 50 == 0:
            print(text, file=sys.stderr, flush=True)
        self.told += 1

    def done(self) -> None:
        """Clears the line."""
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def killed_within_paths(kills: int) -> int:
    """Kills workers within tasks of output paths, in each kind of file a part of them; prints what died of which."""
    from tests.pool.paths import KINDS, deaths

    print(f"{'into':<7} {'renders':>7} {'killed':>6}  within")
    for number, kind in enumerate(KINDS):
        with tempfile.TemporaryDirectory(prefix="farm-matrix-") as folder:
            died, renders = deaths(kind, Path(folder), (kills + number) // len(KINDS))
        within = ", ".join(f"{name} {died.count(name)}" for name in sorted(set(died)))
        print(f"{kind:<7} {renders:>7} {len(died):>6}  {within}", flush=True)
    print("the same bytes in all")
    return 0


def main() -> int:
    """Reads the command line, renders, prints the table."""
    if sys.argv[1:2] == ["batch"]:
        import batch_matrix

        return batch_matrix.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="scripts/matrix", description=__doc__)
    parser.add_argument("scores", nargs="*", metavar="SCORE", help="files, or names in configs/scores  [all of them]")
    parser.add_argument("--cycles", type=Fraction, default=Fraction(2), metavar="N", help="length in cycles  [2]")
    parser.add_argument("--rate", type=int, default=8000, metavar="HZ", help="sample rate  [8000]")
    parser.add_argument(
        "--paths",
        type=int,
        metavar="KILLS",
        help="kill so many workers within tasks of output paths instead, into FLAC, WAV and a stream",
    )
    asked = parser.parse_args()
    if asked.paths is not None:
        return killed_within_paths(asked.paths)
    paths = [Path(one) if one.endswith(".ph") else SCORES / f"{one}.ph" for one in asked.scores]
    tell, rows = Tell(), []
    for path in paths or sorted(SCORES.glob("*.ph")):
        rows.append(measured(path.stem, load(path), asked.cycles, asked.rate, tell))
    tell.done()
    missing = [level for level in NAMES if level not in levels()]
    print(f"workers {', '.join(map(str, WORKERS))} and inline; chunks {', '.join(map(str, CHUNKS))} and whole;")
    print(
        f"windows {', '.join('whole' if one is None else f'{one:g} s' for one in WINDOWS_S)}; CPU {', '.join(levels())}"
    )
    if missing:
        print(f"this machine cannot run {', '.join(missing)}")
    wide = max(len(row.name) for row in rows)
    print(f"\n{'score':<{wide}} {'renders':>7} {'killed':>6} {'replaced':>8} {'differ':>6} {'seconds':>7}  SHA-256")
    for row in rows:
        print(
            f"{row.name:<{wide}} {row.renders:>7} {row.kills:>6} {row.replaced:>8} {len(row.different):>6} "
            f"{row.wall_s:>7.1f}  {row.sha256[:32]}"
        )
    for row in rows:
        for way in row.different:
            print(f"{row.name} differs: {way}")
    return 1 if any(row.different for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
