"""The sheet of a forward or tangent system."""

from collections.abc import Iterator

from mcompiler.equations.printing.classes import (
    Owner,
    circuit_section,
    declared,
    definition_row,
    gathered,
    is_plumbing,
    loss_section,
    node,
    rate_row,
    text,
    title,
)
from mcompiler.equations.printing.legends import SUMS, TANGENT
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.tree import Moment, Name, Text
from mcompiler.equations.system import LOSS, ONE, Event, System, Template, VertexClass


def forward_sheet(system: System) -> Sheet:
    """All equations of a system in forward form."""
    owners = [each for each in (*system.vertices, *system.edges) if not is_plumbing(each)]
    sections = [circuit_section(system)] if system.parameters else []
    sections += [_section(system, each) for each in owners if each.name != LOSS]
    sections += [loss_section(system, each.template) for each in owners if each.name == LOSS]
    if system.kind == "tangent":
        return Sheet(system.name, "tangent equations", tuple(sections), (TANGENT, SUMS), system)
    return Sheet(system.name, "forward equations", tuple(sections), (SUMS,), system)


def _section(system: System, owner: Owner) -> Section:
    template = owner.template
    rows = [
        *declared(system, owner),
        *(definition_row(each) for each in template.definitions),
        *_rates(system, template),
    ]
    if isinstance(owner, VertexClass):
        rows += [
            Row(Name(each.symbol), gathered(system, owner, each.symbol.name), each.dimension, each.doc)
            for each in template.accumulators
        ]
    rows += [row for event in template.events for row in _event(template, event)]
    return Section(title(owner), tuple(rows), template.doc, template.origin, template=template)


def _rates(system: System, template: Template) -> Iterator[Row]:
    for each in template.unknowns:
        note = ""
        if (each.along is not None and each.lower is not None) or each.upper is not None:
            note = f"0 while a bound holds {each.along or each.symbol}"
        yield rate_row(each, note)
        scale = "" if each.scale == ONE else f"scale {text(system, template, each.scale, each.origin)}"
        yield Row(Moment(each.symbol, Text("0")), node(each.initial, each.origin), each.dimension, scale)


def _event(template: Template, event: Event) -> Iterator[Row]:
    units = {each.symbol: each.dimension for each in template.unknowns}
    for symbol, value in event.assignments:
        condition = node(event.margin, event.origin)
        yield Row(Name(symbol), node(value, event.origin), units[symbol], "", event.origin, ":=", condition)
