"""A compiled network, ready to run: its functions, where everything lives in their arrays, and the values of the model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators.run import Functions
from mcompiler.kernel.abi import N_PARAMETERS, N_SCRATCH, N_UNKNOWNS
from mcompiler.kernel.layout import ClassLayout, Layout, Quantity, bind
from mcompiler.network.binding import bindings
from mcompiler.network.elaborate import global_name
from mcompiler.network.network import Group, Network
from mcompiler.network.structure import is_smooth

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Program:
    """A network's functions and their layout.

    Attributes:
        network: with the model's values.
        layout: where everything lives.
        functions: kernels and integrators.
        z: the layout for the network's sizes.
        p: parameters as the model gives them, not to be changed.
        given: initial values that the model gives to elements and nodes as numbers; NaN where the templates' expressions hold.
        is_smooth: whether no rate has a kink.
    """

    network: Network
    layout: Layout
    functions: Functions
    z: Integers
    p: Floats
    given: Floats
    is_smooth: bool

    @property
    def unknowns(self) -> int:
        """The number of unknowns of all members."""
        return int(self.z[N_UNKNOWNS])


def program(network: Network, layout: Layout, functions: Functions) -> Program:
    """The program of a network whose structure was compiled."""
    sizes, indices = bindings(network)
    z = bind(layout, sizes, indices, copies=network.batch)
    p, given = _parameters(network, layout, z), _given_initials(network, layout, z)
    return Program(network, layout, functions, z, p, given, is_smooth(network))


def members(z: Integers, owner: ClassLayout, quantity: Quantity) -> slice:
    """The places of a quantity's values in its array: one per member, or one for all."""
    start = int(z[quantity.slot])
    return slice(start, start + (int(z[owner.count_slot]) if quantity.varies else 1))


def groups(network: Network) -> Mapping[str, Group]:
    """The group of every class that has one."""
    at_nodes = {each.name: each.group for each in network.vertices if each.group is not None}
    return at_nodes | {each.name: each.group for each in network.edges}


def _parameters(network: Network, layout: Layout, z: Integers) -> Floats:
    p = np.zeros(int(z[N_PARAMETERS]))
    values = {global_name(each.name): each.value for each in network.parameters}
    for quantity in layout.parameters:
        p[z[quantity.slot]] = values[quantity.name]
    of = groups(network)
    for owner in layout.classes:
        for quantity in owner.parameters:
            p[members(z, owner, quantity)] = of[owner.name].values[quantity.name]
    return p


def _given_initials(network: Network, layout: Layout, z: Integers) -> Floats:
    y = np.full(int(z[N_UNKNOWNS]), np.nan)
    of = groups(network)
    nodes = {each.name: each.initials for each in network.vertices if each.group is None}
    for owner in layout.classes:
        for quantity in owner.unknowns:
            if owner.name in nodes:
                y[members(z, owner, quantity)] = nodes[owner.name]
            elif owner.name in of and quantity.name in of[owner.name].initials:
                y[members(z, owner, quantity)] = of[owner.name].initials[quantity.name]
    return y


def own_initials(each: Program, p: Floats) -> Floats:
    """The state that the templates' own expressions give for these parameters."""
    y = np.zeros(each.unknowns)
    each.functions["initial"](p, each.z, scratch(each), y)
    return y


def scratch(each: Program) -> Floats:
    """A scratch array for the kernels."""
    return np.zeros(int(each.z[N_SCRATCH]))


def check_bounds(each: Program, p: Floats, y: Floats) -> None:
    """Refuse a state that begins outside its bounds.

    Raises:
        ValueError: one does; says which.
    """
    inside = y.copy()
    if each.unknowns and each.functions["project"](inside, p, each.z, scratch(each)):
        from mcompiler.solver.names import unknown_name  # names need programs

        place = int(np.argmax(inside != y))
        headline = f"{unknown_name(each, place)} would begin at {y[place]:g}, outside its bounds"
        raise ValueError(f"{headline}: the nearest value inside is {inside[place]:g}")
