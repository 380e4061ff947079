"""The operations of the kernel IR: names, argument types, result types and exact meaning.

The table is the whole contract between whoever writes the IR and whoever runs it: the reference interpreter (`interpret`), the text of a backend, a direct
emitter. Arithmetic is IEEE 754 double precision without exceptions (x/0 is inf or NaN, never an error) and without contraction unless a backend documents it.

Rules that hold for all operations
    - every argument is evaluated, whatever the others are: ``where`` selects a value, it never guards an evaluation, so a body is branch-free;
    - a NaN argument of an f64 operation makes its result NaN, except where the meaning says otherwise (``where`` drops what it does not select);
    - comparisons with NaN are false, except ``ne``, which is true; the interpreter compares complex numbers by their real parts;
    - i64 arithmetic wraps around; no kernel relies on it.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mcompiler.kernel.abi import F64, I64

BOOL = "bool"

#: Argument types and the result type.
Overload = tuple[tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: its name, the types it takes and gives, and what it means (in Python, with the arguments a, b, c)."""

    name: str
    overloads: tuple[Overload, ...]
    meaning: str

    @property
    def arity(self) -> int:
        """Number of arguments (the same for all overloads)."""
        return len(self.overloads[0][0])

    def result(self, arguments: tuple[str, ...]) -> str | None:
        """The result type for these argument types, or None where the operation does not take them."""
        return dict(self.overloads).get(arguments)


def _arithmetic(name: str, meaning: str) -> Operation:
    return Operation(name, (((F64, F64), F64), ((I64, I64), I64)), meaning)


def _elementary(name: str, meaning: str) -> Operation:
    return Operation(name, (((F64,), F64),), meaning)


def _comparison(name: str, meaning: str) -> Operation:
    return Operation(name, (((F64, F64), BOOL), ((I64, I64), BOOL)), meaning)


_TABLE: tuple[Operation, ...] = (
    _arithmetic("add", "a + b"),
    _arithmetic("sub", "a - b"),
    _arithmetic("mul", "a * b"),
    Operation("div", (((F64, F64), F64),), "a / b by IEEE 754: x/0 is inf, -inf or NaN"),
    Operation("quotient", (((I64, I64), I64),), "a // b of an a that is not negative and a positive b"),
    Operation(
        "magnitude", (((F64,), I64),), "a whole number that orders as the magnitudes of doubles do, NaN above all"
    ),
    Operation("real", (((I64,), F64),), "the double equal to a"),
    Operation("neg", (((F64,), F64), ((I64,), I64)), "-a"),
    Operation("pow", (((F64, F64), F64),), "C's pow(a, b): NaN for a negative a with a fractional b"),
    Operation(
        "powi", (((F64, I64), F64),), "a ** b for an `Integer` literal b, by the products of `square_and_multiply`"
    ),
    _elementary("sqrt", "correctly rounded square root; NaN below 0"),
    _elementary("exp", "C's exp"),
    _elementary("expm1", "C's expm1"),
    _elementary("log", "C's log: -inf at 0, NaN below"),
    _elementary("log1p", "C's log1p"),
    _elementary("sin", "C's sin"),
    _elementary("cos", "C's cos"),
    _elementary("tan", "C's tan"),
    _elementary("tanh", "C's tanh"),
    _elementary("sinh", "C's sinh"),
    _elementary("cosh", "C's cosh"),
    _elementary("sinh_1", "sinh of an a between -1 and 1"),
    _elementary("sinh_2", "sinh of an a between -2 and 2"),
    _elementary("sin_20", "sin of an a between -2^20 and 2^20"),
    _elementary("cos_20", "cos of an a between -2^20 and 2^20"),
    _elementary("tan_20", "tan of an a between -2^20 and 2^20"),
    _elementary("asinh", "C's asinh"),
    _elementary("atan", "C's atan"),
    _elementary("logistic", "1 / (1 + exp(-a)), and exp(a) / (1 + exp(a)) for a negative a"),
    _elementary("abs", "magnitude of a, -0.0 gives 0.0; the interpreter gives a or -a by the sign of the real part"),
    _elementary("sign", "1.0 if a > 0, -1.0 if a < 0, else a (so 0.0, -0.0 and NaN stay)"),
    _elementary("step", "1.0 if a >= 0, 0.0 if a < 0, else NaN"),
    _elementary("floor", "the greatest integer not above a, as f64"),
    _arithmetic("min", "b if b < a or b is NaN else a"),
    _arithmetic("max", "b if b > a or b is NaN else a"),
    _comparison("lt", "a < b"),
    _comparison("le", "a <= b"),
    _comparison("gt", "a > b"),
    _comparison("ge", "a >= b"),
    _comparison("eq", "a == b"),
    _comparison("ne", "a != b"),
    Operation("and", (((BOOL, BOOL), BOOL),), "a and b, both evaluated"),
    Operation("or", (((BOOL, BOOL), BOOL),), "a or b, both evaluated"),
    Operation("not", (((BOOL,), BOOL),), "not a"),
    Operation(
        "predictable",
        (((BOOL,), BOOL),),
        "a; says that it is mostly what it was before: a branch then costs less than a selection",
    ),
    Operation("where", (((BOOL, F64, F64), F64), ((BOOL, I64, I64), I64)), "b if a else c, all three evaluated"),
)

#: Every operation by its name.
OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _TABLE}


@dataclass(frozen=True, slots=True)
class Variant:
    """An operation that stands for another one where the argument is at most ``limit`` in magnitude."""

    name: str
    limit: float

    @property
    def magnitude(self) -> int:
        """The limit as the operation ``magnitude`` gives it."""
        (found,) = struct.unpack("<q", struct.pack("<d", self.limit))
        return int(found)


#: What loops cannot do for all arguments at once, and can for these.
ANGLES: Mapping[str, Variant] = MappingProxyType(
    {name: Variant(f"{name}_20", 2.0**20) for name in ("sin", "cos", "tan")}
)
#: From the narrowest range on: by the operations for all arguments, what stands for them where all of them keep to their limits.
RANGES: tuple[Mapping[str, Variant], ...] = (
    MappingProxyType({"sinh": Variant("sinh_1", 1.0), **ANGLES}),
    MappingProxyType({"sinh": Variant("sinh_2", 2.0), **ANGLES}),
    ANGLES,
)


def square_and_multiply(exponent: int) -> tuple[str, ...]:
    """The products that ``powi`` makes for an exponent of at least 1, so that every backend rounds alike.

    Starting from ``square = a`` and no ``result``: "take" sets ``result = square``, "multiply" ``result = result * square`` and "square"
    ``square = square * square``.
    A negative exponent is ``1.0 / powi(a, -exponent)``, exponent 0 gives 1.0.

    >>> square_and_multiply(5)
    ('take', 'square', 'square', 'multiply')
    """
    steps: list[str] = []
    taken = False
    while exponent:
        if exponent & 1:
            steps.append("multiply" if taken else "take")
            taken = True
        exponent >>= 1
        if exponent:
            steps.append("square")
    return tuple(steps)
