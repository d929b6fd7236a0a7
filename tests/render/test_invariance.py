"""The output is a function of score and options: never of how the work was cut up, nor of the machine."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.render.scores import SCORES
from tests.render.sound import LEVELS, RATE, Frames, asked, digest, frames, missing_level, rms, same_bits, score, stems

ROOT = Path(__file__).resolve().parents[2]
SECONDS = Fraction(7, 4)
WHOLE = 1 << 14
"""A chunk longer than any of these renders."""

every_score = pytest.mark.parametrize("name", SCORES)


@functools.cache
def reference(name: str, **options: Any) -> Frames:
    """The score, planned at once in chunks of the usual length."""
    sound = frames(SCORES[name], duration=SECONDS, **options)
    sound.setflags(write=False)
    return sound


@every_score
def test_there_is_something_to_compare(name: str) -> None:
    sound = reference(name)
    quarter = len(sound) // 4
    assert len(sound) == SECONDS * RATE < WHOLE
    assert min(rms(sound[i * quarter : (i + 1) * quarter]) for i in range(4)) > 1e-4, "every part of it sounds"


@every_score
@pytest.mark.parametrize("chunk", [64, 512, 777, WHOLE])
def test_the_chunk_length_does_not_show(name: str, chunk: int) -> None:
    found = frames(SCORES[name], duration=SECONDS, chunk=chunk)
    same_bits(found, reference(name), f"{name}, chunks of {chunk}")


@every_score
@pytest.mark.parametrize(("window", "chunk"), [(64, 64), (1000, 333), (2048, 2048)])
def test_the_window_length_does_not_show(name: str, window: int, chunk: int) -> None:
    found = frames(SCORES[name], duration=SECONDS, window_frames=window, chunk=chunk)
    same_bits(found, reference(name), f"{name}, windows of {window}")


@every_score
def test_a_part_is_those_frames_of_the_whole(name: str) -> None:
    whole = frames(SCORES[name], cycles=Fraction(4))
    cps = score(SCORES[name]).cps
    for first, last, chunk, window in (("1/3", "7/5", 512, 1024), ("2.9", "4", 128, None), ("13/7", "2", 2048, 2048)):
        begin, end = (int(Fraction(at) * RATE / cps + Fraction(1, 2)) for at in (first, last))
        part = {"from_": Fraction(first), "to": Fraction(last)}
        found = frames(SCORES[name], cycles=Fraction(4), chunk=chunk, window_frames=window, **part)
        same_bits(found, whole[begin:end], f"{name}, cycles {first} to {last}")


@pytest.mark.parametrize("tail", ["auto", 0.4])
def test_a_part_is_cut_from_the_whole_with_its_fades_and_tail(tail: Any) -> None:
    how = {"cycles": Fraction(3), "fade_in": 0.3, "fade_out": 0.2, "gain": 0.7, "tail": tail}
    whole = frames(SCORES["effects"], **how)
    begin, end = (int(at * RATE / Fraction("2.9") + Fraction(1, 2)) for at in (Fraction(1, 4), Fraction(11, 4)))
    found = frames(SCORES["effects"], **how, from_=Fraction(1, 4), to=Fraction(11, 4), chunk=100)
    same_bits(found, whole[begin:end])
    last = frames(SCORES["effects"], **how, from_=Fraction(11, 4), chunk=4096)
    same_bits(last, whole[end:])


@every_score
def test_two_renders_are_equal(name: str) -> None:
    same_bits(frames(SCORES[name], duration=SECONDS), reference(name))


def test_a_loaded_score_can_be_rendered_again_and_otherwise() -> None:
    from farm.rendering.session import render

    for name in ("signals read while planning", "bus voices", "cut groups"):
        loaded = score(SCORES[name])
        options = asked(duration=SECONDS)
        render(loaded, asked(duration=SECONDS, rate=11025, quality="best"))
        same_bits(render(loaded, options), reference(name), name)
        same_bits(render(loaded, options), reference(name), name)


def test_another_process_gives_the_same_bits() -> None:
    names = ["voices with noise", "samples", "signals read while planning", "a loop of two buses"]
    code = """
import sys
from tests.render.scores import SCORES
from tests.render.sound import digest, frames
from tests.render.test_invariance import SECONDS
for name in sys.argv[1:]:
    print(digest(frames(SCORES[name], duration=SECONDS)))
"""
    for number in ("1", "77"):
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": number}
        done = subprocess.run(
            [sys.executable, "-P", "-c", code, *names],
            env=environment,
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=True,
        )
        assert done.stdout.split() == [digest(reference(name)) for name in names]


@pytest.mark.parametrize("name", ["voices with noise", "shadowed buses and outputs", "envelopes"])
def test_the_seed_changes_what_is_random(name: str) -> None:
    found = frames(SCORES[name], duration=SECONDS, seed=5)
    same_bits(frames(SCORES[name], duration=SECONDS, seed=5, chunk=333), found)
    assert digest(found) != digest(reference(name))


@pytest.mark.parametrize("name", ["samples", "modulated oscillators", "cut groups"])
def test_the_seed_changes_nothing_else(name: str) -> None:
    same_bits(frames(SCORES[name], duration=SECONDS, seed=5), reference(name))


@pytest.mark.parametrize("quality", ["draft", "best"])
def test_each_quality_is_as_invariant(quality: str) -> None:
    for name in ("samples", "late and long"):
        whole = reference(name, quality=quality)
        assert digest(whole) != digest(reference(name)), "the quality is heard"
        for chunk, window in ((64, 512), (777, 1554)):
            how = {"quality": quality, "chunk": chunk, "window_frames": window}
            same_bits(frames(SCORES[name], duration=SECONDS, **how), whole, f"{name} {quality}")


@pytest.mark.parametrize("level", LEVELS)
def test_every_cpu_level_gives_the_same_bits(level: str) -> None:
    reason = missing_level(level)
    if reason:
        print(reason)
        pytest.skip(reason)
    for name in SCORES:
        same_bits(frames(SCORES[name], duration=SECONDS, cpu=level), reference(name), f"{name} on {level}")


# Lanes.

COUNTS = (7, 8, 9, 15, 16, 17, 33)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("kind", ["samples", "voices"])
def test_any_number_of_voices_at_once(kind: str, count: int) -> None:
    played = "rim" if kind == "samples" else "~w"
    notes = ",".join(str(i % 12) for i in range(count))
    text = f'cps: 3\n~w: tri 200 # lpf 1000 1\nout: s "{played}*2" # note "[{notes}]" # gain 0.1 # ar 0.01 0.4'
    whole = frames(text, cycles=Fraction(3))
    for chunk in (64, 512, WHOLE):
        same_bits(frames(text, cycles=Fraction(3), chunk=chunk), whole, f"{count} {kind}, chunks of {chunk}")
    lone = [
        f'cps: 3\n~w: tri 200 # lpf 1000 1\nout: s "{played}*2" # note {n} # gain 0.1 # ar 0.01 0.4' for n in range(12)
    ]
    singles = [frames(one, cycles=Fraction(3)).astype(np.float64) for one in lone]
    together = sum(singles[i % 12] for i in range(count))
    np.testing.assert_allclose(whole, together, atol=2e-5)


# Place: what stands elsewhere in the score changes nothing here.

STEMS = {
    "o1": '~hat: noise # hpf 3000 1\no1: s "~hat*8?" # ar 0.001 0.05',
    "o2": 'o2: s "rim*8" $ degradeBy 0.5',
    "o3": "~pad: noise # lpf 400 1\n~pad: ~pad + noise * 0.1\no3: ~pad # delay 0.05 0.3 0.3",
    "o4": 'o4: s "<hh cp>*5?0.3" # n "0 1"',
}


@functools.cache
def plain_stems() -> dict[str, Frames]:
    """The stems as they are written above."""
    return stems("cps: 2\n" + "\n\n".join(STEMS.values()))


def test_every_stem_is_random_in_its_own_way() -> None:
    found = plain_stems()
    other = stems("cps: 2\n" + "\n\n".join(STEMS.values()), seed=1)
    for name in STEMS:
        assert rms(found[name]) > 0.001
        assert digest(found[name]) != digest(other[name])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("-- a comment\ncps: 2 -- twice\n\n\n" + "\n\n-- more\n".join(STEMS.values()), id="comments"),
        pytest.param("cps: 2\n" + "\n\n".join(reversed(STEMS.values())), id="another order"),
        pytest.param(
            'cps: 2\nout: s "bd*4?" + noise * 0.1\n~first: noise\n' + "\n".join(STEMS.values()) + "\no9: ~first",
            id="more outputs and buses",
        ),
        pytest.param("cps: 2\n" + "\n".join(one.replace(" # ", "\n  # ") for one in STEMS.values()), id="line breaks"),
    ],
)
def test_what_stands_elsewhere_changes_nothing(text: str) -> None:
    found = stems(text)
    for name, expected in plain_stems().items():
        same_bits(found[name], expected, name)


def test_a_stem_alone_is_the_stem_in_company() -> None:
    for name, text in STEMS.items():
        same_bits(stems(f"cps: 2\n{text}")[name], plain_stems()[name], name)
