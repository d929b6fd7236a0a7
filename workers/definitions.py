"""What a node definition says: ports, params, memory, state, delay lines. `workers.catalog` explains their use."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import field
from enum import Enum, StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from workers.docstrings import docstring
from workers.records import record
from workers.spans import Span
from workers.wire import LINE_GUARD

Kernel = Callable[..., None]

FIXTURES = (
    *("out", "frames", "frame", "state", "ring", "age", "past", "time", "gate_frames", "period_s", "rate_hz"),
    *("seed", "side", "channels", "lines", "line_mask", "line_lengths", "cells", "samples"),
)


class NodeError(Exception):
    """A node that breaks a rule, or a node file that cannot be read: where, what is wrong, what to write instead.

    `line` and `column` count from 1; a line of 0 means the file as a whole. `also`: what else is wrong.
    """

    def __init__(self, message: str, path: str | Path, line: int = 0, column: int = 1, length: int = 1) -> None:
        super().__init__(message)
        self.message, self.path, self.line, self.column, self.length = message, str(path), line, column, length
        self.also: tuple[NodeError, ...] = ()

    def __str__(self) -> str:
        seed = f"{self.path}:{self.line}" if self.line else self.path
        return f"{seed}: {self.message}"


class Role(StrEnum):
    """Where a node stands in a score."""

    SOURCE = "source"
    """Makes sound from numbers: an oscillator, noise."""
    CONTROL = "control"
    """Makes a course of values from numbers: an envelope, a line."""
    EFFECT = "effect"
    """Changes what stands on its left (both call forms)."""
    INTERNAL = "internal"
    """Placed by the planner only: no name of the language."""


UNITS = {
    "": "a number",
    "1": "a share or a factor",
    "Hz": "a frequency",
    "s": "a time",
    "frames": "a time in frames",
    "frames or Hz": "frames while it is small, else a frequency",
    "1/frame": "a change a frame",
    "octaves/frame": "a change of an exponent of 2 a frame",
    "dB": "a level",
    "semitones": "an interval",
    "cents": "an interval",
    "octaves": "an interval",
    "rad": "an angle",
    "turns": "an angle or a phase",
    "bits": "a word length",
}
"""The units of params, by what they measure."""


class Shape(Enum):
    """How a node's work is laid out."""

    LANES = "lanes"
    """One value per lane and frame; eight voices (or the two channels of a bus) side by side."""
    CHANNELS = "channels"
    """Each channel on its own, several frames or lines side by side."""
    FOLD = "fold"
    """Lanes to stereo: a whole slice of voices into its private sum."""
    STEREO = "stereo"
    """Moves signals between stereo memory and lanes; internal."""


class Unit(Enum):
    """What kernels receive for a number: the planner converts constants and steps exactly, kernels convert signals."""

    PLAIN = "plain"
    """float32 as it is."""
    PHASE = "phase"
    """Hz in the language; in the kernel a uint32 phase step, 2**32 a cycle, from 0 to half the rate."""
    FRAMES = "frames"
    """Seconds in the language; in the kernel frames as float32, whole while constant."""
    WORD = "word"
    """A whole number as uint32; constants only (internal nodes)."""


@record(frozen=True, slots=True)
class Param:
    """One number of a node, `unit` one of `UNITS`. `default` None means that the score must give it; `also`: more names
    as a keyword."""

    name: str
    unit: str
    default: float | None
    low: float
    high: float
    about: str = ""
    as_unit: Unit = Unit.PLAIN
    also: tuple[str, ...] = ()


@record(frozen=True, slots=True)
class Port:
    """One signal input."""

    name: str
    about: str = ""


@record(frozen=True, slots=True)
class Memory:
    """What a node needs to know of the past, and how a clone gets it when it enters in the middle."""

    name: str
    seek: Kernel | None = None


STATELESS = Memory("STATELESS")
"""Nothing: a frame's value depends on that frame's inputs, parameters and time alone."""

CARRIED = Memory("CARRIED")
"""The end state of the stretch before."""


def CLOSED_FORM(seek: Kernel) -> Memory:
    """State at any frame by formula: `seek(state, <phase or plain params>, frames)` moves a state on by `frames`."""
    return Memory("CLOSED_FORM", seek=seek)


@record(frozen=True, slots=True)
class MemoryByPort:
    """Memory that depends on how some ports are fed: constants and steps, or any of them by a signal."""

    ports: frozenset[str]
    steps: Memory
    signal: Memory


def by_port(*ports: str, steps: Memory, signal: Memory) -> MemoryByPort:
    """`steps` while `ports` are fed by constants or steps, `signal` while any of them is fed at audio rate."""
    return MemoryByPort(frozenset(ports), steps, signal)


@record(frozen=True, slots=True)
class Ring:
    """Delay lines. `max_s`: the longest time; `port` names the param that bounds it when that is constant.

    `line_frames` (CHANNELS only): lengths of the lines at 44.1 kHz; they scale with the rate. `spread_frames` is added
    to every line of a right channel. The last `short_lines` of them need at most half the room of the longest.
    """

    max_s: float = 0.0
    port: str | None = None
    line_frames: tuple[int, ...] = ()
    spread_frames: int = 0
    short_lines: int = 0
    never_nearer: bool = False
    """Nothing is read that was written less than `port`'s time ago, while that is constant."""

    def line_mask(self, rate: int) -> int:
        """Length of a long line at `rate` Hz - 1: a power of two - 1. A short line has half of that length."""
        delays = [scaled(frames, rate) + scaled(self.spread_frames, rate) for frames in self.line_frames]
        longest = max(*delays, *(2 * delay for delay in delays[len(delays) - self.short_lines :]))
        return (1 << (longest - 1).bit_length()) - 1

    def line_floats(self, rate: int) -> int:
        """Floats of one channel's lines at `rate` Hz, with what is kept behind them."""
        length = self.line_mask(rate) + 1
        long_lines = len(self.line_frames) - self.short_lines
        return long_lines * (length + LINE_GUARD) + self.short_lines * (length // 2 + LINE_GUARD)


def scaled(frames_at_44100: int, rate: int) -> int:
    """A line's length at `rate` Hz, rounded half up, at least 1."""
    return max(1, (2 * frames_at_44100 * rate + 44100) // 88200)


@record(frozen=True, slots=True)
class StateField:
    """One value per lane; `dtype` is "f4" or "u4". Every lane begins with zeros."""

    name: str
    dtype: str


@record(frozen=True, slots=True)
class Column:
    """`width` values per voice for a FOLD node; `dtype` is "f4" or "i8".

    In the kernel the name is memory: value k of voice v is `whole(name, v * width + k)` or `splat(name, ...)`.
    """

    name: str
    dtype: str
    width: int = 1


@cache
def arguments_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """Names of a function's parameters."""
    return tuple(inspect.signature(function).parameters)


@record(frozen=True, slots=True, eq=False)
class Definition:
    """A frozen node definition. State is never in it: state is bytes in the arena."""

    name: str
    kernel: Kernel = field(repr=False)
    role: Role
    ports: tuple[Port, ...]
    params: tuple[Param, ...]
    memory: Memory | MemoryByPort = field(repr=False)
    state: tuple[StateField, ...]
    ring: Ring | None
    columns: tuple[Column, ...]
    numbers: tuple[str, ...]
    """Whole numbers that the planner passes to internal kernels."""
    shape: Shape
    cost_ns: float
    """Rough nanoseconds per lane and frame (FOLD: per voice and frame; CHANNELS: per channel and frame)."""
    example: str
    aliases: tuple[str, ...]
    ends_voice: bool
    """True for effects that run once, on the sum of the voices, where they end a bus's chain (language 4.6)."""
    span: Callable[..., Span] | None = field(repr=False)
    """Between which values the output lies, from the spans of as many inputs, then params, as it takes."""
    tuned: bool
    """A call may add an offset in semitones to its first param, a frequency: `saw 110 7`."""
    longer: Definition | None = field(repr=False)
    """The internal node that a call with more arguments is; its params begin with this one's."""
    envelope: bool
    """The course of a note: what is multiplied by it grows louder and softer and stays what it is."""
    strikes: bool
    """Frames of 1, as often a second as the first param says: `sp` is struck by it."""
    product: bool
    """One argument times the other."""
    operator: str
    """The operator of the language that it stands for, or nothing."""
    quality: str
    """The --quality at which it plays samples, or nothing."""

    @property
    def doc(self) -> str:
        """The kernel's docstring."""
        return docstring(self.kernel)

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the kernel's arguments, in order."""
        return arguments_of(self.kernel)

    def param(self, name: str) -> Param:
        """The param called `name`; KeyError if there is none."""
        for param in self.params:
            if param.name == name:
                return param
        raise KeyError(name)

    def memory_for(self, signal_ports: Iterable[str]) -> Memory:
        """The memory when exactly `signal_ports` of the params are fed at audio rate."""
        if isinstance(self.memory, MemoryByPort):
            return self.memory.steps if self.memory.ports.isdisjoint(signal_ports) else self.memory.signal
        return self.memory

    @property
    def seek(self) -> Kernel | None:
        """The seek of the constant feeding, if it has one."""
        memory = self.memory.steps if isinstance(self.memory, MemoryByPort) else self.memory
        return memory.seek
