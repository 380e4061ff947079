"""Sympy expressions as IR values: a table of functions, and the few node types that sympy builds sums, products and powers from.

The order of operands is sympy's printing order, which depends on names only, so the same equations give the same kernel text in every process.
"""

from collections.abc import Callable

import sympy

from mcompiler.kernel.ir import Float, Integer, Op, Value
from mcompiler.kernel.operations import OPERATIONS

#: Functions whose class name is not the name of their operation.
_RENAMED = {"Abs": "abs", "power": "pow", "negation": "not", "conjunction": "and", "disjunction": "or", "not_": "not", "and_": "and", "or_": "or"}
#: Comparisons of sympy that a derivative may leave.
_RELATIONS: dict[type[sympy.Basic], str] = {
    sympy.StrictLessThan: "lt",
    sympy.LessThan: "le",
    sympy.StrictGreaterThan: "gt",
    sympy.GreaterThan: "ge",
}

Resolve = Callable[[sympy.Symbol], Value]


def translate(expression: sympy.Basic, resolve: Resolve) -> Value:
    """The IR value of an expression; ``resolve`` gives the values of its symbols.

    Raises:
        TypeError: a node that no table knows: a derivation made something the kernels cannot do.
    """
    if isinstance(expression, sympy.Symbol):
        return resolve(expression)
    if isinstance(expression, sympy.Add):
        return _sum(expression, resolve)
    if isinstance(expression, sympy.Mul):
        return _product(expression, resolve)
    if isinstance(expression, sympy.Pow):
        return _power(expression, resolve)
    if isinstance(expression, (sympy.Number, sympy.NumberSymbol)) or expression in (sympy.oo, -sympy.oo, sympy.nan):
        return Float(number(expression))
    if type(expression) in _RELATIONS:
        return Op(_RELATIONS[type(expression)], tuple(translate(argument, resolve) for argument in expression.args))
    return _function(expression, resolve)


def number(expression: sympy.Basic) -> float:
    """The double nearest to a sympy number."""
    if isinstance(expression, sympy.Rational):
        return int(expression.p) / int(expression.q)
    return float(expression)  # type: ignore[arg-type]


def _function(expression: sympy.Basic, resolve: Resolve) -> Value:
    written = type(expression).__name__
    name = _RENAMED.get(written, written)
    if name not in OPERATIONS:
        raise TypeError(f"no kernel operation for {written} in {expression}")
    arguments = tuple(translate(argument, resolve) for argument in expression.args)
    if len(arguments) != OPERATIONS[name].arity:
        return _folded(name, arguments)
    return Op(name, arguments)


def _folded(name: str, arguments: tuple[Value, ...]) -> Value:
    result = arguments[0]
    for argument in arguments[1:]:
        result = Op(name, (result, argument))
    return result


def _sum(expression: sympy.Add, resolve: Resolve) -> Value:
    signed = [_signed(term) for term in expression.as_ordered_terms()]
    signed.sort(key=lambda pair: pair[0])  # terms with a minus last, otherwise in order: a - b, not -b + a
    result: Value | None = None
    for minus, term in signed:
        value = translate(term, resolve)
        if result is None:
            result = Op("neg", (value,)) if minus else value
        else:
            result = Op("sub" if minus else "add", (result, value))
    assert result is not None
    return result


def _signed(term: sympy.Expr) -> tuple[bool, sympy.Expr]:
    coefficient = term.as_coeff_Mul()[0]
    minus = bool(coefficient.is_negative)
    return minus, -term if minus else term


def _product(expression: sympy.Mul, resolve: Resolve) -> Value:
    minus, positive = _signed(expression)
    above: list[Value] = []
    below: list[Value] = []
    for factor in positive.as_ordered_factors() if isinstance(positive, sympy.Mul) else (positive,):
        _sort_factor(factor, above, below, resolve)
    value = _folded("mul", tuple(above)) if above else Float(1.0)
    if below:
        value = Op("div", (value, _folded("mul", tuple(below))))
    return Op("neg", (value,)) if minus else value


def _sort_factor(factor: sympy.Expr, above: list[Value], below: list[Value], resolve: Resolve) -> None:
    if isinstance(factor, sympy.Rational) and factor.p == 1 and factor.q != 1:
        below.append(Float(float(int(factor.q))))
    elif isinstance(factor, sympy.Pow) and factor.exp.is_Rational and factor.exp.is_negative:
        below.append(translate(sympy.Pow(factor.base, -factor.exp), resolve))
    else:
        above.append(translate(factor, resolve))


def _power(expression: sympy.Pow, resolve: Resolve) -> Value:
    base, exponent = expression.base, expression.exp
    if exponent.is_Rational and exponent.is_negative:
        return Op("div", (Float(1.0), translate(sympy.Pow(base, -exponent), resolve)))
    if exponent == sympy.Rational(1, 2):
        return Op("sqrt", (translate(base, resolve),))
    if isinstance(exponent, sympy.Integer):
        return Op("powi", (translate(base, resolve), Integer(int(exponent))))
    if base is sympy.E:
        return Op("exp", (translate(exponent, resolve),))
    return Op("pow", (translate(base, resolve), translate(exponent, resolve)))
