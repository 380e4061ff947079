"""Adjoints against complex steps of the forward equations, which know nothing of our derivatives."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.system import LOSS
from mcompiler.equations.verify import verify
from tests.equations.benches import BENCHES, EXAMPLES
from tests.equations.evaluate import (
    Array,
    Key,
    Setting,
    evaluate,
    gradient_shares,
    initial,
    masses,
    rates,
    setting,
    value_of,
)
from tests.equations.golden import check_text
from tests.equations.hamiltonian import adjoint_at, by_complex_step, hamiltonian, random_state
from tests.equations.models import CROSSBAR, from_text, made


def close(found: dict[Key, Array], wanted: dict[Key, Array]) -> None:
    for key, value in wanted.items():
        scale = max(1e-300, float(np.max(np.abs(value))))
        assert found.get(key, np.zeros_like(value)) == pytest.approx(value, rel=1e-11, abs=1e-12 * scale), key


@pytest.mark.parametrize("name", [*BENCHES, *EXAMPLES, "crossbar", "net"])
def test_adjoint_and_gradient_are_the_transposed_derivative(name: str, request: pytest.FixtureRequest) -> None:
    model = made(name)
    verify(adjoint(model.system))
    at = setting(model.network, model.system)
    for seed, t in ((0, 0.0113), (1, 0.037)):
        y, lam = random_state(at, initial(at, model.network), seed)
        now = evaluate(at, t, y)
        value = hamiltonian(t, lam, rates(at, now), masses(at, now))
        found, shares = adjoint_at(at, t, y, lam)
        unknowns, parameters = by_complex_step(at, y, value)
        close(found, {key: each for key, each in unknowns.items() if key[0] != LOSS})
        close(shares, parameters)
    check_text(name, model, "adjoint", request.config)
    check_text(name, model, "gradient", request.config)


def test_a_loss_over_an_interval_counts_only_inside_it() -> None:
    model = from_text(CROSSBAR)
    at = setting(model.network, model.system)
    y, lam = random_state(at, initial(at, model.network), 0)
    nothing = {key: np.zeros_like(each) for key, each in lam.items()}
    for t, is_taken in ((0.0099, False), (0.0101, True), (0.0399, True), (0.0401, False)):
        found, shares = adjoint_at(at, t, y, nothing)
        assert any(np.any(each != 0) for each in found.values()) == is_taken
        assert any(np.any(each != 0) for each in shares.values()) == is_taken


def loss_value(at: Setting, t: float, y: dict[Key, Array], term: int) -> Array:
    """The value of a loss at an instant."""
    return value_of(at.system.losses[term].value, evaluate(at, t, y).values[LOSS])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_jumps_are_the_derivatives_of_losses_at_instants(place: int) -> None:
    model = from_text(CROSSBAR)
    at = setting(model.network, model.system)
    backward = adjoint(model.system)
    y, lam = random_state(at, initial(at, model.network), 3)
    t = 0.02
    found, shares = adjoint_at(at, t, y, lam, backward.jumps[place])
    unknowns, parameters = by_complex_step(at, y, lambda at, y: np.sum(loss_value(at, t, y, place + 1)))
    close(found, {key: each for key, each in unknowns.items() if key[0] != LOSS})
    close(shares, parameters)


TWO = """
circuit Two {
  node top
  S: VoltageSource(top, ground, V = 1[V])
  M: SinhRate(top, ground, w = 0.3)
  N: SinhRate(top, ground, w = 0.7)
}
learning Fit on Two { loss = M.w*N.w }
"""


def test_the_slope_of_a_product_of_signals_is_a_signal() -> None:
    """What is a sum at the loss in the forward system is published under a name of its own: edges cannot read sums."""
    model = from_text(TWO)
    at = setting(model.network, model.system)
    backward = verify(adjoint(model.system))
    (key,) = y = initial(at, model.network)
    found, _ = adjoint_at(at, 0.0, y, {key: np.zeros(2)}, backward.jumps[0])
    assert list(y[key]) == [0.3, 0.7]
    assert list(found[key]) == [0.7, 0.3]


def test_initial_values_that_are_expressions_of_parameters() -> None:
    model = from_text(CROSSBAR)
    at = setting(model.network, model.system)
    y = initial(at, model.network)
    now = evaluate(at, 0.0, y)
    lam = {key: np.full_like(each, 0.7) for key, each in y.items() if key[0] != LOSS}
    named = {(owner, f"lam {name}"): each for (owner, name), each in lam.items()}
    backward = at.of(adjoint(model.system))
    shares = gradient_shares(backward, evaluate(backward, 0.0, named, now), "start")

    def value(at: Setting, _: object) -> Any:
        started = initial(at, model.network)
        return sum(np.sum(0.7 * masses_now[key] * started[key]) for key in lam)

    masses_now = masses(at, now)
    _, parameters = by_complex_step(at, y, value)
    assert parameters["back", "turns"] != 0
    assert parameters["back", "I0"] != 0
    close(shares, parameters)


MOVING_BOUNDS = """
device Slider(p, n) "A resistance whose bounds and start are parameters" {
  param Rmin = 1[kohm]
  param Rmax = 10[kohm]
  param k = 2[kohm/(V*s)]
  state R: ohm in [Rmin, 1.5*Rmax] = 2*Rmin
  i = v/R
  dR/dt = k*v - (R - Rmin)/1[s]
}
circuit Bench {
  param A = 1[V]
  node top
  S: VoltageSource(top, ground, V = A)
  M: Slider(top, ground)
}
"""


@pytest.mark.parametrize(
    ("resistance", "voltage", "held"),
    [(1e3, -1.0, True), (1e3, 1.0, False), (3e3, -1.0, False), (15e3, 8.0, True), (15e3, 1.0, False)],
)
def test_a_state_that_a_bound_holds_passes_no_adjoint_on(resistance: float, voltage: float, held: bool) -> None:
    model = from_text(MOVING_BOUNDS)
    at = setting(model.network, model.system).moved({("", "circuit.A"): voltage - 1.0})
    y = {("M", "R"): np.array([resistance])}
    found, shares = adjoint_at(at, 0.0, y, {("M", "R"): np.array([1.0])})
    assert found["M", "R"][0] == (0.0 if held else -1.0)
    assert shares["M", "k"] == (0.0 if held else voltage)


def test_what_a_bound_gives_to_its_parameters_when_it_is_reached() -> None:
    model = from_text(MOVING_BOUNDS)
    at = setting(model.network, model.system)
    backward = at.of(verify(adjoint(model.system)))
    y = {("M", "R"): np.array([1e3])}
    now = evaluate(backward, 0.0, {("M", "lam R"): np.array([3.0])}, evaluate(at, 0.0, y))
    assert gradient_shares(backward, now, "lower") == {("M", "Rmin"): 3.0}
    assert gradient_shares(backward, now, "upper") == {("M", "Rmax"): pytest.approx(4.5)}
    assert gradient_shares(backward, now, "start") == {("M", "Rmin"): 6.0}


def test_what_nobody_reads_has_no_adjoint() -> None:
    """The current into a driven node and the capacitance at a node that stays: nothing is derived that nobody needs."""
    backward = adjoint(from_text(BENCHES["hp"]).system)
    (source,) = backward.vertices
    assert [each.symbol.name for each in source.template.definitions] == ["bar V"]
    assert not backward.edges[0].template.reads


def test_names_of_the_users_are_kept_apart_from_derived_ones() -> None:
    text = BENCHES["hp"].replace("HP(top", "Odd(top") + (
        "device Odd(p, n) { param lam_w = 2[1/(A*s)]\n param bar_i = 3[ohm]\n state w in [0, 1] = 0.5\n i = v/(bar_i*(1 + w))\n dw/dt = lam_w*i }"
    )
    model = from_text(text)
    verify(adjoint(model.system))
    symbols = {each for owner in adjoint(model.system).classes for each in owner.template.unknowns[:1]}
    assert sympy.Symbol("lam w", real=True) in {each.symbol for each in symbols}
