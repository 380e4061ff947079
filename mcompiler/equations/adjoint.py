"""The adjoint of a system, template by template: the backward equations of MATH 3c, its jumps, and the shares of the parameter gradient.

With M x' = f and a loss of terminal, running and point terms, -M^T lam' = f_x^T lam + l_x^T: every quantity q gets its adjoint "bar q", the derivative of
lam^T f + l by q. The adjoint of a system of templates is a system of templates on the same graph (see `transposed`), and so is what a loss at an instant adds:
the same equations with the loss in place of lam^T f.
"""

from dataclasses import dataclass, replace
from typing import Literal

import sympy

from mcompiler.equations.bounds import held, is_bounded, pushed
from mcompiler.equations.functions import conjunction, ge, le, where
from mcompiler.equations.names import free_lam, lam, taken
from mcompiler.equations.pullback import Seed
from mcompiler.equations.shares import gradients, starts_and_bounds
from mcompiler.equations.system import LOSS, ONE, TIME, ZERO, Definition, PointLoss, System, Template, Unknown
from mcompiler.equations.translate import as_written
from mcompiler.equations.transposed import Owner, Transposed, Transposition, all_inputs, transposed
from mcompiler.units import DIMENSIONLESS, Dimension
from mcompiler.units import TIME as SECONDS


@dataclass(frozen=True, slots=True)
class _Task:
    """What is pulled back: the rates with their lam and the running losses, or one loss at instants. ``unit`` is that of ``q * bar q``."""

    system: System
    unit: Dimension
    jump: PointLoss | None = None


@as_written
def adjoint(system: System) -> System:
    """The backward adjoint of a forward system with respect to its loss (to a dimensionless one where it has none), with its jumps."""
    unit = system.losses[0].dimension if system.losses else DIMENSIONLESS
    running = _pulled(_Task(system, unit / SECONDS))
    instants = [each for each in system.losses if each.over is None]
    return replace(running, jumps=tuple(_pulled(_Task(system, unit, each)) for each in instants))


def _pulled(task: _Task) -> System:
    system = task.system
    made = transposed(
        Transposition(
            system,
            task.unit,
            seeds=lambda owner: _seeds(owner, task),
            inputs=lambda owner: all_inputs(owner.template, system),
        )
    )
    vertices = tuple(replace(each, template=_assembled(each, task, made[each.name])) for each in system.vertices)
    edges = tuple(replace(each, template=_assembled(each, task, made[each.name])) for each in system.edges)
    kind: Literal["adjoint", "jump"] = "adjoint" if task.jump is None else "jump"
    losses = system.losses if task.jump is None else (task.jump,)
    return System(system.name, vertices, edges, system.parameters, losses, kind)


# --- seeds


def _seeds(owner: Owner, task: _Task) -> list[Seed]:
    """The outputs of a class that have an adjoint of their own: rates, masses, and at the loss its terms."""
    template = owner.template
    if owner.name == LOSS:
        return _loss_seeds(template, task)
    if task.jump is not None:
        return []
    seeds: list[Seed] = []
    for each in template.unknowns:
        name = each.symbol.name
        factor = free_lam(name) if is_bounded(each) else lam(name)
        seeds.append((each.rate, factor))
        if each.mass != ONE:
            seeds.append((each.mass, -factor * each.rate / each.mass))
    return seeds


def _loss_seeds(template: Template, task: _Task) -> list[Seed]:
    if task.jump is not None:
        return [(task.jump.value, ONE)]
    rates: dict[sympy.Expr, sympy.Expr] = {each.symbol: each.rate for each in template.unknowns}
    return [(rates[each.value], taken(each.name)) for each in task.system.losses if each.over is not None]


def _first(owner: Owner, task: _Task) -> list[Definition]:
    """Definitions that the seeds of a class need."""
    if task.jump is not None:
        return []
    if owner.name == LOSS:
        return [_while_taken(each) for each in task.system.losses if each.over is not None]
    first: list[Definition] = []
    for each in owner.template.unknowns:
        if is_bounded(each):
            name = each.symbol.name
            doc = f"lam_{name} while {name} moves, 0 while a bound holds it"
            value = where(held(each), ZERO, lam(name))
            first += [pushed(each), Definition(free_lam(name), _lam_dimension(each, task), value, doc, each.origin)]
    return first


def _while_taken(loss: PointLoss) -> Definition:
    assert loss.over is not None
    start, stop = loss.over
    inside = le(TIME, stop) if start == ZERO else conjunction(ge(TIME, start), le(TIME, stop))
    return Definition(
        taken(loss.name), DIMENSIONLESS, where(inside, ONE, ZERO), "1 while the loss is taken", loss.origin
    )


def _lam_dimension(unknown: Unknown, task: _Task) -> Dimension:
    loss = task.unit if task.jump is not None else task.unit * SECONDS
    return loss / unknown.dimension / unknown.mass_dimension


# --- templates


def _assembled(owner: Owner, task: _Task, made: Transposed) -> Template:
    template = owner.template
    return Template(
        template.name,
        unknowns=() if owner.name == LOSS else tuple(_unknown(each, made, task) for each in template.unknowns),
        definitions=(*_first(owner, task), *made.definitions),
        accumulators=made.accumulators,
        reads=made.reads,
        contributions=made.contributions,
        doc=template.doc,
        origin=template.origin,
        forward=template,
        gradients=(
            *gradients(template, made.gradients, task.system, task.unit),
            *(starts_and_bounds(template, task.system, task.unit * SECONDS) if task.jump is None else ()),
        ),
        time_gradient=made.gradients.get(TIME, ZERO),
    )


def _unknown(unknown: Unknown, made: Transposed, task: _Task) -> Unknown:
    name = unknown.symbol.name
    return Unknown(
        lam(name),
        _lam_dimension(unknown, task),
        made.gradients.get(unknown.symbol, ZERO),
        unknown.mass,
        mass_dimension=unknown.mass_dimension,
        doc=f"adjoint of {name}",
        origin=unknown.origin,
    )
