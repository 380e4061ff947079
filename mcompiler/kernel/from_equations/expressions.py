"""Sympy expressions as IR values: a table of functions, and the few node types that sympy builds sums, products and powers from.

The order of operands is sympy's printing order, which depends on names only, so the same equations give the same kernel
text in every process.
"""

from collections.abc import Callable
from typing import Any

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
    if hasattr(expression, "expanded"):
        return _expansion(expression, translate)
    for kind, cases in _CASES.items():
        if isinstance(expression, kind):
            return cases(expression, translate)
    return _function(expression, translate)


def _expansion(expression: Any, translate: Translate) -> Value:
    """The value of a function that is given by its expansion, in placeholders for its arguments."""
    places, expansion = expression.expanded()
    values = {place: translate(argument) for place, argument in zip(places, expression.args, strict=True)}
    return translator(values.__getitem__)(expansion)


def number(expression: Any) -> float:
    """The double nearest to a sympy number."""
    if isinstance(expression, sympy.Rational):
        return int(expression.p) / int(expression.q)
    return float(expression)


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


def _sum(expression: Any, translate: Translate) -> Value:
    signed = [_signed(term) for term in expression.as_ordered_terms()]
    signed.sort(key=lambda pair: pair[0])  # terms with a minus last, otherwise in order: a - b, not -b + a
    minus, first = signed[0]
    result = Op("neg", (translate(first),)) if minus else translate(first)
    for minus, term in signed[1:]:
        result = Op("sub" if minus else "add", (result, translate(term)))
    return result


def _signed(term: Any) -> tuple[bool, Any]:
    """Whether a term has a minus, and the term without it."""
    minus = bool(term.as_coeff_Mul()[0].is_negative)
    return minus, -term if minus else term


def _product(expression: Any, translate: Translate) -> Value:
    minus, positive = _signed(expression)
    above: list[Value] = []
    below: list[Value] = []
    for factor in positive.as_ordered_factors():
        _sort_factor(factor, above, below, translate)
    value = _folded("mul", tuple(above)) if above else Float(1.0)
    if below:
        value = Op("div", (value, _folded("mul", tuple(below))))
    return Op("neg", (value,)) if minus else value


def _sort_factor(factor: Any, above: list[Value], below: list[Value], translate: Translate) -> None:
    if isinstance(factor, sympy.Rational) and factor.p == 1 and factor.q != 1:
        below.append(Float(float(int(factor.q))))
    elif isinstance(factor, sympy.Pow) and _is_negative(factor.exp):
        below.append(translate(sympy.Pow(factor.base, -factor.exp)))
    else:
        above.append(translate(factor))


def _power(expression: Any, translate: Translate) -> Value:
    base, exponent = expression.base, expression.exp
    if _is_negative(exponent):
        return Op("div", (Float(1.0), translate(sympy.Pow(base, -exponent))))
    if exponent == sympy.Rational(1, 2):
        return Op("sqrt", (translate(base),))
    if isinstance(exponent, sympy.Integer):
        return Op("powi", (translate(base), Integer(int(exponent))))
    return Op("pow", (translate(base), translate(exponent)))


def _is_negative(exponent: Any) -> bool:
    return bool(exponent.is_Rational and exponent.is_negative)


def _literal(expression: Any, _translate: Translate) -> Value:
    return Float(expression.value)


def _constant(expression: Any, _translate: Translate) -> Value:
    return Float(number(expression))


#: What is no function of the model: how sympy writes numbers, sums, products and powers.
_CASES: dict[type, Callable[[Any, Translate], Value]] = {
    Literal: _literal,
    sympy.Number: _constant,
    sympy.NumberSymbol: _constant,
    sympy.Add: _sum,
    sympy.Mul: _product,
    sympy.Pow: _power,
}
