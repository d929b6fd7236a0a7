"""What an output path costs: CPU seconds of a render's ways into a file beside those of hashing its floats."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from explicit import explicit_score
from numpy.typing import NDArray
from workloads import FARM_S, workload

import farm
from farm.options import RenderOptions

SECONDS = 60
TEXT = "cps: 0.5\no1: sine 220 * 0.2\no2: sine 331 * 0.1\n"
"""Little is computed, so that what is measured is not lost in it."""
LOUDER = 40.0
"""A --gain at which the limiter works on every frame."""


@dataclass(frozen=True, slots=True)
class PathCosts:
    """CPU nanoseconds a sample, the least of some runs."""

    floats: float
    """Of a render to `--bits 32f --clip none`."""
    rest: float
    """To 24 bits, the limiter at rest;"""
    work: float
    """the same, but at work on every frame."""
    hash: float
    """Of SHA-256 of the floats."""
    serial: float
    """Of the coordinator beside two workers that make 24 bits: what a longer render takes more, planning apart."""
    mix: float
    """Of a render of `farm-1024` into 24 bits,"""
    stems: float
    """and of the same with a stem for each of its 16 outputs."""

    @property
    def at_rest(self) -> float:
        """What 24 bits add, by the hash."""
        return (self.rest - self.floats) / self.hash

    @property
    def at_work(self) -> float:
        """What 24 bits and a limiter add, by the hash."""
        return (self.work - self.floats) / self.hash

    @property
    def alone(self) -> float:
        """What nobody shares, by the hash."""
        return self.serial / self.hash

    @property
    def with_stems(self) -> float:
        """The render with stems by that of the mix alone."""
        return self.stems / self.mix


def cpu_s(do: Callable[[], None]) -> float:
    """CPU seconds of this process."""
    started = time.process_time()
    do()
    return time.process_time() - started


def least(runs: int) -> PathCosts:
    """Each way in turn, some times over."""
    score = farm.loads(TEXT, name="output")
    plain = RenderOptions(
        duration=SECONDS, tail="none", fade_in=0.0, fade_out=0.0, bits="32f", clip="none", backend="inline", threads=1
    )
    small = replace(plain, bits="24", clip="limit")
    ways = {"floats": plain, "rest": small, "work": replace(small, gain=LOUDER)}
    pooled = replace(small, backend="local", threads=2)
    longer = replace(pooled, duration=3 * SECONDS)
    frames = farm.render(score, replace(plain, clip="none"))
    found: dict[str, list[float]] = {}
    planned_s = 0.0
    with farm.Session() as inline, farm.Session() as pool, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "a.wav"

        def rendered(session: farm.Session, options: RenderOptions) -> None:
            nonlocal planned_s
            report = session.render_file(score, target, options)
            if options.gain == LOUDER and report.limited_frames < report.frames - options.rate:
                raise ValueError("the limiter does not work on every frame")
            planned_s = report.cpu_s.planning_s

        def serial_s(options: RenderOptions) -> float:
            return cpu_s(lambda: rendered(pool, options)) - planned_s

        for _ in range(runs + 1):
            for name, options in ways.items():
                found.setdefault(name, []).append(cpu_s(lambda options=options: rendered(inline, options)))
            found.setdefault("serial", []).append((serial_s(longer) - serial_s(pooled)) / 2)
            found.setdefault("hash", []).append(cpu_s(lambda: hashed(frames)))
        work = workload("farm-1024")
        assert work is not None
        farm_1024 = explicit_score(work)
        short = replace(plain, duration=work.length[1], bits="24", clip="limit")  # type: ignore[arg-type]
        for _ in range(runs + 1):
            alone = cpu_s(lambda: inline.render_file(farm_1024, target, short))
            found.setdefault("mix", []).append(alone * SECONDS / FARM_S)
            beside = cpu_s(lambda: inline.stems(farm_1024, folder, short))
            found.setdefault("stems", []).append(beside * SECONDS / FARM_S)
    per = 1e9 / frames.size
    # The first of each is not counted: code and memory are made ready in it.
    return PathCosts(**{name: min(several[1:]) * per for name, several in found.items()})


def hashed(frames: NDArray[np.float32]) -> None:
    """Hashes frames in blocks, as a render does."""
    digest = hashlib.sha256()
    for at in range(0, len(frames), 1 << 14):
        digest.update(frames[at : at + (1 << 14)].data)


def output(runs: int) -> dict[str, object]:
    """What each way takes."""
    return asdict(least(runs))
