"""From a network to its system of templates: Kirchhoff's laws, the devices' relations, cells and synapses in sympy. Sizes and values do not enter."""

from collections.abc import Sequence

import numpy as np
import sympy

from mcompiler.equations.cells import cell_template, synapse_class
from mcompiler.equations.losses import loss_vertex, observation, observer_edges, point_losses
from mcompiler.equations.members import own_definitions, own_events, own_parameters, unknown
from mcompiler.equations.solve import solved_for_current
from mcompiler.equations.system import (
    LOSS,
    ONE,
    ZERO,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Parameter,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.translate import as_written, in_order, symbol, translate
from mcompiler.model.model import Device, Synapse
from mcompiler.network import network as net
from mcompiler.network.elaborate import global_name, node_quantity
from mcompiler.units import CAPACITANCE, CURRENT, VOLTAGE

#: Accumulators of nodes: the current into a capacitive node, its capacitance, and the current into a driven node.
CURRENT_IN, CAPACITANCE_AT, DRIVEN_CURRENT = "i", "c", "node i"


@as_written
def derive(network: net.Network) -> System:
    """The forward system: one template per class.

    Raises:
        CompileError: a current-controlled device is not linear in its current.
    """
    parameters = tuple(
        Parameter(symbol(global_name(each.name)), each.dimension, doc=each.doc, origin=each.origin)
        for each in network.parameters
    )
    vertices = tuple(_vertex(each, network) for each in network.vertices)
    edges = tuple(_edge(each, network) for each in network.edges)
    if network.losses:
        vertices = (*vertices, loss_vertex(network))
        edges = (*edges, *observer_edges(network))
    return System(network.name, vertices, edges, parameters, point_losses(network))


# --- vertices


def _vertex(vertex: net.VertexClass, network: net.Network) -> VertexClass:
    if vertex.group is not None and vertex.kind == "cell":
        return VertexClass(vertex.name, cell_template(vertex, vertex.group, network), vertex.group.elements)
    if vertex.group is not None:
        return VertexClass(vertex.name, _driven(vertex, vertex.group), vertex.group.elements)
    names = [name for name, place in network.nodes.items() if any(part.owner == vertex.name for part in place.parts)]
    return VertexClass(vertex.name, _capacitive(vertex), tuple(names))


def _capacitive(vertex: net.VertexClass) -> Template:
    i, c = symbol(CURRENT_IN), symbol(CAPACITANCE_AT)
    voltage = Unknown(
        symbol("v"),
        VOLTAGE,
        rate=i,
        mass=c,
        initial=ZERO if vertex.start is None else translate(vertex.start),
        doc="voltage to ground; Kirchhoff's current law",
        mass_dimension=CAPACITANCE,
        given=vertex.start is None and bool(np.any(vertex.initials)),
    )
    accumulators = (
        Accumulator(i, CURRENT, "current into the node"),
        Accumulator(c, CAPACITANCE, "capacitance to ground"),
    )
    return Template("nodes", unknowns=(voltage,), accumulators=accumulators, doc="nodes with a capacitor to ground")


def _driven(vertex: net.VertexClass, group: net.Group) -> Template:
    device = group.device
    assert isinstance(device, Device)
    assert device.law is not None
    v, current = symbol("v"), symbol(DRIVEN_CURRENT)
    definitions = own_definitions(group)
    definitions.append(Definition(v, VOLTAGE, translate(device.law.value), origin=device.law.span))
    if vertex.sign < 0:
        definitions.append(Definition(symbol("node v"), VOLTAGE, -v, "voltage of the node"))
    through = current if vertex.sign > 0 else -current
    definitions.append(Definition(symbol("i"), CURRENT, through, "current through the source; Kirchhoff's current law"))
    return Template(
        device.name,
        parameters=own_parameters(group),
        unknowns=tuple(unknown(each, group) for each in device.states),
        definitions=in_order(definitions),
        accumulators=(Accumulator(current, CURRENT, "current into the node"),),
        events=own_events(device),
        doc=device.doc,
        origin=device.span,
    )


# --- edges


def _edge(edge: net.EdgeClass, network: net.Network) -> EdgeClass:
    group, device = edge.group, edge.group.device
    if isinstance(device, Synapse):
        return synapse_class(edge, device, network)
    assert isinstance(device, Device)
    reads = tuple(
        Read(symbol(f"{device.terminals[end.terminal]}.v"), position, node_quantity(network, end.vertices), VOLTAGE)
        for position, end in enumerate(edge.ends)
    )
    contributions = _contributions(edge, network)
    ends = tuple(end.vertices for end in edge.ends)
    observed = [each for each in network.observers if each.owner == edge.name]
    if observed:
        contributions += [observation(each, len(ends), group.size) for each in observed]
        ends = (*ends, LOSS)
    template = Template(
        device.name,
        parameters=own_parameters(group),
        unknowns=tuple(unknown(each, group) for each in device.states),
        definitions=in_order(_edge_definitions(edge, device, reads)),
        reads=reads,
        contributions=tuple(contributions),
        events=own_events(device),
        doc=device.doc,
        origin=device.span,
    )
    return EdgeClass(edge.name, template, ends, elements=group.elements)


def _edge_definitions(edge: net.EdgeClass, device: Device, reads: Sequence[Read]) -> list[Definition]:
    assert device.law is not None
    voltage = Definition(symbol("v"), VOLTAGE, _voltage(edge, reads), "voltage across the element")
    definitions = [voltage, *own_definitions(edge.group)]
    if device.law.kind == "current":
        definitions.append(Definition(symbol("i"), CURRENT, translate(device.law.value), origin=device.law.span))
    elif device.law.kind == "voltage":
        current = solved_for_current(device, definitions)
        definitions.append(Definition(symbol("i"), CURRENT, current, "solved from the relation of v", device.law.span))
    return definitions


def _voltage(edge: net.EdgeClass, reads: Sequence[Read]) -> sympy.Expr:
    signs = [ONE if end.terminal == 0 else -ONE for end in edge.ends]
    return sympy.Add(*(sign * read.symbol for sign, read in zip(signs, reads, strict=True)))


def _contributions(edge: net.EdgeClass, network: net.Network) -> list[Contribution]:
    law = edge.group.device.law
    assert law is not None
    kinds = {each.name: each.kind for each in network.vertices}
    result: list[Contribution] = []
    for position, end in enumerate(edge.ends):
        capacitive = kinds[end.vertices] == "capacitive"
        if law.kind != "capacitance":
            accumulator = CURRENT_IN if capacitive else DRIVEN_CURRENT
            current = -symbol("i") if end.terminal == 0 else symbol("i")
            result.append(Contribution(position, accumulator, current, CURRENT, law.span))
        elif capacitive:
            result.append(Contribution(position, CAPACITANCE_AT, translate(law.value), CAPACITANCE, law.span))
    return result
