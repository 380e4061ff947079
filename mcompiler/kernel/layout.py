"""Where everything lives in the flat arrays of the kernels: plain data, and `bind`, which makes the int64 array ``z`` for given sizes.

A `Layout` does not depend on sizes: it says which slot of ``z`` holds the size of a class or the offset of a quantity. The kernels read those slots, so
their text is the same for every size. A run in a warm process needs this module and numpy only; no sympy, no numba.

    count    n = z[class.count_slot] members
    unknown  y[z[unknown.slot] + m] for member m
    parameter p[z[parameter.slot] + m] where it varies, else p[z[parameter.slot]]
    scratch  w[z[scratch.slot] + m]; w[RESULT] is a kernel's result in the making
    ends     member m of an edge class joins member z[z[index_slots[k]] + m] of ends[k]; in a dense class m = i1 * n0 + i0 (an array [end 1, end 0])
    events   event number z[guard.slot] + m is the guard of member m

In a batch there are B copies of every vertex, which share the edges: member m of copy b is number m*B + b, and ends name the vertices of one copy.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mcompiler.kernel.abi import (
    FIRST_FREE_SLOT,
    N_COPIES,
    N_GUARDS,
    N_OBSERVABLES,
    N_PARAMETERS,
    N_PARTIALS,
    N_SCRATCH,
    N_UNKNOWNS,
)

#: Place in the scratch array where a kernel gathers its scalar result.
RESULT = 0
#: Tasks that a loop is dealt to at most, and totals that it may have.
TASKS, TASK_TOTALS = 32, 8
#: Values of so many members begin where a cache line of so many doubles does, if their array does: vectors of them do not straddle lines.
_MANY, _LINE = 64, 8
#: Scratch places in front of those of the classes.
FIXED_SCRATCH = 1


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value per member (or one for all, where ``varies`` is false): its array offset is ``z[slot]``; ``dimension`` is text."""

    name: str
    dimension: str
    slot: int
    varies: bool = True
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Observable:
    """An unknown, definition or accumulator that ``observe`` can give, one value per member; ``number`` is its place in ``want``."""

    name: str
    dimension: str
    number: int
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """An event of a class: ``z[slot]`` is the number of its first member's event."""

    slot: int
    dimension: str


@dataclass(frozen=True, slots=True)
class ClassLayout:
    """The places of one vertex or edge class; ``ends`` names the vertex class of every terminal (empty for a vertex class)."""

    name: str
    kind: Literal["vertex", "edge"]
    topology: Literal["indexed", "dense"]
    ends: tuple[str, ...]
    count_slot: int
    index_slots: tuple[int, ...] = ()
    unknowns: tuple[Quantity, ...] = ()
    parameters: tuple[Quantity, ...] = ()
    scratch: tuple[Quantity, ...] = ()
    observables: tuple[Observable, ...] = ()
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """A point loss: its number is its place in ``Layout.losses``; ``data`` names the columns of its data rows."""

    name: str
    dimension: str
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """All classes, the global parameters and the losses of a system.

    ``slots`` is the length of the fixed part of ``z``, ``partials`` the number of sums per column of a dense class that the tasks of a kernel keep.
    """

    name: str
    classes: tuple[ClassLayout, ...]
    parameters: tuple[Quantity, ...]
    losses: tuple[Loss, ...]
    slots: int
    partials: int = 0

    def of(self, name: str) -> ClassLayout:
        """The layout of the class with this name."""
        return next(each for each in self.classes if each.name == name)


def bind(
    layout: Layout, sizes: Mapping[str, int], indices: Mapping[tuple[str, int], NDArray[np.int64]], copies: int = 1
) -> NDArray[np.int64]:
    """The array ``z`` for given sizes.

    Args:
        layout: what the slots mean.
        sizes: number of members of every class (a dense class may be left out: it has the product of its ends' sizes).
        indices: for every indexed edge class and end, the member of the end's vertex class for each edge, shape (sizes[class],).
        copies: how many copies of the vertices share the edges; sizes of vertex classes are those of all copies.

    Raises:
        ValueError: a size is missing or negative, an index array is missing, has the wrong length or points outside.
    """
    counts = {each.name: _count(each, sizes, copies) for each in layout.classes}
    fixed = np.zeros(layout.slots, dtype=np.int64)
    fixed[N_COPIES] = copies
    for each in layout.classes:
        fixed[each.count_slot] = counts[each.name]
    fixed[N_PARAMETERS] = _place(fixed, layout.parameters, 1, 0)
    fixed[N_SCRATCH] = FIXED_SCRATCH
    for each in layout.classes:
        count = counts[each.name]
        fixed[N_UNKNOWNS] = _place(fixed, each.unknowns, count, fixed[N_UNKNOWNS])
        fixed[N_PARAMETERS] = _place(fixed, each.parameters, count, fixed[N_PARAMETERS], aligned=True)
        fixed[N_SCRATCH] = _place(fixed, each.scratch, count, fixed[N_SCRATCH], aligned=True)
        fixed[N_OBSERVABLES] += len(each.observables)
        for guard in each.guards:
            fixed[guard.slot] = fixed[N_GUARDS]
            fixed[N_GUARDS] += count
    if layout.partials:
        width = max((counts[each.ends[0]] for each in layout.classes if each.topology == "dense"), default=0)
        fixed[N_SCRATCH] = fixed[N_PARTIALS] = _aligned(int(fixed[N_SCRATCH]))
        fixed[N_SCRATCH] += TASKS * (layout.partials * width + TASK_TOTALS)
    parts = [fixed]
    free = layout.slots
    for each in layout.classes:
        for end, slot in enumerate(each.index_slots):
            part = _checked(
                each, end, indices.get((each.name, end)), counts[each.ends[end]] // copies, counts[each.name]
            )
            fixed[slot] = free
            free += len(part)
            parts.append(part)
    return np.concatenate(parts)


def _count(each: ClassLayout, sizes: Mapping[str, int], copies: int) -> int:
    product = 1
    for end in each.ends:
        product *= sizes.get(end, 0) // copies
    count = sizes.get(each.name, product if each.topology == "dense" else None)
    if count is None or count < 0:
        raise ValueError(f"class {each.name!r} needs a size, not {count}")
    if each.kind == "vertex" and count % copies:
        raise ValueError(f"class {each.name!r} has {count} members, which {copies} copies cannot share")
    if each.topology == "dense" and count != product:
        raise ValueError(f"dense class {each.name!r} has {product} members, not {count}")
    return int(count)


def _place(
    fixed: NDArray[np.int64], quantities: tuple[Quantity, ...], count: int, free: int, *, aligned: bool = False
) -> int:
    for quantity in quantities:
        if aligned and quantity.varies and count >= _MANY:
            free = _aligned(free)
        fixed[quantity.slot] = free
        free += count if quantity.varies else 1
    return free


def _aligned(place: int) -> int:
    return -(-place // _LINE) * _LINE


def _checked(
    each: ClassLayout, end: int, part: NDArray[np.int64] | None, vertices: int, edges: int
) -> NDArray[np.int64]:
    if part is None or np.shape(part) != (edges,):
        raise ValueError(f"end {end} of class {each.name!r} needs {edges} indices")
    if len(part) and (np.min(part) < 0 or np.max(part) >= vertices):
        headline = f"end {end} of class {each.name!r} points outside {each.ends[end]!r}"
        raise ValueError(f"{headline}, which has {vertices} members")
    return np.ascontiguousarray(part, dtype=np.int64)


def unknown_slice(layout: Layout, z: NDArray[np.int64], owner: str, name: str) -> slice:
    """The places in ``y`` of unknown ``name`` of class ``owner``."""
    each = layout.of(owner)
    return _slice(z, _named(each.unknowns, name), int(z[each.count_slot]))


def parameter_slice(layout: Layout, z: NDArray[np.int64], owner: str, name: str) -> slice:
    """The places in ``p`` of parameter ``name`` of class ``owner`` (one place where it does not vary); owner "" means the global parameters."""
    if not owner:
        return _slice(z, _named(layout.parameters, name), 1)
    each = layout.of(owner)
    quantity = _named(each.parameters, name)
    return _slice(z, quantity, int(z[each.count_slot]) if quantity.varies else 1)


def _named(quantities: tuple[Quantity, ...], name: str) -> Quantity:
    return next(quantity for quantity in quantities if quantity.name == name)


def _slice(z: NDArray[np.int64], quantity: Quantity, count: int) -> slice:
    start = int(z[quantity.slot])
    return slice(start, start + count)


def to_json(layout: Layout) -> dict[str, Any]:
    """The layout as dictionaries, lists, texts and integers."""
    return asdict(layout)


def from_json(data: Mapping[str, Any]) -> Layout:
    """The layout that `to_json` gave, also after a trip through JSON text."""
    return Layout(
        name=data["name"],
        classes=tuple(_class_from_json(each) for each in data["classes"]),
        parameters=tuple(Quantity(**each) for each in data["parameters"]),
        losses=tuple(Loss(each["name"], each["dimension"], tuple(each["data"])) for each in data["losses"]),
        slots=data["slots"],
        partials=data["partials"],
    )


def _class_from_json(data: Mapping[str, Any]) -> ClassLayout:
    return ClassLayout(
        name=data["name"],
        kind=data["kind"],
        topology=data["topology"],
        ends=tuple(data["ends"]),
        count_slot=data["count_slot"],
        index_slots=tuple(data["index_slots"]),
        unknowns=tuple(Quantity(**each) for each in data["unknowns"]),
        parameters=tuple(Quantity(**each) for each in data["parameters"]),
        scratch=tuple(Quantity(**each) for each in data["scratch"]),
        observables=tuple(Observable(**each) for each in data["observables"]),
        guards=tuple(Guard(**each) for each in data["guards"]),
    )


class Slots:
    """Hands out the free slots of ``z``, in order."""

    __slots__ = ("used",)

    def __init__(self) -> None:
        self.used = FIRST_FREE_SLOT

    def take(self) -> int:
        """A slot that nobody else has."""
        self.used += 1
        return self.used - 1
