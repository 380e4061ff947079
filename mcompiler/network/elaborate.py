"""From a circuit or network with sizes to vertex and edge classes with values. What is wrong with the wiring is found here."""

from dataclasses import replace

from mcompiler.diagnostics import Problems
from mcompiler.model.faults import unsupported
from mcompiler.model.model import Circuit, Experiment, Model
from mcompiler.network.checks import check_wiring
from mcompiler.network.classes import Filled, classify
from mcompiler.network.constants import Constants, resolve_constants
from mcompiler.network.network import Network, global_name, node_quantity, pick_name
from mcompiler.network.observe import check_signals, with_losses
from mcompiler.network.populate import populate
from mcompiler.network.values import fill
from mcompiler.network.wiring import number_nodes, wire

__all__ = ["elaborate", "global_name", "node_quantity", "pick_name"]


def elaborate(model: Model, experiment: Experiment | None = None, circuit: Circuit | None = None) -> Network:
    """The network of an experiment's circuit (or of ``circuit`` alone, or of the model's first circuit).

    Raises:
        CompileError: the wiring, a size or a value is wrong; all that was found.
    """
    target = experiment.circuit if experiment is not None else circuit
    if target is None:
        target = next(iter(model.circuits.values()))
    problems = Problems()
    constants = resolve_constants(target, experiment, problems)
    problems.raise_errors()
    network = (populate if target.is_network else _wired)(target, constants, problems)
    problems.raise_errors()
    assert network is not None
    if experiment is not None:
        check_signals(network, experiment, problems)
        _check_batch(network, experiment, problems)
        network = with_losses(network, experiment.losses, constants, problems)
    problems.raise_errors()
    return replace(network, warnings=problems.warnings)


def _check_batch(network: Network, experiment: Experiment, problems: Problems) -> None:
    """What is not compiled for several copies of the cells."""
    if network.batch == 1:
        return
    for each in experiment.losses:
        unsupported(problems, "losses of batches are", each.span)
    for synapses in experiment.circuit.synapses:
        if synapses.device.events:
            what = f"events in the synapses {synapses.name}, which the copies of a batch share, are"
            unsupported(problems, what, synapses.span)


def _wired(target: Circuit, constants: Constants, problems: Problems) -> Network:
    """The network of a circuit: its elements between its nodes."""
    nodes = number_nodes(target, constants, problems)
    problems.raise_errors()
    wired = wire(target, nodes, constants, problems)
    problems.raise_errors()
    check_wiring(nodes, wired, problems)
    filled = [Filled(each, fill(each, constants, problems)) for each in wired]
    problems.raise_errors()
    return classify(nodes, filled, constants, problems)
