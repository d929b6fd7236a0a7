"""`farm verify`: the same score rendered in different ways must give the same bytes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace

from farm.graph.score import Score
from farm.options import RenderOptions
from farm.rendering.outline import outline
from farm.rendering.report import Report
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
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
    made += [Trial(f"{count} {plural}, chunks of {chunk}", replace(pool, chunk=chunk)) for chunk in CHUNKS]
    made.append(Trial(f"{count} {plural}, windows of 1 s", replace(pool, window_frames=options.rate)))
    made.append(Trial(f"{count} {plural}, one killed", pool, kill=True))
    return made


def verify(score: Score, options: RenderOptions, tell: Callable[[Trial], None]) -> Iterator[Verdict]:
    """Renders every trial and compares the frames' hashes with the first one's; `tell` is told of each as it begins.

    Raises what a render raises.
    """
    reference = ""
    for trial in trials(options):
        report = rendered(score, trial, tell)
        reference = reference or report.sha256
        yield Verdict(
            trial=trial,
            sha256=report.sha256,
            seconds=report.seconds,
            wall_s=report.wall_s,
            replaced=report.replaced_workers,
            same=report.sha256 == reference,
        )


def rendered(score: Score, trial: Trial, tell: Callable[[Trial], None]) -> Report:
    """Renders a trial, and tells of it when nothing keeps it from beginning.

    Where a worker shall be killed, it is when the first frames have come.
    """
    warm, armed = Warm(), trial.kill
    try:
        with Stream(outline(score, trial.options), warm) as stream:
            tell(trial)
            for _ in stream:
                backend = stream.rendering.backend
                pids = backend.pids() if armed and backend is not None else ()
                if pids:
                    armed = False
                    os.kill(pids[0], signal.SIGKILL)
        return stream.report
    finally:
        warm.close()
