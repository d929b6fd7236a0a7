"""Runs one `KernelCall` on machine code, and makes calls over grids of parameters for any node of the catalog."""

from __future__ import annotations

import ctypes
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.calls import VARIANTS, kernel_name, layout
from workers.catalog import Definition, Param, Shape, Unit, catalog
from workers.simd import LANES, Floats
from workers.targets import objects
from workers.targets.python import FIELD_STRIDE, KernelCall
from workers.wire import BLOCK, LINE_GUARD

RATE_HZ = 44100
RING_FRAMES = 8192
"""Length of delay lines; calls are laid across a multiple of it, where lines wrap."""


def lane_nodes() -> list[Definition]:
    """Every node that a `KernelCall` can hold."""
    return [node for node in catalog().values() if node.shape in (Shape.LANES, Shape.CHANNELS)]


def variants(definition: Definition) -> tuple[str, ...]:
    """The variants that exist: only where there are params, and each of them may be a signal, are there two."""
    both = definition.params and all(param.as_unit is not Unit.WORD for param in definition.params)
    return VARIANTS if both else VARIANTS[:1]


def kernel_names(definitions: Iterable[Definition]) -> Iterator[str]:
    """Everything that has to be compiled to run these nodes."""
    for definition in definitions:
        for variant in variants(definition):
            yield kernel_name(definition, variant)
        if definition.seek is not None:
            yield kernel_name(definition, "seek")


class Machine:
    """Machine code of one CPU level."""

    def __init__(self, level: str, definitions: Iterable[Definition]) -> None:
        self.level = level
        self.code = objects.provide(kernel_names(definitions), level, jobs=2)

    def call(self, name: str, words: list[int]) -> None:
        record = (ctypes.c_int64 * len(words))(*words)
        ctypes.CFUNCTYPE(None, ctypes.c_int64)(self.code.addresses[name])(ctypes.addressof(record))

    def run(self, call: KernelCall, channels: int = LANES) -> Floats:
        """As `workers.targets.python.run`: in calls that never cross a multiple of 64; returns (frames, lanes).

        `channels`: lanes of eight that are in use, as kernels of shape CHANNELS are told.
        """
        out = np.zeros((call.frames, call.lanes), np.float32)
        for field in call.definition.state:
            call.state[field.name] = call.state[field.name].copy()
        for lane in range(0, call.lanes, LANES):
            out[:, lane : lane + LANES] = self.run_lanes(call, slice(lane, lane + LANES), channels)
        return out

    def run_lanes(self, call: KernelCall, lanes: slice, channels: int) -> Floats:
        """Eight lanes of a call."""
        definition = call.definition
        variant = "signal" if call.signals else "constant"
        assert not call.signals or call.signals == {param.name for param in definition.params}
        out = np.zeros((call.frames, LANES), np.float32)
        state = np.zeros((len(definition.state), FIELD_STRIDE), np.float32)
        for row, field in enumerate(definition.state):
            state[row, :LANES] = call.state[field.name][lanes].view(np.float32)
        arrays: dict[str, NDArray[Any]] = {"out": out, "state": state, "cells": state}
        moving = {"out"}
        for name, given in {**call.inputs, **{name: call.params[name] for name in call.signals}}.items():
            arrays[name] = np.ascontiguousarray(given[:, lanes])
            moving.add(name)
        for name, given in {**call.fixtures, **call.params}.items():
            if name not in arrays:
                arrays[name] = np.ascontiguousarray(given[lanes])
        numbers = {"channels": channels}
        if call.ring is not None:
            arrays["ring"] = np.ascontiguousarray(call.ring[:, lanes])
            numbers["ring_mask"] = len(call.ring) - 1
        if call.lines is not None and call.line_lengths is not None:
            arrays["lines"] = call.lines[lanes]
            arrays["line_lengths"] = np.ascontiguousarray(call.line_lengths[lanes])
            numbers["line_mask"] = call.line_mask
        done = 0
        while done < call.frames:
            frame = call.frame + done
            count = min(call.frames - done, BLOCK - frame % BLOCK)
            numbers |= {"frames": count, "frame": frame}
            words = []
            for word in layout(definition, variant):
                if word.name in numbers:
                    words.append(numbers[word.name])
                else:
                    array = arrays[word.name]
                    words.append(array.ctypes.data + (done * LANES * 4 if word.name in moving else 0))
            self.call(kernel_name(definition, variant), words)
            done += count
        for row, field in enumerate(definition.state):
            call.state[field.name][lanes] = state[row, :LANES].view(call.state[field.name].dtype)
        if call.ring is not None:
            call.ring[:, lanes] = arrays["ring"]
        return out

    def seek(self, definition: Definition, params: dict[str, Any], frames: NDArray[np.uint32]) -> dict[str, Any]:
        """As `workers.targets.python.seek`."""
        rows = []
        for lane in range(0, len(frames), LANES):
            lanes = slice(lane, lane + LANES)
            state = np.zeros((len(definition.state), FIELD_STRIDE), np.float32)
            arrays = {name: np.ascontiguousarray(value[lanes]) for name, value in {**params, "frames": frames}.items()}
            arrays["state"] = state
            words = layout(definition, "seek")[2:]
            self.call(kernel_name(definition, "seek"), [0, 0] + [arrays[word.name].ctypes.data for word in words])
            rows.append(state[:, :LANES])
        fields = np.hstack(rows)
        return {
            field.name: fields[row].view(np.float32 if field.dtype == "f4" else np.uint32)
            for row, field in enumerate(definition.state)
        }


def fresh_state(definition: Definition, lanes: int) -> dict[str, Any]:
    """The zeros in which every lane begins."""
    return {f.name: np.zeros(lanes, np.float32 if f.dtype == "f4" else np.uint32) for f in definition.state}


def line_lengths(definition: Definition, lanes: int, rate_hz: int = RATE_HZ) -> NDArray[np.int64]:
    """Lengths of a CHANNELS node's lines; odd lanes are right channels."""
    assert definition.ring is not None
    lengths = np.array(definition.ring.line_frames)[None] + definition.ring.spread_frames * (
        np.arange(lanes)[:, None] % 2
    )
    return np.floor(lengths * rate_hz / 44100 + 0.5).astype(np.int64)


def give_lines(call: KernelCall, rate_hz: int = RATE_HZ) -> None:
    """Gives a call of a CHANNELS node silent lines."""
    ring = call.definition.ring
    assert ring is not None
    call.line_mask = ring.line_mask(rate_hz)
    call.line_lengths = line_lengths(call.definition, call.lanes, rate_hz)
    call.lines = np.zeros((call.lanes, ring.line_floats(rate_hz)), np.float32)


def rooms(call: KernelCall) -> Iterator[slice]:
    """Where in a channel's memory each line lies, without what is behind its end."""
    ring = call.definition.ring
    assert ring is not None
    start = 0
    for line in range(len(ring.line_frames)):
        length = call.line_mask + 1 if line < len(ring.line_frames) - ring.short_lines else (call.line_mask + 1) // 2
        yield slice(start, start + length)
        start += length + LINE_GUARD


def in_kernel_units(param: Param, value: NDArray[np.float64], rate_hz: float = RATE_HZ) -> NDArray[Any]:
    """A constant as kernels get it."""
    if param.as_unit is Unit.PHASE:
        turns = np.clip(value / rate_hz, 0.0, 0.5 - 2.0**-32)
        return np.floor(turns * 2.0**32 + 0.5).astype(np.uint32)
    if param.as_unit is Unit.WORD:
        return np.floor(value).astype(np.uint32)
    if param.as_unit is Unit.FRAMES:
        return np.floor(value * rate_hz + 0.5).astype(np.float32)
    return value.astype(np.float32)


def edges(param: Param, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Values of a param: both ends of its range, its default, and values in between, in every order of size."""
    values = [param.low, param.high, param.default if param.default is not None else param.high]
    if param.low > 0.0:
        inner = np.exp(rng.uniform(np.log(param.low), np.log(param.high), count))
    else:
        inner = rng.uniform(param.low, param.high, count) * 10.0 ** -rng.integers(0, 7, count)
    inner = np.clip(inner, param.low, param.high)
    inner[::3] = rng.choice(values, len(inner[::3]))
    return inner


def make_call(
    definition: Definition,
    variant: str,
    *,
    lanes: int = 48,
    frames: int = 200,
    frame: int = 0,
    seed: int = 1,
    ring_frames: int = RING_FRAMES,
) -> KernelCall:
    """A call over a grid of params: lane 0 has every param at its low end, lane 1 at its high end, the others mixtures.

    Inputs are noise, with silent lanes, loud lanes and lanes of single impulses. Signals jump and move, and leave
    their range now and then.
    """
    rng = np.random.default_rng(seed)
    inputs = {}
    for port in definition.ports:
        x = rng.uniform(-1.0, 1.0, (frames, lanes))
        x[:, 3::8] = 0.0
        x[:, 4::8] *= 1000.0
        x[1:, 5::8] = 0.0
        inputs[port.name] = x.astype(np.float32)
    params: dict[str, Any] = {}
    for param in definition.params:
        if definition.ring is not None and definition.ring.port == param.name:
            # A line is never asked for more than it holds.
            param = dataclasses.replace(param, high=(ring_frames - frames - 2) / RATE_HZ)
        if variant == "constant":
            value = edges(param, lanes, rng)
            value[0], value[1] = param.low, param.high
            params[param.name] = in_kernel_units(param, value)
        else:
            value = edges(param, lanes * frames, rng).reshape(frames, lanes)
            value[:, :8] = edges(param, 8, rng)
            value[:, 0], value[:, 1] = param.low, param.high
            value[:, 8:16] = np.repeat(value[::50, 8:16], 50, axis=0)[:frames]
            value[::7, 16:24] *= -2.0
            params[param.name] = value.astype(np.float32)
    fixtures = {
        "origin": rng.integers(0, 60, lanes).astype(np.uint32) * (np.arange(lanes) % 2).astype(np.uint32),
        "past": rng.choice([0.0, 0.0, 100.0, 2.0**31], lanes).astype(np.float32),
        "seed": rng.integers(0, 2**32, lanes).astype(np.uint32),
        "gate_frames": rng.choice([1.0, 50.0, 150.0, 5000.0], lanes).astype(np.float32),
        "period_s": np.full(lanes, 1.0 / RATE_HZ, np.float32),
        "rate_hz": np.full(lanes, RATE_HZ, np.float32),
        "side": np.resize(np.array([1.0, -1.0, 0.0], np.float32), lanes),
    }
    fixtures["since"] = fixtures["origin"].copy()
    call = KernelCall(
        definition=definition,
        frame=frame,
        frames=frames,
        lanes=lanes,
        inputs=inputs,
        params=params,
        signals=frozenset(params) if variant == "signal" else frozenset(),
        fixtures=fixtures,
        state=fresh_state(definition, lanes),
    )
    if definition.shape is Shape.CHANNELS:
        give_lines(call)
    elif definition.ring is not None:
        call.ring = np.zeros((ring_frames, lanes), np.float32)
    return call


def copy_of(call: KernelCall) -> KernelCall:
    """The same call with state and rings of its own."""
    return dataclasses.replace(
        call,
        state={name: value.copy() for name, value in call.state.items()},
        ring=None if call.ring is None else call.ring.copy(),
        lines=None if call.lines is None else call.lines.copy(),
    )


def stretch_of(call: KernelCall, start: int, end: int) -> KernelCall:
    """Frames `start` to `end` of a call, sharing its state and rings."""
    rows = slice(start, end)
    params = {name: value[rows] if name in call.signals else value for name, value in call.params.items()}
    inputs = {name: value[rows] for name, value in call.inputs.items()}
    return dataclasses.replace(call, frame=call.frame + start, frames=end - start, inputs=inputs, params=params)


def lanes_of(call: KernelCall, lanes: Sequence[int]) -> KernelCall:
    """Eight lanes of a call, with copies of their state and rings."""
    lanes = list(lanes)
    return dataclasses.replace(
        copy_of(call),
        lanes=LANES,
        inputs={name: value[:, lanes] for name, value in call.inputs.items()},
        params={name: value[..., lanes] for name, value in call.params.items()},
        fixtures={name: value[lanes] for name, value in call.fixtures.items()},
        state={name: value[lanes].copy() for name, value in call.state.items()},
        ring=None if call.ring is None else call.ring[:, lanes].copy(),
        lines=None if call.lines is None else call.lines[lanes].copy(),
        line_lengths=None if call.line_lengths is None else call.line_lengths[lanes],
    )


def memory_of(call: KernelCall) -> dict[str, NDArray[np.uint8]]:
    """All that a call leaves behind, as bytes."""
    left: dict[str, Any] = {f"state.{name}": value for name, value in call.state.items()}
    left |= {"ring": call.ring} if call.ring is not None else {}
    left |= {"lines": call.lines} if call.lines is not None else {}
    return {name: np.ascontiguousarray(value).view(np.uint8).copy() for name, value in left.items()}


def assert_same(found: Floats, expected: Floats, what: str) -> None:
    """Equal bit for bit; a failure names the first frame and lane that differ."""
    different = np.argwhere(found.view(np.uint32) != expected.view(np.uint32))
    if len(different):
        frame, lane = different[0]
        values = f"{found[frame, lane]!r} against {expected[frame, lane]!r}"
        raise AssertionError(f"{what}: {len(different)} values differ, first at frame {frame} lane {lane}: {values}")


def assert_same_memory(found: KernelCall, expected: KernelCall, what: str) -> None:
    """State and rings equal bit for bit."""
    left, right = memory_of(found), memory_of(expected)
    for name, value in left.items():
        assert np.array_equal(value, right[name]), f"{what}: {name} differs"
