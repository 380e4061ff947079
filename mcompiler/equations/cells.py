"""Templates of cells and synapses: inputs that collect what synapses contribute, and pairs that are inert."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import sympy

from mcompiler.equations.functions import ne, where
from mcompiler.equations.losses import observation, sums_of
from mcompiler.equations.members import own_definitions, own_events, own_parameters, unknown
from mcompiler.equations.system import (
    LOSS,
    ZERO,
    Accumulator,
    Contribution,
    EdgeClass,
    Event,
    Parameter,
    Read,
    Template,
    Unknown,
)
from mcompiler.equations.translate import in_order, symbol, translate
from mcompiler.model.model import CELL_ENDS, Synapse
from mcompiler.network import network as net
from mcompiler.units import DIMENSIONLESS

#: The ends of a synapse.
TERMINALS: tuple[str, ...] = CELL_ENDS
#: The numbers of the cells at the ends, where pairs with equal numbers are inert.
_INDICES = tuple(
    Parameter(symbol(f"index {name}"), DIMENSIONLESS, varies=True, structural=True, end=end)
    for end, name in enumerate(TERMINALS[:2])
)


def cell_template(vertex: net.VertexClass, group: net.Group, network: net.Network) -> Template:
    """The template of a class of cells."""
    cell = group.device
    inputs = {each.name: each for each in cell.inputs}
    accumulators = tuple(
        Accumulator(symbol(name), inputs[name].dimension, inputs[name].doc or "what synapses contribute")
        for name in net.collected(network, vertex)
    )
    return Template(
        cell.name,
        parameters=own_parameters(group),
        unknowns=tuple(unknown(each, group) for each in cell.states),
        definitions=in_order(own_definitions(group)),
        accumulators=accumulators,
        events=own_events(cell),
        doc=cell.doc,
        origin=cell.span,
    )


def synapse_class(edge: net.EdgeClass, synapse: Synapse, network: net.Network) -> EdgeClass:
    """The class of the synapses of one projection."""
    group = edge.group
    alive = _where_unequal if edge.masked else _everywhere
    contributions = [
        Contribution(
            TERMINALS.index(each.end), each.name, alive(translate(each.value)), each.value.dimension, each.span
        )
        for each in synapse.contributions
    ]
    ends = tuple(end.vertices for end in edge.ends)
    observed = [each for each in network.observers if each.owner == edge.name]
    if observed or group.terms:
        contributions += [replace(each, value=alive(each.value)) for each in sums_of(group, len(ends))]
        contributions += [observation(each, len(ends), group.size) for each in observed]
        ends = (*ends, LOSS)
    template = Template(
        synapse.name,
        parameters=(*own_parameters(group), *(_INDICES if edge.masked else ())),
        unknowns=tuple(_held(unknown(each, group), alive) for each in synapse.states),
        definitions=in_order(own_definitions(group)),
        reads=tuple(
            Read(symbol(f"{each.end}.{each.name}"), TERMINALS.index(each.end), each.name, each.dimension)
            for each in synapse.reads
        ),
        contributions=tuple(contributions),
        events=tuple(_silent(each, alive) for each in own_events(synapse)),
        doc=synapse.doc,
        origin=synapse.span,
    )
    return EdgeClass(edge.name, template, ends, edge.topology, group.elements, TERMINALS[: len(edge.ends)])


Alive = Callable[[sympy.Expr], sympy.Expr]


def _everywhere(value: sympy.Expr) -> sympy.Expr:
    return value


def _where_unequal(value: sympy.Expr) -> sympy.Expr:
    """The value at pairs of unequal indices, 0 at the others."""
    return where(ne(_INDICES[0].symbol, _INDICES[1].symbol), value, ZERO)


def unmasked(template: Template) -> Template:
    """The template with what holds where a pair is not inert in place of the choice between the two: that a class is masked is said where it is wired."""
    return replace(
        template,
        unknowns=tuple(replace(each, rate=_alive(each.rate)) for each in template.unknowns),
        definitions=tuple(replace(each, value=_alive(each.value)) for each in template.definitions),
        contributions=tuple(replace(each, value=_alive(each.value)) for each in template.contributions),
        events=tuple(
            replace(
                each, margin=_alive(each.margin), assignments=tuple((to, _alive(new)) for to, new in each.assignments)
            )
            for each in template.events
        ),
    )


def _alive(value: sympy.Expr) -> sympy.Expr:
    unequal = ne(_INDICES[0].symbol, _INDICES[1].symbol)
    return cast(
        "sympy.Expr",
        value.replace(lambda each: each.func == where and each.args[0] == unequal, lambda each: each.args[1]),
    )


def _held(each: Unknown, alive: Alive) -> Unknown:
    """A state that does not move where the pair is inert."""
    return replace(each, rate=alive(each.rate))


def _silent(each: Event, alive: Alive) -> Event:
    """An event that never happens where the pair is inert: a margin that stays 0 does not cross it."""
    return replace(each, margin=alive(each.margin))
