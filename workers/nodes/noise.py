"""Noise sources."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, node
from workers.dsp.chance import rand
from workers.simd import F, select


@node(
    role="source",
    params=(Param("amplitude", "1", 1.0, 0.0, 100.0, "largest value; 0 or less means 1"),),
    memory=STATELESS,
    cost_ns=0.3,
    example="out: noise # hpf 8000 0.7 * 0.2",
    aliases=("white_noise",),
)
def noise(amplitude: Any, seed: Any, time: Any, out: Any, frames: int) -> None:
    """White noise, uniform from -1 to 1: a hash of the node's place and the frame, so that it needs no history.

    The hash is a counter-based generator in the sense of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"
    (SC 2011).
    """
    for i in range(frames):
        level = select(F(0.0) < amplitude[i], amplitude[i], F(1.0))
        out[i] = rand(seed, time[i]) * level
