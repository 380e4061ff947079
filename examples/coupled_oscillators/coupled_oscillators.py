"""Two relaxation oscillators drift apart until the memristor between them has grown and locks them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import mcompiler as mc

HERE = Path(__file__).parent
COUPLINGS = np.geomspace(1e-6, 40e-6, 41)  # S


def own_frequency(value: Mapping[str, np.ndarray], name: str) -> float:
    """Of an oscillator alone: between the thresholds, its voltage relaxes to V0/(1 + R*G) with the time constant R*C/(1 + R*G)."""
    period, switch = 0.0, f"S{name}.S"
    low, high = value[f"{switch}.Voff"], value[f"{switch}.Von"]
    for conductance, start, end in ((value[f"{switch}.Goff"], low, high), (value[f"{switch}.Gon"], high, low)):
        slower = 1 + value[f"{name}.R"] * conductance
        aim = value[f"{name}.V0"] / slower
        period += value[f"{name}.R"] * value[f"{name}.C"] / slower * np.log((aim - start) / (aim - end))
    return float(1 / period)


def switchings(run: mc.Solution, name: str, after: float = 0.0) -> np.ndarray:
    """The times at which an oscillator's switch turns to metal."""
    return np.array([each.t for each in run.events if each.name == f"S{name}, event 0" and each.t > after])


def frequency(times: np.ndarray) -> float:
    """Mean frequency; 0 of one that is silent."""
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


def phases(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far B is behind A at each switching of A but the last, in periods of A."""
    behind = b[np.searchsorted(b, a[:-1]).clip(max=len(b) - 1)] - a[:-1]
    return behind / np.diff(a) % 1


def main() -> None:
    solver = mc.compile(mc.load(HERE / "coupled_oscillators.mem"))
    own = np.array([own_frequency(solver.parameters, name) for name in "AB"])
    apart = solver.run((0, 0.2), parameters={"K.M.Gmin": 0.0, "K.M.Gmax": 0.0})
    alone = np.array([frequency(switchings(apart, name)) for name in "AB"])
    error = np.abs(alone / own - 1).max()
    print(f"alone: {alone[0]:.2f} and {alone[1]:.2f} Hz; closed form differs by {error:.0e}")

    run = solver.run()
    a, b = switchings(run, "A"), switchings(run, "B")
    behind = phases(a, b)
    least, largest = solver.parameters["K.M.Gmin"], solver.parameters["K.M.Gmax"]
    conductance = least + (largest - least) * run["K.M.w"]
    print(
        f"the memristor grows from {conductance[0] * 1e6:.1f} to {conductance[-1] * 1e6:.1f} uS: at the end",
        f"{frequency(a[-99:]):.1f} and {frequency(b[-99:]):.1f} Hz, B {behind[-1]:.2f} periods behind A",
    )

    found: list[tuple[float, float]] = []
    for each in COUPLINGS:  # a bridge that cannot change
        fixed = solver.run((0, 0.5), parameters={"K.M.Gmin": each, "K.M.Gmax": each}, save=["A.v"], save_at=[0])
        found.append((frequency(switchings(fixed, "A", 0.2)), frequency(switchings(fixed, "B", 0.2))))
    fast, slow = np.array(found).T
    locked = abs(fast - slow) < 0.5
    first, last = COUPLINGS[locked].min() * 1e6, COUPLINGS[-1] * 1e6
    print(f"a bridge that cannot change locks them from {first:.1f} uS on; up to {last:.0f} uS were tried")

    figure = Figure(figsize=(9.6, 5.6), layout="constrained", dpi=90)
    (before, after, portrait), (growth, phase, locking) = figure.subplots(2, 3)
    for axes, begin, title in ((before, 0.01, "at first they drift"), (after, 0.396, "at the end they are locked")):
        shown = (run.t >= begin) & (run.t < begin + 4e-3)
        for name in "AB":
            axes.plot((run.t[shown] - begin) * 1e3, run[f"{name}.v"][shown], linewidth=1.2, label=f"{name}.v")
        axes.set(xlabel=f"time t - {begin * 1e3:g} ms [ms]", ylabel="voltage [V]", title=title, ylim=(0.35, 1.45))
        axes.legend(frameon=False, fontsize="small", loc="upper center", ncols=2)
    early, late = run.t < 0.012, run.t > 0.396
    portrait.plot(run["A.v"][early], run["B.v"][early], color="0.75", linewidth=0.4, label="first 12 ms")
    portrait.plot(run["A.v"][late], run["B.v"][late], color="C3", linewidth=1.2, label="last 4 ms")
    portrait.set(xlabel="A.v [V]", ylabel="B.v [V]", title="a closed curve", ylim=(0.35, 1.45))
    portrait.legend(frameon=False, fontsize="small", loc="upper center", ncols=2)
    growth.plot(run.t, conductance * 1e6, color="C3", linewidth=1.2)
    growth.set(xlabel="time t [s]", ylabel="conductance [µS]", title="the memristor between them")
    phase.plot(a[:-1], behind, "k.", markersize=2)
    phase.set(xlabel="time t [s]", ylabel="B behind A [periods]", title="phase", ylim=(0, 1))
    locking.semilogx(COUPLINGS * 1e6, fast, ".", COUPLINGS * 1e6, slow, ".", markersize=4)
    for each in own:
        locking.axhline(each, color="k", linestyle=":", linewidth=0.8)
    locking.axvline(conductance[-1] * 1e6, color="C3", linewidth=0.8)
    locking.set(xlabel="fixed conductance [µS]", ylabel="frequency [Hz]", title="locking")
    for axes in figure.axes:
        axes.grid(visible=True, linewidth=0.3, alpha=0.6)
        axes.title.set_fontsize("medium")
    figure.savefig(HERE / "coupled_oscillators.png")


if __name__ == "__main__":
    main()
