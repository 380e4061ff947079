"""Expressions of the model in sympy. Nothing is evaluated or rewritten beyond sympy's own collecting of sums and products."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec, TypeVar

import sympy
from sympy.core.parameters import distribute  # pyright: ignore[reportUnknownVariableType]

from mcompiler.diagnostics import InternalError
from mcompiler.equations.functions import FUNCTIONS
from mcompiler.equations.literal import number
from mcompiler.equations.reverse import symbols_of
from mcompiler.equations.system import TIME, Definition
from mcompiler.model.expression import TIME_NAME, Apply, Expression, Name, Number

P = ParamSpec("P")
R = TypeVar("R")


def symbol(name: str) -> sympy.Symbol:
    """The real symbol of this name."""
    return TIME if name == TIME_NAME else sympy.Symbol(name, real=True)


def translate(expression: Expression, known: dict[int, sympy.Expr] | None = None) -> sympy.Expr:
    """The expression in sympy; what it shares it shares there too."""
    table: dict[int, sympy.Expr] = {} if known is None else known
    match expression:
        case Number():
            return number(expression)
        case Name():
            return symbol(expression.name)
        case Apply():
            if id(expression) not in table:
                arguments = (translate(each, table) for each in expression.arguments)
                table[id(expression)] = FUNCTIONS[expression.function](*arguments)
            return table[id(expression)]


def in_order(definitions: Iterable[Definition]) -> tuple[Definition, ...]:
    """Definitions, each after those that it reads.

    Raises:
        InternalError: they need each other in a circle.
    """
    pending = {each.symbol: each for each in definitions}
    done: list[Definition] = []
    while pending:
        ready = [each for each in pending.values() if pending.keys().isdisjoint(symbols_of(each.value))]
        if not ready:
            raise InternalError(f"definitions in a circle: {', '.join(map(str, pending))}")
        for each in ready:
            done.append(each)
            del pending[each.symbol]
    return tuple(done)


def as_written(derivation: Callable[P, R]) -> Callable[P, R]:
    """The derivation with products of a number and a sum left as they are: ``2*(w - 1)``, not ``2*w - 2``."""

    @wraps(derivation)
    def undistributed(*args: P.args, **kwargs: P.kwargs) -> R:
        with distribute(False):  # noqa: FBT003
            return derivation(*args, **kwargs)

    return undistributed
