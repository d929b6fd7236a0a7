"""Any two renders of one score, after each other, in turn or at once, equal renders of freshly read scores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import farm
from farm.errors import FarmWarning
from farm.graph.score import Score, load, loads
from farm.rendering.session import Session, render, stream
from farm.score import Source
from farm.score.syntax import Program
from tests.render.scores import SCORES
from tests.render.sound import Frames, asked, same_bits, score
from tests.scores.fingerprint import SCORES as FILES

LATE_BY_A_BUS = """
~lfo: sine 0.3 * 0.1 + 0.1
out: saw ("110 220 330 440" $ late ~lfo) * 0.2
"""
ROOT = Path(__file__).resolve().parents[2]
WAYS = (
    {"rate": 8000},
    {"rate": 11025, "seed": 3},
    {"rate": 8000, "chunk": 512, "window_frames": 3000},
    {"rate": 16000, "cycles": Fraction(1, 2)},
    {"rate": 8000, "seed": 3, "backend": "local", "threads": 2},
)
"""Renders that differ in all that answers could be remembered for."""


def bus_reading(number: int) -> str:
    """A score that reads buses while it is planned: as arguments of transforms, of voices, of both at once."""
    random = Random(number)
    signal = random.choice(("sine 0.7 * 0.2 + 0.3", "tri 1.3 * 0.4", "saw 0.9 * 0.25 + 0.5", "white_noise * 0.1 + 0.1"))
    moved = random.choice(("late ~m", "early ~m", "fast ~m", "slow ~m", "degradeBy ~m", "swing ~m", "legato ~m"))
    nested = random.choice((moved, f"every 2 ({moved})", f"off 0.25 ({moved})", f'fast "1 2" $ {moved}'))
    steps = random.choice(('"110 220 330 440"', '("0 7 12" + "<0 3>" + 200)', '"<100 150>*3 ~ 300"'))
    voices = random.choice(('s "bd*2 hh sn"', 's "~syn*3 ~syn"', 's "bd? [hh|cp]*3"'))
    return f"""
cps: {random.choice(("1.7", "2.3", "0.9"))}
~m: {signal}
~syn: saw 110 * 0.3
o1: saw ({steps} $ {nested}) * 0.2
o2: {voices} $ {nested} # gain ~m # note "0 7"
"""


def rendered(one: Score, how: dict[str, Any]) -> Frames:
    return render(one, asked(**how))


def check(read: Callable[[], Score], ways: tuple[dict[str, Any], ...]) -> None:
    """Renders one score in all ways, then in the first one again, each against a score that was read for it."""
    kept = read()
    for how in (*ways, ways[0]):
        same_bits(rendered(kept, how), rendered(read(), how), str(how))


@pytest.mark.parametrize("name", FILES)
def test_after_each_other(name: str) -> None:
    ways = tuple({**how, "cycles": Fraction(1, 2)} for how in WAYS[:4])
    check(lambda: load(FILES[name]), ways)


@pytest.mark.parametrize("number", range(12))
def test_after_each_other_where_buses_are_read_while_planning(number: int) -> None:
    text = bus_reading(number)
    check(lambda: score(text), WAYS if number < 3 else WAYS[:4])


def test_the_rate_of_an_earlier_render_does_not_show() -> None:
    kept = score(LATE_BY_A_BUS)
    rendered(kept, {"rate": 44100, "cycles": Fraction(4)})
    how = {"rate": 48000, "cycles": Fraction(4)}
    same_bits(rendered(kept, how), rendered(score(LATE_BY_A_BUS), how))


@pytest.mark.parametrize("name", ["signals read while planning", "samples", "bus voices", "cut groups"])
def test_at_once_in_threads(name: str) -> None:
    kept = score(SCORES[name])
    hows = [{"rate": rate, "cycles": Fraction(3), "window_frames": rate} for rate in (8000, 16000, 11025, 9000)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            for how, found in zip(hows, pool.map(lambda how: rendered(kept, how), hows), strict=True):
                same_bits(found, rendered(score(SCORES[name]), how), str(how))


def test_in_turn_in_one_thread() -> None:
    """Two endless streams, advanced alternately, at rates and tempi of their own."""
    kept = score(LATE_BY_A_BUS)
    options = [asked(rate=rate, cycles=None, window_frames=rate) for rate in (8000, 11025)]
    with stream(kept, options[0]) as one, stream(kept, options[1]) as other:
        heard = [[next(each) for _ in range(6)] for each in (one, other)]
        for _ in range(6):
            for blocks, each in zip(heard, (one, other), strict=True):
                blocks.append(next(each))
    for blocks, own in zip(heard, options, strict=True):
        with stream(score(LATE_BY_A_BUS), own) as alone:
            same_bits(np.concatenate(blocks), np.concatenate([next(alone) for _ in range(12)]))


@pytest.mark.parametrize("backend", ["inline", "local"])
def test_streams_of_one_session_in_turn_with_its_renders(backend: str) -> None:
    how = {"cycles": Fraction(4), "chunk": 512, "window_frames": 4000, "backend": backend, "threads": 2}
    kept = score(SCORES["signals read while planning"])
    expected = rendered(kept, how)
    with Session() as session, session.stream(kept, asked(**how)) as one, session.stream(kept, asked(**how)) as other:
        heard: tuple[list[Frames], list[Frames]] = ([next(one)], [next(other)])
        same_bits(session.render(kept, asked(**how)), expected)
        for blocks in zip(one, other, strict=True):
            for kept_blocks, block in zip(heard, blocks, strict=True):
                kept_blocks.append(block)
    for blocks_of_one in heard:
        same_bits(np.concatenate(blocks_of_one), expected)


def test_calls_on_one_session_from_several_threads_wait_for_each_other() -> None:
    names = ["samples", "signals read while planning", "bus voices", "effects"]
    hows = [{"backend": "local", "threads": 2}, {"backend": "inline"}]
    expected = {name: rendered(score(SCORES[name]), {}) for name in names}
    with Session() as session, ThreadPoolExecutor(4) as pool:
        asks = [(name, how) for how in hows for name in names] * 2
        for (name, _), found in zip(
            asks, pool.map(lambda ask: session.render(score(SCORES[ask[0]]), asked(**ask[1])), asks), strict=True
        ):
            same_bits(found, expected[name], name)


def test_sessions_each_in_its_thread() -> None:
    expected = {name: rendered(score(SCORES[name]), {}) for name in ("samples", "effects", "bus voices")}

    def work(name: str) -> list[Frames]:
        with Session() as session:
            return [session.render(score(SCORES[name]), asked(backend="local", threads=2)) for _ in range(4)]

    with ThreadPoolExecutor(3) as pool:
        for name, found in zip(expected, pool.map(work, expected), strict=True):
            for frames in found:
                same_bits(frames, expected[name], name)


@pytest.mark.parametrize("ending", ["del session; gc.collect()", "pass", "one.close", "sys.exit(0)"])
def test_a_session_that_nobody_closed_ends_cleanly(ending: str) -> None:
    """At collection and at exit: nothing is said, no process and no shared memory is left."""
    code = f"""
import gc, os, sys
import farm
score = farm.loads('out: s "bd*4" # reverb 0.5 0.5')
session = farm.Session()
how = dict(rate=8000, tail="none")
session.render(score, farm.RenderOptions(cycles=1, backend="local", threads=2, **how))
one = session.stream(score, farm.RenderOptions(backend="local", threads=2, **how))
next(one)
print(os.getpid(), flush=True)
{ending}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert not [name for name in os.listdir("/dev/shm") if name.startswith(f"farm-{int(done.stdout)}-")]


def test_warnings_reach_the_caller_of_render() -> None:
    with pytest.warns(FarmWarning, match="synthetic stand-in") as caught:
        render(score('out: s "amen"'), asked())
    assert caught[0].filename == __file__
    with Session() as session, pytest.warns(FarmWarning, match="synthetic stand-in") as caught:
        session.render(score('out: s "amen"'), asked())
    assert caught[0].filename == __file__


@pytest.mark.parametrize("work", ["render", "render_file", "stream"])
def test_a_closed_session_renders_nothing(work: str, tmp_path: Path) -> None:
    with farm.Session() as session:
        pass
    given = [tmp_path / "a.wav"] if work == "render_file" else []
    with pytest.raises(farm.FarmError, match="this session is closed"):
        getattr(session, work)(farm.loads("out: saw 110"), *given, farm.RenderOptions(cycles=1))
    assert list(tmp_path.iterdir()) == []


def test_a_score_holds_nothing_that_a_render_could_change() -> None:
    score = loads('~cut: 800\nout: saw "110 220" # lpf ~cut * 0.1\n', name="value.ph")
    for one in (score, score.bound((("cut", Fraction(500)),)), loads("out: s (", lenient=True)):
        held = [getattr(one, part.name) for part in fields(one)]
        assert {type(value) for value in held} <= {Source, Program, Fraction, bool, tuple}
        first, second = one.graph(3), one.graph(3)
        assert first is not second
        assert first.words is not second.words
        assert all(getattr(one, part.name) is value for part, value in zip(fields(one), held, strict=True))
