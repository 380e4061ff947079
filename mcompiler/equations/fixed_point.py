"""What all derivations that look at a fixed point ask of a system and of its loss, and systems whose slow states are held."""

from collections.abc import Iterable
from dataclasses import replace

import sympy

from mcompiler.equations.system import LOSS, EdgeClass, Parameter, PointLoss, System
from mcompiler.equations.transposed import Owner
from mcompiler.units import Dimension


def end_losses(system: System) -> tuple[PointLoss, ...]:
    """The terms of a loss that a state at the end of the run determines, and nothing else.

    Raises:
        ValueError: there is no loss, or a term of it is taken at a time or over an interval.
    """
    if not system.losses:
        raise ValueError(f"{system.name} has no loss: an error or a nudge would be of nothing")
    for each in system.losses:
        if each.over is not None or each.at is not None:
            when = "over an interval" if each.over is not None else "at a given time"
            raise ValueError(
                f"{each.name} of {system.name} is taken {when}: a fixed point has only a loss at the end of the run"
            )
    return system.losses


def without_events(system: System) -> None:
    """Refuses cells that jump.

    Raises:
        ValueError: a vertex class has events.
    """
    for each in system.vertices:
        if each.template.events:
            raise ValueError(f"{each.name} of {system.name} has events: it does not settle at a fixed point")


def loss_dimension(system: System) -> Dimension:
    """The unit of the loss."""
    return system.losses[0].dimension


def columns_held(owner: Owner, system: System) -> tuple[Parameter, ...]:
    """At the loss vertex, the columns of data that the loss reads as parameters: what is presented does not move while the network settles."""
    if owner.name != LOSS:
        return ()
    columns = {
        symbol: Parameter(symbol, dimension, doc="presented to the loss")
        for term in system.losses
        for symbol, dimension in zip(term.data, term.data_dimensions, strict=True)
    }
    return tuple(columns.values())


def frozen(system: System, edges: Iterable[str] | None = None) -> System:
    """The system with the states of edges as parameters, one value per member: programmed weights that neither reading nor settling moves.

    Events of these edges, which could only set states, are left out.

    Args:
        system: in forward form.
        edges: the edge classes whose states are held; all of them by default.

    Raises:
        ValueError: there is no such edge class.
    """
    names = {each.name for each in system.edges}
    chosen = names if edges is None else set(edges)
    if unknown := sorted(chosen - names):
        raise ValueError(f"{system.name} has no edges {', '.join(unknown)}; it has {', '.join(sorted(names))}")
    return replace(system, edges=tuple(_held(each) if each.name in chosen else each for each in system.edges))


def _held(edge: EdgeClass) -> EdgeClass:
    template = edge.template
    states = tuple(
        Parameter(each.symbol, each.dimension, varies=True, doc=each.doc, origin=each.origin)
        for each in template.unknowns
    )
    made = replace(template, parameters=(*template.parameters, *states), unknowns=(), events=())
    return replace(edge, template=made)


def named_quantities(system: System) -> dict[str, tuple[str, sympy.Symbol, Dimension]]:
    """What a loss at a fixed point may be differentiated by: parameters and states of edges, as ``class.name`` (a global one by its name).

    Gives the class ("" for a global parameter), the symbol and the dimension of each.
    """
    found = {each.symbol.name: ("", each.symbol, each.dimension) for each in system.parameters if not each.structural}
    for owner in system.classes:
        for each in quantities_of(owner):
            found[f"{owner.name}.{each[0].name}"] = (owner.name, *each)
    return found


def quantities_of(owner: Owner) -> list[tuple[sympy.Symbol, Dimension]]:
    """The parameters of a class, and its states where it is one of edges."""
    own = [(each.symbol, each.dimension) for each in owner.template.parameters if not each.structural]
    if isinstance(owner, EdgeClass):
        own += [(each.symbol, each.dimension) for each in owner.template.unknowns]
    return own
