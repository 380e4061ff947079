"""Sources: their waveforms, the direction of their currents, and compliance against solutions in pieces."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

import mcompiler as mc
from tests.oracle import waveforms

Array = NDArray[np.float64]
Shape = Callable[[Array], Array]
# Between the corners of every waveform below, never on one: there the sides differ by round-off of the time.
TIMES = np.linspace(0, 6, 601) + 1.7e-3

PULSE = {"delay": 0.5, "rise": 0.2, "fall": 0.4, "width": 0.3, "period": 1.5}
JUMPS = {"delay": 0.0, "rise": 0.0, "fall": 0.0, "width": 0.5, "period": 1.0}
CORNERS = [(0.5, 0.2), (1.0, -1.0), (2.5, 2.0), (4.0, 0.5)]


def arguments(values: dict[str, float]) -> str:
    return ", ".join(f"{name} = {value}[s]" for name, value in values.items())


def corners(letter: str, unit: str) -> str:
    pairs = ((f"t{n} = {t}[s]", f"{letter}{n} = {value}[{unit}]") for n, (t, value) in enumerate(CORNERS))
    return ", ".join(text for pair in pairs for text in pair)


def sine(t: Array) -> Array:
    return 0.5 + 2.0 * np.sin(2 * np.pi * 0.7 * t + 0.3)


def pulse(t: Array) -> Array:
    return waveforms.pulse(t, -1.0, 2.0, **PULSE)


def jumps(t: Array) -> Array:
    return waveforms.pulse(t, -1.0, 2.0, **JUMPS)


def pwl(t: Array) -> Array:
    return waveforms.pwl(t, CORNERS)


SHAPES: list[tuple[str, str, Shape]] = [
    ("DCSource", "V0 = 3[V]", lambda t: np.full_like(t, 3.0)),
    ("SineSource", "A = 2[V], f = 0.7[Hz], phase = 0.3, offset = 0.5[V]", sine),
    ("PulseSource", f"low = -1[V], high = 2[V], {arguments(PULSE)}", pulse),
    ("PulseSource", f"low = -1[V], high = 2[V], {arguments(JUMPS)}", jumps),
    ("PWLSource", corners("v", "V"), pwl),
    ("SweepSource", "low = -0.5[V], high = 1.5[V], rate = 2[V/s]", lambda t: waveforms.triangle(t, -0.5, 1.5, 2.0)),
    ("VoltageSource", "V = 1[V]*sin(2*pi*0.7[Hz]*t)", lambda t: np.sin(2 * np.pi * 0.7 * t)),
    ("DCCurrentSource", "I0 = 3[A]", lambda t: np.full_like(t, 3.0)),
    ("SineCurrentSource", "A = 2[A], f = 0.7[Hz], phase = 0.3, offset = 0.5[A]", sine),
    ("PulseCurrentSource", f"low = -1[A], high = 2[A], {arguments(PULSE)}", pulse),
    ("PulseCurrentSource", f"low = -1[A], high = 2[A], {arguments(JUMPS)}", jumps),
    ("PWLCurrentSource", corners("i", "A"), pwl),
    ("CurrentSource", "I = 1[A]*sin(2*pi*0.7[Hz]*t)", lambda t: np.sin(2 * np.pi * 0.7 * t)),
]


@pytest.mark.parametrize(
    ("source", "values", "shape"), SHAPES, ids=[f"{name} {n}" for n, (name, _, _) in enumerate(SHAPES)]
)
def test_waveform_and_direction(source: str, values: str, shape: Shape) -> None:
    """A voltage source sets v(p) - v(n) and, as in SPICE, carries i from p to n through itself: negative where it delivers.

    Every source is joined to a resistor and a capacitor of 1 ohm and 1 F: v + dv/dt is what flows in, or i = -v - dv/dt.
    """
    text = f"""
    circuit Bench {{ node a
      S: {source}(a, ground, {values})
      R: Resistor(a, ground, R = 1[ohm])
      C: Capacitor(a, ground, C = 1[F]) }}
    experiment wave on Bench {{ run to 7[s] }}
    """
    text = text if "Current" in source else text.replace("C: Capacitor(a, ground, C = 1[F]) ", "")
    run = mc.compile(mc.parse(text), rtol=1e-11, method="tsit5").run(save_at=TIMES)
    assert run.success
    expected = shape(TIMES)
    if "Current" in source:
        assert run["S.i"] == pytest.approx(expected, abs=1e-12)
        assert run["a.v"] == pytest.approx(-charged(shape), abs=1e-7)
    else:
        assert run["S.v"] == pytest.approx(expected, abs=1e-12)
        assert run["S.i"] == pytest.approx(-expected, abs=1e-12)


def charged(shape: Shape) -> Array:
    """Voltage at TIMES of 1 ohm beside 1 F that the current charges: its convolution with exp(-t), by Gauss-Legendre rules between corners."""
    edges = np.unique(np.concatenate([np.linspace(0, 7, 1401), TIMES]))
    nodes, weights = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)
    inside = edges[:-1, None] + half[:, None] * (1 + nodes)
    pieces = (shape(inside.ravel()).reshape(inside.shape) * weights * np.exp(inside - edges[1:, None])).sum(
        axis=1
    ) * half
    values = np.zeros(len(edges))
    for k, step in enumerate(np.exp(-np.diff(edges)).tolist()):
        values[k + 1] = values[k] * step + pieces[k]
    found: Array = values[np.searchsorted(edges, TIMES)]
    return found


@pytest.mark.parametrize("shape", [pulse, jumps, pwl])
def test_corners_do_not_cost_accuracy(shape: Shape) -> None:
    """A run stops at the corners: with long steps between them the integral of the waveform is exact."""
    (values,) = (each for each in SHAPES if each[2] is shape and "Current" in each[0])
    text = f"""
    circuit Bench {{ node a
      S: {values[0]}(ground, a, {values[1]})
      C: Capacitor(a, ground, C = 1[F]) }}
    experiment wave on Bench {{ run to 6[s] }}
    """
    run = mc.compile(mc.parse(text), rtol=1e-3).run(save_at=[6.0])
    fine = np.linspace(0, 6, 60_001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    assert run["a.v"][0] == pytest.approx(float(shape(middle).sum() * 1e-4), abs=1e-11)


COMPLIANCE = """
circuit Bench {
  param high = 2[V]
  param Iback = 100[uA]
  param Rl = 20[kohm]
  node a
  S: ComplianceSource(a, ground, V = high, Rout = 1[kohm], Ic = 80[uA], Iback = Iback)
  C: Capacitor(a, ground, C = 1[nF])
  R: Resistor(a, ground, R = Rl)
}
experiment step on Bench { run to 40[us]
  save every 0.1[us]: a.v, S.i }
"""


def compliant_step(t: Array, v0: float, high: float, load: float, limit: float) -> Array:
    """Node voltage from ``v0``: at the limit the load charges the capacitor towards limit*load; below it the output resistance of 1 kohm joins in."""
    full = 1e-9 * load
    target = math.copysign(limit, high - v0) * load
    release = high - math.copysign(limit, high - v0) * 1e3  # the voltage at which the current falls below the limit
    within = (release - v0) / (target - v0)
    leave = -full * math.log(1 - within) if within < 1 else math.inf
    joint = load * 1e3 / (load + 1e3)
    rest = high * load / (load + 1e3)
    limited = target + (v0 - target) * np.exp(-np.minimum(t, leave) / full)
    free = rest + (release - rest) * np.exp(-np.maximum(t - leave, 0.0) / (1e-9 * joint))
    return np.where(t <= leave, limited, free)


@pytest.mark.parametrize(
    ("v0", "high", "load", "limit"),
    [
        (0.0, 1.0, 20e3, 80e-6),  # limited at first, then not
        (0.0, 2.0, 20e3, 80e-6),  # for good: the load takes less than 2 V at 80 uA
        (1.5, 0.2, 20e3, 100e-6),  # the current that flows back has a limit of its own
    ],
)
def test_compliance(v0: float, high: float, load: float, limit: float) -> None:
    run = mc.compile(mc.parse(COMPLIANCE), rtol=1e-12, method="tsit5").run(
        parameters={"high": high, "Rl": load}, initial={"a.v": v0}
    )
    assert run["a.v"] == pytest.approx(compliant_step(run.t, v0, high, load, limit), abs=1e-9)
    assert run["S.i"].min() >= -80e-6
    assert run["S.i"].max() <= 100e-6


def test_without_compliance_it_is_a_source_with_a_resistor() -> None:
    text = COMPLIANCE.replace("Ic = 80[uA], Iback = Iback", "Ic = inf").replace("  param Iback = 100[uA]\n", "")
    run = mc.compile(mc.parse(text), rtol=1e-12).run()
    joint = 20 / 21 * 1e3
    assert run["a.v"] == pytest.approx(2.0 * 20 / 21 * (1 - np.exp(-run.t / (joint * 1e-9))), abs=1e-9)


def test_set_under_compliance() -> None:
    """What it is for: at the compliance the voltage of a switching device falls to Ic*R, which ends the SET; the RESET is free of the limit."""
    text = """
    circuit Bench { node a
      S: ComplianceSource(a, ground, V = triangle(t, -2[V], 2[V], 100[V/s]), Ic = 200[uA], Iback = inf)
      C: Capacitor(a, ground, C = 1[nF])
      M: VTEAM.biolek2021(a, ground, w = 0.95) }
    experiment sweep on Bench { run to 80[ms]
      save every 20[us]: S.i, a.v, M.w, M.i }
    """
    solver = mc.compile(mc.parse(text))
    run, free = solver.run(), solver.run(parameters={"S.Ic": math.inf})
    delivered, limited = -run["S.i"], -run["S.i"] > 199.9e-6
    assert delivered.max() == pytest.approx(200e-6, rel=1e-12)
    assert delivered.min() < -205e-6
    # in the limit the voltage is that of the resistance, but for what the capacitor carries: 1 nF*100 V/s
    assert run["a.v"][limited] == pytest.approx(200e-6 * (2e3 + 8e3 * run["M.w"][limited]), abs=2e-3)
    half = run.t < 40e-3
    assert run["M.w"][half].min() > 0.3
    assert free["M.w"][half].min() < 0.2


def test_current_source_with_voltage_compliance() -> None:
    """Charges a capacitor with its current until the voltage is I*Rout below the compliance, then exponentially."""
    text = """
    circuit Bench { node a
      S: ComplianceCurrentSource(ground, a, I = 1[mA], Rout = 100[ohm], Vc = 1[V])
      C: Capacitor(a, ground, C = 1[nF]) }
    experiment step on Bench { run to 2[us]
      save every 5[ns]: a.v, S.i }
    """
    run = mc.compile(mc.parse(text), rtol=1e-12, method="tsit5").run()
    leave = 0.9e-6
    expected = np.where(run.t < leave, 1e6 * run.t, 1 - 0.1 * np.exp(-(run.t - leave) / 1e-7))
    assert run["a.v"] == pytest.approx(expected, abs=1e-9)
    assert run["S.i"].max() == 1e-3
