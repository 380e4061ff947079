"""A forward system in the model language: a file that is parsed back to the same system, and prints as the same text again."""

from mcompiler.equations.printing.declarations import circuit, experiment
from mcompiler.equations.printing.devices import device
from mcompiler.equations.system import System
from mcompiler.equations.translate import as_written
from mcompiler.model.model import Model
from mcompiler.network.network import Network


@as_written
def model_text(system: System, network: Network, model: Model) -> str:
    """The devices of the system with the equations that were derived, the circuit and its experiments as the model has them."""
    templates = {each.name: each.template for each in system.classes}
    devices: dict[str, str] = {}
    groups = {each.name: each.group for each in network.vertices} | {each.name: each.group for each in network.edges}
    for name, group in groups.items():
        if group is not None:
            devices.setdefault(group.device.name, device(system, templates[name], group))
    chosen = next(each for each in model.circuits.values() if each.name == network.name)
    experiments = [each for each in model.experiments.values() if each.circuit.name == network.name]
    blocks = ["\n".join(circuit(chosen)) + "\n", *("\n".join(experiment(each)) + "\n" for each in experiments)]
    return "\n".join([*devices.values(), *blocks])
