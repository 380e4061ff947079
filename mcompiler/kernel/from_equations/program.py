"""A template as a straight-line program: clipped unknowns, definitions, masked rates; and its exact transpose.

Bounds are part of the program, in the same symbolic terms as everything else, so that their derivatives need no special care:

    w       = where(raw < lower, lower, where(raw > upper, upper, raw))                        clipped before use
    dw/dt   = where((w <= lower and rate < 0) or (w >= upper and rate > 0), 0, rate)           an outward rate is masked
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy

from mcompiler.equations.functions import conjunction, disjunction, ge, gt, le, lt, where
from mcompiler.equations.reverse import reverse
from mcompiler.equations.system import ONE, TIME, ZERO, Definition, Event, Template, Unknown
from mcompiler.kernel.ir import Value
from mcompiler.kernel.build import Block
from mcompiler.kernel.from_equations.expressions import Resolve, translate

#: A symbol and what it stands for; programs are in order of use.
Step = tuple[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of a template, the symbol of every unknown before clipping (its own where it has no bounds), and every unknown's masked rate."""

    steps: tuple[Step, ...]
    raw: tuple[sympy.Symbol, ...]
    rates: tuple[sympy.Expr, ...]


@dataclass(frozen=True, slots=True)
class Transpose:
    """Steps that follow a program's own and the gradient with respect to each symbol that has one."""

    steps: tuple[Step, ...]
    gradients: dict[sympy.Symbol, sympy.Expr]


def program_of(template: Template) -> Program:
    """The program of a forward template.

    Raises:
        ValueError: an unknown has mass 0 (a constraint needs an implicit method).
    """
    early = _closure(template.definitions, [bound for unknown in template.unknowns for bound in _bounds(unknown)])
    steps: list[Step] = [(each.symbol, each.value) for each in template.definitions if each.symbol in early]
    steps += [(unknown.symbol, _clipped(unknown)) for unknown in template.unknowns if _bounds(unknown)]
    steps += [(each.symbol, each.value) for each in template.definitions if each.symbol not in early]
    rates: list[sympy.Expr] = []
    for unknown in template.unknowns:
        step, rate = _rate(template.name, unknown)
        steps += step
        rates.append(rate)
    return Program(tuple(steps), tuple(raw_symbol(unknown) for unknown in template.unknowns), tuple(rates))


def raw_symbol(unknown: Unknown) -> sympy.Symbol:
    """The symbol of the unknown as stored: its own, or another one where it is clipped before use."""
    return sympy.Symbol(f"{unknown.symbol.name} stored", real=True) if _bounds(unknown) else unknown.symbol


def is_bounded(unknown: Unknown) -> bool:
    """Whether the unknown has a bound."""
    return bool(_bounds(unknown))


def outside(unknown: Unknown) -> sympy.Expr:
    """The condition under which `project` moves a bounded unknown."""
    raw = raw_symbol(unknown)
    conditions = [relation(raw, bound) for relation, bound in ((lt, unknown.lower), (gt, unknown.upper)) if bound is not None]
    return conditions[0] if len(conditions) == 1 else disjunction(*conditions)


def _bounds(unknown: Unknown) -> tuple[sympy.Expr, ...]:
    return tuple(bound for bound in (unknown.lower, unknown.upper) if bound is not None)


def _clipped(unknown: Unknown) -> sympy.Expr:
    raw = raw_symbol(unknown)
    value: sympy.Expr = raw
    if unknown.upper is not None:
        value = where(gt(raw, unknown.upper), unknown.upper, value)
    if unknown.lower is not None:
        value = where(lt(raw, unknown.lower), unknown.lower, value)
    return value


def _rate(owner: str, unknown: Unknown) -> tuple[tuple[Step, ...], sympy.Expr]:
    if unknown.mass == ZERO:
        raise ValueError(f"{owner}.{unknown.symbol.name} is a constraint, which an explicit stage sweep cannot step")
    rate = unknown.rate if unknown.mass == ONE else unknown.rate / unknown.mass
    if not _bounds(unknown):
        return (), rate
    name = sympy.Symbol(f"{unknown.symbol.name} rate", real=True)
    outward: list[sympy.Expr] = []
    if unknown.lower is not None:
        outward.append(conjunction(le(unknown.symbol, unknown.lower), lt(name, ZERO)))
    if unknown.upper is not None:
        outward.append(conjunction(ge(unknown.symbol, unknown.upper), gt(name, ZERO)))
    condition = outward[0] if len(outward) == 1 else disjunction(*outward)
    return ((name, rate),), where(condition, ZERO, name)


def _closure(definitions: Sequence[Definition], roots: Iterable[sympy.Expr]) -> set[sympy.Symbol]:
    values = {each.symbol: each.value for each in definitions}
    return needed([(symbol, value) for symbol, value in values.items()], roots)


def needed(steps: Sequence[Step], roots: Iterable[sympy.Basic]) -> set[sympy.Symbol]:
    """The symbols of those steps that the expressions in ``roots`` need."""
    values = dict(steps)
    pending = [symbol for root in roots for symbol in symbols_of(root)]
    found: set[sympy.Symbol] = set()
    while pending:
        symbol = pending.pop()
        if symbol in values and symbol not in found:
            found.add(symbol)
            pending += symbols_of(values[symbol])
    return found


def symbols_of(expression: sympy.Basic) -> list[sympy.Symbol]:
    """The symbols of an expression, by name."""
    return sorted(expression.atoms(sympy.Symbol), key=lambda symbol: symbol.name)


def has_event(events: Sequence[Event]) -> bool:
    """Whether there is any event."""
    return bool(events)


def transpose(steps: Sequence[Step], seeds: Sequence[tuple[sympy.Expr, sympy.Symbol]], inputs: Sequence[sympy.Symbol]) -> Transpose:
    """The transposed derivative of the outputs in ``seeds`` (expression, seed symbol) with respect to ``inputs``; vanishing gradients are left out."""
    raise NotImplementedError


class Evaluation:
    """Evaluates expressions of a program inside a block: loads inputs and binds definitions when first needed, in the program's order."""

    def __init__(self, block: Block, steps: Sequence[Step], sources: dict[sympy.Symbol, "Source"], owner: str) -> None:
        self._block = block
        self._steps = tuple(steps)
        self._sources = sources
        self._owner = owner
        self._known: dict[sympy.Symbol, Value] = {}

    def values(self, expressions: Sequence[sympy.Expr]) -> tuple[Value, ...]:
        """The values of the expressions; what they need is bound first."""
