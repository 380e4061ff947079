"""Whatever the equations and the wiring: transposed derivatives are exact, and passes keep every bit."""

from dataclasses import replace

import numpy as np
from hypothesis import HealthCheck, given, settings

from mcompiler.kernel.scalarise import is_small, scalarise
from mcompiler.kernel.verify import verify
from tests.kernel.cases import Case, assert_close, jacobian
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
