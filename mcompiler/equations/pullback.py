"""The transposed derivative of one template: what its outputs' adjoints are to its inputs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import sympy

from mcompiler.equations.names import bar
from mcompiler.equations.reverse import transpose
from mcompiler.equations.system import Accumulator, Definition, Parameter, Read, Template, Unknown
from mcompiler.units import Dimension

Quantity: TypeAlias = Parameter | Definition | Unknown | Accumulator | Read
#: An output of a template (an expression in its symbols) and its adjoint.
Seed = tuple[sympy.Expr, sympy.Expr]


@dataclass(frozen=True, slots=True)
class Pulled:
    """Definitions to be made, and the adjoint of each input that has one."""

    definitions: tuple[Definition, ...]
    gradients: dict[sympy.Symbol, sympy.Expr]


def pull(
    template: Template,
    seeds: Sequence[Seed],
    inputs: Sequence[sympy.Symbol],
    unit: Dimension,
    call: Callable[[str], sympy.Symbol] = bar,
) -> Pulled:
    """The transposed derivative of a template's outputs.

    Args:
        template: of a forward system.
        seeds: its outputs, with their adjoints.
        inputs: what the derivative is taken by.
        unit: of a quantity times its adjoint.
        call: what the adjoint of a definition is called.
    """
    steps = [(each.symbol, each.value) for each in template.definitions]
    result = transpose(steps, seeds, inputs, call)
    by_bar = {call(each.symbol.name): each for each in template.definitions}
    definitions = tuple(
        Definition(symbol, unit / by_bar[symbol].dimension, value, origin=by_bar[symbol].origin)
        for symbol, value in result.steps
    )
    return Pulled(definitions, result.gradients)


def quantities(template: Template) -> tuple[Quantity, ...]:
    """Everything in a template that has a symbol, its own only."""
    return (*template.parameters, *template.definitions, *template.unknowns, *template.accumulators, *template.reads)


def dimensions(template: Template) -> dict[sympy.Symbol, Dimension]:
    """What each quantity of a template measures, its own only."""
    return {each.symbol: each.dimension for each in quantities(template)}
