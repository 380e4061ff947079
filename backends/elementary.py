"""Elementary functions without branches, so that loops which call them are vectorised: numba's subset of Python over doubles and their bits.

Each is within 2 units in the last place of the exact value over the whole range (`tests/backends/test_elementary.py` measures it), exact at 0, and right at
infinities, NaN, subnormal numbers and the edges of overflow. Machine code with loops calls these; what is not here is libm's, and so is everything where there
are no loops (one call of libm takes half the time of one of these), in Python and in the reference interpreter.

They split x = k ln 2 + r with |r| <= (ln 2)/2, ln 2 in two parts (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980), and take
sinh r = r + r^3 S(r^2) and cosh r = 1 + r^2 C(r^2) from Taylor's series, whose first terms left out are below 2^-57. Then

    exp x  = 2^k (cosh r + sinh r)        sinh x = (a - b) cosh r + (a + b) sinh r        cosh x = (a + b) cosh r + (a - b) sinh r

with a = 2^(k-1), b = 2^(-k-1): no division, and nothing is lost where x is small. Where 2^k may not be a double, it is taken in two factors.
"""

from collections.abc import Callable, Mapping
from math import factorial
from typing import Any

from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import F64, I64, Argument, Signature

Function = Callable[..., Any]
Functions = Mapping[str, Function]

# x/ln 2 + 1.5 * 2^52 has round(x/ln 2) in its last bits.
_PER_LN2 = 1.4426950408889634
_SHIFT = 6755399441055744.0
_SHIFT_BITS = 0x4338000000000000
# ln 2: the high part has so many zero bits at its end that its product with k is exact.
_LN2_HIGH = 0.6931471803691238
_LN2_LOW = 1.9082149292705877e-10

_S0, _S1, _S2, _S3, _S4, _S5, _S6, _S7, _S8, _S9, _S10, _S11, _S12 = (1 / factorial(n) for n in range(3, 28, 2))
_C0, _C1, _C2, _C3, _C4, _C5 = (1 / factorial(n) for n in range(2, 13, 2))

# The exponent of 2^-17 in its place, and the bit of the sign.
_EXPONENT = (1023 - 17) << 52
_SIGN = -(1 << 63)

# Beyond these exp is infinite or 0, and k is small enough for all that is made of it.
_HIGHEST, _LOWEST = 720.0, -760.0
# Below it odd functions are their argument to the last bit, and expm1 nearly.
_TINY = 1e-9


def make_rounded(_functions: Functions) -> Function:
    """`rounded`: x / ln 2 as a sum whose last bits are the nearest integer."""

    def rounded(x):  # type: ignore[no-untyped-def]
        return x * _PER_LN2 + _SHIFT

    return rounded


def make_rest(_functions: Functions) -> Function:
    """`rest`: x - k ln 2, with k as `rounded` gives it."""

    def rest(x, k):  # type: ignore[no-untyped-def]
        whole = k - _SHIFT
        return (x - whole * _LN2_HIGH) - whole * _LN2_LOW

    return rest


def make_power_of_two(functions: Functions) -> Function:
    """`power_of_two`: 2^k for k below 1024; 0 where that is no normal double."""
    double, maximum = functions["double"], functions["max"]

    def power_of_two(k):  # type: ignore[no-untyped-def]
        return double(maximum(k + 1023, 0) << 52)

    return power_of_two


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
        high = _S3 + q * (_S4 + q * _S5)
        return r * q * (_S0 + q * (_S1 + q * (_S2 + q * high)))

    return odd


def make_even(_functions: Functions) -> Function:
    """`even`: cosh r - 1 for |r| <= (ln 2)/2."""

    def even(r):  # type: ignore[no-untyped-def]
        q = r * r
        high = _C3 + q * (_C4 + q * _C5)
        return q * (_C0 + q * (_C1 + q * (_C2 + q * high)))

    return even


def make_exp(functions: Functions) -> Function:
    """`exp`, given what it is made of."""
    rounded, rest, power_of_two, bits = (functions[name] for name in ("rounded", "rest", "power_of_two", "bits"))
    odd, even, where = functions["odd"], functions["even"], functions["where"]

    def exp(x):  # type: ignore[no-untyped-def]
        inside = where(x > _HIGHEST, _HIGHEST, where(x < _LOWEST, _LOWEST, x))
        shifted = rounded(inside)
        k = bits(shifted) - _SHIFT_BITS
        r = rest(inside, shifted)
        half = k >> 1
        value = 1.0 + (r + (odd(r) + even(r)))
        return value * power_of_two(half) * power_of_two(k - half)

    return exp


def make_expm1(functions: Functions) -> Function:
    """`expm1`, given what it is made of; what rounding takes from r and from the first sum is kept."""
    rounded, power_of_two, bits = (functions[name] for name in ("rounded", "power_of_two", "bits"))
    odd, even, where = functions["odd"], functions["even"], functions["where"]

    def expm1(x):  # type: ignore[no-untyped-def]
        inside = where(x > _HIGHEST, _HIGHEST, where(x < -50.0, -50.0, x))
        shifted = rounded(inside)
        k = bits(shifted) - _SHIFT_BITS
        whole = shifted - _SHIFT
        first = inside - whole * _LN2_HIGH
        r = first - whole * _LN2_LOW
        lost = (first - r) - whole * _LN2_LOW
        start = 1.0 - power_of_two(-k)
        high = start + r
        low = (r - (high - start)) + lost
        half = k >> 1
        value = (high + (low + (odd(r) + even(r)))) * power_of_two(half) * power_of_two(k - half)
        return where(abs(x) < _TINY, x * (1.0 + 0.5 * x), value)

    return expm1


def make_sinh(functions: Functions) -> Function:
    """`sinh`, given what it is made of."""
    rounded, rest, grown, shrunk = (functions[name] for name in ("rounded", "rest", "grown", "shrunk"))
    odd, even, bits, double, where = (functions[name] for name in ("odd", "even", "bits", "double", "where"))

    def sinh(x):  # type: ignore[no-untyped-def]
        size = where(abs(x) > _HIGHEST, _HIGHEST, abs(x))
        shifted = rounded(size)
        r = rest(size, shifted)
        a, b = grown(shifted), shrunk(shifted)
        plus, minus = a + b, a - b
        value = 65536.0 * (minus + (minus * even(r) + plus * (r + odd(r))))
        return where(size < _TINY, x, double(bits(value) | (bits(x) & _SIGN)))

    return sinh


def make_sinh_1(_functions: Functions) -> Function:
    """`sinh_1`: sinh x for |x| <= 1."""

    def sinh_1(x):  # type: ignore[no-untyped-def]
        q = x * x
        high = _S4 + q * (_S5 + q * (_S6 + q * _S7))
        return x + x * q * (_S0 + q * (_S1 + q * (_S2 + q * (_S3 + q * high))))

    return sinh_1


def make_sinh_3(_functions: Functions) -> Function:
    """`sinh_3`: sinh x for |x| <= 3."""

    def sinh_3(x):  # type: ignore[no-untyped-def]
        q = x * x
        high = _S8 + q * (_S9 + q * (_S10 + q * (_S11 + q * _S12)))
        middle = _S4 + q * (_S5 + q * (_S6 + q * (_S7 + q * high)))
        return x + x * q * (_S0 + q * (_S1 + q * (_S2 + q * (_S3 + q * middle))))

    return sinh_3


def make_cosh(functions: Functions) -> Function:
    """`cosh`, given what it is made of."""
    rounded, rest, grown, shrunk = (functions[name] for name in ("rounded", "rest", "grown", "shrunk"))
    odd, even, where = functions["odd"], functions["even"], functions["where"]

    def cosh(x):  # type: ignore[no-untyped-def]
        size = where(abs(x) > _HIGHEST, _HIGHEST, abs(x))
        shifted = rounded(size)
        r = rest(size, shifted)
        a, b = grown(shifted), shrunk(shifted)
        plus, minus = a + b, a - b
        return 65536.0 * (plus + (plus * even(r) + minus * (r + odd(r))))

    return cosh


def make_tanh(functions: Functions) -> Function:
    """`tanh`, given `expm1`."""
    expm1, bits, double, where = (functions[name] for name in ("expm1", "bits", "double", "where"))

    def tanh(x):  # type: ignore[no-untyped-def]
        size = abs(x)
        more = expm1(2.0 * where(size > 25.0, 25.0, size))
        value = more / (more + 2.0)
        return where(size < _TINY, x, double(bits(value) | (bits(x) & _SIGN)))

    return tanh


def _entry(name: str, make: Callable[[Functions], Function], arguments: str, result: str = F64) -> Entry:
    taken = tuple(Argument(argument, kind) for kind, argument in (each.split() for each in arguments.split(",")))
    return Entry(Signature(name, taken, result, (make.__doc__ or "").strip()), make, exported=False)


#: Each after those that it is made of.
ELEMENTARY: tuple[Entry, ...] = (
    _entry("rounded", make_rounded, f"{F64} x"),
    _entry("rest", make_rest, f"{F64} x, {F64} k"),
    _entry("power_of_two", make_power_of_two, f"{I64} k"),
    _entry("grown", make_grown, f"{F64} k"),
    _entry("shrunk", make_shrunk, f"{F64} k"),
    _entry("odd", make_odd, f"{F64} r"),
    _entry("even", make_even, f"{F64} r"),
    _entry("exp", make_exp, f"{F64} x"),
    _entry("expm1", make_expm1, f"{F64} x"),
    _entry("sinh", make_sinh, f"{F64} x"),
    _entry("sinh_1", make_sinh_1, f"{F64} x"),
    _entry("sinh_3", make_sinh_3, f"{F64} x"),
    _entry("cosh", make_cosh, f"{F64} x"),
    _entry("tanh", make_tanh, f"{F64} x"),
)
#: Those that kernels call.
OURS = ("exp", "expm1", "sinh", "cosh", "tanh")
