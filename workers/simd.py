"""Vector values: the one vocabulary in which kernels are written, here on plain numpy.

A kernel computes with *lane vectors*: float32 or uint32 values, one per lane. This module is their meaning: the python
target runs a kernel as written, on numpy arrays of any width; the numba target lowers the same names to LLVM vectors of
8 lanes (`targets/numba.py`). IEEE float32 arithmetic without contraction gives both the same bits.

Rules (design: arithmetic): no scalar floats (constants are `F(0.5)`); integer lanes are uint32 and wrap; `>>` is
logical; min, max and select are by `<` and a NaN takes the second; `to_int` sends NaN to 0, clamps to +-(2**31 - 128)
and truncates; the only rounding is floor(x + 1/2).

*Memory* is a flat float32 array (python target) or an address (numba target); indices count floats.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Words = NDArray[np.uint32]
Mask = NDArray[np.bool_]
Memory = NDArray[np.float32]
Either = TypeVar("Either", Floats, Words)

LANES = 8
"""Width of one vector of the numba target."""


def F(value: float) -> Floats:
    """A float32 constant in every lane (rounded once from the double)."""
    return np.full(1, value, np.float32)


def U(value: int) -> Words:
    """A uint32 constant in every lane."""
    return np.full(1, value & 0xFFFFFFFF, np.uint32)


def select(condition: Mask, yes: Either, no: Either) -> Either:
    """`yes` where the condition holds, else `no`."""
    result: Either = np.where(condition, yes, no)
    return result


def everywhere(condition: Mask) -> bool:
    """Whether a condition holds in every lane."""
    return bool(np.all(condition))


def minimum(a: Floats, b: Floats) -> Floats:
    """`a` where a < b, else `b`."""
    return np.where(a < b, a, b)


def maximum(a: Floats, b: Floats) -> Floats:
    """`a` where b < a, else `b`."""
    return np.where(b < a, a, b)


def absolute(a: Floats) -> Floats:
    """|a|: the sign bit cleared."""
    return np.abs(a)


def sqrt(a: Floats) -> Floats:
    """Square root, correctly rounded."""
    return np.sqrt(a)


def floor(a: Floats) -> Floats:
    """Largest whole number not above a."""
    return np.floor(a)


def round_half_up(a: Floats) -> Floats:
    """floor(a + 1/2)."""
    return floor(a + F(0.5))


def to_int(a: Floats) -> Words:
    """Truncated towards zero as a two's complement word; NaN gives 0; clamped to +-(2**31 - 128)."""
    limit = np.float32(2147483520.0)
    a = np.where(a == a, a, np.float32(0.0))
    a = np.where(a < limit, a, limit)
    a = np.where(-limit < a, a, -limit)
    return a.astype(np.int32).view(np.uint32)


def to_float(a: Words) -> Floats:
    """The two's complement value as float32, rounded to nearest even."""
    return np.ascontiguousarray(a).view(np.int32).astype(np.float32)


def from_bits(a: Words) -> Floats:
    """The float32 with these bits."""
    return np.ascontiguousarray(a).view(np.float32)


def to_bits(a: Floats) -> Words:
    """The bits of a float32."""
    return np.ascontiguousarray(a).view(np.uint32)


def signed_less(a: Words, b: Words) -> Mask:
    """a < b as two's complement values."""
    result: Mask = np.ascontiguousarray(a).view(np.int32) < np.ascontiguousarray(b).view(np.int32)
    return result


def signed_maximum(a: Words, b: Words) -> Words:
    """The larger two's complement value."""
    return np.where(signed_less(b, a), a, b)


def word(value: int) -> Words:
    """A whole number (a loop counter, a frame) in every lane, modulo 2**32."""
    return np.full(1, value & 0xFFFFFFFF, np.uint32)


def iota() -> Words:
    """0, 1, ... 7: the number of each lane of one vector."""
    return np.arange(LANES, dtype=np.uint32)


# Memory, for kernels that lay frames or lines side by side themselves.


def load(memory: Memory, index: int) -> Floats:
    """Eight neighbours from `index` on."""
    return memory[index : index + LANES].copy()


def prefetch(memory: Memory, index: int) -> None:
    """Has the CPU fetch what lies at `index`, which need not exist, from memory: it changes nothing but time."""


def store(memory: Memory, index: int, value: Floats) -> None:
    """Eight neighbours from `index` on."""
    memory[index : index + LANES] = value


def load_strided(memory: Memory, index: int, stride: int) -> Floats:
    """Eight values `stride` floats apart."""
    return memory[index : index + LANES * stride : stride].copy()


def store_strided(memory: Memory, index: int, stride: int, value: Floats) -> None:
    """Eight values `stride` floats apart."""
    memory[index : index + LANES * stride : stride] = value


def store_some(memory: Memory, index: int, value: Floats, count: int) -> None:
    """The first `count` (0 to 8) lanes to neighbours from `index` on; nothing else is touched."""
    memory[index : index + count] = np.broadcast_to(value, LANES)[:count]


def load_some(memory: Memory, index: int, count: int) -> Floats:
    """The first `count` (0 to 8) neighbours; the other lanes are +0.0 and their memory is not read."""
    result = np.zeros(LANES, np.float32)
    result[:count] = memory[index : index + count]
    return result


def whole(memory: NDArray[Any], index: int) -> int:
    """A whole number from a memory of int64."""
    return int(memory[index])


def splat(memory: Memory, index: int) -> Floats:
    """One float of memory in every lane."""
    return memory[index : index + 1].copy()


def zero_at(memory: Memory, index: int) -> bool:
    """Whether a float of memory is zero (of either sign)."""
    return bool(memory[index] == 0.0)


def near_lookup(memory: Memory, index: int, offset: Words) -> Floats:
    """memory[index + offset] per lane, every offset below 8."""
    return memory[index + offset.astype(np.int64)]


def _along(head: int, pace: int) -> NDArray[np.int64]:
    return (head + np.arange(LANES, dtype=np.int64) * pace) >> 24


def two_along(memory: Memory, head: int, pace: int) -> tuple[Floats, Floats]:
    """The floats at and after place + lane * pace (40.24 fixed point) per lane."""
    at = _along(head, pace)
    return memory[at], memory[at + 1]


def four_along(memory: Memory, head: int, pace: int) -> tuple[Floats, Floats, Floats, Floats]:
    """The float at place + lane * pace (40.24 fixed point) per lane, and the three after it."""
    at = _along(head, pace)
    return memory[at], memory[at + 1], memory[at + 2], memory[at + 3]


def lookup(memory: Memory, index: int, offset: Words) -> Floats:
    """memory[index + offset] per lane, every offset below 2**31."""
    return memory[index + offset.astype(np.int64)]


def lookup_bytes(memory: Memory, byte: int, offset: Words, stride: int) -> Words:
    """Per lane the word (four bytes, the lowest first) at `byte + offset * stride`, wherever that lies."""
    raw = memory.view(np.uint8)
    at = byte + offset.astype(np.int64) * stride
    return sum((raw[at + k].astype(np.uint32) << np.uint32(8 * k) for k in range(4)), np.zeros(1, np.uint32))


def lanes_sum(a: Floats) -> Floats:
    """The sum of the 8 lanes in every lane, as a tree: ((0+4)+(2+6)) + ((1+5)+(3+7))."""
    a = np.broadcast_to(a, LANES)
    a = a[:4] + a[4:]
    a = a[:2] + a[2:]
    return a[:1] + a[1:]


def transpose(
    a: Floats, b: Floats, c: Floats, d: Floats, e: Floats, f: Floats, g: Floats, h: Floats
) -> tuple[Floats, ...]:
    """Eight vectors as the rows of a matrix; its columns."""
    rows = np.stack([np.broadcast_to(row, LANES) for row in (a, b, c, d, e, f, g, h)])
    return tuple(np.ascontiguousarray(rows[:, lane]) for lane in range(LANES))


def pair(left: Floats, right: Floats, lane: int) -> Floats:
    """(left[lane], right[lane], 0, 0, 0, 0, 0, 0); `lane` is a literal."""
    result = np.zeros(LANES, np.float32)
    result[0] = np.broadcast_to(left, LANES)[lane]
    result[1] = np.broadcast_to(right, LANES)[lane]
    return result


def mean_pair(left: Floats, right: Floats, lane: int) -> Floats:
    """(left[lane] + right[lane]) / 2 in every lane; `lane` is a literal."""
    half = np.float32(0.5)
    value = (np.broadcast_to(left, LANES)[lane] + np.broadcast_to(right, LANES)[lane]) * half
    return np.full(LANES, value, np.float32)
