"""Transforms of the stereo image."""

from __future__ import annotations

from farm.pattern.control import scale_control
from farm.pattern.pattern import Pattern
from farm.pattern.register import Fn, transform
from farm.pattern.sequences import stack


@transform(beside=True)
def jux(f: Fn, pattern: Pattern) -> Pattern:
    """Plays the pattern on the left and its transformed copy on the right.

    jux (rev) $ "a b"  ->  [a b, b a]
    """
    return stack([scale_control(pattern, "pan", -1.0), scale_control(f(pattern), "pan", 1.0)])
