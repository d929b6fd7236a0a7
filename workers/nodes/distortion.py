"""Distortion: a curve that bends loud parts."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, Port, node
from workers.dsp.math import tanh
from workers.simd import F, maximum, minimum


@node(
    role="effect",
    ports=(Port("input"),),
    params=(
        Param("drive", "1", None, 1.0, 100.0, "gain before the curve"),
        Param("mix", "1", 0.5, 0.0, 1.0, "0 is the input alone, 1 the bent signal alone"),
    ),
    memory=STATELESS,
    cost_ns=0.85,
    example="out: saw 55 # distortion 8 0.7 # lpf 2000 1 * 0.2",
    aliases=("distort", "dist"),
)
def distortion(input: Any, drive: Any, mix: Any, out: Any, frames: int) -> None:
    """Soft clipping: (1 - mix) input + mix tanh(drive input), so that the bent part stays within -1 and 1.

    The curve is odd: a sine gets odd partials only (Zölzer (ed.), "DAFX", 2nd ed. 2011, chapter 4). Partials above half
    the rate are folded back; a low-pass before it makes them fewer.
    """
    for i in range(frames):
        gain = minimum(maximum(drive[i], F(1.0)), F(100.0))
        wet = minimum(maximum(mix[i], F(0.0)), F(1.0))
        out[i] = input[i] * (F(1.0) - wet) + tanh(gain * input[i]) * wet
