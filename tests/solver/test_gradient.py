"""Gradients by name against differences of the same computation, on its mesh."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mcompiler as mc

FIT = """
circuit Bench {
  param A = 1[V]
  node top, mid
  S: VoltageSource(top, ground, V = A*sin(2*pi*1[Hz]*t))
  R: Resistor(top, mid, R = 1[kohm])
  C: Capacitor(mid, ground, C = 20[uF])
  M: HPJoglekar(mid, ground, w = 0.3, mu = 1e-14[m^2/(V*s)])
}
experiment loop on Bench {
  run to 1[s]
  save every 10[ms]: M.v, M.i
}
learning Fit on Bench {
  loss = (M.w - 0.5)^2
  loss at 0.25[s] = (mid.v/1[V])^2
  loss at 0.6[s] = (M.i/1[mA])^2
}
learning Running on Bench {
  loss over 0.2[s]..0.9[s] = (M.i/1[mA])^2
}
"""


def difference(loss: Callable[[float], float], at: float) -> float:
    """Sixth-order central difference with a step that balances truncation and round-off."""
    h = 3e-3 * (abs(at) or 1.0)
    return sum(weight * (loss(at + k * h) - loss(at - k * h)) for k, weight in ((1, 45.0), (2, -9.0), (3, 1.0))) / (
        60 * h
    )


@pytest.fixture(scope="session")
def fit() -> mc.Solver:
    return mc.compile(mc.parse(FIT), rtol=1e-5)


@pytest.mark.parametrize("method", ["rk4", "bs3", "tsit5", "dop853"])
def test_gradient_is_that_of_the_computed_numbers(fit: mc.Solver, method: str) -> None:
    options: dict[str, Any] = {"method": method} | ({"step": 2e-3} if method == "rk4" else {})
    value, gradient = fit.gradient(**options)
    assert fit.loss(mesh=gradient.mesh, **options) == pytest.approx(value, rel=1e-13)
    for name in ("A", "R.R", "C.C", "M.mu", "M.Roff"):
        at = float(fit.parameters[name])

        def loss(value: float, name: str = name) -> float:
            return fit.loss(parameters={name: value}, mesh=gradient.mesh, **options)

        found = difference(loss, at)
        assert gradient[name] * at == pytest.approx(found * at, rel=1e-9, abs=1e-13), name
    found = difference(lambda v: fit.loss(initial={"M.w": v}, mesh=gradient.mesh, **options), 0.3)
    assert gradient["M.w"] == pytest.approx(found, rel=1e-9)
    found = difference(lambda v: fit.loss(initial={"mid.v": v}, mesh=gradient.mesh, **options), 0.0)
    assert gradient["mid.v"] == pytest.approx(found, rel=1e-6, abs=1e-10)


def test_units(fit: mc.Solver) -> None:
    _, gradient = fit.gradient()
    assert gradient.units["R.R"] == "S"
    assert gradient.units["M.w"] == "1"
    assert gradient.units["A"] == "1/V"
    with pytest.raises(KeyError, match=r"M\.mu"):
        gradient["M.nu"]


def test_through_events(saw: mc.Solver) -> None:
    value, gradient = saw.gradient()
    # x(1.2) = gain * 1.2 - 2 Vth after two resets
    assert value == pytest.approx((0.4 - 0.1) ** 2, rel=1e-7)
    assert gradient["M.Vth"] == pytest.approx(-2 * 2 * 0.3, rel=1e-6)
    assert gradient["M.gain"] == pytest.approx(1.2 * 2 * 0.3, rel=1e-6)


def test_initial_values_that_are_expressions() -> None:
    text = """
    device D(p, n) { param g = 3[1/s]
      param k = 0.2
      state x = 2*k scale 1
      i = 1[S]*v
      dx/dt = -g*x }
    circuit B { param s = 0.5
      node a
      S: VoltageSource(a, ground, V = 0[V])
      M: D(a, ground)
      N: D(a, ground, x = s^2) }
    experiment e on B { run to 1[s]
      loss = M.x + 10*N.x }
    """
    _, gradient = mc.compile(mc.parse(text), rtol=1e-10).gradient()
    assert gradient["M.k"] == pytest.approx(2 * np.exp(-3), rel=1e-8)
    assert gradient["M.x"] == pytest.approx(np.exp(-3), rel=1e-8)
    assert gradient["s"] == pytest.approx(10 * 2 * 0.5 * np.exp(-3), rel=1e-8)


@pytest.mark.parametrize(("start", "slope"), [("1[V]", 0.0), ("A", 1.0), ("A^2/1[V]", 4.0)])
def test_nodes_that_start_at_an_expression(start: str, slope: float) -> None:
    text = f"""
    circuit B {{ param A = 2[V]
      node a
      C1: Capacitor(a, ground, C = 1[uF])
      R1: Resistor(a, ground, R = 1[kohm]) }}
    experiment e on B {{ run to 1[ms]
      initial a.v = {start}
      loss = a.v/1[V] }}
    """
    _, gradient = mc.compile(mc.parse(text), rtol=1e-10).gradient()
    assert gradient["A"] == pytest.approx(slope * np.exp(-1), rel=1e-8)
    assert gradient["a.v"] == pytest.approx(np.exp(-1), rel=1e-8)
