"""The algebraic system of a fixed point: every unknown's rate is 0."""

from dataclasses import replace

from mcompiler.equations.system import ZERO, System, Template
from mcompiler.equations.translate import as_written


@as_written
def steady(system: System) -> System:
    """The residual system 0 = rate of all unknowns, on the same graph; `jacobian` gives the blocks of its derivative.

    Every unknown is a constraint (its mass is 0), states of edges too: hold those that are not to settle with `fixed_point.frozen`. What stands there at a time
    ``t`` is the fixed point for inputs that stay as they are at that time. Events, which only happen on the way, are left out.

    Args:
        system: in forward form.
    """
    return replace(
        system,
        vertices=tuple(replace(each, template=_constraints(each.template)) for each in system.vertices),
        edges=tuple(replace(each, template=_constraints(each.template)) for each in system.edges),
        kind="steady",
    )


def _constraints(template: Template) -> Template:
    return replace(template, unknowns=tuple(replace(each, mass=ZERO) for each in template.unknowns), events=())
