"""A template as a straight-line program: clipped unknowns, definitions, masked rates; and what readers should know of each step.

Bounds are part of the program, in the same symbolic terms as everything else, so that their derivatives need no special
care:

    w     = where(raw < lower, lower, where(raw > upper, upper, raw))                  clipped before use
    dw/dt = where((w <= lower and rate < 0) or (w >= upper and rate > 0), 0, rate)     an outward rate is masked

An unknown ``along`` another one (its direction, in a tangent system) is clipped and masked by the conditions of that one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType

import sympy

from mcompiler.equations.functions import conjunction, disjunction, ge, gt, le, lt, where
from mcompiler.equations.reverse import Step, needed
from mcompiler.equations.system import ONE, ZERO, Template, Unknown
from mcompiler.source import Span


@dataclass(frozen=True, slots=True)
class Program:
    """The steps of a template, and what belongs to each unknown, in their order.

    Attributes:
        steps: definitions, clipped unknowns and rates before masking, in order of use.
        raw: symbols of the unknowns before clipping (their own where they are not).
        rates: masked rates.
        outside: when `project` moves an unknown; None where there is no bound.
        notes: comments on steps and stored unknowns.
        rate_notes: comments on rates.
    """

    steps: tuple[Step, ...]
    raw: tuple[sympy.Symbol, ...]
    rates: tuple[sympy.Expr, ...]
    outside: tuple[sympy.Expr | None, ...]
    notes: Mapping[sympy.Symbol, str]
    rate_notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Bounded:
    """An unknown with the one whose bounds are its own: itself, or the one that it is along."""

    unknown: Unknown
    by: Unknown

    @property
    def bounds(self) -> tuple[sympy.Expr, ...]:
        """The bounds that there are."""
        return tuple(bound for bound in (self.by.lower, self.by.upper) if bound is not None)

    @property
    def raw(self) -> sympy.Symbol:
        """The symbol before clipping."""
        return _raw(self.unknown) if self.bounds else self.unknown.symbol


def program_of(template: Template, owner: str) -> Program:
    """The program of a forward or tangent template; comments call its quantities ``owner.name``.

    Raises:
        ValueError: an unknown has mass 0 (a constraint needs an implicit method).
    """
    for unknown in template.unknowns:
        if unknown.mass == ZERO:
            raise ValueError(
                f"{owner}.{unknown.symbol.name} is a constraint, which an explicit stage sweep cannot step"
            )
    by_symbol = {unknown.symbol: unknown for unknown in template.unknowns}
    each_bounded = [_Bounded(each, each if each.along is None else by_symbol[each.along]) for each in template.unknowns]
    definitions = [(each.symbol, each.value) for each in template.definitions]
    early = needed(definitions, [bound for each in each_bounded for bound in each.bounds])
    steps = [
        *(step for step in definitions if step[0] in early),
        *((each.unknown.symbol, _clipped(each)) for each in each_bounded if each.bounds),
        *(step for step in definitions if step[0] not in early),
        *((rate_symbol(each.unknown), _rate(each.unknown)) for each in each_bounded if each.bounds),
    ]
    return Program(
        steps=tuple(steps),
        raw=tuple(each.raw for each in each_bounded),
        rates=tuple(_masked(each) for each in each_bounded),
        outside=tuple(_outside(each) for each in each_bounded),
        notes=MappingProxyType(_notes(template, each_bounded, owner)),
        rate_notes=tuple(_rate_note(each, owner) for each in each_bounded),
    )


def _raw(unknown: Unknown) -> sympy.Symbol:
    return sympy.Symbol(f"{unknown.symbol.name} stored", real=True)


def rate_symbol(unknown: Unknown) -> sympy.Symbol:
    """The symbol of a bounded unknown's rate before masking."""
    return sympy.Symbol(f"{unknown.symbol.name} rate", real=True)


def _clipped(bounded: _Bounded) -> sympy.Expr:
    raw = _raw(bounded.by)
    value: sympy.Expr = bounded.raw
    if bounded.by.upper is not None:
        value = where(gt(raw, bounded.by.upper), _or_zero(bounded.unknown.upper), value)
    if bounded.by.lower is not None:
        value = where(lt(raw, bounded.by.lower), _or_zero(bounded.unknown.lower), value)
    return value


def _or_zero(value: sympy.Expr | None) -> sympy.Expr:
    return ZERO if value is None else value


def _outside(bounded: _Bounded) -> sympy.Expr | None:
    raw, by = _raw(bounded.by), bounded.by
    conditions = [relation(raw, bound) for relation, bound in ((lt, by.lower), (gt, by.upper)) if bound is not None]
    return _any(conditions) if conditions else None


def _rate(unknown: Unknown) -> sympy.Expr:
    return unknown.rate if unknown.mass == ONE else unknown.rate / unknown.mass


def _masked(bounded: _Bounded) -> sympy.Expr:
    if not bounded.bounds:
        return _rate(bounded.unknown)
    return where(_any(list(_outward(bounded.by))), ZERO, rate_symbol(bounded.unknown))


def _outward(unknown: Unknown) -> Iterator[sympy.Expr]:
    rate = rate_symbol(unknown)
    if unknown.lower is not None:
        yield conjunction(le(unknown.symbol, unknown.lower), lt(rate, ZERO))
    if unknown.upper is not None:
        yield conjunction(ge(unknown.symbol, unknown.upper), gt(rate, ZERO))


def _any(conditions: list[sympy.Expr]) -> sympy.Expr:
    return reduce(disjunction, conditions)


def _notes(template: Template, each_bounded: list[_Bounded], owner: str) -> dict[sympy.Symbol, str]:
    notes = {each.symbol: _note(f"{owner}.{each.symbol.name}", each.origin) for each in template.definitions}
    for each in each_bounded:
        name = f"{owner}.{each.unknown.symbol.name}"
        notes[each.raw] = f"{name} as stored" if each.bounds else name
        if each.bounds:
            notes[each.unknown.symbol] = f"{name} within its bounds"
            notes[rate_symbol(each.unknown)] = _note(f"rate of {name}", each.unknown.origin)
    return notes


def _rate_note(bounded: _Bounded, owner: str) -> str:
    name = f"rate of {owner}.{bounded.unknown.symbol.name}"
    return f"{name}, held at its bounds" if bounded.bounds else _note(name, bounded.unknown.origin)


def _note(name: str, origin: Span | None) -> str:
    return name if origin is None else f"{name} ({origin})"
