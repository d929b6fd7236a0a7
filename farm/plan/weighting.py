"""The filters with which loudness is weighted, in numbers for a rate (ITU-R BS.1770-4, annex 1).

The recommendation gives coefficients for 48 kHz alone. The analogue filters behind them are those of B. De Man,
"Evaluation of implementations of the EBU R128 loudness measurement" (AES 145, 2018); at 48 kHz they give its
coefficients. Nothing here calls the host's libm, whose last digits differ.
"""

from __future__ import annotations

import math

SHELF_HZ, SHELF_Q = 1681.974450955533, 0.7071752369554196
SHELF_GAIN, SHELF_BAND = 1.584893192461113, 1.258720930232562
"""What the shelf makes of high frequencies, and of the band around its middle."""
HIGH_HZ, HIGH_Q = 38.13547087602444, 0.5003270373238773
CELL_S = 0.1


def tangent(x: float) -> float:
    """tan(x) for 0 <= x < 1.4, by Lambert's continued fraction."""
    behind = 0.0
    for odd in range(39, 0, -2):
        behind = x * x / (odd - behind)
    return behind / x if x else 0.0


def weights(rate: int) -> tuple[float, ...]:
    """The numbers that `workers.nodes.loudness` reads: three factors, damping and what is added up, of both filters."""
    found: list[float] = []
    for hz, q in ((SHELF_HZ, SHELF_Q), (HIGH_HZ, HIGH_Q)):
        g, damping = tangent(math.pi * hz / rate), 1.0 / q
        first = 1.0 / (1.0 + g * (g + damping))
        found += [first, g * first, g * g * first, damping]
        found += [SHELF_GAIN, SHELF_BAND * damping] if hz == SHELF_HZ else [1.0 + g * (g + damping)]
    return tuple(found)


def cell_frames(rate: int) -> int:
    """Frames of a cell of 100 ms."""
    return (rate + 5) // 10
