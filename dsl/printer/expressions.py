"""Expressions as text, with the parentheses that the tree needs and no others."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from mcompiler.dsl import syntax
from mcompiler.dsl.printer.pieces import LOOSE, TIGHT, Writer
from mcompiler.dsl.syntax import Expression

#: How tightly operators bind, loosest first, as in the grammar.
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 10)
_LEVEL = {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "^": _POWER}


def write(out: Writer, node: Expression, level: int = _OR, *, tight: bool = False) -> None:
    """Write an expression where operators must bind at least as tightly as ``level``; ``tight`` leaves out spaces."""
    if level_of(node) < level:
        out.open("(")
        _bare(out, node, tight=tight)
        out.close(")")
    else:
        _bare(out, node, tight=tight)


def level_of(node: Expression) -> int:
    """How tightly the outermost operator binds."""
    match node:
        case syntax.Binary():
            return _LEVEL[node.operator]
        case syntax.Compare():
            return _COMPARISON
        case syntax.Unary():
            return _NOT if node.operator == "not" else _SIGN
        case syntax.Range():
            return 0
        case _:
            return _ATOM


def _bare(out: Writer, node: Expression, *, tight: bool) -> None:
    match node:
        case syntax.Number():
            out.write(f"{node.text}[{node.unit.text}]" if node.unit else node.text, node.span.start)
        case syntax.Text():
            out.write(quoted(node.value), node.span.start)
        case syntax.Name():
            name(out, node)
        case syntax.Derivative():
            out.write(f"d{node.name}/dt", node.span.start)
        case syntax.Call():
            name(out, node.function)
            arguments(out, node.arguments)
        case syntax.Total():
            _total(out, node)
        case syntax.Unary():
            out.write("not " if node.operator == "not" else "-", node.span.start)
            write(out, node.operand, level_of(node), tight=tight)
        case syntax.Binary() | syntax.Compare():
            _binary(out, node, tight=tight)
        case syntax.Range():
            write(out, node.first, tight=True)
            out.write("..")
            write(out, node.last, tight=True)
        case _:
            assert_never(node)


def _binary(out: Writer, node: syntax.Binary | syntax.Compare, *, tight: bool) -> None:
    """Operators of a level associate to the left; a power has an atom on its left, comparisons do not associate."""
    level = level_of(node)
    left, right = (level, level + 1)
    if isinstance(node, syntax.Compare):
        left = level + 1
    elif node.operator == "^":
        left, right = _ATOM, _SIGN
    write(out, node.left, left, tight=tight)
    is_close = level > _SUM or (tight and level == _SUM)
    out.write(node.operator if is_close else f" {node.operator} ")
    out.may_break(LOOSE if level <= _SUM else TIGHT * (level - _SUM))
    write(out, node.right, right, tight=tight)


def _total(out: Writer, node: syntax.Total) -> None:
    out.write(node.function.text, node.span.start)
    out.open("(")
    bindings(out, node.bindings)
    out.write(": ")
    write(out, node.body)
    out.close(")")


def name(out: Writer, node: syntax.Name) -> None:
    """A dotted name with its indices."""
    for number, part in enumerate(node.parts):
        out.write(("." if number else "") + part.name, part.span.start)
        indices(out, part.indices)


def indices(out: Writer, nodes: Sequence[Expression]) -> None:
    """``[i, j-1]``, or nothing."""
    if not nodes:
        return
    out.open("[")
    for number, node in enumerate(nodes):
        if number:
            out.comma()
        write(out, node, tight=True)
    out.close("]")


def bindings(out: Writer, nodes: Iterable[syntax.Binding]) -> None:
    """``i in M, j in 1..N-1``."""
    for number, node in enumerate(nodes):
        if number:
            out.comma()
        out.write(f"{node.name.text} in ", node.span.start)
        over(out, node.over)


def over(out: Writer, node: Expression) -> None:
    """A range, or an expression in its place."""
    _bare(out, node, tight=True)


def arguments(out: Writer, nodes: Sequence[syntax.Argument]) -> None:
    """``(a, b, c = 1)``."""
    out.open("(")
    listed(out, nodes)
    out.close(")")


def listed(out: Writer, nodes: Iterable[syntax.Argument]) -> None:
    """Arguments with commas between them."""
    for number, node in enumerate(nodes):
        if number:
            out.comma()
        argument(out, node)


def argument(out: Writer, node: syntax.Argument) -> None:
    """``a`` or ``c = 1`` or ``c ~ normal(1, 2)``."""
    if node.name is not None:
        out.write(node.name.text, node.span.start)
        out.relation("~" if node.is_distribution else "=")
    write(out, node.value)


def signals(out: Writer, nodes: Iterable[Expression]) -> None:
    """Expressions with commas between them."""
    for number, node in enumerate(nodes):
        if number:
            out.comma()
        write(out, node)


def quoted(text: str) -> str:
    """A text between quotes."""
    return f'"{text}"'
