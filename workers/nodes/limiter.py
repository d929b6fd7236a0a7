"""Internal nodes of an output path: true peaks of what was mixed, and the limiter's gain from them.

The gain is a look-ahead limiter's: Hämäläinen, "Smoothing of the control signal without clipped output in digital peak
limiters" (DAFx 2002), here on segments of 8 to 64 frames. What each segment needs is held over the look-ahead and the
hold, released, and smoothed by two moving means whose lengths sum up to the look-ahead, so that the reduction has
arrived when the peak does. The release has two stages: a fast one after peaks, and a slow one to which a reduction
counts that has lasted for a while, so that dense music is not pumped and low tones keep their shape. All of it ends
after a fixed time for good, which is why a part has the gain of the whole.

Segments count from frame 0, and `delay` frames pass until what comes out is known; so no chunk shows.
"""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Port, Shape, node
from workers.dsp.true_peak import REACH, true_peaks
from workers.simd import (
    F,
    Floats,
    Memory,
    absolute,
    everywhere,
    load,
    load_strided,
    maximum,
    minimum,
    select,
    splat,
    store,
    store_some,
    zero_at,
)
from workers.wire import BEHIND, FADED, GROUP

DEEPEST = 1.0 - 2.0**-20
"""The largest reduction, 120 dB: what is too loud even so is cut off."""


@node(
    role="internal",
    ports=(Port("mixed"), Port("taps"), Port("work"), Port("quiet"), Port("peaks")),
    numbers=("channel_count", "step", "delay", "segment"),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=1.0,
)
def cell_peaks(
    mixed: Any,
    taps: Any,
    work: Any,
    quiet: Any,
    peaks: Any,
    frame: int,
    frames: int,
    channel_count: int,
    step: int,
    delay: int,
    segment: int,
) -> None:
    """True peaks of the cells of 8 frames for which all frames that they depend on lie within the task.

    `mixed`: planes `step` floats apart, the task's first frame at `delay`. `peaks` begin with that of the first segment
    that is complete in this task and was not in the one before.
    """
    base = (frame - BEHIND) // segment * (segment // 8)
    start = (frame + REACH + 7) // 8
    for cell in range(start, (frame + frames - BEHIND) // 8, 8):
        index = delay + 8 * cell - frame
        store(peaks, cell - base, true_peaks(mixed, index, step, channel_count, taps, work, load(quiet, 0)))


def kept(source: Memory, source_at: int, target: Memory, target_at: int, count: int) -> None:
    """Copies `count` floats, rounded up to 8, towards the front."""
    for i in range(0, count, 8):
        store(target, target_at + i, load(source, source_at + i))


def greatest(memory: Memory, source: int, target: int, count: int, width: int) -> None:
    """The greatest of each `width` neighbours from `source` on, `count` of them, at `target`; by doubling."""
    kept(memory, source, memory, target, count + width)
    span = 1
    while span < width:
        further = min(span, width - span)
        for i in range(0, count + width, 8):
            store(memory, target + i, maximum(load(memory, target + i), load(memory, target + i + further)))
        span += further


def least(memory: Memory, source: int, target: int, count: int, width: int) -> None:
    """The least of each `width` neighbours."""
    kept(memory, source, memory, target, count + width)
    span = 1
    while span < width:
        further = min(span, width - span)
        for i in range(0, count + width, 8):
            store(memory, target + i, minimum(load(memory, target + i), load(memory, target + i + further)))
        span += further


def sums(memory: Memory, source: int, target: int, count: int, width: int) -> None:
    """The sum of each `width` neighbours, first to last."""
    for i in range(0, count, 8):
        total = F(0.0)
        for k in range(width):
            total = total + load(memory, source + i + k)
        store(memory, target + i, total)


def released(memory: Memory, source: int, target: int, count: int, before: Floats, share: Floats) -> Floats:
    """What is given, each value followed by its release; begins from `before`, and returns the last value."""
    value = before
    for j in range(count):
        value = maximum(value * share - F(FADED), splat(memory, source + j))
        store_some(memory, target + j, value, 1)
    return value


def needed(peaks: Memory, at: int, segment: int, ceiling: Floats, target: Floats) -> Floats:
    """By how much eight segments must be turned down, the cells of the first of which begin at `at`: not to nothing."""
    peak = F(0.0)
    for k in range(segment // 8):
        peak = maximum(load_strided(peaks, at + k, segment // 8), peak)
    return select(ceiling < peak, minimum(F(1.0) - target / peak, F(DEEPEST)), F(0.0))


def loudest(memory: Memory, at: int, count: int) -> Floats:
    """The greatest of each eighth of `count` floats, rounded up to 8."""
    found = F(0.0)
    for i in range(0, count, 8):
        found = maximum(absolute(load(memory, at + i)), found)
    return found


@node(
    role="internal",
    ports=(
        *(Port("mixed"), Port("taps"), Port("work"), Port("quiet"), Port("peaks"), Port("carried"), Port("nodes")),
        *(Port("ceiling"), Port("target"), Port("fast"), Port("slow"), Port("share")),
    ),
    numbers=("channel_count", "step", "delay", "segment", "window", "sustain", "first_mean", "second_mean"),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=0.1,
)
def limiter(
    mixed: Any,
    taps: Any,
    work: Any,
    quiet: Any,
    peaks: Any,
    carried: Any,
    nodes: Any,
    ceiling: Any,
    target: Any,
    fast: Any,
    slow: Any,
    share: Any,
    frame: int,
    frames: int,
    channel_count: int,
    step: int,
    delay: int,
    segment: int,
    window: int,
    sustain: int,
    first_mean: int,
    second_mean: int,
) -> None:
    """Reductions, 0 to 1, at the borders of segments; puts the `delay` frames before the task in front of `mixed`.

    Peaks above `ceiling` are turned down to `target`. `carried` is handed on from chunk to chunk: two releases, whether
    anything is not 0, in rows of 8; then what segments needed (`window`), what was released (`sustain`), both stages
    (the two means), the last 8 reductions, each padded to 8, then frames of each channel. `nodes` receives those 8
    reductions and one for each segment that is complete in this task and was not in the one before, as many segments
    late as the two means have together, but 2.
    """
    means = first_mean + second_mean
    held = 24
    lasting = held + (window + 7) // 8 * 8
    both = lasting + (sustain + 7) // 8 * 8
    last = both + (means + 7) // 8 * 8
    heard = last + 8
    for c in range(channel_count):
        kept(carried, heard + c * delay, mixed, c * step, delay)
        kept(mixed, c * step + frames, carried, heard + c * delay, delay)
    base = (frame - BEHIND) // segment
    count = (frame + frames - BEHIND) // segment - base
    for cell in range(base * (segment // 8), (frame + REACH + 7) // 8, 8):
        found = true_peaks(mixed, delay + 8 * cell - frame, step, channel_count, taps, work, load(quiet, 0))
        store(peaks, cell - base * (segment // 8), found)
    kept(carried, last, nodes, 0, 8)
    calm = everywhere(loudest(peaks, 0, max(count, 0) * (segment // 8)) <= load(ceiling, 0))
    if calm and zero_at(carried, 16):
        for i in range(0, count, 8):
            store(nodes, 8 + i, F(0.0))
    else:
        rows_a = 0
        rows_b = rows_a + lasting - held + 80
        rows_c = rows_b + both - lasting + 80
        rows_d = rows_c + last - both + 80
        kept(carried, held, work, rows_a, window)
        kept(carried, lasting, work, rows_b, sustain)
        kept(carried, both, work, rows_c, means)
        quick = load(carried, 0)
        lazy = load(carried, 8)
        for s in range(0, count, GROUP):
            many = min(count - s, GROUP)
            for j in range(0, many, 8):
                need = needed(peaks, (s + j) * (segment // 8), segment, load(ceiling, 0), load(target, 0))
                store(work, rows_a + window - 1 + j, need)
            greatest(work, rows_a, rows_d, 64, window)
            quick = released(work, rows_d, rows_b + sustain - 1, many, quick, load(fast, 0))
            least(work, rows_b, rows_d, 64, sustain)
            lazy = released(work, rows_d, rows_c + means - 2, many, lazy, load(slow, 0))
            for j in range(0, many, 8):
                stage = load(work, rows_b + sustain - 1 + j)
                store(work, rows_c + means - 2 + j, maximum(load(work, rows_c + means - 2 + j), stage))
            sums(work, rows_c, rows_d, 64 + second_mean, first_mean)
            sums(work, rows_d, rows_d, 64, second_mean)
            for j in range(0, many, 8):
                store(nodes, 8 + s + j, load(work, rows_d + j) * load(share, 0))
            kept(work, rows_a + many, work, rows_a, window)
            kept(work, rows_b + many, work, rows_b, sustain)
            kept(work, rows_c + many, work, rows_c, means)
        kept(work, rows_a, carried, held, window)
        kept(work, rows_b, carried, lasting, sustain)
        kept(work, rows_c, carried, both, means)
        store(carried, 0, quick)
        store(carried, 8, lazy)
        # What lies behind a row in its eight is of no meaning.
        alive = maximum(quick, lazy)
        for i in range(window - 1):
            alive = maximum(splat(carried, held + i), alive)
        for i in range(sustain - 1):
            alive = maximum(splat(carried, lasting + i), alive)
        for i in range(means - 2):
            alive = maximum(splat(carried, both + i), alive)
        for i in range(8 + count):
            alive = maximum(splat(nodes, i), alive)
        store_some(carried, 16, select(F(0.0) < alive, F(1.0), F(0.0)), 1)
    kept(nodes, max(count, 0), carried, last, 8)
