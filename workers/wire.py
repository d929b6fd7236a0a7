"""The tables that planner and workers share: records of 64-bit words, all integers, addressed by name.

A table is an int64 array of shape (records, fields). Offsets are bytes from the start of the arena. Signals, constants,
state and rings are float32 slabs. `VERSION` is the first word of an arena.
"""

from __future__ import annotations

from enum import IntEnum

VERSION = 4

LANES = 16
"""Lanes of a slice."""
HALF = 8
"""Lanes of one vector; a slice has two halves."""
BLOCK = 64
"""Frames of one inner call, at most; blocks never cross a multiple of this."""
GUARD = 16
"""Frames by which every signal buffer is padded."""
LINE_GUARD = 16
"""Floats behind each of a node's delay lines. The first 8 repeat the line's own first ones, so that eight neighbours
may be read anywhere; the rest keeps lines of equal length from meeting in the same places of the cache."""

FIELD_BYTES = LANES * 4
"""Bytes of one constant or state field of a slice."""
BUFFER_BYTES = BLOCK * HALF * 4
"""Bytes of one lanes signal in scratch."""
RECORD_WORDS = 28
"""Words of one call record in scratch."""


TRIANGULAR, RISING = 1, 2
"""Kinds of dither; 0 is none."""
UPPER_24 = 32
"""The width of whole numbers of 24 bits in the upper three of four bytes."""

BEHIND = 16
"""Frames behind a segment of the limiter that must have come before its peak is known."""
FADED = 2.0**-16
"""What a release of the limiter loses besides its share in each segment, so that it ends."""
GROUP = 64
"""Segments that the limiter works out at once."""
PLANE = 200
"""Floats of a channel in which true peaks are looked for: three blocks, of which the middle one has its neighbours."""
HELD = 40
"""Floats that eight channels carry where loudness is measured: two states of each filter, and the energy of a cell."""

MOST_FEEDS = 1024
"""Step ports of one group, at most."""
MOST_MOVING = 2048
"""Words of one group that move with the block, at most."""


class Group(IntEnum):
    """Fields of a group: connected nodes with the same lanes, run one after another over blocks."""

    BLOCK_FRAMES = 0
    FIRST_OP = 1
    OPS = 2
    """Ops per half, run for each active half."""
    POST_OPS = 3
    """Ops that follow them in the table, run once a block for the whole slice."""
    SEEKS = 4
    """Ops that follow those, run once at the start of a task."""
    CONSTANTS = 5
    STATE_FIELDS = 6
    FIRST_FEED = 7
    FEEDS = 8
    ONSETS = 9
    """Offset of the voices' onset column (int64), or 0 on a bus."""
    RECORDS_AT = 10
    """Offsets into scratch."""
    CONSTANTS_AT = 11
    BUFFERS_AT = 12
    STATE_AT = 13
    """State of tasks that hand nothing on: STATE_OUT is -1."""
    LINE_BYTES = 14
    """Bytes of delay lines behind the state fields, handed on with them."""
    KEY = 15
    """What records of its tasks call it (`key_word`)."""
    SHARE = 16
    """Which `RingHead` word sums up the time of its tasks."""


class Task(IntEnum):
    """Fields of a task: one group, one slice, one chunk."""

    GROUP = 0
    FRAME = 1
    FRAMES = 2
    HALVES = 3
    """Bit 0 and bit 1: which halves sound."""
    ROW = 4
    """First voice row of the slice."""
    CONSTANTS = 5
    STATE_IN = 6
    """Offset of the state before, or -1: zeros."""
    STATE_OUT = 7
    RING = 8
    OUT = 9
    """Offset of the slice's private sum (voices)."""
    SLOT = 10
    """Chunk slot of signals read from outside: chunk number modulo their depth."""
    INNER_SLOT = 14
    """Chunk slot of signals between groups."""
    CHUNK = 11
    """Chunk number within the window."""
    LANES = 12
    """Voices in the slice, 1 to 16."""
    SLICE = 13


class Op(IntEnum):
    """Fields of an op: one kernel in a group's program. Words follow, three fields each (code, value, half step)."""

    KERNEL = 0
    WORDS = 1
    OUT_WORD = 2
    """Which word is the output, for the search for NaNs; -1: none."""
    FIRST_FIELD = 3
    """State fields of the op (a seek starts them from zero)."""
    FIELDS = 4
    NODE = 5
    FIRST_WORD = 6


OP_WORDS = int(Op.FIRST_WORD) + 3 * (RECORD_WORDS - 2)


class Code(IntEnum):
    """What a word of an op becomes in a call record."""

    LITERAL = 0
    SCRATCH = 1
    CONSTANT = 2
    STATE = 3
    ARENA = 4
    SIGNAL = 5
    """Stereo signal in the arena: value + slot * step, moved on by the frames done."""
    OUT = 6
    """The task's private sum, moved on likewise."""
    COLUMN = 7
    """value + row * 8 (int64) or row * 4 (float32): step says which."""
    RING = 8
    COUNT = 9
    """A number from a table by chunk of the window: arena[value + chunk * 8]."""
    LANES = 10
    AGES = 11
    """Seeks only: uint32 frames since each lane's onset, in scratch."""
    INNER = 13
    """Stereo signal between groups: value + inner slot * step, moved on by the frames done."""
    HALF_OUT = 12
    """Scratch buffer of half `step`, or the zero buffer where that half is silent."""
    SLAB = 14
    """Where the slab of samples begins in this process."""
    LINES = 15
    """Delay lines behind the task's state fields: value + half * step."""


def coding(stride: int, bits: int, floating: bool) -> int:
    """How the values of a sound file lie: bytes from one frame to the next, bits of a value, float or integer.

    Packed: bits 0 to 7 the stride, 8 to 15 how far a word is shifted up so that the value's sign leads, 16: float.
    """
    return stride | (32 - bits) << 8 | int(floating) << 16


CONTROL_STRIDE = 8
"""Words between control words: each has a cache line of its own."""


class Control(IntEnum):
    """Words that workers and coordinator share, `CONTROL_STRIDE` words apart.

    Only `done` bits of tasks are the truth; HEAD, TAIL, the ring and the pending counts are derived from them.
    """

    HEAD = 0
    """Next place of the ring to take from."""
    TAIL = 1
    """Next place of the ring to put into."""
    WAKE = 3
    """Counts publications; idle workers sleep on it."""
    SLEEPERS = 4
    """Workers asleep on WAKE or about to be."""
    HALT = 5
    """1: workers park at their next task boundary."""
    STOP = 6
    """1: workers return to Python."""
    UNREAD = 2
    """Chunks that are finished and wait for the coordinator to read them,"""
    COMING = 7
    """and whether it has yet to bring a window."""
    FIRST_WORKER = 8
    """Per worker from here on, `WORKER_WORDS` words: CLAIM, PARKED, and, side by side, how many tasks it has done and
    for how many nanoseconds it waited for the coordinator."""


WORKER_WORDS = 3 * CONTROL_STRIDE
TASK_BITS = 24
"""Of a place in the ring of ready tasks; the rest is the number of its entry."""


class Schedule(IntEnum):
    """Words of the record that `work`, `complete` and `join` are called with, after those of `Run`."""

    CONTROL = 11
    SUCCESSORS = 12
    """int64 (edges): tasks that follow, and -1 less the number of reads that do, grouped by task."""
    FIRST_SUCCESSOR = 13
    """int64 (tasks + reads + 1), of two windows one behind the other, as the next two."""
    PENDING = 14
    """int64 (tasks + reads): predecessors not done."""
    DONE = 15
    """int64 (tasks + reads): 1 when done, see `workers.work`."""
    RING = 16
    """int64 (a power of 2): ready tasks, see `workers.work`."""
    WORKER = 17
    SPINS = 18
    PORTABLE = 19
    READ = 20
    """For `complete`: the first read that is done."""
    JOINING = 21
    """For `join`: an address."""
    RING_MASK = 22
    """The ring's places less 1."""
    READS = 23
    """For `complete`: how many reads are done."""


class Feed(IntEnum):
    """A step port: the constant it sets, and where its (frame, bits) entries lie."""

    CONSTANT = 0
    ENTRIES = 1
    COUNT = 2


class Run(IntEnum):
    """Words of the record that `run` is called with."""

    ARENA = 0
    TASKS = 1
    FIRST = 2
    COUNT = 3
    GROUPS = 4
    OPS = 5
    FEEDS = 6
    KERNELS = 7
    """int64 addresses, in this process: of the slab of samples, then, from here on, of the kernels."""
    SCRATCH = 8
    CHECK = 9
    """0, or the address of a `Fault`: every output is searched for NaN and infinity."""
    STATS = 10
    """0, or the address of the ring in which each task is noted."""


class Fault(IntEnum):
    """The earliest frame that a checked run found, of its nodes the first in the order of computation."""

    FOUND = 0
    GROUP = 1
    NODE = 2
    """Which of the group's."""
    FRAME = 3
    FROM = 4
    """Given: the first frame that is searched."""


STATS_MAGIC = 0x5354415453464D52
"""The first word of a stats file."""
STATS_VERSION = 1
RING_RECORDS = 4096
"""Records of one ring: a power of 2."""


class StatsHeader(IntEnum):
    """Words at the start of a stats file. Offsets are bytes from there."""

    MAGIC = 0
    VERSION = 1
    NAMES_AT = 2
    """Where the names of groups begin,"""
    NAMES_BYTES = 3
    """and how many bytes of them are written: each its `key_word`, the length of the name, the name in UTF-8."""
    RINGS_AT = 4
    """Where the first ring begins (`RingHead`); its records follow `RING_BYTES` behind its beginning."""
    RINGS = 5
    RING_STEP = 6
    """Bytes from a ring to the next."""
    RING_BYTES = 7
    RING_RECORDS = 8
    """Records of a ring: a power of 2."""
    RECORD_BYTES = 9
    CREATOR = 10
    """Process id of the coordinator."""


class RingHead(IntEnum):
    """Words at the start of a ring of records, which one worker writes. Times in ns."""

    KERNELS_NS = 0
    """All time in tasks of voices and buses, and"""
    OUTPUT_NS = 1
    """in those that turn outputs into frames."""
    WRITTEN = 2
    """How many records were ever written, counted after each: number n lies in place n modulo their count."""
    EDITION = 3
    """Number of the rendering within its session."""
    MASK = 4
    """The ring's places less 1."""
    RECORDS_AT = 5
    """Bytes from the ring's start to its records."""
    SETUP_NS = 6
    """CPU time of the worker outside of its loop: starting, mapping, loading code."""
    WORKER = 7
    TICKS = 8
    """The worker's clock: what the CPU had counted at an instant,"""
    CLOCK_NS = 9
    """that instant on the system's monotonic clock,"""
    RATE = 10
    """and nanoseconds a tick, times 2**24; 0: not known yet."""


class Noted(IntEnum):
    """Words of a record: one task that was done. Nothing in it is a number of one plan."""

    FRAME = 0
    """Its first frame, counted from the start of the score."""
    FRAMES = 1
    KEY = 2
    """Of its group: a `key_word` whose name stands in the file."""
    SLICE = 3
    START_NS = 4
    """On the system's monotonic clock (`time.monotonic_ns`)."""
    END_NS = 5
    VOICES = 6
    """0 on a bus."""
    EDITION = 7


# Scratch, at the group's RECORDS_AT: ages of the lanes, feed cursors, moving words (two words each), then the call
# records: ops of half 0, ops of half 1, post ops (seeks use the first).
AGES = 0
CURSORS = FIELD_BYTES
MOVING = CURSORS + 8 * MOST_FEEDS
RECORDS = MOVING + 16 * MOST_MOVING
