"""The loss of an experiment as templates: a vertex that collects what the loss mentions, and edges that bring it there."""

from collections.abc import Iterator

import sympy

from mcompiler.equations.functions import gt, where
from mcompiler.equations.system import (
    LOSS,
    ZERO,
    Accumulator,
    Contribution,
    EdgeClass,
    PointLoss,
    Read,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.translate import symbol, translate
from mcompiler.model.expression import names
from mcompiler.model.model import Loss
from mcompiler.network import network as net
from mcompiler.network.binding import integral_name, is_vertex, observer_class, sum_class
from mcompiler.network.elaborate import pick_name
from mcompiler.units import TIME as SECONDS


def observation(observer: net.Observer, end: int, size: int) -> Contribution:
    """What an edge of the model adds to the loss: its quantity, or that of the member that is observed."""
    value: sympy.Expr = symbol(observer.quantity)
    if size > 1:
        value = where(gt(symbol(pick_name(observer)), ZERO), value, ZERO)
    return Contribution(end, observer.name, value, observer.dimension)


def sums_of(group: net.Group, end: int) -> list[Contribution]:
    """What every member of a class of edges adds to sums in the loss."""
    return [
        Contribution(end, name, symbol(net.term_name(name)), value.dimension) for name, value in group.terms.items()
    ]


def observer_edges(network: net.Network) -> Iterator[EdgeClass]:
    """An edge from every observed vertex to the loss; to a sum one from each member."""
    for vertex in network.vertices:
        for name, value in vertex.group.terms.items() if vertex.group is not None else ():
            read = Read(symbol(net.term_name(name)), 0, net.term_name(name), value.dimension)
            contribution = Contribution(1, name, read.symbol, value.dimension)
            template = Template("observer", reads=(read,), contributions=(contribution,), doc="what the loss sums")
            yield EdgeClass(sum_class(vertex.name, name), template, (vertex.name, LOSS))
    for each in network.observers:
        if is_vertex(network, each.owner):
            read = Read(symbol(each.quantity), 0, each.quantity, each.dimension)
            contribution = Contribution(1, each.name, read.symbol, each.dimension)
            template = Template("observer", reads=(read,), contributions=(contribution,), doc="what the loss reads")
            yield EdgeClass(observer_class(each), template, (each.owner, LOSS))


def loss_vertex(network: net.Network) -> VertexClass:
    """The vertex where everything meets that the loss mentions."""
    accumulators = [Accumulator(symbol(each.name), each.dimension, "what the loss reads") for each in network.observers]
    accumulators += [
        Accumulator(symbol(each.name), each.value.dimension, f"sum over {each.element}")
        for loss in network.losses
        for each in loss.sums
    ]
    unknowns = [
        Unknown(
            symbol(integral_name(position)),
            each.value.dimension * SECONDS,
            rate=translate(each.value),
            doc="running loss",
            origin=each.span,
        )
        for position, each in enumerate(network.losses)
        if each.kind == "over"
    ]
    return VertexClass(
        LOSS,
        Template(LOSS, unknowns=tuple(unknowns), accumulators=tuple(accumulators), doc="what the loss is made of"),
    )


def point_losses(network: net.Network) -> tuple[PointLoss, ...]:
    """Every term of the loss, as what is added at instants."""
    return tuple(_point_loss(position, each) for position, each in enumerate(network.losses))


def _point_loss(position: int, loss: Loss) -> PointLoss:
    name, data = f"loss {position}", tuple(symbol(column) for column in loss.data)
    if loss.kind == "over":
        assert loss.start is not None
        assert loss.stop is not None
        interval = translate(loss.start), translate(loss.stop)
        dimension = loss.value.dimension * SECONDS
        return PointLoss(name, symbol(integral_name(position)), dimension, data, loss.span, over=interval)
    at = None if loss.at is None else translate(loss.at)
    measured = {each.name: each.dimension for each in names(loss.value)}
    dimensions = tuple(measured[column] for column in loss.data)
    return PointLoss(name, translate(loss.value), loss.value.dimension, data, loss.span, at, None, dimensions)
