"""Transforms by chance."""

from __future__ import annotations

from typing import Annotated

from farm.pattern.pattern import Pattern
from farm.pattern.register import Amount, Between, transform
from farm.pattern.sequences import dropped


@transform(name="degradeBy", aliases=("degrade_by",))
def degrade_by(probability: Annotated[Amount, Between(0, 1)], pattern: Pattern, *, seed: int) -> Pattern:
    """Drops each hap with this probability.

    Chance is a hash of the onset within the pattern, as in Tidal and Strudel: what begins together in "a*8, b*8" stays
    or drops together. Layers that drop each by itself are written "a*8?, b*8?".

    degradeBy "<0 1>" $ "a b"  ->  a b | ~ | a b
    """
    return dropped(pattern, probability, seed)


@transform
def degrade(pattern: Pattern, *, seed: int) -> Pattern:
    """Drops half of the haps, by chance.

    Chance is a hash of the onset within the pattern, as in Tidal and Strudel: what begins together in "a*8, b*8" stays
    or drops together. Layers that drop each by itself are written "a*8?, b*8?".

    degrade $ "~"  ->  ~
    """
    return dropped(pattern, 0.5, seed)
