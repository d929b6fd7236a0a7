"""Scores grown from a small grammar: each renders to finite frames, the same in small pieces, or is a clear error."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from farm.errors import FarmError, RenderError, ScoreError
from farm.rendering.session import render
from tests.render.sound import asked, same_bits, score

NUMBERS = st.sampled_from(["0", "0.5", "1", "-1", "3", "12", "110", "440.5", "9000"])
WORDS = st.sampled_from(
    ["bd", "hh:2", "rim", "~", "~v", "~w", "bd(3,8)", "cp?", "hh*3", "<bd sn>", "[rim ~v]", "sn!2", "bd@3"]
)
VALUES = st.sampled_from(["0", "1", "-2", "0.25", "~", "<1 7>", "c4", "e3'min7", "3?", "[5 12]", "0.5*2"])
BUSES = st.sampled_from(["~a", "~b", "~v", "~w"])


def strings(words: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A pattern in quotes."""
    return st.lists(words, min_size=1, max_size=4).map(lambda items: f'"{" ".join(items)}"')


@st.composite
def transforms(draw: st.DrawFn) -> str:
    simple = [
        "fast 2",
        "slow 1.5",
        "rev",
        "every 2 rev",
        "jux rev",
        "stut 2 0.125 0.5",
        "degradeBy 0.3",
        'fast "<1 2>"',
    ]
    further = [
        "swing 0.3",
        "ply 2",
        "chop 3",
        "hurry 1.5",
        "early 0.2",
        "late 0.3",
        "off 0.25 rev",
        "superimpose (hurry 2)",
        "iter 3",
        "palindrome",
        "legato 0.5",
        "every 2 (# lpf 500)",
        "jux (rev # speed 2)",
        "ply ~b",
        "stut 2 ~a 0.5",
    ]
    return draw(st.sampled_from([*simple, *further, "every 3 (fast 2)", "fast ~a"]))


@st.composite
def voices(draw: st.DrawFn) -> str:
    text = f"s {draw(strings(WORDS))}"
    for one in draw(st.lists(transforms(), max_size=2)):
        text += f" $ {one}"
    modifiers = "gain note n speed pan cut begin end loop legato attack release".split()
    for name in draw(st.lists(st.sampled_from(modifiers), max_size=3)):
        text += f" # {name} {draw(st.one_of(NUMBERS, strings(VALUES), BUSES))}"
    if draw(st.booleans()):
        text += draw(st.sampled_from([" # ar 0.01 0.1", " # adsr 0.01 0.02 0.5 0.05", ' # ar "0 0.1" 0.2']))
    return text


@st.composite
def signals(draw: st.DrawFn, depth: int = 2, effects: str = "lpf hpf delay gain pan reverb") -> str:
    kind = draw(st.integers(0, 7 if depth else 3))
    inner = signals(depth=depth - 1, effects=effects)
    if kind == 0:
        oscillator = draw(st.sampled_from(["sine", "saw", "square", "tri", "impulse"]))
        return f"{oscillator} {draw(st.one_of(NUMBERS, strings(VALUES), BUSES))}"
    if kind == 1:
        return draw(st.sampled_from(["noise", "adsr 0.01 0.1 0.5 0.1", "line 0 1", "line 200 900 0.3"]))
    if kind == 2:
        return draw(BUSES)
    if kind == 3:
        return draw(st.one_of(NUMBERS, strings(VALUES)))
    if kind == 4:
        return f"({draw(inner)} {draw(st.sampled_from('+-*/'))} {draw(inner)})"
    if kind == 5:
        oscillator = draw(st.sampled_from(["sine", "saw", "tri"]))
        return f"({oscillator} ({draw(inner)} * 100 + 200))"
    effect = draw(st.sampled_from(effects.split()))
    argument = draw(st.one_of(NUMBERS, strings(VALUES), BUSES, inner.map(lambda text: f"({text})")))
    return f"({draw(inner)} # {effect} {argument}{' 0.5' if effect == 'reverb' else ''})"


@st.composite
def programs(draw: st.DrawFn) -> str:
    lines = [f"cps: {draw(st.sampled_from(['1', '3.3', '0.9']))}"]
    lines += [f"~v: {draw(signals())}", f"~w: {draw(signals(depth=1))} # lpf 900 1"]
    lines += [f"~a: {draw(signals())}", f"~b: {draw(st.one_of(voices(), signals()))}"]
    lines += [f"out: ({draw(voices())}) * 0.3 + ~b", f"o2: {draw(signals())}"]
    return "\n".join(draw(st.permutations(lines)))


@settings(max_examples=120, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs())
def test_a_random_score_renders_or_is_a_clear_error(text: str) -> None:
    try:
        loaded = score(text)
        whole = render(loaded, asked(duration=Fraction(1, 2)))
    except FarmError as error:
        event(type(error).__name__)
        clear = isinstance(error, ScoreError) or (isinstance(error, RenderError) and "is not finite" in error.message)
        if not clear or error.loc is None:
            raise
        return
    event("rendered")
    assert whole.shape == (4000, 2)
    assert np.isfinite(whole).all()
    same_bits(render(loaded, asked(duration=Fraction(1, 2), chunk=99, window_frames=640)), whole, text)


def test_most_of_them_render() -> None:
    found: list[bool] = []

    @settings(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(programs())
    def look(text: str) -> None:
        try:
            score(text)
        except ScoreError:
            found.append(False)
        else:
            found.append(True)

    look()
    assert sum(found) > len(found) / 3, pytest.approx(sum(found))
