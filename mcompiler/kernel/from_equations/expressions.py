"""Sympy expressions as IR values: a table of functions, and the few node types that sympy builds sums, products and powers from.

The order of operands is sympy's printing order, which depends on names only, so the same equations give the same kernel
text in every process.
"""

from collections.abc import Callable

import sympy

from mcompiler.equations.literal import Literal
from mcompiler.kernel.ir import Float, Integer, Op, Value
from mcompiler.kernel.operations import OPERATIONS

#: Function classes that have another name than their operation.
_RENAMED = {
    "Abs": "abs",
    "absolute": "abs",
    "minimum": "min",
    "maximum": "max",
    "power": "pow",
    "negation": "not",
    "conjunction": "and",
    "disjunction": "or",
}

Resolve = Callable[[sympy.Symbol], Value]
Translate = Callable[[sympy.Basic], Value]


def translator(resolve: Resolve) -> Translate:
    """Translates expressions whose symbols have the values that ``resolve`` gives; equal expressions give one object.

    The translation raises TypeError at a node that no table knows: a derivation made something the kernels cannot do.
    """
    done: dict[sympy.Basic, Value] = {}

    def translate(expression: sympy.Basic) -> Value:
        if isinstance(expression, sympy.Symbol):
            return resolve(expression)
        if expression not in done:
            done[expression] = _translated(expression, translate)
        return done[expression]

    return translate


def _translated(expression: sympy.Basic, translate: Translate) -> Value:
    if isinstance(expression, sympy.Add):
        return _sum(expression, translate)
    if isinstance(expression, sympy.Mul):
        return _product(expression, translate)
    if isinstance(expression, sympy.Pow):
        return _power(expression, translate)
    if isinstance(expression, Literal):
        return Float(expression.value)
    if expression.is_number and not expression.args:
        return Float(number(expression))
    if hasattr(expression, "expanded"):
        return _expansion(expression, translate)
    return _function(expression, translate)


def _expansion(expression: sympy.Basic, translate: Translate) -> Value:
    places, expansion = expression.expanded()  # type: ignore[attr-defined]
    values = {place: translate(argument) for place, argument in zip(places, expression.args, strict=True)}
    return translator(values.__getitem__)(expansion)


def number(expression: sympy.Basic) -> float:
    """The double nearest to a sympy number."""
    if isinstance(expression, sympy.Rational):
        return int(expression.p) / int(expression.q)
    return float(expression)  # type: ignore[arg-type]


def _function(expression: sympy.Basic, translate: Translate) -> Value:
    written = type(expression).__name__
    name = _RENAMED.get(written, written)
    if name not in OPERATIONS:
        raise TypeError(f"no kernel operation for {written} in {expression}")
    arguments = tuple(translate(argument) for argument in expression.args)
    if len(arguments) != OPERATIONS[name].arity:
        return _folded(name, arguments)
    return Op(name, arguments)


def _folded(name: str, arguments: tuple[Value, ...]) -> Value:
    result = arguments[0]
    for argument in arguments[1:]:
        result = Op(name, (result, argument))
    return result


def _sum(expression: sympy.Add, translate: Translate) -> Value:
    signed = [_signed(term) for term in expression.as_ordered_terms()]
    signed.sort(key=lambda pair: pair[0])  # terms with a minus last, otherwise in order: a - b, not -b + a
    result: Value | None = None
    for minus, term in signed:
        value = translate(term)
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


def _product(expression: sympy.Mul, translate: Translate) -> Value:
    minus, positive = _signed(expression)
    above: list[Value] = []
    below: list[Value] = []
    for factor in positive.as_ordered_factors() if isinstance(positive, sympy.Mul) else (positive,):
        _sort_factor(factor, above, below, translate)
    value = _folded("mul", tuple(above)) if above else Float(1.0)
    if below:
        value = Op("div", (value, _folded("mul", tuple(below))))
    return Op("neg", (value,)) if minus else value


def _sort_factor(factor: sympy.Expr, above: list[Value], below: list[Value], translate: Translate) -> None:
    if isinstance(factor, sympy.Rational) and factor.p == 1 and factor.q != 1:
        below.append(Float(float(int(factor.q))))
    elif isinstance(factor, sympy.Pow) and factor.exp.is_Rational and factor.exp.is_negative:
        below.append(translate(sympy.Pow(factor.base, -factor.exp)))
    else:
        above.append(translate(factor))


def _power(expression: sympy.Pow, translate: Translate) -> Value:
    base, exponent = expression.base, expression.exp
    if exponent.is_Rational and exponent.is_negative:
        return Op("div", (Float(1.0), translate(sympy.Pow(base, -exponent))))
    if exponent == sympy.Rational(1, 2):
        return Op("sqrt", (translate(base),))
    if isinstance(exponent, sympy.Integer):
        return Op("powi", (translate(base), Integer(int(exponent))))
    if base is sympy.E:
        return Op("exp", (translate(exponent),))
    return Op("pow", (translate(base), translate(exponent)))
