"""Expressions, names and arguments: a function for each rule of the grammar that makes a node."""

import math
from collections.abc import Callable, Mapping

from mcompiler.dsl import syntax
from mcompiler.dsl.build.notes import Notes
from mcompiler.dsl.syntax import Expression
from mcompiler.dsl.tokens import Token
from mcompiler.source import Span


def _arithmetic(span: Span, left: Expression, operator: syntax.BinaryOperator, right: Expression) -> syntax.Binary:
    return syntax.Binary(span, operator, left, right)


def _either(span: Span, left: Expression, right: Expression) -> syntax.Binary:
    return syntax.Binary(span, "or", left, right)


def _both(span: Span, left: Expression, right: Expression) -> syntax.Binary:
    return syntax.Binary(span, "and", left, right)


def _power(span: Span, base: Expression, exponent: Expression) -> syntax.Binary:
    return syntax.Binary(span, "^", base, exponent)


def _negated(span: Span, operand: Expression) -> syntax.Unary:
    return syntax.Unary(span, "not", operand)


def _minus(span: Span, operand: Expression) -> syntax.Unary:
    return syntax.Unary(span, "-", operand)


def _compare(span: Span, left: Expression, operator: syntax.Comparison, right: Expression) -> syntax.Compare:
    return syntax.Compare(span, operator, left, right)


def _parenthesis(_: Span, inner: Expression) -> Expression:
    return inner


def _infinity(span: Span) -> syntax.Number:
    return syntax.Number(span, "inf", math.inf)


def _text(span: Span, token: Token) -> syntax.Text:
    return syntax.Text(span, string(token))


def _derivative(span: Span, token: Token) -> syntax.Derivative:
    return syntax.Derivative(span, token.text[1 : -len("/dt")])


def _range(span: Span, first: Expression, last: Expression) -> syntax.Range:
    return syntax.Range(span, first, last)


def _call(span: Span, function: syntax.Name, arguments: tuple[syntax.Argument, ...] | None) -> syntax.Call:
    return syntax.Call(span, function, arguments or ())


def _name(notes: Notes, span: Span, *parts: syntax.Part) -> syntax.Name:
    for part in parts:
        notes.index(part)
    return syntax.Name(span, parts)


def _identifier(span: Span, token: Token) -> syntax.Identifier:
    return syntax.Identifier(span, token.text)


def _positional(span: Span, value: Expression) -> syntax.Argument:
    return syntax.Argument(span, None, value)


def _named_value(span: Span, name: syntax.Identifier, relation: str, value: Expression) -> syntax.Argument:
    return syntax.Argument(span, name, value, relation == "~")


def _option(
    span: Span, first: syntax.Identifier, second: syntax.Identifier | None, value: Expression
) -> syntax.Argument:
    if second is None:
        return syntax.Argument(span, first, value)
    return syntax.Argument(span, syntax.Identifier(first.span.to(second.span), f"{first.text} {second.text}"), value)


def _total(
    notes: Notes, span: Span, function: syntax.Name, bindings: tuple[syntax.Binding, ...], body: Expression
) -> syntax.Total:
    return syntax.Total(span, simple(notes, function, "a function over members"), bindings, body)


def _binding(notes: Notes, span: Span, name: syntax.Identifier, over: Expression) -> syntax.Binding:
    notes.declare(name.span, name.text)
    return syntax.Binding(span, name, over)


def _part(span: Span, token: Token, indices: tuple[Expression, ...] | None) -> syntax.Part:
    return syntax.Part(span, token.text, indices or ())


def gather(_: Span, *items: object) -> tuple[object, ...]:
    """A list of things as a tuple."""
    return items


def word(_: Span, token: Token) -> str:
    """A keyword or sign by its text."""
    return token.text


def string(token: Token | None) -> str:
    """The text between the quotes, or nothing."""
    return token.text.strip('"') if token is not None else ""


def simple(notes: Notes, name: syntax.Name, what: str) -> syntax.Identifier:
    """The one word of a name that can have no dots and indices here."""
    if not name.is_simple:
        notes.problems.error("bad-name", f"{what} has a name of one word, without dots and indices", name.span)
    return syntax.Identifier(name.span, name.text)


RULES: Mapping[str, Callable[..., object]] = {
    "arithmetic": _arithmetic, "either": _either, "both": _both, "power": _power, "negated": _negated, "minus": _minus,
    "compare": _compare, "parenthesis": _parenthesis, "infinity": _infinity, "text": _text, "derivative": _derivative,
    "range": _range, "call": _call, "part": _part, "identifier": _identifier, "positional": _positional,
    "named_value": _named_value, "option": _option, "add_operator": word, "multiply_operator": word, "comparator": word,
    "given_by": word, "relation": word, "arguments": gather, "bindings": gather, "signals": gather, "options": gather,
    "identifiers": gather, "parts": gather,
}  # fmt: skip
#: Those that may have something to say.
NOTING: Mapping[str, Callable[..., object]] = {"total": _total, "binding": _binding, "name": _name}
