"""Delay: echoes with feedback."""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, Param, Port, Ring, Unit, node
from workers.dsp.math import settle, tanh
from workers.simd import F, U, floor, maximum, minimum, select, to_int

LONGEST_S = 10.0


@node(
    role="effect",
    ports=(Port("input"),),
    params=(
        Param("time_s", "s", None, 0.0, LONGEST_S, "time between echoes, at least one frame", Unit.FRAMES),
        Param("feedback", "1", 0.5, 0.0, 0.99, "what of an echo is written again"),
        Param("mix", "1", 0.5, 0.0, 1.0, "0 is the input alone, 1 the echoes alone"),
    ),
    memory=CARRIED,
    ring=Ring(max_s=LONGEST_S, port="time_s", never_nearer=True),
    cost_ns=1.6,
    example='out: s "bd ~ sn ~" # delay 0.375 0.4 0.3',
    ends_voice=True,
)
def delay(input: Any, time_s: Any, feedback: Any, mix: Any, rate_hz: Any, ring: Any, out: Any, frames: int) -> None:
    """Feedback delay whose loop is bounded by tanh.

    d is the line's value `time_s` ago, linear between whole frames; tanh(input + feedback d) is written;
    the output is (1 - mix) input + mix d. The tape-echo loop of Zölzer (ed.), "DAFX" (2nd ed. 2011), chapter 2,
    with a saturating write.
    """
    for i in range(frames):
        ago = minimum(maximum(time_s[i], F(1.0)), rate_hz * F(LONGEST_S))
        whole_ago = floor(ago)
        part = ago - whole_ago
        near = ring.read(i, to_int(whole_ago))
        # Where the time is whole its neighbour is not needed, and may lie outside the ring.
        far = ring.read(i, to_int(whole_ago) + select(F(0.0) < part, U(1), U(0)))
        echo = near + (far - near) * part
        again = minimum(maximum(feedback[i], F(0.0)), F(0.99))
        wet = minimum(maximum(mix[i], F(0.0)), F(1.0))
        ring.write(i, settle(tanh(input[i] + again * echo)))
        out[i] = input[i] * (F(1.0) - wet) + echo * wet
