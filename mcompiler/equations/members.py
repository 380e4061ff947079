"""What the templates of nodes, devices, cells and synapses share: parameters, states, definitions and events in sympy."""

import numpy as np
import sympy

from mcompiler.equations.system import ONE, ZERO, Definition, Event, Parameter, Unknown
from mcompiler.equations.translate import symbol, translate
from mcompiler.model.expression import Expression, Number
from mcompiler.model.model import Distribution, Input, State
from mcompiler.model.model import Parameter as ModelParameter
from mcompiler.model.model import Template as ModelTemplate
from mcompiler.network import network as net
from mcompiler.units import DIMENSIONLESS


def own_definitions(group: net.Group) -> list[Definition]:
    """What is given to the elements as expressions, and the device's own definitions."""
    device = group.device
    given: list[Definition] = []
    declared: tuple[ModelParameter | Input, ...] = (*device.parameters, *device.inputs)
    for each in declared:
        if each.name in group.given:
            value = group.given[each.name]
            given.append(Definition(symbol(each.name), each.dimension, translate(value), each.doc, value.span))
    own = [
        Definition(symbol(each.name), each.dimension, translate(each.value), each.doc, each.span)
        for each in device.definitions
    ]
    terms = [
        Definition(
            symbol(net.term_name(name)), value.dimension, translate(value), "what a member adds to the loss", value.span
        )
        for name, value in group.terms.items()
    ]
    return [*given, *own, *terms]


def own_parameters(group: net.Group) -> tuple[Parameter, ...]:
    """The parameters and constant inputs that have values, and what is structural."""
    declared: dict[str, ModelParameter | Input] = {each.name: each for each in group.device.parameters}
    declared |= {each.name: each for each in group.device.inputs}
    result: list[Parameter] = []
    for name, values in group.values.items():
        known, varies = declared.get(name), bool(values.shape)
        if known is None:
            result.append(Parameter(symbol(name), group.measured.get(name, DIMENSIONLESS), varies, structural=True))
        else:
            result.append(Parameter(symbol(name), known.dimension, varies, known.doc, known.span))
    return tuple(result)


def unknown(state: State, group: net.Group) -> Unknown:
    """A state with its equation."""
    initial = state.initial.arguments[0] if isinstance(state.initial, Distribution) else state.initial
    return Unknown(
        symbol(state.name),
        state.dimension,
        rate=translate(state.rate),
        mass=ONE if state.mass is None else translate(state.mass),
        initial=ZERO if initial is None else translate(initial),
        scale=ONE if state.scale is None else translate(state.scale),
        lower=_bound(state.lower),
        upper=_bound(state.upper),
        doc=state.doc,
        origin=state.origin,
        mass_dimension=DIMENSIONLESS if state.mass is None else state.mass.dimension,
        given=state.name in group.initials and not bool(np.isnan(group.initials[state.name]).all()),
    )


def _bound(expression: Expression | None) -> sympy.Expr | None:
    if expression is None or (isinstance(expression, Number) and abs(expression.value) == float("inf")):
        return None
    return translate(expression)


def own_events(device: ModelTemplate) -> tuple[Event, ...]:
    """The events of a template."""
    return tuple(
        Event(
            translate(each.margin),
            each.margin.dimension,
            tuple((symbol(name), translate(value)) for name, value in each.resets),
            each.span,
        )
        for each in device.events
    )
