"""The sheet of the adjoint: backward equations, and what losses at instants add to them."""

from collections.abc import Iterator

from mcompiler.equations.names import lam
from mcompiler.equations.printing.classes import (
    Owner,
    bounds,
    definition_row,
    gathered,
    is_plumbing,
    legend_of_sums,
    loss_section,
    picks,
    rate_row,
    title,
    when,
)
from mcompiler.equations.printing.dynamics import Needed, dynamics
from mcompiler.equations.printing.legends import ADJOINTS, AFTER, AFTER_JUMPS, EVENTS, INSTANTS, NO_LOSS, PICKS
from mcompiler.equations.printing.naming import parts_of
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.tree import Moment, Name, Node, Sum, Text
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.system import LOSS, ZERO, Definition, System, Template, Unknown, VertexClass


def adjoint_sheet(system: System, *, is_explicit: bool = False) -> Sheet:
    """The backward equations with final values and jumps; what only gradients need is left out.

    ``is_explicit`` writes out when a bound holds an unknown; otherwise words say so.
    """
    wanted = dynamics(system)
    sections = [
        section for each in owners(system) if (section := _section(system, each, wanted, is_explicit=is_explicit)).rows
    ]
    sections += [section for jump in system.jumps for section in _jump(jump)]
    notes = [*ADJOINTS, legend_of_sums(system)]
    notes += [PICKS] if picks(system) else []
    notes += [INSTANTS] if system.jumps else []
    notes += [EVENTS] if has_events(system) else []
    notes.append(NO_LOSS if not system.losses else AFTER_JUMPS if system.jumps else AFTER)
    return Sheet(system.name, "adjoint equations, backward in time", tuple(sections), tuple(notes), system)


def owners(system: System) -> list[Owner]:
    """The classes that are shown."""
    return [each for each in system.classes if not is_plumbing(each)]


def _section(system: System, owner: Owner, wanted: Needed, *, is_explicit: bool) -> Section:
    template, of = owner.template, view(system, owner.template)
    rows = [*_loss_rows(system, owner), *definitions(system, owner, wanted, is_explicit=is_explicit)]
    rows += [rate_row(of, each, is_backward=True) for each in template.unknowns]
    rows += sums(system, owner, wanted)
    origin = template.forward.origin if template.forward else None
    notes = (*_bound_notes(of), *_event_notes(of))
    return Section(title(owner), tuple(rows), "", origin, notes, template)


def _loss_rows(system: System, owner: Owner) -> tuple[Row, ...]:
    if owner.name != LOSS or owner.template.forward is None:
        return ()
    forward = System(system.name, (), (), system.parameters, system.losses)
    return loss_section(view(forward, owner.template.forward)).rows


def definitions(
    system: System, owner: Owner, wanted: Needed, shown: Needed | None = None, *, is_explicit: bool = False
) -> list[Row]:
    """The definitions of a class that are wanted and not shown before."""
    chosen = [
        each
        for each in owner.template.definitions
        if wanted.has(owner, each.symbol) and not (shown and shown.has(owner, each.symbol))
    ]
    of = view(system, owner.template)
    if is_explicit:
        return [definition_row(of, each) for each in chosen]
    return [_definition(of, each) for each in chosen if not _is_push(each)]


def sums(system: System, owner: Owner, wanted: Needed, shown: Needed | None = None) -> list[Row]:
    """What arrives at a vertex class, likewise."""
    if not isinstance(owner, VertexClass):
        return []
    return [
        Row(Name(each.symbol), gathered(system, owner, each.symbol.name), each.dimension)
        for each in owner.template.accumulators
        if wanted.has(owner, each.symbol) and not (shown and shown.has(owner, each.symbol))
    ]


def _is_push(definition: Definition) -> bool:
    return parts_of(definition.symbol).kinds == ("push",)


def _definition(of: View, definition: Definition) -> Row:
    """A definition; of the mask of a bounded unknown, what it means."""
    parts = parts_of(definition.symbol)
    if parts.kinds != ("free", "lam"):
        return definition_row(of, definition)
    inside = bounds(of, _bounded(of.template)[parts.quantity])
    note = f"while {parts.quantity} moves; 0 while a bound of {inside} holds it"
    return Row(Name(definition.symbol), Name(lam(parts.quantity)), definition.dimension, note, definition.origin)


def _bounded(template: Template) -> dict[str, Unknown]:
    unknowns = template.forward.unknowns if template.forward else ()
    return {each.symbol.name: each for each in unknowns if each.lower is not None or each.upper is not None}


def _bound_notes(of: View) -> Iterator[str]:
    for name, unknown in _bounded(of.template).items():
        yield f"lam_{name} is 0 just before {name} reaches a bound of {bounds(of, unknown)}"


def _event_notes(of: View) -> Iterator[str]:
    for event in of.template.forward.events if of.template.forward else ():
        resets = ", ".join(f"{symbol} := {of.text(value)}" for symbol, value in event.assignments)
        yield (
            f"event {event.origin}: when h = {of.text(event.margin)} crosses 0 upward, {resets}; "
            "backward mass*lam before = (dx+/dx)^T mass*lam after + kappa*dh/dx"
        )


def has_events(system: System) -> bool:
    """Whether the forward system has events."""
    return any(each.template.forward.events for each in system.classes if each.template.forward)


def _jump(jump: System) -> Iterator[Section]:
    """What one loss at instants adds."""
    wanted, (term,) = dynamics(jump), jump.losses
    for owner in owners(jump):
        rows = definitions(jump, owner, wanted)
        of = view(jump, owner.template)
        rows += [_jump_row(of, each, is_end=term.at is None) for each in owner.template.unknowns if each.rate != ZERO]
        rows += sums(jump, owner, wanted)
        if rows:
            yield Section(f"{title(owner)}, {instant(jump)}", tuple(rows), "", term.origin, template=owner.template)


def instant(jump: System) -> str:
    """When the loss of a system of jumps is taken."""
    (term,) = jump.losses
    loss = next(each.template.forward for each in jump.vertices if each.name == LOSS)
    assert loss is not None
    return when(view(jump, loss), term)


def _jump_row(of: View, unknown: Unknown, *, is_end: bool) -> Row:
    """``lam_w(T) = ...`` or ``lam_w(t-) - lam_w(t+) = ...``, with its mass."""
    before = Moment(unknown.symbol, Text("T" if is_end else "t-"))
    change: Node = before if is_end else Sum(((False, before), (True, Moment(unknown.symbol, Text("t+")))))
    left = of.times(unknown.mass, change)
    return Row(left, of.node(unknown.rate), unknown.mass_dimension * unknown.dimension, "", unknown.origin)
