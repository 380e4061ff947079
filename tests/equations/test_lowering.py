"""Forward and tangent systems become kernels that compute the same: the translation against this room's own interpreter."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from mcompiler.equations.system import System
from mcompiler.equations.tangent import tangent
from mcompiler.kernel import abi
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.layout import bind, parameter_slice, unknown_slice
from tests.equations.benches import BENCHES, EXAMPLES
from tests.equations.evaluate import Array, Key, Setting, evaluate, initial, masses, rates, setting
from tests.equations.models import from_text, made
from tests.equations.test_adjoint import MOVING_BOUNDS
from tests.equations.test_tangent import both, directions, tangent_at


def stage_derivative(at: Setting, t: float, y: Mapping[Key, Array]) -> dict[Key, Array]:
    """The sweep kernel of a system, by class and unknown."""
    module, layout = lower(at.system)
    z = bind(layout, at.sizes, at.indices)
    n, arrays = int(z[abi.N_UNKNOWNS]), {}
    p, values = np.zeros(int(z[abi.N_PARAMETERS])), np.zeros(n)
    for (owner, name), value in at.parameters.items():
        p[parameter_slice(layout, z, owner, name)] = value
    for (owner, name), value in y.items():
        values[unknown_slice(layout, z, owner, name)] = value
    rows, scratch = np.zeros(n), np.zeros(int(z[abi.N_SCRATCH]))
    interpret(module)["sweep"](0, t, 0.0, np.zeros(1), 0, values, rows, p, z, scratch)
    for owner, name in y:
        arrays[owner, name] = rows[unknown_slice(layout, z, owner, name)].copy()
    return arrays


def inside(system: System, start: Mapping[Key, Array]) -> dict[Key, Array]:
    """A state near the start, within all bounds."""
    random = np.random.default_rng(11)
    moved = {
        key: each + random.uniform(0.05, 0.2, each.shape) * np.where(each == 0, 1e-3, np.abs(each))
        for key, each in start.items()
    }
    assert {key[0] for key in moved} <= {each.name for each in system.classes}
    return moved


@pytest.mark.parametrize("name", [*BENCHES, *EXAMPLES, "crossbar", "net"])
def test_kernels_compute_the_equations(name: str) -> None:
    model = made(name)
    at = setting(model.network, model.system)
    y = inside(at.system, initial(at, model.network))
    dy, dp = directions(at, y, 4)
    for here, state in ((at, y), (tangent_at(at, y, dy, dp), both(y, dy))):
        now = evaluate(here, 0.023, state)
        rate, mass = rates(here, now), masses(here, now)
        found = stage_derivative(here, 0.023, state)
        for key, value in rate.items():
            wanted = value / mass[key]
            scale = float(np.max(np.abs(wanted)))
            assert found[key] == pytest.approx(wanted, rel=1e-12, abs=1e-13 * scale), key


def test_a_direction_is_clipped_and_held_with_its_unknown() -> None:
    """Beyond a bound the direction is that of the bound; at a bound that holds the state, it does not move."""
    model = from_text(MOVING_BOUNDS)
    at = setting(model.network, model.system)
    direction = {("M", "Rmin"): 3.0, ("M", "Rmax"): 5.0, ("M", "k"): 0.0, ("", "circuit.A"): 0.0}
    changes = {(owner, f"dot {name}"): np.asarray(each) for (owner, name), each in direction.items()}
    along = Setting(tangent(model.system), at.sizes, at.indices, {**at.parameters, **changes})

    def rate(resistance: float, change: float, voltage: float) -> tuple[float, float]:
        moved = along.moved({("", "circuit.A"): voltage - 1.0})
        found = stage_derivative(moved, 0.0, {("M", "R"): np.array([resistance]), ("M", "dot R"): np.array([change])})
        return float(found["M", "R"][0]), float(found["M", "dot R"][0])

    assert rate(3e3, 7.0, 1.0) == (2e3 - 2e3, 3.0 - 7.0)
    assert rate(500.0, 7.0, 1.0) == (2e3, 0.0)  # clipped to Rmin: (dot R - dot Rmin) is 3 - 3
    assert rate(1e3, 7.0, -1.0) == (0.0, 0.0)  # held at Rmin
    assert rate(16e3, 7.0, 1.0) == (2e3 - 14e3, 3.0 - 7.5)  # clipped to 1.5*Rmax
    assert rate(15e3, 7.0, 8.0) == (0.0, 0.0)  # held at 1.5*Rmax
