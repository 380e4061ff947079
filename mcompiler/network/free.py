"""The nodes with a capacitor, and their voltages at the start."""

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import NDArray

from mcompiler.diagnostics import Problems
from mcompiler.model.expression import Expression, name_set, substitute
from mcompiler.model.model import Assignment, Distribution, expressions_of
from mcompiler.network.constants import Constants, check_number, inserted
from mcompiler.network.draw import draw
from mcompiler.network.network import Floats, VertexClass
from mcompiler.network.wiring import AT_GROUND, Nodes, Wired

#: The vertex class of nodes with a capacitor.
NODES = "nodes"

Flags = NDArray[np.bool_]


def free_nodes(nodes: Nodes, wired: Sequence[Wired], constants: Constants, problems: Problems) -> list[VertexClass]:
    """The nodes with a capacitor: one class, and one more for every expression of parameters that some of them start from."""
    free = ~_driven(nodes, wired)
    initials = np.zeros(nodes.count)
    apart: list[VertexClass] = []
    for node in nodes.circuit.nodes:
        assigned = constants.assignments.get(("initial", node.name, "v"))
        if assigned is None:
            continue
        start, end = nodes.range(node.name)
        own = np.flatnonzero(free[start:end]) + start
        if not len(own):
            headline = f"node {node.name} is driven by a voltage source: it has no initial value"
            hints = ("drop it: the source decides the voltage",)
            problems.error("initial-of-driven", headline, assigned.span, hints=hints)
            continue
        expression = _expression(assigned, constants, problems)
        if expression is not None:
            nothing = np.full(len(own), np.nan)
            apart.append(VertexClass(f"{NODES} {node.name}", "capacitive", own, initials=nothing, start=expression))
            free[own] = False
            continue
        number = _number(assigned, nodes.shapes[node.name], constants, problems)
        if number is not None:
            initials[own] = np.broadcast_to(number, (end - start,))[own - start]
    rest = np.flatnonzero(free)
    common = [VertexClass(NODES, "capacitive", rest, initials=initials[rest])] if len(rest) else []
    return [*common, *apart]


def _driven(nodes: Nodes, wired: Sequence[Wired]) -> Flags:
    driven = np.zeros(nodes.count, dtype=bool)
    for each in wired:
        if each.kind == "source":
            ends = np.concatenate(each.ends)
            driven[ends[ends != AT_GROUND]] = True
    return driven


def _expression(assigned: Assignment, constants: Constants, problems: Problems) -> Expression | None:
    """The value at the start where it follows from parameters of the circuit; None where it is a number."""
    if isinstance(assigned.value, Distribution):
        return None
    expression = inserted(assigned.value, constants, problems)
    read = name_set(expression)
    if not read & constants.leaves.keys():
        return None
    if any("." in name for name in read):
        headline = (
            f"an initial voltage of data and parameters together, {assigned.path}, is not compiled in this version"
        )
        hints = ("use the data alone, or the parameters alone",)
        problems.error("unsupported", headline, assigned.value.span, hints=hints)
        return None
    return substitute(expression, constants.marked())


def _number(assigned: Assignment, shape: tuple[int, ...], constants: Constants, problems: Problems) -> Floats | None:
    known = dict(constants.numbers)
    for name in name_set(*expressions_of(assigned.value)):
        if "." in name and known[name].shape not in (shape, ()):
            headline = f"{assigned.path} needs the shape {shape}, but {name} has the shape {known[name].shape}"
            problems.error("data-shape", headline, assigned.value.span)
            return None
        known[name] = known[name].reshape(-1) if known[name].ndim else known[name]
    number = draw(assigned.value, known, (prod(shape),), assigned.path, constants.seed)
    check_number(problems, f"the initial value of {assigned.path}", number, assigned.value.span)
    return number
