"""Reverb: eight combs side by side, four allpasses after them."""

from __future__ import annotations

from typing import Any

from workers.catalog import CARRIED, Param, Port, Ring, Shape, node
from workers.dsp.math import settle
from workers.simd import (
    LANES,
    F,
    Floats,
    Memory,
    Words,
    iota,
    lanes_sum,
    load,
    load_strided,
    lookup,
    maximum,
    minimum,
    select,
    splat,
    store,
    store_some,
    store_strided,
    transpose,
    whole,
    word,
)
from workers.wire import LINE_GUARD

COMBS = 8
ALLPASSES = 4
LINES = COMBS + ALLPASSES
COMB_FRAMES = (1116, 1188, 1277, 1356, 1422, 1491, 1557, 1617)
ALLPASS_FRAMES = (556, 441, 341, 225)


def unit(x: Floats) -> Floats:
    """x clamped to 0 ... 1."""
    return minimum(maximum(x, F(0.0)), F(1.0))


def line_start(line: int, line_mask: int) -> int:
    """Where a line begins, counted from its channel's first one: allpasses have half the room of combs."""
    start = min(line, COMBS) * (line_mask + 1 + LINE_GUARD)
    return start + max(line - COMBS, 0) * (((line_mask + 1) >> 1) + LINE_GUARD)


def line_place(line_lengths: Any, channel: int, line: int, now: int, line_mask: int) -> int:
    """Where a line is read at frame `now`, counted from the channel's first line."""
    ago = whole(line_lengths, channel * LINES + line)
    mask = line_mask
    if line >= COMBS:
        mask = line_mask >> 1
    return line_start(line, line_mask) + ((now - ago) & mask)


def comb_reads(line_lengths: Any, channel: int, now: int, line_mask: int) -> Words:
    """Where the eight combs are read at frame `now`, counted from the channel's first line."""
    length = word(whole(line_lengths, channel * LINES))
    for comb in range(1, COMBS):
        length = select(iota() == word(comb), word(whole(line_lengths, channel * LINES + comb)), length)
    return ((word(now) - length) & word(line_mask)) + iota() * word(line_mask + 1 + LINE_GUARD)


def repeat_start(lines: Memory, first: int, at: int, count: int, line_mask: int) -> None:
    """Copies what was written at place `at` of lines, if that is among the first 8, behind their ends."""
    half = (line_mask + 1) >> 1
    short = at & (half - 1)
    if short < LANES:
        for line in range(COMBS, LINES):
            start = first + line_start(line, line_mask)
            store_some(lines, start + half + short, load(lines, start + short), min(count, LANES - short))
    if at < LANES:
        for line in range(COMBS):
            start = first + line_start(line, line_mask)
            store_some(lines, start + line_mask + 1 + at, load(lines, start + at), min(count, LANES - at))


@node(
    role="effect",
    ports=(Port("input"),),
    params=(
        Param("room", "1", None, 0.0, 1.0, "size: feedback of the combs is 0.84 room", also=("room_size",)),
        Param("damp", "1", None, 0.0, 1.0, "how fast the treble of the tail dies", also=("damping",)),
        Param("mix", "1", 0.3, 0.0, 1.0, "level of the tail; the input is kept whole"),
    ),
    memory=CARRIED,
    state=tuple(f"store_{comb}" for comb in range(COMBS)),
    ring=Ring(line_frames=COMB_FRAMES + ALLPASS_FRAMES, spread_frames=23, short_lines=ALLPASSES),
    shape=Shape.CHANNELS,
    cost_ns=6.0,
    example='out: s "bd ~ sn ~" # reverb 0.7 0.5 0.3',
    ends_voice=True,
)
def reverb(
    input: Any,
    room: Any,
    damp: Any,
    mix: Any,
    channels: int,
    lines: Any,
    line_mask: int,
    line_lengths: Any,
    cells: Any,
    out: Any,
    frame: int,
    frames: int,
) -> None:
    """Freeverb: eight parallel combs with a low-pass in their loop, then four allpasses in series, for each channel.

    Jezar at Dreampoint, "Freeverb" (public domain, 2000); its combs and allpasses are those of Schroeder, "Natural
    sounding artificial reverberation" (1962), the damped loop is Moorer's, "About this reverberation business" (1979).
    Comb: d is read, s = s damp + d (1 - damp), input + 0.84 room s is written; the eight d are summed and divided by 8.
    Allpass: v is read, v - x / 2 goes out, x + v / 2 is written. Output: input + mix * tail. Lengths are Freeverb's at
    44.1 kHz; right channels are 23 frames longer. The tail falls by 60 dB in 1.4 s at room 1, 0.45 s at room 0.7.

    Eight frames are done at once where they lie side by side in the lines; their additions are those of the frame by
    frame form. The first 8 floats of a line are repeated behind its end, so that reads may run over it.
    """
    stride = line_mask + 1 + LINE_GUARD
    half = (line_mask + 1) >> 1
    for channel in range(channels):
        first = channel * line_start(LINES, line_mask)
        stores = load_strided(cells, channel, 16)
        if frame & 63 == 0:
            stores = settle(stores)
        i = 0
        while i < frames:
            now = frame + i
            cursor = now & line_mask
            at = first + cursor
            short = cursor & (half - 1)
            below = first + short
            if i + LANES <= frames and short + LANES <= half:
                r0 = load(lines, first + line_place(line_lengths, channel, 0, now, line_mask))
                r1 = load(lines, first + line_place(line_lengths, channel, 1, now, line_mask))
                r2 = load(lines, first + line_place(line_lengths, channel, 2, now, line_mask))
                r3 = load(lines, first + line_place(line_lengths, channel, 3, now, line_mask))
                r4 = load(lines, first + line_place(line_lengths, channel, 4, now, line_mask))
                r5 = load(lines, first + line_place(line_lengths, channel, 5, now, line_mask))
                r6 = load(lines, first + line_place(line_lengths, channel, 6, now, line_mask))
                r7 = load(lines, first + line_place(line_lengths, channel, 7, now, line_mask))
                d0, d1, d2, d3, d4, d5, d6, d7 = transpose(r0, r1, r2, r3, r4, r5, r6, r7)
                s0 = damped(stores, d0, damp[i, channel])
                s1 = damped(s0, d1, damp[i + 1, channel])
                s2 = damped(s1, d2, damp[i + 2, channel])
                s3 = damped(s2, d3, damp[i + 3, channel])
                s4 = damped(s3, d4, damp[i + 4, channel])
                s5 = damped(s4, d5, damp[i + 5, channel])
                s6 = damped(s5, d6, damp[i + 6, channel])
                stores = damped(s6, d7, damp[i + 7, channel])
                f0, f1, f2, f3, f4, f5, f6, f7 = transpose(s0, s1, s2, s3, s4, s5, s6, stores)
                dry = input[i : i + 8, channel]
                back = F(0.84) * unit(room[i : i + 8, channel])
                store(lines, at, settle(dry + f0 * back))
                store(lines, at + stride, settle(dry + f1 * back))
                store(lines, at + 2 * stride, settle(dry + f2 * back))
                store(lines, at + 3 * stride, settle(dry + f3 * back))
                store(lines, at + 4 * stride, settle(dry + f4 * back))
                store(lines, at + 5 * stride, settle(dry + f5 * back))
                store(lines, at + 6 * stride, settle(dry + f6 * back))
                store(lines, at + 7 * stride, settle(dry + f7 * back))
                tail = (((r0 + r4) + (r2 + r6)) + ((r1 + r5) + (r3 + r7))) * F(0.125)
                for line in range(COMBS, LINES):
                    v = load(lines, first + line_place(line_lengths, channel, line, now, line_mask))
                    store(lines, below + line_start(line, line_mask), settle(tail + v * F(0.5)))
                    tail = v - tail * F(0.5)
                out[i : i + 8, channel] = dry + unit(mix[i : i + 8, channel]) * tail
                repeat_start(lines, first, cursor, LANES, line_mask)
                i += LANES
            else:
                d = lookup(lines, first, comb_reads(line_lengths, channel, now, line_mask))
                stores = damped(stores, d, damp[i, channel])
                dry = input[i, channel]
                back = F(0.84) * unit(room[i, channel])
                store_strided(lines, at, stride, settle(dry + stores * back))
                tail = lanes_sum(d) * F(0.125)
                for line in range(COMBS, LINES):
                    v = splat(lines, first + line_place(line_lengths, channel, line, now, line_mask))
                    store_some(lines, below + line_start(line, line_mask), settle(tail + v * F(0.5)), 1)
                    tail = v - tail * F(0.5)
                out[i, channel] = dry + unit(mix[i, channel]) * tail
                repeat_start(lines, first, cursor, 1, line_mask)
                i += 1
        store_strided(cells, channel, 16, stores)


def damped(s: Floats, d: Floats, damp: Floats) -> Floats:
    """The comb's low-pass: s damp + d (1 - damp)."""
    damp = unit(damp)
    return s * damp + d * (F(1.0) - damp)
