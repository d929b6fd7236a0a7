"""Columns of voices: what is computed once for voices that are alike is what each would get alone."""

from __future__ import annotations

import numpy as np
import pytest

import farm.graph.voices as voices_module
from farm.errors import SampleError
from farm.graph.asking import Asking
from farm.graph.columns import Columns
from farm.graph.controls import Controls, controls_of
from farm.graph.score import understand
from farm.graph.slab import SampleFiles
from farm.graph.voices import voices
from farm.pattern.clock import Clock
from farm.score import Source

RATE = 44100

SCORES = {
    "samples": 'out: s "bd:1 [hh sn?]*4 ~ cp(3,8)" # n "0 1 <2 3>" # gain "1 0.5 0.25" # pan "-1 0.3" # speed "1 -2"',
    "notes": 'out: s "bd*3 blip*5" # note "<c4\'min7 e5> 3 0.25" # cut "0 1" $ every 2 (hurry 2) $ chop 3',
    "echoes": 'out: s "bd*8" # gain 0.5 $ stut 4 0.125 0.7 $ jux rev $ degradeBy 0.3',
    "adsr": 'out: s "bd*7 cp@1.5" # note "0 7" # adsr "0.01 0.002" 0.1 0.5 0.3',
    "percussive": 'out: s "bd*7 cp" # ar "0.001 0.01" "0.1 0.3"',
    "instrument": '~b: saw 110 # lpf 900 1\nout: s "~b*5 ~b(3,8)" # note "c3 <4 e2>" # gain "1 .3" # adsr .01 .1 .5 .2',
}


def columns_of(text: str) -> list[Columns]:
    graph = understand(Source("test.ph", f"cps: 0.7\n{text}\n")).graph(0)
    asking = Asking(Clock(RATE, graph.cps), graph.words, SampleFiles(RATE), no_signal, tables, True)
    return [voices(source, 3, 9, asking, None) for source in graph.sources]


def no_signal(bus: int, frames: object) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    raise AssertionError(bus)


def tables(pace: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return (pace * 1000).astype(np.int64)


def each_alone(*args: object) -> Controls:
    """The same controls, with every voice a kind of its own."""
    known = controls_of(*args)  # type: ignore[arg-type]
    assert known.kind is not None and len(known.row) < len(known.kind)
    return Controls(known.source, known.haps, known.row[known.kind], np.arange(len(known.kind)), None, {})


@pytest.mark.parametrize("name", SCORES)
def test_alike_voices_are_as_if_each_was_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    together = columns_of(SCORES[name])
    monkeypatch.setattr(voices_module, "controls_of", each_alone)
    alone = columns_of(SCORES[name])
    assert sum(len(batch["onset"]) for batch in together) > 40
    for batch, other in zip(together, alone, strict=True):
        assert batch.keys() == other.keys()
        for column in batch:
            assert batch[column].dtype == other[column].dtype
            np.testing.assert_array_equal(batch[column], other[column], column)


def test_only_samples_that_play_are_looked_up() -> None:
    (batch,) = columns_of('out: s "bd nothing_of_that_name?1 cp"')
    assert len(batch["onset"]) == 18
    with pytest.raises(SampleError, match="nothing_of_that_name"):
        columns_of('out: s "bd nothing_of_that_name cp"')


def test_the_first_missing_sample_in_time_is_told() -> None:
    with pytest.raises(SampleError, match="`early_one`"):
        columns_of('out: s "[~ late_one, early_one ~]"')
