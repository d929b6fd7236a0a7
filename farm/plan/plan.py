"""The plan: groups with their programs (once a render) and the tasks of a window. Frozen values."""

from __future__ import annotations

from dataclasses import field
from enum import Enum, StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.errors import Loc
from farm.graph.graph import StepsFeed
from farm.plan.path import PathPlan
from workers.arena import Key
from workers.catalog import Column, Unit
from workers.records import record
from workers.wire import Code

Ints = NDArray[np.int64]


class Area(StrEnum):
    """What regions of the arena hold."""

    GROUPS = "groups"
    OPS = "ops"
    FEEDS = "feeds"
    TASKS = "tasks"
    SCRATCH = "scratch"
    """Of each worker."""
    STATIC_CONSTANTS = "static constants"
    """Of buses."""
    STATE = "state"
    RING = "ring"
    LENGTHS = "lengths"
    ENTRIES = "entries"
    """The steps of a step-fed constant."""
    BUS = "bus"
    """Chunk slots of a bus's signal."""
    PARTIALS = "partials"
    """Of each source: the private sums of its slices,"""
    COUNTS = "counts"
    """how many slices sound in each chunk,"""
    ONSETS = "onsets"
    CONSTANTS = "constants"
    COLUMN = "column"
    OFFSETS = "offsets"
    """Of each output path: where the signals of the outputs lie,"""
    TERMS = "terms"
    """which of their planes are added to which channel,"""
    TAPS = "taps"
    """what interpolates its true peaks,"""
    KEYS = "keys"
    """the keys of its dither, and"""
    LEVELS = "levels"
    """what it measures in each chunk slot."""
    CONTROL = "control"
    """Of a pool: what workers and coordinator share, and the schedule."""
    SUCCESSORS = "successors"
    FIRST_SUCCESSORS = "first successors"
    PENDING = "pending"
    DONE = "done"
    READY = "ready"


class GroupKind(StrEnum):
    """What a group is."""

    BUS = "bus"
    VOICES = "voices"
    """Of an instrument."""
    SAMPLES = "samples"
    """Voices of samples."""


class Side(StrEnum):
    """Of a bus: what a group works out alone, in lane 0."""

    LEFT = "left"
    RIGHT = "right"


class ConstantKind(Enum):
    """Where a constant of a group comes from."""

    BITS = "bits"
    """`value` in every lane; also what a step-fed one begins with."""
    SIDE = "side"
    """+1 on the left of a bus, -1 on the right."""
    SINCE = "since"
    """The start of a bus, or the onset of each voice, as its window sees it (`farm.plan.instants`),"""
    PAST = "past"
    """and what that leaves out."""
    END = "end"
    """The end of the score, for buses."""
    COLUMN = "column"
    """Of voices: float column `name`."""
    AFTER = "after"
    """`name` frames after the onset, a column."""
    LENGTH = "length"
    PHASE = "phase"
    """`value` in Hz times the voice's ratio, as a phase step."""
    RATIO = "ratio"
    """`value` times the voice's ratio."""
    SEED = "seed"
    """The seed of the voice at place `value`."""
    ORIGIN = "origin"
    """The onset modulo 2**32."""
    FADE = "fade"
    SLOT = "slot"


class FeedKind(Enum):
    """What the steps of a step-fed constant are."""

    VALUE = "value"
    """Of a step function: its value, the one before,"""
    PREVIOUS = "previous"
    ORIGIN = "origin"
    """and where the step began, as `ConstantKind.SINCE`."""
    CYCLE = "cycle"
    """Where the present cycle began, likewise, and"""
    CYCLE_PAST = "cycle past"
    """what that leaves out; the length of the cycle."""
    CYCLE_FRAMES = "cycle frames"


@record(frozen=True, slots=True)
class Region:
    """A place in the arena that is known only when the arena is laid out: what it holds, and of which."""

    area: Area
    number: int = 0
    name: str = ""
    """Of a column."""

    @property
    def key(self) -> Key:
        """What the region is called in a layout."""
        return self.area, f"{self.number} {self.name}" if self.name else self.number


@record(frozen=True, slots=True)
class Word:
    """A word of an op. With a `region`, its offset is added to `value` when the arena is laid out."""

    code: Code
    value: int = 0
    step: int = 0
    region: Region | None = None


@record(frozen=True, slots=True)
class OpPlan:
    """One kernel in a group's program. `node` is an index into `GroupPlan.labels`."""

    kernel: str
    words: tuple[Word, ...]
    node: int
    out_word: int = -1
    first_field: int = 0
    fields: int = 0


@record(frozen=True, slots=True)
class ConstantPlan:
    """One constant of a group: 16 lanes of 32 bits."""

    kind: ConstantKind
    value: Any = 0
    name: str = ""


@record(frozen=True, slots=True, eq=False)
class FeedPlan:
    """A step-fed constant. `unit`: how numbers of the language become bits."""

    constant: int
    what: FeedKind
    steps: StepsFeed | None
    unit: Unit


@record(frozen=True, slots=True)
class NodeLabel:
    """What a node is called when it must be named to people."""

    name: str
    scope: str
    loc: Loc | None
    variant: str
    memory: str
    cost_ns: float
    state_bytes: int
    ring_bytes: int

    @property
    def written(self) -> str:
        """What the score says where the node comes from: `*` for a `gain`, the bus for a `mix` that reads it."""
        if self.loc is None:
            return self.name
        begin = self.loc.column - 1
        return self.loc.text[begin : begin + self.loc.length] or self.name


@record(frozen=True, slots=True, eq=False)
class GroupPlan:
    """Connected nodes with the same lanes. `source`: the number of the source, or -1 of buses.

    `key`: what it is called in every plan of the score, whatever else stands there; its state goes by it. `program`: a
    digest of what it runs (`farm.plan.keys`).
    """

    key: str
    name: str
    kind: GroupKind
    buses: tuple[int, ...]
    source: int
    ops: tuple[OpPlan, ...]
    posts: tuple[OpPlan, ...]
    seeks: tuple[OpPlan, ...]
    constants: tuple[ConstantPlan, ...]
    feeds: tuple[FeedPlan, ...]
    fields: int
    carried: bool
    ring_bytes: int
    line_bytes: int
    """Of delay lines that are handed on with the state fields; a multiple of 64."""
    block_frames: int
    buffers: int
    reads_buses: tuple[int, ...]
    reads_sources: tuple[int, ...]
    labels: tuple[NodeLabel, ...]
    cost_ns: float
    """Per frame of a bus; per voice and frame of voices and samples."""
    line_lengths: tuple[tuple[int, ...], ...] = ()
    program: str = ""
    columns: tuple[Column, ...] = ()
    """Of samples: what their node wants to know of each voice."""
    side: Side | None = None
    """Which plane of its bus it writes, if not both."""
    lag: int = 1
    """Of carried buses: no chunk needs anything of the `lag` - 1 chunks before it."""
    forgets: bool = False
    """Whether what it carries is over after a while, so that it may begin anywhere with frames before that count."""


@record(frozen=True, slots=True, eq=False)
class StaticPlan:
    """What does not change during a render: groups in an order in which each follows those it reads."""

    groups: tuple[GroupPlan, ...]
    kernels: tuple[str, ...]
    outputs: tuple[tuple[str, int], ...]
    """Name and bus of each output."""
    rate: int
    chunk_frames: int
    depth: int
    """Chunk slots of the outputs' signals."""
    inner_depth: int
    """Chunk slots of signals between groups."""
    sources: tuple[int, ...]
    buses: tuple[int, ...]
    paths: tuple[PathPlan, ...] = ()
    """What becomes of the outputs."""

    @property
    def given(self) -> tuple[int, ...]:
        """The signals of paths that are read from outside."""
        return tuple(signal for path in self.paths for signal in path.given)


@record(frozen=True, slots=True, eq=False)
class SourceWindow:
    """The voices of one source in a window: rows are lanes, 16 a slice; `halves` (slices, chunks) tells which sound."""

    columns: dict[str, NDArray[Any]]
    voices: int
    first_slice: int
    halves: NDArray[np.uint8]
    """Bit 0, bit 1 per slice and chunk; column 0 is the chunk before the window."""
    counts: Ints
    """Active slices per chunk of the window."""
    constants: NDArray[np.uint32] | None
    """(slices, constants, 16), for voices of instruments."""
    slots: Ints
    """State slot of each slice."""


@record(frozen=True, slots=True, eq=False)
class WindowPlan:
    """The tasks of a window in an order in which each follows those it reads.

    `tasks` int64 (n, len(Task)): GROUP, FRAME, FRAMES, HALVES, ROW, CHUNK, LANES, SLICE are set; offsets hold
    indices until `lower` makes them addresses: CONSTANTS (slice within its source's window), STATE_IN/STATE_OUT
    (2 * slot + parity, or -1), RING (slot), OUT (rank of the slice in its chunk).
    """

    first_chunk: int
    """Chunks count from the rendering's start."""
    chunks: int
    tasks: Ints
    chunk_starts: Ints
    """Index of the first task of each chunk, and the number of tasks: (chunks + 1)."""
    sources: dict[int, SourceWindow]
    feeds: dict[tuple[int, int], Ints]
    """(group, feed) -> entries (n, 2): frame, bits."""
    first_frame: int = 0
    last_frame: int = 0
    """Where the window ends: its last chunk may be short."""
    starts: tuple[int, ...] = ()
    """The frame at which each group began to be heard."""
    end_frame: int | None = None
    """Where sources that are not voices fade out."""
    slots: dict[int, int] = field(default_factory=dict)
    """Group -> number of state slots in use."""
    voices_started: int = 0
    voices_peak: int = 0
    voices_stolen: int = 0
