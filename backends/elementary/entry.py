"""How an elementary function becomes an entry of the library, and constants that several of them share."""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import F64, I64, Argument, Signature

Function = Callable[..., Any]
Functions = Mapping[str, Function]

#: The bit of the sign.
SIGN = -(1 << 63)
#: The exponent of 1.0 in its place.
ONE = 1023 << 52
#: A double of the size of 1.5 * 2^52 has a whole number in its last bits.
SHIFT = 6755399441055744.0
#: ln 2: the high part has so many zero bits at its end that its product with an exponent is exact.
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10
#: The smallest normal double, and 2^54.
SMALLEST = 2.2250738585072014e-308
TWO_54 = 18014398509481984.0


def entry(make: Callable[[Functions], Function], arguments: str = f"{F64} x", result: str = F64) -> Entry:
    """The entry of a maker called ``make_NAME``, whose first line of documentation is the function's."""
    taken = tuple(Argument(argument, kind) for kind, argument in (each.split() for each in arguments.split(",")))
    name = make.__name__.removeprefix("make_")
    return Entry(Signature(name, taken, result, (make.__doc__ or "").strip()), make, exported=False)


def of_two(first: str, second: str) -> str:
    """Two arguments that are doubles."""
    return f"{F64} {first}, {F64} {second}"


__all__ = [
    "F64",
    "I64",
    "LN2_HIGH",
    "LN2_LOW",
    "ONE",
    "SHIFT",
    "SIGN",
    "SMALLEST",
    "TWO_54",
    "Function",
    "Functions",
    "entry",
    "of_two",
]
