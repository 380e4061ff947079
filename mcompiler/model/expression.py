"""Expressions with names resolved and units checked. All values are in SI; a dimension says what an expression measures."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

#: Functions whose value is a condition, not a number.
CONDITIONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "and", "or", "not"})
#: The name of time in every scope.
TIME_NAME = "t"


@dataclass(frozen=True, slots=True)
class Number:
    """A literal in SI. A ``free`` one, literal 0 or inf, fits any unit."""

    value: float
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    free: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity of the template (``w``), of an element (``M.w``), an index, or time ``t``."""

    name: str
    dimension: Dimension
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of `model.functions`, arithmetic included (add sub mul div neg pow); ``size`` counts the nodes of the tree."""

    function: str
    arguments: "tuple[Expression, ...]"
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    size: int = field(default=0, compare=False, repr=False)


Expression: TypeAlias = Number | Name | Apply


def apply(function: str, arguments: "tuple[Expression, ...]", dimension: Dimension, span: Span) -> Apply:
    """An application with its size counted."""
    return Apply(function, arguments, dimension, span, 1 + sum(size(each) for each in arguments))


def size(expression: Expression) -> int:
    """Number of nodes of the tree, shared ones counted each time."""
    return expression.size if isinstance(expression, Apply) else 1


def is_condition(expression: Expression) -> bool:
    """Whether the value is true or false."""
    return isinstance(expression, Apply) and expression.function in CONDITIONS


def is_free(expression: Expression) -> bool:
    """Whether it fits any unit."""
    return isinstance(expression, Number) and expression.free


def number(value: float, span: Span) -> Number:
    """A dimensionless literal."""
    return Number(value, DIMENSIONLESS, span)


def names(expression: Expression) -> Iterator[Name]:
    """Every name in the expression, in the order of the text."""
    if isinstance(expression, Name):
        yield expression
    elif isinstance(expression, Apply):
        for each in expression.arguments:
            yield from names(each)


def name_set(*expressions: Expression | None) -> frozenset[str]:
    """The names that occur."""
    return frozenset(each.name for expression in expressions if expression is not None for each in names(expression))


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with names replaced."""
    match expression:
        case Number():
            return expression
        case Name():
            return values.get(expression.name, expression)
        case Apply():
            arguments = tuple(substitute(each, values) for each in expression.arguments)
            return apply(expression.function, arguments, expression.dimension, expression.span)
