"""Tangents and Jacobians against complex steps, and tangents against adjoints by their dot products."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
import pytest
import sympy

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.jacobian import jacobian
from mcompiler.equations.pullback import quantities
from mcompiler.equations.system import LOSS, TIME
from mcompiler.equations.tangent import tangent
from mcompiler.equations.verify import verify
from tests.equations.benches import BENCHES, EXAMPLES
from tests.equations.evaluate import Array, Key, Setting, Values, evaluate, initial, masses, rates, setting, value_of
from tests.equations.golden import check_text
from tests.equations.hamiltonian import STEP, adjoint_at, random_state, real_parameters
from tests.equations.models import EVENT, from_text, made
from tests.equations.test_adjoint import MOVING_BOUNDS

ALL = [*BENCHES, *EXAMPLES, "crossbar", "net"]


def directions(at: Setting, y: dict[Key, Array], seed: int) -> tuple[dict[Key, Array], dict[Key, Array]]:
    """Random relative changes of all unknowns and parameters."""
    random = np.random.default_rng(seed)
    dy = {key: random.uniform(-1, 1, each.shape) * (np.abs(each) + 1e-6) for key, each in y.items()}
    dp = {
        key: random.uniform(-1, 1, np.shape(at.parameters[key])) * at.parameters[key]
        for key in real_parameters(at.system)
    }
    return dy, dp


def tangent_at(at: Setting, y: dict[Key, Array], dy: dict[Key, Array], dp: dict[Key, Array]) -> Setting:
    """The setting of the tangent system."""
    changes = {(owner, f"dot {name}"): each for (owner, name), each in dp.items()}
    return Setting(verify(tangent(at.system)), at.sizes, at.indices, {**at.parameters, **changes})


def both(y: dict[Key, Array], dy: dict[Key, Array]) -> dict[Key, Array]:
    return y | {(owner, f"dot {name}"): each for (owner, name), each in dy.items()}


@pytest.mark.parametrize("name", ALL)
def test_the_tangent_is_the_derivative_along_a_direction(name: str, request: pytest.FixtureRequest) -> None:
    model = made(name)
    at = setting(model.network, model.system)
    t = 0.023
    y, _ = random_state(at, initial(at, model.network), 5)
    dy, dp = directions(at, y, 6)
    along = tangent_at(at, y, dy, dp)
    now = evaluate(along, t, both(y, dy))
    rate, mass = rates(along, now), masses(along, now)
    stepped = {key: each + 1j * STEP * dy[key] for key, each in y.items()}
    moved = at.moved({key: 1j * STEP * each for key, each in dp.items()})
    later = evaluate(moved, t, stepped)
    rate_later, mass_later = rates(moved, later), masses(moved, later)
    for owner, own in y:
        wanted = np.imag(rate_later[owner, own] / mass_later[owner, own]) / STEP
        found = rate[owner, f"dot {own}"] / mass[owner, f"dot {own}"]
        scale = float(np.max(np.abs(rate[owner, own] / mass[owner, own])))
        assert found == pytest.approx(wanted, rel=1e-11, abs=1e-12 * scale), (owner, own)
    check_text(name, model, "tangent", request.config)


@pytest.mark.parametrize("name", ALL)
def test_dot_products_of_tangent_and_adjoint_agree(name: str) -> None:
    """lam^T (J dx + J_p dp) = dx^T (J^T lam) + dp^T (J_p^T lam), the running loss on both sides."""
    model = made(name)
    at = setting(model.network, model.system)
    t = 0.023
    y, lam = random_state(at, initial(at, model.network), 7)
    dy, dp = directions(at, y, 8)
    along = tangent_at(at, y, dy, dp)
    rate = rates(along, evaluate(along, t, both(y, dy)))
    adjoint_rate, shares = adjoint_at(at, t, y, lam, adjoint(at.system))
    left = [np.sum(each * rate[owner, f"dot {own}"]) for (owner, own), each in lam.items()]
    left += [np.sum(each) for (owner, own), each in rate.items() if owner == LOSS and own.startswith("dot ")]
    right = [np.sum(dy[key] * each) for key, each in adjoint_rate.items()]
    right += [np.sum(dp[key] * shares.get(key, np.zeros(()))) for key in dp]
    size = sum(abs(each) for each in (*left, *right))
    assert sum(left) == pytest.approx(sum(right), abs=1e-13 * size)


def test_only_the_directions_that_are_asked_for() -> None:
    system = from_text(BENCHES["hp"]).system
    along = verify(tangent(system, ["M.Ron"]))
    names = {each.symbol.name for owner in along.classes for each in owner.template.parameters}
    assert {name for name in names if name.startswith("dot ")} == {"dot Ron"}
    assert not any(each.symbol.name.startswith("dot ") for each in along.parameters)
    reads = {each.symbol.name for owner in along.edges for each in owner.template.reads}
    assert reads == {"p.v"}
    with pytest.raises(ValueError, match="Rom"):
        tangent(system, ["M.Rom"])


def test_a_direction_is_held_along_with_its_unknown() -> None:
    model = from_text(MOVING_BOUNDS)
    along = tangent(model.system)
    unknowns = {each.symbol.name: each for each in along.edges[0].template.unknowns}
    direction = unknowns["dot R"]
    assert direction.along == sympy.Symbol("R", real=True)
    assert direction.lower == sympy.Symbol("dot Rmin", real=True)
    assert direction.upper == 1.5 * sympy.Symbol("dot Rmax", real=True)
    assert direction.initial == 2 * sympy.Symbol("dot Rmin", real=True)


def test_assignments_of_events_are_differentiated() -> None:
    model = from_text(EVENT)
    along = verify(tangent(model.system))
    at = setting(model.network, model.system)
    y = {("M", "u"): np.array([0.6]), ("M", "n_s"): np.array([2.0])}
    dy = {("M", "u"): np.array([0.1]), ("M", "n_s"): np.array([-0.7])}
    dp = {("M", "Vth"): 0.05, ("M", "gain"): -0.2, ("", "circuit.A"): 0.4}
    full = Setting(
        along,
        at.sizes,
        at.indices,
        {**at.parameters, **{(owner, f"dot {name}"): np.asarray(each) for (owner, name), each in dp.items()}},
    )
    own = evaluate(full, 0.0, both(y, dy)).values["M"]
    (event,) = along.edges[0].template.events
    assigned = {symbol.name: value_of(value, own) for symbol, value in event.assignments}
    assert assigned["u"] == pytest.approx(0.3)
    assert assigned["dot u"] == pytest.approx(-0.2 * 1.0 + 0.3 * 0.4)
    assert assigned["n_s"] == pytest.approx(2 + 1.2)
    assert assigned["dot n_s"] == pytest.approx(-0.7 + 0.1 / 0.5 - 0.6 / 0.25 * 0.05)


@pytest.mark.parametrize("name", ALL)
def test_jacobian_entries_are_partial_derivatives(name: str, request: pytest.FixtureRequest) -> None:
    """Inputs of one template move, nothing else: its neighbours stay as they are."""
    model = made(name)
    at = setting(model.network, model.system)
    y, _ = random_state(at, initial(at, model.network), 9)
    now = evaluate(at, 0.023, y)
    for block in jacobian(model.system):
        template = block.owner.template
        own = dict(now.values[block.owner.name])
        for each in block.definitions:
            own[each.symbol] = value_of(each.value, own)
        found = {(each.output, each.variable): each.value for each in block.entries}
        moving = {each.symbol for each in quantities(template)} - {each.symbol for each in template.parameters}
        inputs = moving - {each.symbol for each in template.definitions}
        for variable in (*inputs, TIME):
            stepped: Values = dict(now.values[block.owner.name])
            stepped[variable] = stepped[variable] + 1j * STEP
            for each in template.definitions:
                stepped[each.symbol] = value_of(each.value, stepped)
            for output in {each.output for each in block.entries}:
                wanted = np.imag(value_of(output.value, stepped)) / STEP
                value = value_of(found[output, variable], own) if (output, variable) in found else np.zeros(())
                size = (at.sizes[block.owner.name],)
                assert np.broadcast_to(value, size) == pytest.approx(
                    np.broadcast_to(wanted, size), rel=1e-11, abs=1e-25
                )
    check_text(name, model, "jacobian", request.config)
