"""The sheet of the gradient: by parameters, and by initial values."""

from collections.abc import Iterator

from mcompiler.equations.printing.adjoint import definitions, has_events, instant, owners, sums
from mcompiler.equations.printing.classes import legend_of_sums, picks, title
from mcompiler.equations.printing.dynamics import dynamics, shares
from mcompiler.equations.printing.legends import EVENTS, GRADIENT, PICKS
from mcompiler.equations.printing.naming import parts_of
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.tree import Integral, Moment, Name, Partial, Text
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.system import Gradient, Parameter, System, Template, Unknown
from mcompiler.equations.translate import symbol
from mcompiler.units import TIME as SECONDS


def gradient_sheet(system: System) -> Sheet:
    """The gradient, with the adjoints that it needs beside those of the adjoint's own equations."""
    sections = [section for source in (system, *system.jumps) for section in _sections(source)]
    notes = [*GRADIENT, legend_of_sums(system)]
    notes += [PICKS] if picks(system) else []
    notes += [EVENTS] if has_events(system) else []
    return Sheet(system.name, "gradient of the loss", tuple(sections), tuple(notes), system)


def _sections(system: System) -> list[Section]:
    wanted, shown = shares(system), dynamics(system)
    sections: list[Section] = []
    for owner in owners(system):
        rows = [*definitions(system, owner, wanted, shown), *sums(system, owner, wanted, shown)]
        of = view(system, owner.template)
        rows += [_share(of, each) for each in owner.template.gradients]
        rows += [_by_initial(of, each) for each in owner.template.unknowns if system.kind == "adjoint"]
        heading = title(owner) if system.kind == "adjoint" else f"{title(owner)}, {instant(system)}"
        origin = owner.template.forward.origin if owner.template.forward else None
        if rows:
            sections.append(Section(heading, tuple(rows), "", origin, tuple(_event_notes(of)), owner.template))
    return sections


def _event_notes(of: View) -> Iterator[str]:
    forward = of.template.forward
    if of.system.kind == "adjoint" and forward is not None and forward.events:
        yield "each event adds (dx+/dp)^T mass*lam after + kappa*dh/dp to the derivative by a parameter p that its reset or condition h reads"


def _share(of: View, gradient: Gradient) -> Row:
    """``dloss/dRon += integral(...)``."""
    parameter = _parameter(of.system, of.template, gradient.parameter)
    value = of.node(gradient.value)
    is_running = gradient.moment == "throughout" and of.system.kind == "adjoint"
    dimension = gradient.dimension * SECONDS if is_running else gradient.dimension
    right = Integral(value) if is_running else value
    return Row(
        Partial(Text("loss"), Name(parameter.symbol)), right, dimension, _moment(gradient), parameter.origin, "+="
    )


def _parameter(system: System, template: Template, name: str) -> Parameter:
    own = template.forward.parameters if template.forward else ()
    return next(each for each in (*own, *system.parameters) if each.symbol.name == name)


def _moment(gradient: Gradient) -> str:
    if gradient.moment == "start":
        return f"at t = 0, where the model's own initial {gradient.unknown} holds"
    if gradient.moment == "throughout":
        return ""
    return f"just after {gradient.unknown} reaches its {gradient.moment} bound, each time"


def _by_initial(of: View, unknown: Unknown) -> Row:
    """``dloss/dw(0) = mass*lam_w(0)``."""
    start = Moment(unknown.symbol, Text("0"))
    right = of.times(unknown.mass, start)
    initial = Moment(symbol(parts_of(unknown.symbol).quantity), Text("0"))
    return Row(Partial(Text("loss"), initial), right, unknown.mass_dimension * unknown.dimension)
