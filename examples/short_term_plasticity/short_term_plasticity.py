"""Volatile memristors as facilitating synapses: a burst is remembered while no cell fires, and forgotten with the time constant of the devices."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import mcompiler as mc

HERE = Path(__file__).parent
END_OF_BURST, PROBES = 0.2, 0.3 + 0.2 * np.arange(7)  # s
WINDOW = 0.05  # s after a probe in which a cell may answer
TAUS, SHOWN = (0.1, 0.2, 0.4), 0.4  # s
ROWS = {"Q": 0, "P": 10, "B": 20, "A": 40}  # of the raster
COLOURS = {"A": "tab:blue", "B": "0.45", "P": "tab:red", "Q": "tab:orange"}


def spikes(run: mc.Solution, cells: str) -> tuple[np.ndarray, np.ndarray]:
    """Times of all spikes of a class, and the numbers of the cells that fired."""
    found = [(each.t, int(each.name[2:-1])) for each in run.events if each.name.startswith(f"{cells}[")]
    times, numbers = zip(*found, strict=True) if found else ((), ())
    return np.array(times), np.array(numbers, dtype=int)


def answers(run: mc.Solution, cells: str) -> list[int]:
    """How many cells of a class fire after each probe."""
    times, numbers = spikes(run, cells)
    return [len(set(numbers[(times > probe) & (times < probe + WINDOW)])) for probe in PROBES]


def raster(axes: Axes, run: mc.Solution) -> None:
    """Every spike as a stroke, class above class."""
    for cells, first in ROWS.items():
        times, numbers = spikes(run, cells)
        axes.plot(times, first + numbers, "|", color=COLOURS[cells], markersize=3, markeredgewidth=0.7)
    axes.set_yticks([first + (4.5 if first < 20 else 9.5) for first in ROWS.values()], list(ROWS))
    axes.hlines([9.5, 19.5, 39.5], 0, 1.6, color="0.8", linewidth=0.6)
    axes.tick_params(axis="y", length=0)
    axes.set(ylim=(-1, 60), ylabel="cells")
    axes.set_title("A burst in A, then probes to A and B; P listens to A, Q to B; 400 ms", fontsize="medium")


def main() -> None:
    solver = mc.compile(mc.load(HERE / "short_term_plasticity.mem"))
    runs = {tau: solver.run(parameters={"AP.M.tau": tau, "BQ.M.tau": tau}) for tau in TAUS}
    for tau, run in runs.items():
        w = run["AP.M.w"].mean(axis=(1, 2))
        print(f"tau = {1e3 * tau:.0f} ms: the burst leaves w = {w[run.t >= END_OF_BURST][0]:.3f}; ", end="")
        print(f"answers of P to the probes: {answers(run, 'P')}, of Q: {answers(run, 'Q')}")
    run = runs[SHOWN]
    quiet = (run.t > 0.25) & (run.t < PROBES[0])
    rate = -np.polyfit(run.t[quiet], np.log(run["AP.M.w"][quiet, 0, 0]), 1)[0]
    print(f"tau = {1e3 * SHOWN:.0f} ms: while no cell fires, w decays with a time constant of {1e3 / rate:.2f} ms")

    figure = Figure(figsize=(9.0, 5.2), layout="constrained", dpi=110)
    axes = figure.subplot_mosaic(
        [["raster", "raster", "answers"], ["states", "states", "answers"]], height_ratios=[3, 2]
    )
    raster(axes["raster"], run)
    for name, cells, word in (("AP", "A", "from A to P"), ("BQ", "B", "from B to Q")):
        axes["states"].plot(
            run.t, run[f"{name}.M.w"].mean(axis=(1, 2)), color=COLOURS[cells], linewidth=1.2, label=word
        )
    after = run.t >= END_OF_BURST
    fading = run["AP.M.w"][after].mean(axis=(1, 2))[0] * np.exp(-(run.t[after] - END_OF_BURST) / SHOWN)
    axes["states"].plot(run.t[after], fading, "k:", linewidth=1, label="decay without probes")
    axes["states"].set(xlabel="time t [s]", ylabel="mean state w", ylim=(0, 0.8))
    axes["states"].legend(frameon=False, fontsize="small", ncols=3)
    for tau, each in runs.items():
        axes["answers"].plot(PROBES - END_OF_BURST, answers(each, "P"), "o-", label=f"{1e3 * tau:.0f} ms")
    axes["answers"].set(xlabel="time after the burst [s]", ylabel="cells of P that answer a probe")
    axes["answers"].set(xlim=(0, None))
    axes["answers"].set_title("How long it is remembered", fontsize="medium")
    axes["answers"].legend(
        frameon=False, fontsize="small", title="time constant\nof the devices", title_fontsize="small"
    )
    for each in ("raster", "states"):
        axes[each].set(xlim=(0, 1.6))
    for each in ("states", "answers"):
        axes[each].grid(visible=True, linewidth=0.3, alpha=0.6)
    figure.savefig(HERE / "short_term_plasticity.png")


if __name__ == "__main__":
    main()
