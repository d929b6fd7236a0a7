"""Place between left and right."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, Port, node
from workers.dsp.math import cos_half_turns
from workers.simd import F, maximum, minimum, select


@node(
    role="effect",
    ports=(Port("input"),),
    params=(Param("position", "", None, -1.0, 1.0, "-1 is left, 0 the centre, 1 right"),),
    memory=STATELESS,
    cost_ns=0.3,
    example="out: sine 220 * 0.2 # pan (sine 0.25)",
)
def pan(input: Any, position: Any, side: Any, out: Any, frames: int) -> None:
    """Places a signal between left and right: left times sqrt(2) cos(pi/4 (1 + p)), right times sqrt(2) sin of it.

    The constant-power law (Moore, "Elements of Computer Music", 1990) with its centre at unity, so that the power of
    both channels together is the same at every position. Both channels keep their own signal.
    """
    for i in range(frames):
        toward = side * minimum(maximum(position[i], F(-1.0)), F(1.0))
        placed = F(1.4142135623730951) * cos_half_turns((F(1.0) + toward) * F(0.25))
        out[i] = input[i] * select(toward == F(0.0), F(1.0), placed)
