"""Scores whose voices are given as columns, so that exactly so many sound in every frame."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache

import numpy as np
from altered import altered
from given import Explicit
from numpy.typing import NDArray
from workloads import Workload

from farm.audio.planes import Planes, kept
from farm.graph import envelope, law
from farm.graph.asking import Asking
from farm.graph.columns import Columns
from farm.graph.graph import Graph
from farm.graph.score import Score, understand
from farm.graph.voices import STEP_BITS
from farm.score import Source
from workers.records import record

RATE = 44100
SOUNDS = 64
RELEASE_S = 0.5


@record(frozen=True, slots=True, eq=False)
class Looping(Explicit):
    """Voices that loop the bench's sounds: these join the slab when voices are first asked for.

    Column `sound` says which; `source` and `loop` follow from it.
    """

    def between(self, first_cycle: int, cycles: int, asking: Asking) -> Columns:
        """The voices of these cycles, with their places in the slab."""
        columns = Explicit.between(self, first_cycle, cycles, asking)
        sound = columns.pop("sound")
        places = np.zeros((SOUNDS, 2), np.int64)
        # As sounds of files are read: not a part of planning.
        started = time.perf_counter()
        for number in np.unique(sound):
            key = ("the bench's sounds", int(number), False)
            if key not in asking.slab.named:
                asking.slab.named[key] = asking.slab.put(planes(int(number)))
            places[number] = asking.slab.named[key][:2]
        asking.slab.loading_s += time.perf_counter() - started
        columns["source"], columns["loop"] = places[sound, 0], places[sound, 1] << STEP_BITS
        if asking.best:
            columns["table"] = asking.sinc_table(columns["step"] / (1 << STEP_BITS))
        return columns


@cache
def sounds() -> tuple[NDArray[np.float32], ...]:
    """64 sounds of 1 to 10 s of seeded noise."""
    chance = np.random.default_rng(64)
    lengths = chance.integers(RATE, 10 * RATE, SOUNDS)
    return tuple(chance.uniform(-1.0, 1.0, length).astype(np.float32) for length in lengths)


@cache
def planes(number: int) -> Planes:
    """One of them as it is played, remembered as a file's is: it is not hashed for each render."""
    return kept(sounds()[number], loops=True)


def explicit_score(workload: Workload) -> Score:
    """A workload's score, the patterns of its sources replaced by the given voices, the same number for each.

    Their levels are such that the sum stays below full scale.
    """
    assert workload.voices is not None
    score = understand(Source(f"{workload.name}.ph", workload.score))
    count = workload.voices // len(score.graph(0).sources)
    frames = int(workload.length[1]) * RATE
    given = synths if workload.name.startswith("synth") else sustained
    for number in range(SOUNDS):
        planes(number)  # made now, not while a window is planned
    loud = 0.3 / workload.voices**0.5

    def change(graph: Graph) -> Graph:
        voices = [given(count, frames, number, loud) for number in range(len(graph.sources))]
        sources = [replace(source, voices=own) for source, own in zip(graph.sources, voices, strict=True)]
        return replace(graph, sources=tuple(sources))

    return altered(score, change)


def shape(count: int, release_s: float = RELEASE_S) -> envelope.EnvelopeShape:
    """The same ADSR for all voices."""
    times = (np.full(count, value) for value in (0.01, 0.1, 0.7, release_s))
    return envelope.EnvelopeShape("adsr", *times)


def common(count: int, frames: int, chance: np.random.Generator, loud: float) -> Columns:
    """Columns of any voices: all begin at frame 0."""
    left, right = law.pan_gains(chance.uniform(-1.0, 1.0, count))
    return {
        "onset": np.zeros(count, np.int64),
        "slot": np.full(count, frames - int(RELEASE_S * RATE)),
        "cut": np.zeros(count, np.int64),
        "gain_left": (loud * left).astype(np.float32),
        "gain_right": (loud * right).astype(np.float32),
    }


def sustained(count: int, frames: int, seed: int, loud: float) -> Looping:
    """Sample voices over the bench's sounds, at rates of 0.5 to 2."""
    chance = np.random.default_rng((64, seed))
    columns = common(count, frames, chance, loud)
    rates = chance.uniform(0.5, 2.0, count)
    endless = np.full(count, envelope.NEVER)
    segments = envelope.adsr_segments(shape(count), endless, columns["slot"], RATE)
    columns |= {
        "end": segments.breaks[:, -1],
        "sound": np.arange(count) % SOUNDS,
        "position": np.zeros(count, np.int64),
        "step": np.floor(rates * (1 << STEP_BITS) + 0.5).astype(np.int64),
        "breaks": segments.breaks,
        "levels": segments.levels,
        "slopes": segments.slopes,
        "curve": segments.curve,
        "table": np.zeros(count, np.int64),
        "coding": np.zeros(count, np.int64),
        "spread": np.zeros(count, np.int64),
        "blend": np.zeros(count, np.float32),
    }
    return Looping(columns)


def synths(count: int, frames: int, seed: int, loud: float) -> Explicit:
    """Voices of an instrument at pitches over four octaves."""
    chance = np.random.default_rng((128, seed))
    columns = common(count, frames, chance, loud)
    constants, _ = envelope.bus_envelope(shape(count, RELEASE_S), columns["slot"], None, RATE)
    columns |= {
        "end": np.full(count, frames),
        "ratio": 2.0 ** chance.uniform(-1.0, 3.0, count),
        "same": np.arange(count),
        **constants,
    }
    return Explicit(columns)
