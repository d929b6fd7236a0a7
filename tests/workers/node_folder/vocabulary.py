"""A node that does something else in every frame: one operation of the vocabulary after the other."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Port, node
from workers.simd import (
    F,
    Floats,
    Mask,
    U,
    absolute,
    floor,
    from_bits,
    maximum,
    minimum,
    round_half_up,
    select,
    signed_less,
    signed_maximum,
    sqrt,
    to_bits,
    to_float,
    to_int,
    word,
)

OPERATIONS = 33


def truth(condition: Mask) -> Floats:
    """1 where the condition holds, else 0."""
    return select(condition, F(1.0), F(0.0))


@node(role="internal", ports=(Port("a"), Port("b")), memory=STATELESS, cost_ns=1.0)
def vocabulary(a: Any, b: Any, out: Any, frames: int) -> None:
    """Operation i of the vocabulary in frame i."""
    for i in range(frames):
        x = a[i]
        y = b[i]
        m = to_bits(x)
        n = to_bits(y)
        if i == 0:
            out[i] = x + y
        elif i == 1:
            out[i] = x - y
        elif i == 2:
            out[i] = x * y
        elif i == 3:
            out[i] = x / y
        elif i == 4:
            out[i] = minimum(x, y)
        elif i == 5:
            out[i] = maximum(x, y)
        elif i == 6:
            out[i] = select(x < y, x, y)
        elif i == 7:
            out[i] = truth(x < y)
        elif i == 8:
            out[i] = truth(x <= y)
        elif i == 9:
            out[i] = truth(x > y)
        elif i == 10:
            out[i] = truth(x >= y)
        elif i == 11:
            out[i] = truth(x == y)
        elif i == 12:
            out[i] = absolute(x)
        elif i == 13:
            out[i] = sqrt(x)
        elif i == 14:
            out[i] = floor(x)
        elif i == 15:
            out[i] = round_half_up(x)
        elif i == 16:
            out[i] = to_float(to_int(x))
        elif i == 17:
            out[i] = from_bits(m + n)
        elif i == 18:
            out[i] = from_bits(m - n)
        elif i == 19:
            out[i] = from_bits(m * n)
        elif i == 20:
            out[i] = from_bits(m & n)
        elif i == 21:
            out[i] = from_bits(m | n)
        elif i == 22:
            out[i] = from_bits(m ^ n)
        elif i == 23:
            out[i] = to_float(m << U(5))
        elif i == 24:
            out[i] = to_float(m >> U(5))
        elif i == 25:
            out[i] = truth(m < n)
        elif i == 26:
            out[i] = truth(m >= n)
        elif i == 27:
            out[i] = truth(signed_less(m, n))
        elif i == 28:
            out[i] = to_float(signed_maximum(m, n))
        elif i == 29:
            out[i] = to_float(word(i) * m)
        elif i == 30:
            out[i] = truth((x < y) & (m < n))
        elif i == 31:
            out[i] = truth((x < y) | (m < n))
        else:
            out[i] = F(0.1) * x
