"""The error network of a system: the adjoint of its fixed point as a relaxation that runs beside it (recurrent backpropagation, MATH 3a).

    M dx/dt = f(x, s, p)          the system as it is, with the states s of its edges
    M de/dt = speed*(J^T e + scale*dC/dx),  J = df/dx at the present x, s and t

One error unknown e beside every unknown x of every vertex, template by template: an edge reads the error at the ends that it contributes to, multiplies by its
own partial derivatives, and contributes to the ends that it reads, so the same edges carry the errors the other way. Both together are one system.

What is derived: where x and e rest, J^T e = -scale*dC/dx, so e = scale*lam with the adjoint lam of the fixed point in x, and scale*dC/dp = scale*C_p + e^T f_p
for whatever is constant there. States of edges have no error: they are constants of that fixed point, as parameters are, and the derivative by them is e^T f_s.
They go on obeying their own equations; the relaxation follows them where they are slow against it (`fixed_point.frozen` holds them). The mass takes no part: it
does not move the fixed point, and J stands for df/dx alone. While a bound holds an unknown, its row of J is 0: its error is not read and does not move.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import sympy

from mcompiler.equations.bounds import held, is_bounded, pushed
from mcompiler.equations.dimensions import dimension_of
from mcompiler.equations.fixed_point import (
    columns_held,
    end_losses,
    loss_dimension,
    named_quantities,
    without_events,
)
from mcompiler.equations.functions import where
from mcompiler.equations.names import back, error, free_error, received_back
from mcompiler.equations.pullback import Seed
from mcompiler.equations.system import (
    LOSS,
    ONE,
    ZERO,
    Definition,
    EdgeClass,
    Parameter,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.translate import as_written, symbol
from mcompiler.equations.transposed import Owner, Transposed, Transposition, Words, transposed
from mcompiler.network.network import global_name
from mcompiler.units import DIMENSIONLESS, Dimension
from mcompiler.units import TIME as SECONDS

#: By class: what is differentiated by there, with its dimension.
_Wanted = Mapping[str, Mapping[sympy.Symbol, Dimension]]


@dataclass(frozen=True, slots=True)
class _Task:
    """What is derived; ``unit`` is that of e times a rate, and of the scale times the loss."""

    system: System
    scale: sympy.Expr
    speed: sympy.Expr
    unit: Dimension
    wanted: _Wanted


@as_written
def error_network(
    system: System, scale: sympy.Expr = ONE, speed: sympy.Expr = ONE, gradients: Iterable[str] = ()
) -> System:
    """The system with its error network beside it.

    Args:
        system: in forward form, with a loss at the end of the run.
        scale: what the error is measured in, in global parameters and literals: e times a rate has the unit of the scale times the loss.
        speed: how much faster than the forward network the error network is; dimensionless, likewise.
        gradients: parameters and states of edges, as ``class.name`` (a global one by its name): each class where it stands gets a definition
            ``back name``, every member's share of scale*dC/d(name) once both networks rest.

    Raises:
        ValueError: there is no such quantity, no loss at the end, a unit that does not fit, or cells that jump.
    """
    terms = end_losses(system)
    without_events(system)
    constants = {each.symbol: each.dimension for each in system.parameters}
    if dimension_of(speed, constants) not in (None, DIMENSIONLESS):
        raise ValueError(f"the speed of an error network is a number; {speed} is in {dimension_of(speed, constants)}")
    unit = loss_dimension(system) * (dimension_of(scale, constants) or DIMENSIONLESS)
    task = _Task(system, scale, speed, unit, _wanted(system, gradients))
    seeds: list[Seed] = [(each.value, scale) for each in terms]
    made = transposed(
        Transposition(
            system,
            unit,
            seeds=lambda owner: seeds if owner.name == LOSS else _seeds(owner),
            inputs=lambda owner: _inputs(owner, task),
            words=Words(back, received_back, "error at"),
        )
    )
    return replace(
        system,
        vertices=tuple(replace(each, template=_vertex(each, task, made[each.name])) for each in system.vertices),
        edges=tuple(replace(each, template=_edge(each, task, made[each.name])) for each in system.edges),
        kind="error network",
    )


def measures(system: System, scale: Dimension = DIMENSIONLESS) -> tuple[Parameter, Parameter]:
    """The scale, in this unit, and the speed of an error network as parameters of the circuit or network: ``error_scale`` and ``error_speed``."""
    taken = {each.symbol.name for each in system.parameters}

    def parameter(name: str, dimension: Dimension, doc: str) -> Parameter:
        while global_name(name) in taken:
            name += "_"
        return Parameter(symbol(global_name(name)), dimension, doc=doc)

    return (
        parameter("error_scale", scale, "what errors are measured in: an error times a rate is this times the loss"),
        parameter("error_speed", DIMENSIONLESS, "how much faster errors are than what they are errors of"),
    )


def _wanted(system: System, names: Iterable[str]) -> _Wanted:
    known = named_quantities(system)
    chosen = list(names)
    if unknown := sorted(set(chosen) - known.keys()):
        raise ValueError(
            f"{system.name} has no {', '.join(unknown)} to differentiate by; it has {', '.join(sorted(known))}"
        )
    wanted: dict[str, dict[sympy.Symbol, Dimension]] = {each.name: {} for each in system.classes}
    for owner, quantity, dimension in (known[each] for each in chosen):
        for name in [owner] if owner else wanted:
            wanted[name][quantity] = dimension
    return wanted


def _seeds(owner: Owner) -> list[Seed]:
    """The rates of vertices, with their errors."""
    if isinstance(owner, EdgeClass):
        return []
    return [(each.rate, _read_error(each)) for each in owner.template.unknowns]


def _read_error(unknown: Unknown) -> sympy.Symbol:
    name = unknown.symbol.name
    return free_error(name) if is_bounded(unknown) else error(name)


def _inputs(owner: Owner, task: _Task) -> list[sympy.Symbol]:
    unknowns = [] if isinstance(owner, EdgeClass) else [each.symbol for each in owner.template.unknowns]
    return [*unknowns, *task.wanted[owner.name]]


# --- templates


def _vertex(vertex: VertexClass, task: _Task, made: Transposed) -> Template:
    template = vertex.template
    errors = () if vertex.name == LOSS else tuple(_error(each, task, made) for each in template.unknowns)
    return replace(
        template,
        parameters=(*template.parameters, *columns_held(vertex, task.system)),
        unknowns=(*template.unknowns, *errors),
        definitions=(*template.definitions, *_free(template, task), *made.definitions, *_shares(vertex, task, made)),
        accumulators=(*template.accumulators, *made.accumulators),
    )


def _edge(edge: EdgeClass, task: _Task, made: Transposed) -> Template:
    template = edge.template
    return replace(
        template,
        definitions=(*template.definitions, *made.definitions, *_shares(edge, task, made)),
        reads=(*template.reads, *made.reads),
        contributions=(*template.contributions, *made.contributions),
    )


def _error(unknown: Unknown, task: _Task, made: Transposed) -> Unknown:
    """The error beside an unknown: held with it by its bounds."""
    name = unknown.symbol.name
    return Unknown(
        error(name),
        _error_dimension(unknown, task),
        task.speed * made.gradients.get(unknown.symbol, ZERO),
        unknown.mass,
        lower=None if unknown.lower is None else ZERO,
        upper=None if unknown.upper is None else ZERO,
        doc=f"error of {name}",
        origin=unknown.origin,
        mass_dimension=unknown.mass_dimension,
        along=unknown.symbol if is_bounded(unknown) else None,
    )


def _error_dimension(unknown: Unknown, task: _Task) -> Dimension:
    return task.unit * SECONDS / unknown.dimension / unknown.mass_dimension


def _free(template: Template, task: _Task) -> list[Definition]:
    """What others read of the errors of bounded unknowns."""
    found: list[Definition] = []
    for each in template.unknowns:
        if is_bounded(each):
            name = each.symbol.name
            value = where(held(each), ZERO, error(name))
            doc = f"error of {name} while {name} moves, 0 while a bound holds it"
            found += [pushed(each), Definition(free_error(name), _error_dimension(each, task), value, doc, each.origin)]
    return found


def _shares(owner: Owner, task: _Task, made: Transposed) -> list[Definition]:
    """Shares of the gradient, in the classes where there is one; all that are asked for by the name of their class."""
    shared = {each.symbol for each in task.system.parameters}
    return [
        Definition(back(each.name), task.unit / dimension, value, f"the derivative of scale*loss by {each.name}")
        for each, dimension in task.wanted[owner.name].items()
        if (value := made.gradients.get(each, ZERO)) != ZERO or each not in shared
    ]
