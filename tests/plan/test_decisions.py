"""What is decided about voices depends on what begins before the end of the planned window, and on nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio.samples import SampleLibrary
from farm.graph.choking import NOT_CUT
from farm.plan.plan import WindowPlan
from farm.rendering.outline import Part
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm
from tests.pool.pools import CONFIGS
from tests.render.beginning import mixed
from tests.render.scores import SCORES
from tests.render.sound import RATE, asked, score
from workers.wire import LANES

CHUNK = 256
CHUNKS = 180
LIBRARY = SampleLibrary()
RIDE = 'cps: 0.5\no1: s "ride ~ ~ ~" # cut 1\no2: s "~ hh ~ ~" # cut 1\nout: s "808oh*16" # cut 2 # legato 4'
ALL = {**CONFIGS, **SCORES, "a ride that a later hat cuts off": RIDE}

Voices = dict[int, dict[str, NDArray[Any]]]
"""By source: its voices' columns, in order of their numbers, which are a column too."""


@contextmanager
def planning(text: str, max_voices: int | None) -> Iterator[Rendering]:
    """A rendering that plans only."""
    options = asked(rate=RATE, chunk=CHUNK, max_voices=max_voices, cycles=Fraction(1000))
    graph = score(text).graph(0)
    roots = tuple(dict.fromkeys(output.bus for output in graph.outputs))
    with Warm() as warm:
        rendering = Rendering(graph, options, Part(roots, None, False, 0, (mixed(graph),)), warm, LIBRARY)
        yield rendering
        rendering.close()


def begun(window: WindowPlan, source: int) -> dict[str, NDArray[Any]]:
    """The voices of a source that begin before the end of a window, as it knows them."""
    part = window.sources[source]
    rows = np.flatnonzero(part.columns["onset"] < window.first_frame + window.chunks * CHUNK)
    # Where a sound lies in the slab depends on which was read first.
    columns = {name: column[rows] for name, column in part.columns.items() if name != "source"}
    return {**columns, "number": part.first_slice * LANES + rows}


def planned(text: str, max_voices: int | None, lengths: list[int], times: int = 1) -> Voices:
    """Every voice as it is at last, planned in windows of some lengths, each several times."""
    windows = []
    with planning(text, max_voices) as rendering:
        first = 0
        for chunks in lengths:
            until = (first + chunks) * CHUNK
            windows += [rendering.plan_next(first, chunks) for _ in range(times)]
            for stream in rendering.streams.sources.values():
                assert stream.live is not None
                for name in ("choked", "stolen"):
                    decided = stream.live[name][stream.live[name] < NOT_CUT]
                    assert (decided < until).all(), f"a voice is {name} because of what begins after the window"
            first += chunks
    found = {}
    for source in windows[0].sources:
        told = [begun(window, source) for window in reversed(windows)]
        every = {name: np.concatenate([one[name] for one in told]) for name in told[0]}
        _, last = np.unique(every["number"], return_index=True)
        found[source] = {name: column[last] for name, column in every.items()}
    return found


def same(found: Voices, expected: Voices, what: str) -> None:
    assert found.keys() == expected.keys(), what
    for source, columns in expected.items():
        for name, column in columns.items():
            assert np.array_equal(found[source][name], column), f"{what}: {name} in source {source}"


def splits(name: str) -> Iterator[list[int]]:
    chance = random.Random(name)
    for most in (3, 40):
        lengths: list[int] = []
        while sum(lengths) < CHUNKS:
            lengths.append(min(chance.randint(1, most), CHUNKS - sum(lengths)))
        yield lengths


@pytest.mark.parametrize("max_voices", [None, 3])
@pytest.mark.parametrize("name", ALL)
def test_a_window_in_pieces_or_planned_twice_gives_the_same_voices(name: str, max_voices: int | None) -> None:
    whole = planned(ALL[name], max_voices, [CHUNKS])
    for lengths in splits(name):
        same(planned(ALL[name], max_voices, lengths), whole, f"{name} in windows of {lengths}")
    same(planned(ALL[name], max_voices, [50, 1, CHUNKS - 51], times=2), whole, f"{name}, each window twice")


def test_a_voice_is_not_cut_before_the_window_in_which_it_is() -> None:
    """A ride and, half a second later, a hat that cuts it off."""
    with planning(RIDE, None) as rendering:
        ends = []
        for first, chunks in ((0, 8), (8, 7), (15, 1), (16, 4)):
            window = rendering.plan_next(first, chunks)
            (ride,) = (one for one in window.sources.values() if one.columns["onset"][0] == 0 and one.voices < 4)
            ends.append(int(ride.columns["end"][0]))
    hat, fade = RATE // 2, 40
    assert ends[0] > 5000
    assert ends == [ends[0], ends[0], hat + fade, hat + fade]
