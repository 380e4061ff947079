"""Transposed derivatives against complex steps of the forward kernels."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcompiler.equations.system import LOSS
from mcompiler.kernel.layout import parameter_slice
from mcompiler.kernel.scalarise import scalarise
from tests.kernel.cases import Case, Floats, assert_close, everything_case, hp_case, in_blocks, jacobian

#: Times at which the sources of the system that has everything are on different pieces.
TIMES = (0.05, 0.4, 1.0, 2.3, 4.1)


def scalar() -> Case:
    case = everything_case(dense=False)
    return replace(case, module=scalarise(case.module, case.layout, case.z))


CASES = {
    "hp": hp_case().at({"M.w": 0.7}),
    "with loops": everything_case(dense=False),
    "dense": everything_case(dense=True),
    "in blocks": in_blocks(everything_case(dense=False)),
    "dense in blocks": in_blocks(everything_case(dense=True)),
    "without loops": scalar(),
}


@pytest.fixture(params=[(name, t) for name in CASES for t in TIMES], ids=lambda each: f"{each[0]} at {each[1]}")
def case(request: pytest.FixtureRequest) -> Case:
    name, t = request.param
    return CASES[name].at({"t": t})


def drawn(count: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(size=count)


def test_pullback(case: Case) -> None:
    J = jacobian(case, "sweep", len(case.y), "K")
    lam, Yb, pb = drawn(len(case.y) + 2), np.zeros(len(case.y) + 3), np.zeros(len(case.p))
    time = case.call("pullback", lam=lam, lam0=2, Yb=Yb, Yb0=3, pb=pb)
    assert_close(Yb[3:], J.y.T @ lam[2:])
    assert_close(pb, J.p.T @ lam[2:])
    assert_close(time, J.t @ lam[2:])
    assert not Yb[:3].any()


def test_a_power_of_a_negative_base() -> None:
    """Below half the window's base is negative: there its derivative by the exponent is that of the magnitude, which no complex step gives."""
    case = hp_case().at({"M.w": 0.3})
    J = jacobian(case, "sweep", 1, "K")
    Yb, pb = np.zeros(1), np.zeros(len(case.p))
    case.call("pullback", lam=np.ones(1), Yb=Yb, pb=pb)
    assert_close(Yb, J.y[0])
    mu, p, i = case.parameter("M", "mu")[0], case.parameter("M", "p")[0], case.rates()[0] / 1e4 / (1 - 0.4**4)
    assert_close(pb[parameter_slice(case.layout, case.z, "M", "p")], [-mu * i * 0.4 ** (2 * p) * 2 * np.log(0.4)])


def test_gradients_are_added(case: Case) -> None:
    lam, Yb, pb = drawn(len(case.y)), np.zeros(len(case.y)), np.zeros(len(case.p))
    case.call("pullback", lam=lam, Yb=Yb, pb=pb)
    more, further = Yb + 1.0, pb - 2.0
    case.call("pullback", lam=lam, Yb=more, pb=further)
    assert_close(more, 2.0 * Yb + 1.0)
    assert_close(further, 2.0 * pb - 2.0)


def test_initial_pullback(case: Case) -> None:
    J = jacobian(case, "initial", len(case.y), "y")
    lam, pb = drawn(len(case.y)), np.zeros(len(case.p))
    before = lam.copy()
    case.call("initial_pullback", lam=lam, pb=pb)
    assert_close(pb, J.p.T @ before)
    assert (lam == before).all()


def outside(case: Case) -> Case:
    """The case with some unknowns beyond their bounds on either side."""
    if any(each.name == "cells" for each in case.layout.classes):
        return case.at({"cells.u": [-0.9, 1.5], "M.w": [-0.2, 0.4, 1.3, 0.9]})
    return case.at({"M.w": 1.25})


def test_project_pullback(case: Case) -> None:
    moved = outside(case)
    J = jacobian(moved, "project", len(case.y), "y")
    lam, pb = drawn(len(case.y)), np.zeros(len(case.p))
    before = lam.copy()
    moved.call("project_pullback", lam=lam, pb=pb)
    assert_close(lam, J.y.T @ before)
    assert_close(pb, J.p.T @ before)


def test_pullback_where_unknowns_are_beyond_their_bounds(case: Case) -> None:
    test_pullback(outside(case))


def events(case: Case) -> range:
    return range(int(case.z[2]))


def test_guard_pullback(case: Case) -> None:
    J = jacobian(case, "guards", len(events(case)), "g")
    for e in events(case):
        yb, pb = np.zeros(len(case.y)), np.zeros(len(case.p))
        time = case.call("guard_pullback", e=e, seed=-1.7, yb=yb, pb=pb)
        assert_close(yb, -1.7 * J.y[e])
        assert_close(pb, -1.7 * J.p[e])
        assert_close(time, -1.7 * J.t[e])


def test_reset_pullback(case: Case) -> None:
    for e in events(case):
        J = jacobian(case, "reset", len(case.y), "y", e=e)
        lam, pb = drawn(len(case.y), e), np.zeros(len(case.p))
        before = lam.copy()
        time = case.call("reset_pullback", e=e, lam=lam, pb=pb)
        assert_close(lam, J.y.T @ before)
        assert_close(pb, J.p.T @ before)
        assert_close(time, J.t @ before)


def test_loss_pullback(case: Case) -> None:
    data: Any = np.array([9.0, 0.3, -0.4])
    for term in range(len(case.layout.losses)):
        J = jacobian(case, "loss", 1, "", term=term, d=data, d0=1)
        yb, pb = np.zeros(len(case.y)), np.zeros(len(case.p))
        time = case.call("loss_pullback", term=term, seed=0.6, d=data, d0=1, yb=yb, pb=pb)
        assert_close(yb, 0.6 * J.y[0])
        assert_close(pb, 0.6 * J.p[0])
        assert_close(time, 0.6 * J.t[0])


def test_an_event_or_loss_that_there_is_not(case: Case) -> None:
    """Kernels do nothing and give 0 for numbers outside."""
    for number in (-1, len(events(case)), 99):
        yb, pb, y = np.zeros(len(case.y)), np.zeros(len(case.p)), case.y.copy()
        assert case.call("guard_pullback", e=number, seed=1.0, yb=yb, pb=pb) == 0.0
        assert case.call("loss_pullback", term=-1 - abs(number), seed=1.0, d=np.zeros(2), yb=yb, pb=pb) == 0.0
        assert case.call("loss", term=-1 - abs(number), d=np.zeros(2)) == 0.0
        case.call("reset", e=number, y=y)
        assert not yb.any()
        assert not pb.any()
        assert (y == case.y).all()


def test_the_loss_reaches_the_members_it_reads() -> None:
    """The chain from a memristor's state to the loss and back."""
    case = CASES["dense"]
    yb, pb = np.zeros(len(case.y)), np.zeros(len(case.p))
    case.call("loss_pullback", term=0, seed=1.0, d=np.array([0.3, 0.0]), yb=yb, pb=pb)
    wanted = np.zeros(len(case.y))
    case.unknown(wanted, "nodes", "v")[1] = 2.0 * (case.unknown(case.y, "nodes", "v")[1] - 0.3)
    case.unknown(wanted, "M", "w")[2] = 0.5 * case.t
    assert_close(yb, wanted)
    running = np.zeros(len(case.y))
    case.call("loss_pullback", term=1, seed=2.0, d=np.zeros(2), yb=running, pb=pb)
    assert case.unknown(running, LOSS, "integral") == 2.0
    assert np.count_nonzero(running) == 1
