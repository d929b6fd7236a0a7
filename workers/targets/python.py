"""The python target: a kernel runs exactly as written, on numpy arrays of any number of lanes. This is its meaning."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.calls import CONSTANT_FIXTURES
from workers.definitions import Definition, Shape, Unit
from workers.dsp.math import settle
from workers.dsp.units import frames_of, phase_step
from workers.records import record
from workers.simd import LANES, Floats, Words
from workers.wire import BLOCK

FIELD_STRIDE = 16
"""Floats from one state field to the next, as the arena keeps them."""


class HeldPort:
    """A port that is one vector for the whole call."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __getitem__(self, i: int) -> Any:
        return self.value


class Signal:
    """A port at audio rate: float32 (frames, lanes), converted to the param's unit as it is read."""

    def __init__(self, frames: Floats, unit: Unit, period_s: Floats, rate_hz: Floats) -> None:
        self.frames, self.unit, self.period_s, self.rate_hz = frames, unit, period_s, rate_hz

    def __getitem__(self, i: int) -> Any:
        if self.unit is Unit.PHASE:
            return phase_step(self.frames[i], self.period_s)
        if self.unit is Unit.FRAMES:
            return frames_of(self.frames[i], self.rate_hz)
        return self.frames[i]


class ChannelFrames:
    """A signal for CHANNELS kernels, float32 (frames, channels): `[i, c]` one value, `[i : i + 8, c]` eight frames."""

    def __init__(self, frames: Floats) -> None:
        self.frames = frames

    def __getitem__(self, index: tuple[int | slice, int]) -> Floats:
        return np.array(self.frames[index], np.float32, ndmin=1)

    def __setitem__(self, index: tuple[int | slice, int], value: Floats) -> None:
        eight = np.broadcast_to(value, LANES)
        self.frames[index] = eight if isinstance(index[0], slice) else eight[0]


class ChannelConstant:
    """A port for CHANNELS kernels that is one value per channel for the whole call."""

    def __init__(self, value: Floats) -> None:
        self.value = value

    def __getitem__(self, index: tuple[int | slice, int]) -> Floats:
        return self.value[index[1] : index[1] + 1]


class Counted:
    """Frames from each lane's own frame on, modulo 2**32."""

    def __init__(self, frame: int, start: Words) -> None:
        self.frame, self.start = frame, start

    def __getitem__(self, i: int) -> Words:
        return np.full(1, (self.frame + i) & 0xFFFFFFFF, np.uint32) - self.start


class RingLine:
    """A delay line per lane: float32 (length, lanes), length a power of two."""

    def __init__(self, memory: Floats, frame: int, since: Words) -> None:
        self.memory, self.frame, self.since = memory, frame, since

    def read(self, i: int, frames_ago: Words) -> Floats:
        """The value written `frames_ago` frames before; 0 before the lane began."""
        lanes = self.memory.shape[1]
        ago = np.broadcast_to(frames_ago, lanes).astype(np.int64)
        now = self.frame + i
        value = self.memory[(now - ago) & (len(self.memory) - 1), np.arange(lanes)]
        age = (np.full(lanes, now & 0xFFFFFFFF, np.uint32) - self.since).view(np.int32)
        result: Floats = np.where(age < ago, np.float32(0.0), value)
        return result

    def write(self, i: int, value: Floats) -> None:
        """Sets this frame's value."""
        self.memory[(self.frame + i) & (len(self.memory) - 1)] = value


@record()
class KernelCall:
    """One call of a LANES or CHANNELS kernel, for any target. Arrays have `lanes` columns, a multiple of 8.

    `inputs`: float32 (frames, lanes) by port. `params`: constants (lanes) - uint32 for PHASE, else float32 - or, where
    `signals` names the param, float32 (frames, lanes). `fixtures`: `since`, `origin` and `seed` uint32 (lanes), the
    others float32 (lanes). `state`: by field (lanes), replaced. `ring`: float32 (length, lanes), written in place.

    For CHANNELS a lane is a channel, `lines` is float32 (lanes, all its lines), written in place, and `line_lengths`
    int64 (lanes, lines).
    """

    definition: Definition
    frame: int
    frames: int
    lanes: int
    inputs: dict[str, Floats]
    params: dict[str, Any]
    signals: frozenset[str]
    fixtures: dict[str, Any]
    state: dict[str, Any]
    ring: Floats | None = None
    lines: Floats | None = None
    line_lengths: NDArray[np.int64] | None = None
    line_mask: int = 0


def run(call: KernelCall) -> Floats:
    """Runs the kernel over the call's frames, in calls that never cross a multiple of 64. Returns (frames, lanes)."""
    definition = call.definition
    if definition.shape is Shape.CHANNELS:
        return np.hstack([_run_channels(call, lane) for lane in range(0, call.lanes, LANES)])
    out = np.zeros((call.frames, call.lanes), np.float32)
    state = SimpleNamespace(**call.state)
    done = 0
    with np.errstate(all="ignore"):
        while done < call.frames:
            frame = call.frame + done
            count = min(call.frames - done, BLOCK - frame % BLOCK)
            if frame % BLOCK == 0:
                for field in definition.state:
                    if field.dtype == "f4":
                        setattr(state, field.name, settle(getattr(state, field.name)))
            definition.kernel(**_arguments(call, state, out[done : done + count], frame, done, count))
            done += count
    for field in definition.state:
        call.state[field.name] = np.broadcast_to(getattr(state, field.name), call.lanes).copy()
    return out


def _run_channels(call: KernelCall, first: int) -> Floats:
    """Runs a CHANNELS kernel over eight channels from `first` on. Returns (frames, 8)."""
    definition = call.definition
    assert call.lines is not None and call.line_lengths is not None
    lanes = slice(first, first + LANES)
    lines = call.lines[lanes]
    cells = np.zeros((len(definition.state), FIELD_STRIDE), np.float32)
    for row, field in enumerate(definition.state):
        cells[row, :LANES] = call.state[field.name][lanes]
    memory = {"lines": lines.reshape(-1), "cells": cells.reshape(-1), "line_mask": call.line_mask}
    lengths = {"line_lengths": call.line_lengths[lanes].reshape(-1), "channels": LANES}
    out = np.zeros((call.frames, LANES), np.float32)
    done = 0
    with np.errstate(all="ignore"):
        while done < call.frames:
            frame = call.frame + done
            count = min(call.frames - done, BLOCK - frame % BLOCK)
            stretch = slice(done, done + count)
            values: dict[str, Any] = {**memory, **lengths, "frame": frame, "frames": count}
            values["out"] = ChannelFrames(out[stretch])
            values.update({name: call.fixtures[name][lanes] for name in CONSTANT_FIXTURES})
            for port in definition.ports:
                values[port.name] = ChannelFrames(call.inputs[port.name][stretch, lanes])
            for param in definition.params:
                given = call.params[param.name]
                signal = param.name in call.signals
                values[param.name] = ChannelFrames(given[stretch, lanes]) if signal else ChannelConstant(given[lanes])
            definition.kernel(**{name: values[name] for name in definition.needs})
            done += count
    for row, field in enumerate(definition.state):
        call.state[field.name] = call.state[field.name].copy()
        call.state[field.name][lanes] = cells[row, :LANES]
    assert np.shares_memory(memory["lines"], call.lines)
    return out


def _arguments(call: KernelCall, state: Any, out: Floats, frame: int, done: int, count: int) -> dict[str, Any]:
    """The kernel's arguments for `count` frames from `frame`, `done` frames into the call."""
    definition = call.definition
    values: dict[str, Any] = {"out": out, "frame": frame, "frames": count, "state": state}
    values["age"] = Counted(frame, call.fixtures["since"])
    values["time"] = Counted(frame, call.fixtures["origin"])
    values.update({name: call.fixtures[name] for name in CONSTANT_FIXTURES})
    values["channels"] = call.lanes
    if call.ring is not None:
        values["ring"] = RingLine(call.ring, frame, call.fixtures["since"])
    for port in definition.ports:
        values[port.name] = call.inputs[port.name][done : done + count]
    for param in definition.params:
        given = call.params[param.name]
        if param.name in call.signals:
            stretch = given[done : done + count]
            values[param.name] = Signal(stretch, param.as_unit, call.fixtures["period_s"], call.fixtures["rate_hz"])
        else:
            values[param.name] = HeldPort(given)
    return {name: values[name] for name in definition.needs}


def seek(definition: Definition, params: dict[str, Any], frames: Words) -> dict[str, Any]:
    """CLOSED_FORM state `frames` frames after zeros, by field. `params`: constants (lanes) by name."""
    assert definition.seek is not None
    state = SimpleNamespace(
        **{f.name: np.zeros(len(frames), np.float32 if f.dtype == "f4" else np.uint32) for f in definition.state}
    )
    definition.seek(state=state, frames=frames, **params)
    return vars(state)
