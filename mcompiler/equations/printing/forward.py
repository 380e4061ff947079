"""The sheet of a system in forward form: a forward, tangent or nudged one, one with its error network, or that of its fixed point."""

from collections.abc import Iterator, Mapping
from typing import Final

from mcompiler.equations.bounds import is_bounded
from mcompiler.equations.printing.classes import (
    Owner,
    circuit_section,
    declared,
    definition_row,
    gathered,
    is_plumbing,
    legend_of_sums,
    loss_section,
    rate_row,
    title,
)
from mcompiler.equations.printing.dynamics import Needed, dynamics
from mcompiler.equations.printing.legends import ERROR_NETWORK, NUDGED, TANGENT, Legend
from mcompiler.equations.printing.naming import parts_of
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.tree import Moment, Name, Text
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.system import LOSS, ONE, ZERO, Accumulator, Event, System, VertexClass
from mcompiler.units import TIME


def forward_sheet(system: System) -> Sheet:
    """All equations of a system in forward form."""
    owners = [each for each in system.classes if not is_plumbing(each)]
    sections = [circuit_section(system)] if system.parameters else []
    wanted = dynamics(system)
    sections += [_section(view(system, each.template), each, wanted) for each in owners if each.name != LOSS]
    sections += [loss_section(view(system, each.template)) for each in owners if each.name == LOSS]
    title, legends = _SAID[system.kind]
    return Sheet(system.name, title, tuple(sections), (*legends, legend_of_sums(system)), system)


#: The title of a sheet and what must be said of its names, by what made the system.
_SAID: Final[Mapping[str, tuple[str, tuple[Legend, ...]]]] = {
    "forward": ("forward equations", ()),
    "tangent": ("tangent equations", (TANGENT,)),
    "error network": ("forward equations with the error network", ERROR_NETWORK),
    "nudged": ("nudged equations", NUDGED),
    "steady": ("equations of the fixed point", ()),
}


def _section(of: View, owner: Owner, wanted: Needed) -> Section:
    template = owner.template
    rows = [*declared(of, owner), *(definition_row(of, each) for each in template.definitions), *_rates(of)]
    if isinstance(owner, VertexClass):
        rows += [
            Row(Name(each.symbol), gathered(of.system, owner, each.symbol.name), each.dimension, each.doc)
            for each in template.accumulators
            if wanted.has(owner, each.symbol) or not _is_transposed(each)
        ]
    rows += [row for event in template.events for row in _event(of, event)]
    return Section(title(owner), tuple(rows), template.doc, template.origin, template=template)


def _is_transposed(accumulator: Accumulator) -> bool:
    """Whether it collects what a derivation sends against the arrows; where nothing moves by it (at a source), that is nobody's business."""
    return bool({"back", "slope"} & set(parts_of(accumulator.symbol).kinds))


def _rates(of: View) -> Iterator[Row]:
    for each in of.template.unknowns:
        if each.mass == ZERO:
            dimension = each.mass_dimension * each.dimension / TIME
            yield Row(Text("0"), of.node(each.rate), dimension, f"what {each.symbol} follows from", each.origin)
            continue
        yield rate_row(of, each, f"0 while a bound holds {each.along or each.symbol}" if is_bounded(each) else "")
        scale = [] if each.scale == ONE else [f"scale {of.text(each.scale)}"]
        note = "; ".join([*scale, *(["given"] if each.given else [])])
        yield Row(Moment(each.symbol, Text("0")), None if each.given else of.node(each.initial), each.dimension, note)


def _event(of: View, event: Event) -> Iterator[Row]:
    units = {each.symbol: each.dimension for each in of.template.unknowns}
    for symbol, value in event.assignments:
        condition = of.node(event.margin)
        yield Row(Name(symbol), of.node(value), units[symbol], "", event.origin, ":=", condition)
