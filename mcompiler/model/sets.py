"""Named parameter sets of a device, cell or synapse: ``set biolek2021 { Ron = 2[kohm], w = 0.3 }``."""

from collections.abc import Mapping

from mcompiler.dsl import syntax
from mcompiler.model.draft import Draft
from mcompiler.model.expression import name_set
from mcompiler.model.faults import circular, duplicate, listed, unknown
from mcompiler.model.model import Distribution, Parameter, State, Template, Value, expressions_of
from mcompiler.model.scope import ordered
from mcompiler.model.values import check_inside, resolve_value
from mcompiler.source import Span


def resolve_sets(draft: Draft, device: Template) -> Mapping[str, Mapping[str, Value]]:
    """The sets of a template by name; ``device`` is what they are sets of."""
    sets: dict[str, Mapping[str, Value]] = {}
    places: dict[str, Span] = {}
    for each in draft.block.body:
        if isinstance(each, syntax.ParameterSet):
            name = each.name.text
            if name in sets:
                duplicate(draft.problems, f"{name} is a set twice", each.name.span, places[name])
            sets[name], places[name] = _set(draft, device, each), each.name.span
    return sets


def _set(draft: Draft, device: Template, each: syntax.ParameterSet) -> Mapping[str, Value]:
    result: dict[str, Value] = {}
    places: dict[str, Span] = {}
    bounded: dict[str, Parameter | State] = {one.name: one for one in device.parameters}
    bounded |= {one.name: one for one in device.states}
    for argument in each.values:
        assert argument.name is not None
        name, span = argument.name.text, argument.name.span
        known = draft.names.get(name)
        if known is None or known.what not in ("parameter", "state"):
            settable = [key for key, one in draft.names.items() if one.what in ("parameter", "state")]
            headline = f"{draft.name} has no parameter or state {name}"
            otherwise = f"it has {listed(settable)}"
            unknown(draft.problems, "unknown-argument", headline, span, name, settable, otherwise)
            continue
        if name in places:
            duplicate(draft.problems, f"{name} is given twice in one set", span, places[name])
        places[name] = span
        scope = draft.constant_scope(f"the value of {name}")
        if known.is_broken:
            continue
        value = resolve_value(argument, scope, known.dimension, f"the value of {name}", draft.check, known.span)
        if value is not None:
            result[name] = value
            if name in bounded and not isinstance(value, Distribution):
                check_inside(draft.problems, f"the value of {name}", value, bounded[name].lower, bounded[name].upper)
    _check_circle(draft, result)
    return result


def _check_circle(draft: Draft, values: Mapping[str, Value]) -> None:
    reads = {name: name_set(*expressions_of(value)) for name, value in values.items()}
    _, circle = ordered(reads)
    if circle:
        places = [values[name].span for name in circle]
        circular(draft.problems, "these values need each other", circle, places)
