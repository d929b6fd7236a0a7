"""Chorus: a copy whose delay sways."""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, Param, Port, Ring, node
from workers.dsp.math import sin_phase
from workers.dsp.units import phase_step
from workers.simd import F, U, floor, maximum, minimum, to_int

CENTRE_S = 0.015
SWAY_S = 0.010


@node(
    role="effect",
    ports=(Port("input"),),
    params=(
        Param("rate", "Hz", None, 0.1, 10.0, "how often the delay sways to and fro in a second"),
        Param("depth", "1", None, 0.0, 1.0, "how far it sways; 1 is 10 ms to either side of 15 ms"),
        Param("mix", "1", 0.3, 0.0, 1.0, "0 is the input alone, 1 the copy alone"),
    ),
    memory=CARRIED,
    state=("phase:u4",),
    ring=Ring(max_s=CENTRE_S + SWAY_S),
    cost_ns=1.3,
    example="out: saw 110 # chorus 0.8 0.5 0.5 * 0.2",
    ends_voice=True,
)
def chorus(
    input: Any,
    rate: Any,
    depth: Any,
    mix: Any,
    period_s: Any,
    rate_hz: Any,
    ring: Any,
    state: Any,
    out: Any,
    frames: int,
) -> None:
    """The input mixed with a copy that is 15 ms + 10 ms depth sin(2 pi rate t) late, linear between whole frames.

    A swaying delay shifts the copy's pitch up and down, by 2 pi rate depth / 100 at most: the "white chorus" of
    Dattorro, "Effect design, part 2: delay-line modulation and chorus", J. Audio Eng. Soc. 45 (1997), without feedback.
    """
    for i in range(frames):
        sway = F(SWAY_S) * minimum(maximum(depth[i], F(0.0)), F(1.0))
        ago = (F(CENTRE_S) + sway * sin_phase(state.phase)) * rate_hz
        whole_ago = floor(ago)
        near = ring.read(i, to_int(whole_ago))
        far = ring.read(i, to_int(whole_ago) + U(1))
        copy = near + (far - near) * (ago - whole_ago)
        wet = minimum(maximum(mix[i], F(0.0)), F(1.0))
        ring.write(i, input[i])
        out[i] = input[i] * (F(1.0) - wet) + copy * wet
        state.phase = state.phase + phase_step(minimum(maximum(rate[i], F(0.1)), F(10.0)), period_s)
