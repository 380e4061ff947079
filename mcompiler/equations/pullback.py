"""The transposed derivative of one template: what its outputs' adjoints are to its inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sympy

from mcompiler.equations.names import bar
from mcompiler.equations.reverse import transpose
from mcompiler.equations.system import TIME, Accumulator, Definition, Parameter, Read, System, Template, Unknown
from mcompiler.units import Dimension

Quantity: TypeAlias = Parameter | Definition | Unknown | Accumulator | Read
#: An output of a template (an expression in its symbols) and its adjoint.
Seed = tuple[sympy.Expr, sympy.Expr]


@dataclass(frozen=True, slots=True)
class Pulled:
    """Definitions to be made, and the adjoint of each input that has one."""

    definitions: tuple[Definition, ...]
    gradients: dict[sympy.Symbol, sympy.Expr]


def pull(template: Template, seeds: Sequence[Seed], system: System, unit: Dimension) -> Pulled:
    """The transposed derivative of a template's outputs by all its inputs.

    Args:
        template: of a forward system.
        seeds: its outputs, with their adjoints.
        system: for the global parameters.
        unit: of a quantity times its adjoint.
    """
    steps = [(each.symbol, each.value) for each in template.definitions]
    result = transpose(steps, seeds, _inputs(template, system))
    by_bar = {bar(each.symbol.name): each for each in template.definitions}
    definitions = tuple(
        Definition(symbol, unit / by_bar[symbol].dimension, value, origin=by_bar[symbol].origin)
        for symbol, value in result.steps
    )
    return Pulled(definitions, result.gradients)


def _inputs(template: Template, system: System) -> list[sympy.Symbol]:
    constant = [each for each in (*template.parameters, *system.parameters) if not each.structural]
    return [
        *(each.symbol for each in template.unknowns),
        *(each.symbol for each in template.accumulators),
        *(each.symbol for each in template.reads),
        *(each.symbol for each in constant),
        TIME,
    ]


def quantities(template: Template) -> tuple[Quantity, ...]:
    """Everything in a template that has a symbol, its own only."""
    return (*template.parameters, *template.definitions, *template.unknowns, *template.accumulators, *template.reads)


def dimensions(template: Template) -> dict[sympy.Symbol, Dimension]:
    """What each quantity of a template measures, its own only."""
    return {each.symbol: each.dimension for each in quantities(template)}
