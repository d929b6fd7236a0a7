"""A group's program in the making: ops, constants, step-fed constants, state fields, rings, buffers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

import numpy as np

from farm.graph.graph import ConstantFeed, Feed, Graph, Node, StepsFeed
from farm.graph.seeds import seed32
from farm.plan.plan import Area, ConstantKind, ConstantPlan, FeedKind, FeedPlan, NodeLabel, OpPlan, Region, Side, Word
from workers.calls import Argument, kernel_name, layout
from workers.catalog import CARRIED, Column, Definition, Shape, Unit, scaled
from workers.records import record
from workers.wire import BLOCK, BUFFER_BYTES, FIELD_BYTES, HALF, Code

SIGNS = {Side.LEFT: 1.0, Side.RIGHT: -1.0}
"""What nodes are told of the side they work out."""
MOST_LAG = 4
"""Chunks that lie between a chunk and what it needs, at most: no more are under way between two groups."""


@record(frozen=True, slots=True)
class PlanSetting:
    """What programs depend on besides the graph."""

    rate: int
    chunk_frames: int
    depth: int
    inner_depth: int
    quality: str
    seed: int
    fades: bool
    """Whether sources that are not voices fade out at the end of the score."""
    fade_out_frames: int
    cut: bool = True
    """Whether chains of buses are cut into links."""

    @property
    def plane(self) -> int:
        """Floats of one channel of a stereo signal: the chunk, padded."""
        return (self.chunk_frames + 15) // 16 * 16 + 16

    @property
    def signal_bytes(self) -> int:
        """Bytes of one stereo signal."""
        return 2 * self.plane * 4


def float_bits(value: float) -> int:
    """The bits of a number as float32."""
    return int(np.float32(value).view(np.uint32))


def phase_bits(frequency_hz: float, rate: int) -> int:
    """A frequency as a phase step of 2**32 a cycle, rounded half up, from 0 to half the rate."""
    turns = min(max(frequency_hz, 0.0) / rate, 0.5)
    return min(math.floor(turns * 2**32 + 0.5), 2**31)


def unit_bits(unit: Unit, value: float, rate: int) -> int:
    """A number of the language as what a kernel receives."""
    if unit is Unit.PHASE:
        return phase_bits(value, rate)
    if unit is Unit.FRAMES:
        return float_bits(math.floor(value * rate + 0.5))
    if unit is Unit.WORD:
        return int(value) & 0xFFFFFFFF
    return float_bits(value)


@record(eq=False, slots=True)
class Wiring:
    """What an op is connected to, by port, param and argument of its kernel."""

    inputs: Mapping[str, Word] = field(default_factory=dict)
    params: Mapping[str, Feed] = field(default_factory=dict)
    signals: Mapping[str, int] = field(default_factory=dict)
    """Buffers of the params that are signals."""
    constants: Mapping[str, int] = field(default_factory=dict)
    """Constants of the group, for arguments that are neither params nor fixtures."""
    numbers: Mapping[str, int] = field(default_factory=dict)


class Delays(NamedTuple):
    """Where an op's delay lines lie: `at` bytes behind the first of the group's, an index mask, bytes."""

    at: int = 0
    mask: int = 0
    bytes: int = 0
    lag: int = 1
    """How many chunks back the nearest is that a chunk reads."""


@record(eq=False)
class GroupBuilder:
    """One group in the making."""

    graph: Graph
    setting: PlanSetting
    voiced: bool
    side: Side | None = None
    """Of a bus: which side alone is worked out, in lane 0."""
    ops: list[OpPlan] = field(default_factory=list)
    posts: list[OpPlan] = field(default_factory=list)
    seeks: list[OpPlan] = field(default_factory=list)
    constants: list[ConstantPlan] = field(default_factory=list)
    fed: list[FeedPlan] = field(default_factory=list)
    fields: int = 0
    carried: bool = False
    ring_bytes: int = 0
    line_bytes: int = 0
    buffers: int = 1
    """Buffer 0 is silence."""
    cost_ns: float = 0.0
    labels: list[NodeLabel] = field(default_factory=list)
    reads_buses: list[int] = field(default_factory=list)
    reads_sources: list[int] = field(default_factory=list)
    line_lengths: list[tuple[int, ...]] = field(default_factory=list)
    columns: tuple[Column, ...] = ()
    lags: list[int] = field(default_factory=list)
    """Of each carried op."""

    @property
    def halves(self) -> int:
        """Halves of a slice that are in use."""
        return 2 if self.voiced else 1

    @property
    def channels(self) -> int:
        """Lanes of a half that are in use."""
        return HALF if self.voiced else 2 if self.side is None else 1

    @property
    def plane(self) -> int:
        """Floats from the signal of lane 0 to that of lane 1: a side alone is in both."""
        return self.setting.plane if self.side is None else 0

    @property
    def side_bytes(self) -> int:
        """Where the signal of lane 0 begins in a stereo signal."""
        return self.setting.plane * 4 if self.side is Side.RIGHT else 0

    @property
    def lag(self) -> int:
        """How many chunks back the nearest is that a chunk needs; 1 where state fields or lines are handed on."""
        return 1 if self.fields or self.line_bytes else min(self.lags, default=1)

    def buffer(self, count: int = 1) -> int:
        """A fresh lanes buffer (or several neighbours)."""
        self.buffers += count
        return self.buffers - count

    def constant(self, plan: ConstantPlan) -> int:
        """The index of a constant; equal ones are shared."""
        if plan in self.constants:
            return self.constants.index(plan)
        self.constants.append(plan)
        return len(self.constants) - 1

    def bits(self, bits: int) -> int:
        """A constant of fixed bits."""
        return self.constant(ConstantPlan(ConstantKind.BITS, bits))

    def fed_constant(self, feeds: list[tuple[FeedKind, StepsFeed | None, Unit]]) -> list[int]:
        """New step-fed constants, one for each (what, steps, unit); the same request is shared."""
        indices = []
        for what, steps, unit in feeds:
            known = [f for f in self.fed if f.what == what and f.steps is steps and f.unit == unit]
            if known:
                indices.append(known[0].constant)
                continue
            self.constants.append(ConstantPlan(ConstantKind.BITS, 0, f"fed {len(self.constants)}"))
            self.fed.append(FeedPlan(len(self.constants) - 1, what, steps, unit))
            indices.append(len(self.constants) - 1)
        return indices

    def scratch(self, buffer: int, step: int = 0) -> Word:
        return Word(Code.SCRATCH, buffer * BUFFER_BYTES, step)

    # Constants that kernels ask for by name.

    def fixture(self, name: str, definition: Definition, node: Node | None) -> int:
        """The constant behind a fixture."""
        setting = self.setting
        if name == "period_s":
            return self.bits(float_bits(1.0 / setting.rate))
        if name == "rate_hz":
            return self.bits(float_bits(float(setting.rate)))
        if name == "side":
            if self.voiced or self.side is not None:
                return self.bits(float_bits(0.0 if self.side is None else SIGNS[self.side]))
            return self.constant(ConstantPlan(ConstantKind.SIDE))
        if name == "seed":
            assert node is not None
            seed = seed32(setting.seed, node.seed_path)
            return self.constant(ConstantPlan(ConstantKind.SEED, seed)) if self.voiced else self.bits(seed)
        if name == "gate_frames":
            return (
                self.constant(ConstantPlan(ConstantKind.SLOT))
                if self.voiced
                else self.fed_constant([(FeedKind.CYCLE_FRAMES, None, Unit.PLAIN)])[0]
            )
        if name == "origin":
            return self.constant(ConstantPlan(ConstantKind.ORIGIN)) if self.voiced else self.bits(0)
        assert name in ("since", "past")
        return self.beginning(name, definition)

    def beginning(self, name: str, definition: Definition) -> int:
        """The constant behind `since` or `past`: where a node's ages count from, and what they leave out."""
        if "gate_frames" in definition.needs and not self.voiced:
            what = FeedKind.CYCLE if name == "since" else FeedKind.CYCLE_PAST
            return self.fed_constant([(what, None, Unit.WORD)])[0]
        return self.constant(ConstantPlan(ConstantKind.SINCE if name == "since" else ConstantKind.PAST))

    def param_constant(self, feed: Feed, unit: Unit, what: FeedKind = FeedKind.VALUE) -> int:
        """The constant of a param that is not a signal."""
        if isinstance(feed, StepsFeed):
            return self.fed_constant([(what, feed, unit)])[0]
        assert isinstance(feed, ConstantFeed)
        if feed.pitched and self.voiced:
            return self.constant(
                ConstantPlan(ConstantKind.PHASE if unit is Unit.PHASE else ConstantKind.RATIO, feed.value)
            )
        return self.bits(unit_bits(unit, feed.value, self.setting.rate))

    def lanes_of(self, definition: Definition) -> int:
        """What a node's cost is to be multiplied by."""
        return 1 if self.voiced else self.channels if definition.shape is Shape.CHANNELS else HALF

    # Ops.

    def emit(
        self,
        definition: Definition,
        node: Node | None,
        scope: str,
        wiring: Wiring,
        out: Word | None,
        *,
        first_field: int | None = None,
        post: bool = False,
    ) -> None:
        """Appends a kernel call: of `node`, in a scope of that name, with its result in `out`."""
        params = wiring.params
        variant = "signal" if wiring.signals else "constant"
        memory = definition.memory_for(wiring.signals)
        stepped = any(isinstance(feed, StepsFeed) for feed in params.values())
        carried = memory is CARRIED or (memory.seek is not None and stepped)
        self.carried = self.carried or carried
        if first_field is None:
            first_field = self.fields
            self.fields += len(definition.state)
        ring = self.ring(definition, params, wiring.signals)
        lines = self.lines(definition)
        words: list[Word] = []
        out_word = -1
        for argument in layout(definition, variant)[2:]:
            if argument.role == "out":
                assert out is not None
                out_word = 2 + len(words) if definition.shape is not Shape.FOLD else -1
                words.append(out)
            elif argument.role == "state":
                words.append(Word(Code.STATE, first_field))
            elif argument.role == "constant":
                words.append(Word(Code.CONSTANT, self.constant_of(argument.name, definition, node, wiring)))
            elif argument.role in ("input", "signal", "number"):
                words.append(self.given(argument, wiring))
            else:
                words.append(self.delayed(argument, definition, ring, lines))
        kept = CARRIED.name if memory.seek is not None and stepped else memory.name
        number = self.label(definition, node, scope, variant, kept, ring.bytes + lines.bytes)
        kernel = kernel_name(definition, variant)
        op = OpPlan(kernel, tuple(words), number, out_word, first_field, len(definition.state))
        (self.posts if post else self.ops).append(op)
        self.cost_ns += definition.cost_ns * self.lanes_of(definition)
        if carried:
            self.lags.append(ring.lag)
        if memory.seek is not None and not stepped:
            self.seek(definition, params, first_field, number)

    def constant_of(self, name: str, definition: Definition, node: Node | None, wiring: Wiring) -> int:
        """The group's constant behind an argument."""
        if name in wiring.constants:
            return wiring.constants[name]
        if name in wiring.params:
            return self.param_constant(wiring.params[name], definition.param(name).as_unit)
        return self.fixture(name, definition, node)

    def given(self, argument: Argument, wiring: Wiring) -> Word:
        """The word of an argument that the wiring holds."""
        if argument.role == "input":
            return wiring.inputs[argument.name]
        if argument.role == "signal":
            return self.scratch(wiring.signals[argument.name])
        return Word(Code.LITERAL, wiring.numbers[argument.name])

    def delayed(self, argument: Argument, definition: Definition, ring: Delays, lines: Delays) -> Word:
        """The word of an argument that tells of delay lines."""
        if argument.role == "ring":
            return Word(Code.RING, ring.at, ring.bytes // self.halves)
        if argument.role == "ring_mask":
            return Word(Code.LITERAL, ring.mask)
        if argument.role == "lines":
            return Word(Code.LINES, lines.at, lines.bytes // self.halves)
        if argument.role == "line_mask":
            return Word(Code.LITERAL, lines.mask)
        if argument.role == "channels":
            return Word(Code.LITERAL, self.channels)
        assert argument.role == "line_lengths", f"{definition.name}: no word for {argument}"
        return Word(Code.ARENA, 0, 0, Region(Area.LENGTHS, self.lengths(definition)))

    def seek(self, definition: Definition, params: Mapping[str, Feed], first_field: int, number: int) -> None:
        """The op that computes a CLOSED_FORM state at the start of a task."""
        words = []
        for argument in layout(definition, "seek")[2:]:
            if argument.role == "state":
                words.append(Word(Code.STATE, first_field))
            elif argument.name == "frames":
                words.append(Word(Code.AGES))
            else:
                unit = definition.param(argument.name).as_unit
                words.append(Word(Code.CONSTANT, self.param_constant(params[argument.name], unit)))
        name = kernel_name(definition, "seek")
        self.seeks.append(OpPlan(name, tuple(words), number, -1, first_field, len(definition.state)))

    def ring(self, definition: Definition, params: Mapping[str, Feed], signals: Mapping[str, int]) -> Delays:
        """A definition's delay line a lane, in the group's rings.

        What a chunk reads is never overwritten by it, so that a task may run again.
        """
        ring = definition.ring
        if ring is None or ring.line_frames:
            return Delays()
        seconds = ring.max_s
        feed = params.get(ring.port) if ring.port else None
        if isinstance(feed, ConstantFeed):
            seconds = min(feed.value, ring.max_s)
        elif self.voiced and ring.port in signals:
            seconds = min(ring.max_s, 0.5)
        chunk_frames, held = self.setting.chunk_frames, int(seconds * self.setting.rate) + 4 + BLOCK
        length = power_of_two(held + chunk_frames)
        lag = 1
        if ring.never_nearer and isinstance(feed, ConstantFeed):
            # As many chunks as lie between, and as the line has room for while they are written.
            apart = math.floor(seconds * self.setting.rate + 0.5)
            lag = max(min(apart // chunk_frames, (length - held) // chunk_frames, MOST_LAG), 1)
        bytes_ = self.halves * length * 8 * 4
        at = self.ring_bytes
        self.ring_bytes += bytes_
        return Delays(at, length - 1, bytes_, lag)

    def lines(self, definition: Definition) -> Delays:
        """A definition's delay lines of fixed lengths, in the group's lines.

        They are so short that copying them from chunk to chunk costs less than lines that no chunk overwrites.
        """
        ring = definition.ring
        if ring is None or not ring.line_frames:
            return Delays()
        bytes_ = self.halves * self.channels * ring.line_floats(self.setting.rate) * 4
        at = self.line_bytes
        self.line_bytes += bytes_
        return Delays(at, ring.line_mask(self.setting.rate), bytes_)

    def lengths(self, definition: Definition) -> int:
        """The number of a table of line lengths (channels, lines)."""
        assert definition.ring is not None
        rate = self.setting.rate
        lines = [scaled(frames, rate) for frames in definition.ring.line_frames]
        spread = scaled(definition.ring.spread_frames, rate)
        table: list[int] = []
        for channel in range(self.channels):
            right = self.side is Side.RIGHT or (not self.voiced and channel == 1)
            table += [length + (spread if right else 0) for length in lines]
        self.line_lengths.append(tuple(table))
        return len(self.line_lengths) - 1

    def label(
        self, definition: Definition, node: Node | None, scope: str, variant: str, memory: str, ring_bytes: int = 0
    ) -> int:
        """Notes what a node is called; returns its number in the group."""
        loc = node.loc if node is not None else None
        state_bytes = len(definition.state) * FIELD_BYTES
        self.labels.append(
            NodeLabel(definition.name, scope, loc, variant, memory, definition.cost_ns, state_bytes, ring_bytes)
        )
        return len(self.labels) - 1


def power_of_two(least: int) -> int:
    """The smallest power of two that is at least `least`."""
    return 1 << (least - 1).bit_length()
