"""The gate that mutes an oscillator where its frequency string rests."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, node
from workers.nodes.envelopes import between, elapsed
from workers.simd import F, maximum, round_half_up
from workers.spans import hull

RAMP_S = 0.002


@node(
    role="internal",
    params=(
        Param("target", "", None, -1e9, 1e9, "value of the present step"),
        Param("previous", "", None, -1e9, 1e9, "value of the step before"),
    ),
    memory=STATELESS,
    cost_ns=0.2,
    example='out: sine "110 ~ 220 ~" * 0.2',
    span=hull,
)
def gate(target: Any, previous: Any, age: Any, rate_hz: Any, out: Any, frames: int) -> None:
    """From `previous` to `target` in a straight line of 2 ms that begins with the step, then `target`.

    A step without a ramp clicks, because its spectrum falls by no more than 6 dB an octave.
    """
    for i in range(frames):
        length = maximum(round_half_up(rate_hz * F(RAMP_S)), F(1.0))
        out[i] = between(previous[i], target[i], elapsed(age[i]) * (F(1.0) / length))
