"""Numbers that keep their unit or their name, so that derived equations read as the model was written and their units can be checked.

sympy sees an atom: it is collected like a symbol and never evaluated. Kernels take its value. A dimensionless number without a name is an ordinary
number of sympy; so are 0 and the infinities, which are the same in every unit.
"""

import math
from typing import Any

import sympy

from mcompiler.model.expression import Number
from mcompiler.units import DIMENSIONLESS, Dimension


class Literal(sympy.AtomicExpr):  # type: ignore[misc]  # sympy carries no types that mypy reads
    """``16[kohm]``, ``pi``: ``value`` in SI is not negative, ``text`` is as in the model."""

    __slots__ = ("dimension", "text", "value")
    is_real = True
    is_number = False

    text: str
    value: float
    dimension: Dimension

    def __new__(cls, text: str, value: float, dimension: Dimension) -> "Literal":  # noqa: D102
        self: Literal = sympy.AtomicExpr.__new__(cls)
        self.text, self.value, self.dimension = text, value, dimension
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.text, self.value, self.dimension

    def _hashable_content(self) -> tuple[Any, ...]:
        return self.__getnewargs__()

    def _sympystr(self, printer: object) -> str:  # noqa: ARG002
        return self.text


def number(expression: Number) -> sympy.Expr:
    """The number in sympy, as a `Literal` where it has a unit or a name."""
    value = expression.value
    if value == 0 or math.isinf(value):
        return constant(value)
    text = expression.text.removeprefix("-")
    if expression.dimension == DIMENSIONLESS and not text[:1].isalpha():
        return constant(value)
    literal = Literal(text or f"{shown(abs(value))}[{expression.dimension}]", abs(value), expression.dimension)
    return -literal if value < 0 else literal


def constant(value: float) -> sympy.Expr:
    """The number without loss of bits: an integer where it is one, else a 53-bit float, or an infinity."""
    if float(value).is_integer() and abs(value) < 2**53:
        return sympy.Integer(int(value))
    return sympy.Float(value, precision=53)


def shown(value: float) -> str:
    """The shortest text that the model language reads back as the same number."""
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
