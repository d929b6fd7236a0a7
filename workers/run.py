"""The task loop: what a worker does. Compiled as one function per CPU level; also runs as plain Python (slowly).

A task runs a group's program over blocks of at most 64 frames. Blocks end at multiples of 64, at onsets of voices and
at steps of step ports, so that inside a call every constant is constant. State is copied from the previous slot to the
task's own and changed there; nothing that another task wrote is written, so any task may run again.

Four coordinate systems meet here. Offsets in tables count bytes from the start of the arena, those of a group's
scratch from that of the worker's scratch, `code value step` says how a word of an op becomes an address, and only call
records hold addresses.

A worker's scratch, laid out alike for every group (`farm.plan.lower.scratch_sizes`):

    RECORDS_AT   + AGES      16 x uint32             frames since each lane's onset, for seeks
                 + CURSORS   MOST_FEEDS x int64      the next entry of each step port
                 + MOVING    MOST_MOVING x 2 int64   a word that moves with the block | its value at the start
                 + RECORDS   call records            ops of half 0 | ops of half 1 | post ops
    CONSTANTS_AT             constants x FIELD_BYTES
    STATE_AT                 fields x FIELD_BYTES | delay lines       of tasks that hand nothing on
    BUFFERS_AT               silence | lanes signals, BUFFER_BYTES each: BLOCK frames x HALF lanes x float32

A constant of a slice, and a field of its state, FIELD_BYTES; a half is what one vector holds:

    lane  0 1 2 3 4 5 6 7 | 8 9 10 11 12 13 14 15
          half 0: + 0     | half 1: + HALF * 4

An op in the arena, and the call record that `fill_record` makes of it for one task and half, int64 words both:

    op      KERNEL WORDS OUT_WORD FIRST_FIELD FIELDS NODE | code value step | code value step | ...
    record  frames | frame | word 0 | word 1 | ...        as `workers.calls` hands them to the kernel

State of a group in the arena: two slots for each slice in use, written in turn by even and odd chunks:

    fields x FIELD_BYTES | delay lines || the same of the other parity || the next slice ...
"""

from __future__ import annotations

from workers.wire import (
    AGES,
    BLOCK,
    CURSORS,
    FIELD_BYTES,
    HALF,
    LANES,
    MOVING,
    OP_WORDS,
    RECORD_WORDS,
    RECORDS,
    Code,
    Fault,
    Feed,
    Group,
    Noted,
    Op,
    RingHead,
    Run,
    Task,
)
from workers.words import (
    call_address,
    clock_ns,
    clock_ticks,
    default_rounding,
    fetch_ahead,
    read_small,
    read_word,
    store_shared,
    write_small,
    write_word,
)

NEVER = 1 << 62

RUN_ARENA, RUN_TASKS, RUN_FIRST, RUN_COUNT = int(Run.ARENA), int(Run.TASKS), int(Run.FIRST), int(Run.COUNT)
RUN_GROUPS, RUN_OPS, RUN_FEEDS = int(Run.GROUPS), int(Run.OPS), int(Run.FEEDS)
RUN_KERNELS, RUN_SCRATCH, RUN_CHECK = int(Run.KERNELS), int(Run.SCRATCH), int(Run.CHECK)
RUN_STATS = int(Run.STATS)
GROUP_BYTES, TASK_BYTES, FEED_BYTES, OP_BYTES = 8 * len(Group), 8 * len(Task), 8 * len(Feed), 8 * OP_WORDS
RECORD_BYTES = 8 * RECORD_WORDS
G_BLOCK, G_FIRST_OP, G_OPS = int(Group.BLOCK_FRAMES), int(Group.FIRST_OP), int(Group.OPS)
G_POST, G_SEEKS, G_CONSTANTS, G_FIELDS = (
    int(Group.POST_OPS),
    int(Group.SEEKS),
    int(Group.CONSTANTS),
    int(Group.STATE_FIELDS),
)
G_FIRST_FEED, G_FEEDS, G_ONSETS = int(Group.FIRST_FEED), int(Group.FEEDS), int(Group.ONSETS)
G_RECORDS_AT, G_CONSTANTS_AT, G_BUFFERS_AT = int(Group.RECORDS_AT), int(Group.CONSTANTS_AT), int(Group.BUFFERS_AT)
T_GROUP, T_FRAME, T_FRAMES, T_HALVES, T_ROW = (
    int(Task.GROUP),
    int(Task.FRAME),
    int(Task.FRAMES),
    int(Task.HALVES),
    int(Task.ROW),
)
T_CONSTANTS, T_IN, T_STATE, T_RING, T_OUT = (
    int(Task.CONSTANTS),
    int(Task.STATE_IN),
    int(Task.STATE_OUT),
    int(Task.RING),
    int(Task.OUT),
)
T_SLOT, T_CHUNK, T_LANES, T_SLICE = int(Task.SLOT), int(Task.CHUNK), int(Task.LANES), int(Task.SLICE)
O_KERNEL, O_WORDS, O_OUT, O_FIRST_FIELD, O_FIELDS, O_NODE, O_FIRST = (
    int(Op.KERNEL),
    int(Op.WORDS),
    int(Op.OUT_WORD),
    int(Op.FIRST_FIELD),
    int(Op.FIELDS),
    int(Op.NODE),
    int(Op.FIRST_WORD),
)
F_CONSTANT, F_ENTRIES, F_COUNT = int(Feed.CONSTANT), int(Feed.ENTRIES), int(Feed.COUNT)
C_SCRATCH, C_CONSTANT, C_STATE, C_ARENA = int(Code.SCRATCH), int(Code.CONSTANT), int(Code.STATE), int(Code.ARENA)
C_INNER, T_INNER_SLOT = int(Code.INNER), int(Task.INNER_SLOT)
G_STATE_AT, G_LINE_BYTES = int(Group.STATE_AT), int(Group.LINE_BYTES)
C_SIGNAL, C_OUT, C_COLUMN, C_RING = int(Code.SIGNAL), int(Code.OUT), int(Code.COLUMN), int(Code.RING)
C_COUNT, C_LANES, C_AGES, C_HALF_OUT = int(Code.COUNT), int(Code.LANES), int(Code.AGES), int(Code.HALF_OUT)
C_SLAB, C_LINES = int(Code.SLAB), int(Code.LINES)
FAULT_FOUND, FAULT_NODE, FAULT_GROUP, FAULT_FRAME, FAULT_FROM = (
    int(Fault.FOUND),
    int(Fault.NODE),
    int(Fault.GROUP),
    int(Fault.FRAME),
    int(Fault.FROM),
)
G_KEY, G_SHARE = int(Group.KEY), int(Group.SHARE)
R_WRITTEN, R_EDITION, R_MASK, R_RECORDS_AT = (
    int(RingHead.WRITTEN),
    int(RingHead.EDITION),
    int(RingHead.MASK),
    int(RingHead.RECORDS_AT),
)
R_TICKS, R_CLOCK_NS, R_RATE = int(RingHead.TICKS), int(RingHead.CLOCK_NS), int(RingHead.RATE)
RATE_BITS = 24
TICKS_AT_ONCE, TICKS_MEASURED, TICKS_TRUSTED, TICKS_COMPARED = 1 << 12, 1 << 24, 1 << 26, 1 << 36
"""Ticks in which nothing has come between; after which their rate is known; for which it is relied upon, 20 to 70 ms;
and for which it is the rate of one and the same worker at work."""
N_FRAME, N_FRAMES, N_KEY, N_SLICE = int(Noted.FRAME), int(Noted.FRAMES), int(Noted.KEY), int(Noted.SLICE)
N_START, N_END, N_VOICES, N_EDITION = int(Noted.START_NS), int(Noted.END_NS), int(Noted.VOICES), int(Noted.EDITION)
NOTED_BYTES = 8 * len(Noted)
EXPONENT = 0x7F800000


def copy_words(target: int, source: int, count: int) -> None:
    """`count` int64 words, a multiple of 8: all of a cache line are read before one is written, as vectors then."""
    for i in range(0, count, 8):
        a = read_word(source, i)
        b = read_word(source, i + 1)
        c = read_word(source, i + 2)
        d = read_word(source, i + 3)
        e = read_word(source, i + 4)
        f = read_word(source, i + 5)
        g = read_word(source, i + 6)
        h = read_word(source, i + 7)
        write_word(target, i, a)
        write_word(target, i + 1, b)
        write_word(target, i + 2, c)
        write_word(target, i + 3, d)
        write_word(target, i + 4, e)
        write_word(target, i + 5, f)
        write_word(target, i + 6, g)
        write_word(target, i + 7, h)


def zero_words(target: int, count: int) -> None:
    """`count` int64 words of zero bits."""
    for i in range(count):
        write_word(target, i, 0)


def state_of(task: int, group: int, arena: int, scratch: int) -> int:
    """Where a task's state is: its own slot in the arena, or scratch where nothing is handed on."""
    slot = read_word(task, T_STATE)
    if slot < 0:
        return scratch + read_word(group, G_STATE_AT)
    return arena + slot


def fill_record(
    record: int, op: int, half: int, arena: int, task: int, scratch: int, group: int, moving: int, kernels: int
) -> int:
    """Resolves an op's words for this task; words that move with the block go to `moving`. Returns its new end."""
    words = read_word(op, O_WORDS)
    constants = scratch + read_word(group, G_CONSTANTS_AT)
    slot = read_word(task, T_SLOT)
    for w in range(words):
        code = read_word(op, O_FIRST + 3 * w)
        value = read_word(op, O_FIRST + 3 * w + 1)
        step = read_word(op, O_FIRST + 3 * w + 2)
        moves = False
        if code == C_SCRATCH:
            value = scratch + value + half * step
        elif code == C_CONSTANT:
            value = constants + value * FIELD_BYTES + half * HALF * 4
        elif code == C_STATE:
            value = state_of(task, group, arena, scratch) + value * FIELD_BYTES + half * HALF * 4
        elif code == C_LINES:
            fields = read_word(group, G_FIELDS)
            value = state_of(task, group, arena, scratch) + fields * FIELD_BYTES + value + half * step
        elif code == C_ARENA:
            value = arena + value
        elif code == C_SIGNAL:
            value = arena + value + slot * step
            moves = True
        elif code == C_INNER:
            value = arena + value + read_word(task, T_INNER_SLOT) * step
            moves = True
        elif code == C_OUT:
            value = arena + read_word(task, T_OUT) + value
            moves = True
        elif code == C_COLUMN:
            value = arena + value + (read_word(task, T_ROW)) * step
        elif code == C_RING:
            value = arena + read_word(task, T_RING) + value + half * step
        elif code == C_COUNT:
            value = read_word(arena + value, read_word(task, T_CHUNK))
        elif code == C_LANES:
            value = read_word(task, T_LANES)
        elif code == C_SLAB:
            value = read_word(kernels, -1)
        elif code == C_AGES:
            value = scratch + read_word(group, G_RECORDS_AT) + AGES + half * HALF * 4
        elif code == C_HALF_OUT:
            if (read_word(task, T_HALVES) >> step) & 1 == 0:
                value = read_word(group, G_BUFFERS_AT)
            value = scratch + value
        write_word(record, 2 + w, value)
        if moves:
            write_word(moving, 0, record + 8 * (2 + w))
            write_word(moving, 1, value)
            moving += 16
    return moving


def set_constant(constants: int, index: int, bits: int) -> None:
    """One value in all 16 lanes of a constant."""
    for lane in range(LANES):
        write_small(constants + index * FIELD_BYTES, lane, bits)


def start_feeds(group: int, feeds: int, arena: int, scratch: int, frame: int) -> None:
    """Finds each step port's step at `frame` and applies it."""
    constants = scratch + read_word(group, G_CONSTANTS_AT)
    cursors = scratch + read_word(group, G_RECORDS_AT) + CURSORS
    for f in range(read_word(group, G_FEEDS)):
        feed = feeds + (read_word(group, G_FIRST_FEED) + f) * FEED_BYTES
        entries = arena + read_word(feed, F_ENTRIES)
        low = 0
        high = read_word(feed, F_COUNT)
        while low < high:
            middle = (low + high) // 2
            if read_word(entries, 2 * middle) <= frame:
                low = middle + 1
            else:
                high = middle
        if low > 0:
            set_constant(constants, read_word(feed, F_CONSTANT), read_word(entries, 2 * low - 1))
        write_word(cursors, f, low)


def next_step(group: int, feeds: int, arena: int, scratch: int, frame: int, end: int) -> int:
    """Applies the steps at `frame`; returns the frame of the next one, at most `end`."""
    constants = scratch + read_word(group, G_CONSTANTS_AT)
    cursors = scratch + read_word(group, G_RECORDS_AT) + CURSORS
    for f in range(read_word(group, G_FEEDS)):
        feed = feeds + (read_word(group, G_FIRST_FEED) + f) * FEED_BYTES
        entries = arena + read_word(feed, F_ENTRIES)
        count = read_word(feed, F_COUNT)
        at = read_word(cursors, f)
        while at < count and read_word(entries, 2 * at) <= frame:
            set_constant(constants, read_word(feed, F_CONSTANT), read_word(entries, 2 * at + 1))
            at += 1
        write_word(cursors, f, at)
        if at < count and read_word(entries, 2 * at) < end:
            end = read_word(entries, 2 * at)
    return end


def begin_voices(group: int, task: int, arena: int, scratch: int, frame: int, end: int) -> int:
    """Clears the state of lanes whose onset is `frame`; returns the next onset, at most `end`."""
    onsets = arena + read_word(group, G_ONSETS) + read_word(task, T_ROW) * 8
    state = state_of(task, group, arena, scratch)
    for lane in range(read_word(task, T_LANES)):
        onset = read_word(onsets, lane)
        if onset == frame:
            for f in range(read_word(group, G_FIELDS)):
                write_small(state + f * FIELD_BYTES, lane, 0)
        elif onset > frame and onset < end:
            end = onset
    return end


def seek(group: int, task: int, ops: int, arena: int, kernels: int, scratch: int) -> None:
    """Computes CLOSED_FORM state at the task's first frame from each lane's age."""
    frame = read_word(task, T_FRAME)
    ages = scratch + read_word(group, G_RECORDS_AT) + AGES
    onsets = read_word(group, G_ONSETS)
    for lane in range(LANES):
        age = frame
        if onsets != 0:
            age = 0
            if lane < read_word(task, T_LANES):
                age = frame - read_word(arena + onsets, read_word(task, T_ROW) + lane)
        write_small(ages, lane, max(age, 0))
    record = scratch + read_word(group, G_RECORDS_AT) + RECORDS
    first = read_word(group, G_FIRST_OP) + read_word(group, G_OPS) + read_word(group, G_POST)
    for s in range(read_word(group, G_SEEKS)):
        op = ops + (first + s) * OP_BYTES
        state = state_of(task, group, arena, scratch) + read_word(op, O_FIRST_FIELD) * FIELD_BYTES
        zero_words(state, read_word(op, O_FIELDS) * (FIELD_BYTES // 8))
        for half in range(2):
            fill_record(record, op, half, arena, task, scratch, group, record + RECORD_BYTES, kernels)
            write_word(record, 0, 0)
            write_word(record, 1, frame)
            call_address(read_word(kernels, read_word(op, O_KERNEL)), record)


def sounds(group: int, task: int, arena: int, lane: int, frame: int) -> bool:
    """Whether a lane holds a voice that has begun (on a bus: whether it is left or right)."""
    onsets = read_word(group, G_ONSETS)
    if onsets == 0:
        return lane < 2
    return lane < read_word(task, T_LANES) and read_word(arena + onsets, read_word(task, T_ROW) + lane) <= frame


def search(op: int, record: int, group: int, task: int, arena: int, half: int, check: int) -> None:
    """Notes the first frame of an op's output that is NaN or infinite in a lane that sounds, if it is the earliest."""
    if read_word(op, O_OUT) < 0:
        return
    out = read_word(record, read_word(op, O_OUT))
    frame = read_word(record, 1)
    end = frame + read_word(record, 0)
    if read_word(check, FAULT_FOUND) != 0:
        end = min(end, read_word(check, FAULT_FRAME))
    for i in range(max(read_word(check, FAULT_FROM) - frame, 0) * HALF, (end - frame) * HALF):
        at = frame + i // HALF
        if read_small(out, i) & EXPONENT == EXPONENT and sounds(group, task, arena, half * HALF + i % HALF, at):
            write_word(check, FAULT_FOUND, 1)
            write_word(check, FAULT_NODE, read_word(op, O_NODE))
            write_word(check, FAULT_GROUP, read_word(task, T_GROUP))
            write_word(check, FAULT_FRAME, at)
            return


def call_op(op: int, record: int, kernels: int, frame: int, frames: int) -> None:
    """One kernel over one block."""
    write_word(record, 0, frames)
    write_word(record, 1, frame)
    call_address(read_word(kernels, read_word(op, O_KERNEL)), record)


def run_task(arena: int, task: int, group: int, ops: int, feeds: int, kernels: int, scratch: int, check: int) -> None:
    """One task, from its own tables to its own slots."""
    first = read_word(task, T_FRAME)
    end = first + read_word(task, T_FRAMES)
    halves = read_word(task, T_HALVES)
    constants = scratch + read_word(group, G_CONSTANTS_AT)
    copy_words(constants, arena + read_word(task, T_CONSTANTS), read_word(group, G_CONSTANTS) * (FIELD_BYTES // 8))
    fields = read_word(group, G_FIELDS)
    if fields > 0:
        state = state_of(task, group, arena, scratch)
        held = (fields * FIELD_BYTES + read_word(group, G_LINE_BYTES)) // 8
        if read_word(task, T_IN) >= 0:
            copy_words(state, arena + read_word(task, T_IN), held)
        else:
            zero_words(state, held)
    start_feeds(group, feeds, arena, scratch, first)
    if read_word(group, G_SEEKS) > 0:
        seek(group, task, ops, arena, kernels, scratch)
    count = read_word(group, G_OPS)
    posts = read_word(group, G_POST)
    program = ops + read_word(group, G_FIRST_OP) * OP_BYTES
    records = scratch + read_word(group, G_RECORDS_AT) + RECORDS
    moving_first = scratch + read_word(group, G_RECORDS_AT) + MOVING
    moving = moving_first
    for half in range(2):
        if (halves >> half) & 1:
            for o in range(count):
                record = records + (half * count + o) * RECORD_BYTES
                moving = fill_record(record, program + o * OP_BYTES, half, arena, task, scratch, group, moving, kernels)
    for o in range(posts):
        record = records + (2 * count + o) * RECORD_BYTES
        moving = fill_record(record, program + (count + o) * OP_BYTES, 0, arena, task, scratch, group, moving, kernels)
    block = read_word(group, G_BLOCK)
    voices = read_word(group, G_ONSETS) != 0 and fields > 0
    frame = first
    while frame < end:
        stop = end
        if block <= BLOCK:
            stop = min(end, (frame // BLOCK + 1) * BLOCK)
            stop = min(stop, frame + block)
        stop = next_step(group, feeds, arena, scratch, frame, stop)
        if voices:
            stop = begin_voices(group, task, arena, scratch, frame, stop)
        at = moving_first
        while at < moving:
            write_word(read_word(at, 0), 0, read_word(at, 1) + (frame - first) * 4)
            at += 16
        for half in range(2):
            if (halves >> half) & 1:
                for o in range(count):
                    record = records + (half * count + o) * RECORD_BYTES
                    call_op(program + o * OP_BYTES, record, kernels, frame, stop - frame)
                    if check != 0:
                        search(program + o * OP_BYTES, record, group, task, arena, half, check)
        for o in range(posts):
            record = records + (2 * count + o) * RECORD_BYTES
            call_op(program + (count + o) * OP_BYTES, record, kernels, frame, stop - frame)
        frame = stop


def ring_clock_ns(ring: int) -> int:
    """The monotonic clock as a ring's worker keeps it: reckoned from ticks of its CPU, and set anew now and then."""
    passed = clock_ticks() - read_word(ring, R_TICKS)
    rate = read_word(ring, R_RATE)
    if rate == 0 or passed < 0 or passed >= TICKS_TRUSTED:
        return set_clock(ring, passed)
    return read_word(ring, R_CLOCK_NS) + ((passed * rate) >> RATE_BITS)


def set_clock(ring: int, passed: int) -> int:
    """Looks at the clock; after a while, in which `passed` ticks were counted, it is also known how fast they come."""
    before = clock_ticks()
    now = clock_ns()
    ticks = clock_ticks()
    # Who was interrupted meanwhile does not know which tick that instant was.
    if ticks - before < TICKS_AT_ONCE and (passed < 0 or passed >= TICKS_MEASURED):
        counted = ticks - read_word(ring, R_TICKS)
        if counted >= TICKS_MEASURED and counted < TICKS_COMPARED:
            write_word(ring, R_RATE, ((now - read_word(ring, R_CLOCK_NS)) << RATE_BITS) // counted)
        write_word(ring, R_TICKS, ticks)
        write_word(ring, R_CLOCK_NS, now)
    return now


def expect_note(ring: int) -> None:
    """A task is about to begin: where it will be noted is fetched while it runs."""
    place = read_word(ring, R_WRITTEN) & read_word(ring, R_MASK)
    fetch_ahead(ring + read_word(ring, R_RECORDS_AT) + place * NOTED_BYTES)


def note(ring: int, task: int, group: int, started: int) -> int:
    """Notes a task that began at `started` and ends now; returns that instant, in ns.

    The record is counted when it is whole. Whoever dies before that has written nothing: the next one begins there.
    """
    ended = max(ring_clock_ns(ring), started)
    written = read_word(ring, R_WRITTEN)
    at = ring + read_word(ring, R_RECORDS_AT) + (written & read_word(ring, R_MASK)) * NOTED_BYTES
    write_word(at, N_FRAME, read_word(task, T_FRAME))
    write_word(at, N_FRAMES, read_word(task, T_FRAMES))
    write_word(at, N_KEY, read_word(group, G_KEY))
    write_word(at, N_SLICE, read_word(task, T_SLICE))
    write_word(at, N_START, started)
    write_word(at, N_END, ended)
    write_word(at, N_VOICES, read_word(task, T_LANES))
    write_word(at, N_EDITION, read_word(ring, R_EDITION))
    share = read_word(group, G_SHARE)
    write_word(ring, share, read_word(ring, share) + ended - started)
    store_shared(ring, R_WRITTEN, written + 1)
    return ended


def run(call: int) -> None:
    """Runs tasks FIRST .. FIRST + COUNT of a table in order; `call` is the address of a `Run` record."""
    default_rounding()
    arena = read_word(call, RUN_ARENA)
    tasks = read_word(call, RUN_TASKS)
    groups = read_word(call, RUN_GROUPS)
    first = read_word(call, RUN_FIRST)
    stats = read_word(call, RUN_STATS)
    started = 0
    if stats != 0:
        started = ring_clock_ns(stats)
    for t in range(first, first + read_word(call, RUN_COUNT)):
        task = tasks + t * TASK_BYTES
        group = groups + read_word(task, T_GROUP) * GROUP_BYTES
        if stats != 0:
            expect_note(stats)
        run_task(
            arena,
            task,
            group,
            read_word(call, RUN_OPS),
            read_word(call, RUN_FEEDS),
            read_word(call, RUN_KERNELS),
            read_word(call, RUN_SCRATCH),
            read_word(call, RUN_CHECK),
        )
        if stats != 0:
            started = note(stats, task, group, started)
