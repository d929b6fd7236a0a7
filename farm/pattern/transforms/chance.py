"""Transforms by chance."""

from __future__ import annotations

from typing import Annotated

from farm.pattern.pattern import Pattern
from farm.pattern.register import Amount, Between, transform
from farm.pattern.sequences import dropped


@transform(name="degradeBy", aliases=("degrade_by",))
def degrade_by(probability: Annotated[Amount, Between(0, 1)], pattern: Pattern, *, seed: int) -> Pattern:
    """Drops each hap with this probability.

    degradeBy "<0 1>" $ "a b"  ->  a b | ~ | a b
    """
    return dropped(pattern, probability, seed)


@transform
def degrade(pattern: Pattern, *, seed: int) -> Pattern:
    """Drops half of the haps, by chance.

    degrade $ "~"  ->  ~
    """
    return dropped(pattern, 0.5, seed)
