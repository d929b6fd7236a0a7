"""Transforms of what voices do with their haps."""

from __future__ import annotations

from typing import Annotated

from farm.pattern.control import set_control
from farm.pattern.pattern import Pattern
from farm.pattern.register import Amount, Between, transform


@transform
def legato(factor: Annotated[Amount, Between(0.001, 1000)], pattern: Pattern) -> Pattern:
    """Lets each voice sound for `factor` times its hap's slot.

    legato 0.5 $ "a b"  ->  a b
    """
    return set_control(pattern, "legato", factor)
