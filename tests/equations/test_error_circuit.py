"""The error network of a memristor circuit is the same circuit, linearised and driven by the loss (MATH 3b, equation 2): by hand, node by node."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
import pytest

from mcompiler.equations.error_network import error_network
from mcompiler.equations.fixed_point import frozen
from mcompiler.equations.nudged import nudged
from mcompiler.equations.system import System
from mcompiler.equations.verify import verify
from mcompiler.kernel import abi
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.layout import bind, unknown_slice
from mcompiler.network.binding import bindings
from tests.equations.evaluate import setting
from tests.equations.models import Made, from_text
from tests.equations.tanh_networks import Floats, Running
from tests.equations.test_printing_fixed_point import SETTLING

A, GMIN = 1.0, 1e-6
STATES = {"M": np.array([0.5]), "W": np.array([0.2, 0.5]), "D": np.array([0.5, 0.5])}
MAXIMA = {"M": 400e-6, "W": 100e-6, "D": 30e-6}


def circuit(model: Made, of: System) -> Running:
    """The kernels of a system derived from the circuit, the states of its memristors held."""
    module, layout = lower(of)
    z = bind(layout, *bindings(model.network))
    held = {(name, "w"): each for name, each in STATES.items()}
    values = dict(setting(model.network, model.system).parameters) | held
    return Running(module, layout, z, np.zeros(int(z[abi.N_PARAMETERS]))).with_numbers(values)


def by_hand() -> tuple[Floats, Floats, dict[str, Floats]]:
    """Node voltages (mid, out[0], out[1]), the adjoint Y lam = c, and dC/dw of every memristor."""
    G = {name: GMIN + (MAXIMA[name] - GMIN) * each for name, each in STATES.items()}
    m, (w0, w1), (d0, d1) = G["M"][0], G["W"], G["D"]
    Y = np.array([[m + w0 + w1, -w0, -w1], [-w0, w0 + d0, 0.0], [-w1, 0.0, w1 + d1]])
    mid, out0, out1 = v = np.linalg.solve(Y, [m * A, 0.0, 0.0])
    slope = np.array([-m * out1 / 1e-6, 2 * (out0 - 0.2), m * (A - mid) / 1e-6])
    lam = np.linalg.solve(Y, slope)
    drops = {"M": np.array([-lam[0]]), "W": lam[0] - lam[1:], "D": lam[1:]}
    forward = {"M": np.array([A - mid]), "W": mid - v[1:], "D": v[1:]}
    by_conductance = {name: -drops[name] * forward[name] for name in G}
    by_conductance["M"] = by_conductance["M"] + (A - mid) * out1 / 1e-6  # M.i stands in the loss
    by_state = {name: np.float64(MAXIMA[name] - GMIN) * each for name, each in by_conductance.items()}
    return (
        v.astype(np.float64),
        lam.astype(np.float64),
        {name: each.astype(np.float64) for name, each in by_state.items()},
    )


def test_the_error_network_of_a_circuit_is_that_circuit_driven_by_the_loss() -> None:
    model = from_text(SETTLING)
    held = frozen(model.system)
    wanted_by = [*(f"{name}.w" for name in STATES), "circuit.A"]
    both = circuit(model, verify(error_network(held, gradients=wanted_by)))
    library = both.on("python")
    y = both.settle(library, end=1.2, step=2e-3).y
    v, lam, gradient = by_hand()
    assert y[unknown_slice(both.layout, both.z, "nodes", "v")] == pytest.approx(v, rel=1e-12)
    assert y[unknown_slice(both.layout, both.z, "nodes", "error v")] == pytest.approx(lam, rel=1e-12)
    for name, wanted in gradient.items():
        assert both.observed(library, y, name, "back w") == pytest.approx(wanted, rel=1e-11)
    through_source = both.observed(
        library, y, "S", "back circuit.A"
    )  # the circuit's parameter stands in the source alone
    m = GMIN + (MAXIMA["M"] - GMIN) * STATES["M"]
    assert through_source == pytest.approx(m * (lam[0] + v[2] / 1e-6), rel=1e-11)


def test_nudged_it_moves_by_the_adjoint() -> None:
    """A net of two-terminal elements has an energy (its co-content): injecting -beta dC/dv moves the voltages by -lam."""
    model = from_text(SETTLING)
    pushed = circuit(model, verify(nudged(frozen(model.system))))
    library, (v, lam, _), strength = pushed.on("numba"), by_hand(), 1e-12
    ends = [
        pushed.with_numbers({("", "nudge beta"): beta}).settle(library, end=1.2, step=2e-3).y
        for beta in (strength, -strength)
    ]
    where = unknown_slice(pushed.layout, pushed.z, "nodes", "v")
    assert (ends[0][where] + ends[1][where]) / 2 == pytest.approx(v, rel=1e-11)
    assert -(ends[0][where] - ends[1][where]) / (2 * strength) == pytest.approx(lam, rel=1e-6)
