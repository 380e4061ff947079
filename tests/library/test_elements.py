"""Resistor, capacitor and inductor in circuits whose solutions are known."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
import pytest

import mcompiler as mc


def test_ohm() -> None:
    text = """
    circuit Bench { node a
      S: VoltageSource(a, ground, V = 1[V]*sin(2*pi*1[kHz]*t))
      R1: Resistor(a, ground, R = 50[ohm])
      R2: Resistor(ground, a, R = 200[ohm]) }
    experiment sine on Bench { run to 1[ms]
      save every 10[us]: a.v, R1.i, R2.i, R2.v, S.i }
    """
    run = mc.compile(mc.parse(text)).run()
    v = np.sin(2e3 * np.pi * run.t)
    assert run["R1.i"] == pytest.approx(v / 50, abs=1e-15)
    assert run["R2.i"] == pytest.approx(-v / 200, abs=1e-15)
    assert run["R2.v"] == pytest.approx(-v, abs=1e-15)
    assert run["S.i"] == pytest.approx(-v / 40, abs=1e-15)  # what flows into the resistors flows out of the source


def test_low_pass() -> None:
    """A sine through R into C: v = A/sqrt(1 + (wRC)^2) (sin(wt - d) + sin d exp(-t/RC)), tan d = wRC."""
    text = """
    circuit Bench { node top, a
      S: SineSource(top, ground, A = 2[V], f = 1[kHz])
      R: Resistor(top, a, R = 1[kohm])
      C: Capacitor(a, ground, C = 200[nF]) }
    experiment sine on Bench { run to 3[ms]
      save every 5[us]: a.v, R.i, S.i }
    """
    run = mc.compile(mc.parse(text), rtol=1e-12).run()
    w, tau = 2e3 * np.pi, 2e-4
    lag = np.arctan(w * tau)
    wave = np.sin(w * run.t - lag) + np.sin(lag) * np.exp(-run.t / tau)
    slope = w * np.cos(w * run.t - lag) - np.sin(lag) / tau * np.exp(-run.t / tau)
    amplitude = 2 / np.hypot(1, w * tau)
    assert run["a.v"] == pytest.approx(amplitude * wave, abs=1e-10)
    assert run["R.i"] == pytest.approx(200e-9 * amplitude * slope, abs=1e-12)
    assert run["S.i"] == pytest.approx(-run["R.i"], abs=1e-15)


def test_inductor_integrates_its_voltage() -> None:
    text = """
    circuit Bench { node a
      S: VoltageSource(a, ground, V = 1[V]*cos(2*pi*1[kHz]*t))
      L: Inductor(a, ground, L = 10[mH], i = 2[mA]) }
    experiment sine on Bench { run to 2[ms]
      save every 5[us]: L.i, L.v, S.i }
    """
    run = mc.compile(mc.parse(text), rtol=1e-12).run()
    w = 2e3 * np.pi
    assert run["L.i"] == pytest.approx(2e-3 + np.sin(w * run.t) / (w * 10e-3), abs=1e-12)
    assert run["L.v"] == pytest.approx(np.cos(w * run.t), abs=1e-12)
    assert run["S.i"] == pytest.approx(-run["L.i"], abs=1e-15)


@pytest.mark.parametrize("resistance", [200.0, 5e3], ids=["overdamped", "ringing"])
def test_parallel_resonator(resistance: float) -> None:
    """C dv/dt + v/R + i = 0, L di/dt = v from v = 1 V and i = 0: with the two roots s of s^2 + s/RC + 1/LC."""
    text = """
    circuit Tank { param R = 1[kohm]
      node a
      C1: Capacitor(a, ground, C = 10[nF])
      L1: Inductor(a, ground, L = 10[mH])
      R1: Resistor(a, ground, R = R) }
    experiment ring on Tank { initial a.v = 1[V]
      run to 200[us]
      save every 1[us]: a.v, L1.i, R1.i }
    """
    run = mc.compile(mc.parse(text), rtol=1e-12).run(parameters={"R": resistance})
    s = np.roots([1.0, 1 / (resistance * 10e-9), 1 / (10e-9 * 10e-3)]).astype(complex)
    # i = k (exp(s0 t) - exp(s1 t)), v = L di/dt
    k = 1 / (10e-3 * (s[0] - s[1]))
    waves = np.exp(s[:, None] * run.t)
    assert run["L1.i"] == pytest.approx((k * (waves[0] - waves[1])).real, abs=1e-12)
    assert run["a.v"] == pytest.approx((10e-3 * k * (s[0] * waves[0] - s[1] * waves[1])).real, abs=1e-9)
    assert run["R1.i"] == pytest.approx(run["a.v"] / resistance, abs=1e-15)


def test_two_capacitors_share_their_charge() -> None:
    """Through a resistor between them: charge is kept, the difference decays with R C1 C2/(C1 + C2)."""
    text = """
    circuit Bench { node a, b
      C1: Capacitor(a, ground, C = 1[uF])
      C2: Capacitor(b, ground, C = 3[uF])
      R: Resistor(a, b, R = 1[kohm]) }
    experiment share on Bench { initial a.v = 4[V]
      run to 5[ms]
      save every 50[us]: a.v, b.v }
    """
    run = mc.compile(mc.parse(text), rtol=1e-12).run()
    difference = 4 * np.exp(-run.t / 0.75e-3)
    assert run["a.v"] - run["b.v"] == pytest.approx(difference, abs=1e-10)
    assert run["a.v"] + 3 * run["b.v"] == pytest.approx(np.full_like(run.t, 4.0), abs=1e-12)
