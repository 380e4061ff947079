"""What the sheets of all derivations have in common: titles, what arrives at a vertex, notes on bounds."""

import re
from collections.abc import Iterator

import sympy

from mcompiler.equations.names import dot
from mcompiler.equations.printing.legends import SUMS, SUMS_OVER_SYNAPSES, Legend
from mcompiler.equations.printing.sheet import Row, Section
from mcompiler.equations.printing.tree import Gathered, Integral, Name, Rate, Share, Text
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.system import (
    LOSS,
    Definition,
    EdgeClass,
    Parameter,
    PointLoss,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.units import TIME

Owner = VertexClass | EdgeClass


def is_plumbing(owner: Owner) -> bool:
    """Whether a class only brings a quantity to the loss, which is shown where it ends."""
    return isinstance(owner, EdgeClass) and owner.name.startswith("observe ")


def picks(system: System) -> bool:
    """Whether a loss picks elements out of several."""
    return any(
        each.structural and each.symbol.name.startswith("pick ")
        for one in system.classes
        for each in _parameters(one.template)
    )


def legend_of_sums(system: System) -> Legend:
    """What a sum over elements or over synapses means."""
    return SUMS_OVER_SYNAPSES if any(each.terminals for each in system.edges) else SUMS


def _parameters(template: Template) -> tuple[Parameter, ...]:
    return template.forward.parameters if template.forward else template.parameters


def title(owner: Owner) -> str:
    """``M: HP``, ``C1, C2: Capacitor``, ``nodes a, b``."""
    if owner.name == LOSS:
        return "loss"
    names = ", ".join(owner.elements) or owner.name
    return f"nodes {names}" if owner.template.name == "nodes" else f"{names}: {owner.template.name}"


def definition_row(of: View, definition: Definition) -> Row:
    """A definition."""
    right = of.node(definition.value)
    return Row(Name(definition.symbol), right, definition.dimension, definition.doc, definition.origin)


def rate_row(of: View, unknown: Unknown, note: str = "", *, is_backward: bool = False) -> Row:
    """An unknown's equation."""
    left = Rate(unknown.symbol, of.mass(unknown.mass), is_backward)
    dimension = unknown.mass_dimension * unknown.dimension / TIME
    return Row(left, of.node(unknown.rate), dimension, note, unknown.origin)


def gathered(system: System, vertex: VertexClass, accumulator: str) -> Gathered:
    """What the elements add to an accumulator of a vertex."""
    return Gathered(tuple(_shares(system, vertex.name, accumulator)))


def _shares(system: System, vertex: str, accumulator: str) -> Iterator[Share]:
    for edge in system.edges:
        for each in edge.template.contributions:
            if edge.ends[each.end] == vertex and each.accumulator == accumulator:
                value = view(system, edge.template).node(each.value)
                if is_plumbing(edge):
                    yield Share(_observed(edge), "", value)
                else:
                    yield Share(", ".join(edge.elements) or edge.name, terminal(edge, each.end), value)


def _observed(edge: EdgeClass) -> str:
    return re.sub(r"^observe (.*)\.[^.]*$", r"\1", edge.name)


def terminal(edge: EdgeClass, end: int) -> str:
    """The name of an edge's terminal at this end."""
    if end < len(edge.terminals):
        return edge.terminals[end]
    template = edge.template.forward or edge.template
    names = (each.symbol.name.rpartition(".")[0] for each in template.reads if each.end == end)
    return next(names, "")


def bounds(of: View, unknown: Unknown) -> str:
    """``[0, 1]``."""
    sides = [
        infinite if each is None else of.text(each)
        for each, infinite in ((unknown.lower, "-inf"), (unknown.upper, "inf"))
    ]
    return f"[{sides[0]}, {sides[1]}]"


def circuit_section(system: System) -> Section:
    """The circuit's own parameters."""
    rows = tuple(Row(Name(each.symbol), None, each.dimension, each.doc, each.origin) for each in system.parameters)
    return Section(f"circuit {system.name}", rows)


def declared(of: View, owner: Owner) -> Iterator[Row]:
    """Parameters, states, and what is read at the terminals."""
    template = owner.template
    for each in template.parameters:
        if not each.structural:
            note = "; ".join(part for part in (each.doc, "a value per element" if each.varies else "") if part)
            yield Row(Name(each.symbol), None, each.dimension, note, each.origin)
    for unknown in template.unknowns:
        note = "; ".join(part for part in (unknown.doc, _inside(of, unknown)) if part)
        yield Row(Name(unknown.symbol), None, unknown.dimension, note)
    for read in template.reads:
        if isinstance(owner, EdgeClass):
            what = read.name.removeprefix("node ").replace(" ", "_")
            here = "cell" if owner.terminals else "node"
            where = "loss" if owner.ends[read.end] == LOSS else f"{here} at {terminal(owner, read.end)}"
            yield Row(Name(read.symbol), None, read.dimension, f"{what} of the {where}")


def _inside(of: View, unknown: Unknown) -> str:
    if unknown.along is not None or (unknown.lower is None and unknown.upper is None):
        return ""
    return f"held in {bounds(of, unknown)}"


def loss_section(of: View) -> Section:
    """The terms of the loss, as the template of the loss sees them, and what a derivation makes of them there."""
    rows = [_term(of, term, "=" if place == 0 else "+=") for place, term in enumerate(of.system.losses)]
    rows += [definition_row(of, each) for each in of.template.definitions]
    for each in of.template.accumulators:
        shares = tuple(_shares(of.system, LOSS, each.symbol.name)) if each.symbol.name.startswith("sum ") else ()
        if shares:
            rows.append(Row(Name(each.symbol), Gathered(shares), each.dimension, each.doc))
    return Section("loss", tuple(rows), template=of.template)


def _term(of: View, term: PointLoss, relation: str) -> Row:
    rates: dict[sympy.Expr, sympy.Expr] = {each.symbol: each.rate for each in of.template.unknowns}
    right = of.node(term.value if term.over is None else rates[term.value])
    left = Name(dot("loss")) if of.system.kind == "tangent" else Text("loss")
    return Row(
        left, right if term.over is None else Integral(right), term.dimension, when(of, term), term.origin, relation
    )


def when(of: View, term: PointLoss) -> str:
    """When a term of the loss is taken: ``at t = 20[ms]``."""
    if term.over is not None:
        return f"over {of.text(term.over[0])} <= t <= {of.text(term.over[1])}"
    return "at the end of the run" if term.at is None else f"at t = {of.text(term.at)}"
