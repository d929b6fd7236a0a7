"""From float32 to integers with dither, in whole numbers of 32 bits: what `farm.audio.dither` says in float64.

A sample x of full scale 1 becomes floor(x S + d + 1/2), S = 2^(bits - 1), where the dither d is a multiple of 2^-16. So
only floor(2^16 x S) of the sample counts: its whole part and 16 bits behind it, taken from its magnitude, which float32
holds exactly. Sums in float64 round, and a negative sample under 2^-53 of a step may round up to the whole number above
it: `FAINT` and `FAINTER` are where they do.
"""

from __future__ import annotations

from workers.simd import F, Floats, U, Words, absolute, floor, minimum, select, to_int

MOST = 2.0**25
"""More steps than any format has: what lies beyond is clamped anyway."""
FAINT = 2.0**-54
"""Up to here, in steps, a negative sample is lost beside a dither of -1/2,"""
FAINTER = (1.5 - 2.0**-23) * 2.0**-54
"""and up to here beside one of +1/2."""
HALF_STEP = 1 << 15


def scattered(place: Words, low: Words, high: Words) -> Words:
    """A keyed bijection of 32 bits: xor-shift and multiply rounds with one half of the key in each.

    The factors are those of C. Wellons, "Prospecting for hash functions" (2018).
    """
    x = place + low
    x = (x ^ (x >> U(16))) * U(0x7FEB352D) ^ high
    x = (x ^ (x >> U(15))) * U(0x846CA68B) ^ high
    return x ^ (x >> U(16))


def triangular(place: Words, low: Words, high: Words) -> Words:
    """The dither of a frame in 2^-16 of a step, two's complement: the difference of the two halves of one hash."""
    x = scattered(place, low, high)
    return (x >> U(16)) - (x & U(0xFFFF))


def rising(place: Words, low: Words, high: Words) -> Words:
    """The same density, 6 dB an octave louder towards high frequencies: a frame's noise less that of the one before."""
    return (scattered(place, low, high) >> U(16)) - (scattered(place - U(1), low, high) >> U(16))


def quantised(x: Floats, dither: Words, scale: Floats) -> Words:
    """floor(x scale + dither / 2^16 + 1/2) as a two's complement word, up to ±2^25; of 0 it is 0, whatever the dither.

    `scale` is a power of two, 2^15 or more; x is finite.
    """
    steps = minimum(absolute(x) * scale, F(MOST))
    whole = floor(steps)
    behind = (steps - whole) * F(65536.0)
    under = floor(behind)
    # floor(-a) = -ceil(a).
    above = under + select(under < behind, F(1.0), F(0.0))
    faintest = select(dither == U(HALF_STEP), F(FAINTER), F(FAINT))
    negative = U(0) - to_int(select(steps <= faintest, F(0.0), above))
    # 2 is added before the shift, which is logical, and taken away behind it.
    rest = select(x < F(0.0), negative, to_int(under)) + dither + U(HALF_STEP + (2 << 16))
    main = select(x < F(0.0), U(0) - to_int(whole), to_int(whole))
    return select(x == F(0.0), U(0), main + (rest >> U(16)) - U(2))


def clamped(value: Words, scale: Words) -> Words:
    """A word in the range of a format, from -scale to scale - 1: two's complement."""
    # Moved up by the scale a value in range is below twice the scale, and so is no other up to 2^25.
    moved = value + scale
    high = select(value >> U(31) == U(1), U(0) - scale, scale - U(1))
    return select(moved < scale + scale, value, high)
