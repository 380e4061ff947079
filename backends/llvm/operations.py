"""Every operation of `kernel.operations` but calls of C's library, as instructions: a table from name and type to what writes them."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from mcompiler.kernel.abi import F64, I64, NOTHING

DOUBLE, WHOLE, BIT = "double", "i64", "i1"
#: A C function without result gives 0 inside the module; C callers do not see the difference.
TYPES = {F64: DOUBLE, I64: WHOLE, NOTHING: WHOLE}

_ALL_BUT_SIGN = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Typed:
    """An operand with its LLVM type."""

    operand: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} {self.operand}"


class Writes(Protocol):
    """Whoever writes instructions."""

    @property
    def contraction(self) -> bool:
        """Whether a product and a sum may become one fused operation."""
        ...

    def bind(self, text: str, kind: str) -> Typed:
        """The result of an instruction."""
        ...

    def external(self, called: str, given: tuple[Typed, ...], kind: str) -> Typed:
        """A call of a declared function."""
        ...


#: Writes the instructions of an operation and gives its result.
Write = Callable[..., Typed]


def double(number: float) -> Typed:
    """A literal, by its bits."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", number))
    return Typed(f"0x{bits:016X}", DOUBLE)


_ZERO, _ONE, _MINUS, _NAN = (double(each) for each in (0.0, 1.0, -1.0, float("nan")))


def _fused(instruction: str) -> Write:
    """An instruction on doubles that may become part of a fused one."""

    def write(to: Writes, a: Typed, *others: Typed) -> Typed:
        flag = " contract" if to.contraction else ""
        return to.bind(f"{instruction}{flag} {', '.join([str(a), *(each.operand for each in others)])}", DOUBLE)

    return write


def _plain(instruction: str, kind: str) -> Write:
    """An instruction on two operands of one type."""

    def write(to: Writes, a: Typed, b: Typed) -> Typed:
        return to.bind(f"{instruction} {a}, {b.operand}", kind)

    return write


def _quotient(to: Writes, a: Typed, b: Typed) -> Typed:
    """Neither is negative; a b of 0, which no kernel relies on, does not stop the process."""
    if b.operand.isdigit() and int(b.operand) > 0:
        return to.bind(f"udiv {a}, {b.operand}", WHOLE)
    none = to.bind(f"icmp eq {b}, 0", BIT)
    divisor = to.bind(f"select {none}, i64 1, {b}", WHOLE)
    return to.bind(f"udiv {a}, {divisor.operand}", WHOLE)


def _opposite(to: Writes, a: Typed) -> Typed:
    return to.bind(f"sub i64 0, {a.operand}", WHOLE)


def _magnitude(to: Writes, a: Typed) -> Typed:
    whole = to.bind(f"bitcast {a} to i64", WHOLE)
    return to.bind(f"and {whole}, {_ALL_BUT_SIGN}", WHOLE)


def _real(to: Writes, a: Typed) -> Typed:
    return to.bind(f"sitofp {a} to double", DOUBLE)


def _absolute(to: Writes, a: Typed) -> Typed:
    return to.external("llvm.fabs.f64", (a,), DOUBLE)


def _sign(to: Writes, a: Typed) -> Typed:
    below = _where(to, to.bind(f"fcmp olt {a}, {_ZERO.operand}", BIT), _MINUS, a)
    return _where(to, to.bind(f"fcmp ogt {a}, {_ZERO.operand}", BIT), _ONE, below)


def _step(to: Writes, a: Typed) -> Typed:
    below = _where(to, to.bind(f"fcmp olt {a}, {_ZERO.operand}", BIT), _ZERO, _NAN)
    return _where(to, to.bind(f"fcmp oge {a}, {_ZERO.operand}", BIT), _ONE, below)


def _extreme(relation: str) -> Write:
    """The second where it is better or NaN, else the first."""

    def write(to: Writes, a: Typed, b: Typed) -> Typed:
        better = to.bind(f"fcmp o{relation} {b}, {a.operand}", BIT)
        unknown = to.bind(f"fcmp uno {b}, {b.operand}", BIT)
        return _where(to, to.bind(f"or {better}, {unknown.operand}", BIT), b, a)

    return write


def _extreme_whole(relation: str) -> Write:
    def write(to: Writes, a: Typed, b: Typed) -> Typed:
        return _where(to, to.bind(f"icmp s{relation} {b}, {a.operand}", BIT), b, a)

    return write


def _not(to: Writes, a: Typed) -> Typed:
    return to.bind(f"xor {a}, true", BIT)


def _predictable(to: Writes, a: Typed) -> Typed:
    """LLVM's ``expect``: machine code may branch on such a condition."""
    return to.external("llvm.expect.i1", (a, Typed("false", BIT)), BIT)


def _where(to: Writes, condition: Typed, a: Typed, b: Typed) -> Typed:
    return to.bind(f"select {condition}, {a}, {b}", a.kind)


def _comparisons() -> dict[tuple[str, str], Write]:
    """Comparisons with NaN are false, except ``ne``, which is true."""
    found: dict[tuple[str, str], Write] = {}
    for name in ("lt", "le", "gt", "ge", "eq", "ne"):
        ordered = "u" if name == "ne" else "o"
        signed = "" if name in {"eq", "ne"} else "s"
        found[name, DOUBLE] = _plain(f"fcmp {ordered}{name}", BIT)
        found[name, WHOLE] = _plain(f"icmp {signed}{name}", BIT)
    return found


#: By name and type of the first argument.
INSTRUCTIONS: Mapping[tuple[str, str], Write] = {
    ("add", DOUBLE): _fused("fadd"),
    ("sub", DOUBLE): _fused("fsub"),
    ("mul", DOUBLE): _fused("fmul"),
    ("div", DOUBLE): _fused("fdiv"),
    ("neg", DOUBLE): _fused("fneg"),
    ("sum", DOUBLE): _fused("fadd reassoc"),
    ("add", WHOLE): _plain("add", WHOLE),
    ("sum", WHOLE): _plain("add", WHOLE),
    ("sub", WHOLE): _plain("sub", WHOLE),
    ("mul", WHOLE): _plain("mul", WHOLE),
    ("neg", WHOLE): _opposite,
    ("quotient", WHOLE): _quotient,
    ("magnitude", DOUBLE): _magnitude,
    ("real", WHOLE): _real,
    ("abs", DOUBLE): _absolute,
    ("sign", DOUBLE): _sign,
    ("step", DOUBLE): _step,
    ("min", DOUBLE): _extreme("lt"),
    ("max", DOUBLE): _extreme("gt"),
    ("min", WHOLE): _extreme_whole("lt"),
    ("max", WHOLE): _extreme_whole("gt"),
    ("and", BIT): _plain("and", BIT),
    ("or", BIT): _plain("or", BIT),
    ("not", BIT): _not,
    ("predictable", BIT): _predictable,
    ("where", BIT): _where,
    **_comparisons(),
}
