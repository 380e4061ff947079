"""The pinched loop of the HP device at three frequencies, compared with its closed form."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import mcompiler as mc

HERE = Path(__file__).parent
RON, ROFF, W0, K = 100.0, 16e3, 0.1, 1e-14 * 100.0 / 10e-9**2  # ohm, ohm, -, 1/(A s)


def exact_state(t: np.ndarray, f: float) -> np.ndarray:
    """The state under a 1 V sine: a quadratic in the flux, while no wall is touched."""
    flux = (1 - np.cos(2 * np.pi * f * t)) / (2 * np.pi * f)
    a = (ROFF - RON) / 2
    return (ROFF - np.sqrt(ROFF**2 - 4 * a * (ROFF * W0 - a * W0**2 + K * flux))) / (2 * a)


def main() -> None:
    solver = mc.compile(mc.load(HERE / "hp_loop.mem"), rtol=1e-10)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained", dpi=110)
    loops, states = figure.subplots(1, 2)
    for f in (0.5, 1.5, 5.0):
        run = solver.run((0.0, 1 / f), parameters={"f": f}, save_at=np.linspace(0, 1 / f, 1001))
        exact = exact_state(run.t, f)
        error, at_zero = np.abs(run["M.w"] - exact).max(), np.abs(run["M.i"][np.abs(run["M.v"]) < 1e-9]).max()
        print(
            f"{f:3g} Hz: peak current {run['M.i'].max() * 1e6:7.2f} uA, largest error of the state {error:.1e}, current at 0 V {at_zero:.0e} A"
        )
        loops.plot(run["M.v"], run["M.i"] * 1e6, linewidth=1.2, label=f"{f:g} Hz")
        states.plot(run.t * f, run["M.w"], linewidth=1.2, label=f"{f:g} Hz")
        states.plot(run.t[::50] * f, exact[::50], "k.", markersize=3, label="closed form" if f == 5.0 else None)
    loops.set(
        xlabel="voltage M.v [V]",
        ylabel="current M.i [µA]",
        title="Pinched, and smaller at higher frequencies",
        xticks=(-1, -0.5, 0, 0.5, 1),
    )
    states.set(xlabel="time in periods", ylabel="state M.w", title="Normalised width of the doped region")
    for axes in (loops, states):
        axes.grid(visible=True, linewidth=0.3, alpha=0.6)
        axes.legend(frameon=False, fontsize="small")
        axes.title.set_fontsize("medium")
    figure.savefig(HERE / "hp_loop.png")


if __name__ == "__main__":
    main()
