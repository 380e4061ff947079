"""Derived rates and currents of every library device against the independent laws of the oracle, at random states and voltages."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import math

import numpy as np
import pytest

from tests.equations.benches import BENCHES
from tests.equations.evaluate import Setting, evaluate, masses, rates, setting
from tests.equations.models import Made, from_file, from_text
from tests.oracle import chua, devices

#: The oracle's law of each bench; the state's name in the library.
LAWS = {
    "hp": (devices.hp(devices.no_window), "w"),
    "hp_joglekar": (devices.hp(devices.joglekar_window(2)), "w"),
    "hp_biolek": (devices.hp(devices.biolek_window(10)), "w"),
    "hp_prodromakis": (devices.hp(devices.prodromakis_window(1)), "w"),
    "vteam_biolek": (devices.vteam_biolek2021(), "w"),
    "vteam_memtorch": (devices.vteam_memtorch(), "w"),
    "sinh_rate": (devices.sinh_rate(), "w"),
    "chang": (devices.chang(2.2222222222222223), "w"),
    "volatile": (devices.volatile(), "w"),
    "pershin": (devices.pershin_r2(), "R"),
    "cubic": (devices.cubic(), "phi"),
}


def at_voltage(made: Made, voltage: float) -> Setting:
    at = setting(made.network, made.system)
    return at.moved({("", "circuit.A"): voltage - at.parameters["", "circuit.A"]})


@pytest.mark.parametrize("name", LAWS)
def test_a_device_follows_its_law(name: str) -> None:
    law, state = LAWS[name]
    made = from_text(BENCHES[name].replace("k = 1.5", "k = 1"))
    random = np.random.default_rng(1)
    low, high = (law.lower, law.upper) if math.isfinite(law.upper) else (-1.0, 1.0)
    for voltage in (*random.uniform(-6, 6, 40), 0.81, -0.81, 0.79, 0.01, -0.3):
        x = float(random.uniform(low, high))
        at = at_voltage(made, voltage)
        now = evaluate(at, 0.0, {("M", state): np.array([x])})
        assert rates(at, now)["M", state][0] == pytest.approx(law.rate(x, voltage), rel=1e-12, abs=1e-30)
        assert now.get("M", "i") == pytest.approx(law.current(x, voltage), rel=1e-12, abs=1e-30)
        assert now.get("S", "i")[0] == pytest.approx(-law.current(x, voltage), rel=1e-12, abs=1e-30)


def test_the_memristor_chua_circuit() -> None:
    made = from_file("examples/muthuswamy_chua/muthuswamy_chua.mem")
    at = setting(made.network, made.system)
    random = np.random.default_rng(2)
    for _ in range(20):
        v1, v2, current, phi = random.standard_normal(4) * [1, 1, 1e-3, 1e-4]
        y = {("nodes", "v"): np.array([v1, v2]), ("L1", "i"): np.array([current]), ("M", "phi"): np.array([phi])}
        now = evaluate(at, 0.0, y)
        mass, rate = masses(at, now), rates(at, now)
        found = [
            *(rate["nodes", "v"] / mass["nodes", "v"]),
            *(rate["L1", "i"] / mass["L1", "i"]),
            *rate["M", "phi"],
        ]
        assert found == pytest.approx(chua.rhs(0.0, np.array([v1, v2, current, phi]), 2e3), rel=1e-12)


def test_sources_follow_time() -> None:
    at_time = {
        "sine_source": lambda t: math.sin(2 * math.pi * 50 * t + 0.3),
        "dc_source": lambda t: 2.0,
        "pulse_source": lambda t: float(
            np.interp((t - 1e-3) % 2e-3 if t > 1e-3 else 0.0, [0, 1e-6, 1.001e-3, 1.002e-3], [0, 1, 1, 0])
        ),
        "pwl_source": lambda t: float(np.interp(t, [0, 1, 2, 3], [0, 1, -1, 0])),
    }
    for name, voltage in at_time.items():
        made = from_text(BENCHES[name])
        at = setting(made.network, made.system)
        for t in (0.0, 0.3e-3, 1.0005e-3, 1.5e-3, 2.0015e-3, 2.5e-3, 0.4, 1.7, 2.2, 5.0):
            now = evaluate(at, t, {("nodes", "v"): np.array([0.25])})
            assert now.get("S", "v") == pytest.approx(voltage(t), abs=1e-9), (name, t)
            assert rates(at, now)["nodes", "v"][0] == pytest.approx((voltage(t) - 0.25) / 1e3, rel=1e-9, abs=1e-15)


def test_a_source_that_is_turned_round_drives_its_node_with_the_opposite_sign() -> None:
    made = from_text(BENCHES["reversed_source"])
    at = setting(made.network, made.system)
    now = evaluate(at, 0.0, {("nodes", "v"): np.array([0.5])})
    assert now.get("S", "node v") == pytest.approx(-2.0)
    assert rates(at, now)["nodes", "v"][0] == pytest.approx((-2.0 - 0.5) / 1e3, rel=1e-14)
    assert now.get("S", "i")[0] == pytest.approx((-2.0 - 0.5) / 1e3, rel=1e-14)


def test_currents_at_a_node_add_up() -> None:
    made = from_text(BENCHES["compliance_source"])
    at = setting(made.network, made.system)
    for t in np.linspace(0, 0.02, 9):
        for v in (-1.0, 0.0, 3e-4, 2.0):
            now = evaluate(at, float(t), {("nodes", "v"): np.array([v])})
            source = np.clip((v - 2 * math.sin(2 * math.pi * 50 * t)) / 10, -1e-4, 1e-4)
            assert rates(at, now)["nodes", "v"][0] == pytest.approx(-source - v / 5e3, rel=1e-12, abs=1e-18)
            assert masses(at, now)["nodes", "v"][0] == pytest.approx(2e-6, rel=1e-15)


def test_a_current_source_and_an_inductor() -> None:
    made = from_text(BENCHES["current_source"])
    at = setting(made.network, made.system)
    now = evaluate(at, 0.003, {("nodes", "v"): np.array([0.4])})
    assert rates(at, now)["nodes", "v"][0] == pytest.approx(1e-3 * math.sin(0.3 * math.pi) - 0.4 / 5e3, rel=1e-12)
    made = from_text(BENCHES["inductor"])
    at = setting(made.network, made.system)
    now = evaluate(at, 0.0, {("nodes", "v"): np.array([0.4]), ("L1", "i"): np.array([2e-3])})
    assert rates(at, now)["nodes", "v"][0] == pytest.approx(-2e-3 - 0.4 / 5e3, rel=1e-12)
    assert rates(at, now)["L1", "i"][0] == 0.4
    assert masses(at, now)["L1", "i"][0] == 5.0


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
    made = from_text(CURRENT_CONTROLLED)
    for voltage, w in ((1.0, 0.3), (-2.0, 0.9), (0.1, 0.0)):
        at = at_voltage(made, voltage)
        now = evaluate(at, 0.0, {("M", "w"): np.array([w])})
        current = (voltage - 0.1) / (100 * w + 16e3 * (1 - w) + 2)
        assert now.get("M", "i") == pytest.approx(current, rel=1e-13)
        assert rates(at, now)["M", "w"][0] == pytest.approx(10 * current, rel=1e-13)
        assert now.get("M", "drop") == pytest.approx((100 * w + 16e3 * (1 - w)) * current, rel=1e-13)
