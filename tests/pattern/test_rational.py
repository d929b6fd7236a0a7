"""The reference's times are what `Fraction` says."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Any

import pytest

from tests.pattern.rational import Time, inverse

PICK = random.Random(3)
NUMBERS = [Fraction(PICK.randrange(-60, 60), PICK.randrange(1, 40)) for _ in range(60)] + [
    Fraction(0),
    Fraction(10**30 + 7, 10**29),
]


@pytest.mark.parametrize("name", "add sub mul truediv lt le gt ge eq ne".split())
def test_operations_equal_those_of_fractions(name: str) -> None:
    work: Callable[[Any, Any], Any] = getattr(operator, name)
    for a in NUMBERS:
        for b in NUMBERS:
            if name == "truediv" and not b:
                continue
            expected = work(a, b)
            ways = [work(Time(a), Time(b)), work(Time(a), b), work(a, Time(b))]
            if b.denominator == 1:
                ways.append(work(Time(a), int(b)))
            if a.denominator == 1:
                ways.append(work(int(a), Time(b)))
            for found in ways:
                if isinstance(expected, Fraction):
                    assert isinstance(found, Time)
                    assert (found.numerator, found.denominator) == (expected.numerator, expected.denominator)
                else:
                    assert found is expected


def test_what_is_made_of_one() -> None:
    for a in NUMBERS:
        assert floor(Time(a)) == floor(a)
        assert -Time(a) == -a
        assert Time(a, 6) == a / 6
        assert hash(Time(a)) == hash(Time(Fraction(2 * a.numerator, 2 * a.denominator)))
        if a:
            assert inverse(a) == 1 / a
    with pytest.raises(ZeroDivisionError):
        Time(1) / Time(0)
