"""Cells and synapses of a system in the model language: the template's equations under the model's declarations."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mcompiler.equations.cells import unmasked
from mcompiler.equations.printing.declarations import Words, declared, doc, unit, words
from mcompiler.equations.printing.devices import event_lines, rate_line, set_lines
from mcompiler.equations.printing.view import view
from mcompiler.equations.system import Definition, EdgeClass, System, Template
from mcompiler.model.model import Cell, Inner, Synapse, Value
from mcompiler.model.model import Template as ModelTemplate


def cell_lines(system: System, template: Template, model: Cell) -> Iterator[str]:
    """What stands in a cell; nothing of what this class's cells are given."""
    of, to = view(system, template), words(model)
    yield from declared(to, model)
    yield from (to.state(each) for each in model.states)
    for each in _as_read(template, model):
        yield definition_line(each, of.text(each.value), is_output=each.symbol.name in model.outputs)
    yield from (rate_line(of, each) for each in template.unknowns)
    yield from (line for each in template.events for line in event_lines(of, each))
    yield from set_lines(to, model)


def synapse_lines(system: System, edge: EdgeClass, model: Synapse) -> Iterator[str]:
    """What stands in a synapse; devices inside it are named, not written out, and what it shows the loss is said where that is."""
    template = unmasked(edge.template)
    of, to = view(system, template), words(model)
    own = {each.name for each in model.definitions if is_own(model, each.name)} | set(drives(model))
    yield from own_declarations(to, model)
    for each in _as_read(template, model):
        if each.symbol.name in own:
            yield definition_line(each, of.text(each.value))
    yield from (rate_line(of, each) for each in template.unknowns if is_own(model, each.symbol.name))
    for one in template.contributions:
        if one.end < len(edge.terminals):
            yield f"{edge.terminals[one.end]}.{one.accumulator} += {of.text(one.value)}"
    for event in template.events:
        if all(is_own(model, symbol.name) for symbol, _ in event.assignments):
            yield from event_lines(of, event)
    yield from set_lines(to, model)


def _as_read(template: Template, model: ModelTemplate) -> Iterator[Definition]:
    """The model's definitions in the order in which a file that has them in this order is read."""
    found = {each.symbol.name: each for each in template.definitions}
    yield from (found[each.name] for each in model.definitions)


def own_declarations(to: Words, model: Synapse) -> Iterator[str]:
    """Parameters and inputs of a synapse, the devices inside it, and its own states."""
    parameters = tuple(each for each in model.parameters if is_own(model, each.name))
    inputs = tuple(each for each in model.inputs if is_own(model, each.name))
    yield from declared(to, replace(model, parameters=parameters, inputs=inputs))
    yield from (_inner(to, each) for each in model.devices)
    yield from (to.state(each) for each in model.states if is_own(model, each.name))


def _inner(to: Words, each: Inner) -> str:
    arguments = to.arguments(each.values)
    given = f"({', '.join(arguments)})" if arguments else ""
    return f"device {each.name} = {with_set(each.device, each.preset, each.device.name)}{given}{doc(each.doc)}"


def is_own(model: Synapse, name: str) -> bool:
    """Whether a quantity is the synapse's own, not that of a device inside it."""
    return name.partition(".")[0] not in {each.name for each in model.devices}


def drives(model: Synapse) -> Iterator[str]:
    """What the synapse gives its devices: the voltage, or the current where the relation asks for that."""
    for each in model.devices:
        assert each.device.law is not None
        yield f"{each.name}.{'i' if each.device.law.kind == 'voltage' else 'v'}"


def definition_line(each: Definition, value: str, *, is_output: bool = False) -> str:
    """``r = ...``, or ``output r: V = ...``."""
    left = f"output {each.symbol.name}{unit(each.dimension)}" if is_output else each.symbol.name
    return f"{left} = {value}{doc(each.doc)}"


def with_set(model: ModelTemplate, preset: Mapping[str, Value], name: str) -> str:
    """``Neuron.fast``, where the values of a parameter set are chosen."""
    if not preset:
        return name
    return f"{name}.{next(key for key, values in model.sets.items() if values == preset)}"
