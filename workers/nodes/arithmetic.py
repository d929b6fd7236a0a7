"""Arithmetic on signals: the operators of the language, and a constant as a signal."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Param, Port, node
from workers.simd import F, absolute, select
from workers.spans import Span, difference, product, total

OPERANDS = (Port("a"), Port("b"))


def scaled_span(input: Span, amount: Span, offset: Span) -> Span:
    """Of input * amount + offset."""
    return total(product(input, amount), offset)


@node(
    role="internal",
    ports=OPERANDS,
    memory=STATELESS,
    cost_ns=0.1,
    example="out: (sine 220 + sine 330) * 0.2",
    span=total,
    operator="+",
)
def add(a: Any, b: Any, out: Any, frames: int) -> None:
    """Sum of two signals, a + b (IEEE 754 binary32)."""
    for i in range(frames):
        out[i] = a[i] + b[i]


@node(
    role="internal",
    ports=OPERANDS,
    memory=STATELESS,
    cost_ns=0.1,
    example="out: (saw 110 - saw 111) * 0.2",
    span=difference,
    operator="-",
)
def sub(a: Any, b: Any, out: Any, frames: int) -> None:
    """Difference of two signals, a - b (IEEE 754 binary32)."""
    for i in range(frames):
        out[i] = a[i] - b[i]


@node(
    role="internal",
    ports=OPERANDS,
    memory=STATELESS,
    cost_ns=0.1,
    example="out: sine 220 * sine 3 * 0.2",
    span=product,
    operator="*",
    product=True,
)
def mul(a: Any, b: Any, out: Any, frames: int) -> None:
    """Product of two signals, a * b (IEEE 754 binary32): ring modulation when both are audible."""
    for i in range(frames):
        out[i] = a[i] * b[i]


@node(role="internal", ports=OPERANDS, memory=STATELESS, cost_ns=0.2, example="out: sine 220 / 5", operator="/")
def div(a: Any, b: Any, out: Any, frames: int) -> None:
    """Quotient of two signals, a / b (IEEE 754 binary32); 0 where |b| < 1e-20."""
    for i in range(frames):
        none = absolute(b[i]) < F(1e-20)
        out[i] = select(none, F(0.0), a[i] / select(none, F(1.0), b[i]))


@node(
    role="effect",
    ports=(Port("input"),),
    params=(Param("amount", "", None, -1e9, 1e9, "factor; 1 leaves the input as it is"),),
    memory=STATELESS,
    cost_ns=0.1,
    example="out: sine 220 # gain 0.2",
    aliases=("mul", "amp"),
    span=product,
    product=True,
)
def gain(input: Any, amount: Any, out: Any, frames: int) -> None:
    """The input times `amount` (a linear factor, not decibels)."""
    for i in range(frames):
        out[i] = input[i] * amount[i]


@node(
    role="effect",
    ports=(Port("input"),),
    params=(Param("offset", "", None, -1e9, 1e9, "what is added; 0 leaves the input as it is"),),
    memory=STATELESS,
    cost_ns=0.1,
    example="out: saw 110 # lpf (sine 0.5 # mul 400 # add 900) 2 * 0.2",
    aliases=("add",),
    span=total,
)
def plus(input: Any, offset: Any, out: Any, frames: int) -> None:
    """The input plus `offset`, a number, a pattern or a signal (IEEE 754 binary32): `x # add 3` is `x + 3`."""
    for i in range(frames):
        out[i] = input[i] + offset[i]


@node(
    role="internal",
    params=(Param("value", "", None, -1e15, 1e15, "the value"),),
    memory=STATELESS,
    cost_ns=0.05,
    example="out: sine 220 * (0.1 + 0.1)",
    span=lambda value: value,
)
def hold(value: Any, out: Any, frames: int) -> None:
    """A constant or a step function as a signal (zero-order hold)."""
    for i in range(frames):
        out[i] = value[i]


@node(
    role="internal",
    ports=(Port("input"),),
    params=(
        Param("amount", "", None, -1e15, 1e15, "factor"),
        Param("offset", "", None, -1e15, 1e15, "what is added then"),
    ),
    memory=STATELESS,
    cost_ns=0.1,
    example="out: saw 110 # lpf (sine 0.25 * 500 + 800) 1 * 0.2",
    span=scaled_span,
)
def scale(input: Any, amount: Any, offset: Any, out: Any, frames: int) -> None:
    """input * amount + offset: the usual way to bring an LFO to the range of a parameter."""
    for i in range(frames):
        out[i] = input[i] * amount[i] + offset[i]
