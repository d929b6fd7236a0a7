"""The same bytes, whatever the number of workers, the cut of the work, the CPU level, and whoever is killed."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import NamedTuple

import pytest

from farm.rendering.session import Session
from tests.render.scores import SCORES

from .pools import CONFIGS, WHOLE, inline, killing, level_or_best, pooled, rendered


class Way(NamedTuple):
    """One way to render."""

    workers: int
    """0: inline."""
    chunk: int
    window: int | None = None
    level: str | None = None
    kills: int = 0


# Each value of each factor at least twice.
WAYS = (
    Way(1, 64, None, "v3"),
    Way(2, 512, 1500, "v2"),
    Way(3, 2048, None, "v4"),
    Way(8, WHOLE, None, "v3"),
    Way(16, 512, 4096, "v4"),
    Way(2, 64, 4096, "v2"),
    Way(3, WHOLE, 1500),
    Way(8, 2048, 4096),
    Way(16, 64, 1500, "v3"),
    Way(1, 2048, 1500, "v4"),
    Way(0, 64, 4096, "v2"),
    Way(0, WHOLE, None, "v4"),
)
KILLED = (Way(2, 512, kills=1), Way(1, 64, 4096, kills=2), Way(3, 2048, 4096, kills=3), Way(8, 64, kills=4))
THOROUGH = ("q", "stereo")


def check(text: str, way: Way, expected: str, **options: object) -> int:
    """Renders one way and compares; returns how many workers were replaced (none when all was done meanwhile)."""
    options.update(chunk=way.chunk, window_frames=way.window, cpu=level_or_best(way.level))
    with killing(way.kills) as killed:
        report = pooled(text, way.workers, **options) if way.workers else inline(text, **options)
    assert report.sha256 == expected, f"{way} differs"
    assert report.backend == ("local" if way.workers else "inline")
    assert bool(killed) == bool(way.kills)
    assert report.replaced_workers <= len(killed) <= way.kills
    return report.replaced_workers


@cache
def of_config(name: str) -> str:
    """The hash of two cycles of a score of configs/scores, in one process and chunks of the usual length."""
    report = inline(CONFIGS[name], cycles=Fraction(2))
    assert report.peak_dbfs > -40, "there is something to compare"
    return report.sha256


@cache
def of_score(name: str) -> str:
    """The same of a small score."""
    return inline(SCORES[name], cycles=Fraction(3)).sha256


def test_every_value_of_every_factor_is_tried_twice() -> None:
    for factor in zip(*WAYS[:-2]):
        assert all(factor.count(value) >= 2 for value in factor)
    assert {way.workers for way in WAYS} == {0, 1, 2, 3, 8, 16}
    assert {way.chunk for way in WAYS} == {64, 512, 2048, WHOLE}


@pytest.mark.parametrize("name", CONFIGS)
def test_scores_give_the_same_bytes_in_every_way(name: str) -> None:
    first = list(CONFIGS).index(name)
    ways = WAYS if name in THOROUGH else [WAYS[(first + step) % len(WAYS)] for step in (0, 4, 8)]
    for way in ways:
        check(CONFIGS[name], way, of_config(name), cycles=Fraction(2))


@pytest.mark.parametrize("name", THOROUGH)
def test_scores_give_the_same_bytes_whoever_is_killed(name: str) -> None:
    replaced = [check(CONFIGS[name], way, of_config(name), cycles=Fraction(2)) for way in KILLED]
    assert sum(replaced) >= len(KILLED) // 2


@pytest.mark.parametrize("name", SCORES)
def test_every_kind_of_node_gives_the_same_bytes(name: str) -> None:
    for way in (Way(2, 777, 1600), Way(3, 64, kills=1)):
        check(SCORES[name], way, of_score(name), cycles=Fraction(3))


@pytest.mark.parametrize("name", ["effects", "late and long", "steps and gates", "cut groups"])
def test_a_part_of_a_score_from_a_pool(name: str) -> None:
    """What leads up to the part is rendered where it carries state, over windows that nobody reads."""
    part = {"cycles": Fraction(6), "from_": Fraction(9, 2), "to": Fraction(11, 2)}
    expected = inline(SCORES[name], **part).sha256
    for way in (Way(2, 128, 512), Way(3, 64, 64), Way(3, 2048)):
        check(SCORES[name], way, expected, **part)


@pytest.mark.parametrize("count", [127, 128, 129, 255, 256, 257, 720])
def test_any_number_of_starts(count: int) -> None:
    """Samples and voices, many of which sound at once."""
    samples = f'cps: 0.5\nout: s "bd*{count}" # gain 0.05 # speed "1 -0.7 0.4"'
    voices = f'cps: 4\n~w: saw 110 # lpf 900 1\nout: s "~w*{count}" # ar 0.01 0.2 # gain 0.02'
    for text in (samples, voices):
        expected = inline(text)
        assert expected.voice_count == count
        check(text, Way(2, 64), expected.sha256)
        check(text, Way(3, 512, 2000, kills=1), expected.sha256)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('s "amen" # speed 0.3', id="longer than a chunk and a cycle"),
        pytest.param('s "amen(3,8)" # speed 0.125', id="at an eighth of its speed"),
        pytest.param('s "amen(3,8)" # speed -1', id="reversed"),
        pytest.param('s "amen*2" # speed -0.125', id="reversed at an eighth"),
        pytest.param('s "808oh*3" # adsr 0.02 0.1 0.6 0.4', id="looped"),
        pytest.param('jux rev $ stut 8 0.125 0.7 $ s "ride:2(3,8,1)" # speed 0.5', id="echoed"),
    ],
)
def test_long_hits(text: str) -> None:
    whole = f"cps: 3.7\nout: {text}"
    for tail in ("none", "auto"):
        expected = inline(whole, cycles=Fraction(4), tail=tail).sha256
        for way in (Way(2, 64), Way(3, 512, 1024), Way(2, WHOLE), Way(2, 256, kills=1)):
            check(whole, way, expected, cycles=Fraction(4), tail=tail)


def test_an_open_end_is_the_same() -> None:
    """Automatic tails stop a pool in the middle of a window."""
    for name in ("q", "dub"):
        options = {"cycles": Fraction(1), "tail": "auto", "fade_out": 0.2}
        expected = inline(CONFIGS[name], **options)
        assert expected.tail_s > 0.2
        for workers in (1, 2, 3):
            assert pooled(CONFIGS[name], workers, **options).sha256 == expected.sha256


def test_a_warm_session_gives_the_same_bytes() -> None:
    """One pool and one arena for scores of all sizes, forth and back, with deaths in between."""
    names = ["stress", "bass", "dub", "m", "bass", "stereo", "q", "stress", "chords"]
    replaced = 0
    with Session() as session:
        for number, name in enumerate(names):
            with killing(number % 3):
                report = rendered(CONFIGS[name], session, cycles=Fraction(2), backend="local", threads=2, chunk=512)
            assert report.sha256 == of_config(name), f"{name}, render {number}"
            replaced += report.replaced_workers
        (waiting,) = session._warm.backends.values()
        assert len(waiting) == 1
    assert replaced > 3


def test_small_renders_are_done_without_a_pool() -> None:
    assert rendered(SCORES["effects"]).backend == "inline"
    assert rendered(SCORES["effects"], threads=1).backend == "inline"
