"""sinh, cosh and tanh.

With |x| = k ln 2 + r as for exp, sinh r = r + r^3 S(r^2), cosh r = 1 + r^2 C(r^2), a = 2^(k-1) and b = 2^(-k-1)

    sinh x = (a - b) cosh r + (a + b) sinh r        cosh x = (a + b) cosh r + (a - b) sinh r

without division, and nothing is lost where x is small. With 2 |x| = k ln 2 + 2 h, -0.087 <= h <= 0.26, e = (exp(2 h) - 1)/2 and d = 1/2 + b + e

    tanh |x| = (d - 2 b)/d, and for k = 0, where h is |x|, tanh h = h + (e - h - h e)/d

where the first numerator is exact, and cancels little because h is small where it is negative.
"""

from mcompiler.backends.elementary.entry import LN2_HIGH, LN2_LOW, ONE, SHIFT, SIGN, Function, Functions, entry

_HIGHEST = 720.0
# Below it sinh is its argument to the last bit.
_TINY = 1e-9
# The exponent of 2^-17 in its place.
_EXPONENT = (1023 - 17) << 52

_S0, _S1, _S2, _S3, _S4 = (
    0.16666666666666677,
    0.00833333333332173,
    0.00019841269885848657,
    2.7557244511742775e-06,
    2.510892450237374e-08,
)
_C0, _C1, _C2, _C3, _C4 = (
    0.5000000000000012,
    0.04166666666651714,
    0.0013888888946513936,
    2.4801490494047368e-05,
    2.7631075902539396e-07,
)

# sinh up to 1 and up to 2.
_N0, _N1, _N2, _N3 = 0.16666666666666669, 0.00833333333333315, 0.00019841269841431333, 2.755731915725153e-06
_N4, _N5, _N6 = 2.5052123106855643e-08, 1.605726218822132e-10, 7.758672755721114e-13
_M0, _M1, _M2, _M3 = 0.1666666666666663, 0.0083333333333365, 0.00019841269840355718, 2.755731935064448e-06
_M4, _M5, _M6, _M7 = 2.505209873431055e-08, 1.6059470186734517e-10, 7.636293675252874e-13, 2.9594371741346976e-15

# Halves per ln 2, and (exp(2 h) - 1)/2 - h over h^2: 2^(n+1) times the coefficients of (exp r - 1 - r)/r^2.
_PER_HALF_LN2 = 2.8853900817779268
_EDGE = 0.25
_T0, _T1, _T2, _T3, _T4, _T5, _T6, _T7, _T8, _T9, _T10 = (
    2.0 ** (n + 1) * c
    for n, c in enumerate(
        (
            *(0.5, 0.16666666666666682, 0.04166666666666601, 0.008333333333311726, 0.0013888888889976476),
            *(0.00019841269920732778, 2.480158140523725e-05, 2.755732299342723e-06, 2.756600015291407e-07),
            *(2.477140503724674e-08, 2.4469013712894517e-09),
        )
    )
)


def make_grown(functions: Functions) -> Function:
    """`grown`: 2^(k - 17), with k >= 0 as `rounded` gives it."""
    bits, double = functions["bits"], functions["double"]

    def grown(k):  # type: ignore[no-untyped-def]
        return double((bits(k) << 52) + _EXPONENT)

    return grown


def make_shrunk(functions: Functions) -> Function:
    """`shrunk`: 2^(-k - 17), with k >= 0 as `rounded` gives it; 0 where that is no normal double."""
    bits, double, maximum = functions["bits"], functions["double"], functions["max"]

    def shrunk(k):  # type: ignore[no-untyped-def]
        return double(maximum(_EXPONENT - (bits(k) << 52), 0))

    return shrunk


def make_odd(_functions: Functions) -> Function:
    """`odd`: sinh r - r for |r| <= (ln 2)/2."""

    def odd(r):  # type: ignore[no-untyped-def]
        q = r * r
        return (r * q) * ((_S0 + q * _S1) + (q * q) * ((_S2 + q * _S3) + (q * q) * _S4))

    return odd


def make_even(_functions: Functions) -> Function:
    """`even`: cosh r - 1 for |r| <= (ln 2)/2."""

    def even(r):  # type: ignore[no-untyped-def]
        q = r * r
        return q * ((_C0 + q * _C1) + (q * q) * ((_C2 + q * _C3) + (q * q) * _C4))

    return even


def make_sinh(functions: Functions) -> Function:
    """`sinh`, given what it is made of."""
    rounded, rest, grown, shrunk = (functions[name] for name in ("rounded", "rest", "grown", "shrunk"))
    odd, even, bits, double, where = (functions[name] for name in ("odd", "even", "bits", "double", "where"))

    def sinh(x):  # type: ignore[no-untyped-def]
        size = where(abs(x) > _HIGHEST, _HIGHEST, abs(x))
        k = rounded(size)
        r = rest(size, k - SHIFT)
        a, b = grown(k), shrunk(k)
        plus, minus = a + b, a - b
        value = 65536.0 * (minus + (plus * r + (minus * even(r) + plus * odd(r))))
        return where(size < _TINY, x, double(bits(value) | (bits(x) & SIGN)))

    return sinh


def make_sinh_1(_functions: Functions) -> Function:
    """`sinh_1`: sinh x for |x| <= 1."""

    def sinh_1(x):  # type: ignore[no-untyped-def]
        q = x * x
        return x + (x * q) * (_N0 + q * (_N1 + q * (_N2 + q * (_N3 + q * (_N4 + q * (_N5 + q * _N6))))))

    return sinh_1


def make_sinh_2(_functions: Functions) -> Function:
    """`sinh_2`: sinh x for |x| <= 2."""

    def sinh_2(x):  # type: ignore[no-untyped-def]
        q = x * x
        d = q * q
        even = _M1 + d * (_M3 + d * (_M5 + d * _M7))
        odd = _M2 + d * (_M4 + d * _M6)
        return x + x * (q * _M0 + d * (even + q * odd))

    return sinh_2


def make_cosh(functions: Functions) -> Function:
    """`cosh`, given what it is made of."""
    rounded, rest, grown, shrunk = (functions[name] for name in ("rounded", "rest", "grown", "shrunk"))
    odd, even, where = functions["odd"], functions["even"], functions["where"]

    def cosh(x):  # type: ignore[no-untyped-def]
        size = where(abs(x) > _HIGHEST, _HIGHEST, abs(x))
        k = rounded(size)
        r = rest(size, k - SHIFT)
        a, b = grown(k), shrunk(k)
        plus, minus = a + b, a - b
        return 65536.0 * (plus + (minus * r + (plus * even(r) + minus * odd(r))))

    return cosh


def make_tanh(functions: Functions) -> Function:
    """`tanh`, given what it is made of."""
    bits, double, where = (functions[name] for name in ("bits", "double", "where"))

    def tanh(x):  # type: ignore[no-untyped-def]
        size = where(abs(x) > 22.0, 22.0, abs(x))
        k = (size * _PER_HALF_LN2 - _EDGE) + SHIFT
        whole = k - SHIFT
        h = (size - whole * (0.5 * LN2_HIGH)) - whole * (0.5 * LN2_LOW)
        q = h * h
        even = _T0 + q * (_T2 + q * (_T4 + q * (_T6 + q * (_T8 + q * _T10))))
        odd = _T1 + q * (_T3 + q * (_T5 + q * (_T7 + q * _T9)))
        more = q * (even + h * odd)
        e = h + more
        b = double((ONE - (1 << 52)) - (bits(k) << 52))
        below = (0.5 + b) + e
        near = k == SHIFT
        part = where(near, more - h * e, below - 2.0 * b) / below
        value = where(near, h + part, part)
        return double(bits(value) | (bits(x) & SIGN))

    return tanh


ENTRIES = (
    entry(make_grown, "f64 k"),
    entry(make_shrunk, "f64 k"),
    entry(make_odd, "f64 r"),
    entry(make_even, "f64 r"),
    entry(make_sinh),
    entry(make_sinh_1),
    entry(make_sinh_2),
    entry(make_cosh),
    entry(make_tanh),
)
