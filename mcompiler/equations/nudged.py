"""The system with a weak force down the slope of its loss: equilibrium propagation (MATH 3b).

    M dx/dt = f(x, s, p) - beta*dC/dx

In a gradient system (f = -dE/dx) the fixed point moves by d x_beta/d beta = -lam, the adjoint of the free one. A circuit whose cells show an activation
r = r(x) is one in terms of r: there the force is beta*dC/dr, a current into the cell, and the *activations* move by -lam; ``by`` says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import sympy

from mcompiler.equations.dimensions import dimension_of
from mcompiler.equations.fixed_point import columns_held, end_losses, loss_dimension
from mcompiler.equations.names import nudge, received_slope, slope
from mcompiler.equations.pullback import Seed, dimensions
from mcompiler.equations.system import (
    LOSS,
    ONE,
    EdgeClass,
    Parameter,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.translate import as_written
from mcompiler.equations.transposed import Owner, Transposed, Transposition, Words, transposed
from mcompiler.units import DIMENSIONLESS, Dimension
from mcompiler.units import TIME as SECONDS


@dataclass(frozen=True, slots=True)
class _Force:
    """The slope of the loss that pushes an unknown, and the unit that beta must have for that."""

    value: sympy.Expr
    unit: Dimension


#: Forces by class and unknown.
_Forces = Mapping[str, Mapping[sympy.Symbol, _Force]]
_Outputs = Mapping[str, str]
_NONE: _Outputs = MappingProxyType({})


@as_written
def nudged(system: System, beta: sympy.Expr | None = None, by: _Outputs = _NONE) -> System:
    """The system with force -beta dC/dx on every unknown of a vertex that the loss depends on.

    Args:
        system: in forward form, with a loss at the end of the run.
        beta: strength, in global parameters and literals; by default a new global parameter ``nudge beta``, so that the same kernels run free (0) and nudged.
        by: outputs that take an unknown's place in dC/dx: ``{"X.u": "r"}`` pushes u of X by -beta dC/dr.

    Raises:
        ValueError: there is no loss at the end, no such unknown or output, or beta's unit does not make the force a rate.
    """
    terms = end_losses(system)
    outputs = _checked(system, by)
    unit = loss_dimension(system)
    seeds: list[Seed] = [(each.value, ONE) for each in terms]
    made = transposed(
        Transposition(
            system,
            unit,
            seeds=lambda owner: seeds if owner.name == LOSS else (),
            inputs=lambda owner: () if isinstance(owner, EdgeClass) else _inputs(owner, outputs),
            words=Words(slope, received_slope, "slope by"),
        )
    )
    forces = {each.name: _forces(each, made[each.name], outputs, unit) for each in system.vertices}
    strength, added = _strength(system, beta, forces)
    return replace(
        system,
        vertices=tuple(
            replace(each, template=_vertex(each, made[each.name], forces[each.name], strength, system))
            for each in system.vertices
        ),
        edges=tuple(replace(each, template=_edge(each.template, made[each.name])) for each in system.edges),
        parameters=(*system.parameters, *added),
        kind="nudged",
    )


def _checked(system: System, by: _Outputs) -> _Outputs:
    offered = {
        f"{owner.name}.{each.symbol.name}": {one.symbol.name for one in owner.template.definitions}
        for owner in system.vertices
        for each in owner.template.unknowns
    }
    for place, output in by.items():
        if output not in offered.get(place, set()):
            raise ValueError(f"{system.name} has no unknown {place} of a vertex with an output {output} beside it")
    return by


def _inputs(owner: Owner, outputs: _Outputs) -> list[sympy.Symbol]:
    return [_pushed_by(owner, each, outputs) for each in owner.template.unknowns]


def _pushed_by(owner: Owner, unknown: Unknown, outputs: _Outputs) -> sympy.Symbol:
    name = outputs.get(f"{owner.name}.{unknown.symbol.name}")
    return unknown.symbol if name is None else sympy.Symbol(name, real=True)


def _forces(vertex: VertexClass, made: Transposed, outputs: _Outputs, loss: Dimension) -> dict[sympy.Symbol, _Force]:
    measured = dimensions(vertex.template)
    found: dict[sympy.Symbol, _Force] = {}
    for each in () if vertex.name == LOSS else vertex.template.unknowns:
        symbol = _pushed_by(vertex, each, outputs)
        if symbol in made.gradients:
            rate = each.mass_dimension * each.dimension / SECONDS
            found[each.symbol] = _Force(made.gradients[symbol], rate * measured[symbol] / loss)
    return found


def _strength(system: System, beta: sympy.Expr | None, forces: _Forces) -> tuple[sympy.Expr, tuple[Parameter, ...]]:
    """Beta in the one unit that all forces ask for, and the parameter that it is where it is one of its own."""
    asked = {f"{owner}.{symbol}": each.unit for owner, own in forces.items() for symbol, each in own.items()}
    given = None if beta is None else dimension_of(beta, {each.symbol: each.dimension for each in system.parameters})
    wanted = next(iter(asked.values()), DIMENSIONLESS) if given is None else given
    if wrong := [f"{place} asks for {unit}" for place, unit in asked.items() if unit != wanted]:
        said = f"beta would be in {wanted}" if beta is None else f"beta = {beta} is in {wanted}"
        raise ValueError(f"{said}, which makes no rate of every force: {', '.join(wrong)}")
    if beta is not None:
        return beta, ()
    return nudge("beta"), (Parameter(nudge("beta"), wanted, doc="strength of the nudge"),)


def _vertex(
    vertex: VertexClass, made: Transposed, forces: Mapping[sympy.Symbol, _Force], beta: sympy.Expr, system: System
) -> Template:
    template = vertex.template
    unknowns = (
        replace(each, rate=each.rate - beta * forces[each.symbol].value) if each.symbol in forces else each
        for each in template.unknowns
    )
    return replace(
        template,
        parameters=(*template.parameters, *columns_held(vertex, system)),
        unknowns=tuple(unknowns),
        definitions=(*template.definitions, *made.definitions),
        accumulators=(*template.accumulators, *made.accumulators),
    )


def _edge(template: Template, made: Transposed) -> Template:
    return replace(
        template,
        definitions=(*template.definitions, *made.definitions),
        reads=(*template.reads, *made.reads),
        contributions=(*template.contributions, *made.contributions),
    )
