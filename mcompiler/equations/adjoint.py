"""The adjoint of a system, template by template: the backward equations of MATH 3c, its jumps, and the shares of the parameter gradient.

With M x' = f and a loss of terminal, running and point terms, -M^T lam' = f_x^T lam + l_x^T: every quantity q gets its adjoint "bar q", the derivative of
lam^T f + l by q. A vertex pulls its rates back to its accumulators; edges read those adjoints at the ends they contribute to, pull them back to what they
read, and contribute that to the vertices they read it from. So the adjoint of a system of templates is a system of templates on the same graph, and so is
what a loss at an instant adds: the same equations with the loss in place of lam^T f.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import sympy

from mcompiler.equations.bounds import held, is_bounded, pushed
from mcompiler.equations.functions import conjunction, ge, le, where
from mcompiler.equations.names import at_end, bar, free_lam, lam, received, taken
from mcompiler.equations.pullback import Pulled, Seed, pull
from mcompiler.equations.shares import gradients, starts_and_bounds
from mcompiler.equations.system import (
    LOSS,
    ONE,
    TIME,
    ZERO,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    PointLoss,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.translate import as_written
from mcompiler.units import DIMENSIONLESS, Dimension
from mcompiler.units import TIME as SECONDS

#: Per vertex class, the adjoints that can be read there: of an accumulator, its symbol and dimension; those that vanish are left out.
_Offered = Mapping[str, Mapping[str, tuple[sympy.Symbol, Dimension]]]


@dataclass(frozen=True, slots=True)
class _Task:
    """What is pulled back: the rates with their lam and the running losses, or one loss at instants. ``unit`` is that of ``q * bar q``."""

    system: System
    unit: Dimension
    jump: PointLoss | None = None


@as_written
def adjoint(system: System) -> System:
    """The backward adjoint of a forward system with respect to its loss (to a dimensionless one where it has none), with its jumps."""
    unit = system.losses[0].dimension if system.losses else DIMENSIONLESS
    running = _pulled(_Task(system, unit / SECONDS))
    instants = [each for each in system.losses if each.over is None]
    return replace(running, jumps=tuple(_pulled(_Task(system, unit, each)) for each in instants))


def _pulled(task: _Task) -> System:
    system = task.system
    offered = {each.name: _offered(each, task) for each in system.vertices}
    edges = [replace(each, template=_edge(each, task, offered)) for each in system.edges]
    arriving = {each.name: _arriving(each.name, edges) for each in system.vertices}
    vertices = [replace(each, template=_vertex(each, task, arriving[each.name])) for each in system.vertices]
    pairs = [_shortened(each) for each in vertices]
    edges = [_renamed(each, {vertex.name: names for vertex, names in pairs}) for each in edges]
    kind: Literal["adjoint", "jump"] = "adjoint" if task.jump is None else "jump"
    losses = system.losses if task.jump is None else (task.jump,)
    return System(system.name, tuple(vertex for vertex, _ in pairs), tuple(edges), system.parameters, losses, kind)


# --- seeds


def _seeds(template: Template, task: _Task) -> list[Seed]:
    """The outputs of a template that have an adjoint of their own: rates, masses, and at the loss its terms."""
    if template.name == LOSS:
        return _loss_seeds(template, task)
    if task.jump is not None:
        return []
    seeds: list[Seed] = []
    for each in template.unknowns:
        name = each.symbol.name
        factor = free_lam(name) if is_bounded(each) else lam(name)
        seeds.append((each.rate, factor))
        if each.mass != ONE:
            seeds.append((each.mass, -factor * each.rate / each.mass))
    return seeds


def _loss_seeds(template: Template, task: _Task) -> list[Seed]:
    if task.jump is not None:
        return [(task.jump.value, ONE)]
    rates: dict[sympy.Expr, sympy.Expr] = {each.symbol: each.rate for each in template.unknowns}
    return [(rates[each.value], taken(each.name)) for each in task.system.losses if each.over is not None]


def _first(template: Template, task: _Task) -> list[Definition]:
    """Definitions that the seeds of a template need."""
    if task.jump is not None:
        return []
    if template.name == LOSS:
        return [_while_taken(each) for each in task.system.losses if each.over is not None]
    first: list[Definition] = []
    for each in template.unknowns:
        if is_bounded(each):
            name = each.symbol.name
            doc = f"lam_{name} while {name} moves, 0 while a bound holds it"
            value = where(held(each), ZERO, lam(name))
            first += [pushed(each), Definition(free_lam(name), _lam_dimension(each, task), value, doc, each.origin)]
    return first


def _while_taken(loss: PointLoss) -> Definition:
    assert loss.over is not None
    start, stop = loss.over
    inside = le(TIME, stop) if start == ZERO else conjunction(ge(TIME, start), le(TIME, stop))
    return Definition(
        taken(loss.name), DIMENSIONLESS, where(inside, ONE, ZERO), "1 while the loss is taken", loss.origin
    )


def _lam_dimension(unknown: Unknown, task: _Task) -> Dimension:
    loss = task.unit if task.jump is not None else task.unit * SECONDS
    return loss / unknown.dimension / unknown.mass_dimension


# --- vertices


def _offered(vertex: VertexClass, task: _Task) -> dict[str, tuple[sympy.Symbol, Dimension]]:
    template = vertex.template
    own = pull(template, _seeds(template, task), task.system, task.unit).gradients
    offered: dict[str, tuple[sympy.Symbol, Dimension]] = {}
    for each in template.accumulators:
        value = own.get(each.symbol, ZERO)
        if value != ZERO:
            name = value if isinstance(value, sympy.Symbol) else bar(each.symbol.name)
            offered[each.symbol.name] = name, task.unit / each.dimension
    return offered


def _arriving(vertex: str, edges: Iterable[EdgeClass]) -> dict[str, Dimension]:
    """The quantities of a vertex class whose adjoints edges contribute to, with the dimension of these."""
    return {
        each.accumulator: each.dimension
        for edge in edges
        for each in edge.template.contributions
        if edge.ends[each.end] == vertex
    }


def _vertex(vertex: VertexClass, task: _Task, arriving: Mapping[str, Dimension]) -> Template:
    template = vertex.template
    arrivals: list[Seed] = [(sympy.Symbol(name, real=True), received(name)) for name in arriving]
    pulled = pull(template, [*_seeds(template, task), *arrivals], task.system, task.unit)
    own = [
        Definition(bar(each.symbol.name), task.unit / each.dimension, pulled.gradients[each.symbol])
        for each in template.accumulators
        if not isinstance(pulled.gradients.get(each.symbol, TIME), sympy.Symbol)
    ]
    accumulators = tuple(
        Accumulator(received(name), dimension, f"what the elements add to the adjoint of {name}")
        for name, dimension in arriving.items()
    )
    return _assembled(template, task, replace(pulled, definitions=(*pulled.definitions, *own)), accumulators)


# --- edges


def _edge(edge: EdgeClass, task: _Task, offered: _Offered) -> Template:
    template = edge.template
    reads: dict[tuple[int, str], Read] = {}
    seeds = _seeds(template, task)
    for each in template.contributions:
        at = edge.ends[each.end]
        if each.accumulator in offered[at]:
            symbol, dimension = offered[at][each.accumulator]
            key = each.end, symbol.name
            reads.setdefault(key, Read(_read_symbol(edge, each, symbol), each.end, symbol.name, dimension))
            seeds.append((each.value, reads[key].symbol))
    pulled = pull(template, seeds, task.system, task.unit)
    contributions = tuple(
        Contribution(each.end, each.name, pulled.gradients[each.symbol], task.unit / each.dimension)
        for each in template.reads
        if each.symbol in pulled.gradients
    )
    made = _assembled(template, task, pulled, ())
    return replace(made, reads=tuple(reads.values()), contributions=contributions)


def _read_symbol(edge: EdgeClass, contribution: Contribution, symbol: sympy.Symbol) -> sympy.Symbol:
    """The adjoint at an end, called after the terminal: ``p.lam v``."""
    terminals = {each.end: each.symbol.name.rpartition(".")[0] for each in edge.template.reads}
    known = edge.terminals[contribution.end] if contribution.end < len(edge.terminals) else edge.ends[contribution.end]
    terminal = terminals.get(contribution.end, "") or known
    return at_end(terminal, symbol.name)


# --- both


def _assembled(template: Template, task: _Task, pulled: Pulled, accumulators: tuple[Accumulator, ...]) -> Template:
    return Template(
        template.name,
        unknowns=() if template.name == LOSS else tuple(_unknown(each, pulled, task) for each in template.unknowns),
        definitions=(*_first(template, task), *pulled.definitions),
        accumulators=accumulators,
        doc=template.doc,
        origin=template.origin,
        forward=template,
        gradients=(
            *gradients(template, pulled, task.system, task.unit),
            *(starts_and_bounds(template, task.system, task.unit * SECONDS) if task.jump is None else ()),
        ),
        time_gradient=pulled.gradients.get(TIME, ZERO),
    )


def _unknown(unknown: Unknown, pulled: Pulled, task: _Task) -> Unknown:
    name = unknown.symbol.name
    return Unknown(
        lam(name),
        _lam_dimension(unknown, task),
        pulled.gradients.get(unknown.symbol, ZERO),
        unknown.mass,
        mass_dimension=unknown.mass_dimension,
        doc=f"adjoint of {name}",
        origin=unknown.origin,
    )


def _shortened(vertex: VertexClass) -> tuple[VertexClass, dict[str, str]]:
    """The vertex without definitions that only say that an adjoint is what arrives from the edges, and what it calls its accumulators."""
    template = vertex.template
    arriving = {each.symbol for each in template.accumulators}
    kept = tuple(each for each in template.definitions if each.value not in arriving)
    taken_names = {each.symbol for each in kept}
    names: dict[str, str] = {}
    renamed: dict[sympy.Symbol, sympy.Symbol] = {}
    for each in template.accumulators:
        quantity = each.symbol.name.removeprefix("received bar ")
        symbol = each.symbol if bar(quantity) in taken_names else bar(quantity)
        names[quantity], renamed[each.symbol] = symbol.name, symbol
    made = replace(
        template,
        definitions=kept,
        accumulators=tuple(replace(each, symbol=renamed[each.symbol]) for each in template.accumulators),
        unknowns=tuple(replace(each, rate=each.rate.xreplace(renamed)) for each in template.unknowns),
    )
    return replace(vertex, template=made), names


def _renamed(edge: EdgeClass, names: Mapping[str, Mapping[str, str]]) -> EdgeClass:
    contributions = tuple(
        replace(each, accumulator=names[edge.ends[each.end]][each.accumulator]) for each in edge.template.contributions
    )
    return replace(edge, template=replace(edge.template, contributions=contributions))
