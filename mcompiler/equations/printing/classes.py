"""What the sheets of all derivations have in common: titles, what arrives at a vertex, notes on bounds."""

import re
from collections.abc import Iterator

import sympy

from mcompiler.equations.names import dot
from mcompiler.equations.printing.from_expression import reader
from mcompiler.equations.printing.infix import infix
from mcompiler.equations.printing.naming import ascii_names
from mcompiler.equations.printing.sheet import Row, Section
from mcompiler.equations.printing.tree import Gathered, Integral, Name, Node, Product, Rate, Share, Text
from mcompiler.equations.system import (
    LOSS,
    ONE,
    Definition,
    EdgeClass,
    Parameter,
    PointLoss,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.source import Span
from mcompiler.units import TIME

Owner = VertexClass | EdgeClass


def is_plumbing(owner: Owner) -> bool:
    """Whether a class only brings a quantity to the loss, which is shown where it ends."""
    return isinstance(owner, EdgeClass) and owner.name.startswith("observe ")


def picks(system: System) -> bool:
    """Whether a loss picks elements out of several."""
    owners = (*system.vertices, *system.edges)
    return any(
        each.structural and each.symbol.name.startswith("pick ") for one in owners for each in _parameters(one.template)
    )


def _parameters(template: Template) -> tuple[Parameter, ...]:
    return template.forward.parameters if template.forward else template.parameters


def title(owner: Owner) -> str:
    """``M: HP``, ``C1, C2: Capacitor``, ``nodes a, b``."""
    if owner.name == LOSS:
        return "loss"
    names = ", ".join(owner.elements) or owner.name
    return f"nodes {names}" if owner.template.name == "nodes" else f"{names}: {owner.template.name}"


def node(value: sympy.Expr, origin: Span | None) -> Node:
    """The tree of an expression, in the order of its source."""
    return reader(origin).node(value)


def text(system: System, template: Template, value: sympy.Expr, origin: Span | None = None) -> str:
    """An expression inside a remark."""
    return infix(node(value, origin), ascii_names(system, template))


def times(factor: sympy.Expr, quantity: Node, origin: Span | None) -> Node:
    """A mass times a quantity; the quantity alone where the mass is 1."""
    if factor == ONE:
        return quantity
    first = node(factor, origin)
    return Product((*first.above, quantity), first.below) if isinstance(first, Product) else Product((first, quantity))


def definition_row(definition: Definition, note: str = "") -> Row:
    """A definition."""
    right = node(definition.value, definition.origin)
    return Row(Name(definition.symbol), right, definition.dimension, note or definition.doc, definition.origin)


def rate_row(unknown: Unknown, note: str = "", *, is_backward: bool = False) -> Row:
    """An unknown's equation."""
    mass = None if unknown.mass == ONE else node(unknown.mass, unknown.origin)
    left = Rate(unknown.symbol, mass, is_backward)
    dimension = unknown.mass_dimension * unknown.dimension / TIME
    return Row(left, node(unknown.rate, unknown.origin), dimension, note, unknown.origin)


def gathered(system: System, vertex: VertexClass, accumulator: str) -> Gathered:
    """What the elements add to an accumulator of a vertex."""
    return Gathered(tuple(_shares(system, vertex.name, accumulator)))


def _shares(system: System, vertex: str, accumulator: str) -> Iterator[Share]:
    for edge in system.edges:
        for each in edge.template.contributions:
            if edge.ends[each.end] == vertex and each.accumulator == accumulator:
                value = node(each.value, each.origin)
                if is_plumbing(edge):
                    yield Share(_observed(edge), "", value)
                else:
                    yield Share(", ".join(edge.elements) or edge.name, terminal(edge, each.end), value)


def _observed(edge: EdgeClass) -> str:
    return re.sub(r"^observe (.*)\.[^.]*$", r"\1", edge.name)


def terminal(edge: EdgeClass, end: int) -> str:
    """The name of an edge's terminal at this end."""
    template = edge.template.forward or edge.template
    names = (each.symbol.name.rpartition(".")[0] for each in template.reads if each.end == end)
    return next(names, "")


def bounds(system: System, template: Template, unknown: Unknown) -> str:
    """``[0, 1]``."""
    sides = [
        infinite if each is None else text(system, template, each, unknown.origin)
        for each, infinite in ((unknown.lower, "-inf"), (unknown.upper, "inf"))
    ]
    return f"[{sides[0]}, {sides[1]}]"


def circuit_section(system: System) -> Section:
    """The circuit's own parameters."""
    rows = tuple(Row(Name(each.symbol), None, each.dimension, each.doc, each.origin) for each in system.parameters)
    return Section(f"circuit {system.name}", rows)


def declared(system: System, owner: Owner) -> Iterator[Row]:
    """Parameters, states, and what is read at the terminals."""
    template = owner.template
    for each in template.parameters:
        if not each.structural:
            note = "; ".join(part for part in (each.doc, "a value per element" if each.varies else "") if part)
            yield Row(Name(each.symbol), None, each.dimension, note, each.origin)
    for each in template.unknowns:
        note = "; ".join(part for part in (each.doc, _inside(system, template, each)) if part)
        yield Row(Name(each.symbol), None, each.dimension, note)
    for each in template.reads:
        if isinstance(owner, EdgeClass):
            what = each.name.removeprefix("node ").replace(" ", "_")
            yield Row(Name(each.symbol), None, each.dimension, f"{what} of the node at {terminal(owner, each.end)}")


def _inside(system: System, template: Template, unknown: Unknown) -> str:
    if unknown.along is not None or (unknown.lower is None and unknown.upper is None):
        return ""
    return f"held in {bounds(system, template, unknown)}"


def loss_section(system: System, template: Template) -> Section:
    """The terms of the loss."""
    rows = (_term(system, template, term, "=" if place == 0 else "+=") for place, term in enumerate(system.losses))
    return Section("loss", tuple(rows), template=template)


def _term(system: System, template: Template, term: PointLoss, relation: str) -> Row:
    rates = {each.symbol: each.rate for each in template.unknowns}
    value = term.value if term.over is None else rates[term.value]
    right = node(value, term.origin)
    left = Name(dot("L")) if system.kind == "tangent" else Text("L")
    note = when(system, template, term)
    return Row(left, right if term.over is None else Integral(right), term.dimension, note, term.origin, relation)


def when(system: System, template: Template, term: PointLoss) -> str:
    """When a term of the loss is taken: ``at t = 20[ms]``."""
    if term.over is not None:
        start, stop = (text(system, template, each, term.origin) for each in term.over)
        return f"over {start} <= t <= {stop}"
    return "at the end of the run" if term.at is None else f"at t = {text(system, template, term.at, term.origin)}"
