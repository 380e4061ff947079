"""A derived network without what its motion does not need: what only a loss's value or a gradient asks for.

What the model itself defines stays. Of the loss stays what gives its slope: where that slope by a sum over members is a constant, every member has it as a
definition of its own, so that the slope of a plain sum of squares needs no place where the sum is collected.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import sympy

from mcompiler.equations.printing.dynamics import Needed, closure
from mcompiler.equations.reverse import symbols_of
from mcompiler.equations.shares import substituted
from mcompiler.equations.system import LOSS, Contribution, Definition, EdgeClass, Read, System, Template, VertexClass
from mcompiler.equations.translate import in_order, symbol
from mcompiler.network.binding import sum_class
from mcompiler.network.network import Network

#: Expressions in constants that stand for what is read of the loss, by its name there.
_Constants = Mapping[str, sympy.Expr]


def trimmed(system: System, network: Network) -> System:
    """The system without what nothing that moves in it depends on; ``network`` is what it was derived from."""
    everywhere = {
        sum_class(each.name, name)
        for each in network.vertices
        for name in (each.group.terms if each.group is not None else ())
    }
    constants = _constants(system)
    edges = tuple(_folded(each, constants, everywhere) for each in system.edges)
    wanted = closure(replace(system, edges=edges), {each.name: _roots(each) for each in system.classes})
    edges = tuple(_edge(each, system, wanted) for each in edges)
    edges = tuple(each for each in edges if " " not in each.name or each.template.contributions)
    vertices = tuple(replace(each, template=_own(each, wanted)) for each in system.vertices)
    apart = [each for each in edges if each.name in everywhere and LOSS not in each.ends]
    vertices = tuple(_given(each, apart) for each in vertices)
    edges = tuple(each for each in edges if each not in apart)
    used = {end for each in edges for end in each.ends}
    return replace(
        system, vertices=tuple(each for each in vertices if each.name != LOSS or LOSS in used), edges=edges, losses=()
    )


def _roots(owner: VertexClass | EdgeClass) -> list[sympy.Expr]:
    """What moves a class, and what its own parameters and states begin with; of the loss nothing moves that others feel."""
    if owner.name == LOSS:
        return []
    template = owner.template
    roots = [
        value
        for each in template.unknowns
        for value in (each.rate, each.mass, each.initial, each.scale, each.lower, each.upper)
    ]
    roots += [value for each in template.events for value in (each.margin, *(new for _, new in each.assignments))]
    return [each for each in roots if each is not None]


# --- what is constant


def _constants(system: System) -> _Constants:
    """What the loss gives back that does not move."""
    loss = next((each.template for each in system.vertices if each.name == LOSS), Template(LOSS))
    shared = {each.symbol for each in system.parameters}
    found: dict[str, sympy.Expr] = {}
    for each in loss.definitions:
        value = substituted(each.value, loss.definitions)
        if shared.issuperset(symbols_of(value)):
            found[each.symbol.name] = value
    return found


def _folded(edge: EdgeClass, constants: _Constants, everywhere: Collection[str]) -> EdgeClass:
    """The edge with constants in place of what it reads of the loss; not one that brings a single cell there, since it is told apart by that edge alone."""
    if " " in edge.name and edge.name not in everywhere:
        return edge
    template = edge.template
    known = {
        each.symbol: constants[each.name]
        for each in template.reads
        if edge.ends[each.end] == LOSS and each.name in constants
    }
    if not known:
        return edge
    made = replace(
        template,
        reads=tuple(each for each in template.reads if each.symbol not in known),
        definitions=tuple(replace(each, value=each.value.xreplace(known)) for each in template.definitions),
        contributions=tuple(replace(each, value=each.value.xreplace(known)) for each in template.contributions),
    )
    return replace(edge, template=made)


# --- what is needed


def _own(owner: VertexClass | EdgeClass, wanted: Needed) -> Template:
    template = owner.template
    is_loss = owner.name == LOSS
    return replace(
        template,
        definitions=tuple(each for each in template.definitions if _is_kept(each.symbol, owner, wanted)),
        unknowns=() if is_loss else template.unknowns,
        accumulators=tuple(each for each in template.accumulators if _is_kept(each.symbol, owner, wanted)),
    )


def _is_kept(name: sympy.Symbol, owner: VertexClass | EdgeClass, wanted: Needed) -> bool:
    return wanted.has(owner, name) or (owner.name != LOSS and " " not in name.name)


def _edge(edge: EdgeClass, system: System, wanted: Needed) -> EdgeClass:
    vertices = {each.name: each for each in system.vertices}
    template = _own(edge, wanted)
    contributions = tuple(
        each
        for each in template.contributions
        if _is_kept(symbol(each.accumulator), vertices[edge.ends[each.end]], wanted)
    )
    values = [each.value for each in contributions] + [each.value for each in template.definitions]
    read = {name for value in (*values, *_roots(edge)) for name in symbols_of(value)}
    made = replace(
        template, contributions=contributions, reads=tuple(each for each in template.reads if each.symbol in read)
    )
    return _without_loss(replace(edge, template=made))


def _without_loss(edge: EdgeClass) -> EdgeClass:
    """The edge without its end at the loss, the last one, where nothing is read or added there."""
    last = len(edge.ends) - 1
    joined: tuple[Read | Contribution, ...] = (*edge.template.reads, *edge.template.contributions)
    if edge.ends[last] != LOSS or any(each.end == last for each in joined):
        return edge
    return replace(edge, ends=edge.ends[:last])


# --- what every member has


@dataclass(frozen=True, slots=True)
class _Everywhere:
    """What every member of a class is given by an edge of its own."""

    accumulator: str
    value: sympy.Expr


def _given(vertex: VertexClass, apart: list[EdgeClass]) -> VertexClass:
    """The vertex with definitions in place of what edges that join nothing else bring to every member."""
    shares = [
        _Everywhere(each.accumulator, each.value)
        for edge in apart
        if edge.ends[0] == vertex.name
        for each in edge.template.contributions
    ]
    template = vertex.template
    values = {symbol(each.accumulator): each.value for each in shares}
    definitions = [
        Definition(each.symbol, each.dimension, values[each.symbol])
        for each in template.accumulators
        if each.symbol in values
    ]
    made = replace(
        template,
        definitions=in_order([*template.definitions, *definitions]),
        accumulators=tuple(each for each in template.accumulators if each.symbol not in values),
    )
    return replace(vertex, template=made)
