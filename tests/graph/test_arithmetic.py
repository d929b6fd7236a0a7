"""Pattern arithmetic (language 1.8): values by exact fractions, structure by the operator."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.render.sound import frames, same_bits

LEFT, RIGHT = [600, 150], [4, 5, 0]
CALCULATE = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: Fraction(a, b) if b else Fraction(0),
}


def spelled(steps: list[tuple[Fraction, Fraction, Fraction]]) -> str:
    """Steps (value, begin, end) as a pattern with weights."""
    return " ".join(f"{float(value):.12g}@{float((end - begin) * 6):g}" for value, begin, end in steps)


def expected(sign: str, structure: str) -> str:
    """The steps of `LEFT sign RIGHT`, on a grid of sixths, each step as long as the structure's."""
    both = [CALCULATE[sign](LEFT[i // 3], RIGHT[i // 2]) for i in range(6)]
    onsets = {"left": [0, 3], "right": [0, 2, 4], "both": [0, 2, 3, 4]}[structure]
    ends = [*onsets[1:], 6]
    return spelled([(Fraction(both[b]), Fraction(b, 6), Fraction(e, 6)) for b, e in zip(onsets, ends, strict=True)])


@pytest.mark.parametrize("sign", CALCULATE)
@pytest.mark.parametrize("structure", ["left", "right", "both"])
def test_operators(sign: str, structure: str) -> None:
    operator = {"left": f"|{sign}", "right": f"{sign}|", "both": sign}[structure]
    left, right = " ".join(map(str, LEFT)), " ".join(map(str, RIGHT))
    found = frames(f'out: saw 100 * ("{left}" {operator} "{right}") * 0.001')
    assert found.any()
    same_bits(found, frames(f'out: saw 100 * "{expected(sign, structure)}" * 0.001'), operator)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('"60 72 84" |> "1 2"', '"1 1 2"'),
        ('"60 72 84" <| "1 2"', '"60 72"'),
        ('"1 2" |> "60 72 84"', '"60 72"'),
        ('("a3" + "12") / "3"', '"23"'),
        ('"c4 <e4 g4>" - "10"', '"50 54"'),
        ('"1 2" + "3 ~"', '"4 ~"'),
        ('"4" + "1 2" * "3"', '"7 10"'),
    ],
)
def test_values(text: str, same: str) -> None:
    same_bits(frames(f"out: saw 100 * ({text}) * 0.01"), frames(f"out: saw 100 * {same} * 0.01"), text)


@pytest.mark.parametrize("sign", CALCULATE)
def test_signal_operators_are_of_signals(sign: str) -> None:
    found = frames(f"out: saw 100 ~{sign} (sine 3 + 2)")
    same_bits(found, frames(f"out: saw 100 {sign} (sine 3 + 2)"), sign)
