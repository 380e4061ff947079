"""Devices of a system in the model language: the template's equations under the device's declarations."""

from collections.abc import Iterator

import sympy

from mcompiler.equations.printing.declarations import Words, declared, doc, words
from mcompiler.equations.printing.infix import infix
from mcompiler.equations.printing.tree import Node, Rate
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.system import Event, System, Template, Unknown
from mcompiler.equations.translate import symbol, translate
from mcompiler.model.model import Device, State
from mcompiler.model.model import Template as ModelTemplate


def device(system: System, template: Template, model: Device) -> str:
    """The text of a class's device; it says nothing of what this class's elements are given."""
    of, to = view(system, template), words(model)
    lines = [f"device {model.name}({', '.join(model.terminals)}){doc(model.doc)} {{"]
    lines += [f"  {each}" for each in declared(to, model)]
    lines += [f"  {to.state(each)}" for each in model.states]
    own = {each.name for each in model.definitions}
    for each in template.definitions:
        if each.symbol.name in own:
            lines.append(f"  {each.symbol.name} = {of.text(each.value)}{doc(each.doc)}")
    lines.append(f"  {law_line(of, model)}")
    is_inductance = model.law is not None and model.law.kind == "inductance"
    lines += [
        f"  {rate_line(of, each)}" for each in template.unknowns if not (is_inductance and each.symbol.name == "i")
    ]
    lines += [f"  {line}" for each in template.events for line in event_lines(of, each)]
    return "\n".join([*lines, "}"]) + "\n"


def law_line(of: View, model: Device) -> str:
    """The relation of the port; where the model gives v in terms of i, it is solved."""
    assert model.law is not None
    values = {each.symbol.name: each.value for each in of.template.definitions}
    match model.law.kind:
        case "current" | "voltage":
            return f"i = {of.text(values['i'])}"
        case "source":
            return f"v = {of.text(values['v'])}"
        case "capacitance":
            return f"i = {_shown(of, Rate(symbol('v'), of.mass(translate(model.law.value))))}"
        case "inductance":
            return f"v = {_shown(of, Rate(symbol('i'), of.mass(translate(model.law.value))))}"


def _shown(of: View, node: Node) -> str:
    return infix(node, of.naming)


def rate_line(of: View, each: Unknown) -> str:
    """The equation of an unknown."""
    return f"{_shown(of, Rate(each.symbol, of.mass(each.mass)))} = {of.text(each.rate)}"


def event_lines(of: View, event: Event) -> Iterator[str]:
    """An event, in several lines."""
    yield f"when {of.text(event.margin)} > 0 {{"
    for state, value in event.assignments:
        yield f"  {of.naming(state)} := {of.text(value)}"
    yield "}"


def device_alone(model: Device) -> str:
    """The text of a device as the model has it, with its parameter sets: of one inside a synapse, whose equations stand in the synapse's template."""
    to = words(model)
    lines = [
        f"device {model.name}({', '.join(model.terminals)}){doc(model.doc)} {{",
        *(f"  {each}" for each in declared(to, model)),
    ]
    lines += [f"  {to.state(each)}" for each in model.states]
    lines += [f"  {each.name} = {to.expression(each.value)}{doc(each.doc)}" for each in model.definitions]
    assert model.law is not None
    is_inductance = model.law.kind == "inductance"
    change = Rate(symbol("i"), to.reader.node(translate(model.law.value)))
    left = "i" if model.law.kind == "current" else "v"
    lines.append(f"  {left} = {infix(change, _own) if is_inductance else to.expression(model.law.value)}")
    lines += [f"  {_motion(to, each)}" for each in model.states if not (is_inductance and each.name == "i")]
    for event in model.events:
        resets = "; ".join(f"{name} := {to.expression(value)}" for name, value in event.resets)
        lines.append(f"  when {to.expression(event.margin)} > 0 {{ {resets} }}")
    lines += [f"  {each}" for each in set_lines(to, model)]
    return "\n".join([*lines, "}"]) + "\n"


def _motion(to: Words, each: State) -> str:
    mass = None if each.mass is None else to.reader.node(translate(each.mass))
    return f"{infix(Rate(symbol(each.name), mass), _own)} = {to.expression(each.rate)}"


def _own(each: sympy.Symbol) -> str:
    return str(each.name)


def set_lines(to: Words, model: ModelTemplate) -> Iterator[str]:
    """The parameter sets of a template."""
    for name, values in model.sets.items():
        yield f"set {name} {{ {', '.join(to.arguments(values))} }}"
