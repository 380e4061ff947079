"""exp, expm1 and the logistic function.

They split x = k ln 2 + r with |r| <= (ln 2)/2, ln 2 in two parts (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980), and take
exp r = 1 + r + r^2 P(r). The double of that is multiplied by 2^(k-1), so that the largest results need no larger factor.
"""

from mcompiler.backends.elementary.entry import LN2_HIGH, LN2_LOW, ONE, SHIFT, Function, Functions, entry, of_two

_PER_LN2 = 1.4426950408889634
# Beyond these exp is infinite or 0, and k is small enough for all that is made of it.
_HIGHEST, _LOWEST = 709.9, -760.0
# Beyond it exp may be no normal double, and 2^k is taken in two factors, one of them 2^-100.
# With it x/ln 2 has k + 1022, the exponent of 2^(k-1), in its last bits.
_SHIFT_HALF = SHIFT + 1022.0
_DEEP, _FAR, _DOWN = -690.0, 100 << 52, 2.0**-100

_P0, _P1, _P2, _P3, _P4 = (
    0.5000000000000007,
    0.16666666666666674,
    0.041666666666547586,
    0.00833333333332182,
    0.0013888888941825802,
)
_P5, _P6, _P7, _P8 = 0.00019841269889990938, 2.4801492905553005e-05, 2.755723771141364e-06, 2.7630852207803535e-07
_P9 = 2.511185001798241e-08


def make_rounded(_functions: Functions) -> Function:
    """`rounded`: x / ln 2 as a sum whose last bits are the nearest integer."""

    def rounded(x):  # type: ignore[no-untyped-def]
        return x * _PER_LN2 + SHIFT

    return rounded


def make_rest(_functions: Functions) -> Function:
    """`rest`: x - k ln 2 for a whole number k."""

    def rest(x, whole):  # type: ignore[no-untyped-def]
        return (x - whole * LN2_HIGH) - whole * LN2_LOW

    return rest


def make_beyond_1(_functions: Functions) -> Function:
    """`beyond_1`: (exp r - 1 - r)/r^2 for |r| <= (ln 2)/2."""

    def beyond_1(r):  # type: ignore[no-untyped-def]
        q = r * r
        even = _P0 + q * (_P2 + q * (_P4 + q * (_P6 + q * _P8)))
        odd = _P1 + q * (_P3 + q * (_P5 + q * (_P7 + q * _P9)))
        return even + r * odd

    return beyond_1


def make_scaled(functions: Functions) -> Function:
    """`scaled`: value 2^(k-1), rounded once, with k + 1022 in the last bits of the sum k; x says what k is about."""
    bits, double, where = (functions[name] for name in ("bits", "double", "where"))

    def scaled(value, k, x):  # type: ignore[no-untyped-def]
        half = bits(k) << 52
        deep = x < _DEEP
        most = value * double(where(deep, half + _FAR, half))
        return where(deep, most * _DOWN, most)

    return scaled


def make_exp_less(functions: Functions) -> Function:
    """`exp_less`: exp(x - less) for a `less` that is little beside rounding errors of x."""
    rest, beyond_1, scaled, where = (functions[name] for name in ("rest", "beyond_1", "scaled", "where"))

    def exp_less(x, less):  # type: ignore[no-untyped-def]
        above = where(x < _LOWEST, _LOWEST, x)
        inside = where(above > _HIGHEST, _HIGHEST, above)
        k = inside * _PER_LN2 + _SHIFT_HALF
        r = rest(inside, k - _SHIFT_HALF) - less
        return scaled(2.0 + 2.0 * (r + (r * r) * beyond_1(r)), k, x)

    return exp_less


def make_exp(functions: Functions) -> Function:
    """`exp`."""
    exp_less = functions["exp_less"]

    def exp(x):  # type: ignore[no-untyped-def]
        return exp_less(x, 0.0)

    return exp


def make_expm1(functions: Functions) -> Function:
    """`expm1`, given what it is made of; what rounding takes from r and from the first sum is kept."""
    rounded, beyond_1 = functions["rounded"], functions["beyond_1"]
    bits, double, maximum, where = (functions[name] for name in ("bits", "double", "max", "where"))

    def expm1(x):  # type: ignore[no-untyped-def]
        above = where(x < -50.0, -50.0, x)
        inside = where(above > _HIGHEST, _HIGHEST, above)
        k = rounded(inside)
        whole = k - SHIFT
        first = inside - whole * LN2_HIGH
        r = first - whole * LN2_LOW
        lost = (first - r) - whole * LN2_LOW
        shift = bits(k) << 52
        start = 1.0 - double(maximum(ONE - shift, 0))
        high = start + r
        low = (r - (high - start)) + lost
        twice = 2.0 * (high + (low + (r * r) * beyond_1(r)))
        value = twice * double(shift + (ONE - (1 << 52)))
        return where(x == 0.0, x, value)

    return expm1


def make_logistic(functions: Functions) -> Function:
    """`logistic`: exp(-|x|) or 1, divided by 1 + exp(-|x|); most of what rounding takes from these is put back."""
    beyond_1, scaled, where = functions["beyond_1"], functions["scaled"], functions["where"]

    def logistic(x):  # type: ignore[no-untyped-def]
        size = where(x < 0.0, x, -x)
        inside = where(size < _LOWEST, _LOWEST, size)
        k = inside * _PER_LN2 + _SHIFT_HALF
        whole = k - _SHIFT_HALF
        first = inside - whole * LN2_HIGH
        r = first - whole * LN2_LOW
        lost = (first - r) - whole * LN2_LOW
        more = r + ((r * r) * beyond_1(r) + lost)
        one = 1.0 + more
        low = more - (one - 1.0)
        part = scaled(2.0 * one, k, size)
        below = 1.0 + part
        value = where(x < 0.0, part, 1.0) / below
        return value + value * (where(x < 0.0, low * (2.0 - one), 0.0) - ((part - (below - 1.0)) + part * low))

    return logistic


ENTRIES = (
    entry(make_rounded),
    entry(make_rest, of_two("x", "whole")),
    entry(make_beyond_1),
    entry(make_scaled, f"{of_two('value', 'k')}, f64 x"),
    entry(make_exp_less, of_two("x", "less")),
    entry(make_exp),
    entry(make_expm1),
    entry(make_logistic),
)
