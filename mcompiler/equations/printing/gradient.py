"""The sheet of the gradient: by parameters, and by initial values."""

from mcompiler.equations.printing.adjoint import definitions, instant, owners, sums
from mcompiler.equations.printing.classes import picks, title
from mcompiler.equations.printing.dynamics import dynamics, shares
from mcompiler.equations.printing.legends import GRADIENT, PICKS, SUMS
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
    notes = (*GRADIENT, SUMS, PICKS) if picks(system) else (*GRADIENT, SUMS)
    return Sheet(system.name, "gradient of the loss L", tuple(sections), notes, system)


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
            sections.append(Section(heading, tuple(rows), "", origin, template=owner.template))
    return sections


def _share(of: View, gradient: Gradient) -> Row:
    """``dL/dRon += integral(...)``."""
    parameter = _parameter(of.system, of.template, gradient.parameter)
    value = of.node(gradient.value)
    is_running = gradient.moment == "throughout" and of.system.kind == "adjoint"
    dimension = gradient.dimension * SECONDS if is_running else gradient.dimension
    right = Integral(value) if is_running else value
    return Row(Partial(Text("L"), Name(parameter.symbol)), right, dimension, _moment(gradient), parameter.origin, "+=")


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
    """``dL/dw(0) = mass*lam_w(0)``."""
    start = Moment(unknown.symbol, Text("0"))
    right = of.times(unknown.mass, start)
    initial = Moment(symbol(parts_of(unknown.symbol).quantity), Text("0"))
    return Row(Partial(Text("L"), initial), right, unknown.mass_dimension * unknown.dimension)
