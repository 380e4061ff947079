"""Values of elements: numbers, and what stays an expression of the circuit's parameters, of other parameters or of time."""

from collections import ChainMap
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.evaluate import evaluate
from mcompiler.model.expression import TIME_NAME, Expression, Name, name_set, names, substitute
from mcompiler.model.faults import circular
from mcompiler.model.model import (
    Distribution,
    Input,
    Parameter,
    Placed,
    Population,
    Projection,
    State,
    Template,
    Value,
    expressions_of,
)
from mcompiler.model.scope import ordered
from mcompiler.network.constants import Constants, Place, check_bounds, check_number, follows_from_numbers, inserted
from mcompiler.network.draw import draw
from mcompiler.network.network import Floats, global_name
from mcompiler.source import Span


class Members(Protocol):
    """An element, cells or synapses with shape, number of members and the values of indices."""

    @property
    def element(self) -> Placed:
        """What the model says of them."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array; () for a single one."""
        ...

    @property
    def size(self) -> int:
        """The number of members."""
        ...

    @property
    def copies(self) -> int:
        """The number of copies of a cell, which count as members."""
        ...

    @property
    def index(self) -> dict[str, Floats]:
        """Values of indices, one per member."""
        ...


@dataclass(frozen=True, slots=True)
class Values:
    """What an element's template is filled with.

    Attributes:
        given: parameters and inputs that are expressions.
        numbers: the others, shape () or (members,).
        starts: initial values that are expressions in place of the template's.
        initials: initial values that are numbers in place of the template's, shape (members,).
    """

    given: dict[str, Expression] = field(default_factory=dict[str, Expression])
    numbers: dict[str, Floats] = field(default_factory=dict[str, Floats])
    starts: dict[str, Expression] = field(default_factory=dict[str, Expression])
    initials: dict[str, Floats] = field(default_factory=dict[str, Floats])

    def device(self, device: Template) -> Template:
        """The template with the initial values that are expressions."""
        states = [
            replace(each, initial=self.starts[each.name]) if each.name in self.starts else each
            for each in device.states
        ]
        return replace(device, states=tuple(states)) if self.starts else device


Kind = Literal["set", "input", "initial"]


class _Chosen(NamedTuple):
    """A value, where it is given, and whether in terms of the circuit's names or of the device's; copies of a cell differ in inputs and initial values."""

    value: Value
    span: Span
    scope: Literal["circuit", "device"]
    kind: Kind


@dataclass(slots=True)
class _Filling:
    """The values of one element in the making; ``known`` are numbers by the device's names.

    While they are made, the members of a copy of the cells stand together; `_stored` puts the copies of a member together.
    """

    wired: Members
    constants: Constants
    problems: Problems
    values: Values = field(default_factory=Values)
    known: dict[str, Floats] = field(default_factory=dict[str, Floats])

    @property
    def outer(self) -> ChainMap[str, Floats]:
        """Numbers by the circuit's names and the element's indices."""
        return ChainMap(self.wired.index, self.constants.numbers)

    def places(self, chosen: "_Chosen | None") -> list[Place]:
        """Where a value is given; one of the device's own comes after the element that has it."""
        if chosen is None:
            return [self.wired.element.span]
        if chosen.scope == "circuit":
            return [chosen.span]
        return [self.wired.element.span, (chosen.span, "the value")]

    def choose(self, kind: Kind, name: str, default: Value | None) -> _Chosen | None:
        """The value that counts: the experiment's, else the element's, else its parameter set's, else the device's."""
        element = self.wired.element
        assigned = self.constants.assignments.get((kind, element.name, name))
        if assigned is not None:
            return _Chosen(assigned.value, assigned.value.span, "circuit", kind)
        if name in element.values:
            return _Chosen(element.values[name], element.values[name].span, "circuit", kind)
        if name in element.preset:
            return _Chosen(element.preset[name], element.preset[name].span, "device", kind)
        return None if default is None else _Chosen(default, default.span, "device", kind)


def fill(wired: Members, constants: Constants, problems: Problems) -> Values:
    """The values of an element; what is wrong with them is in ``problems``."""
    filling = _Filling(wired, constants, problems)
    device = wired.element.device
    declared: dict[str, Parameter | Input] = {each.name: each for each in device.parameters}
    declared |= {each.name: each for each in device.inputs}
    chosen: dict[str, _Chosen] = {}
    for name, each in declared.items():
        found = filling.choose("input" if isinstance(each, Input) else "set", name, each.default)
        if found is not None:
            chosen[name] = found
    inner = {
        name: name_set(*expressions_of(each.value)) if each.scope == "device" else () for name, each in chosen.items()
    }
    order, circle = ordered(inner)
    if circle:
        headline = f"the values of {wired.element.name} need each other"
        circular(problems, headline, circle, [chosen[name].span for name in circle])
        return filling.values
    for name in order:
        _parameter(filling, declared[name], chosen[name])
    for state in device.states:
        _initial(filling, state)
        _check_scale(filling, state)
    return filling.values


def _parameter(filling: _Filling, each: Parameter | Input, chosen: _Chosen) -> None:
    name, values = each.name, filling.values
    number = _number(filling, chosen, name)
    if number is not None:
        filling.known[name] = number
        what = f"the value of {filling.wired.element.name}.{name}"
        if follows_from_numbers(chosen.value, filling.known if chosen.scope == "device" else {}):
            check_number(filling.problems, what, number, *filling.places(chosen))
        if isinstance(each, Parameter):
            check_bounds(filling.problems, what, number, each, filling.known, *filling.places(chosen))
    expression = _expression(filling, chosen)
    if expression is not None:
        values.given[name] = expression
    elif number is not None:
        values.numbers[name] = _stored(filling, number)


def _initial(filling: _Filling, state: State) -> None:
    name, element = state.name, filling.wired.element
    chosen = filling.choose("initial", name, state.initial)
    number = np.zeros(()) if chosen is None else _number(filling, chosen, name)
    what = f"the initial value of {element.name}.{name}"
    if number is not None:
        places = filling.places(chosen)
        check_number(filling.problems, what, number, *places)
        check_bounds(filling.problems, what, number, state, filling.known, *places, code="initial-out-of-bounds")
    is_template = chosen is None or (chosen.value is state.initial and not isinstance(chosen.value, Distribution))
    if is_template or chosen is None:
        return
    expression = _expression(filling, chosen)
    if expression is not None:
        filling.values.starts[name] = expression
    elif number is not None:
        filling.values.initials[name] = np.array(np.broadcast_to(_stored(filling, number), (filling.wired.size,)))


def _number(filling: _Filling, chosen: _Chosen, name: str) -> Floats | None:
    """The numbers that a value stands for; None where it depends on time, or data do not fit."""
    known = filling.outer if chosen.scope == "circuit" else ChainMap(filling.known)
    value = chosen.value
    read = name_set(*expressions_of(value))
    if chosen.scope == "circuit":
        if not _fits(filling, name, chosen, read):
            return None
        known = ChainMap({column: _flat(filling.wired, known[column]) for column in read if "." in column}, *known.maps)
    if TIME_NAME in read or not all(name in known for name in read):
        return None
    wired = filling.wired
    repeats = wired.copies if chosen.kind == "set" else 1
    shape = (wired.size // repeats,) if wired.shape or wired.copies > repeats else ()
    own = f"{wired.element.name}.{name}"
    return draw(value, known, shape, own, filling.constants.seed, repeats if shape else 1)


def _flat(wired: Members, column: Floats) -> Floats:
    """The values of a column for all members, copy after copy."""
    if column.size == 1:
        return column.reshape(())
    return column.reshape(-1) if column.size == wired.size else np.tile(column.reshape(-1), wired.copies)


def _stored(filling: _Filling, number: Floats) -> Floats:
    """The numbers in the order of the members: the copies of a member stand together."""
    copies = filling.wired.copies
    return number.reshape(copies, -1).T.reshape(-1) if number.ndim and copies > 1 else number


def _fits(filling: _Filling, name: str, chosen: _Chosen, read: "frozenset[str]") -> bool:
    """Whether columns of data have the shape of the element, or that of its copies where they may differ."""
    shape = filling.wired.shape
    fitting = [shape] if chosen.kind == "set" else [shape, (filling.wired.copies, *shape)]
    for column in sorted(each for each in read if "." in each):
        found = filling.constants.numbers[column].shape
        if found in (*fitting, ()) or (found == (1,) and not shape):
            continue
        shapes = [str(each) for each in fitting if each and each != (1, *shape)]
        needs = "one number" + (f" or the shape {' or '.join(shapes)}" if shapes else "")
        headline = f"{filling.wired.element.name}.{name} needs {needs}, but {column} has the shape {found}"
        places = [
            each.span
            for expression in expressions_of(chosen.value)
            for each in names(expression)
            if each.name == column
        ]
        is_batch = len(found) > 0 and found[1:] == shape
        hints = (_of_copies(filling, chosen, next(iter(found))),) if is_batch else ()
        filling.problems.error("data-shape", headline, places[0], hints=hints)
        return False
    return True


def _of_copies(filling: _Filling, chosen: _Chosen, count: int) -> str:
    """What to do with ``count`` values for every member."""
    match filling.wired.element:
        case Population() if chosen.kind == "set":
            return "the copies of a cell share its parameters; its inputs and initial values may differ"
        case Population():
            batch = filling.constants.batch
            place = f"in place of batch {batch}" if batch > 1 else "in the experiment"
            return f"write batch {count} {place} for a copy of the cells for each"
        case Projection():
            return "the copies of a batch share the synapses; inputs and initial values of cells may differ"
        case _:
            return "run(ensemble = ...) in Python runs a circuit once for each"


def _expression(filling: _Filling, chosen: _Chosen) -> Expression | None:
    """What stays an expression in the template; None where a number says it all."""
    if isinstance(chosen.value, Distribution):
        return None
    if chosen.scope == "device":
        return chosen.value if name_set(chosen.value) else None
    constants, index = filling.constants, filling.wired.index
    expression = inserted(chosen.value, constants, filling.problems)
    read = name_set(expression)
    if not read & {TIME_NAME, *constants.leaves}:
        return None
    outside: dict[str, Expression] = {}
    for each in names(expression):
        if each.name in constants.leaves:
            outside[each.name] = Name(global_name(each.name), each.dimension, each.span)
        elif each.name != TIME_NAME:
            is_index = each.name in index
            inside = f"index {each.name}" if is_index else f"data {each.name}"
            number = index[each.name] if is_index else _flat(filling.wired, constants.numbers[each.name])
            filling.values.numbers[inside] = _stored(filling, number)
            outside[each.name] = Name(inside, each.dimension, each.span)
    return substitute(expression, outside)


def _check_scale(filling: _Filling, state: State) -> None:
    """A scale that follows from parameters is positive and finite."""
    scale = state.scale
    if scale is None or not name_set(scale) <= filling.known.keys():
        return
    number = evaluate(scale, filling.known)
    if not np.all((number > 0) & np.isfinite(number)):
        worst = float(number.reshape(-1)[int(np.argmin((number > 0) & np.isfinite(number)))])
        headline = (
            f"the scale of {filling.wired.element.name}.{state.name} is {worst:g}; it must be positive and finite"
        )
        hints = (f"give the state a scale of its own: state {state.name} ... scale 1[{state.dimension}]",)
        places = (filling.wired.element.span, (scale.span, "it follows from this"))
        filling.problems.error("missing-scale", headline, *places, hints=hints)
