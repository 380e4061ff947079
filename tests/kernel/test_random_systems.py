"""Whatever the equations and the wiring: transposed derivatives are exact, and passes keep every bit."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcompiler.kernel.scalarise import is_small, scalarise
from mcompiler.kernel.verify import verify
from tests.kernel.cases import Case, assert_close, in_blocks, jacobian
from tests.kernel.random_systems import cases
from tests.kernel.test_passes import everything_it_does

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


@given(cases())
@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
def test_pullbacks(case: Case) -> None:
    n, events = len(case.y), int(case.z[2])
    lam = np.random.default_rng(5).normal(size=n)
    J = jacobian(case, "sweep", n, "K")
    Yb, pb = np.zeros(n), np.zeros(len(case.p))
    time = case.call("pullback", lam=lam, Yb=Yb, pb=pb)
    assert_close(Yb, J.y.T @ lam)
    assert_close(pb, J.p.T @ lam)
    assert_close(time, J.t @ lam)
    margins = jacobian(case, "guards", events, "g")
    for e in range(events):
        yb, pb = np.zeros(n), np.zeros(len(case.p))
        time = case.call("guard_pullback", e=e, seed=1.0, yb=yb, pb=pb)
        assert_close(yb, margins.y[e])
        assert_close(pb, margins.p[e])
        assert_close(time, margins.t[e])
        jump = jacobian(case, "reset", n, "y", e=e)
        moved, pb = lam.copy(), np.zeros(len(case.p))
        case.call("reset_pullback", e=e, lam=moved, pb=pb)
        assert_close(moved, jump.y.T @ lam)
        assert_close(pb, jump.p.T @ lam)


@given(cases())
@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
def test_scalarising(case: Case) -> None:
    module = verify(scalarise(case.module, case.layout, case.z))
    assert (module is not case.module) == is_small(case.layout, case.z)
    assert everything_it_does(replace(case, module=module)) == everything_it_does(case)


@given(cases(), st.integers(1, 4))
@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
def test_blocks(case: Case, size: int) -> None:
    blocks = in_blocks(case, size)
    n, parameters = len(case.y), len(case.p)
    rng = np.random.default_rng(7)
    K, a, lam = rng.normal(size=4 * n), np.array([0.3, 0.0, -0.7]), rng.normal(size=n)
    found: list[list[np.ndarray]] = []
    for each in (case, blocks):
        rows, Yb, pb = K.copy(), np.zeros(n), np.zeros(parameters)
        each.call("sweep", stage=3, h=0.1, a=a, K=rows)
        time = each.call("pullback", lam=lam, Yb=Yb, pb=pb)
        y = case.y + 0.1 * lam
        clipped = each.call("project", y=y)
        found.append([rows, Yb, pb, np.array([time]), y, np.array([float(clipped)])])
    for one, other in zip(*found, strict=True):
        assert_close(other, one)
