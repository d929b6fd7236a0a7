"""Any two renders of one score, after each other, in turn or at once, equal renders of freshly read scores."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from farm.graph.score import load
from farm.render.job import Score, render
from tests.render.scores import SCORES
from tests.render.sound import Frames, asked, same_bits, score
from tests.scores.fingerprint import SCORES as FILES

LATE_BY_A_BUS = """
~lfo: sine 0.3 * 0.1 + 0.1
out: saw ("110 220 330 440" $ late ~lfo) * 0.2
"""
WAYS = (
    {"rate": 8000},
    {"rate": 11025, "seed": 3},
    {"rate": 8000, "chunk_frames": 512, "window_frames": 3000},
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
