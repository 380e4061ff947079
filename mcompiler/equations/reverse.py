"""Derivatives of straight-line programs: reverse accumulation (transpose) and forward accumulation (linearise).

A program is steps ``symbol = value`` in order of use. Definitions are differentiated one by one and never substituted
into each other, so the derivative of a program has a length in proportion to the program's own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import sympy

from mcompiler.equations.derivative import Partials, partials
from mcompiler.equations.functions import where
from mcompiler.equations.names import bar, dot
from mcompiler.equations.system import ZERO

#: A symbol and what it stands for; programs are in order of use.
Step = tuple[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True, slots=True)
class Transpose:
    """Steps that may follow a program's own, and the gradient with respect to each input that has one."""

    steps: tuple[Step, ...]
    gradients: dict[sympy.Symbol, sympy.Expr]


def transpose(
    steps: Sequence[Step],
    seeds: Sequence[tuple[sympy.Expr, sympy.Expr]],
    inputs: Sequence[sympy.Symbol],
    call: Callable[[str], sympy.Symbol] = bar,
) -> Transpose:
    """The transposed derivative of a program's outputs; gradients that vanish identically are left out.

    Args:
        steps: the program.
        seeds: outputs (expressions in the program's symbols), each with its adjoint.
        inputs: what to differentiate with respect to; a step that defines one of them is not passed through.
        call: what the adjoint of a step is called.
    """
    active = _active(steps, inputs)
    shares: dict[sympy.Symbol, list[sympy.Expr]] = {}
    for output, seed in seeds:
        _share(output, seed, active, shares)
    wanted = set(inputs)
    adjoint: list[Step] = []
    for symbol, value in reversed(steps):
        if symbol in shares and symbol not in wanted:
            adjoint.append((call(symbol.name), sympy.Add(*shares[symbol])))
            _share(value, call(symbol.name), active, shares)
    gradients = {symbol: sympy.Add(*shares[symbol]) for symbol in inputs if symbol in shares}
    return Transpose(tuple(adjoint), {symbol: value for symbol, value in gradients.items() if value != ZERO})


def linearise(
    steps: Sequence[Step],
    directions: Mapping[sympy.Symbol, sympy.Expr],
    call: Callable[[str], sympy.Symbol] = dot,
) -> tuple[tuple[Step, ...], dict[sympy.Symbol, sympy.Expr]]:
    """Steps that may follow a program's own, and the derivative of every step that has one: its symbol, or a number.

    Args:
        steps: the program.
        directions: for every input that moves, its rate of change (an expression in symbols that the caller gives).
        call: what the derivative of a step is called.
    """
    dots: dict[sympy.Symbol, sympy.Expr] = dict(directions)
    found: dict[sympy.Symbol, sympy.Expr] = {}
    tangent: list[Step] = []
    for symbol, value in steps:
        change = derivative_along(value, dots)
        if change == ZERO:
            continue
        name = call(symbol.name)
        dots[symbol] = found[symbol] = change if change.is_Number else name
        if not change.is_Number:
            tangent.append((name, change))
    return tuple(tangent), found


def derivative_along(value: sympy.Expr, dots: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
    """The derivative of an expression whose symbols change at the rates ``dots``."""
    return sympy.Add(*(slope * dots[symbol] for symbol, slope in _by_name(partials(value, dots))))


def _by_name(found: Partials) -> list[tuple[sympy.Symbol, sympy.Expr]]:
    return sorted(found.items(), key=lambda pair: pair[0].name)


def needed(
    steps: Sequence[Step], roots: Iterable[sympy.Basic], known: Iterable[sympy.Symbol] = ()
) -> set[sympy.Symbol]:
    """All symbols that the expressions in ``roots`` need, directly or through steps; a ``known`` one needs no other."""
    stop = set(known)
    values = {symbol: value for symbol, value in steps if symbol not in stop}
    pending = [symbol for root in roots for symbol in symbols_of(root)]
    found: set[sympy.Symbol] = set()
    while pending:
        symbol = pending.pop()
        if symbol not in found:
            found.add(symbol)
            pending += symbols_of(values[symbol]) if symbol in values else []
    return found


def symbols_of(expression: sympy.Basic) -> list[sympy.Symbol]:
    """The symbols of an expression, by name."""
    return sorted(expression.atoms(sympy.Symbol), key=lambda symbol: symbol.name)


def _active(steps: Sequence[Step], inputs: Sequence[sympy.Symbol]) -> set[sympy.Symbol]:
    active = set(inputs)
    for symbol, value in steps:
        if not active.isdisjoint(value.atoms(sympy.Symbol)):
            active.add(symbol)
    return active


def _share(
    value: sympy.Expr, seed: sympy.Expr, active: set[sympy.Symbol], shares: dict[sympy.Symbol, list[sympy.Expr]]
) -> None:
    for symbol, slope in _by_name(partials(value, active)):
        shares.setdefault(symbol, []).append(_scaled(seed, slope))


def _scaled(seed: sympy.Expr, partial: sympy.Expr) -> sympy.Expr:
    """The product, inside the branches of a selection: what is not selected is never multiplied by zero."""
    if isinstance(partial, where):  # type: ignore[arg-type]
        condition, chosen, other = cast("tuple[sympy.Expr, sympy.Expr, sympy.Expr]", partial.args)
        return where(condition, _scaled(seed, chosen), _scaled(seed, other))
    return seed * partial
