"""The kernel that gives the next corner of the sources that have corners known in advance.

Where a model has thresholds, the extremes of its sines are corners too. Below a threshold nothing may move at all, an adaptive method sees no error and takes
ever longer steps, and would leap over the part of a period in which the device switches; between two extremes a sine is monotone, so that a threshold that
is passed at all is passed where a step ends.
"""

from collections.abc import Sequence

import sympy

from mcompiler.equations.functions import absolute, maximum, minimum, next_breakpoints, next_extremes, sign, step, where
from mcompiler.equations.reverse import needed
from mcompiler.equations.system import TIME
from mcompiler.kernel import abi
from mcompiler.kernel.build import Block, KernelBuilder, Member, Sum
from mcompiler.kernel.from_equations.evaluate import Environment
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.passes import Body
from mcompiler.kernel.from_equations.state import nothing_stored
from mcompiler.kernel.from_equations.visit import visit
from mcompiler.kernel.ir import Float, Kernel, Op, Value

_INFINITY = Float(float("inf"))
_CHOICES = {where, minimum, maximum, absolute, sign, step}


def breakpoint_(graph: Graph) -> Kernel:
    """The first breakpoint after ``t``."""
    kernel = KernelBuilder(abi.BREAKPOINT)
    environment = Environment(graph, nothing_stored)
    result: Value = _INFINITY
    switches = any(_switches(owner) for owner in graph.classes)
    for owner in graph.classes:
        for first in visit(kernel.top, environment, _corners(owner, extremes=switches)):
            result = first if result == _INFINITY else kernel.top.let("first", Op("min", (result, first)))
    return kernel.finish(result)


def _corners(owner: Class, *, extremes: bool) -> Body:
    values = _expressions(owner)
    corners = dict.fromkeys(corner for value in values for corner in next_breakpoints(value))
    if extremes:
        corners |= dict.fromkeys(corner for value in values for corner in next_extremes(value))
    known = tuple(corner for corner in corners if _is_known(owner, corner))
    return Body(owner, owner.program.steps, known, _first, f"sources of {owner.name}")


def _switches(owner: Class) -> bool:
    """Whether something in the class follows one law or another, apart from its bounds."""
    template = owner.template
    values = [each.value for each in template.definitions]
    values += [each.value for each in template.contributions]
    values += [each.rate for each in template.unknowns]
    return any(each.func in _CHOICES for value in values for each in value.atoms(sympy.Function))


def _is_known(owner: Class, corner: sympy.Expr) -> bool:
    """Whether the corner depends on parameters only, apart from the time that it comes after."""
    steps = owner.program.steps
    template = owner.template
    moving = {TIME, *owner.program.raw}
    moving |= {each.symbol for each in template.reads} | {each.symbol for each in template.accumulators}
    given = [argument for argument in corner.atoms(sympy.Symbol) if argument != TIME]
    return moving.isdisjoint(needed(steps, given))


def _first(_block: Block, _member: Member, values: Sequence[Value]) -> Sequence[Sum]:
    return [Sum(value, "corner", "min", _INFINITY) for value in values]


def _expressions(owner: Class) -> list[sympy.Expr]:
    """Everything in the class that a stage, an event or a reset evaluates."""
    template = owner.template
    events = [value for each in template.events for value in (each.margin, *(value for _, value in each.assignments))]
    values = [*(value for _, value in owner.program.steps), *owner.program.rates]
    return [*values, *(each.value for each in template.contributions), *events]
