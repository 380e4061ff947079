"""Units of sympy expressions, derived ones included: the same rules as the model stage applies to what users write.

Literals carry their dimension, other numbers have none. Only 0 and the infinities fit every unit: they are the same number in all of them, and a
derivative may put one in place of any quantity.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

import sympy

from mcompiler.equations.literal import Literal
from mcompiler.model.functions import CONDITION, FUNCTIONS
from mcompiler.units import DIMENSIONLESS, Dimension

# sympy carries few types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

#: Opaque functions that the model calls by another name.
_CALLED: Final = {"absolute": "abs", "minimum": "min", "maximum": "max"}
_COMPARISONS: Final = {"lt", "le", "gt", "ge", "eq", "ne"}
_LOGIC: Final = {"conjunction", "disjunction", "negation"}

#: What an expression measures: a dimension, any (None), or that it is a condition.
Measure = Dimension | str | None


class WrongUnitError(ValueError):
    """Two parts of an expression do not fit each other."""


def dimension_of(expression: sympy.Basic, known: Mapping[sympy.Symbol, Dimension]) -> Dimension | None:
    """The dimension of a number; None for 0 and the infinities.

    Args:
        expression: in symbols and the opaque functions of `functions`.
        known: the dimension of every symbol that may occur.

    Raises:
        WrongUnitError: its parts do not fit each other, it is a condition, or it has an unknown symbol or function.
    """
    measure = _measure(expression, known)
    if isinstance(measure, str):
        raise WrongUnitError(f"{expression} is a condition, not a number")
    return measure


def fits(measured: Dimension | None, wanted: Dimension) -> bool:
    """Whether a quantity can be in this unit."""
    return measured is None or measured == wanted


def _measure(expression: sympy.Basic, known: Mapping[sympy.Symbol, Dimension]) -> Measure:
    if not expression.args:
        return _atom(expression, known)
    if isinstance(expression, sympy.Pow):
        return _power(expression, expression.base, expression.exp, known)
    parts = [_measure(each, known) for each in expression.args]
    if isinstance(expression, sympy.Add):
        return _same(expression, expression.args, parts)
    if isinstance(expression, sympy.Mul):
        return _product(expression, parts)
    return _call(expression, type(expression).__name__, parts, known)


def _atom(expression: sympy.Basic, known: Mapping[sympy.Symbol, Dimension]) -> Measure:
    match expression:
        case Literal():
            return expression.dimension
        case sympy.Symbol() if expression in known:
            return known[expression]
        case sympy.Number():
            return None if expression.is_zero or expression.is_infinite else DIMENSIONLESS
        case sympy.NumberSymbol():
            return DIMENSIONLESS
        case _:
            raise WrongUnitError(f"{expression} is not known here")


def _same(whole: sympy.Basic, args: Sequence[sympy.Basic], parts: Sequence[Measure]) -> Dimension | None:
    """The one unit of all parts."""
    first: tuple[sympy.Basic, Dimension] | None = None
    for each, part in zip(args, parts, strict=True):
        if isinstance(part, str):
            raise WrongUnitError(f"{each} in {whole} is a condition, not a number")
        if part is None or (first is not None and part == first[1]):
            continue
        if first is not None:
            raise WrongUnitError(f"{whole} puts together {first[0]} in {first[1]} and {each} in {part}")
        first = each, part
    return None if first is None else first[1]


def _product(whole: sympy.Mul, parts: Sequence[Measure]) -> Dimension:
    product = DIMENSIONLESS
    for part in parts:
        if isinstance(part, str):
            raise WrongUnitError(f"a condition is multiplied in {whole}")
        product = product if part is None else product * part
    return product


def _power(
    whole: sympy.Basic, base: sympy.Basic, exponent: sympy.Basic, known: Mapping[sympy.Symbol, Dimension]
) -> Dimension:
    measured = dimension_of(base, known) or DIMENSIONLESS
    if not fits(dimension_of(exponent, known), DIMENSIONLESS):
        raise WrongUnitError(f"the exponent of {whole} has a unit")
    if measured == DIMENSIONLESS:
        return DIMENSIONLESS
    if not isinstance(exponent, sympy.Number):
        raise WrongUnitError(f"{base} in {measured} is raised to {exponent}, which is not a number")
    return measured ** Fraction(float(exponent)).limit_denominator(1000)


def _call(
    whole: sympy.Basic, written: str, parts: Sequence[Measure], known: Mapping[sympy.Symbol, Dimension]
) -> Measure:
    """The result of a function, once its arguments fit what the model says of it."""
    if written in _COMPARISONS:
        _same(whole, whole.args, parts)
        return CONDITION
    if written in _LOGIC:
        if any(part != CONDITION for part in parts):
            raise WrongUnitError(f"{whole} joins something that is not a condition")
        return CONDITION
    if written == "power":
        return _power(whole, whole.args[0], whole.args[1], known)
    if written == "floor":
        return _same(whole, whole.args, parts)
    root, places = getattr(whole, "root", (_CALLED.get(written, written), ()))
    result, one, wants = _result(whole, root, parts)
    for place in places:
        by = wants[place - 1] if isinstance(wants[place - 1], Dimension) else one
        result = result / by if isinstance(result, Dimension) and isinstance(by, Dimension) else result
    return result


def _result(
    whole: sympy.Basic, name: str, parts: Sequence[Measure]
) -> tuple[Dimension | None, Dimension | None, Sequence[str | Dimension]]:
    """The result of a function of the model, the unit that its arguments share, and what it wants of each."""
    function = FUNCTIONS.get(name)
    wants = function.wants(len(parts)) if function else None
    if function is None or wants is None:
        raise WrongUnitError(f"{name} with {len(parts)} arguments is not a function of the model: {whole}")
    for want, part, each in zip(wants, parts, whole.args, strict=True):
        if (want == CONDITION) != (part == CONDITION):
            raise WrongUnitError(f"{each} in {whole} is {'not ' if want == CONDITION else ''}a condition")
        if isinstance(want, Dimension) and part not in (None, want):
            raise WrongUnitError(f"{each} in {whole} is in {part}, not in {want}")
    shared = [(each, part) for want, part, each in zip(wants, parts, whole.args, strict=True) if want == "x"]
    one = _same(whole, [each for each, _ in shared], [part for _, part in shared])
    result = (
        function.result if isinstance(function.result, Dimension) else None if one is None else function.dimension(one)
    )
    return result, one, wants
