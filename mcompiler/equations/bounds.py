"""Bounds as equations: when a bounded unknown is held, and what it would do if it were not."""

import sympy

from mcompiler.equations.functions import conjunction, disjunction, ge, gt, le, lt
from mcompiler.equations.names import push
from mcompiler.equations.system import ONE, ZERO, Definition, Unknown
from mcompiler.units import TIME as SECONDS


def is_bounded(unknown: Unknown) -> bool:
    """Whether the unknown has a bound."""
    return unknown.lower is not None or unknown.upper is not None


def pushed(unknown: Unknown) -> Definition:
    """The rate of a bounded unknown without the bounds, as a definition."""
    rate = unknown.rate if unknown.mass == ONE else unknown.rate / unknown.mass
    name = unknown.symbol.name
    doc = f"what d{name}/dt is without the bounds"
    return Definition(push(name), unknown.dimension / SECONDS, rate, doc, unknown.origin)


def held(unknown: Unknown) -> sympy.Expr:
    """The condition under which a bound holds the unknown: it is at the bound and the rate (see `pushed`) points outward."""
    rate = push(unknown.symbol.name)
    conditions: list[sympy.Expr] = []
    if unknown.lower is not None:
        conditions.append(conjunction(le(unknown.symbol, unknown.lower), lt(rate, ZERO)))
    if unknown.upper is not None:
        conditions.append(conjunction(ge(unknown.symbol, unknown.upper), gt(rate, ZERO)))
    return conditions[0] if len(conditions) == 1 else disjunction(*conditions)
