"""From the names that a user writes, ``A``, ``M.Ron``, ``cell.w``, to places in the arrays of parameters and unknowns."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mcompiler.kernel.layout import ClassLayout, Quantity
from mcompiler.place import Place
from mcompiler.solver.program import Floats, Integers, Program


@dataclass(frozen=True, slots=True)
class Target:
    """Where a named parameter or initial value is.

    Attributes:
        name: as the user writes it.
        kind: "parameter" (an array ``p``) or "initial" (the state at the start).
        places: array (copies, members), members in the order of the user's array; of a value that all members share, every place it stands at.
        shape: of the user's array; () for one value.
        unit: of the value.
        shared: whether it is one value, wherever it stands.
        extents: of an array whose values differ from copy to copy of a batch; ``shape`` where they cannot.
    """

    name: str
    kind: Literal["parameter", "initial"]
    places: Integers
    shape: tuple[int, ...]
    unit: str
    shared: bool
    extents: tuple[int, ...]

    def put(self, array: Floats, value: object) -> None:
        """Writes a number, or an array of this shape or these extents, to its places.

        Raises:
            ValueError: the shape does not fit.
        """
        number = np.asarray(value, dtype=np.float64)
        self._check(number.shape)
        array[self.places] = number.reshape(-1, self.places.shape[1]) if number.shape else number

    def put_each(self, arrays: Floats, values: object) -> None:
        """Writes one value into every row of ``arrays``; they are numbers, or arrays of this shape or these extents.

        Raises:
            ValueError: their shape does not fit.
        """
        numbers = np.asarray(values, dtype=np.float64)
        self._check(numbers.shape[1:])
        spread = (len(numbers), -1, self.places.shape[1] if numbers.ndim > 1 else 1)
        arrays[:, self.places] = numbers.reshape(spread)

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape not in ((), self.shape, self.extents):
            shapes = [str(each) for each in dict.fromkeys((self.shape, self.extents)) if each]
            which = f" or an array of shape {' or '.join(shapes)}" if shapes else ""
            raise ValueError(f"{self.name} needs one number{which}, not shape {shape}")

    def value(self, array: Floats) -> Floats:
        """What stands at its places: of a value that all members or copies share, one."""
        if self.shared:
            return np.array(array[self.places[0, 0]])
        return array[self.places if self.extents != self.shape else self.places[0]].reshape(self.extents)

    def take(self, gradient: Floats) -> Floats:
        """Its share of a gradient; where one value stands at several places, their sum."""
        own = gradient[self.places]
        return np.asarray(own.sum() if self.shared else own.reshape(self.shape))


def parameter_names(program: Program) -> Iterator[str]:
    """All parameters that have a number: the circuit's own, then ``element.parameter``."""
    yield from program.description.parameters
    for element, place in program.description.elements.items():
        if place.parts:
            owner = program.layout.of(place.parts[0].owner)
            yield from (f"{element}.{each.name}" for each in owner.parameters if " " not in each.name)


def initial_names(program: Program) -> Iterator[str]:
    """All states of elements and voltages of nodes, ``M.w``, ``a.v``."""
    description = program.description
    for name, place in {**description.nodes, **description.elements}.items():
        owners = [program.layout.of(part.owner) for part in place.parts]
        is_node = name in description.nodes
        if owners and (not is_node or all(description.is_node(each.name) for each in owners)):
            yield from (f"{name}.{each.name}" for each in owners[0].unknowns)


def parameter(program: Program, name: str) -> Target:
    """The places of a parameter or constant input.

    Raises:
        ValueError: there is none of this name, or the model gives it as an expression; with a hint.
    """
    description = program.description
    for quantity in program.layout.parameters:
        if quantity.name == description.parameters.get(name):
            places = np.array([[program.z[quantity.slot]]], dtype=np.int64)
            return Target(name, "parameter", places, (), quantity.dimension, shared=True, extents=())
    element, _, own = name.partition(".")
    place = description.elements.get(element)
    if place is not None and place.parts:
        owners = {part.owner: _named(program.layout.of(part.owner).parameters, own) for part in place.parts}
        if all(owners.values()):
            return _target(program, name, "parameter", place, owners)
        _refuse_expression(program, name, own, next(iter(owners)))
    if name in description.derived:
        reads = description.derived[name].names
        why = f"is an expression of {', '.join(reads)} in the model: set these, or" if reads else "is a size:"
        raise ValueError(f"{name} {why} load the model with settings=['{name} = ...']")
    raise ValueError(unknown_text(name, "parameter", parameter_names(program)))


def initial(program: Program, name: str) -> Target:
    """The places of a state's initial value.

    Raises:
        ValueError: there is none of this name; with a hint.
    """
    if name in set(initial_names(program)):
        element, _, own = name.partition(".")
        place = program.description.place(element)
        owners = {part.owner: _named(program.layout.of(part.owner).unknowns, own) for part in place.parts}
        return _target(program, name, "initial", place, owners)
    raise ValueError(unknown_text(name, "state", initial_names(program)))


def inert(program: Program, name: str) -> Integers:
    """The places in a state's array of members that are not there: solutions show NaN for them, which may be given back."""
    return program.description.place(name.partition(".")[0]).inert


def _target(
    program: Program,
    name: str,
    kind: Literal["parameter", "initial"],
    place: Place,
    owners: Mapping[str, Quantity | None],
) -> Target:
    quantities = {owner: quantity for owner, quantity in owners.items() if quantity is not None}
    first = next(iter(quantities.values()))
    starts = {owner: int(program.z[quantity.slot]) for owner, quantity in quantities.items()}
    if not first.varies:
        places = np.array([[*starts.values()]], dtype=np.int64)
        return Target(name, kind, places, (), first.dimension, shared=True, extents=())
    extents = place.extents if kind == "initial" or _is_input(program, place, first.name) else place.shape
    return Target(name, kind, place.numbers(starts), place.shape, first.dimension, shared=False, extents=extents)


def _is_input(program: Program, place: Place, name: str) -> bool:
    """Whether a quantity is an input, which may differ from copy to copy of a batch."""
    return name in program.description.classes[place.parts[0].owner].inputs


def _named(quantities: tuple[Quantity, ...], name: str) -> Quantity | None:
    return next((each for each in quantities if each.name == name), None)


def _refuse_expression(program: Program, name: str, own: str, owner: str) -> None:
    given = program.description.classes[owner].given
    if own in given:
        raise ValueError(
            f"{name} is an expression of {', '.join(given[own])} in the model: set these, or load the model with settings=['{name} = ...']"
        )


def unknown_text(name: str, what: str, names: Iterable[str]) -> str:
    """A message with the nearest of the names there are."""
    known = list(names)
    near = difflib.get_close_matches(name, known, n=2)
    hint = (
        f"did you mean {' or '.join(near)}?"
        if near
        else f"there are {', '.join(known[:12]) or 'none'}{', ...' if len(known) > 12 else ''}"
    )
    return f"the model has no {what} {name!r}: {hint}"


def unknown_name(program: Program, place: int) -> str:
    """The user's name of the unknown at this place of the state, for messages."""
    for owner in program.layout.classes:
        count = int(program.z[owner.count_slot])
        for quantity in owner.unknowns:
            member = place - int(program.z[quantity.slot])
            if 0 <= member < count:
                return member_name(program, owner, member, f".{quantity.name}")
    return f"unknown {place}"


def member_name(program: Program, owner: ClassLayout, member: int, quantity: str = "") -> str:
    """The user's name of a member of a class: of the node, or of the element, with its indices, and which copy of a batch it is."""
    description = program.description
    table = description.nodes if description.is_node(owner.name) else description.elements
    for name, place in table.items():
        for part in place.parts:
            if part.owner == owner.name:
                found: NDArray[np.intp] = np.flatnonzero(part.members == member // place.copies)
                if len(found):
                    own = name + _index_text(place.indices(int(part.positions[int(found[0])]))) + quantity
                    return f"{own} of copy {member % place.copies}" if place.copies > 1 else own
    return owner.name + quantity


def _index_text(indices: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, indices))}]" if indices else ""
