"""Nodes and elements as arrays: numbers of nodes, and for every element the nodes at its ends."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log10, prod

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.circuits import GROUND
from mcompiler.model.evaluate import evaluate, whole
from mcompiler.model.expression import Expression, names, size
from mcompiler.model.model import Circuit, Element, Index, Placed, expressions_of
from mcompiler.network.constants import Constants
from mcompiler.network.network import Floats, Integers
from mcompiler.source import Span

#: Most members (nodes and elements) of a network, and the bytes that each needs at least while it is built.
MOST = 50_000_000
BYTES_PER_MEMBER = 200
#: Most operations for values and indices of one element's members.
MOST_OPERATIONS = 5 * 10**9
#: The number of ground.
AT_GROUND = -1


@dataclass(slots=True)
class Nodes:
    """The nodes of a circuit: array after array, each from ``first`` on."""

    circuit: Circuit
    count: int = 0
    first: dict[str, int] = field(default_factory=dict[str, int])
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    def range(self, name: str) -> tuple[int, int]:
        """The numbers of an array's first node and of the one after its last."""
        return self.first[name], self.first[name] + prod(self.shapes[name])

    def owner(self, node: int) -> str:
        """The array that a node is in."""
        return next(name for name in reversed(self.first) if self.first[name] <= node)

    def name(self, node: int, owner: str = "") -> str:
        """A node as the user writes it; ``owner`` is its array, where that is known."""
        owner = owner or self.owner(node)
        shape = self.shapes[owner]
        index = np.unravel_index(node - self.first[owner], shape) if shape else ()
        return owner + (f"[{', '.join(str(int(each)) for each in index)}]" if shape else "")

    def span(self, owner: str) -> Span:
        """Where an array of nodes is declared."""
        return next(each.span for each in self.circuit.nodes if each.name == owner)


@dataclass(frozen=True, slots=True)
class Wired:
    """An element with its shape, the nodes at its ends, and the values of its indices; all arrays have one entry per member."""

    element: Element
    shape: tuple[int, ...]
    ends: tuple[Integers, Integers]
    index: dict[str, Floats]
    first: tuple[int, ...] = ()
    copies: int = 1

    @property
    def size(self) -> int:
        """The number of members."""
        return len(self.ends[0])

    @property
    def kind(self) -> str:
        """The kind of the device's law."""
        law = self.element.device.law
        assert law is not None
        return law.kind


def number_nodes(circuit: Circuit, constants: Constants, problems: Problems) -> Nodes:
    """The nodes, numbered."""
    nodes = Nodes(circuit)
    for each in circuit.nodes:
        shape = tuple(size_of(expression, constants, each.name, problems) for expression in each.shape)
        nodes.shapes[each.name], nodes.first[each.name] = shape, nodes.count
        nodes.count += prod(shape)
        if not fits(nodes.count, prod(shape), each.span, each.name, each.shape, problems):
            break
    return nodes


def wire(circuit: Circuit, nodes: Nodes, constants: Constants, problems: Problems) -> list[Wired]:
    """All elements with their ends; nothing is allocated for a network that is too large."""
    ranges = {each.name: _ranges(each, constants, problems) for each in circuit.elements}
    members = nodes.count
    for each in circuit.elements:
        own = prod(last - first + 1 for first, last in ranges[each.name] or ())
        members += own
        sizes = [index.last for index in each.indices]
        if not fits(members, own, each.span, each.name, sizes, problems) or not is_quick(own, each, problems):
            return []
    wired: list[Wired] = []
    for each in circuit.elements:
        bounds = ranges[each.name]
        found = None if bounds is None else _wired(each, bounds, nodes, constants, problems)
        if found is not None:
            wired.append(found)
    return wired


def size_of(expression: Expression, constants: Constants, name: str, problems: Problems) -> int:
    """The extent of an array."""
    value = float(evaluate(expression, constants.numbers))
    count = whole(value)
    if count is None or count < 1:
        code = "size-zero" if value == 0 else "bad-size"
        headline = f"{name} would have {value:g} members; a size is a whole number, one or more"
        problems.error(code, headline, expression.span, *_sizes_of([expression], constants))
        return 1
    return count


def _sizes_of(expressions: "list[Expression] | tuple[Expression, ...]", constants: Constants) -> list[tuple[Span, str]]:
    """Where the sizes in these expressions get their values."""
    found = {each.name: each for expression in expressions for each in names(expression)}
    places: list[tuple[Span, str]] = []
    for name in found:
        given = constants.assignments.get(("set", "", name))
        if given is not None and name in constants.numbers:
            places.append((given.span, f"{name} is {float(constants.numbers[name]):g}"))
        elif name in constants.formulas:
            places.append((constants.formulas[name].span, f"{name} is {float(constants.numbers[name]):g}"))
    return places


def fits(
    total: int,
    own: int,
    span: Span,
    name: str,
    sizes: "list[Expression] | tuple[Expression, ...]",
    problems: Problems,
) -> bool:
    """Whether ``total`` members, ``own`` of them ``name``'s, can be held; otherwise the problem is noted."""
    if total > MOST:
        members, size = _readable(own), _readable(total * BYTES_PER_MEMBER // 10**9)
        headline = f"with the {members} members of {name} this network would need about {size} GB of memory"
        notes = (f"a network may have {MOST:,} nodes and elements in all",)
        hints = ("make a size smaller",) if sizes else ()
        problems.error("size-too-large", headline, span, notes=notes, hints=hints)
    return total <= MOST


def is_quick(own: int, element: Placed, problems: Problems) -> bool:
    """Whether the expressions of the members' values and indices can be evaluated in reasonable time."""
    device = element.device
    given = [*element.values.values(), *element.preset.values(), *(each.default for each in device.parameters)]
    given += [value for each in device.states for value in (each.initial, each.lower, each.upper, each.scale)]
    indices = (
        [one for terminal in element.terminals for one in terminal.indices] if isinstance(element, Element) else []
    )
    work = own * sum(size(each) for each in (*indices, *(one for value in given for one in expressions_of(value))))
    if work > MOST_OPERATIONS:
        headline = f"the values of {element.name} would need {_readable(work)} operations; {_readable(MOST_OPERATIONS)} are the limit"
        hints = ("give a part that is equal for all members a name: param x = ...",)
        problems.error("size-too-large", headline, element.span, hints=hints)
    return work <= MOST_OPERATIONS


def _readable(number: int) -> str:
    """A number that may be very large."""
    return f"{number:,}" if number < 10**15 else f"10^{log10(number):.0f}"


def _ranges(element: Element, constants: Constants, problems: Problems) -> list[tuple[int, int]] | None:
    found = [_range(element, each, constants, problems) for each in element.indices]
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


def _range(element: Element, index: Index, constants: Constants, problems: Problems) -> tuple[int, int] | None:
    values = [float(evaluate(each, constants.numbers)) for each in (index.first, index.last)]
    first, last = whole(values[0]), whole(values[1])
    what = f"the range of {index.name} in {element.name}"
    if first is None or last is None or first < 0:
        headline = f"{what} runs from {values[0]:g} to {values[1]:g}; indices are whole numbers, zero or more"
        problems.error("index-out-of-range", headline, index.span)
        return None
    if last < first:
        headline = f"{what} is empty: {first}..{last}"
        problems.error("size-zero", headline, index.span, *_sizes_of((index.first, index.last), constants))
        return None
    return first, last


def _wired(
    element: Element, bounds: list[tuple[int, int]], nodes: Nodes, constants: Constants, problems: Problems
) -> Wired | None:
    shape = tuple(last - first + 1 for first, last in bounds)
    steps = [np.arange(first, last + 1, dtype=np.float64) for first, last in bounds]
    grid: list[Floats] = list(np.meshgrid(*steps, indexing="ij", copy=False)) if steps else []
    index = {each.name: values.reshape(-1) for each, values in zip(element.indices, grid, strict=True)}
    known = ChainMap(index, constants.numbers)
    first, second = (_end(element, terminal, nodes, known, prod(shape), problems) for terminal in (0, 1))
    if first is None or second is None:
        return None
    return Wired(element, shape, (first, second), index, tuple(low for low, _ in bounds))


def _end(
    element: Element, terminal: int, nodes: Nodes, known: Mapping[str, Floats], count: int, problems: Problems
) -> Integers | None:
    """The number of the node at one end, per member."""
    end = element.terminals[terminal]
    if end.node == GROUND:
        return np.full(count, AT_GROUND, dtype=np.int64)
    flat = np.zeros(count, dtype=np.int64)
    for expression, extent in zip(end.indices, nodes.shapes[end.node], strict=True):
        value = np.broadcast_to(evaluate(expression, known), (count,))
        bad = ~((value >= 0) & (value < extent) & (value == np.floor(value)))
        if np.any(bad):
            wrong = float(value[int(np.argmax(bad))])
            headline = f"{element.name} reaches {end.node} at the index {wrong:g}; it runs over 0..{extent - 1}"
            problems.error("index-out-of-range", headline, expression.span)
            return None
        flat = flat * extent + value.astype(np.int64)
    return flat + nodes.first[end.node]
