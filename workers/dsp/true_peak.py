"""True peaks: the greatest magnitudes between frames, for eight cells of eight frames at a time.

ITU-R BS.1770-4, annex 2: the signal is interpolated at four times its rate. Each value between two frames is the sum of
12 frames on either side times a sinc under a Kaiser window (beta 4.5), flat to 0.1 dB up to 0.45 of the rate. What lies
between those values is found by a parabola through the greatest and its neighbours, so that a tone is read to 0.1 dB
wherever its crests lie; without, it would read up to 0.7 dB too low.
"""

from __future__ import annotations

from typing import Any

from workers.simd import (
    F,
    Floats,
    Memory,
    absolute,
    everywhere,
    load,
    maximum,
    select,
    splat,
    store,
    transpose,
)

PAIRS = 12
"""Frames on either side of a value between two."""
UNITS = 2.0**20
HALF = (666207, -216021, 122588, -80436, 55724, -39274, 27584, -19014, 12680, -8038, 4714, -2424)
"""Of the sums of frames at equal distances from a half, in 1 / UNITS: for the value there;"""
EVEN = (628394, -157193, 87610, -57210, 39561, -27862, 19564, -13488, 9000, -5710, 3354, -1731)
"""the same for the values at a quarter and at three quarters,"""
ODD = (315816, -27784, 10278, -5506, 3496, -2425, 1758, -1298, 958, -695, 489, -328)
"""and of the differences, which are added for the one and taken away for the other."""
TAPS = tuple(tap / UNITS for row in (HALF, EVEN, ODD) for tap in row)
REACH = 24
"""Frames before and behind a cell that its peak depends on; the cells of a group reach as far."""
LARGEST = 2.75
"""No peak is greater than this times the greatest magnitude of the frames around: the magnitudes of HALF sum to 2.4, a
parabola adds an eighth at most."""
WORK = 3 * 80
"""Floats in which a group is worked out."""


def between(memory: Memory, index: int, taps: Memory) -> tuple[Floats, Floats, Floats]:
    """Magnitudes at a quarter, a half and three quarters behind each of eight frames from `index` on."""
    half = F(0.0)
    even = F(0.0)
    odd = F(0.0)
    for k in range(12):
        before = load(memory, index - k)
        behind = load(memory, index + 1 + k)
        both = before + behind
        half = half + both * splat(taps, k)
        even = even + both * splat(taps, 12 + k)
        odd = odd + (before - behind) * splat(taps, 24 + k)
    return absolute(even + odd), absolute(half), absolute(even - odd)


def crest(left: Floats, top: Floats, right: Floats) -> Floats:
    """The greatest value of a parabola through three neighbours, if the middle one is their greatest; else that."""
    bend = (top - left) + (top - right)
    slope = right - left
    raised: Any = top + slope * (slope / (bend * F(8.0)))
    return select((left <= top) & (right <= top) & (F(0.0) < bend), raised, top)


def crests(memory: Memory, index: int, work: Memory, i: int) -> Floats:
    """The greatest magnitudes from each of eight frames up to the next; i: which of the group's frames they are."""
    left = load(work, 2 * 80 + 7 + i)
    top = absolute(load(memory, index))
    right = load(work, 8 + i)
    quarter = load(work, 8 + i)
    half = load(work, 80 + 8 + i)
    last = load(work, 2 * 80 + 8 + i)
    behind = absolute(load(memory, index + 1))
    more = top < quarter
    left, right, top = select(more, top, left), select(more, half, right), select(more, quarter, top)
    more = top < half
    left, right, top = select(more, quarter, left), select(more, last, right), select(more, half, top)
    more = top < last
    left, right, top = select(more, half, left), select(more, behind, right), select(more, last, top)
    return crest(left, top, right)


def cells(memory: Memory, index: int, taps: Memory, work: Memory) -> Floats:
    """The true peaks of eight cells of eight frames from `index` on, one a lane."""
    for i in range(-8, 64, 8):
        quarter, half, last = between(memory, index + i, taps)
        store(work, 8 + i, quarter)
        store(work, 80 + 8 + i, half)
        store(work, 2 * 80 + 8 + i, last)
    a, b, c, d, e, f, g, h = transpose(
        crests(memory, index, work, 0),
        crests(memory, index + 8, work, 8),
        crests(memory, index + 16, work, 16),
        crests(memory, index + 24, work, 24),
        crests(memory, index + 32, work, 32),
        crests(memory, index + 40, work, 40),
        crests(memory, index + 48, work, 48),
        crests(memory, index + 56, work, 56),
    )
    return maximum(maximum(maximum(a, b), maximum(c, d)), maximum(maximum(e, f), maximum(g, h)))


def true_peaks(memory: Memory, index: int, step: int, count: int, taps: Memory, work: Memory, quiet: Floats) -> Floats:
    """The true peaks of eight cells from `index` on over `count` channels, `step` floats apart.

    They are 0 in channels in which no frame around is louder than `quiet`: what cannot reach LARGEST times that is not
    looked at.
    """
    found = F(0.0)
    for c in range(count):
        start = index + c * step
        loud = F(0.0)
        for i in range(-24, 88, 8):
            loud = maximum(absolute(load(memory, start + i)), loud)
        if not everywhere(loud <= quiet):
            found = maximum(cells(memory, start, taps, work), found)
    return found
