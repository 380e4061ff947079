"""Trees in one line, as in the model language. A function gives every quantity its name."""

from collections.abc import Callable, Sequence

import sympy

from mcompiler.equations.printing.tree import (
    Call,
    Gathered,
    Integral,
    Logic,
    Moment,
    Name,
    Negation,
    Node,
    Partial,
    Power,
    Product,
    Rate,
    Relation,
    Share,
    Sum,
    Text,
)

Naming = Callable[[sympy.Symbol], str]

#: How tightly a node binds; a part that binds less than its place asks for is put in brackets.
_OR, _AND, _NOT, _RELATION, _SUM, _PRODUCT, _POWER, _ATOM = range(8)


def infix(node: Node, naming: Naming) -> str:
    """The text of a tree."""
    return _write(node, naming)[0]


def terms(node: Node, naming: Naming) -> list[str]:
    """The text in pieces after which a line may end: the terms of a sum, shares and alternatives."""
    match node:
        case Sum():
            return [_term(place, minus, each, naming) for place, (minus, each) in enumerate(node.terms)]
        case Gathered():
            return _shares(node.shares, naming)
        case Integral():
            first, *others = terms(node.body, naming)
            *between, last = [f"integral({first}", *others]
            return [*between, f"{last})"]
        case _:
            return [infix(node, naming)]


def _write(node: Node, naming: Naming) -> tuple[str, int]:
    match node:
        case Text():
            text, level = node.text, _ATOM
        case Name():
            text, level = naming(node.symbol), _ATOM
        case Sum():
            text, level = " ".join(terms(node, naming)), _SUM
        case Product():
            text, level = _product(node, naming)
        case Power():
            text, level = f"{_part(node.base, _ATOM, naming)}^{_part(node.exponent, _ATOM, naming)}", _POWER
        case Call():
            text, level = f"{node.name}({', '.join(infix(each, naming) for each in node.arguments)})", _ATOM
        case Relation() | Logic() | Negation():
            text, level = _condition(node, naming)
        case Moment() | Integral():
            text, level = _calculus(node, naming), _ATOM
        case Rate() | Partial() | Gathered():
            text, level = _calculus(node, naming), _PRODUCT
    return text, level


def _condition(node: Relation | Logic | Negation, naming: Naming) -> tuple[str, int]:
    match node:
        case Relation():
            return f"{_part(node.left, _SUM, naming)} {node.operator} {_part(node.right, _SUM, naming)}", _RELATION
        case Logic():
            level = _AND if node.word == "and" else _OR
            return f" {node.word} ".join(_part(each, level + 1, naming) for each in node.parts), level
        case Negation():
            return f"not {_part(node.part, _RELATION, naming)}", _NOT


def _calculus(node: Rate | Moment | Partial | Integral | Gathered, naming: Naming) -> str:
    match node:
        case Rate():
            mass = "" if node.mass is None else f"{_part(node.mass, _PRODUCT, naming)}*"
            return f"{'-' if node.is_backward else ''}{mass}d{naming(node.symbol)}/dt"
        case Moment():
            return f"{naming(node.symbol)}({infix(node.instant, naming)})"
        case Partial():
            return f"d{_part(node.of, _ATOM, naming)}/d{infix(node.by, naming)}"
        case Integral():
            return f"integral({infix(node.body, naming)})"
        case Gathered():
            return " ".join(_shares(node.shares, naming))


def _part(node: Node, level: int, naming: Naming) -> str:
    text, own = _write(node, naming)
    return text if own >= level else f"({text})"


def _term(place: int, minus: bool, node: Node, naming: Naming) -> str:  # noqa: FBT001
    sign = ("-" if minus else "") if place == 0 else ("- " if minus else "+ ")
    return sign + _part(node, _PRODUCT, naming)


def _product(node: Product, naming: Naming) -> tuple[str, int]:
    above = "*".join(_part(each, _POWER, naming) for each in node.above)
    sign = "-" if node.is_negative else ""
    if not node.below:
        return f"{sign}{above}", _PRODUCT if node.is_negative or len(node.above) > 1 else _POWER
    if len(node.below) == 1:
        return f"{sign}{above}/{_part(node.below[0], _POWER, naming)}", _PRODUCT
    return f"{sign}{above}/({'*'.join(_part(each, _POWER, naming) for each in node.below)})", _PRODUCT


def _shares(shares: Sequence[Share], naming: Naming) -> list[str]:
    if not shares:
        return ["0"]
    return [("" if place == 0 else "+ ") + _share(each, naming) for place, each in enumerate(shares)]


def _share(share: Share, naming: Naming) -> str:
    at = f" at {share.terminal}" if share.terminal else ""
    return f"sum({share.owner}{at}: {infix(share.value, naming)})"
