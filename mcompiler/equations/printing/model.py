"""A forward system in the model language: a file that is parsed back to the same system, and prints as the same text again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mcompiler.equations.printing.cells import cell_lines, synapse_lines
from mcompiler.equations.printing.declarations import circuit, doc, experiment
from mcompiler.equations.printing.devices import device, device_alone
from mcompiler.equations.printing.networks import network_lines
from mcompiler.equations.system import System
from mcompiler.equations.translate import as_written
from mcompiler.model.model import Circuit, Model
from mcompiler.network.network import Network


@as_written
def model_text(system: System, network: Network, model: Model) -> str:
    """The devices, cells and synapses of the system with the equations that were derived; circuit or network and experiments as the model has them."""
    chosen = next(each for each in model.circuits.values() if each.name == network.name)
    parts = _network(system, chosen) if chosen.is_network else _circuit(system, network, chosen)
    experiments = [each for each in model.experiments.values() if each.circuit.name == network.name]
    return "\n".join([*parts, *("\n".join(experiment(each, chosen.name)) + "\n" for each in experiments)])


def _circuit(system: System, network: Network, chosen: Circuit) -> Iterator[str]:
    templates = {each.name: each.template for each in system.classes}
    devices: dict[str, str] = {}
    models = {each.device.name: each.device for each in chosen.elements}
    groups = {each.name: each.group for each in network.vertices} | {each.name: each.group for each in network.edges}
    for name, group in groups.items():
        if group is not None:
            kind = group.device.name
            devices.setdefault(kind, device(system, templates[name], models[kind]))
    yield from devices.values()
    yield "\n".join(circuit(chosen)) + "\n"


# --- networks


@dataclass(slots=True)
class Blocks:
    """Blocks of a file: classes whose blocks say the same share one, under the name that the model gives it where that is free."""

    taken: set[str]
    bodies: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    heads: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, kind: str, name: str, owner: str, about: str, lines: Iterable[str]) -> str:
        """The name of the block with these lines, in which the class ``owner`` finds its template."""
        body = tuple(lines)
        for known, other in self.bodies.items():
            if body == other and self.heads[known] == f"{kind} {known}{about}":
                return known
        chosen = name if name not in self.bodies else f"{name}_{owner}"
        while chosen in self.bodies or (chosen != name and chosen in self.taken):
            chosen += "_"
        self.bodies[chosen], self.heads[chosen] = body, f"{kind} {chosen}{about}"
        return chosen

    def texts(self) -> Iterator[str]:
        """The blocks in the order in which they were made."""
        for name, head in self.heads.items():
            yield block(head, self.bodies[name])


def block(head: str, lines: Iterable[str]) -> str:
    """``cell Neuron { ... }`` with its lines, and an end of line."""
    return "\n".join([f"{head} {{", *(f"  {each}" for each in lines), "}"]) + "\n"


def _network(system: System, chosen: Circuit) -> Iterator[str]:
    vertices = {each.name: each.template for each in system.vertices}
    edges = {each.name: each for each in system.edges}
    blocks, called = Blocks({each.device.name for each in chosen.placed}), dict[str, str]()
    for cells in chosen.cells:
        model = cells.device
        lines = cell_lines(system, vertices[cells.name], model)
        called[cells.name] = blocks.add("cell", model.name, cells.name, doc(model.doc), lines)
    for synapses in chosen.synapses:
        own = synapses.device
        lines = synapse_lines(system, edges[synapses.name], own)
        called[synapses.name] = blocks.add("synapse", own.name, synapses.name, doc(own.doc), lines)
    yield from devices_inside(chosen)
    yield from blocks.texts()
    yield block(f"network {chosen.name}{doc(chosen.doc)}", network_lines(chosen, called))


def devices_inside(chosen: Circuit) -> Iterator[str]:
    """The devices inside the synapses of a network, each once."""
    inner = {one.device.name: one.device for each in chosen.synapses for one in each.device.devices}
    yield from (device_alone(each) for each in inner.values())
