"""Forward kernels against formulas written by hand."""

import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest

from mcompiler.equations.system import LOSS, TIME, Parameter, System, Template, Unknown, VertexClass
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.scalarise import scalarise
from mcompiler.units import DIMENSIONLESS
from tests.kernel.cases import Case, assert_close, case_of, everything_case, hp_case, in_blocks, in_tasks
from tests.kernel.formulas import Everything
from tests.kernel.systems import symbol


def scalar(case: Case) -> Case:
    return replace(case, module=scalarise(case.module, case.layout, case.z))


CASES = {
    "with loops": everything_case(dense=False),
    "dense": everything_case(dense=True),
    "in blocks": in_blocks(everything_case(dense=False)),
    "dense in blocks": in_blocks(everything_case(dense=True)),
    "dense in tasks": in_tasks(everything_case(dense=True)),
    "without loops": scalar(everything_case(dense=False)),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.mark.parametrize("t", [0.0, 0.4, 0.71, 0.9, 1.5, 2.6, 3.3, 4.1])
def test_rates(case: Case, t: float) -> None:
    case = case.at({"t": t})
    wanted = Everything(case).rates
    found = case.rates()
    for (owner, name), values in wanted.items():
        assert_close(case.unknown(found, owner, name), values, 1e-14)
    assert sum(map(len, wanted.values())) == len(found)


@pytest.mark.parametrize(
    "values",
    [
        {"cells.u": [-0.5, 1.1]},
        {"cells.u": [-0.5, 1.1], "cells.tau": -1.0},
        {"cells.u": [-3.0, 3.0], "M.w": [-1.0, 2.0, 0.0, 1.0]},
        {"M.w": [0.0, 1.0, 0.0, 1.0], "M.mu": -1.0, "M.top": 1.0},
        {"M.w": 0.5, "M.top": 0.5},
    ],
)
def test_rates_at_and_beyond_bounds(case: Case, values: dict[str, Any]) -> None:
    test_rates(case.at(values), 0.4)


@pytest.mark.parametrize("weights", [[0.0, 0.0, 0.0], [0.0, 0.7, 0.0], [0.3, 0.0, -0.8], [0.3, -0.4, 0.8]])
def test_the_end_of_a_step(case: Case, weights: list[float]) -> None:
    """The last stage gives what the sums over all stages, this one included, give; rows of K stay, and what is not a number is told."""
    n, h = len(case.y), 0.01
    draw = np.random.default_rng(3)
    K, a = draw.normal(size=4 * n), np.array([*weights, 9.0, *weights[::-1], 0.25])
    before = K.copy()
    stages = K.copy()
    case.call("sweep", stage=3, h=h, a=a, a0=0, K=stages)
    v = np.zeros(n)
    assert case.call("finish", stage=3, h=h, a=a, a0=0, b0=4, K=K, v=v) == 0.0
    assert_close(v, case.y + h * (a[4:8] @ stages.reshape(4, n)), 1e-14)
    assert np.array_equal(K, before)
    for place in range(n):
        broken = case.y.copy()
        broken[place] = np.inf
        assert np.isnan(replace(case, y=broken).call("finish", stage=0, h=h, a=a, a0=0, b0=0, K=K, v=v))


def test_a_later_stage(case: Case) -> None:
    """A stage adds to the state what the coefficients make of the stages before it; rows of others are left alone."""
    n, draw = len(case.y), np.random.default_rng(3)
    K, a = draw.normal(size=5 * n), draw.normal(size=7)
    before = K.copy()
    case.call("sweep", stage=3, h=0.01, a=a, a0=2, K=K)
    y = case.y + 0.01 * (a[2] * before[:n] + a[3] * before[n : 2 * n] + a[4] * before[2 * n : 3 * n])
    assert_close(K[3 * n : 4 * n], replace(case, y=y).rates(), 1e-13)
    K[3 * n : 4 * n] = before[3 * n : 4 * n]
    assert (before == K).all()


def test_initial_values_and_scales(case: Case) -> None:
    y, s = np.zeros(len(case.y)), np.zeros(len(case.y))
    case.call("initial", y=y)
    case.call("scale", s=s)
    assert_close(case.unknown(y, "nodes", "v"), case.parameter("nodes", "V0") * case.parameter("nodes", "G"))
    assert_close(case.unknown(y, "cells", "u"), case.parameter("cells", "low") / 2)
    assert_close(case.unknown(y, "M", "w"), case.parameter("M", "off"))
    assert (case.unknown(y, "cells", "clock") == 0.0).all()
    assert_close(case.unknown(s, "nodes", "v"), 2 * np.repeat(case.parameter("nodes", "G"), 3))
    assert_close(case.unknown(s, "cells", "u"), case.parameter("cells", "high"))
    assert (case.unknown(s, "M", "w") == 1.0).all()


def test_projection(case: Case) -> None:
    moved = case.at({"cells.u": [-0.7, 1.1], "M.w": [-0.2, 0.5, 1.5, 1.0]})
    y = moved.y.copy()
    assert moved.call("project", y=y) == 3
    assert case.unknown(y, "cells", "u").tolist() == [-0.5, 1.1]
    assert case.unknown(y, "M", "w").tolist() == [0.0, 0.5, 1.0, 1.0]
    assert moved.call("project", y=y) == 0


def test_events(case: Case) -> None:
    """Margins in order of classes, events and members; a reset makes all right sides before it assigns."""
    known, t, threshold = Everything(case), case.t, case.parameter("cells", "threshold")[0]
    u, j, clock = known.u, known.shown["cells", "j"], case.unknown(case.y, "cells", "clock")
    margins = [u[k] + j[k] / 10 - threshold * t for k in range(2)] + [clock[k] - 1 for k in range(2)]
    v, r = case.unknown(case.y, "nodes", "v"), known.shown["cells", "r"]
    across = [v[0] - r[0], v[1] - r[1], v[1] - r[1], v[2] - r[0]]
    margins += [each - case.parameter("M", "vth")[0] * t for each in across]
    if any(each.name == "S" for each in case.layout.classes):
        margins += [s - case.parameter("S", "limit")[0] for s in case.unknown(case.y, "S", "s")]
    g = np.zeros(int(case.z[2]))
    case.call("guards", g=g)
    assert_close(g, margins, 1e-14)

    wanted = case.y.copy()
    case.unknown(wanted, "cells", "u")[1] = case.parameter("cells", "low")[1] + r[1] * clock[1]
    case.unknown(wanted, "cells", "clock")[1] = 3 * u[1] * t + j[1]
    assert_close(reset(case, 1), wanted)

    wanted = case.y.copy()
    case.unknown(wanted, "M", "w")[3] = known.shown["M", "w"][3] / 2 + v[2] / 10
    assert_close(reset(case, 7), wanted)


def reset(case: Case, event: int) -> Any:
    y = case.y.copy()
    case.call("reset", e=event, y=y)
    return y


def test_an_event_of_a_dense_edge() -> None:
    """Member 2 of a dense class joins member 0 of its first end with member 1 of its second."""
    case = CASES["dense"]
    wanted = case.y.copy()
    case.unknown(wanted, "S", "s")[2] *= Everything(case).shown["cells", "r"][0] * case.t
    assert_close(reset(case, 10), wanted)


def test_losses(case: Case) -> None:
    v, w = case.unknown(case.y, "nodes", "v")[1], Everything(case).seen_w
    data = np.array([7.0, 7.0, 0.25, 7.0])
    assert_close(case.call("loss", term=0, d=data, d0=2), (v - 0.25) ** 2 + w * case.t / 2)
    assert case.call("loss", term=1, d=data) == case.unknown(case.y, LOSS, "integral")[0]


def test_observables(case: Case) -> None:
    """Every subset of observables gives what all of them give; nothing else is written."""
    numbers = {(each.name, one.name): one.number for each in case.layout.classes for one in each.observables}
    assert sorted(numbers.values()) == list(range(int(case.z[4])))
    everything = {key: observed(case, {number: 0})[0] for key, number in numbers.items()}
    for key, values in Everything(case).shown.items():
        assert_close(everything[key][: len(values)], values, 1e-14)
    for chosen in (
        [("M", "w"), ("M", "i")],
        [("cells", "j"), ("nodes", "v"), ("nodes", "c")],
        [("L", "i"), ("cells", "u")],
    ):
        places = {numbers[key]: 10 * place for place, key in enumerate(chosen)}
        found, others = observed(case, places)
        for place, key in enumerate(chosen):
            width = int(case.z[case.layout.of(key[0]).count_slot])
            assert (found[10 * place : 10 * place + width] == everything[key][:width]).all()
            others[10 * place : 10 * place + width] = False
        assert not others.any()


def observed(case: Case, places: dict[int, int]) -> tuple[Any, Any]:
    """What `observe` writes from out0 on, and where it wrote."""
    want, out = np.full(int(case.z[4]), -1, dtype=np.int64), np.full(64, np.nan)
    for number, place in places.items():
        want[number] = place
    case.call("observe", want=want, out=out, out0=3)
    assert np.isnan(out[:3]).all()
    return out[3:], ~np.isnan(out[3:])


@pytest.mark.parametrize(("w", "voltage"), list(product([-0.5, 0.0, 0.2, 1.0, 1.5], [-1.0, 1.0])))
def test_the_memristor(w: float, voltage: float) -> None:
    case = hp_case().at({"M.w": w, "top.A": voltage, "t": 0.1})
    inside = min(max(w, 0.0), 1.0)
    v = voltage * math.sin(2 * math.pi * 2.0 * 0.1)
    rate = 1e4 * v / (100.0 * inside + 16e3 * (1 - inside)) * (1 - (2 * inside - 1) ** 4)
    outward = (inside <= 0.0 and rate < 0.0) or (inside >= 1.0 and rate > 0.0)
    for each in (case, scalar(case)):
        assert_close(each.rates(), [0.0 if outward else rate], 1e-14)


def along() -> Case:
    """A tangent: x is bounded by parameters, d is a direction of it, with those of its bounds."""
    x, d, low, high, dlow, rate = map(symbol, ("x", "d", "low", "high", "dlow", "rate"))
    template = Template(
        "tangent",
        parameters=tuple(Parameter(each, DIMENSIONLESS) for each in (low, high, dlow, rate)),
        unknowns=(
            Unknown(d, DIMENSIONLESS, rate=5 * d + x, lower=dlow, along=x),
            Unknown(x, DIMENSIONLESS, rate=rate, lower=low, upper=high),
        ),
    )
    case = case_of(*lower(System("tangent", (VertexClass("c", template),), (), kind="tangent")), {"c": 1}, {})
    return case.at({"c.low": 0.0, "c.high": 1.0, "c.dlow": 0.25, "c.d": 3.0})


@pytest.mark.parametrize(
    ("x", "rate", "d", "rates"),
    [
        (0.5, 1.0, 3.0, [15.5, 1.0]),  # inside
        (-0.5, 1.0, 0.25, [1.25, 1.0]),  # below, on its way back: the direction is the bound's
        (-0.5, -1.0, 0.25, [0.0, 0.0]),  # below and held there
        (1.5, 1.0, 0.0, [0.0, 0.0]),  # above: a bound without a direction of its own has none
        (1.0, 1.0, 3.0, [0.0, 0.0]),  # at the bound and held
        (1.0, -1.0, 3.0, [16.0, -1.0]),
    ],
)
def test_a_direction_is_clipped_and_held_as_what_it_is_along(
    x: float, rate: float, d: float, rates: list[float]
) -> None:
    case = along().at({"c.x": x, "c.rate": rate})
    for each in (case, scalar(case)):
        assert_close(each.rates(), rates)
        y = each.y.copy()
        assert each.call("project", y=y) == (x != min(max(x, 0.0), 1.0))
        assert y.tolist() == [d, min(max(x, 0.0), 1.0)]


def test_no_gradient_by_a_structural_parameter() -> None:
    x, size, slope = map(symbol, ("x", "size", "slope"))
    template = Template(
        "decay",
        parameters=(Parameter(size, DIMENSIONLESS, structural=True), Parameter(slope, DIMENSIONLESS)),
        unknowns=(Unknown(x, DIMENSIONLESS, rate=-x * slope * size * TIME),),
    )
    case = case_of(*lower(System("decay", (VertexClass("c", template),), ())), {"c": 1}, {})
    case = case.at({"c.x": 2.0, "c.size": 3.0, "c.slope": 5.0})
    pb = np.zeros(2)
    case.call("pullback", lam=np.ones(1), Yb=np.zeros(1), pb=pb)
    assert pb.tolist() == [0.0, -2.0 * 3.0 * case.t]
