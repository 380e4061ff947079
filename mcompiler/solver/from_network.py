"""Descriptions and programs from networks and experiments of the model: the only module of this room that knows either."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mcompiler.integrators.run import Functions
from mcompiler.kernel.abi import N_PARAMETERS, N_UNKNOWNS
from mcompiler.kernel.layout import Layout, bind
from mcompiler.model import model as models
from mcompiler.model.expression import Apply, Expression, Name, Number, name_set
from mcompiler.network.binding import LOSS, bindings
from mcompiler.network.network import Group, Network, VertexClass, collected, global_name, node_quantity
from mcompiler.network.structure import is_scalar, is_smooth
from mcompiler.solver.description import (
    Description,
    Experiment,
    Facts,
    Floats,
    Formula,
    Integers,
    Plot,
    Save,
    Step,
    Term,
    Wanted,
)
from mcompiler.solver.names import initial_names, parameter_names
from mcompiler.solver.program import Program, members
from mcompiler.units import DIMENSIONLESS, TIME, VOLTAGE, Dimension


def program(network: Network, layout: Layout, functions: Functions) -> Program:
    """The program of a network whose structure was compiled."""
    sizes, indices = bindings(network)
    z = bind(layout, sizes, indices, copies=network.batch)
    p, given = _parameters(network, layout, z), _given_initials(network, layout, z)
    made = Program(describe(network), layout, functions, z, p, given)
    if not network.losses:
        return made
    return replace(made, description=replace(made.description, gradient_units=_gradient_units(network, made)))


def describe(network: Network) -> Description:
    """What users' names need to know of a network."""
    at_nodes = {each.name: _facts(network, each.group, each) for each in network.vertices}
    of_edges = {each.name: _facts(network, each.group) for each in network.edges}
    return Description(
        name=network.name,
        batch=network.batch,
        members=sum(network.sizes().values()),
        is_smooth=is_smooth(network),
        is_scalar=is_scalar(network),
        parameters={each.name: global_name(each.name) for each in network.parameters},
        derived={name: formula(each) for name, each in network.derived.items()},
        nodes=dict(network.nodes),
        elements=dict(network.elements),
        classes=at_nodes | of_edges,
        losses=LOSS,
    )


def experiment(of: models.Experiment) -> Experiment:
    """What an experiment of the model says of a run."""
    options: dict[str, str | float] = {"method": of.method} if of.method else {}
    return Experiment(
        name=of.name,
        until=_formula(of.until),
        is_steady=of.is_steady,
        inputs=tuple(each.name for each in of.circuit.inputs),
        saves=tuple(Save(tuple(map(_wanted, each.signals)), _formula(each.every)) for each in of.saves),
        plots=tuple(
            Plot(tuple(map(_wanted, each.signals)), None if each.against is None else _wanted(each.against))
            for each in of.plots
        ),
        options=options | dict(of.options),
    )


def term(of: models.Loss) -> Term:
    """A term of the loss, without the value that is compiled."""
    column = of.at.name if isinstance(of.at, Name) and "." in of.at.name else ""
    at = None if column else _formula(of.at)
    return Term(of.kind, str(of.span), at, column, _formula(of.start), _formula(of.stop), of.data)


def formula(of: Expression) -> Formula:
    """The expression as steps; parts that are shared stay shared."""
    steps: list[Step] = []
    _add_steps(of, steps, {})
    return Formula(tuple(steps))


def _formula(of: Expression | None) -> Formula | None:
    return None if of is None else formula(of)


def _add_steps(of: Expression, steps: list[Step], done: dict[int, int]) -> int:
    """Where the value of the expression is among the steps."""
    if id(of) in done:
        return done[id(of)]
    match of:
        case Number():
            steps.append(float(of.value))
        case Name():
            steps.append(of.name)
        case Apply():
            arguments = tuple([_add_steps(each, steps, done) for each in of.arguments])
            steps.append((of.function, arguments))
    done[id(of)] = len(steps) - 1
    return done[id(of)]


def _wanted(signal: models.Signal) -> Wanted:
    return Wanted(signal.element, signal.quantity, signal.indices)


def _facts(network: Network, group: Group | None, vertex: VertexClass | None = None) -> Facts:
    voltage = "v" if vertex is None else node_quantity(network, vertex.name)
    if group is None:
        return Facts(is_node=True, voltage=voltage)
    device = group.device
    added = () if vertex is None else collected(network, vertex)
    return Facts(
        is_node=False,
        voltage=voltage,
        inputs=tuple(each.name for each in device.inputs),
        signals=("v", "i", *(each.name for each in device.states), *(each.name for each in device.definitions), *added),
        given={name: tuple(sorted(map(_plain, name_set(each)))) for name, each in group.given.items()},
    )


def _plain(name: str) -> str:
    return name.removeprefix(global_name(""))


# --- values


def _groups(network: Network) -> Mapping[str, Group]:
    """The group of every class that has one."""
    at_nodes = {each.name: each.group for each in network.vertices if each.group is not None}
    return at_nodes | {each.name: each.group for each in network.edges}


def _parameters(network: Network, layout: Layout, z: Integers) -> Floats:
    p = np.zeros(int(z[N_PARAMETERS]))
    values = {global_name(each.name): each.value for each in network.parameters}
    for quantity in layout.parameters:
        p[z[quantity.slot]] = values[quantity.name]
    of = _groups(network)
    for owner in layout.classes:
        for quantity in owner.parameters:
            p[members(z, owner, quantity)] = of[owner.name].values[quantity.name]
    return p


def _given_initials(network: Network, layout: Layout, z: Integers) -> Floats:
    y = np.full(int(z[N_UNKNOWNS]), np.nan)
    of = _groups(network)
    nodes = {each.name: each.initials for each in network.vertices if each.group is None}
    for owner in layout.classes:
        for quantity in owner.unknowns:
            if owner.name in nodes:
                y[members(z, owner, quantity)] = nodes[owner.name]
            elif owner.name in of and quantity.name in of[owner.name].initials:
                y[members(z, owner, quantity)] = of[owner.name].initials[quantity.name]
    return y


# --- units


def _gradient_units(network: Network, made: Program) -> dict[str, str]:
    """The units of d loss / d quantity, by the quantity's name."""
    first = network.losses[0]
    value = first.value.dimension * (TIME if first.kind == "over" else DIMENSIONLESS)
    found = {name: _dimension(network, name) for name in (*parameter_names(made), *initial_names(made))}
    return {name: str(value / each) for name, each in found.items() if each is not None}


def _dimension(network: Network, name: str) -> Dimension | None:
    """The dimension of a parameter, constant input or state; None of what only a derivation has."""
    for each in network.parameters:
        if each.name == name:
            return each.dimension
    element, _, own = name.partition(".")
    if element in network.nodes:
        return VOLTAGE
    device = _groups(network)[network.elements[element].parts[0].owner].device
    dimensions = {each.name: each.dimension for each in device.parameters}
    dimensions |= {each.name: each.dimension for each in device.inputs}
    dimensions |= {each.name: each.dimension for each in device.states}
    return dimensions.get(own)
