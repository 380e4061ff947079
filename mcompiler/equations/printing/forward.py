"""The sheet of a forward or tangent system."""

from collections.abc import Iterator

from mcompiler.equations.bounds import is_bounded
from mcompiler.equations.printing.classes import (
    Owner,
    circuit_section,
    declared,
    definition_row,
    gathered,
    is_plumbing,
    loss_section,
    rate_row,
    title,
)
from mcompiler.equations.printing.legends import SUMS, TANGENT
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.tree import Moment, Name, Text
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.system import LOSS, ONE, Event, System, VertexClass


def forward_sheet(system: System) -> Sheet:
    """All equations of a system in forward form."""
    owners = [each for each in system.classes if not is_plumbing(each)]
    sections = [circuit_section(system)] if system.parameters else []
    sections += [_section(view(system, each.template), each) for each in owners if each.name != LOSS]
    sections += [loss_section(view(system, each.template)) for each in owners if each.name == LOSS]
    if system.kind == "tangent":
        return Sheet(system.name, "tangent equations", tuple(sections), (TANGENT, SUMS), system)
    return Sheet(system.name, "forward equations", tuple(sections), (SUMS,), system)


def _section(of: View, owner: Owner) -> Section:
    template = owner.template
    rows = [*declared(of, owner), *(definition_row(of, each) for each in template.definitions), *_rates(of)]
    if isinstance(owner, VertexClass):
        rows += [
            Row(Name(each.symbol), gathered(of.system, owner, each.symbol.name), each.dimension, each.doc)
            for each in template.accumulators
        ]
    rows += [row for event in template.events for row in _event(of, event)]
    return Section(title(owner), tuple(rows), template.doc, template.origin, template=template)


def _rates(of: View) -> Iterator[Row]:
    for each in of.template.unknowns:
        yield rate_row(of, each, f"0 while a bound holds {each.along or each.symbol}" if is_bounded(each) else "")
        scale = [] if each.scale == ONE else [f"scale {of.text(each.scale)}"]
        note = "; ".join([*scale, *(["given"] if each.given else [])])
        yield Row(Moment(each.symbol, Text("0")), None if each.given else of.node(each.initial), each.dimension, note)


def _event(of: View, event: Event) -> Iterator[Row]:
    units = {each.symbol: each.dimension for each in of.template.unknowns}
    for symbol, value in event.assignments:
        condition = of.node(event.margin)
        yield Row(Name(symbol), of.node(value), units[symbol], "", event.origin, ":=", condition)
