"""Numbers that the library's devices are known by, each with where it comes from, how well it is known, and our own.

Where a number comes from: a *figure* is read off a paper, to 1-3 %; a *simulator* is another program's output or a paper's own simulation; a *closed form* is
exact; a *run* is an independent integration of the published equations by SciPy, where no more digits were published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

import mcompiler as mc
from tests.library.bench import bench, run_sine
from tests.oracle import closed_forms

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and how to get ours.

    Attributes:
        device: "Device.set".
        quantity: what it is, with its unit.
        known: the number.
        tolerance: how well it is known, relative.
        source: figure, simulator, closed form or run; and which.
        ours: computes our number.
    """

    device: str
    quantity: str
    known: float
    tolerance: float
    source: str
    ours: Callable[[], float]


@cache
def sine(device: str, amplitude: float, f: float, periods: int, samples: int = 4000) -> mc.Solution:
    """Whole periods from the device's own start, ``samples`` in each."""
    times = np.linspace(0, periods / f, samples * periods + 1)
    return run_sine(bench(device), amplitude, f, times, rtol=1e-10)


def loop(area_of: mc.Solution, part: slice) -> float:
    """Area in uVA enclosed by the samples of one half period, by the trapezoid rule."""
    return abs(float(np.trapezoid(area_of["M.i"][part], area_of["M.v"][part]))) * 1e6


def peak(run: mc.Solution, signal: str, scale: float = 1.0, part: slice = slice(None)) -> float:
    """Largest value, times ``scale``."""
    return float(run[signal][part].max()) * scale


def low(run: mc.Solution, signal: str, scale: float = 1.0, part: slice = slice(None)) -> float:
    """Smallest value, times ``scale``."""
    return float(run[signal][part].min()) * scale


def of(run: Callable[[], mc.Solution], measure: Callable[..., float], *arguments: object) -> Callable[[], float]:
    """The measurement on a run that is made when it is first needed."""
    return lambda: measure(run(), *arguments)


# --- the HP device: i0 = v0/Ron = 10 mA is the unit of current in the publication

PULSES = """
circuit Bench { node top
  S: VoltageSource(top, ground, V = where(t < 3[s], 1, -1)*1[V]*sin(pi*1[Hz]*t)^2)
  M: HP.strukov2008_fig2c(top, ground) }
experiment pulses on Bench { run to 6[s]
  save every 0.5[ms]: M.i, M.w }
"""


@cache
def pulses() -> mc.Solution:
    return mc.compile(mc.parse(PULSES), rtol=1e-10, method="tsit5").run()


def hp() -> Iterator[Figure]:
    slow, fast = (partial(sine, "HP.strukov2008_fig2b", 1.0, f, 1) for f in (0.5, 5.0))
    half = slice(0, 2001)
    name = "HP.strukov2008_fig2b"
    yield Figure(name, "peak current [1e-3 i0]", 12.0, 0.03, "figure 2b", of(slow, peak, "M.i", 1e5))
    yield Figure(name, "peak current [uA]", 119.8, 5e-4, "run", of(slow, peak, "M.i", 1e6))
    yield Figure(name, "peak state", 0.8628, 1e-4, "run", of(slow, peak, "M.w"))
    yield Figure(name, "lobe [uVA]", 58.05, 5e-4, "run", of(slow, loop, half))
    yield Figure(
        name, "i(1 V) at 5 Hz [1e-3 i0]", 6.9, 0.04, "figure 2b, inset", lambda: float(fast()["M.i"][1000]) * 1e5
    )
    yield Figure(
        name,
        "lobe at 5 Hz, part of that at 0.5 Hz",
        0.021,
        0.02,
        "run",
        lambda: loop(fast(), half) / loop(slow(), half),
    )
    name = "HP.strukov2008_fig2c"
    # the two smaller peaks can be read off the figure as 3 and 4 only
    for number, (known, digits) in enumerate(
        ((3.0, 3.21), (4.0, 4.12), (7.4, 7.41), (-7.4, -7.41), (-4.0, -4.12), (-3.0, -3.21))
    ):
        part, measure = slice(2000 * number, 2000 * (number + 1)), peak if known > 0 else low
        ours = of(pulses, measure, "M.i", 1e5, part)
        yield Figure(name, f"peak {number + 1} [1e-3 i0]", known, 0.08, "figure 2c", ours)
        yield Figure(name, f"peak {number + 1} [1e-3 i0]", digits, 2e-3, "run", ours)
    yield Figure(name, "peak state", 0.850, 1e-3, "run", of(pulses, peak, "M.w"))


def windows() -> Iterator[Figure]:
    """1.2 V, 1 Hz, from 11 kohm; ranges over three periods, lobes of the third."""
    up, down = slice(8000, 10001), slice(10000, None)
    for name, smallest, largest, current, lobes, source in (
        ("HPJoglekar.biolek2009", 0.3145, 0.8106, 180.60, (83.79, 83.79), "run"),
        (
            "HPBiolek.biolek2009",
            0.3077,
            0.9569,
            218.77,
            (123.33, 119.63),
            "run; Dymola agrees to 4e-5",
        ),
        ("HPProdromakis.biolek2009", 0.3145, 0.3989, 115.98, (6.034, 6.034), "run"),
    ):
        run = partial(sine, name, 1.2, 1.0, 3)
        yield Figure(name, "smallest state", smallest, 3e-4, source, of(run, low, "M.w"))
        yield Figure(name, "largest state", largest, 2e-4, source, of(run, peak, "M.w"))
        yield Figure(name, "peak current [uA]", current, 2e-4, source, of(run, peak, "M.i", 1e6))
        yield Figure(name, "lobe, v > 0 [uVA]", lobes[0], 1e-3, source, of(run, loop, up))
        yield Figure(name, "lobe, v < 0 [uVA]", lobes[1], 1e-3, source, of(run, loop, down))


def vteam() -> Iterator[Figure]:
    """2 V sine; the loop still creeps at 100 Hz, where the figure is that of the sixth period."""
    name, last = "VTEAM.biolek2021", slice(-4000, None)
    source = "run; figure 9 of the 2021 paper agrees by reading"
    for f, periods, top, bottom in ((10.0, 6, 1.0, -0.581), (100.0, 6, 0.575, -0.567), (1000.0, 20, 0.420, None)):
        run = partial(sine, name, 2.0, f, periods)
        yield Figure(name, f"largest current at {f:g} Hz [mA]", top, 4e-3, source, of(run, peak, "M.i", 1e3, last))
        if bottom is not None:
            yield Figure(
                name, f"smallest current at {f:g} Hz [mA]", bottom, 4e-3, source, of(run, low, "M.i", 1e3, last)
            )
    for f, periods, smallest, largest in ((100.0, 6, 0.084, 0.632), (1000.0, 20, 0.320, 0.375)):
        run = partial(sine, name, 2.0, f, periods)
        yield Figure(name, f"smallest state at {f:g} Hz", smallest, 1e-2, source, of(run, low, "M.w", 1.0, last))
        yield Figure(name, f"largest state at {f:g} Hz", largest, 3e-3, source, of(run, peak, "M.w", 1.0, last))
    name, run = "VTEAM.memtorch_default", partial(sine, "VTEAM.memtorch_default", 1.0, 50e6, 1)
    yield Figure(name, "largest state [nm]", 0.154, 5e-3, "run", of(run, peak, "M.w", 3.0))
    yield Figure(name, "largest current [mA]", 14.25, 2e-3, "run", of(run, peak, "M.i", 1e3))
    yield Figure(name, "smallest current [mA]", -20.0, 2e-3, "run", of(run, low, "M.i", 1e3))
    # three digits, from a coarser sampling of the steps: with more samples these converge to 3172.65 and 429.70
    yield Figure(name, "lobe, v > 0 [uVA]", 3170.0, 4e-3, "run", of(run, loop, slice(0, 2001)))
    yield Figure(name, "lobe, v < 0 [uVA]", 431.0, 4e-3, "run", of(run, loop, slice(2000, None)))


def threshold() -> Iterator[Figure]:
    name, run = "PershinDiVentra.biolek2013_r2", partial(sine, "PershinDiVentra.biolek2013_r2", 5.0, 50e6, 3)
    closed = closed_forms.threshold_turning_resistance(5.0, 4.6, 1e13, 50e6, 10e3)
    yield Figure(name, "smallest resistance [ohm]", closed, 1e-6, "closed form", of(run, low, "M.R"))
    yield Figure(
        name, "smallest resistance [ohm]", 3181.9, 2e-5, "simulator: PSpice, in the 2013 paper", of(run, low, "M.R")
    )
    yield Figure(
        name, "smallest resistance [ohm]", 3181.58, 1e-4, "simulator: code model of ngspice", of(run, low, "M.R")
    )
    yield Figure(name, "largest resistance [ohm]", 10e3, 1e-12, "closed form", of(run, peak, "M.R"))
    yield Figure(name, "largest current [mA]", 1.452, 1e-3, "run", of(run, peak, "M.i", 1e3))


# --- volatile devices

TRIANGLE = """
circuit Bench {{ node top
  S: SweepSource(top, ground, low = -1.25[V], high = 1.25[V], rate = 1.25[V/s])
  M: {device}(top, ground) }}
experiment sweep on Bench {{ run to 4[s]
  save every 0.5[ms]: M.i, M.w }}
"""
OSCILLATOR = """
circuit Oscillator {{ node supply, a
  S: DCSource(supply, ground, V0 = 1.8[V])
  RL: Resistor(supply, a, R = 4.2[kohm])
  C: Capacitor(a, ground, C = 23[pF])
  M: {device}(a, ground) }}
experiment spikes on Oscillator {{ run to 3[us]
  save every 0.1[ns]: a.v, M.i, M.u }}
"""
LATER = slice(10_000, None)  # after 1 us the oscillation repeats


@cache
def modelled(text: str, device: str) -> mc.Solution:
    return mc.compile(mc.parse(text.format(device=device)), rtol=1e-9).run()


def period(run: mc.Solution) -> float:
    """Mean distance in ns of the upward passages of half the peak current, interpolated."""
    t, i = run.t[LATER] * 1e9, run["M.i"][LATER] - 0.5 * run["M.i"][LATER].max()
    before = np.flatnonzero((i[:-1] < 0) & (i[1:] >= 0))
    passages = t[before] - i[before] * (t[before + 1] - t[before]) / (i[before + 1] - i[before])
    return float(np.diff(passages).mean())


def volatile() -> Iterator[Figure]:
    for name, top, current in (("Chang.yakopcic_survey", 0.527, 7.09), ("Chang.yakopcic_survey_decay", 0.408, 6.49)):
        run = partial(modelled, TRIANGLE, name)
        yield Figure(name, "largest state", top, 2e-3, "run", of(run, peak, "M.w"))
        yield Figure(name, "largest current [uA]", current, 2e-3, "run", of(run, peak, "M.i", 1e6))
    name = "Mott.biolek2013_r4_spice"
    run = partial(modelled, OSCILLATOR, name)
    yield Figure(name, "period [ns]", 229.5, 3e-3, "figure 10: 229 to 230", of(run, period))
    yield Figure(name, "period [ns]", 229.97, 2e-4, "simulator: ngspice, own netlist", of(run, period))
    yield Figure(name, "peak current [uA]", 290.0, 0.02, "figure 10", of(run, peak, "M.i", 1e6, LATER))
    name = "Mott.biolek2013_r4"
    run = partial(modelled, OSCILLATOR, name)
    yield Figure(name, "period [ns]", 197.7, 5e-4, "run", of(run, period))
    yield Figure(name, "peak current [uA]", 284.7, 5e-4, "run", of(run, peak, "M.i", 1e6, LATER))
    for quantity, known, measure, signal in (
        ("smallest radius", 0.0082, low, "M.u"), ("largest radius", 0.5045, peak, "M.u"),
        ("lowest voltage [V]", 1.283, low, "a.v"), ("highest voltage [V]", 1.552, peak, "a.v"),
    ):  # fmt: skip
        yield Figure(name, quantity, known, 5e-3 if known < 0.01 else 5e-4, "run", of(run, measure, signal, 1.0, LATER))


# --- the cubic memristor, and Chua's circuit with it

CHUA = """
circuit Chua { param Rs = 2[kohm]
  node a, b
  C1: Capacitor(a, ground, C = 6.8[nF])
  C2: Capacitor(b, ground, C = 68[nF])
  L1: Inductor(b, ground, L = 18[mH])
  R1: Resistor(b, a, R = Rs)
  M:  CubicMemristor.muthuswamy2010(a, ground) }
experiment attractor on Chua { initial b.v = 0.1[V]
  run to 100[ms] }
"""


@cache
def chua(resistor: float) -> mc.Solution:
    """After the transient of 20 ms."""
    times = np.linspace(0.02, 0.1, 60_000)
    return mc.compile(mc.parse(CHUA), rtol=1e-9).run(parameters={"Rs": resistor}, save_at=times)


def cubic() -> Iterator[Figure]:
    name, run = "CubicMemristor.unit", partial(sine, "CubicMemristor.unit", 1.0, 1 / (2 * np.pi), 1, 20_000)
    yield Figure(name, "lobe, v > 0 [uVA]", 4e6 / 3, 1e-7, "closed form", of(run, loop, slice(0, 10_001)))
    yield Figure(name, "lobe, v < 0 [uVA]", 4e6 / 3, 1e-7, "closed form", of(run, loop, slice(10_000, None)))
    exact = float(closed_forms.cubic_current(np.linspace(0, np.pi, 2_000_001)).max())
    yield Figure(name, "peak current [A]", exact, 1e-7, "closed form", of(run, peak, "M.i"))
    name = "CubicMemristor.muthuswamy2010"
    for resistor, tops, tolerance in (
        (2000.0, (2.1, 0.71, 1.53, 3.07), 0.04),  # chaotic: the extremes of a finite run
        (1900.0, (2.30, 0.609, 1.41, 2.875), 3e-3),
        (1800.0, (10.2, 4.34, 9.65, 4.70), 3e-3),
    ):
        ours = partial(chua, resistor)
        source = "run, statistics of chaos" if resistor == 2000.0 else "run"
        for known, signal, unit, scale in zip(
            tops, ("a.v", "b.v", "L1.i", "M.phi"), ("V", "V", "mA", "phi0"), (1.0, 1.0, 1e3, 1 / 3.854e-5), strict=True
        ):
            quantity = f"Chua's circuit, {resistor:g} ohm: largest {signal} [{unit}]"
            yield Figure(name, quantity, known, tolerance, source, of(ours, peak, signal, scale))
            yield Figure(
                name, quantity.replace("largest", "smallest"), -known, tolerance, source, of(ours, low, signal, scale)
            )


FIGURES: tuple[Figure, ...] = (*hp(), *windows(), *vteam(), *threshold(), *volatile(), *cubic())
