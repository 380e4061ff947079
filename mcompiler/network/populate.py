"""From a network's cells and synapses with sizes to vertex and edge classes: one class for each that the model names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.expression import TIME_NAME, name_set
from mcompiler.model.model import Circuit, Placed, Population, Projection, expressions_of
from mcompiler.network.constants import Constants
from mcompiler.network.graphs import Between, Edges, edges, numbered
from mcompiler.network.network import EdgeClass, End, Floats, Group, Integers, Network, VertexClass
from mcompiler.network.values import Values, fill
from mcompiler.network.wiring import fits, is_quick, size_of
from mcompiler.place import Part, Place

#: So many cells of several are named.
_MOST_NAMED = 5
_NOWHERE: Integers = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Grown:
    """Cells or synapses with their shape; of synapses that are listed, ``edges`` are the cells they join. Of cells in a batch there are ``copies``."""

    element: Placed
    shape: tuple[int, ...]
    edges: Edges | None = None
    index: dict[str, Floats] = field(default_factory=dict[str, Floats])
    copies: int = 1

    @property
    def size(self) -> int:
        """The number of members, of all copies."""
        return prod(self.shape) * self.copies


def populate(circuit: Circuit, constants: Constants, problems: Problems) -> Network | None:
    """The network without its losses; None where something is wrong, which is noted."""
    shapes = {
        each.name: tuple(size_of(one, constants, each.name, problems) for one in each.shape) for each in circuit.cells
    }
    if problems.errors or not _is_held(circuit, shapes, constants.batch, problems):
        return None
    cells = [Grown(each, shapes[each.name], copies=constants.batch) for each in circuit.cells]
    synapses = [_grown(each, shapes, constants, problems) for each in circuit.synapses]
    if problems.errors:
        return None
    grown = [*cells, *(each for each in synapses if each is not None)]
    groups = {each.element.name: _group(each, fill(each, constants, problems), problems) for each in grown}
    _warn_of_alone(circuit, shapes, {each.element.name: each for each in grown}, problems)
    derived = {name: value for name, value in constants.formulas.items() if TIME_NAME not in name_set(value)}
    return Network(
        circuit.name,
        tuple(constants.leaves.values()),
        tuple(_vertex(each, groups[each.name]) for each in circuit.cells),
        tuple(
            _edge(each, groups[each.name], synapse) for each, synapse in zip(circuit.synapses, synapses, strict=True)
        ),
        {each.element.name: _place(each, shapes) for each in grown},
        {},
        derived=derived,
        batch=constants.batch,
    )


def _is_held(circuit: Circuit, shapes: dict[str, tuple[int, ...]], batch: int, problems: Problems) -> bool:
    """Whether all cells and dense synapses can be held; nothing is allocated before this is known."""
    total = 0
    for each in circuit.cells:
        own = prod(shapes[each.name]) * batch
        total += own
        name = f"{each.name} in {batch:,} copies" if batch > 1 else each.name
        if not fits(total, own, each.span, name, each.shape, problems) or not is_quick(own, each, problems):
            return False
    sizes = {each.name: each.shape for each in circuit.cells}
    for synapse in circuit.synapses:
        if synapse.wiring.is_dense:
            own = prod(shapes[synapse.source]) * prod(shapes[synapse.target])
            total += own
            extents = (*sizes[synapse.target], *sizes[synapse.source])
            is_held = fits(total, own, synapse.span, synapse.name, extents, problems)
            if not is_held or not is_quick(own, synapse, problems):
                return False
    return True


def _warn_of_alone(
    circuit: Circuit, shapes: Mapping[str, tuple[int, ...]], grown: Mapping[str, Grown], problems: Problems
) -> None:
    """Note cells that no synapse begins or ends at, where others are joined."""
    joined = {name: np.zeros(prod(shape), dtype=bool) for name, shape in shapes.items()}
    for each in circuit.synapses:
        found = grown[each.name].edges
        for end, name in enumerate((each.source, each.target)):
            if found is not None:
                joined[name][found[end]] = True
            else:
                joined[name][:] |= grown[each.name].size > 1 or each.wiring.kind == "all"
        if each.shared:
            joined[each.shared][:] = True
    for cells in circuit.cells if circuit.synapses else ():
        alone = np.flatnonzero(~joined[cells.name])
        if len(alone):
            place = Place(shapes[cells.name], ())
            first = [f"{cells.name}{list(place.indices(int(one)))}" for one in alone[:_MOST_NAMED]]
            names = ", ".join(first if place.shape else [cells.name]) + (", ..." if len(alone) > len(first) else "")
            what = "cell is" if len(alone) == 1 else "cells are"
            headline = f"{len(alone):,} {what} joined to no other by a synapse: {names}"
            problems.warn("unreachable-cells", headline, cells.span)


def _grown(
    each: Projection, shapes: dict[str, tuple[int, ...]], constants: Constants, problems: Problems
) -> Grown | None:
    source, target = shapes[each.source], shapes[each.target]
    if each.wiring.is_dense:
        shape = (*target, *source)
        found = None
    else:
        found = edges(Between(each, source, target, constants, problems))
        if found is None:
            return None
        shape = target if each.wiring.kind == "one_to_one" else (len(found[0]),)
        if not is_quick(prod(shape), each, problems):
            return None
    return Grown(each, shape, found, _indices(each, (source, target), found, constants))


def _indices(
    each: Projection, shapes: tuple[tuple[int, ...], tuple[int, ...]], found: Edges | None, constants: Constants
) -> dict[str, Floats]:
    """The numbers of the cells at the ends, where a value asks for them."""
    given = [*each.values.values(), *(one.value for one in constants.assignments.values() if one.element == each.name)]
    asked = {name for value in given for name in name_set(*expressions_of(value))}
    if not any(name.partition("[")[0] in ("pre", "post") for name in asked):
        return {}
    if found is None:
        pres, posts = prod(shapes[0]), prod(shapes[1])
        found = np.tile(np.arange(pres), posts), np.repeat(np.arange(posts), pres)
    return {name: value for name, value in numbered(found, *shapes).items() if name in asked}


# --- classes


def _group(each: Grown, values: Values, problems: Problems) -> Group:
    element = each.element
    collects: Sequence[str] = element.collects if isinstance(element, Population) else ()
    given = {name: value for name, value in values.given.items() if name not in collects}
    numbers = {name: value for name, value in values.numbers.items() if name not in collects}
    for one in element.device.inputs:
        if one.name not in collects and one.name not in given and one.name not in numbers:
            headline = f"{element.name} needs a value for {one.name} of {element.device.name}"
            what = ": no synapses contribute to it" if isinstance(element, Population) else ""
            hints = (
                f"write {element.name}: {element.device.name}({one.name} = ...), or input {element.name}.{one.name} = ... in the experiment",
            )
            problems.error(
                "missing-argument", headline + what, element.span, (one.span, "it has no default"), hints=hints
            )
    device = values.device(element.device)
    return Group(element.name, device, (element.name,), given, numbers, values.initials, each.size)


def _vertex(each: Population, group: Group) -> VertexClass:
    return VertexClass(each.name, "cell", np.arange(group.size, dtype=np.int64), group)


def _edge(each: Projection, group: Group, grown: Grown | None) -> EdgeClass:
    pre, post = (_NOWHERE, _NOWHERE) if grown is None or grown.edges is None else grown.edges
    ends = [End(0, each.source, pre), End(1, each.target, post)]
    if each.shared:
        ends.append(End(2, each.shared, np.zeros(len(pre), dtype=np.int64)))
    topology: Literal["dense", "indexed"] = "dense" if each.wiring.is_dense else "indexed"
    return EdgeClass(each.name, group, tuple(ends), topology, each.wiring.kind == "masked")


def _place(each: Grown, shapes: dict[str, tuple[int, ...]]) -> Place:
    members = np.arange(prod(each.shape), dtype=np.int64)
    element = each.element
    inert = _NOWHERE
    if isinstance(element, Projection) and element.wiring.kind == "masked":
        posts, pres = prod(shapes[element.target]), prod(shapes[element.source])
        inert = np.arange(min(posts, pres), dtype=np.int64) * (pres + 1)
    return Place(each.shape, (Part(element.name, members, members),), inert=inert, copies=each.copies)
