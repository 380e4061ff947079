"""From sympy to trees, in an order that follows from the declarations alone: what is derived first, then constants as they are declared, then what moves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import sympy

from mcompiler.equations.literal import Literal, shown
from mcompiler.equations.printing.naming import parts_of
from mcompiler.equations.printing.tree import (
    Call,
    Logic,
    Name,
    Negation,
    Node,
    Operator,
    Power,
    Product,
    Relation,
    Sum,
    Text,
)
from mcompiler.equations.system import ZERO

# sympy carries few types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

_CALLED = {"absolute": "abs", "minimum": "min", "maximum": "max"}
_RELATIONS: Final[dict[str, Operator]] = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_FLIPPED: Final[dict[Operator, Operator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_DERIVED = frozenset(("bar", "dot", "free", "lam", "push", "received", "taken"))
_LAST = 10**6

#: What a part is sorted by: numbers have none, then literals, what is derived, names by rank, the others by name.
_Key = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Makes trees of expressions; ``ranks`` says in which order names stand."""

    ranks: Mapping[str, int] = field(default_factory=dict[str, int])

    def node(self, expression: sympy.Basic) -> Node:
        """The tree of an expression."""
        return self._read(expression)[0]

    def _read(self, expression: sympy.Basic) -> tuple[Node, _Key]:
        if isinstance(expression, sympy.Add):
            return self._sum(expression)
        if isinstance(expression, sympy.Mul):
            return self._product(expression)
        if isinstance(expression, sympy.Pow):
            return self._power(expression)
        if expression.args:
            return self._call(expression)
        return self._atom(expression)

    def _atom(self, expression: sympy.Basic) -> tuple[Node, _Key]:
        if isinstance(expression, sympy.Symbol):
            return Name(expression), ((*self._place(expression), expression.name),)
        if isinstance(expression, Literal):
            return Text(expression.text), ((0, int("[" in expression.text), expression.text),)
        if isinstance(expression, sympy.NumberSymbol):
            return Text(str(expression)), ((0, 0, str(expression)),)
        if isinstance(expression, sympy.Rational) and expression.q != 1:
            return Product((Text(str(abs(expression.p))),), (Text(str(expression.q)),), bool(expression.p < 0)), ()
        value = float(cast("sympy.Number", expression))
        text = Text(shown(abs(value)))
        return (Product((text,), is_negative=True) if value < 0 else text), ()

    def _place(self, symbol: sympy.Symbol) -> tuple[int, int]:
        parts = parts_of(symbol)
        if not _DERIVED.isdisjoint(parts.kinds) or parts.quantity.startswith("d "):
            return 1, 0
        return 2, self.ranks.get(symbol.name, _LAST)

    def _sum(self, expression: sympy.Add) -> tuple[Node, _Key]:
        terms = [(*_signed(term), term) for term in expression.args]
        read = [(minus, *self._read(positive)) for minus, positive, _ in terms]
        read.sort(key=lambda term: (term[0], term[2]))
        key = min((each for _, _, each in read if each), default=())
        return Sum(tuple((minus, node) for minus, node, _ in read)), key

    def _product(self, expression: sympy.Mul) -> tuple[Node, _Key]:
        minus, positive = _signed(expression)
        above: list[tuple[Node, _Key]] = []
        below: list[tuple[Node, _Key]] = []
        for factor in positive.args if isinstance(positive, sympy.Mul) else (positive,):
            self._sort_factor(factor, above, below)
        above.sort(key=_simple_first)
        below.sort(key=_simple_first)
        key = tuple(part for _, each in (*above, *below) for part in each)
        numerator = tuple(node for node, _ in above) or (Text("1"),)
        if not below and not minus and len(numerator) == 1:
            return numerator[0], key
        return Product(numerator, tuple(node for node, _ in below), minus), key

    def _sort_factor(self, factor: sympy.Basic, above: list[tuple[Node, _Key]], below: list[tuple[Node, _Key]]) -> None:
        if isinstance(factor, sympy.Rational) and factor.q != 1:
            below.append((Text(str(factor.q)), ()))
            if factor.p != 1:
                above.append((Text(str(factor.p)), ()))
        elif isinstance(factor, sympy.Pow) and factor.exp.is_Rational and factor.exp.is_negative:
            below.append(self._read(sympy.Pow(factor.base, -factor.exp)))
        else:
            above.append(self._read(factor))

    def _power(self, expression: sympy.Pow) -> tuple[Node, _Key]:
        base, exponent = expression.base, expression.exp
        if exponent.is_Rational and exponent.is_negative:
            below, key = self._read(sympy.Pow(base, -exponent))
            return Product((Text("1"),), (below,)), key
        if exponent == sympy.Rational(1, 2):
            return self._named("sqrt", (base,))
        node, key = self._read(base)
        return Power(node, self.node(exponent)), key

    def _call(self, expression: sympy.Basic) -> tuple[Node, _Key]:
        written, args = type(expression).__name__, expression.args
        match written:
            case "lt" | "le" | "gt" | "ge" | "eq" | "ne":
                return self._relation(_RELATIONS[written], *args)
            case "conjunction" | "disjunction" | "negation":
                return self._logic(expression, written)
            case "power":
                node, key = self._read(args[0])
                return Power(node, self.node(args[1])), key
            case "where" if (element := _chosen(expression)) is not None:
                node, key = self._read(args[1])
                return Call("only", (Text(element), node)), key
            case "minimum" | "maximum":
                return self._named(*_extremum(expression, written))
            case _:
                return self._named(_CALLED.get(written, _derivative_name(expression, written)), args)

    def _logic(self, expression: sympy.Basic, written: str) -> tuple[Node, _Key]:
        parts = [self._read(each) for each in _flat(expression, written)]
        if written == "negation":
            return Negation(parts[0][0]), parts[0][1]
        return Logic("and" if written == "conjunction" else "or", tuple(node for node, _ in parts)), parts[0][1]

    def _named(self, name: str, args: Iterable[sympy.Basic]) -> tuple[Node, _Key]:
        parts = [self._read(each) for each in args]
        key = min((each for _, each in parts if each), default=())
        return Call(name, tuple(node for node, _ in parts)), key

    def _relation(self, operator: Operator, left: sympy.Basic, right: sympy.Basic) -> tuple[Node, _Key]:
        if isinstance(left, sympy.Number) and not isinstance(right, sympy.Number):
            left, right, operator = right, left, _FLIPPED[operator]
        first, key = self._read(left)
        return Relation(operator, first, self.node(right)), key


def _simple_first(factor: tuple[Node, _Key]) -> tuple[int, _Key]:
    node = factor[0].base if isinstance(factor[0], Power) else factor[0]
    return 2 if isinstance(node, Sum) else 1 if isinstance(node, Call) else 0, factor[1]


def _signed(term: sympy.Expr) -> tuple[bool, sympy.Expr]:
    coefficient, rest = term.as_coeff_Mul()
    if not coefficient.is_negative:
        return False, term
    return True, sympy.Mul(-coefficient, *(rest.args if isinstance(rest, sympy.Mul) else (rest,)))


def _chosen(selection: sympy.Basic) -> str | None:
    """The element whose value a selection takes, leaving 0 for all others; None for any other selection."""
    condition, _, other = selection.args
    if other != ZERO or type(condition).__name__ != "gt" or not isinstance(condition.args[0], sympy.Symbol):
        return None
    parts = parts_of(condition.args[0])
    return parts.quantity.rpartition(".")[0] if parts.kinds == ("pick",) else None


def _extremum(expression: sympy.Basic, written: str) -> tuple[str, tuple[sympy.Basic, ...]]:
    """The name and arguments of a least or greatest value, or of a value that is clipped."""
    inner = expression.args[0]
    if written == "minimum" and type(inner).__name__ == "maximum":
        return "clip", (*inner.args, expression.args[1])
    return _CALLED[written], _flat(expression, written)


def _flat(expression: sympy.Basic, written: str) -> tuple[sympy.Basic, ...]:
    """Arguments of a function of two that the model gives several, in order."""
    first, *others = expression.args
    before = _flat(first, written) if type(first).__name__ == written != "negation" else (first,)
    return (*before, *others)


def _derivative_name(expression: sympy.Basic, written: str) -> str:
    """``dpulse_dhigh`` for the derivative of a pulse by its third argument."""
    root, places = getattr(expression, "root", (written, ()))
    names = ("t", "low", "high", "delay", "rise", "fall", "width", "period")
    by = [names[place - 1] if root == "pulse" else str(place) for place in places]
    return f"d{root}_" + "_".join(f"d{each}" for each in by) if places else written
