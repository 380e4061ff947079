"""Error networks and nudged systems of circuits: their equations against complex steps of the forward ones, and as they are printed."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
import pytest

from mcompiler.equations.error_network import error_network
from mcompiler.equations.nudged import nudged
from mcompiler.equations.shown import Equations
from mcompiler.equations.system import LOSS
from mcompiler.equations.verify import verify
from tests.equations.evaluate import Array, Key, Setting, evaluate, initial, rates, setting, value_of
from tests.equations.golden import check_text
from tests.equations.hamiltonian import STEP, by_complex_step, random_state
from tests.equations.models import Made, from_text, made

SETTLING = """
circuit Divider {
  size N = 2
  param A = 1[V]
  node top, mid, out[N]
  S: VoltageSource(top, ground, V = A)
  M: SinhRate(top, mid, Gmax = 400[uS])
  C0: Capacitor(mid, ground, C = 2[uF])
  W[i in N]: SinhRate(mid, out[i], w = 0.2 + 0.3*i)
  C[i in N]: Capacitor(out[i], ground, C = 1[uF])
  D[i in N]: SinhRate(out[i], ground, Gmax = 30[uS])
}
learning Fit on Divider {
  loss = (out[0].v/1[V] - 0.2)^2 + M.i*out[1].v/1[uW]
}
experiment run on Divider { run to 1[ms] }
"""


def model() -> Made:
    return from_text(SETTLING)


def loss_of(at: Setting, y: dict[Key, Array]) -> complex:
    """The loss at a state."""
    (term,) = at.system.losses
    return complex(np.sum(value_of(term.value, evaluate(at, 0.0, y).values[LOSS])))


def test_the_printed_error_network_is_that_of_the_circuit(request: pytest.FixtureRequest) -> None:
    """Rates of errors of all nodes against complex steps of e^T f + C; both kinds of nodes and of elements."""
    one = model()
    at = setting(one.network, one.system)
    y, _ = random_state(at, initial(at, one.network), 8)
    errors = {("nodes", "v"): np.array([0.3, -0.7, 0.5]) * 1e6}

    def energy(here: Setting, state: dict[Key, Array]) -> complex:
        moved = rates(here, evaluate(here, 0.0, state))
        return complex(np.sum(errors["nodes", "v"] * moved["nodes", "v"]) + loss_of(here, state))

    by_y, _ = by_complex_step(at, y, energy)
    both = at.of(verify(error_network(one.system)))
    state = y | {(owner, f"error {name}"): each for (owner, name), each in errors.items()}
    found = rates(both, evaluate(both, 0.0, state))
    assert found["nodes", "error v"] == pytest.approx(by_y["nodes", "v"], rel=1e-12)
    for form in ("text", "latex", "mem"):
        check_text("divider", one, "error-network", request.config, form)


def test_the_printed_nudge_is_the_slope_of_the_loss(request: pytest.FixtureRequest) -> None:
    one = model()
    at = setting(one.network, one.system)
    y, _ = random_state(at, initial(at, one.network), 9)
    pushed = Setting(
        verify(nudged(one.system)), at.sizes, at.indices, {**at.parameters, ("", "nudge beta"): np.asarray(3e-6)}
    )
    force = rates(pushed, evaluate(pushed, 0.0, y))["nodes", "v"] - rates(at, evaluate(at, 0.0, y))["nodes", "v"]
    units = np.eye(3)
    moved = [{**y, ("nodes", "v"): y["nodes", "v"] + 1j * STEP * unit} for unit in units]
    slopes = [loss_of(at, each).imag / STEP for each in moved]
    assert force == pytest.approx(-3e-6 * np.array(slopes), rel=1e-9)
    for form in ("text", "latex", "mem"):
        check_text("divider", one, "nudged", request.config, form)


@pytest.mark.parametrize("name", ["hp", "net"])
def test_a_model_without_a_loss_at_the_end_has_none(name: str) -> None:
    one = made(name)
    equations = Equations(one.system, one.network, one.model)
    message = (
        "has no loss: an error or a nudge would be of nothing"
        if name == "hp"
        else "loss 0 of Net is taken over an interval"
    )
    for derive in (equations.error_network, equations.nudged):
        with pytest.raises(ValueError, match=message):
            derive()


def test_they_are_shown_by_name() -> None:
    one = model()
    equations = Equations(one.system, one.network, one.model)
    assert "c*derror_v/dt = " in str(equations.error_network())
    assert "nudge_beta*" in str(equations.nudged())
    assert (
        r"\dot{e_{v}}" in equations.error_network().to_latex() or r"\dot{e}_{v}" in equations.error_network().to_latex()
    )
