"""The kernel that gives the next corner of the sources that have corners known in advance."""

from collections.abc import Sequence

import sympy

from mcompiler.equations.functions import next_breakpoints
from mcompiler.equations.reverse import needed
from mcompiler.equations.system import TIME
from mcompiler.kernel import abi
from mcompiler.kernel.build import Block, KernelBuilder, Member, Sum
from mcompiler.kernel.from_equations.evaluate import Environment
from mcompiler.kernel.from_equations.forward import Body, visit
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.state import nothing_stored
from mcompiler.kernel.ir import Float, Kernel, Op, Value

_INFINITY = Float(float("inf"))


def breakpoint_(graph: Graph) -> Kernel:
    """The first breakpoint after ``t``."""
    kernel = KernelBuilder(abi.BREAKPOINT)
    environment = Environment(graph, nothing_stored)
    result: Value = _INFINITY
    for owner in graph.classes:
        for first in visit(kernel.top, environment, _corners(owner)):
            result = first if result == _INFINITY else kernel.top.let("first", Op("min", (result, first)))
    return kernel.finish(result)


def _corners(owner: Class) -> Body:
    corners = dict.fromkeys(corner for value in _expressions(owner) for corner in next_breakpoints(value))
    known = tuple(corner for corner in corners if _is_known(owner, corner))
    return Body(owner, owner.program.steps, known, _first, f"sources of {owner.name}")


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
