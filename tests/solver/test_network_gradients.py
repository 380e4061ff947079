"""Discrete adjoints through networks against two other derivatives of the same steps: complex steps, and the tangent system on the same mesh."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

import mcompiler as mc
from mcompiler.equations.names import dot
from mcompiler.equations.tangent import tangent
from mcompiler.integrators.run import Losses, Outcome, Run, integrate, reverse
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.layout import ClassLayout, Quantity, bind
from mcompiler.network.binding import bindings
from mcompiler.network.network import Network
from mcompiler.solver.from_network import program
from mcompiler.solver.program import members, own_initials
from tests.integrators.recorded_map import push_forward
from tests.integrators.systems import Floats, Model
from tests.integrators.test_gradient import disagreement
from tests.solver.networks import DENSE, LAYERS, ODD, SPARSE, SPIKES

MODELS = {"dense": DENSE, "sparse": SPARSE, "three classes of cells": LAYERS, "spikes": SPIKES, "odd": ODD}
END = {"spikes": 1.2e-3, "odd": 1e-4}


@dataclass(frozen=True)
class Point:
    """A compiled network with a loss at the end of its run, and where it starts."""

    network: Network
    model: Model
    y: Floats
    end: float

    @property
    def losses(self) -> Losses:
        terms = len(self.model.layout.losses)
        return Losses(np.full(terms, self.end), np.arange(terms), np.zeros(terms, dtype=np.int64), np.empty(0))


@cache
def point(name: str) -> Point:
    compilation = mc.parse(MODELS[name])
    network = compilation.elaborated(None, with_losses=True)
    module, layout = compilation.lowered(network)
    z = bind(layout, *bindings(network))
    model = Model(module, layout, z, np.empty(0))
    made = program(network, layout, model.on("interpreter"))
    y = np.where(np.isnan(made.given), own_initials(made, made.p), made.given)
    return Point(network, Model(module, layout, z, made.p.copy()), y, END.get(name, 1e-5))


def run(at: Point, model: Model, y: Floats, p: Floats, **options: Any) -> Run:
    found = integrate(
        model.on("numba"), model.z, p, y, 0.0, at.end, losses=at.losses, record=True, save_at=np.empty(0), **options
    )
    assert found.outcome is Outcome.DONE
    return found


@pytest.mark.parametrize("name", MODELS)
def test_complex_steps(name: str) -> None:
    at = point(name)
    found = run(at, at.model, at.y, at.model.p, method="tsit5", rtol=1e-3)
    assert (len(found.event_times) > 0) == (name == "spikes")
    rng = np.random.default_rng(3)
    lam = rng.normal(size=len(at.y)) / np.maximum(np.abs(found.y), 1e-3)
    library = at.model.on("numba")
    _, by_p, by_y = reverse(library, at.model.z, at.model.p, found, method="tsit5", losses=at.losses, final=lam)
    dp, dy = at.model.p * rng.normal(size=len(at.model.p)), 0.1 * np.abs(at.y) * rng.normal(size=len(at.y))
    assert found.tape is not None
    pushed, pushed_loss = push_forward(at.model, "tsit5", found.tape, dp, dy, at.losses)
    terms = np.concatenate([by_p * dp, by_y * dy])
    assert disagreement(float(lam @ pushed) + pushed_loss, float(terms.sum()), terms) < 1e-13


@pytest.mark.parametrize("name", MODELS)
def test_the_tangent_system(name: str) -> None:
    """<lam, J v> by the tangent system, <J^T lam, v> by the adjoint. Steps are fixed: the instant of a located event moves, which a tangent does not know."""
    at = point(name)
    step = at.end / 8
    rng = np.random.default_rng(5)
    system = mc.parse(MODELS[name]).system
    module, layout = lower(tangent(system))
    z = bind(layout, *bindings(at.network))
    along = Model(module, layout, z, np.zeros(int(z[1])))
    dp, dy = at.model.p * rng.normal(size=len(at.model.p)), 0.1 * np.abs(at.y) * rng.normal(size=len(at.y))
    p, y = along.p, np.zeros(along.n)
    for owner, mine in pairs(at, along):
        spread(p, along, mine, mine.parameters, source(at, owner, owner.parameters, at.model.p, dp))
        spread(y, along, mine, mine.unknowns, source(at, owner, owner.unknowns, at.y, dy))
    pushed = integrate(
        along.on("python"), z, p, y, 0.0, at.end, method="rk4", step=step, losses=at.losses, save_at=np.empty(0)
    )
    found = run(at, at.model, at.y, at.model.p, method="rk4", step=step)
    lam = rng.normal(size=len(at.y)) / np.maximum(np.abs(found.y), 1e-3)
    library = at.model.on("numba")
    _, by_p, by_y = reverse(library, at.model.z, at.model.p, found, method="rk4", losses=at.losses, final=lam)
    left = float(pushed.loss)
    for owner, mine in pairs(at, along):
        for each in owner.unknowns:
            direction = next(one for one in mine.unknowns if one.name == dot(each.name).name)
            left += float(lam[place(at.model, owner, each)] @ pushed.y[place(along, mine, direction)])
    terms = np.concatenate([by_p * dp, by_y * dy])
    assert disagreement(left, float(terms.sum()), terms) < 1e-13


def pairs(at: Point, along: Model) -> list[tuple[ClassLayout, ClassLayout]]:
    """The classes of the forward and of the tangent system; the parameters of the whole network are one without members."""
    forward, tangents = at.model.layout, along.layout
    whole = ClassLayout("", "vertex", "indexed", (), 0, parameters=forward.parameters)
    return [
        (whole, replace(whole, parameters=tangents.parameters)),
        *((each, tangents.of(each.name)) for each in forward.classes),
    ]


def source(
    at: Point, owner: ClassLayout, quantities: Sequence[Quantity], values: Floats, directions: Floats
) -> dict[str, Floats]:
    """Values of the forward system's quantities, and of their directions, by name."""
    found: dict[str, Floats] = {}
    for each in quantities:
        found[each.name] = values[place(at.model, owner, each)]
        found[dot(each.name).name] = directions[place(at.model, owner, each)]
    return found


def spread(
    into: Floats, model: Model, owner: ClassLayout, quantities: Sequence[Quantity], values: dict[str, Floats]
) -> None:
    for each in quantities:
        into[place(model, owner, each)] = values[each.name]


def place(model: Model, owner: ClassLayout, quantity: Quantity) -> slice:
    if owner.name:
        return members(model.z, owner, quantity)
    return slice(int(model.z[quantity.slot]), int(model.z[quantity.slot]) + 1)
