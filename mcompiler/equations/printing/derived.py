"""A system that was derived from a network, in the model language: its error network, its tangent, the nudged network.

Cells have the states, inputs and outputs that were derived beside their own; what synapses send against the arrows they add to inputs of the cell at ``pre``.
What the slope of a loss needs of several members is collected by one more cell, and given back from there. The file is read, derived and printed again:
what is shown is the canonical text of a forward system.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

import sympy

from mcompiler.dsl import parse
from mcompiler.equations.cells import TERMINALS
from mcompiler.equations.from_network import derive
from mcompiler.equations.printing.cells import drives, is_own, own_declarations
from mcompiler.equations.printing.declarations import declared, doc, experiment, unit, words
from mcompiler.equations.printing.devices import event_lines, set_lines
from mcompiler.equations.printing.model import Blocks, block, devices_inside, model_text
from mcompiler.equations.printing.networks import Additions, network_lines
from mcompiler.equations.printing.picks import beginning
from mcompiler.equations.printing.spelling import Spelling, spelling
from mcompiler.equations.printing.tangent import motion
from mcompiler.equations.printing.trimmed import trimmed
from mcompiler.equations.printing.view import View
from mcompiler.equations.shares import substituted
from mcompiler.equations.system import LOSS, ONE, EdgeClass, System, Template, Unknown, VertexClass
from mcompiler.equations.translate import as_written, symbol
from mcompiler.model.model import Circuit, Model, Population, Projection, Synapse
from mcompiler.model.resolve import resolve
from mcompiler.network.elaborate import elaborate
from mcompiler.network.network import Network
from mcompiler.source import Source
from mcompiler.units import DIMENSIONLESS, Dimension

#: What is put behind the names of a network and of its cells and synapses.
_SUFFIXES: Final[Mapping[str, str]] = {"tangent": "Tangent", "error network": "WithErrors", "nudged": "Nudged"}
_NOTHING: Final[Mapping[str, str]] = {}


@as_written
def derived_text(system: System, network: Network, model: Model, values: Mapping[str, str] = _NOTHING) -> str:
    """A derived network as a model file, in the canonical form of that file.

    Args:
        system: the derived system.
        network: of the forward system.
        model: where that came from.
        values: of parameters that the derivation added to the network, as text by their symbols' names; the others are 0.

    Raises:
        UnsayableError: the language lacks something that this network needs.
    """
    circuit = next(each for each in model.circuits.values() if each.name == network.name)
    text = "\n".join(_blocks(trimmed(system, network), network, circuit, model, values))
    made = resolve(parse(Source(f"{_called(system, circuit.name)}.mem", text, model.source.folder)))
    again = elaborate(made, next(iter(made.experiments.values()), None), next(iter(made.circuits.values())))
    return model_text(derive(again), again, made)


def _called(system: System, name: str) -> str:
    return f"{name}{_SUFFIXES[system.kind]}"


def _blocks(
    system: System, network: Network, circuit: Circuit, model: Model, values: Mapping[str, str]
) -> Iterator[str]:
    to = spelling(system, network, circuit)
    name = _called(system, circuit.name)
    made = Blocks({each.device.name for each in circuit.placed} | {name})
    called = {each.name: _cells(to, each, made) for each in circuit.cells}
    called |= {each.name: _synapses(to, each, made) for each in circuit.synapses}
    lines = tuple(_collecting(to, made))
    parameters = tuple(_parameters_of_the_network(to, values))
    more = Additions(parameters, to.arguments, to.joined, lines)
    yield from devices_inside(circuit)
    yield from made.texts()
    yield block(f"network {name}{doc(circuit.doc)}", network_lines(circuit, called, more))
    yield from _experiments(to, model, name)


def _parameters_of_the_network(to: Spelling, values: Mapping[str, str]) -> Iterator[str]:
    own = {each.name for each in to.circuit.parameters}
    for each in to.system.parameters:
        name = to.shared.of(each.symbol)
        if name not in own:
            yield f"param {name}{unit(each.dimension)} = {values.get(each.symbol.name, '0')}{doc(each.doc)}"


def _experiments(to: Spelling, model: Model, name: str) -> Iterator[str]:
    """The experiments, with the columns of data that cells were given for the loss."""
    experiments = [each for each in model.experiments.values() if each.circuit.name == to.circuit.name]
    files = {one.name: one.file for each in experiments for one in each.data}
    asked = sorted({column.partition(".")[0] for column in to.columns.values()})
    of_the_loss = {one.span for one in to.network.losses}
    for each in experiments:
        losses = tuple(one for one in each.losses if one.span in of_the_loss)
        if each.until is None and each.losses and not losses:
            continue
        own = {one.name for one in each.data}
        lines = [f'data {one} = "{files[one]}"' for one in asked if one not in own]
        lines += [f"set {path} = {column}" for path, column in to.columns.items()]
        yield "\n".join(experiment(replace(each, losses=losses), name, lines)) + "\n"


# --- cells


def _cells(to: Spelling, population: Population, made: Blocks) -> str:
    owner = next(each for each in to.system.vertices if each.name == population.name)
    model, of = population.device, to.view(owner)
    own = words(model)
    lines = [*declared(own, model), *_parameters(to, owner), *_inputs(to, owner)]
    lines += [own.state(each) for each in model.states]
    lines += [*_states(of, owner), *_definitions(to, owner, to.given(owner.name)), *motion(of, owner.template)]
    lines += [line for each in owner.template.events for line in event_lines(of, each)]
    return made.add(
        "cell", _called(to.system, model.name), owner.name, doc(model.doc), [*lines, *set_lines(own, model)]
    )


def _parameters(to: Spelling, owner: VertexClass | EdgeClass) -> Iterator[str]:
    """What is derived beside parameters, and what comes from the network."""
    spelled, measured = to.names[owner.name], _measured(to, owner)
    for each in owner.template.parameters:
        if " " in each.symbol.name and not each.structural:
            yield f"param {spelled.of(each.symbol)}{unit(each.dimension)} = 0{doc(each.doc)}"
    for each, name in spelled.outer.items():
        default = " = 0" if f"{owner.name}.{name}" in to.columns else ""
        yield f"param {name}{unit(measured[each])}{default}"


def _measured(to: Spelling, owner: VertexClass | EdgeClass) -> dict[sympy.Symbol, Dimension]:
    own = {each.symbol: each.dimension for each in owner.template.parameters}
    return {**own, **{each.symbol: each.dimension for each in to.system.parameters}}


def _inputs(to: Spelling, owner: VertexClass) -> Iterator[str]:
    for each in owner.template.accumulators:
        if to.is_derived(owner, each.symbol):
            yield f"input {to.names[owner.name].of(each.symbol)}{unit(each.dimension)}{doc(each.doc)}"


def _states(of: View, owner: VertexClass | EdgeClass) -> Iterator[str]:
    """What is derived beside states."""
    derived = tuple(each for each in owner.template.definitions if " " in each.symbol.name)
    for each in owner.template.unknowns:
        if " " in each.symbol.name:
            start = of.text(substituted(each.initial, derived))
            scale = f" scale {of.text(each.scale)}" if each.scale != ONE else f" scale {_one(each)}"
            yield f"state {of.naming(each.symbol)}{unit(each.dimension)} = {start}{scale}{doc(each.doc)}"


def _one(each: Unknown) -> str:
    return "1" if each.dimension == DIMENSIONLESS else f"1[{each.dimension}]"


def _definitions(to: Spelling, owner: VertexClass | EdgeClass, left_out: set[str]) -> Iterator[str]:
    """Definitions; those are outputs that the model calls so, or that synapses read."""
    spelled, of = to.names[owner.name], to.view(owner)
    shown = to.outputs(owner)
    for each in owner.template.definitions:
        if each.symbol.name in left_out:
            continue
        name = spelled.of(each.symbol)
        left = f"output {name}{unit(each.dimension)}" if each.symbol in shown else name
        yield f"{left} = {of.text(each.value)}{doc(each.doc)}"


# --- synapses


def _synapses(to: Spelling, projection: Projection, made: Blocks) -> str:
    owner = next(each for each in to.system.edges if each.name == projection.name)
    model, of = projection.device, to.view(owner)
    own = words(model)
    inner = {each.name for each in model.definitions if not is_own(model, each.name)} - set(drives(model))
    lines = [*own_declarations(own, model), *_parameters(to, owner), *_states(of, owner)]
    lines += _definitions(to, owner, inner | to.given(owner.name))
    lines += motion(of, owner.template, lambda each: is_own(model, each.symbol.name))
    lines += _contributions(to, owner)
    lines += _events(of, owner.template, model)
    return made.add(
        "synapse", _called(to.system, model.name), owner.name, doc(model.doc), [*lines, *set_lines(own, model)]
    )


def _contributions(to: Spelling, owner: EdgeClass) -> Iterator[str]:
    of = to.view(owner)
    for each in owner.template.contributions:
        name = to.names[owner.ends[each.end]].of(symbol(each.accumulator))
        yield f"{TERMINALS[each.end]}.{name} += {of.text(each.value)}"


def _events(of: View, template: Template, model: Synapse) -> Iterator[str]:
    """The synapse's events; where one of a device sets what is derived in the synapse, an event with its condition, which acts before that of the device."""
    for each in template.events:
        own = tuple((state, value) for state, value in each.assignments if is_own(model, state.name))
        if own:
            yield from event_lines(of, replace(each, assignments=own))


# --- the loss


def _collecting(to: Spelling, made: Blocks) -> Iterator[str]:
    """The cell that collects what the loss is made of, and what brings it there."""
    loss = next((each for each in to.system.vertices if each.name == LOSS), None)
    if loss is None:
        return
    lines = [*_parameters(to, loss), *_inputs(to, loss), *_definitions(to, loss, set())]
    name = made.add("cell", "LossCell", LOSS, doc("what the loss is made of, and its slope by that"), lines)
    yield f"cells {to.loss}: {name}{_given(to, LOSS)}"
    for each in to.system.edges:
        if " " in each.name:
            own = to.added(each.name)
            lines = [*_parameters(to, each), *_definitions(to, each, set()), *_contributions(to, each)]
            template = made.add("synapse", "Observe", own.removeprefix("observe_"), "", lines)
            yield f"synapses {own}: {template}{_given(to, each.name)} from {each.ends[0]} to {to.loss}{beginning(to.network, to.circuit, each)}"


def _given(to: Spelling, owner: str) -> str:
    arguments = [f"{name} = {value}" for name, value in to.arguments.get(owner, {}).items()]
    return f"({', '.join(arguments)})" if arguments else ""
