"""What losses read of a network, and signals that lie outside their arrays."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.balance import sized
from mcompiler.model.expression import Expression, substitute
from mcompiler.model.model import Experiment, Loss, Signal
from mcompiler.network.constants import Constants
from mcompiler.network.network import EdgeClass, Network, Observer, Place, locate, node_quantity, pick_name


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
    edges = tuple(_picked(each, observers) for each in network.edges)
    marked = constants.marked()
    inside: dict[str, Expression] = {**marked}
    inside |= {name: substitute(formula, marked) for name, formula in constants.formulas.items()}
    own = tuple(replace(each, value=sized(problems, substitute(each.value, inside)) or each.value) for each in losses)
    return replace(network, edges=edges, losses=own, observers=tuple(observers))


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
    quantity = node_quantity(network, owner) if signal.element in network.nodes else signal.quantity
    return Observer(signal.name, owner, quantity, member, signal.dimension)


def _picked(edge: EdgeClass, observers: Sequence[Observer]) -> EdgeClass:
    """An edge class of which a loss reads some of several members gets a value per member that says which."""
    values = dict(edge.group.values)
    for each in observers:
        if each.owner == edge.name and edge.group.size > 1:
            values[pick_name(each)] = (np.arange(edge.group.size) == each.member).astype(np.float64)
    return replace(edge, group=replace(edge.group, values=values))
