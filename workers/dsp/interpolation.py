"""Values between the frames of a sample, eight at a time: linear; 4-point Hermite; 16-point windowed sinc.

Hermite: Catmull-Rom slopes; de Soras, "The quest for the perfect resampler" (2005). The sinc comes from a table of
phases, interpolated linearly. Places are 40.24 fixed point. `quality` and `slow` are literals: each is code of its own.
"""

from __future__ import annotations

from workers.simd import (
    F,
    Floats,
    Memory,
    U,
    Words,
    four_along,
    from_bits,
    iota,
    lanes_sum,
    load,
    lookup,
    lookup_bytes,
    near_lookup,
    select,
    signed_less,
    to_float,
    two_along,
    word,
)

FRACTION = (1 << 24) - 1
PHASES = 256
TAPS = 16
LINEAR, HERMITE, SINC = 0, 1, 2


def hermite_between(before: Floats, a: Floats, b: Floats, after: Floats, f: Floats) -> Floats:
    """The Hermite curve from a to b at f, with slopes from the outer neighbours."""
    slope = F(0.5) * (b - before)
    fall = a - b
    bend = slope + fall
    cubic = (bend + fall) + F(0.5) * (after - a)
    value: Floats = ((cubic * f - (bend + cubic)) * f + slope) * f + a
    return value


def sinc_frame(samples: Memory, position: int, table: int) -> Floats:
    """One frame by 16 taps; `table` is the index of the table's first phase. The value is in every lane."""
    phase = (position & FRACTION) >> 16
    f = to_float(word(position & 0xFFFF)) * F(2.0**-16)
    row = table + phase * TAPS
    at = (position >> 24) - (TAPS // 2 - 1)
    low = load(samples, row)
    low = low + f * (load(samples, row + TAPS) - low)
    high = load(samples, row + 8)
    high = high + f * (load(samples, row + TAPS + 8) - high)
    return lanes_sum(low * load(samples, at) + high * load(samples, at + 8))


def sinc(samples: Memory, position: int, step: int, table: int) -> Floats:
    """8 frames by 16 taps each."""
    value = sinc_frame(samples, position, table)
    for k in range(1, 8):
        value = select(iota() == word(k), sinc_frame(samples, position + k * step, table), value)
    return value


def interpolated(samples: Memory, head: int, pace: int, table: int, slow: int, quality: int) -> Floats:
    """8 frames of a sample from a place (40.24) on; `slow`: 1 where no rate is above 1."""
    if quality == SINC:
        return sinc(samples, head, pace, table)
    offsets = word(head & FRACTION) + iota() * word(pace)
    f = to_float(offsets & U(FRACTION)) * F(2.0**-24)
    at = offsets >> U(24)
    index = head >> 24
    if quality == LINEAR:
        if slow == 1:
            a = near_lookup(samples, index, at)
            b = near_lookup(samples, index + 1, at)
        else:
            a, b = two_along(samples, head, pace)
        return a + f * (b - a)
    if slow == 1:
        before = near_lookup(samples, index - 1, at)
        a = near_lookup(samples, index, at)
        b = near_lookup(samples, index + 1, at)
        after = near_lookup(samples, index + 2, at)
    else:
        before, a, b, after = four_along(samples, head - (1 << 24), pace)
    return hermite_between(before, a, b, after, f)


def coded(samples: Memory, low: int, offset: Words, coding: int) -> Floats:
    """Values from byte `low` on, by their coding (`wire.coding`); `offset` (frames) from -8 on."""
    stride = coding & 0xFF
    bits = lookup_bytes(samples, low - 8 * stride, offset + U(8), stride)
    if coding >> 16 == 1:
        return from_bits(bits)
    return to_float(bits << word((coding >> 8) & 0xFF)) * F(2.0**-31)


def around_tap(samples: Memory, low: int, length: int, offset: Words, coding: int) -> Floats:
    """samples[low + offset] of a loop of `length` frames (0: no loop); `offset` from -length to 2 * length - 1."""
    wrapped = select(signed_less(offset, U(0)), offset + word(length), offset)
    wrapped = select(signed_less(wrapped, word(length)), wrapped, wrapped - word(length))
    if coding != 0:
        return coded(samples, low, wrapped, coding)
    return lookup(samples, low, wrapped)


def around_sinc_frame(samples: Memory, low: int, length: int, position: int, table: int, coding: int) -> Floats:
    """`sinc_frame` where taps may lie across the loop's seam; `position` counts from the loop's start."""
    phase = (position & FRACTION) >> 16
    f = to_float(word(position & 0xFFFF)) * F(2.0**-16)
    row = table + phase * TAPS
    at = word((position >> 24) - (TAPS // 2 - 1)) + iota()
    lower = load(samples, row)
    lower = lower + f * (load(samples, row + TAPS) - lower)
    upper = load(samples, row + 8)
    upper = upper + f * (load(samples, row + TAPS + 8) - upper)
    taps = around_tap(samples, low, length, at + U(8), coding)
    return lanes_sum(lower * around_tap(samples, low, length, at, coding) + upper * taps)


def around(
    samples: Memory, low: int, length: int, head: int, pace: int, table: int, coding: int, quality: int
) -> Floats:
    """8 frames near a loop's seam, or of any coding; `head` (40.24) counts from `low`."""
    if quality == SINC:
        value = around_sinc_frame(samples, low, length, head, table, coding)
        for k in range(1, 8):
            one = around_sinc_frame(samples, low, length, head + k * pace, table, coding)
            value = select(iota() == word(k), one, value)
        return value
    offsets = word(head & FRACTION) + iota() * word(pace)
    f = to_float(offsets & U(FRACTION)) * F(2.0**-24)
    at = (offsets >> U(24)) + word(head >> 24)
    a = around_tap(samples, low, length, at, coding)
    b = around_tap(samples, low, length, at + U(1), coding)
    if quality == LINEAR:
        return a + f * (b - a)
    before = around_tap(samples, low, length, at - U(1), coding)
    after = around_tap(samples, low, length, at + U(2), coding)
    return hermite_between(before, a, b, after, f)
