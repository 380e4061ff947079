"""The network: vertex and edge classes with their members, index arrays and values. Expressions stay as the model gives them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcompiler.diagnostics import Diagnostic
from mcompiler.model.expression import Expression
from mcompiler.model.model import CELL_ENDS, Loss, Synapse, Template
from mcompiler.source import Span
from mcompiler.units import Dimension

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Group:
    """Elements that share one template: the same device, with the same things given as expressions.

    Attributes:
        name: of the class; the element's where there is only one.
        device: the template, a cell's or synapse's too; initial values that depend on parameters of the circuit are its states' own.
        elements: names of the elements, in order; their members follow each other.
        given: parameters and inputs that are expressions of global parameters, of other parameters and of time: definitions of the template.
        values: the other parameters and constant inputs, shape () for one value or (members,).
        initials: initial values that replace the template's, shape (members,); NaN where the template's holds.
        size: number of members.
        terms: what losses sum over the members, by the names of the sums; ``measured`` are the units of columns of data in them.
    """

    name: str
    device: Template
    elements: tuple[str, ...]
    given: Mapping[str, Expression]
    values: Mapping[str, Floats]
    initials: Mapping[str, Floats]
    size: int
    terms: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    measured: Mapping[str, Dimension] = field(default_factory=dict[str, Dimension])


@dataclass(frozen=True, slots=True)
class VertexClass:
    """Nodes or cells of one kind.

    cell        cells; ``group`` has their template
    capacitive  nodes with a capacitor to ground: the voltage is an unknown; ``initials`` are its values at the start (NaN where
                ``start``, an expression of global parameters, holds)
    driven      nodes at a voltage source to ground; ``sign`` is -1 where the source's first terminal is at ground
    """

    name: str
    kind: Literal["cell", "capacitive", "driven"]
    nodes: Integers
    group: Group | None = None
    sign: int = 1
    initials: Floats = field(default_factory=lambda: np.empty(0))
    start: Expression | None = None


@dataclass(frozen=True, slots=True)
class End:
    """One end of an edge class: which terminal (0 or 1) is joined to which vertex class, and the member of it for each edge.

    Of synapses terminal 0 is ``pre``, 1 is ``post`` and 2 the ``global`` cell, where there is one; a dense class has no ``members``.
    """

    terminal: int
    vertices: str
    members: Integers


@dataclass(frozen=True, slots=True)
class EdgeClass:
    """Elements between the same vertex classes; a terminal without an end is at ground.

    ``topology``: "indexed" (members at each end) or "dense" (every pair, as an array [end 1, end 0]). Of a ``masked`` dense class the pairs with equal
    indices are inert: they contribute nothing and do not move.
    """

    name: str
    group: Group
    ends: tuple[End, ...]
    topology: Literal["indexed", "dense"] = "indexed"
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Where some members of an element or node array are: ``members`` of class ``owner`` are ``positions`` of the flat array."""

    owner: str
    members: Integers
    positions: Integers


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element or a node is found: its shape, its parts, and the index that it begins at along each axis (0 where ``first`` is empty).

    ``inert`` are positions of members that are there for the shape of the array only. Of cells in a batch there are ``copies``: ``members`` are those
    of one copy, and member m of copy b is number m*copies + b of its class.
    """

    shape: tuple[int, ...]
    parts: tuple[Part, ...]
    first: tuple[int, ...] = ()
    inert: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    copies: int = 1

    @property
    def extents(self) -> tuple[int, ...]:
        """The shape of an array with a value for every copy of every member: the copies, where there are several, come first."""
        return (self.copies, *self.shape) if self.copies > 1 else self.shape

    def numbers(self, first: Mapping[str, int]) -> Integers:
        """Where values are, as an array (copies, members), if those of class ``owner`` begin at ``first[owner]``."""
        found = np.empty((self.copies, prod(self.shape)), dtype=np.int64)
        copies = np.arange(self.copies, dtype=np.int64)[:, None]
        for part in self.parts:
            found[:, part.positions] = first[part.owner] + part.members * self.copies + copies
        return found

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The first and the last index along each axis."""
        first = self.first or (0,) * len(self.shape)
        return tuple((low, low + extent - 1) for low, extent in zip(first, self.shape, strict=True))

    def position(self, indices: tuple[int, ...]) -> int | None:
        """The place in the flat array of the member with these indices; None where there is none."""
        if len(indices) != len(self.shape):
            return None
        if any(not low <= index <= high for index, (low, high) in zip(indices, self.ranges, strict=True)):
            return None
        inside = tuple(index - low for index, (low, _) in zip(indices, self.ranges, strict=True))
        return int(np.ravel_multi_index(inside, self.shape)) if indices else 0

    def indices(self, position: int) -> tuple[int, ...]:
        """The indices of the member at this place of the flat array."""
        inside = np.unravel_index(position, self.shape) if self.shape else ()
        return tuple(int(index) + low for index, (low, _) in zip(inside, self.ranges, strict=True))


@dataclass(frozen=True, slots=True)
class GlobalParameter:
    """A parameter of the circuit, with its value in SI."""

    name: str
    dimension: Dimension
    value: float
    doc: str = ""
    origin: Span | None = None


@dataclass(frozen=True, slots=True)
class Observer:
    """What a loss reads: member ``member`` of quantity ``quantity`` of class ``owner``; ``name`` is what it is called in the loss."""

    name: str
    owner: str
    quantity: str
    member: int
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Network:
    """A circuit with its sizes and values, and the losses of its experiment.

    Attributes:
        parameters: those of the circuit that have a number of their own.
        derived: its sizes, and its parameters that follow from others, as expressions of ``parameters`` by their plain names.
        elements: where each element is found; ``nodes`` likewise.
        warnings: what is odd about it, but not wrong.
        observers: what the losses read of single members; what they sum is among the ``terms`` of groups.
        batch: number of copies of all cells, which share the synapses: a class of n cells has n*batch members, copy after copy of the first cell,
            then of the second. The ends of synapses name the cells 0..n-1 of one copy.
    """

    name: str
    parameters: tuple[GlobalParameter, ...]
    vertices: tuple[VertexClass, ...]
    edges: tuple[EdgeClass, ...]
    elements: Mapping[str, Place]
    nodes: Mapping[str, Place]
    losses: tuple[Loss, ...] = ()
    observers: tuple[Observer, ...] = ()
    derived: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    batch: int = 1
    warnings: tuple[Diagnostic, ...] = field(default=(), compare=False, repr=False)

    def group(self, name: str) -> Group | None:
        """The group of the class with this name."""
        owners: tuple[VertexClass | EdgeClass, ...] = (*self.vertices, *self.edges)
        return next((each.group for each in owners if each.name == name), None)

    def sizes(self) -> dict[str, int]:
        """Number of members of every class that the model has (derivations may add classes with one member)."""
        counts = {each.name: len(each.nodes) for each in self.vertices}
        return {**counts, **{each.name: each.group.size for each in self.edges}}


def global_name(name: str) -> str:
    """How a parameter of the circuit is called in a template; never the name of a quantity of a device."""
    return f"circuit.{name}"


def term_name(total: str) -> str:
    """What a member adds to a sum of the loss."""
    return f"term {total.removeprefix('sum ')}"


def pick_name(observer: Observer) -> str:
    """The parameter that is 1 for the member that an observer reads."""
    return f"pick {observer.name}"


def node_quantity(network: Network, owner: str) -> str:
    """What the voltage of a node is called in its class."""
    vertex = next(each for each in network.vertices if each.name == owner)
    return "v" if vertex.sign > 0 else "node v"


def collected(network: Network, vertex: VertexClass) -> tuple[str, ...]:
    """The inputs of a class of cells that synapses contribute to, in the order of the cell's."""
    group = vertex.group
    if group is None:
        return ()
    ends = {end: number for number, end in enumerate(CELL_ENDS)}
    found = {
        one.name
        for edge in network.edges
        if isinstance(edge.group.device, Synapse)
        for one in edge.group.device.contributions
        if edge.ends[ends[one.end]].vertices == vertex.name
    }
    return tuple(each.name for each in group.device.inputs if each.name in found)


def locate(place: Place, indices: tuple[int, ...]) -> tuple[str, int] | None:
    """Class and member of one member of an array; None where the indices lie outside."""
    flat = place.position(indices)
    if flat is None:
        return None
    for part in place.parts:
        found = np.flatnonzero(part.positions == flat)
        if len(found):
            return part.owner, int(part.members[int(found[0])])
    return None
