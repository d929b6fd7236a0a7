"""Sample voices: eight frames side by side, added straight into their slice's sum.

A voice is constants: onset, place in the slab, rate, a piecewise envelope, gains. Its position at a frame is integer
arithmetic (40.24 fixed point) from the onset, and its envelope comes from the frame's distance to the segment's start,
so that any stretch of frames can be rendered on its own. A stereo sample is two planes, played one after the other: in
the middle each on its own side, at either end their mean (language 4.7). Long sound files are played as they lie on the
disk, other codings than planes of floats value by value.
"""

from __future__ import annotations

from typing import Any

from workers.catalog import STATELESS, Column, Shape, node
from workers.dsp.interpolation import FRACTION, HERMITE, LINEAR, SINC, TAPS, around, interpolated
from workers.dsp.math import exp2
from workers.simd import (
    F,
    Floats,
    Memory,
    U,
    iota,
    load,
    prefetch,
    select,
    splat,
    store,
    store_some,
    to_float,
    whole,
    word,
    zero_at,
)

SLOW = 1 << 24
"""Fastest rate (40.24) at which 8 frames lie between neighbours that fit one vector."""
AHEAD = 256
"""Floats ahead of a voice at which its sound is fetched: by itself the CPU follows a stream to its page's end alone."""
FIRST, LINE = 128, 16
"""Floats with which a voice begins that are fetched while the one before it plays, and those of a line of the cache."""
SEGMENTS = 5
SEAM = (TAPS // 2) << 24
"""From a loop's ends to where no tap reaches across them. A loop is at least four times as long."""
FLAT, STRAIGHT, EXPONENTIAL = 0, 1, 2
"""Courses of an envelope's segment."""


def envelope(segment_frame: int, level: Floats, slope: Floats, course: int) -> Floats:
    """8 frames of a segment, from `segment_frame` frames after its start."""
    if course == FLAT:
        return level
    n = to_float(word(segment_frame) + iota())
    if course == EXPONENTIAL:
        return level * exp2(slope * n)
    return level + slope * n


def play_seam(
    samples: Memory,
    low: int,
    length: int,
    head: int,
    pace: int,
    table: int,
    out: Memory,
    plane: int,
    i: int,
    count: int,
    segment_frame: int,
    level: Floats,
    slope: Floats,
    left: Floats,
    right: Floats,
    course: int,
    coding: int,
    quality: int,
) -> None:
    """`play_stretch` near a loop's seam, where the loop's first frame follows its last, and for any coding."""
    done = 0
    while done < count:
        value = around(samples, low, length, head, pace, table, coding, quality)
        value = value * envelope(segment_frame + done, level, slope, course)
        if done + 8 <= count:
            store(out, i + done, load(out, i + done) + value * left)
            store(out, plane + i + done, load(out, plane + i + done) + value * right)
        else:
            store_some(out, i + done, load(out, i + done) + value * left, count - done)
            store_some(out, plane + i + done, load(out, plane + i + done) + value * right, count - done)
        done += 8
        head += 8 * pace


def play_eights(
    samples: Memory,
    head: int,
    pace: int,
    table: int,
    out: Memory,
    plane: int,
    i: int,
    count: int,
    segment_frame: int,
    level: Floats,
    slope: Floats,
    left: Floats,
    right: Floats,
    slow: int,
    course: int,
    quality: int,
) -> None:
    """As many frames of `play_stretch` as are whole eights. `slow`, `course` and `quality` are literals."""
    for done in range(0, count - 7, 8):
        now = head + done * pace
        prefetch(samples, (now >> 24) + AHEAD)
        value = interpolated(samples, now, pace, table, slow, quality)
        value = value * envelope(segment_frame + done, level, slope, course)
        store(out, i + done, load(out, i + done) + value * left)
        store(out, plane + i + done, load(out, plane + i + done) + value * right)


def play_stretch(
    samples: Memory,
    head: int,
    pace: int,
    table: int,
    out: Memory,
    plane: int,
    i: int,
    count: int,
    n: int,
    level: Floats,
    slope: Floats,
    left: Floats,
    right: Floats,
    course: int,
    quality: int,
) -> None:
    """Adds `count` frames of one segment of one voice, from its frame `n` on, to the sum from frame `i` on."""
    if course == EXPONENTIAL:
        play_eights(
            samples, head, pace, table, out, plane, i, count, n, level, slope, left, right, 0, EXPONENTIAL, quality
        )
    elif pace <= SLOW and quality != SINC:
        if course == FLAT:
            play_eights(
                samples, head, pace, table, out, plane, i, count, n, level, slope, left, right, 1, FLAT, quality
            )
        else:
            play_eights(
                samples, head, pace, table, out, plane, i, count, n, level, slope, left, right, 1, STRAIGHT, quality
            )
    elif course == FLAT:
        play_eights(samples, head, pace, table, out, plane, i, count, n, level, slope, left, right, 0, FLAT, quality)
    else:
        play_eights(
            samples, head, pace, table, out, plane, i, count, n, level, slope, left, right, 0, STRAIGHT, quality
        )
    done = count - count % 8
    if done < count:
        value = interpolated(samples, head + done * pace, pace, table, 0, quality)
        value = value * envelope(n + done, level, slope, course)
        store_some(out, i + done, load(out, i + done) + value * left, count - done)
        store_some(out, plane + i + done, load(out, plane + i + done) + value * right, count - done)


def prefetch_first(
    samples: Memory, onset: Memory, source: Memory, position: Memory, step: Memory, loop: Memory, v: int, frame: int
) -> None:
    """Fetches what voice `v` plays from `frame` on."""
    head = whole(position, v) + (frame - whole(onset, v)) * whole(step, v)
    if whole(loop, v) > 0:
        head = head % whole(loop, v)
    for ahead in range(0, FIRST, LINE):
        prefetch(samples, whole(source, v) + (head >> 24) + ahead)


def play_slice(
    samples: Memory,
    onset: Memory,
    source: Memory,
    position: Memory,
    step: Memory,
    loop: Memory,
    breaks: Memory,
    levels: Memory,
    slopes: Memory,
    curve: Memory,
    table: Memory,
    coding: Memory,
    spread: Memory,
    blend: Memory,
    gain_left: Memory,
    gain_right: Memory,
    out: Memory,
    frame: int,
    frames: int,
    voices: int,
    plane: int,
    quality: int,
) -> None:
    """Plays the voices of a slice into its stereo sum, one after another.

    `breaks`: frames after the onset at which envelope segments begin, and the end; `levels`, `slopes`: of each segment;
    `curve`: number of the segment that is exponential (level * 2**(slope * frames)), or -1. `source`: index of the
    sample's first frame in the slab, of its first byte where there is a `coding` (`wire.coding`; 0:
    planes); `position`, `step`: 40.24 frames; `loop`: length to repeat (40.24), or 0; `spread`: from the left plane to
    the right one, or 0 (mono); `blend`: how much of a plane goes to the other side.
    """
    for i in range(0, frames, 8):
        store(out, i, F(0.0))
        store(out, plane + i, F(0.0))
    for v in range(voices):
        if v + 1 < voices and whole(coding, v + 1) == 0:
            prefetch_first(samples, onset, source, position, step, loop, v + 1, frame)
        began = whole(onset, v)
        pace = whole(step, v)
        repeated = whole(loop, v)
        row = whole(table, v)
        form = whole(coding, v)
        planes = 1 + min(whole(spread, v), 1)
        for channel in range(planes):
            left = splat(gain_left, v)
            right = splat(gain_right, v)
            if planes == 2:
                across = splat(blend, v)
                left = left * select(word(channel) == U(0), F(1.0) - across, across)
                right = right * select(word(channel) == U(0), across, F(1.0) - across)
            for s in range(SEGMENTS):
                start = began + whole(breaks, v * (SEGMENTS + 1) + s)
                stop = min(began + whole(breaks, v * (SEGMENTS + 1) + s + 1), frame + frames)
                now = max(start, frame)
                level = splat(levels, v * SEGMENTS + s)
                slope = splat(slopes, v * SEGMENTS + s)
                course = STRAIGHT
                if whole(curve, v) == s:
                    course = EXPONENTIAL
                elif zero_at(slopes, v * SEGMENTS + s):
                    course = FLAT
                while now < stop:
                    head = whole(position, v) + (now - began) * pace
                    low = whole(source, v) + channel * whole(spread, v)
                    until = stop
                    seam = 0
                    if repeated > 0:
                        head = head % repeated
                        edge = repeated - SEAM
                        if head < SEAM:
                            seam = 1
                            edge = SEAM
                        elif head >= edge:
                            seam = 1
                            edge = repeated
                        until = min(stop, now + (edge - head + pace - 1) // pace)
                    n, i, count = now - start, now - frame, until - now
                    if seam == 0 and form == 0:
                        head += low << 24
                        play_stretch(
                            samples,
                            head,
                            pace,
                            row,
                            out,
                            plane,
                            i,
                            count,
                            n,
                            level,
                            slope,
                            left,
                            right,
                            course,
                            quality,
                        )
                    else:
                        if repeated == 0:
                            low += (head >> 24) * (form & 0xFF)
                            head = head & FRACTION
                        play_seam(
                            samples,
                            low,
                            repeated >> 24,
                            head,
                            pace,
                            row,
                            out,
                            plane,
                            i,
                            count,
                            n,
                            level,
                            slope,
                            left,
                            right,
                            course,
                            form,
                            quality,
                        )
                    now = until


COLUMNS = (
    Column("onset", "i8"),
    Column("source", "i8"),
    Column("position", "i8"),
    Column("step", "i8"),
    Column("loop", "i8"),
    Column("breaks", "i8", SEGMENTS + 1),
    Column("levels", "f4", SEGMENTS),
    Column("slopes", "f4", SEGMENTS),
    Column("curve", "i8"),
    Column("table", "i8"),
    Column("coding", "i8"),
    Column("spread", "i8"),
    Column("blend", "f4"),
    Column("gain_left", "f4"),
    Column("gain_right", "f4"),
)


@node(
    role="internal",
    columns=COLUMNS,
    numbers=("voices", "plane"),
    memory=STATELESS,
    shape=Shape.FOLD,
    cost_ns=0.6,
    quality="draft",
)
def sampler_draft(
    samples: Any,
    onset: Any,
    source: Any,
    position: Any,
    step: Any,
    loop: Any,
    breaks: Any,
    levels: Any,
    slopes: Any,
    curve: Any,
    table: Any,
    coding: Any,
    spread: Any,
    blend: Any,
    gain_left: Any,
    gain_right: Any,
    out: Any,
    frame: int,
    frames: int,
    voices: int,
    plane: int,
) -> None:
    """Sample voices by linear interpolation between two neighbours."""
    play_slice(
        samples,
        onset,
        source,
        position,
        step,
        loop,
        breaks,
        levels,
        slopes,
        curve,
        table,
        coding,
        spread,
        blend,
        gain_left,
        gain_right,
        out,
        frame,
        frames,
        voices,
        plane,
        LINEAR,
    )


@node(
    role="internal",
    columns=COLUMNS,
    numbers=("voices", "plane"),
    memory=STATELESS,
    shape=Shape.FOLD,
    cost_ns=0.9,
    quality="good",
)
def sampler_good(
    samples: Any,
    onset: Any,
    source: Any,
    position: Any,
    step: Any,
    loop: Any,
    breaks: Any,
    levels: Any,
    slopes: Any,
    curve: Any,
    table: Any,
    coding: Any,
    spread: Any,
    blend: Any,
    gain_left: Any,
    gain_right: Any,
    out: Any,
    frame: int,
    frames: int,
    voices: int,
    plane: int,
) -> None:
    """Sample voices by 4-point Hermite interpolation."""
    play_slice(
        samples,
        onset,
        source,
        position,
        step,
        loop,
        breaks,
        levels,
        slopes,
        curve,
        table,
        coding,
        spread,
        blend,
        gain_left,
        gain_right,
        out,
        frame,
        frames,
        voices,
        plane,
        HERMITE,
    )


@node(
    role="internal",
    columns=COLUMNS,
    numbers=("voices", "plane"),
    memory=STATELESS,
    shape=Shape.FOLD,
    cost_ns=3.5,
    quality="best",
)
def sampler_best(
    samples: Any,
    onset: Any,
    source: Any,
    position: Any,
    step: Any,
    loop: Any,
    breaks: Any,
    levels: Any,
    slopes: Any,
    curve: Any,
    table: Any,
    coding: Any,
    spread: Any,
    blend: Any,
    gain_left: Any,
    gain_right: Any,
    out: Any,
    frame: int,
    frames: int,
    voices: int,
    plane: int,
) -> None:
    """Sample voices by a 16-point windowed sinc."""
    play_slice(
        samples,
        onset,
        source,
        position,
        step,
        loop,
        breaks,
        levels,
        slopes,
        curve,
        table,
        coding,
        spread,
        blend,
        gain_left,
        gain_right,
        out,
        frame,
        frames,
        voices,
        plane,
        SINC,
    )
