"""A template as a straight-line program: clipped unknowns, definitions, masked rates.

Bounds are part of the program, in the same symbolic terms as everything else, so that their derivatives need no special
care:

    w     = where(raw < lower, lower, where(raw > upper, upper, raw))                  clipped before use
    dw/dt = where((w <= lower and rate < 0) or (w >= upper and rate > 0), 0, rate)     an outward rate is masked
"""

from dataclasses import dataclass

import sympy

from mcompiler.equations.functions import conjunction, disjunction, ge, gt, le, lt, where
from mcompiler.equations.reverse import Step, needed
from mcompiler.equations.system import ONE, ZERO, Template, Unknown


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of a template and, per unknown, its symbol before clipping (its own where it is not) and masked rate."""

    steps: tuple[Step, ...]
    raw: tuple[sympy.Symbol, ...]
    rates: tuple[sympy.Expr, ...]


def program_of(template: Template) -> Program:
    """The program of a forward template.

    Raises:
        ValueError: an unknown has mass 0 (a constraint needs an implicit method).
    """
    definitions = [(each.symbol, each.value) for each in template.definitions]
    early = needed(definitions, [bound for unknown in template.unknowns for bound in _bounds(unknown)])
    steps: list[Step] = [step for step in definitions if step[0] in early]
    steps += [(unknown.symbol, _clipped(unknown)) for unknown in template.unknowns if _bounds(unknown)]
    steps += [step for step in definitions if step[0] not in early]
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
    pairs = ((lt, unknown.lower), (gt, unknown.upper))
    conditions = [relation(raw, bound) for relation, bound in pairs if bound is not None]
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
