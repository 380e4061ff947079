"""The adjoint of a system, template by template: the backward equations of MATH 3c and the integrands of the parameter gradient.

With M x' = f and a loss L, -M^T lam' = f_x^T lam: every quantity q gets its adjoint, the derivative of lam^T f by q ("bar q"). A vertex pulls its rates
back to its accumulators; edges read those adjoints at the ends they contribute to, pull them back to what they read, and contribute that to the adjoint
accumulators of their ends. So the adjoint of a system of templates is a system of templates on the same graph.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sympy

from mcompiler.equations.reverse import Step, transpose
from mcompiler.equations.system import (
    LOSS,
    ONE,
    TIME,
    ZERO,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Gradient,
    Parameter,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.units import DIMENSIONLESS, Dimension
from mcompiler.units import TIME as SECONDS


def adjoint(system: System) -> System:
    """The backward adjoint of a forward system with respect to its loss (to a dimensionless one where it has none).

    Final values and jumps come from ``losses``: at each time of a point loss its partial derivatives are the adjoints of what the loss vertex accumulates.
    """
    loss = system.losses[0].dimension if system.losses else DIMENSIONLESS
    read = _read_at(system)
    vertices = tuple(VertexClass(each.name, _vertex(each, read[each.name], system, loss)) for each in system.vertices)
    dimensions = {each.name: _dimensions(each.template) for each in system.vertices}
    edges = tuple(
        EdgeClass(each.name, _edge(each, system, dimensions, loss), each.ends, each.topology) for each in system.edges
    )
    return System(system.name, vertices, edges, system.parameters, system.losses, "adjoint")


def adjoint_name(name: str) -> str:
    """The unknown that belongs to unknown ``name``."""
    return f"lam {name}"


def bar(name: str) -> sympy.Symbol:
    """The adjoint of quantity ``name``."""
    return sympy.Symbol(f"bar {name}", real=True)


def lam(name: str) -> sympy.Symbol:
    """The symbol of the adjoint unknown."""
    return sympy.Symbol(adjoint_name(name), real=True)


@dataclass(frozen=True, slots=True)
class _Pulled:
    """A template's transposed derivative: definitions to be made, and the adjoint of each input."""

    definitions: tuple[Definition, ...]
    gradients: dict[sympy.Symbol, sympy.Expr]


def _read_at(system: System) -> dict[str, dict[str, Dimension]]:
    """For every vertex class the quantities that edges read there."""
    read: dict[str, dict[str, Dimension]] = {each.name: {} for each in system.vertices}
    for edge in system.edges:
        for each in edge.template.reads:
            read[edge.ends[each.end]].setdefault(each.name, each.dimension)
    return read


def _dimensions(template: Template) -> dict[str, Dimension]:
    quantities: Iterable[Unknown | Definition | Accumulator | Parameter | Read] = (
        *template.unknowns,
        *template.definitions,
        *template.accumulators,
        *template.parameters,
        *template.reads,
    )
    return {each.symbol.name: each.dimension for each in quantities}


def _vertex(vertex: VertexClass, read: dict[str, Dimension], system: System, loss: Dimension) -> Template:
    template = vertex.template
    outputs = [(name, sympy.Symbol(name, real=True)) for name in read]
    pulled = _pull(template, [(symbol, _received(name)) for name, symbol in outputs], system, loss)
    own = [
        Definition(bar(each.symbol.name), loss / SECONDS / each.dimension, pulled.gradients.get(each.symbol, ZERO))
        for each in template.accumulators
    ]
    received = tuple(
        Accumulator(_received(name), loss / SECONDS / dimension, f"adjoint of {name}, from the edges that read it")
        for name, dimension in read.items()
    )
    unknowns = _unknowns(template, pulled, loss)
    if vertex.name == LOSS:
        own = [
            Definition(
                each.symbol,
                each.dimension,
                each.value,
                "at a point loss its partial derivative comes on top, as an impulse",
            )
            for each in own
        ]
    return Template(
        template.name,
        unknowns=unknowns,
        definitions=(*pulled.definitions, *own),
        accumulators=received,
        doc=template.doc,
        origin=template.origin,
        forward=template,
        gradients=_gradients(template, pulled, system, loss),
        time_gradient=pulled.gradients.get(TIME, ZERO),
    )


def _received(name: str) -> sympy.Symbol:
    return sympy.Symbol(f"received {name}", real=True)


def _edge(edge: EdgeClass, system: System, vertices: dict[str, dict[str, Dimension]], loss: Dimension) -> Template:
    template = edge.template
    reads: dict[tuple[int, str], Read] = {}
    seeds: list[tuple[sympy.Expr, sympy.Symbol]] = []
    for each in template.contributions:
        key = each.end, each.accumulator
        if key not in reads:
            dimension = loss / SECONDS / vertices[edge.ends[each.end]][each.accumulator]
            reads[key] = Read(_end_bar(template, edge, each), each.end, f"bar {each.accumulator}", dimension)
        seeds.append((each.value, reads[key].symbol))
    pulled = _pull(template, seeds, system, loss)
    contributions = tuple(
        Contribution(each.end, f"received {each.name}", pulled.gradients[each.symbol], loss / SECONDS / each.dimension)
        for each in template.reads
        if each.symbol in pulled.gradients
    )
    return Template(
        template.name,
        unknowns=_unknowns(template, pulled, loss),
        definitions=pulled.definitions,
        reads=tuple(reads.values()),
        contributions=contributions,
        doc=template.doc,
        origin=template.origin,
        forward=template,
        gradients=_gradients(template, pulled, system, loss),
        time_gradient=pulled.gradients.get(TIME, ZERO),
    )


def _end_bar(template: Template, edge: EdgeClass, contribution: Contribution) -> sympy.Symbol:
    """The adjoint of an accumulator at an end, called after the terminal: ``bar p.i``."""
    at = next(
        (
            read.symbol.name.rsplit(".", 1)[0]
            for read in template.reads
            if read.end == contribution.end and "." in read.symbol.name
        ),
        edge.ends[contribution.end],
    )
    return sympy.Symbol(f"bar {at}.{contribution.accumulator}", real=True)


def _pull(
    template: Template, more: Sequence[tuple[sympy.Expr, sympy.Symbol]], system: System, loss: Dimension
) -> _Pulled:
    steps: list[Step] = [(each.symbol, each.value) for each in template.definitions]
    seeds: list[tuple[sympy.Expr, sympy.Symbol]] = []
    masses: list[Definition] = []
    for each in template.unknowns:
        seeds.append((each.rate, lam(each.symbol.name)))
        if each.mass != ONE:
            mass = sympy.Symbol(f"bar mass of {each.symbol.name}", real=True)
            masses.append(Definition(mass, DIMENSIONLESS, -lam(each.symbol.name) * each.rate / each.mass))
            seeds.append((each.mass, mass))
    inputs = _inputs(template, system)
    dimensions = _dimensions(template)
    result = transpose(steps, [*seeds, *more], inputs)
    definitions = [
        Definition(symbol, loss / SECONDS / dimensions.get(symbol.name.removeprefix("bar "), DIMENSIONLESS), value)
        for symbol, value in result.steps
    ]
    used = {
        symbol
        for value in (*result.gradients.values(), *(each.value for each in definitions))
        for symbol in value.free_symbols
    }
    return _Pulled((*(each for each in masses if each.symbol in used), *definitions), result.gradients)


def _inputs(template: Template, system: System) -> list[sympy.Symbol]:
    own = (*template.unknowns, *template.accumulators, *template.reads, *template.parameters)
    return [*(each.symbol for each in own), *(each.symbol for each in system.parameters), TIME]


def _unknowns(template: Template, pulled: _Pulled, loss: Dimension) -> tuple[Unknown, ...]:
    result: list[Unknown] = []
    for each in template.unknowns:
        name = each.symbol.name
        rate = pulled.gradients.get(each.symbol, ZERO)
        result.append(
            Unknown(
                lam(name),
                loss / each.dimension / each.mass_dimension,
                rate,
                each.mass,
                mass_dimension=each.mass_dimension,
                doc=f"adjoint of {name}",
                origin=each.origin,
            )
        )
    return tuple(result)


def _gradients(template: Template, pulled: _Pulled, system: System, loss: Dimension) -> tuple[Gradient, ...]:
    parameters = (*template.parameters, *system.parameters)
    return tuple(
        Gradient(each.symbol.name, pulled.gradients[each.symbol], loss / SECONDS / each.dimension)
        for each in parameters
        if each.symbol in pulled.gradients
    )
