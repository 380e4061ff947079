"""Chua's circuit with a cubic memristor: the attractor, its ranges, and how fast two nearly equal starts part."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import mcompiler as mc

HERE = Path(__file__).parent
PHI0 = 8200 * 47e-9 / 10  # V s, the unit of the flux in the publication
# Ranges of an independent simulation of the published equations (SciPy); those of a chaotic run depend on its length, by a few percent.
RANGES = (
    ("a.v", 1.0, "V", "-2.03 ... 2.10"),
    ("b.v", 1.0, "V", "-0.71 ... 0.71"),
    ("L1.i", 1e3, "mA", "-1.53 ... 1.53"),
    ("M.phi", 1 / PHI0, "phi0", "-3.07 ... 3.07"),
)


def kept_charge(run: mc.Solution) -> np.ndarray:
    """C1*v + q(phi) + (phi - L*i)/Rs in A s, which the circuit cannot change."""
    phi = run["M.phi"]
    charge = -0.667e-3 * phi + 0.029e-3 * phi**3 / PHI0**2
    return 6.8e-9 * run["a.v"] + charge + (phi - 18e-3 * run["L1.i"]) / 2000.0


def draw(run: mc.Solution, apart: np.ndarray) -> None:
    figure = Figure(figsize=(9.0, 3.8), layout="constrained", dpi=100)
    attractor, divergence = figure.subplots(1, 2)
    shown = run.t < 40e-3
    attractor.plot(run["a.v"][shown], run["b.v"][shown], linewidth=0.35)
    attractor.set(xlabel="a.v [V]", ylabel="b.v [V]", title="Attractor, first 40 ms")
    divergence.semilogy(run.t[shown][::5] * 1e3, apart[shown][::5], linewidth=0.6)
    divergence.set(
        xlabel="time t [ms]", ylabel="distance in a.v [V]", title="Two starts that differ by 0.1 nV", ylim=(1e-13, 10)
    )
    for axes in (attractor, divergence):
        axes.grid(visible=True, linewidth=0.3, alpha=0.6)
        axes.title.set_fontsize("medium")
    figure.savefig(HERE / "muthuswamy_chua.png")


def main() -> None:
    solver = mc.compile(mc.load(HERE / "muthuswamy_chua.mem"), rtol=1e-11)
    run = solver.run()
    for name, scale, unit, reference in RANGES:
        values = run[name] * scale
        print(f"{name:>5}  {values.min():6.2f} ... {values.max():5.2f} {unit:4}  (independent simulation {reference})")
    print(
        f"the kept charge moves by {np.ptp(kept_charge(run)):.0e} A s, of {6.8e-9 * np.ptp(run['a.v']):.0e} A s that the capacitor exchanges"
    )
    near = solver.run(initial={"b.v": 0.1 * (1 + 1e-9)})
    apart = np.abs(near["a.v"] - run["a.v"])
    print(f"a start that differs by 0.1 nV is 0.1 V away after {run.t[np.argmax(apart > 0.1)] * 1e3:.1f} ms: chaos")
    narrow = solver.run(parameters={"Rs": 1900.0})
    print(
        f"with Rs = 1.9 kohm a.v reaches {np.abs(narrow['a.v'][run.t > 20e-3]).max():.2f} V (independent simulation 2.30)"
    )
    draw(run, apart)


if __name__ == "__main__":
    main()
