"""Our own transcendental functions over lane vectors, so that every CPU gives the same bits.

libm and numpy choose their code by CPU and differ in the last bits; these use only + - * / sqrt, comparisons and bit
moves. Polynomials were fitted by interpolation at Chebyshev nodes in 40-digit arithmetic. Errors are the largest seen
over the stated range against double precision (tests/dsp/test_math.py).
"""

from __future__ import annotations

from workers.simd import (
    F,
    Floats,
    U,
    Words,
    absolute,
    floor,
    from_bits,
    maximum,
    minimum,
    select,
    to_float,
    to_int,
)


def settle(x: Floats) -> Floats:
    """+0.0 where |x| < 1e-20, so that decaying state never becomes denormal."""
    return select(absolute(x) < F(1e-20), F(0.0), x)


def sin_half_turns(y: Floats) -> Floats:
    """sin(pi y) for |y| <= 0.5, within 4 ulp."""
    u = y * y
    p = F(0.08205035020147247) + u * F(-0.007028303855203096)
    p = F(2.550163317938427) + u * (F(-0.599252186531583) + u * p)
    return y * (F(3.141592653536132) + u * (F(-5.167712764593) + u * p))


def cos_half_turns(y: Floats) -> Floats:
    """cos(pi y) for 0 <= y <= 0.5: sin of the exact complement, so that it stays accurate near its zero."""
    return sin_half_turns(F(0.5) - y)


def sin_phase(phase: Words) -> Floats:
    """sin of a phase of 2**32 a turn; absolute error below 3e-7."""
    # A quarter earlier the sine is a cosine, which is even: one absolute value folds all four quarters.
    return sin_half_turns(F(0.5) - absolute(to_float(phase - U(1 << 30)) * F(2.0**-31)))


def sin_turns(x: Floats) -> Floats:
    """sin(2 pi x) for |x| < 2**20; absolute error below 3e-7 for |x| < 1."""
    r = x - floor(x + F(0.5))
    r = r + r
    folded = select(F(0.5) < r, F(1.0) - r, r)
    folded = select(r < F(-0.5), F(-1.0) - r, folded)
    return sin_half_turns(folded)


def cos_turns(x: Floats) -> Floats:
    """cos(2 pi x); as `sin_turns`."""
    return sin_turns(x + F(0.25))


def tan_fraction(y: Floats) -> tuple[Floats, Floats]:
    """Numerator and denominator of tan(pi y), 0 <= y <= 0.49, for who needs no quotient; within 7 ulp.

    tan(pi y) (1 - 4 y^2) / y as a quotient of polynomials in y^2 of degrees 2 and 1: the pole at 1/2 is exact.
    """
    u = y * y
    double = y + y
    numerator = y * (F(3.1415928735398904) + u * (F(-3.4797486407758815) + u * F(0.34831106077982704)))
    denominator = ((F(1.0) - double) * (F(1.0) + double)) * (F(1.0) + u * F(-0.39749723545499066))
    return numerator, denominator


def exp2(x: Floats) -> Floats:
    """2**x; clamped to [-126, 127]; relative error below 2 ulp."""
    x = minimum(maximum(x, F(-126.0)), F(127.0))
    whole = floor(x + F(0.5))
    f = x - whole
    p = F(0.009618056678524637) + f * (F(0.0013400428177615838) + f * F(0.0001546144469856913))
    p = F(0.24022650922288757) + f * (F(0.05550327226670302) + f * p)
    p = F(1.0) + f * (F(0.6931472067028326) + f * p)
    result: Floats = p * from_bits((to_int(whole) + U(127)) << U(23))
    return result


def tanh(x: Floats) -> Floats:
    """tanh(x), within 2 ulp: a polynomial below 0.625, 1 - 2 / (e^2x + 1) above."""
    a = absolute(x)
    u = x * x
    p = F(0.020961329108563815) + u * F(-0.0060451650965224)
    p = F(0.13332718845589667) + u * (F(-0.053843263175278766) + u * p)
    small = x + x * (u * (F(-0.3333332843331859) + u * p))
    large = F(1.0) - F(2.0) / (exp2(minimum(a, F(10.0)) * F(2.8853900817779268)) + F(1.0))
    large = select(x < F(0.0), F(0.0) - large, large)
    return select(a < F(0.625), small, large)
