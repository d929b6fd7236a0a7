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
    load,
    load_strided,
    maximum,
    minimum,
    splat,
    store,
    store_some,
    store_strided,
    transpose,
    whole,
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


def line_start(line_lengths: Any, channel: int, line: int) -> int:
    """Where a line begins, counted from its channel's first one. `line` is a literal."""
    start = 0
    for before in range(line):
        start += whole(line_lengths, channel * LINES + before) + LINE_GUARD
    return start


def enter(lines: Memory, line_lengths: Any, first: int, channel: int, line: int, now: int, count: int) -> int:
    """Where a line is read, and then written, at frame `now`; the `count` frames from there on follow one another.

    Those that lie beyond the line's end, at its start that is, are copied behind the end: `leave` brings them back.
    """
    start = first + line_start(line_lengths, channel, line)
    length = whole(line_lengths, channel * LINES + line)
    place = now % length
    for i in range(0, place + count - length, LANES):
        store(lines, start + length + i, load(lines, start + i))
    return start + place


def leave(lines: Memory, line_lengths: Any, first: int, channel: int, line: int, now: int, count: int) -> None:
    """Puts what was written behind a line's end where it belongs."""
    start = first + line_start(line_lengths, channel, line)
    length = whole(line_lengths, channel * LINES + line)
    beyond = now % length + count - length
    for i in range(0, beyond, LANES):
        store_some(lines, start + i, load(lines, start + length + i), min(beyond - i, LANES))


def allpass(lines: Memory, at: int, x: Floats) -> Floats:
    """Eight frames of an allpass whose line is at `at`."""
    v = load(lines, at)
    store(lines, at, settle(x + v * F(0.5)))
    return v - x * F(0.5)


def allpass_frame(lines: Memory, at: int, x: Floats) -> Floats:
    """The same for one frame, its value in every lane."""
    v = splat(lines, at)
    store_some(lines, at, settle(x + v * F(0.5)), 1)
    return v - x * F(0.5)


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
    ring=Ring(line_frames=COMB_FRAMES + ALLPASS_FRAMES, spread_frames=23),
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
    line_room: int,
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

    A line is exactly as long as its delay, so that frame n is read and written at place n modulo its length. Eight
    frames are done at once, side by side in the lines; their additions are those of the frame by frame form.
    """
    for channel in range(channels):
        first = channel * line_room
        stores = load_strided(cells, channel, 16)
        if frame & 63 == 0:
            stores = settle(stores)
        shortest = whole(line_lengths, channel * LINES)
        for line in range(1, LINES):
            shortest = min(shortest, whole(line_lengths, channel * LINES + line))
        done = 0
        while done < frames:
            now = frame + done
            count = min(frames - done, shortest)
            p0 = enter(lines, line_lengths, first, channel, 0, now, count)
            p1 = enter(lines, line_lengths, first, channel, 1, now, count)
            p2 = enter(lines, line_lengths, first, channel, 2, now, count)
            p3 = enter(lines, line_lengths, first, channel, 3, now, count)
            p4 = enter(lines, line_lengths, first, channel, 4, now, count)
            p5 = enter(lines, line_lengths, first, channel, 5, now, count)
            p6 = enter(lines, line_lengths, first, channel, 6, now, count)
            p7 = enter(lines, line_lengths, first, channel, 7, now, count)
            p8 = enter(lines, line_lengths, first, channel, 8, now, count)
            p9 = enter(lines, line_lengths, first, channel, 9, now, count)
            p10 = enter(lines, line_lengths, first, channel, 10, now, count)
            p11 = enter(lines, line_lengths, first, channel, 11, now, count)
            eights = count - count % LANES
            for j in range(0, eights, LANES):
                i = done + j
                r0 = load(lines, p0 + j)
                r1 = load(lines, p1 + j)
                r2 = load(lines, p2 + j)
                r3 = load(lines, p3 + j)
                r4 = load(lines, p4 + j)
                r5 = load(lines, p5 + j)
                r6 = load(lines, p6 + j)
                r7 = load(lines, p7 + j)
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
                store(lines, p0 + j, settle(dry + f0 * back))
                store(lines, p1 + j, settle(dry + f1 * back))
                store(lines, p2 + j, settle(dry + f2 * back))
                store(lines, p3 + j, settle(dry + f3 * back))
                store(lines, p4 + j, settle(dry + f4 * back))
                store(lines, p5 + j, settle(dry + f5 * back))
                store(lines, p6 + j, settle(dry + f6 * back))
                store(lines, p7 + j, settle(dry + f7 * back))
                tail = (((r0 + r4) + (r2 + r6)) + ((r1 + r5) + (r3 + r7))) * F(0.125)
                tail = allpass(lines, p8 + j, tail)
                tail = allpass(lines, p9 + j, tail)
                tail = allpass(lines, p10 + j, tail)
                tail = allpass(lines, p11 + j, tail)
                out[i : i + 8, channel] = dry + unit(mix[i : i + 8, channel]) * tail
            for j in range(eights, count):
                i = done + j
                r0 = splat(lines, p0 + j)
                r1 = splat(lines, p1 + j)
                r2 = splat(lines, p2 + j)
                r3 = splat(lines, p3 + j)
                r4 = splat(lines, p4 + j)
                r5 = splat(lines, p5 + j)
                r6 = splat(lines, p6 + j)
                r7 = splat(lines, p7 + j)
                d, _, _, _, _, _, _, _ = transpose(r0, r1, r2, r3, r4, r5, r6, r7)
                stores = damped(stores, d, damp[i, channel])
                f0, f1, f2, f3, f4, f5, f6, f7 = transpose(
                    stores, stores, stores, stores, stores, stores, stores, stores
                )
                dry = input[i, channel]
                back = F(0.84) * unit(room[i, channel])
                store_some(lines, p0 + j, settle(dry + f0 * back), 1)
                store_some(lines, p1 + j, settle(dry + f1 * back), 1)
                store_some(lines, p2 + j, settle(dry + f2 * back), 1)
                store_some(lines, p3 + j, settle(dry + f3 * back), 1)
                store_some(lines, p4 + j, settle(dry + f4 * back), 1)
                store_some(lines, p5 + j, settle(dry + f5 * back), 1)
                store_some(lines, p6 + j, settle(dry + f6 * back), 1)
                store_some(lines, p7 + j, settle(dry + f7 * back), 1)
                tail = (((r0 + r4) + (r2 + r6)) + ((r1 + r5) + (r3 + r7))) * F(0.125)
                tail = allpass_frame(lines, p8 + j, tail)
                tail = allpass_frame(lines, p9 + j, tail)
                tail = allpass_frame(lines, p10 + j, tail)
                tail = allpass_frame(lines, p11 + j, tail)
                out[i, channel] = dry + unit(mix[i, channel]) * tail
            for line in range(LINES):
                leave(lines, line_lengths, first, channel, line, now, count)
            done += count
        store_strided(cells, channel, 16, stores)


def damped(s: Floats, d: Floats, damp: Floats) -> Floats:
    """The comb's low-pass: s damp + d (1 - damp)."""
    damp = unit(damp)
    return s * damp + d * (F(1.0) - damp)
