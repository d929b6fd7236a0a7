"""What reading a score took is freed as soon as nobody holds the score: nothing of it waits for a collection.

A long score is some thousand objects; where they hold each other in a circle, they stay until Python looks for circles,
and what is read next gets fresh memory instead of theirs. A string whose numbers choose by a pattern is such a circle,
a small one: what it chooses is made when it is asked.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from farm.graph.score import loads

SCORES = {
    "products that are looked through for pitches": 'o1: saw 110 * "1 0" # lpf 900\n~a: n "c4 e4" * 0.5\no2: ~a',
    "rhythms and paces": 'out: s "bd(3,8)*2 [sn? hh]*4 <cp cp:1>"',
    "modifiers, transforms, effects": '~k: s "bd sn?" $ every 2 (fast 2) # gain "1 0.5"\n~e # lpf 300\nout: ~k # ~e',
    "voices of a bus": '~v: saw 55\nout: s "~v(3,8)" # note "<c2 e2>" # ar 0.01 0.2',
    "statements of every kind": 'cps: 0.5\nbuffer: 64\nsynthdef k sine 55 # lpf 300\n~x = 3\n"k bd"\no2: ~x * sine 2',
}


@pytest.fixture
def garbage() -> Iterator[list[object]]:
    """What a collection finds while the test runs."""
    gc.collect()
    before = len(gc.garbage)
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield gc.garbage
    finally:
        gc.set_debug(0)
        del gc.garbage[before:]
        gc.enable()


@pytest.mark.parametrize("text", SCORES.values(), ids=SCORES)
def test_a_score_that_nobody_holds_is_freed_at_once(text: str, garbage: list[object]) -> None:
    loads(text).graph(0)  # That what is known of the language is read.
    gc.collect()
    known = len(garbage)
    loads(text).graph(0)
    gc.collect()
    ours = [one for one in garbage[known:] if type(one).__module__.startswith(("farm", "workers"))]
    assert not ours, sorted({type(one).__name__ for one in ours})
