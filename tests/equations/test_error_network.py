"""Error networks against the fixed-point adjoint of a hand-written network, finite differences, its spectrum, and the trajectory adjoint (MATH 3a, 3c)."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
import pytest

from mcompiler.equations.error_network import error_network
from mcompiler.equations.verify import verify
from tests.equations.tanh_networks import Form, numbers, running, system

FORMS: tuple[Form, ...] = ("A", "B")


@pytest.mark.parametrize("sees", ["x", "r"])
@pytest.mark.parametrize("bends", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_error_network_rests_at_the_fixed_point_adjoint(form: Form, sees: str, *, bends: bool) -> None:
    given = numbers(form, sees=sees, bends=bends)
    both = running(verify(error_network(system(form, sees=sees, bends=bends))), given.values)
    run = both.settle(both.on("python"))
    assert both.of(run.y, "x") == pytest.approx(given.fixed_point(), abs=1e-12)
    print("error", np.max(np.abs(both.of(run.y, "error x") - given.adjoint())))
    assert both.of(run.y, "error x") == pytest.approx(given.adjoint(), abs=1e-12)
