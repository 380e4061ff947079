"""What of a network decides its compiled code, as text: templates and who is joined to whom by class, no sizes and no values."""

from collections.abc import Iterator

from mcompiler.model.expression import CONDITIONS, functions_in
from mcompiler.model.model import Synapse
from mcompiler.network.network import EdgeClass, Group, Network, VertexClass

#: Functions whose value or slope jumps somewhere.
KINKED = CONDITIONS | {"where", "min", "max", "clip", "abs", "sign", "step", "pulse", "pwl"}

#: Systems of so few members in all are compiled without loops, so that sizes and wiring decide their code too.
SCALAR_MEMBERS = 16


def is_scalar(network: Network) -> bool:
    """Whether the network is small enough to be compiled without loops; dense classes and batches never are."""
    is_indexed = all(each.topology == "indexed" for each in network.edges)
    return network.batch == 1 and is_indexed and sum(network.sizes().values()) <= SCALAR_MEMBERS


def is_smooth(network: Network) -> bool:
    """Whether nothing in the devices or in what they are given has a kink or a jump: no choices, no walls, no corners."""
    at_nodes = (each.group for each in network.vertices if each.group is not None)
    return not any(_has_kinks(each) for each in (*at_nodes, *(each.group for each in network.edges)))


def _has_kinks(group: Group) -> bool:
    device = group.device
    values = [
        *(each.value for each in device.definitions),
        *(each.rate for each in device.states),
        *group.given.values(),
    ]
    values += [device.law.value] if device.law is not None else []
    values += [each.value for each in device.contributions] if isinstance(device, Synapse) else []
    if device.events or any(each.lower is not None or each.upper is not None for each in device.states):
        return True
    return any(not KINKED.isdisjoint(functions_in(value)) for value in values)


def structure(network: Network) -> str:
    """A text that is equal for networks with the same kernels; places in the source, values and (but for small networks) sizes are left out."""
    return "\n".join(_lines(network))


def _lines(network: Network) -> Iterator[str]:
    yield f"network {network.name}"
    if network.batch > 1:
        yield "batch"
    for parameter in network.parameters:
        yield f"parameter {parameter.name} {parameter.dimension}"
    for vertex in network.vertices:
        yield from _vertex(vertex)
    for edge in network.edges:
        yield from _edge(edge)
    for loss in network.losses:
        yield f"loss {loss.kind} {loss.value!r} {loss.data}"
    for observer in network.observers:
        yield f"observer {observer.name} {observer.owner} {observer.quantity} {observer.dimension}"
    if is_scalar(network):
        yield f"sizes {network.sizes()}"
        yield from (f"ends {edge.name} {[end.members.tolist() for end in edge.ends]}" for edge in network.edges)
        yield f"members {[observer.member for observer in network.observers]}"


def _vertex(vertex: VertexClass) -> Iterator[str]:
    yield f"vertex {vertex.name} {vertex.kind} {vertex.sign} {vertex.start!r}"
    if vertex.group is not None:
        yield from _group(vertex.group)


def _edge(edge: EdgeClass) -> Iterator[str]:
    yield f"edge {edge.name} {[(end.terminal, end.vertices) for end in edge.ends]} several {edge.group.size > 1}"
    yield f"topology {edge.topology} masked {edge.masked}"
    yield from _group(edge.group)


def _group(group: Group) -> Iterator[str]:
    yield f"device {group.device!r}"
    yield from (f"term {name} {expression!r}" for name, expression in group.terms.items())
    yield from (f"measured {name} {dimension}" for name, dimension in group.measured.items())
    yield from (f"given {name} {expression!r}" for name, expression in group.given.items())
    yield from (f"value {name} varies {bool(values.shape)}" for name, values in group.values.items())
