"""Derivatives on both sides of kinks, and which side a kink itself belongs to."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

from mcompiler.equations.functions import absolute, clip, floor, maximum, minimum, sign, step, where
from mcompiler.equations.functions import lt as less
from mcompiler.equations.system import Parameter, System, Template, Unknown, VertexClass
from mcompiler.kernel.from_equations import lower
from mcompiler.units import DIMENSIONLESS
from tests.kernel.cases import Case, assert_close, case_of, everything_case, jacobian
from tests.kernel.systems import symbol

X, A = symbol("x"), symbol("a")
NEAR = 1e-9

#: A function of x and a with a kink at x = a = 0.5, its slopes by x left of it, at it and right of it.
KINKS: dict[str, tuple[sympy.Expr, tuple[float, float, float]]] = {
    "minimum": (minimum(2 * X, 1 - 0 * A), (2.0, 2.0, 0.0)),
    "minimum turned": (minimum(1 + 0 * A, 2 * X), (2.0, 0.0, 0.0)),
    "maximum": (maximum(2 * X, 1 + 0 * A), (0.0, 2.0, 2.0)),
    "maximum turned": (maximum(1 + 0 * A, 2 * X), (0.0, 0.0, 2.0)),
    "where": (where(less(X, A), 3 * X, 5 * X), (3.0, 5.0, 5.0)),
    "where selects a derivative that is no number": (
        where(less(X, A), 3 * X, (X - A) ** sympy.Rational(1, 2) + 0 * X),
        (3.0, np.inf, np.nan),
    ),
    "absolute": (absolute(X - A), (-1.0, 0.0, 1.0)),
    "low end of clip": (clip(X, A, 2 * A), (0.0, 1.0, 1.0)),
    "high end of clip": (clip(X, A - 1, A), (1.0, 1.0, 0.0)),
    "sign": (sign(X - A) * X, (-1.0, 0.0, 1.0)),
    "step": (step(X - A) * X, (0.0, 1.0, 1.0)),
    "floor": (floor(X + A) * X, (0.0, 1.0, 1.0)),
}


def rate_case(rate: sympy.Expr, x: float) -> Case:
    template = Template(
        "kink", parameters=(Parameter(A, DIMENSIONLESS),), unknowns=(Unknown(X, DIMENSIONLESS, rate=rate),)
    )
    case = case_of(*lower(System("kink", (VertexClass("c", template),), ())), {"c": 1}, {})
    return case.at({"c.a": 0.5, "c.x": x})


def slope(case: Case) -> float:
    Yb = np.zeros(1)
    case.call("pullback", lam=np.ones(1), Yb=Yb, pb=np.zeros(1))
    return float(Yb[0])


@pytest.mark.parametrize("name", KINKS)
def test_slopes(name: str) -> None:
    rate, wanted = KINKS[name]
    for x, slope_there in zip((0.5 - NEAR, 0.5, 0.5 + NEAR), wanted, strict=True):
        case = rate_case(rate, x)
        if np.isfinite(slope_there):
            assert slope(case) == slope_there
        if x != 0.5 and np.isfinite(slope_there):
            assert_close(jacobian(case, "sweep", 1, "K").y, [[slope_there]])


def near(values: dict[str, Any], sides: int) -> dict[str, Any]:
    return {key: (np.asarray(value) + sides * NEAR).tolist() for key, value in values.items()}


BOUNDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "unknowns at their bounds": lambda side: near({"cells.u": [-0.5, 1.1], "M.w": [0.0, 1.0, 0.0, 1.0]}, side),
    "rates of the other sign": lambda side: near({"cells.u": [-0.5, 1.1]}, side) | {"cells.tau": -1.0, "M.mu": -1.0},
    "the larger of two": lambda side: near({"M.w": 0.5}, side),
    "bounds that move": lambda side: {"M.w": 0.75} | near({"M.top": 0.75, "cells.high": 0.3}, side),
}


@pytest.mark.parametrize("side", [-1, 0, 1])
@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(name: str, side: int) -> None:
    """The transposed derivative is that of the branch that the rates take, also exactly at a bound."""
    case = everything_case(dense=True).at(BOUNDS[name](side))
    J = jacobian(case, "sweep", len(case.y), "K")
    lam, Yb, pb = np.random.default_rng(4).normal(size=len(case.y)), np.zeros(len(case.y)), np.zeros(len(case.p))
    case.call("pullback", lam=lam, Yb=Yb, pb=pb)
    assert_close(Yb, J.y.T @ lam)
    assert_close(pb, J.p.T @ lam)


def test_no_gradient_passes_a_state_that_is_held() -> None:
    case = everything_case(dense=False).at({"M.w": 0.0, "M.mu": -40.0, "nodes.v": 2.0})
    held = case.unknown(case.rates(), "M", "w") == 0.0
    assert held.all()
    lam, Yb, pb = np.zeros(len(case.y)), np.zeros(len(case.y)), np.zeros(len(case.p))
    case.unknown(lam, "M", "w")[:] = 1.0
    case.call("pullback", lam=lam, Yb=Yb, pb=pb)
    assert not Yb.any()
    assert not pb.any()
