"""Devices inside a synapse: their equations with the device's name in front of every quantity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mcompiler.dsl import syntax
from mcompiler.model.draft import PORT, Draft
from mcompiler.model.expression import TIME_NAME, Expression, Name, substitute
from mcompiler.model.faults import listed, unknown
from mcompiler.model.model import Definition, Device, Distribution, Event, Inner, Input, Parameter, State, Value
from mcompiler.model.values import check_inside, resolve_value
from mcompiler.source import Span
from mcompiler.units import Dimension

#: Finds a device by the name of its template, with the values of a parameter set; None says that the problem is noted.
FindDevice = Callable[[syntax.Name], tuple[Device | None, Mapping[str, Value]]]

_UNFIT = {
    "source": "a source decides its voltage by itself",
    "capacitance": "its current follows from the derivative of its voltage",
}


@dataclass(frozen=True, slots=True)
class Inside:
    """A device in its place.

    Attributes:
        span: where it is declared in the synapse.
        wants: which of ``v`` and ``i`` the synapse gives; ``says`` is why, in words.
        quantities: what can be read of it, by the device's own names, voltage and current included.
        made_of: what it is made of; None where something is wrong with that.
    """

    span: Span
    wants: str = "v"
    says: str = ""
    quantities: Mapping[str, Dimension] = field(default_factory=dict[str, Dimension])
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    states: tuple[State, ...] = ()
    definitions: tuple[Definition, ...] = ()
    events: tuple[Event, ...] = ()
    made_of: Inner | None = None
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class _Prefix:
    """Puts the device's name in front of its quantities."""

    name: str
    known: Mapping[str, Dimension]

    def of(self, name: str) -> str:
        return f"{self.name}.{name}"

    def expression(self, value: Expression) -> Expression:
        return substitute(
            value,
            {each: Name(self.of(each), unit, value.span) for each, unit in self.known.items() if each != TIME_NAME},
        )

    def maybe(self, value: Expression | None) -> Expression | None:
        return None if value is None else self.expression(value)

    def value(self, value: Value | None) -> Value | None:
        if isinstance(value, Distribution):
            return replace(value, arguments=tuple(self.expression(each) for each in value.arguments))
        return self.maybe(value)


def place_device(node: syntax.Member, draft: Draft, find: FindDevice) -> Inside:
    """The device of ``device P = HP(Ron = 1[kohm])`` in its place; broken where something is wrong, which is noted."""
    device, preset = find(node.template)
    if device is None or device.law is None:
        return Inside(node.name.span, is_broken=True)
    if device.law.kind in _UNFIT:
        headline = f"the device {node.name.text} cannot stand in a synapse: {_UNFIT[device.law.kind]}"
        draft.problems.error("unsupported", headline, node.span, (device.law.span, "its relation"))
        return Inside(node.name.span, is_broken=True)
    given = _arguments(node, device, draft)
    return _placed(node, device, {**preset}, given)


def _placed(node: syntax.Member, device: Device, preset: Mapping[str, Value], given: Mapping[str, Value]) -> Inside:
    assert device.law is not None
    known = {
        **PORT,
        **{each.name: each.dimension for each in device.parameters},
        **{each.name: each.dimension for each in device.inputs},
        **{each.name: each.dimension for each in device.definitions},
        **{each.name: each.dimension for each in device.states},
    }
    put = _Prefix(node.name.text, known)

    def chosen(name: str, default: Value | None) -> Value | None:
        return given[name] if name in given else put.value(preset.get(name, default))

    wants = "i" if device.law.kind == "voltage" else "v"
    definitions = [
        replace(each, name=put.of(each.name), value=put.expression(each.value)) for each in device.definitions
    ]
    if device.law.kind in ("current", "voltage"):
        side = "v" if wants == "i" else "i"
        value = put.expression(device.law.value)
        definitions.append(Definition(put.of(side), PORT[side], value, device.law.span))
    inputs: list[Input] = []
    for each in device.inputs:
        default = chosen(each.name, each.default)
        assert not isinstance(default, Distribution)
        inputs.append(replace(each, name=put.of(each.name), default=default))
    return Inside(
        node.name.span,
        wants,
        f"{device.name} gives {'v in terms of i' if wants == 'i' else 'i in terms of v'}",
        known,
        tuple(
            replace(
                each,
                name=put.of(each.name),
                default=chosen(each.name, each.default),
                lower=put.maybe(each.lower),
                upper=put.maybe(each.upper),
            )
            for each in device.parameters
        ),
        tuple(inputs),
        tuple(_state(each, put, chosen(each.name, each.initial)) for each in device.states),
        tuple(definitions),
        tuple(_event(each, put) for each in device.events),
        Inner(node.name.text, device, given, preset, node.doc),
    )


def _state(each: State, put: _Prefix, initial: Value | None) -> State:
    return replace(
        each,
        name=put.of(each.name),
        rate=put.expression(each.rate),
        mass=put.maybe(each.mass),
        initial=initial,
        scale=put.maybe(each.scale),
        lower=put.maybe(each.lower),
        upper=put.maybe(each.upper),
    )


def _event(each: Event, put: _Prefix) -> Event:
    resets = tuple((put.of(name), put.expression(value)) for name, value in each.resets)
    return replace(each, margin=put.expression(each.margin), resets=resets)


def _arguments(node: syntax.Member, device: Device, draft: Draft) -> dict[str, Value]:
    """Values of the device's parameters, inputs and initial states, in terms of the synapse's parameters."""
    result: dict[str, Value] = {}
    bounded: dict[str, Parameter | State] = {each.name: each for each in device.parameters}
    bounded |= {each.name: each for each in device.states}
    settable: dict[str, Parameter | State | Input] = {**bounded, **{each.name: each for each in device.inputs}}
    for argument in node.arguments:
        name = argument.name.text if argument.name else ""
        if name not in settable:
            headline = f"{device.name} has no parameter, input or state {name}"
            if not name:
                headline = "a device in a synapse has no terminals to join: its values are given by name"
            place = argument.name.span if argument.name else argument.span
            otherwise = f"it has {listed(settable)}"
            unknown(draft.problems, "unknown-argument", headline, place, name, settable, otherwise)
            continue
        to, what = settable[name], f"{name} of {device.name}"
        scope = draft.constant_scope(f"the value of {name}")
        if isinstance(to, Input) and argument.is_distribution:
            headline = f"the input {name} is not drawn from a distribution: only parameters and initial values are"
            draft.problems.error("wrong-place", headline, argument.value.span)
            continue
        value = resolve_value(argument, scope, to.dimension, what, draft.check, to.span)
        if value is not None:
            result[name] = value
            if name in bounded and not isinstance(value, Distribution):
                check_inside(draft.problems, f"the value of {name}", value, bounded[name].lower, bounded[name].upper)
    return result
