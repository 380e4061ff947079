"""The members that a loss reads, told apart by the cells at their ends: what a derivation picks by a number per member, a file says as a condition."""

from dataclasses import replace

import numpy as np

from mcompiler.equations.system import EdgeClass, Template
from mcompiler.equations.translate import symbol
from mcompiler.model.model import Circuit, Population
from mcompiler.network.binding import observer_class
from mcompiler.network.network import Network

_PICK = "pick "
#: In front of the name of what a loss reads: the parameter of a synapse that is 1 for the one that it reads.
IS = "is "


class UnsayableError(ValueError):
    """The language lacks what a derived network needs; the message says what."""


def picking(template: Template) -> Template:
    """The template with plain parameters in place of those that pick the members that a loss reads."""
    picks = {
        each.symbol: symbol(f"{IS}{each.symbol.name.removeprefix(_PICK)}")
        for each in template.parameters
        if each.symbol.name.startswith(_PICK)
    }
    if not picks:
        return template
    return replace(
        template,
        parameters=tuple(replace(each, symbol=picks.get(each.symbol, each.symbol)) for each in template.parameters),
        definitions=tuple(replace(each, value=each.value.xreplace(picks)) for each in template.definitions),
        contributions=tuple(replace(each, value=each.value.xreplace(picks)) for each in template.contributions),
    )


def beginning(network: Network, circuit: Circuit, edge: EdgeClass) -> str:
    """Where synapses to the loss begin, if that is one cell of several: `` where pre == 3``, or nothing."""
    observer = next((each for each in network.observers if observer_class(each) == edge.name), None)
    if observer is None:
        return ""
    condition = _is_cell("pre", _population(circuit, edge.ends[0]), network, observer.member)
    return f" where {condition}" if condition else ""


def picked(network: Network, circuit: Circuit, name: str) -> str:
    """1 for the synapse of which a loss reads ``name``, 0 for the others, as an expression of the cells it joins.

    Raises:
        UnsayableError: another one joins the same cells.
    """
    observer = next(each for each in network.observers if each.name == name)
    edge = next(each for each in network.edges if each.name == observer.owner)
    projection = next(each for each in circuit.synapses if each.name == observer.owner)
    first, second = edge.ends[:2]
    if edge.topology == "dense":
        post, pre = divmod(observer.member, network.sizes()[first.vertices])
    else:
        pre, post = int(first.members[observer.member]), int(second.members[observer.member])
        if np.count_nonzero((first.members == pre) & (second.members == post)) > 1:
            raise UnsayableError(
                f"{name} is of one of several synapses between the same two cells, which no expression tells apart"
            )
    ends = (("pre", projection.source, pre), ("post", projection.target, post))
    conditions = [_is_cell(end, _population(circuit, owner), network, number) for end, owner, number in ends]
    condition = " and ".join(each for each in conditions if each)
    return f"where({condition}, 1, 0)" if condition else "1"


def _population(circuit: Circuit, name: str) -> Population:
    return next(each for each in circuit.cells if each.name == name)


def _is_cell(end: str, population: Population, network: Network, number: int) -> str:
    """The condition that the cell at an end is the one with this number."""
    if not population.rank:
        return ""
    if population.rank == 1:
        return f"{end} == {number}"
    indices = network.elements[population.name].indices(number)
    return " and ".join(f"{end}[{place}] == {index}" for place, index in enumerate(indices))
