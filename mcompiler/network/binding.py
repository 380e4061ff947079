"""What the arrays of a compiled system are filled with: sizes and index arrays of all its classes, those that losses add included.

A warm process needs this without the equations: the names that derivations give to what a loss adds are decided here.
"""

from collections.abc import Mapping

import numpy as np

from mcompiler.network.network import Integers, Network, Observer

#: Name of the one-member vertex class that collects what a loss mentions: edges end there too and contribute to its accumulators. No name of the user's.
LOSS = "the loss"


def observer_class(observer: Observer) -> str:
    """The edge class that carries the quantity of a vertex to the loss."""
    return f"observe {observer.name}"


def sum_class(owner: str, name: str) -> str:
    """The edge class that carries what every vertex of a class adds to a sum of the loss."""
    return f"observe {owner}.{name}"


def integral_name(position: int) -> str:
    """The unknown that the loss at ``position`` is, where it is taken over an interval."""
    return f"integral {position}"


def is_vertex(network: Network, name: str) -> bool:
    """Whether the class with this name is one of vertices."""
    return any(each.name == name for each in network.vertices)


def bindings(network: Network) -> tuple[dict[str, int], Mapping[tuple[str, int], Integers]]:
    """Sizes of all classes of the derived system, and the index arrays of its edge classes."""
    sizes = network.sizes()
    indexed = [edge for edge in network.edges if edge.topology == "indexed"]
    indices = {(edge.name, position): end.members for edge in indexed for position, end in enumerate(edge.ends)}
    if network.losses:
        sizes[LOSS] = 1
        for edge in indexed:
            if edge.group.terms or any(each.owner == edge.name for each in network.observers):
                indices[edge.name, len(edge.ends)] = np.zeros(edge.group.size, dtype=np.int64)
        for each in network.observers:
            if is_vertex(network, each.owner):
                sizes[observer_class(each)] = 1
                indices[observer_class(each), 0] = np.array([each.member], dtype=np.int64)
                indices[observer_class(each), 1] = np.zeros(1, dtype=np.int64)
        for vertex in network.vertices:
            for name in vertex.group.terms if vertex.group is not None else ():
                count = sizes[sum_class(vertex.name, name)] = len(vertex.nodes)
                indices[sum_class(vertex.name, name), 0] = np.arange(count, dtype=np.int64)
                indices[sum_class(vertex.name, name), 1] = np.zeros(count, dtype=np.int64)
    return sizes, indices
