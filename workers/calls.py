"""What a compiled kernel is called with: one record of 64-bit words, the same order for planner, runner and lowering.

A kernel has two variants: `constant` (every param is one vector for the whole call) and `signal` (every param is a
signal). Inputs are always signals.
"""

from __future__ import annotations

from functools import cache

from workers.definitions import Definition, Shape, StateField, Unit, arguments_of
from workers.records import record

VARIANTS = ("constant", "signal")

CONSTANT_FIXTURES = ("past", "gate_frames", "period_s", "rate_hz", "seed", "side")
"""Fixtures that are one vector of constants per slice of lanes."""


@record(frozen=True, slots=True)
class Argument:
    """One word of the record. `role` tells what it is, `name` which."""

    role: str
    """frames, frame, out, state, ring, ring_mask, lines, line_mask, line_lengths, channels, input, constant, signal,
    column, number or samples."""
    name: str


@record(frozen=True, slots=True)
class Form:
    """All that the lowering of a kernel looks at, besides the kernel's source."""

    variant: str
    words: tuple[Argument, ...]
    units: tuple[tuple[str, Unit], ...]
    """Of the params, by name."""
    shape: Shape
    state: tuple[StateField, ...]


def form(definition: Definition, variant: str) -> Form:
    """The form of a kernel variant ("constant", "signal" or "seek")."""
    units = tuple((param.name, param.as_unit) for param in definition.params)
    return Form(variant, layout(definition, variant), units, definition.shape, definition.state)


def kernel_name(definition: Definition, variant: str) -> str:
    """Symbol of a compiled variant."""
    return f"{definition.name}_{variant}"


@cache
def layout(definition: Definition, variant: str) -> tuple[Argument, ...]:
    """The words of a call of this variant, in order. Words 0 and 1 are always `frames` and `frame`.

    `variant` is "constant", "signal" or "seek" (words of the CLOSED_FORM seek: state, its params, frames).
    """
    words = [Argument("frames", "frames"), Argument("frame", "frame")]
    if variant == "seek":
        assert definition.seek is not None
        for need in arguments_of(definition.seek):
            role = "state" if need == "state" else "constant"
            words.append(Argument(role, need))
        return tuple(words)
    params = {param.name for param in definition.params}
    ports = {port.name for port in definition.ports}
    columns = {column.name for column in definition.columns}
    for need in definition.needs:
        if need in ("frames", "frame"):
            continue
        if need in ports:
            words.append(Argument("input", need))
        elif need in params:
            words.append(Argument("signal" if variant == "signal" else "constant", need))
        elif need in columns:
            words.append(Argument("column", need))
        elif need in definition.numbers:
            words.append(Argument("number", need))
        elif need in CONSTANT_FIXTURES:
            words.append(Argument("constant", need))
        elif need == "age":
            words.append(Argument("constant", "since"))
        elif need == "time":
            words.append(Argument("constant", "origin"))
        elif need in ("state", "cells"):
            words.append(Argument("state", need))
        elif need == "ring":
            words += [Argument("ring", "ring"), Argument("ring_mask", "ring_mask"), Argument("constant", "since")]
        else:
            words.append(Argument(need, need))
    if definition.shape is Shape.LANES and variant == "signal":
        extra = {"phase": "period_s", "frames": "rate_hz"}
        for param in definition.params:
            needed = extra.get(param.as_unit.value)
            if needed and not any(word.name == needed for word in words):
                words.append(Argument("constant", needed))
    unique: dict[tuple[str, str], Argument] = {(word.role, word.name): word for word in words}
    return tuple(unique.values())
