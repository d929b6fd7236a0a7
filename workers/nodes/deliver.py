"""Internal node of an output path: mixed frames as they stand in a file, dithered and packed, and side by side."""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Port, Shape, node
from workers.dsp.dither_keys import EPOCH
from workers.dsp.packing import pack_16, pack_24, pack_upper_24
from workers.dsp.quantise import clamped, quantised, rising, triangular
from workers.nodes.master import eight
from workers.simd import (
    F,
    Floats,
    Memory,
    U,
    Words,
    absolute,
    everywhere,
    from_bits,
    iota,
    load,
    maximum,
    minimum,
    near_lookup,
    select,
    store,
    store_strided,
    to_float,
    whole,
    word,
)
from workers.wire import BEHIND, RISING, UPPER_24

QUIET = 2.0**-15
"""-90 dBFS."""


def keyed_noise(keys: Memory, row: int, frame: int, kind: int) -> Words:
    """The dither of eight frames from number `frame` on by the key in a row of `keys`."""
    low = word(whole(keys, row))
    high = word(whole(keys, row + 1))
    place = word(frame) + iota()
    if kind == RISING:
        found = rising(place, low, high)
    else:
        found = triangular(place, low, high)
    return found


def noise(keys: Memory, frame: int, channel: int, channel_count: int, kind: int) -> Words:
    """The dither of eight frames of a channel; they may lie in two epochs."""
    if kind == 0:
        return U(0)
    first = whole(keys, 0)
    here = min(max(frame // EPOCH - first, 0), 1)
    last = min(max((frame + 7) // EPOCH - first, 0), 1)
    found = keyed_noise(keys, 1 + (here * channel_count + channel) * 2, frame, kind)
    if here != last:
        later = keyed_noise(keys, 1 + (last * channel_count + channel) * 2, frame, kind)
        found = select(word(frame) + iota() < word(frame), later, found)
    return found


def reductions(nodes: Memory, frame: int, base: int, segment: int) -> Floats:
    """By how much eight frames are turned down: between the borders of segments, of which number `base` comes first."""
    place = word(frame % segment) + iota()
    over = select(place < word(segment), U(0), U(1))
    row = frame // segment - base
    here = near_lookup(nodes, row, over)
    there = near_lookup(nodes, row + 1, over)
    part = to_float(place - over * word(segment)) / to_float(word(segment))
    return here + (there - here) * part


def within(frame: int, first: int, last: int) -> Words:
    """1 for those of eight frames from number `frame` on that lie from `first` up to `last`, else 0."""
    begun = select(iota() < word(min(max(first - frame, 0), 8)), U(0), U(1))
    return select(iota() < word(min(max(last - frame, 0), 8)), begun, U(0))


@node(
    role="internal",
    ports=(
        *(Port("mixed"), Port("nodes"), Port("ceiling"), Port("keys"), Port("levels")),
        *(Port("work"), Port("sound"), Port("data")),
    ),
    numbers=(
        *("channel_count", "step", "delay", "segment", "late"),
        *("cut_off", "width", "dither", "first", "last"),
    ),
    memory=STATELESS,
    shape=Shape.STEREO,
    cost_ns=1.0,
)
def deliver(
    mixed: Any,
    nodes: Any,
    ceiling: Any,
    keys: Any,
    levels: Any,
    work: Any,
    sound: Any,
    data: Any,
    frame: int,
    frames: int,
    channel_count: int,
    step: int,
    delay: int,
    segment: int,
    late: int,
    cut_off: int,
    width: int,
    dither: int,
    first: int,
    last: int,
) -> None:
    """Planes of frames, `channel_count` of them and `step` floats apart, side by side in `sound`, frame after frame.

    The first is `delay` frames before the task's own. Where there is a `segment` they are turned down by what `nodes`
    says, `late` segments late, as `workers.nodes.limiter` gives it, to `ceiling` at most. With `cut_off` 1 they are cut
    off at full scale.
    `width` 16, 24 or `UPPER_24`: as whole numbers into `data` besides, with a `dither` from `keys`: int64, the number
    of an epoch, then two halves of a key for each of its channels, and for those of the next epoch. `work` holds as
    many words as 64 frames have.

    `levels` receives 8 values each: the greatest magnitudes before they are cut off; words that count frames which were
    cut off, frames of which a channel is outside the range of whole numbers, and frames above -90 dBFS which were
    turned down; by how much, at most. All of frames `first` up to `last` only. Writes up to 7 frames past the end, and
    32 whole numbers.
    """
    peak = F(0.0)
    beyond = U(0)
    outside = U(0)
    lowered = U(0)
    deepest = F(0.0)
    base = 0
    if segment > 0:
        base = (frame - BEHIND) // segment - late - 8
    most = 1 << (max(min(width, 24), 1) - 1)
    for start in range(0, frames, 64):
        many = min(frames - start, 64)
        limited = 0
        if segment > 0:
            row = (frame - delay + start) // segment - base
            if not everywhere(maximum(load(nodes, row), load(nodes, row + 8)) <= F(0.0)):
                limited = 1
        for i in range(start, start + many, 8):
            at = frame - delay + i
            kept = within(at, first, last)
            less = F(0.0)
            audible = U(0)
            if limited == 1:
                less = reductions(nodes, at, base, segment)
                deepest = maximum(select(kept == U(1), less, F(0.0)), deepest)
            loud = U(0)
            strange = U(0)
            for c in range(channel_count):
                value = eight(mixed, c * step + i, frames - i)
                if limited == 1:
                    turned = select(F(0.0) < less, U(1), U(0))
                    audible = audible | select(F(QUIET) < absolute(value), turned, U(0))
                    # A large reduction is known to 2^-24 only.
                    lower = F(0.0) - load(ceiling, 0)
                    value = minimum(maximum(value * (F(1.0) - less), lower), load(ceiling, 0))
                peak = maximum(select(kept == U(1), absolute(value), F(0.0)), peak)
                if cut_off == 1:
                    loud = loud | select(F(1.0) < absolute(value), U(1), U(0))
                    value = minimum(maximum(value, F(-1.0)), F(1.0))
                store_strided(sound, i * channel_count + c, channel_count, value)
                if width > 0:
                    scale = to_float(word(most))
                    exact = quantised(value, noise(keys, at, c, channel_count, dither), scale)
                    held = clamped(exact, word(most))
                    strange = strange | select(held == exact, U(0), U(1))
                    store_strided(work, (i - start) * channel_count + c, channel_count, from_bits(held))
            beyond = beyond + (loud & kept)
            outside = outside + (strange & kept)
            lowered = lowered + (audible & kept)
        if width == 16:
            pack_16(work, data, start * channel_count, many * channel_count)
        if width == 24:
            pack_24(work, data, start * channel_count, many * channel_count)
        if width == UPPER_24:
            pack_upper_24(work, data, start * channel_count, many * channel_count)
    store(levels, 0, peak)
    store(levels, 8, from_bits(beyond))
    store(levels, 16, from_bits(outside))
    store(levels, 24, from_bits(lowered))
    store(levels, 32, deepest)
