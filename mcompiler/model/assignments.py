"""What an experiment gives: ``set M.Ron = ...``, ``initial M.w = ...``, ``input drive = ...``."""

from typing import Literal, NamedTuple

from mcompiler.dsl import syntax
from mcompiler.model.circuits import check_size
from mcompiler.model.data import TIMES, column
from mcompiler.model.expression import Expression
from mcompiler.model.faults import listed, unknown
from mcompiler.model.model import Assignment, Data, Distribution, Parameter, Population, State
from mcompiler.model.signals import not_a_signal
from mcompiler.model.target import Target
from mcompiler.model.values import check_inside, resolve_value
from mcompiler.source import Span
from mcompiler.units import VOLTAGE, Dimension

Kind = Literal["set", "initial", "input"]
#: What each kind gives a value to, in words.
_WORDS = {"set": "parameter", "initial": "state", "input": "input"}


class Place(NamedTuple):
    """What is given a value: of an element, or, where ``element`` is empty, of the circuit."""

    element: str
    name: str
    dimension: Dimension
    span: Span | None
    bounded: Parameter | State | None = None


def resolve_assignment(node: syntax.Assignment, target: Target, data: dict[str, Data]) -> Assignment | None:
    """The assignment, or None where something is wrong with it."""
    assert node.kind != "target"
    kind: Kind = node.kind
    place = _place(node, kind, target)
    if place is None:
        return None
    scope = target.scope(f"the value of {node.name.text}")
    if kind == "input":
        scope.time = True
        if node.is_distribution:
            headline = "an input is not drawn from a distribution: only parameters and initial values are"
            target.problems.error("wrong-place", headline, node.value.span)
            return None
    scope.dotted = lambda name: _dotted(name, node, target, data)
    value = resolve_value(node, scope, place.dimension, node.name.text, target.check, place.span)
    if value is None:
        return None
    if place.bounded is not None and not isinstance(value, Distribution):
        code = "initial-out-of-bounds" if kind == "initial" else "value-out-of-bounds"
        what = f"the {'initial value' if kind == 'initial' else 'value'} of {node.name.text}"
        check_inside(target.problems, what, value, place.bounded.lower, place.bounded.upper, code)
    if not place.element and target.own[place.name].what == "size":
        if isinstance(value, Distribution):
            target.problems.error("bad-size", f"the size {place.name} cannot be drawn", value.span)
            return None
        if not check_size(target.problems, place.name, value):
            return None
    return Assignment(kind, place.element, place.name, value, node.span)


def _dotted(name: syntax.Name, node: syntax.Assignment, target: Target, data: dict[str, Data]) -> Expression | None:
    """A column of data: an array over the members of the element."""
    owner = name.parts[0].name
    if owner not in data:
        headline = f"{name.text} is not known in the value of {node.name.text}"
        otherwise = 'a column of a file is named like loop.i, after data loop = "loop.csv"'
        unknown(target.problems, "unknown-name", headline, name.span, owner, data, otherwise)
        return None
    found = column(name, data, target.problems)
    if found is not None and node.kind == "input" and TIMES in data[owner].columns:
        hints = (
            f"to compare with the data, write loss at {owner}.t = ...",
            "to drive with few samples, write pwl(t, 0[s], 0[V], 1[s], 1[V], ...)",
        )
        headline = f"{node.name.text} is sampled data: inputs that follow data in time are not compiled in this version"
        target.problems.error("unsupported", headline, name.span, hints=hints)
        return None
    return found


# --- what is given a value


def _place(node: syntax.Assignment, kind: Kind, target: Target) -> Place | None:
    parts = node.name.parts
    if any(part.indices for part in parts):
        headline = "values are given to all members of an array at once"
        hints = ("give an array of data, or an expression of the indices where the element is made",)
        target.problems.error("unsupported", headline, node.name.span, hints=hints)
        return None
    if parts[0].name in target.broken:
        return None
    if len(parts) == 1:
        return _own(node, kind, target)
    element, own = parts[0].name, parts[1:]
    name = ".".join(part.name for part in own)
    if kind == "initial" and element in target.nodes and name == "v":
        return Place(element, name, VOLTAGE, target.nodes[element].span)
    if element not in target.elements:
        not_a_signal(node.name, target)
        return None
    return _of_element(node, kind, target)


def _of_element(node: syntax.Assignment, kind: Kind, target: Target) -> Place | None:
    element = node.name.parts[0].name
    name = node.name.text.partition(".")[2]
    placed = target.elements[element]
    device = placed.device
    if isinstance(placed, Population) and name in placed.collects:
        headline = f"{element}.{name} is the sum of what synapses contribute: it is given no value"
        other = "let the cell have another input for what comes from outside, like bias"
        target.problems.error("input-collects", headline, node.name.span, hints=(other,))
        return None
    bounded: dict[str, Parameter | State] = {}
    if kind == "set":
        bounded = {each.name: each for each in device.parameters}
    elif kind == "initial":
        bounded = {each.name: each for each in device.states}
    inputs = {each.name: each for each in device.inputs} if kind == "input" else {}
    found = bounded.get(name) or inputs.get(name)
    if found is None:
        names = [*bounded, *inputs]
        hints = _other_kind(element, name, device_kinds(target, element)) or target.problems.suggest(name, names)
        headline = f"{element} has no {_WORDS[kind]} {name}"
        hints = hints or (f"it has {listed(names)}",)
        target.problems.error("unknown-argument", headline, node.name.span, hints=hints)
        return None
    return Place(element, name, found.dimension, found.span, bounded.get(name))


def device_kinds(target: Target, element: str) -> dict[str, Kind]:
    """For every name of an element's device that can be given a value, how."""
    device = target.elements[element].device
    kinds: dict[str, Kind] = {each.name: "set" for each in device.parameters}
    initial: dict[str, Kind] = {each.name: "initial" for each in device.states}
    inputs: dict[str, Kind] = {each.name: "input" for each in device.inputs}
    return {**kinds, **initial, **inputs}


def _other_kind(element: str, name: str, kinds: dict[str, Kind]) -> tuple[str, ...]:
    if name not in kinds:
        return ()
    word = _WORDS[kinds[name]]
    return (f"{name} is {'an' if word == 'input' else 'a'} {word}: write {kinds[name]} {element}.{name} = ...",)


def own_kinds(target: Target) -> dict[str, Kind]:
    """For every name of the circuit that can be given a value, how."""
    return {name: "input" if known.what == "input" else "set" for name, known in target.own.items()}


def _own(node: syntax.Assignment, kind: Kind, target: Target) -> Place | None:
    name = node.name.parts[0].name
    known = target.own.get(name)
    if known is not None and (known.what == "input") == (kind == "input") and kind != "initial":
        return Place("", name, known.dimension, known.span, target.parameters.get(name))
    kinds = own_kinds(target)
    names = [each for each, own in kinds.items() if own == kind]
    what = "parameter or size" if kind == "set" else _WORDS[kind]
    headline = f"{target.circuit.name} has no {what} {name}"
    hints = target.problems.suggest(name, names) or ((f"it has {listed(names)}",) if names else ())
    if name in kinds:
        hints = (f"write {kinds[name]} {name} = ...",)
    elif name in target.elements or kind == "initial":
        owner = name if name in target.elements else "M"
        states = device_kinds(target, owner) if owner in target.elements else {}
        first = next((each for each, own in states.items() if own == kind), "w" if kind == "initial" else "R")
        hints = (f"name the quantity of an element: {kind} {owner}.{first} = ...",)
    target.problems.error("unknown-argument", headline, node.name.span, hints=hints)
    return None
