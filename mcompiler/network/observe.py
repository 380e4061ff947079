"""What losses read of a network, and signals that lie outside their arrays."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.balance import sized
from mcompiler.model.expression import Expression, Name, name_set, names, substitute
from mcompiler.model.model import Experiment, Loss, Signal
from mcompiler.model.sums import MEMBER
from mcompiler.network.constants import Constants
from mcompiler.network.network import (
    EdgeClass,
    Floats,
    Group,
    Network,
    Observer,
    collected,
    locate,
    node_quantity,
    pick_name,
)
from mcompiler.place import Place
from mcompiler.units import Dimension


def check_signals(network: Network, experiment: Experiment, problems: Problems) -> None:
    """Indices of what is saved and drawn lie within their arrays."""
    saved = [signal for each in experiment.saves for signal in each.signals]
    drawn = [
        signal for each in experiment.plots for signal in (*each.signals, *([each.against] if each.against else ()))
    ]
    for signal in (*saved, *drawn):
        if signal.indices:
            _located(network, signal, problems)


def _located(network: Network, signal: Signal, problems: Problems) -> tuple[str, int] | None:
    place: Place = network.elements.get(signal.element) or network.nodes[signal.element]
    found = locate(place, signal.indices)
    if found is None:
        reach = ", ".join(f"{low}..{high}" for low, high in place.ranges)
        headline = f"{signal.name} is outside the array: {signal.element} runs over {reach}"
        problems.error("index-out-of-range", headline, signal.span)
    return found


def with_losses(network: Network, losses: Sequence[Loss], constants: Constants, problems: Problems) -> Network:
    """The network with losses in terms of global parameters, and with what they read."""
    signals = {name: signal for loss in losses for name, signal in loss.signals.items()}
    observers = [each for signal in signals.values() if (each := _observer(network, signal, problems)) is not None]
    network = _with_sums(network, losses, constants, problems)
    edges = tuple(_picked(each, observers) for each in network.edges)
    marked = constants.marked()
    inside: dict[str, Expression] = {**marked}
    inside |= {name: substitute(formula, marked) for name, formula in constants.formulas.items()}
    own = tuple(replace(each, value=sized(problems, substitute(each.value, inside)) or each.value) for each in losses)
    return replace(network, edges=edges, losses=own, observers=tuple(observers))


def _with_sums(network: Network, losses: Sequence[Loss], constants: Constants, problems: Problems) -> Network:
    """The network whose groups know what the losses sum over their members."""
    marked = constants.marked()
    inside = {**marked, **{name: substitute(formula, marked) for name, formula in constants.formulas.items()}}
    for total in (each for loss in losses for each in loss.sums):
        place = network.elements[total.element]
        columns = {name: constants.numbers[name] for name in total.data}
        for name, values in columns.items():
            if values.shape != place.shape and values.size != 1:
                headline = (
                    f"a sum over {total.element} needs {name} in its shape {place.shape}, but it has {values.shape}"
                )
                problems.error("data-shape", headline, total.span)
                return network
        owner = place.parts[0].owner
        own = {each.name: _of_member(each) for each in names(total.value) if each.name.startswith(MEMBER)}
        moved = _moved(network, owner) & {each.name for each in own.values()}
        if moved:
            headline = f"{', '.join(sorted(moved))} of {owner} depends on what synapses contribute: it cannot stand in a loss in this version"
            problems.error("unsupported", headline, total.span, hints=("use a state of the cells, or an output",))
        value = sized(problems, substitute(total.value, {**inside, **own})) or total.value
        units = {each.name: each.dimension for each in names(total.value) if each.name.startswith("data ")}
        numbers = {f"data {name}": values.reshape(() if values.size == 1 else -1) for name, values in columns.items()}
        network = _with_term(network, owner, total.name, value, numbers, units)
    return network


def _of_member(each: Name) -> Name:
    return Name(each.name.removeprefix(MEMBER), each.dimension, each.span)


def _with_term(
    network: Network,
    owner: str,
    name: str,
    value: Expression,
    numbers: Mapping[str, Floats],
    units: Mapping[str, Dimension],
) -> Network:
    def more(group: Group) -> Group:
        return replace(
            group,
            terms={**group.terms, name: value},
            values={**group.values, **numbers},
            measured={**group.measured, **units},
        )

    return replace(
        network,
        vertices=tuple(
            replace(each, group=more(each.group)) if each.name == owner and each.group is not None else each
            for each in network.vertices
        ),
        edges=tuple(replace(each, group=more(each.group)) if each.name == owner else each for each in network.edges),
    )


def _observer(network: Network, signal: Signal, problems: Problems) -> Observer | None:
    found = _located(network, signal, problems)
    if found is None:
        return None
    owner, member = found
    is_source = any(each.name == owner and each.kind == "driven" for each in network.vertices)
    if is_source and signal.element in network.elements and signal.quantity == "i":
        headline = f"the current of a voltage source, {signal.name}, cannot stand in a loss in this version"
        hints = ("use the current of the element that it feeds",)
        problems.error("unsupported", headline, signal.span, hints=hints)
        return None
    if _is_collected(network, owner, signal.quantity):
        headline = f"{signal.name} depends on what synapses contribute: it cannot stand in a loss in this version"
        hints = ("use a state of the cells, or an output",)
        problems.error("unsupported", headline, signal.span, hints=hints)
        return None
    quantity = node_quantity(network, owner) if signal.element in network.nodes else signal.quantity
    return Observer(signal.name, owner, quantity, member, signal.dimension)


def _is_collected(network: Network, owner: str, quantity: str) -> bool:
    """Whether a quantity of cells depends on what synapses add."""
    return quantity in _moved(network, owner)


def _moved(network: Network, owner: str) -> set[str]:
    """The quantities of a class of cells that depend on what synapses add."""
    vertex = next((each for each in network.vertices if each.name == owner and each.kind == "cell"), None)
    if vertex is None or vertex.group is None:
        return set()
    moved = set(collected(network, vertex))
    for each in vertex.group.device.definitions:  # in order of use
        if name_set(each.value) & moved:
            moved.add(each.name)
    return moved


def _picked(edge: EdgeClass, observers: Sequence[Observer]) -> EdgeClass:
    """An edge class of which a loss reads some of several members gets a value per member that says which."""
    values = dict(edge.group.values)
    for each in observers:
        if each.owner == edge.name and edge.group.size > 1:
            values[pick_name(each)] = (np.arange(edge.group.size) == each.member).astype(np.float64)
    return replace(edge, group=replace(edge.group, values=values))
