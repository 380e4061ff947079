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
    """A literal in SI. A ``free`` one, literal 0 or inf, fits any unit. ``text`` is as written: ``16[kohm]``, ``pi``; empty where nobody wrote it."""

    value: float
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    free: bool = field(default=False, compare=False)
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity of the template (``w``), of an element (``M.w``), a column of data (``loop.i``), an index, or time ``t``."""

    name: str
    dimension: Dimension
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Apply:
    """A function of `model.functions`, arithmetic included (add sub mul div neg pow).

    ``size`` counts the nodes of the tree, shared ones each time, and ``depth`` the functions one inside the other.
    """

    function: str
    arguments: "tuple[Expression, ...]"
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    size: int = field(default=1, compare=False, repr=False)
    depth: int = field(default=1, compare=False, repr=False)


Expression: TypeAlias = Number | Name | Apply


def apply(function: str, arguments: tuple[Expression, ...], dimension: Dimension, span: Span) -> Apply:
    """An application with its size and depth counted."""
    nodes = 1 + sum(size(each) for each in arguments)
    return Apply(function, arguments, dimension, span, nodes, 1 + max((depth(each) for each in arguments), default=0))


def size(expression: Expression) -> int:
    """Number of nodes of the tree, shared ones counted each time."""
    return expression.size if isinstance(expression, Apply) else 1


def depth(expression: Expression) -> int:
    """Most functions one inside the other."""
    return expression.depth if isinstance(expression, Apply) else 0


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
    """Every name in the expression, in the order of the text; one that stands in a shared part comes once per part."""
    seen: set[int] = set()
    pending: list[Expression] = [expression]
    while pending:
        each = pending.pop()
        if isinstance(each, Name):
            yield each
        elif isinstance(each, Apply) and id(each) not in seen:
            seen.add(id(each))
            pending.extend(reversed(each.arguments))


def functions_in(expression: Expression) -> frozenset[str]:
    """The functions that are applied anywhere in the expression."""
    found: set[str] = set()
    seen: set[int] = set()
    pending: list[Expression] = [expression]
    while pending:
        each = pending.pop()
        if isinstance(each, Apply) and id(each) not in seen:
            seen.add(id(each))
            found.add(each.function)
            pending.extend(each.arguments)
    return frozenset(found)


def name_set(*expressions: Expression | None) -> frozenset[str]:
    """The names that occur."""
    return frozenset(each.name for expression in expressions if expression is not None for each in names(expression))


def substitute(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with names replaced; parts that are shared stay shared."""
    return _substitute(expression, values, {}) if values else expression


def _substitute(expression: Expression, values: Mapping[str, Expression], done: dict[int, Expression]) -> Expression:
    match expression:
        case Number():
            return expression
        case Name():
            return values.get(expression.name, expression)
        case Apply():
            if id(expression) not in done:
                arguments = tuple([_substitute(each, values, done) for each in expression.arguments])
                done[id(expression)] = apply(expression.function, arguments, expression.dimension, expression.span)
            return done[id(expression)]
