"""The catalog of nodes: what a node definition says, and how definitions are found.

Adding a node is one file below `workers/nodes` (or in a folder named by `FARM_NODES`): a function under `@node(...)`.
Everything else follows from the definition: its name in the language with arity, unit and range checks, plan edges,
compilation, contract tests, documentation. This module imports no numba.

A kernel's signature names what it needs. Besides its inputs and params these names are known:

=============  =====================================================================================================
`out`          lanes signal to write: `out[i] = value`
`frames`       number of frames of this call (a whole number, 1 to 64)
`frame`        absolute number of the first frame
`state`        the declared fields, one value per lane: `state.low`
`ring`         `ring.read(i, frames_ago)`, `ring.write(i, value)`: the declared delay line; silent before the lane began
`age`          `age[i]`: frames since the lane began (voice: onset; bus: start of the cycle, or of the present step), as
               a signed word: negative before, and right up to 2**30 frames, after which it only stays above them
`past`         float32 per lane: 0 up to there, then the frames that `age` leaves out
`time`         `time[i]`: frames since the voice's onset, on a bus since frame 0, modulo 2**32: for hashes
`gate_frames`  frames from there to the end of the slot (float32); on a bus who names it restarts with each cycle
`period_s`     1 / sample rate
`rate_hz`      the sample rate
`place`        uint32 per lane: where this node stands; the seed of `rand(place, frame)`
`side`         +1 in left lanes, -1 in right lanes, 0 inside voices
`channels`     lanes in use (2 on a bus, 8 inside voices), for `Shape.CHANNELS`
`lines`        memory of the delay lines, for `Shape.CHANNELS`, a channel's one after the other, `LINE_GUARD` floats
               behind each: lines of `line_mask` + 1 floats, then the short ones, of half as many
`line_mask`    length of a line - 1 (a power of two - 1)
`line_lengths` memory of whole numbers, for `Shape.CHANNELS`: (channels, lines), `Ring.line_frames` at this rate
`cells`        memory of the state fields, for `Shape.CHANNELS`: field f of channel c is float 16 f + c
`samples`      memory of all samples, for `Shape.FOLD`
=============  =====================================================================================================
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from workers.records import record
from workers.spans import Span
from workers.wire import LINE_GUARD

Kernel = Callable[..., None]

FIXTURES = (
    *("out", "frames", "frame", "state", "ring", "age", "past", "time", "gate_frames", "period_s", "rate_hz"),
    *("place", "side", "channels", "lines", "line_mask", "line_lengths", "cells", "samples"),
)


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
    """One number of a node. `default` None means that the score must give it; `also`: more names as a keyword."""

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
    role: str
    """"source", "control", "effect" (both call forms) or "internal" (placed by the planner only)."""
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

    @property
    def doc(self) -> str:
        """The kernel's docstring."""
        return inspect.getdoc(self.kernel) or ""

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


def node(
    *,
    role: str,
    memory: Memory | MemoryByPort,
    params: tuple[Param, ...] = (),
    ports: tuple[Port, ...] = (),
    state: tuple[str, ...] = (),
    ring: Ring | None = None,
    columns: tuple[Column, ...] = (),
    numbers: tuple[str, ...] = (),
    shape: Shape = Shape.LANES,
    cost_ns: float,
    example: str = "",
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    ends_voice: bool = False,
    span: Callable[..., Span] | None = None,
) -> Callable[[Kernel], Definition]:
    """Turns a kernel into a `Definition`. `state` lists fields as "name" (float32) or "name:u4" (uint32)."""

    def define(kernel: Kernel) -> Definition:
        fields = tuple(StateField(*(text.split(":") if ":" in text else (text, "f4"))) for text in state)
        definition = Definition(
            name=name or kernel.__name__.rstrip("_"),
            kernel=kernel,
            role=role,
            ports=ports,
            params=params,
            memory=memory,
            state=fields,
            ring=ring,
            columns=columns,
            numbers=numbers,
            shape=shape,
            cost_ns=cost_ns,
            example=example,
            aliases=aliases,
            ends_voice=ends_voice,
            span=span,
        )
        known = {*FIXTURES, *numbers, *(p.name for p in ports), *(p.name for p in params), *(c.name for c in columns)}
        unknown = [need for need in definition.needs if need not in known]
        if unknown:
            raise TypeError(f"kernel {definition.name}: nothing is called {', '.join(unknown)}")
        return definition

    return define


class NodeFileError(Exception):
    """A file of `FARM_NODES` cannot be read as Python, or what it defines is no node; the message names it."""


def node_folders() -> tuple[Path, ...]:
    """Folders of further node files, from `FARM_NODES` (separated like PATH)."""
    return tuple(Path(part) for part in os.environ.get("FARM_NODES", "").split(os.pathsep) if part)


def _modules() -> Iterable[Any]:
    import workers.nodes

    for found in sorted(pkgutil.walk_packages(workers.nodes.__path__, "workers.nodes."), key=lambda m: m.name):
        if not found.ispkg:
            yield importlib.import_module(found.name)
    for folder in node_folders():
        for path in sorted(folder.glob("*.py")):
            module_name = f"farm_nodes_{path.stem}"
            spec = importlib.util.spec_from_file_location(module_name, path)
            if spec is None or spec.loader is None:
                continue
            module = importlib.util.module_from_spec(spec)
            sys.modules[module_name] = module
            try:
                spec.loader.exec_module(module)
            except Exception as error:
                raise NodeFileError(f"{path}: {type(error).__name__}: {error}") from error
            yield module


@cache
def catalog() -> dict[str, Definition]:
    """Every definition by name (aliases are not keys). Raises TypeError when two definitions share a name."""
    found: dict[str, Definition] = {}
    for module in _modules():
        for value in vars(module).values():
            if isinstance(value, Definition) and value.kernel.__module__ == module.__name__:
                if found.get(value.name, value) is not value:
                    raise TypeError(f"two nodes are called {value.name}")
                found[value.name] = value
    return found


@cache
def language() -> dict[str, Definition]:
    """Definitions by every name that a score may use, aliases included; internal ones are left out."""
    names: dict[str, Definition] = {}
    for definition in catalog().values():
        if definition.role != "internal":
            names.update(dict.fromkeys((definition.name, *definition.aliases), definition))
    return names
