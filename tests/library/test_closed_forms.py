"""Devices against solutions in closed form, which need no integrator: to 1e-9, two digits better than the 1e-7 asked for.

The laws are separable, so that a function of the state is linear in charge, flux or time.
"""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import cumulative_simpson

import mcompiler as mc
from tests.library.bench import Array, bench, run_sine, solve
from tests.library.cases import HP_X0
from tests.oracle import closed_forms as exact
from tests.oracle import mott

K, RON, ROFF = 1e-14 * 100 / (10e-9) ** 2, 100.0, 16e3  # 1/(A s), ohm, ohm

SWEEP = """
circuit Bench {{
  node top
  S: SweepSource(top, ground, low = -1[V], high = {high}[V], rate = 2[V/s])
  M: {device}(top, ground)
}}
experiment sweep on Bench {{ run to 1[s] }}
"""


@pytest.mark.parametrize("f", [0.5, 5.0])
def test_drift_is_a_quadratic_in_the_flux(f: float) -> None:
    times = np.linspace(0, 2 / f, 801)
    run = run_sine(bench("HP.strukov2008_fig2b"), 1.0, f, times)
    expected = exact.hp_by_flux(exact.flux_of_sine(times, 1.0, f), 0.1, RON, ROFF, K)
    assert run["M.w"] == pytest.approx(expected, abs=1e-9)


def test_drift_is_linear_in_the_charge() -> None:
    times = np.linspace(0, 2, 4001)
    run = run_sine(bench("HP"), 1.0, 0.5, times)
    charge = cumulative_simpson(run["M.i"], x=times, initial=0)
    assert run["M.w"] == pytest.approx(0.1 + K * charge, abs=1e-9)


@pytest.mark.parametrize(("name", "factor"), [("HPJoglekar.biolek2009", 4.0), ("HPProdromakis.biolek2009", 1.0)])
def test_parabolic_windows(name: str, factor: float) -> None:
    """With exponent 1 both windows are ``factor*x(1 - x)``: logit x is linear in the charge, which is model R1 of Biolek et al. 2013."""
    times = np.linspace(0, 3, 6001)
    run = run_sine(bench(name), 1.2, 1.0, times)
    x = run["M.w"]
    charge = cumulative_simpson(run["M.i"], x=times, initial=0)
    assert exact.logit(x) == pytest.approx(exact.logit(np.asarray(HP_X0)) + factor * K * charge, abs=1e-8)
    # dphi = R dq: the same in the flux of the drive alone
    flux = (ROFF * np.log(x / HP_X0) - RON * np.log((1 - x) / (1 - HP_X0))) / (factor * K)
    assert flux == pytest.approx(exact.flux_of_sine(times, 1.2, 1.0), abs=1e-9)


def test_biolek_window_on_the_way_up() -> None:
    """dphi = R dx/(k (1 - x^20)) in the first half period, where the current is positive."""
    times = np.linspace(0, 0.5, 401)
    x = run_sine(bench("HPBiolek.biolek2009"), 1.2, 1.0, times)["M.w"]

    def flux(z: Array) -> Array:
        return (ROFF * exact.biolek_travel(z, 10) - (ROFF - RON) * 0.5 * exact.biolek_travel(z**2, 5)) / K

    found = flux(x) - flux(np.asarray(HP_X0))
    assert found == pytest.approx(exact.flux_of_sine(times, 1.2, 1.0), abs=1e-8)


def test_vteam_is_separable() -> None:
    """With y = 1 - w, the distance from the wall behind: F(y) - F(y0) = 100/s times the integral of the cubed overdrive."""
    times = np.linspace(0, 5e-3, 401)
    run = run_sine(bench("VTEAM.biolek2021"), 2.0, 100.0, times)
    found = exact.biolek_travel(1 - run["M.w"], 10) - exact.biolek_travel(np.asarray(0.625), 10)
    assert found == pytest.approx(100 * exact.cubed_overdrive_of_sine(times, 2.0, 0.8, 100.0), abs=1e-9)


def test_vteam_of_memtorch_switches_off_linearly_with_the_overdrive() -> None:
    """Exponent 1 and no window: w = k_off/D times the integral of v/v_off - 1, until the wall at 1."""
    times = np.linspace(0, 6e-8, 301)
    run = solve(bench("VTEAM.memtorch_default"), times, parameters={"V0": 2.0})
    assert run["M.w"] == pytest.approx(np.minimum(5e-4 / 3e-9 * 99 * times, 1.0), abs=1e-9)


@pytest.mark.parametrize(
    ("name", "amplitude", "f"),
    [("PershinDiVentra.biolek2013_r2", 5.0, 50e6), ("PershinDiVentra.ngspice_example", 3.0, 100e6)],
)
def test_turning_resistance(name: str, amplitude: float, f: float) -> None:
    """Once the first half period has taken it to Roff, the second one takes it down to a closed form."""
    solver = bench(name)
    vt, beta = float(solver.parameters["M.Vt"]), float(solver.parameters["M.beta"])
    times = np.linspace(0, 2 / f, 8001)
    run = run_sine(solver, amplitude, f, times)
    expected = exact.threshold_turning_resistance(amplitude, vt, beta, f, 10e3)
    assert run["M.R"].max() == 10e3
    assert run["M.R"].min() == pytest.approx(expected, rel=1e-9)


def test_cubic_memristor_of_unit_coefficients() -> None:
    times = np.linspace(0, 2 * np.pi, 20001)
    run = run_sine(bench("CubicMemristor.unit"), 1.0, 1 / (2 * np.pi), times)
    v, i = run["M.v"], run["M.i"]
    assert i == pytest.approx(exact.cubic_current(times), abs=1e-9)
    assert i.max() == pytest.approx(2.323, abs=1e-3)
    up, down = slice(0, 10001), slice(10000, None)
    for half in (up, down):
        # i dv with v = sin t, by Simpson's rule over time
        area = cumulative_simpson(i[half] * np.cos(times[half]), x=times[half])[-1]
        assert abs(area) == pytest.approx(4 / 3, rel=1e-9)
    assert np.abs(i[np.abs(v) < 1e-12]).max() < 1e-11  # pinched


def ramp(device: str, high: float, times: Array) -> mc.Solution:
    return solve(mc.compile(mc.parse(SWEEP.format(device=device, high=high))), times)


def integral_of_sinh(times: Array, high: float, scale: float) -> Array:
    """Time integral in s of sinh(v/scale) along v = 2 V/s t up to ``high`` and down again, for two ramps."""
    turn = high / 2.0
    rising = 0.5 * scale * (np.cosh(2 * np.minimum(times, turn) / scale) - 1)
    falling = 0.5 * scale * (math.cosh(high / scale) - np.cosh((high - 2 * np.maximum(times - turn, 0)) / scale))
    return rising + falling


def test_sinh_rate_on_ramps() -> None:
    """logit w = logit w0 + 4 alpha times the integral of sinh(v/V0)."""
    times = np.linspace(0, 1, 401)
    run = ramp("SinhRate", 1.0, times)
    expected = exact.logistic(4 * integral_of_sinh(times, 1.0, 0.2))
    assert run["M.w"] == pytest.approx(expected, abs=1e-9)
    assert run["M.i"] == pytest.approx((1e-6 + 99e-6 * expected) * run["M.v"], abs=1e-13)


def test_chang_without_decay_on_ramps() -> None:
    times = np.linspace(0, 1, 401)
    run = ramp("Chang.yakopcic_survey", 1.0, times)
    assert run["M.w"] == pytest.approx(4.5 * 0.004 * integral_of_sinh(times, 1.0, 0.25), abs=1e-9)


def test_chang_decays_with_one_time_constant() -> None:
    times = np.linspace(0, 5, 101)
    run = solve(bench("Chang"), times, initial={"M.w": 0.8})
    assert run["M.w"] == pytest.approx(exact.decay(times, 0.8, 10 / 4.5), abs=1e-10)


@pytest.mark.parametrize("v", [0.0, 0.5, -0.5])
def test_volatile_relaxes_to_what_the_voltage_holds(v: float) -> None:
    """dw/dt = r (1 - w) - (w - w_rest)/tau with r = cosh(v/V0) - 1: an exponential, to w_rest without drive."""
    times = np.linspace(0, 0.2, 101)
    run = solve(bench("Volatile"), times, parameters={"V0": v, "M.w_rest": 0.1}, initial={"M.w": 0.9})
    growth = math.cosh(v / 0.25) - 1
    speed = growth + 1 / 50e-3
    expected = exact.decay_to(times, 0.9, (growth + 0.1 / 50e-3) / speed, 1 / speed)
    assert run["M.w"] == pytest.approx(expected, abs=1e-10)


def test_mott_device_rests_on_its_static_curve() -> None:
    """Forced by a current it settles where Joule heat is what the mantle conducts; the static voltage turns at the published threshold and hold."""
    threshold, hold = mott.static_extremes()
    assert mott.static_voltage(threshold) == pytest.approx(1.4447, abs=5e-5)
    assert mott.static_voltage(threshold) / mott.resistance(threshold) == pytest.approx(35.3e-6, abs=5e-8)
    assert mott.static_voltage(hold) == pytest.approx(0.744, abs=5e-4)
    assert mott.static_voltage(hold) / mott.resistance(hold) == pytest.approx(381e-6, abs=5e-7)
    model = """
    circuit Forced { param I0 = 100[uA]
      node top
      S: DCCurrentSource(ground, top, I0 = I0)
      C: Capacitor(top, ground, C = 1[fF])
      M: Mott(top, ground) }
    experiment rest on Forced { run to 200[ns] }
    """
    solver = mc.compile(mc.parse(model))
    for current in (20e-6, 100e-6, 400e-6):
        run = solver.run(parameters={"I0": current}, save_at=[200e-9], rtol=1e-9)
        u = float(run["M.u"][0])
        assert run["M.i"][0] == pytest.approx(current, rel=1e-6)
        assert run["M.v"][0] == pytest.approx(mott.static_voltage(u), rel=1e-6)
