"""The network: vertex and edge classes with their members, index arrays and values. Expressions stay as the model gives them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcompiler.diagnostics import Diagnostic
from mcompiler.model.expression import Expression
from mcompiler.model.model import CELL_ENDS, Loss, Synapse, Template
from mcompiler.place import Place
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
