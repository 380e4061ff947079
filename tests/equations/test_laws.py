"""Derived forward equations against independent laws, and then against the recorded texts."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
import pytest

from mcompiler.dsl import LIBRARY
from mcompiler.equations.verify import verify
from tests.equations.benches import BENCHES, EXAMPLES, NETWORKS
from tests.equations.evaluate import evaluate, rates, setting
from tests.equations.forwards import FORWARD, at_voltage
from tests.equations.golden import check_text
from tests.equations.models import ROOT, from_file, from_text, made


@pytest.mark.parametrize("name", [*BENCHES, *EXAMPLES])
def test_forward_equations(name: str, request: pytest.FixtureRequest) -> None:
    model = made(name)
    verify(model.system)
    FORWARD[name](model)
    check_text(name, model, "forward", request.config)


@pytest.mark.parametrize("name", NETWORKS)
def test_forward_equations_of_networks(name: str, request: pytest.FixtureRequest) -> None:
    model = from_file(NETWORKS[name])
    verify(model.system)
    check_text(name, model, "forward", request.config)


def test_every_device_of_the_library_and_every_example_is_here() -> None:
    lines = [line for path in sorted(LIBRARY.glob("*.mem")) for line in path.read_text(encoding="utf-8").splitlines()]
    devices = {line.split("(")[0].removeprefix("device ") for line in lines if line.startswith("device ")}
    texts = "\n".join(BENCHES.values())
    assert {each for each in devices if f": {each}(" not in texts and f": {each}." not in texts} == set()
    assert {str(path.relative_to(ROOT)) for path in ROOT.glob("examples/*/*.mem")} == {
        *EXAMPLES.values(),
        *NETWORKS.values(),
    }


def test_a_source_that_is_turned_round_carries_the_current_of_its_node() -> None:
    model = from_text(BENCHES["reversed_source"])
    at = setting(model.network, model.system)
    now = evaluate(at, 0.0, {("nodes", "v"): np.array([0.5])})
    assert now.get("S", "node v") == pytest.approx(-2.0)
    assert now.get("S", "i")[0] == pytest.approx((-2.0 - 0.5) / 1e3, rel=1e-14)


CURRENT_CONTROLLED = """
device Drift(p, n) "Current controlled: v is given by i" {
  param Ron = 100[ohm]
  param Roff = 16[kohm]
  param k = 10[1/(A*s)]
  param offset = 0.1[V]
  state w in [0, 1] = 0.3
  R = Ron*w + Roff*(1 - w)
  drop = R*i
  v = drop + offset + 2[ohm]*i
  dw/dt = k*i
}
circuit Bench {
  param A = 1[V]
  node top
  S: VoltageSource(top, ground, V = A)
  M: Drift(top, ground)
}
"""


def test_a_device_that_gives_its_voltage_by_its_current_is_solved() -> None:
    model = from_text(CURRENT_CONTROLLED)
    for voltage, w in ((1.0, 0.3), (-2.0, 0.9), (0.1, 0.0)):
        at = at_voltage(model, voltage)
        now = evaluate(at, 0.0, {("M", "w"): np.array([w])})
        current = (voltage - 0.1) / (100 * w + 16e3 * (1 - w) + 2)
        assert now.get("M", "i") == pytest.approx(current, rel=1e-13)
        assert rates(at, now)["M", "w"][0] == pytest.approx(10 * current, rel=1e-13)
        assert now.get("M", "drop") == pytest.approx((100 * w + 16e3 * (1 - w)) * current, rel=1e-13)
