"""The tangent of a system, template by template: the forward system with the change of every unknown along a direction beside it.

    M x' = f,    M dot x' = f_x dot x + f_p dot p - (M_p dot p) x'

It is a system in forward form. The direction in parameter ``p`` is a parameter ``dot p`` (0 where nobody says otherwise), the direction in an initial state
is the initial value of ``dot w``. Its loss is the derivative of the loss along the direction.

What holds at corners: a bounded unknown and its direction are clipped, held and released together, so the tangent is the exact derivative of the
computation with bounds. An event's assignments are differentiated at the instant of the event; that the instant itself moves with the state (the
saltation term, MATH 3c) involves rates on both sides of the event at all neighbours, and is the integrator's business where it locates events.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import sympy

from mcompiler.equations.names import at_end, dot
from mcompiler.equations.reverse import derivative_along, linearise
from mcompiler.equations.system import (
    LOSS,
    ZERO,
    Accumulator,
    Definition,
    EdgeClass,
    Event,
    Parameter,
    PointLoss,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.translate import as_written

#: The change of each symbol that moves along the direction.
_Dots = dict[sympy.Symbol, sympy.Expr]


@dataclass(frozen=True, slots=True)
class _Linear:
    """A template's definitions with their changes, and all that moves in it."""

    template: Template
    dots: _Dots
    definitions: tuple[Definition, ...]

    def along(self, value: sympy.Expr) -> sympy.Expr:
        """The change of an expression in the template's symbols."""
        return derivative_along(value, self.dots)


@as_written
def tangent(system: System, directions: Iterable[str] | None = None) -> System:
    """The linearised flow beside the flow itself.

    Args:
        system: a forward system.
        directions: the parameters that change, as ``class.parameter`` or the name of a global one; all of them by default.

    Raises:
        ValueError: there is no such parameter.
    """
    moves = _moving_parameters(system, directions)
    shared: _Dots = {each.symbol: dot(each.symbol.name) for each in system.parameters if moves("", each)}
    read = {each.name: _read(each.name, system.edges) for each in system.vertices}
    published = {each.name: _published(each, shared, moves, set()) & read[each.name] for each in system.vertices}
    while True:
        edges = [_edge(each, shared, moves, published) for each in system.edges]
        collected = {each.name: _collected(each.name, edges) for each in system.vertices}
        again = {
            each.name: _published(each, shared, moves, collected[each.name]) & read[each.name]
            for each in system.vertices
        }
        if again == published:
            break
        published = again  # edges read what changes with a sum: what they make of it changes too
    vertices = tuple(_vertex(each, shared, moves, collected[each.name]) for each in system.vertices)
    return System(
        system.name,
        vertices,
        tuple(edges),
        (*system.parameters, *_directions(system.parameters, shared)),
        _losses(system, shared, collected),
        "tangent",
    )


_Moves = Callable[[str, Parameter], bool]


def _moving_parameters(system: System, directions: Iterable[str] | None) -> _Moves:
    """Whether a parameter of a class (of none: a global one) has a direction."""
    owners = [
        ("", system.parameters),
        *((each.name, each.template.parameters) for each in system.classes),
    ]
    names = {_path(owner, each) for owner, parameters in owners for each in parameters if not each.structural}
    wanted = names if directions is None else set(directions)
    if unknown := sorted(wanted - names):
        raise ValueError(f"{system.name} has no parameter {', '.join(unknown)}; it has {', '.join(sorted(names))}")
    return lambda owner, parameter: not parameter.structural and _path(owner, parameter) in wanted


def _path(owner: str, parameter: Parameter) -> str:
    return f"{owner}.{parameter.symbol.name}" if owner else parameter.symbol.name


def _directions(parameters: Iterable[Parameter], dots: Mapping[sympy.Symbol, sympy.Expr]) -> tuple[Parameter, ...]:
    return tuple(
        replace(each, symbol=dot(each.symbol.name), doc="direction") for each in parameters if each.symbol in dots
    )


# --- vertices


def _read(vertex: str, edges: Iterable[EdgeClass]) -> set[str]:
    """What edges read of a vertex class."""
    return {each.name for edge in edges for each in edge.template.reads if edge.ends[each.end] == vertex}


def _published(vertex: VertexClass, shared: _Dots, moves: _Moves, collected: set[str]) -> set[str]:
    """The quantities of a vertex that change along the direction, where those accumulators do that are named."""
    return {each.name for each in _linear(vertex.name, vertex.template, shared, moves, _sums(vertex, collected)).dots}


def _sums(vertex: VertexClass, collected: set[str]) -> _Dots:
    moving = (each.symbol for each in vertex.template.accumulators if each.symbol.name in collected)
    return {symbol: dot(symbol.name) for symbol in moving}


def _collected(vertex: str, edges: Iterable[EdgeClass]) -> set[str]:
    """The accumulators of a vertex class whose changes edges contribute to."""
    return {
        each.accumulator.removeprefix("dot ")
        for edge in edges
        for each in edge.template.contributions
        if edge.ends[each.end] == vertex and each.accumulator.startswith("dot ")
    }


def _vertex(vertex: VertexClass, shared: _Dots, moves: _Moves, collected: set[str]) -> VertexClass:
    template = vertex.template
    made = _assembled(_linear(vertex.name, template, shared, moves, _sums(vertex, collected)))
    added = tuple(
        Accumulator(dot(each.symbol.name), each.dimension)
        for each in template.accumulators
        if each.symbol.name in collected
    )
    return replace(vertex, template=replace(made, accumulators=(*template.accumulators, *added)))


# --- edges


def _edge(edge: EdgeClass, shared: _Dots, moves: _Moves, published: Mapping[str, set[str]]) -> EdgeClass:
    template = edge.template
    reads = {
        each.symbol: replace(each, symbol=_dot_at_end(each), name=dot(each.name).name)
        for each in template.reads
        if each.name in published[edge.ends[each.end]]
    }
    linear = _linear(edge.name, template, shared, moves, {symbol: read.symbol for symbol, read in reads.items()})
    changes = (
        replace(each, accumulator=dot(each.accumulator).name, value=linear.along(each.value))
        for each in template.contributions
    )
    made = replace(
        _assembled(linear),
        reads=(*template.reads, *reads.values()),
        contributions=(*template.contributions, *(each for each in changes if each.value != ZERO)),
    )
    return replace(edge, template=made)


def _dot_at_end(read: Read) -> sympy.Symbol:
    """``p.dot v`` for the read ``p.v``."""
    terminal, _, name = read.symbol.name.rpartition(".")
    return at_end(terminal, dot(name).name) if terminal else dot(name)


# --- both


def _linear(owner: str, template: Template, shared: _Dots, moves: _Moves, more: _Dots) -> _Linear:
    dots: _Dots = {**shared, **more}
    dots |= {each.symbol: dot(each.symbol.name) for each in template.parameters if moves(owner, each)}
    dots |= {each.symbol: dot(each.symbol.name) for each in template.unknowns}
    steps, found = linearise([(each.symbol, each.value) for each in template.definitions], dots)
    dots |= found
    values = dict(steps)
    definitions = tuple(
        replace(each, symbol=dot(each.symbol.name), value=values[dot(each.symbol.name)], doc="")
        for each in template.definitions
        if dot(each.symbol.name) in values
    )
    return _Linear(template, dots, definitions)


def _assembled(linear: _Linear) -> Template:
    template = linear.template
    return replace(
        template,
        parameters=(*template.parameters, *_directions(template.parameters, linear.dots)),
        unknowns=(*template.unknowns, *(_direction(each, linear) for each in template.unknowns)),
        definitions=(*template.definitions, *linear.definitions),
        events=tuple(_event(each, linear) for each in template.events),
    )


def _direction(unknown: Unknown, linear: _Linear) -> Unknown:
    """The change of an unknown."""
    rate = linear.along(unknown.rate)
    mass_change = linear.along(unknown.mass)
    if mass_change != ZERO:
        rate -= mass_change * unknown.rate / unknown.mass
    return replace(
        unknown,
        symbol=dot(unknown.symbol.name),
        rate=rate,
        initial=linear.along(unknown.initial),
        lower=None if unknown.lower is None else linear.along(unknown.lower),
        upper=None if unknown.upper is None else linear.along(unknown.upper),
        doc="",
        along=unknown.symbol,
    )


def _event(event: Event, linear: _Linear) -> Event:
    changes = tuple((dot(symbol.name), linear.along(value)) for symbol, value in event.assignments)
    return replace(event, assignments=(*event.assignments, *changes))


def _losses(system: System, shared: _Dots, collected: Mapping[str, set[str]]) -> tuple[PointLoss, ...]:
    """The changes of the terms of the loss."""
    owner = next((each.template for each in system.vertices if each.name == LOSS), None)
    if owner is None:
        return ()
    dots: _Dots = {**shared, **{each.symbol: dot(each.symbol.name) for each in owner.unknowns}}
    dots |= {each.symbol: dot(each.symbol.name) for each in owner.accumulators if each.symbol.name in collected[LOSS]}
    return tuple(replace(each, value=derivative_along(each.value, dots)) for each in system.losses)
