"""`farm verify`: the same score rendered in different ways must give the same bytes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from farm.graph.score import Score, all_told
from farm.options import RenderOptions
from farm.render.backends.local import LocalBackend
from farm.render.job import run
from farm.render.rendering import Rendering
from workers.cores import worker_count
from workers.records import record

CHUNKS = (512, 3000)


@record(frozen=True, slots=True)
class Trial:
    """One way to render: what it is called, with which options, and whether a worker is killed half-way."""

    name: str
    options: RenderOptions
    kill: bool = False


@record(frozen=True, slots=True)
class Verdict:
    """What a trial gave."""

    trial: Trial
    sha256: str
    seconds: float
    wall_s: float
    replaced: int
    same: bool


def trials(options: RenderOptions) -> list[Trial]:
    """One worker, all of them, other chunk lengths, other windows, a killed worker."""
    count = options.threads or max(worker_count()[0], 2)
    plural = "worker" if count == 1 else "workers"
    pool = replace(options, backend="local", threads=count)
    made = [
        Trial("1 worker, inline", replace(options, backend="inline", threads=1)),
        Trial(f"{count} {plural}", pool),
    ]
    made += [Trial(f"{count} {plural}, chunks of {chunk}", replace(pool, chunk_frames=chunk)) for chunk in CHUNKS]
    made.append(Trial(f"{count} {plural}, windows of 1 s", replace(pool, window_frames=options.rate)))
    made.append(Trial(f"{count} {plural}, one killed", pool, kill=True))
    return made


def verify(score: Score, options: RenderOptions, tell: Callable[[Trial], None]) -> Iterator[Verdict]:
    """Renders every trial and compares the frames' hashes with the first one's. Raises what a render raises."""
    reference = ""
    for trial in trials(options):
        tell(trial)
        killer = Killer(trial.kill)
        with all_told(score.source, trial.options.samples):
            report = run(score, trial.options, None, killer.see, killer.begun)
        reference = reference or report.sha256
        yield Verdict(
            trial=trial,
            sha256=report.sha256,
            seconds=report.seconds,
            wall_s=report.wall_s,
            replaced=report.replaced_workers,
            same=report.sha256 == reference,
        )


@dataclass(eq=False)
class Killer:
    """Kills a worker of a pool when the first frames have come."""

    armed: bool
    rendering: Rendering | None = None

    def begun(self, rendering: Rendering) -> None:
        """Notes whose workers they are."""
        self.rendering = rendering

    def see(self, block: NDArray[np.float32]) -> None:
        """Looks at a block of frames go by."""
        backend = self.rendering.backend if self.rendering is not None else None
        if self.armed and isinstance(backend, LocalBackend) and backend.pool is not None:
            self.armed = False
            os.kill(backend.pool.workers[0].pid, signal.SIGKILL)
