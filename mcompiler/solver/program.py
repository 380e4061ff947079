"""A compiled network, ready to run: its functions, where everything lives in their arrays, and the values of the model."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators.run import Functions
from mcompiler.kernel.layout import ClassLayout, Layout, Quantity, bind
from mcompiler.network.binding import bindings
from mcompiler.network.elaborate import global_name
from mcompiler.network.network import Group, Network

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Program:
    """A network's functions and their layout; ``z`` is the layout for its sizes."""

    network: Network
    layout: Layout
    functions: Functions
    z: Integers

    @property
    def unknowns(self) -> int:
        """The number of unknowns of all members."""
        return int(self.z[0])


def program(network: Network, layout: Layout, functions: Functions) -> Program:
    """The program of a network whose structure was compiled."""
    sizes, indices = bindings(network)
    return Program(network, layout, functions, bind(layout, sizes, indices))


def members(each: Program, owner: ClassLayout, quantity: Quantity) -> slice:
    """The places of a quantity's values in its array: one per member, or one for all."""
    start = int(each.z[quantity.slot])
    return slice(start, start + (int(each.z[owner.count_slot]) if quantity.varies else 1))


def groups(network: Network) -> Mapping[str, Group]:
    """The group of every class that has one."""
    owners = (*network.vertices, *network.edges)
    return {each.name: each.group for each in owners if each.group is not None}


def parameter_values(each: Program) -> Floats:
    """The array ``p`` with the values that the model gives."""
    p = np.zeros(max(1, int(each.z[1])))
    values = {global_name(one.name): one.value for one in each.network.parameters}
    for quantity in each.layout.parameters:
        p[each.z[quantity.slot]] = values[quantity.name]
    of = groups(each.network)
    for owner in each.layout.classes:
        for quantity in owner.parameters:
            p[members(each, owner, quantity)] = of[owner.name].values[quantity.name]
    return p


def own_initials(each: Program, p: Floats) -> Floats:
    """The state that the templates' own expressions give for these parameters."""
    y = np.zeros(max(1, each.unknowns))
    each.functions["initial"](p, each.z, scratch(each), y)
    return y


def given_initials(each: Program) -> Floats:
    """The initial values that the model gives to elements and nodes as numbers; NaN where the templates' expressions hold."""
    y = np.full(max(1, each.unknowns), np.nan)
    of = groups(each.network)
    nodes = {one.name: one.initials for one in each.network.vertices if one.group is None}
    for owner in each.layout.classes:
        for quantity in owner.unknowns:
            if owner.name in nodes:
                y[members(each, owner, quantity)] = nodes[owner.name]
            elif owner.name in of and quantity.name in of[owner.name].initials:
                y[members(each, owner, quantity)] = of[owner.name].initials[quantity.name]
    return y


def scratch(each: Program) -> Floats:
    """A scratch array for the kernels."""
    return np.zeros(max(1, int(each.z[3])))
