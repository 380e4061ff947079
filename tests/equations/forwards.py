"""What every bench and example must compute, written by hand or by the oracle: rates and currents at random points, apart from our equations."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np
import pytest

from tests.equations.evaluate import Setting, evaluate, masses, rates, setting
from tests.equations.models import Made
from tests.oracle import chua, devices

Check = Callable[[Made], None]


def at_voltage(made: Made, voltage: float) -> Setting:
    """The setting with the circuit's parameter A at a value."""
    at = setting(made.network, made.system)
    return at.moved({("", "circuit.A"): voltage - at.parameters["", "circuit.A"]})


def law(device: devices.Device, state: str) -> Check:
    """A device M with one state, at a source S of voltage A."""

    def check(made: Made) -> None:
        random = np.random.default_rng(1)
        low, high = (device.lower, device.upper) if math.isfinite(device.upper) else (-1.0, 1.0)
        for voltage in (*random.uniform(-6, 6, 40), 0.81, -0.81, 0.79, 0.01, -0.3):
            x = float(random.uniform(low, high))
            follows(at_voltage(made, voltage), 0.0, device, state, x, voltage)

    return check


def driven(device: devices.Device, state: str, voltage: Callable[[float], float]) -> Check:
    """The same at a source of given voltage, at random times."""

    def check(made: Made) -> None:
        random = np.random.default_rng(2)
        for t in (0.0, 0.0100501, 0.0301, 0.0502, *random.uniform(0, 2, 20)):
            x, at = float(random.uniform(0, 1)), setting(made.network, made.system)
            follows(at, float(t), device, state, x, voltage(float(t)))

    return check


def follows(at: Setting, t: float, device: devices.Device, state: str, x: float, voltage: float) -> None:
    """One point."""
    now = evaluate(at, t, {("M", state): np.array([x])})
    assert now.get("S", "v") == pytest.approx(voltage, rel=1e-12)
    assert rates(at, now)["M", state][0] == pytest.approx(device.rate(x, voltage), rel=1e-11, abs=1e-30)
    assert now.get("M", "i") == pytest.approx(device.current(x, voltage), rel=1e-12, abs=1e-30)
    assert now.get("S", "i")[0] == pytest.approx(-device.current(x, voltage), rel=1e-12, abs=1e-30)


def resistor(made: Made) -> None:
    """3 kohm at the source."""
    for voltage in (-2.0, 0.3):
        now = evaluate(at_voltage(made, voltage), 0.0, {})
        assert now.get("M", "i") == pytest.approx(voltage / 3e3, rel=1e-14)
        assert now.get("S", "i")[0] == pytest.approx(-voltage / 3e3, rel=1e-14)


def mott(made: Made) -> None:
    """Pickett and Williams 2012: enthalpy of core and logarithmic shell against Joule heat and conduction."""
    random = np.random.default_rng(3)
    area, length = math.pi * 30e-9**2, 20e-9
    for u, voltage in zip(random.uniform(1e-3, 0.99, 30), random.uniform(-2, 2, 30), strict=True):
        resistance = 7e-3 * length / area / (1 + 69 * u**2)
        joule, conducted = voltage**2 / resistance, 2 * math.pi * length * 1.5 / math.log(1 / u) * 784
        enthalpy = (
            area
            * length
            * (2.6e6 * 784 * (1 - u**2 + 2 * u**2 * math.log(u)) / (2 * u * math.log(u) ** 2) + 2 * 1.6e8 * u)
        )
        at = at_voltage(made, float(voltage))
        now = evaluate(at, 0.0, {("M", "u"): np.array([u])})
        assert rates(at, now)["M", "u"][0] == pytest.approx((joule - conducted) / enthalpy, rel=1e-10)
        assert now.get("M", "i") == pytest.approx(voltage / resistance, rel=1e-13)


def behind_a_resistor(voltage: Callable[[float], float]) -> Check:
    """A source S at node top, 1 kohm from there to a node of 1 nF."""

    def check(made: Made) -> None:
        at = setting(made.network, made.system)
        for t in (0.0, 0.3e-3, 1.0005e-3, 1.5e-3, 2.0015e-3, 2.5e-3, 0.4003, 1.7007, 2.2003, 5.0011):
            now = evaluate(at, t, {("nodes", "v"): np.array([0.25])})
            assert rates(at, now)["nodes", "v"][0] == pytest.approx((voltage(t) - 0.25) / 1e3, rel=1e-9, abs=1e-15)
            assert masses(at, now)["nodes", "v"][0] == pytest.approx(1e-9, rel=1e-15)
            assert now.get("R1", "i") == pytest.approx((voltage(t) - 0.25) / 1e3, rel=1e-9, abs=1e-15)

    return check


def into_a_node(current: Callable[[float, float], float], capacitance: float = 2e-6) -> Check:
    """A current that depends on time and voltage into a node of 2 uF with 5 kohm to ground."""

    def check(made: Made) -> None:
        at = setting(made.network, made.system)
        for t in (0.0, 0.25e-3, 1.0005e-3, 1.5e-3, 2.0002e-3, 0.003, 0.4003, 1.7007, 2.2003, 5.0011):
            for v in (-1.0, 0.0, 3e-4, 2.0):
                y = {("nodes", "v"): np.array([v])}
                now = evaluate(at, t, y)
                assert rates(at, now)["nodes", "v"][0] == pytest.approx(current(t, v) - v / 5e3, rel=1e-9, abs=1e-15)
                assert masses(at, now)["nodes", "v"][0] == pytest.approx(capacitance, rel=1e-14)

    return check


def inductor(made: Made) -> None:
    """5 H across the node."""
    at = setting(made.network, made.system)
    now = evaluate(at, 0.0, {("nodes", "v"): np.array([0.4]), ("L1", "i"): np.array([2e-3])})
    assert rates(at, now)["nodes", "v"][0] == pytest.approx(-2e-3 - 0.4 / 5e3, rel=1e-12)
    assert rates(at, now)["L1", "i"][0] == 0.4
    assert masses(at, now)["L1", "i"][0] == 5.0


def memristor_chua(made: Made) -> None:
    """The oracle's four equations."""
    at = setting(made.network, made.system)
    random = np.random.default_rng(2)
    for _ in range(20):
        v1, v2, current, phi = random.standard_normal(4) * [1, 1, 1e-3, 1e-4]
        y = {("nodes", "v"): np.array([v1, v2]), ("L1", "i"): np.array([current]), ("M", "phi"): np.array([phi])}
        now = evaluate(at, 0.0, y)
        mass, rate = masses(at, now), rates(at, now)
        nodes = rate["nodes", "v"] / mass["nodes", "v"]
        found = [*nodes, *(rate["L1", "i"] / mass["L1", "i"]), *rate["M", "phi"]]
        assert found == pytest.approx(chua.rhs(0.0, np.array([v1, v2, current, phi]), 2e3), rel=1e-12)


def hp_fit(made: Made) -> None:
    """The HP device with the numbers that the fit starts from, whatever these are, at the voltage that its source has."""
    at = setting(made.network, made.system)
    p = {name: float(value) for (owner, name), value in at.parameters.items() if owner == "M"}
    device = devices.hp(devices.no_window, r_on=p["Ron"], r_off=p["Roff"], mobility=p["mu"], thickness=p["D"])
    for t in np.linspace(0.01, 1.9, 17):
        voltage = evaluate(at, float(t), {("M", "w"): np.array([0.5])}).get("S", "v")
        assert 0 < abs(voltage) <= 5
        follows(at, float(t), device, "w", 0.1 + 0.4 * float(t), float(voltage))


def trapezoid(t: float, delay: float, low: float, high: float) -> float:
    """The pulses of the library's defaults: edges of 1 us, a plateau of 1 ms, a period of 2 ms."""
    local = (t - delay) % 2e-3 if t > delay else 0.0
    return float(np.interp(local, [0, 1e-6, 1.001e-3, 1.002e-3], [low, high, high, low]))


def triangle(t: float) -> float:
    """From 0 up to 1, down to -1 and back, one unit per second."""
    return float(np.interp(t % 4.0, [0, 1, 3, 4], [0, 1, -1, 0]))


def corners(t: float, *values: float) -> float:
    """Straight lines between values at 0, 1, 2 and 3 s."""
    return float(np.interp(t, [0, 1, 2, 3], values))


HP = devices.hp(devices.no_window)
#: A check for every name of `benches`: whatever is recorded as text has passed its own.
FORWARD: Final[dict[str, Check]] = {
    "resistor": resistor,
    "hp": law(HP, "w"),
    "hp_joglekar": law(devices.hp(devices.joglekar_window(2)), "w"),
    "hp_biolek": law(devices.hp(devices.biolek_window(10)), "w"),
    "hp_prodromakis": law(devices.hp(devices.prodromakis_window(2)), "w"),
    "vteam_biolek": law(devices.vteam_biolek2021(), "w"),
    "vteam_memtorch": law(devices.vteam_memtorch(), "w"),
    "sinh_rate": law(devices.sinh_rate(), "w"),
    "chang": law(devices.chang(2.2222222222222223), "w"),
    "volatile": law(devices.volatile(), "w"),
    "pershin": law(devices.pershin_r2(), "R"),
    "cubic": law(devices.cubic(), "phi"),
    "mott": mott,
    "capacitor": into_a_node(lambda t, v: 0.0, 2.001e-6),
    "inductor": inductor,
    "current_source": into_a_node(lambda t, v: 1e-3 * math.sin(100 * math.pi * t)),
    "dc_current_source": into_a_node(lambda t, v: 1e-3),
    "sine_current_source": into_a_node(lambda t, v: 1e-3 * math.sin(100 * math.pi * t)),
    "pulse_current_source": into_a_node(lambda t, v: trapezoid(t, 0.0, 0.0, 1e-3)),
    "pwl_current_source": into_a_node(lambda t, v: corners(t, 0, 1e-3, -1e-3, 0)),
    "compliance_source": into_a_node(
        lambda t, v: float(np.clip((2 * math.sin(100 * math.pi * t) - v) / 10, -1e-4, 1e-4))
    ),
    "compliance_current_source": into_a_node(
        lambda t, v: float(np.clip(1e-3 * math.sin(100 * math.pi * t), (-v - 1) / 1e3, (-v + 1) / 1e3))
    ),
    "dc_source": behind_a_resistor(lambda t: 2.0),
    "reversed_source": behind_a_resistor(lambda t: -2.0),
    "sine_source": behind_a_resistor(lambda t: math.sin(100 * math.pi * t + 0.3)),
    "pulse_source": behind_a_resistor(lambda t: trapezoid(t, 1e-3, 0.0, 1.0)),
    "pwl_source": behind_a_resistor(lambda t: corners(t, 0, 1, -1, 0)),
    "sweep_source": behind_a_resistor(triangle),
    "hp_loop": driven(HP, "w", lambda t: math.sin(math.pi * t)),
    "hp_fit": hp_fit,
    "volatile_decay": driven(
        devices.volatile(), "w", lambda t: float(np.interp(t, [0.01, 0.0101, 0.0501, 0.0502], [0, 1, 1, 0]))
    ),
    "muthuswamy_chua": memristor_chua,
}
