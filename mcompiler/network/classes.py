"""From wired elements with values to vertex and edge classes: what has the same structure shares a template."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.expression import TIME_NAME, name_set
from mcompiler.network.constants import Constants
from mcompiler.network.free import NODES, free_nodes
from mcompiler.network.network import EdgeClass, End, Floats, Group, Integers, Network, VertexClass
from mcompiler.network.values import Values
from mcompiler.network.wiring import AT_GROUND, Nodes, Wired
from mcompiler.place import Part, Place


@dataclass(frozen=True, slots=True)
class Filled:
    """A wired element with its values."""

    wired: Wired
    values: Values

    @property
    def structure(self) -> object:
        """Elements with an equal structure share a template."""
        given = tuple((name, repr(value)) for name, value in sorted(self.values.given.items()))
        starts = tuple((name, repr(value)) for name, value in sorted(self.values.starts.items()))
        return self.wired.element.device.name, given, starts, tuple(sorted(self.values.numbers))


@dataclass(frozen=True, slots=True)
class _Members:
    """Members of one element that go into one class."""

    filled: Filled
    positions: Integers


@dataclass(slots=True)
class _Classes:
    """The classes so far; for every node (ground last) the number of its vertex class and its member there."""

    nodes: Nodes
    owner: Integers
    member: Integers
    vertices: list[VertexClass] = field(default_factory=list[VertexClass])
    edges: list[EdgeClass] = field(default_factory=list[EdgeClass])
    parts: dict[str, list[Part]] = field(default_factory=dict[str, list[Part]])
    taken: dict[str, int] = field(default_factory=lambda: {NODES: 2})

    def fresh(self, name: str) -> str:
        """A name for a class that no other has; elements' names come first, since they are unique."""
        result = name
        while result in self.taken:
            result, self.taken[name] = f"{name}{self.taken[name]}", self.taken[name] + 1
        self.taken[result] = 2
        return result

    def own(self, vertex: VertexClass) -> None:
        """Add a vertex class and note where its nodes are."""
        self.owner[vertex.nodes] = len(self.vertices)
        self.member[vertex.nodes] = np.arange(len(vertex.nodes))
        self.vertices.append(vertex)

    def note(self, members: Sequence[_Members], owner: str) -> None:
        """Note in which class members of elements are."""
        start = 0
        for each in members:
            count = len(each.positions)
            own = np.arange(start, start + count)
            self.parts.setdefault(each.filled.wired.element.name, []).append(Part(owner, own, each.positions))
            start += count


def classify(nodes: Nodes, filled: Sequence[Filled], constants: Constants, problems: Problems) -> Network:
    """The network without its losses."""
    nothing = np.full(nodes.count + 1, -1, dtype=np.int64)
    classes = _Classes(nodes, nothing, nothing.copy())
    for each in free_nodes(nodes, [each.wired for each in filled], constants, problems):
        classes.own(each)
    _add_sources(classes, [each for each in filled if each.wired.kind == "source"])
    _add_edges(classes, [each for each in filled if each.wired.kind != "source"])
    names = [each.wired.element.name for each in filled]
    wired = {each.wired.element.name: each.wired for each in filled}
    elements = {name: Place(wired[name].shape, tuple(classes.parts.get(name, ())), wired[name].first) for name in names}
    derived = {name: value for name, value in constants.formulas.items() if TIME_NAME not in name_set(value)}
    places = {each.name: _node_place(classes, each.name) for each in nodes.circuit.nodes}
    leaves = tuple(constants.leaves.values())
    return Network(
        nodes.circuit.name, leaves, tuple(classes.vertices), tuple(classes.edges), elements, places, derived=derived
    )


# --- vertices


def _add_sources(classes: _Classes, sources: Sequence[Filled]) -> None:
    found: dict[object, list[_Members]] = {}
    signs: dict[object, int] = {}
    for each in sources:
        is_first = each.wired.ends[0] != AT_GROUND
        for sign, chosen in ((1, is_first), (-1, ~is_first)):
            positions = np.flatnonzero(chosen)
            if len(positions):
                key = (sign, each.structure)
                found.setdefault(key, []).append(_Members(each, positions))
                signs[key] = sign
    for structure, members in found.items():
        ends = [np.maximum(*each.filled.wired.ends)[each.positions] for each in members]
        group = _group(classes, members)
        classes.own(VertexClass(group.name, "driven", np.concatenate(ends), group, signs[structure]))
        classes.note(members, group.name)


# --- edges


def _add_edges(classes: _Classes, elements: Sequence[Filled]) -> None:
    found: dict[tuple[object, int, int], list[_Members]] = {}
    stride = len(classes.vertices) + 1
    for each in elements:
        # ground is the last node, number -1, and belongs to no class
        first, second = (classes.owner[end] + 1 for end in each.wired.ends)
        pairs = first * stride + second
        for pair in np.unique(pairs):
            positions = np.flatnonzero(pairs == pair)
            between = (each.structure, int(pair) // stride - 1, int(pair) % stride - 1)
            found.setdefault(between, []).append(_Members(each, positions))
    for (_, first_owner, second_owner), members in found.items():
        ends: list[End] = []
        for terminal, owner in enumerate((first_owner, second_owner)):
            if owner >= 0:
                nodes = np.concatenate([each.filled.wired.ends[terminal][each.positions] for each in members])
                ends.append(End(terminal, classes.vertices[owner].name, classes.member[nodes]))
        group = _group(classes, members)
        classes.edges.append(EdgeClass(group.name, group, tuple(ends)))
        classes.note(members, group.name)


def _group(classes: _Classes, members: Sequence[_Members]) -> Group:
    first = members[0].filled
    size = sum(len(each.positions) for each in members)
    names = tuple(each.filled.wired.element.name for each in members)
    device = first.values.device(first.wired.element.device)
    values = {
        name: _joined([each.filled.values.numbers[name] for each in members], members) for name in first.values.numbers
    }
    states = [each.name for each in device.states if any(each.name in one.filled.values.initials for one in members)]
    nothing = np.full((), np.nan)
    initials = {
        name: np.array(_spread([each.filled.values.initials.get(name, nothing) for each in members], members))
        for name in states
    }
    name = classes.fresh(names[0] if len(names) == 1 else device.name)
    return Group(name, device, names, first.values.given, values, initials, size)


def _joined(values: Sequence[Floats], members: Sequence[_Members]) -> Floats:
    """One value where all members share it, else one per member."""
    if all(each.shape == () for each in values) and len({float(each) for each in values}) == 1 and len(values) == 1:
        return values[0]
    return _spread(values, members)


def _spread(values: Sequence[Floats], members: Sequence[_Members]) -> Floats:
    sizes = [each.filled.wired.size for each in members]
    spread = [np.broadcast_to(value, (size,)) for value, size in zip(values, sizes, strict=True)]
    return np.concatenate([value[each.positions] for value, each in zip(spread, members, strict=True)])


# --- places


def _node_place(classes: _Classes, name: str) -> Place:
    start, end = classes.nodes.range(name)
    owners = classes.owner[start:end]
    parts: list[Part] = []
    for owner in np.unique(owners):
        positions = np.flatnonzero(owners == owner)
        parts.append(Part(classes.vertices[int(owner)].name, classes.member[start:end][positions], positions))
    return Place(classes.nodes.shapes[name], tuple(parts))
