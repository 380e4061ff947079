"""What a newcomer sees first: four published memristor behaviours, compiled and drawn in one picture. Its models are in ``demo.mem``."""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mcompiler.driver import compile as compile_model
from mcompiler.driver import load
from mcompiler.report.plot import new_figure, save_figure
from mcompiler.solver.solver import Solver

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODEL = Path(__file__).with_name("demo.mem")
_FREQUENCIES = (0.5, 1.5, 5.0)  # Hz


def demo(picture: Path, say: Callable[[str], None]) -> None:
    """Compile and run the four models, draw them into ``picture``, and say what was done and how to see the equations."""
    figure = new_figure(10.0, 7.4)
    grid = figure.subplots(2, 2)
    drawings = {"hp": _loops, "vteam": _thresholds, "volatile": _decay, "chua": _attractor}
    for (name, draw), axes in zip(drawings.items(), grid.flat, strict=True):
        start = time.perf_counter()
        solver = compile_model(load(MODEL, experiment=name))
        compiled = time.perf_counter()
        told = draw(solver, axes)
        say(
            f"{name:<9} compiled in {compiled - start:5.2f} s, run and drawn in {time.perf_counter() - compiled:5.2f} s: {told}"
        )
    save_figure(figure, picture)
    say(f"\nwrote {picture}\n\nThe models, and the equations that were derived from them:")
    program = _program()
    say(f"  {program} equations {_shown(MODEL)} --experiment chua")
    say(f"  {program} equations {_shown(MODEL)} --experiment hp --of adjoint")
    say(f"  {program} equations {_shown(MODEL)} --experiment vteam --of jacobian --format latex")
    say(f"  {program} devices VTEAM")


def _loops(solver: Solver, axes: "Axes") -> str:
    peaks: list[float] = []
    for f in _FREQUENCIES:
        run = solver.run((0.0, 1.0 / f), parameters={"f": f}, save_at=np.linspace(0.0, 1.0 / f, 1001))
        axes.plot(run["M.v"], run["M.i"] * 1e6, linewidth=1.2, label=f"{f:g} Hz")
        peaks.append(float(run["M.i"].max() * 1e6))
    axes.legend(frameon=False, fontsize="small")
    axes.set_xticks((-1.0, -0.5, 0.0, 0.5, 1.0))
    _label(axes, "HP: pinched at the origin, smaller at higher frequencies", "voltage M.v [V]", "current M.i [µA]")
    return f"peak current {peaks[0]:.1f} µA at 0.5 Hz (figure 2b of the publication: 120)"


def _thresholds(solver: Solver, axes: "Axes") -> str:
    run = solver.run()
    steady = run.t >= 0.1
    v, i = run["M.v"][steady], run["M.i"][steady] * 1e3
    axes.plot(v, i, linewidth=1.2)
    for place in (150, 620):  # on the way up through SET, and down through RESET, in samples of 0.1 ms
        axes.annotate(
            "", (v[place + 8], i[place + 8]), (v[place], i[place]), arrowprops={"arrowstyle": "-|>", "color": "C0"}
        )
    for name, side in (("v_on", "left"), ("v_off", "right")):
        threshold = float(solver.parameters[f"M.{name}"])
        axes.axvline(threshold, color="0.5", linewidth=0.8, linestyle="--")
        axes.text(
            threshold,
            0.97,
            f" {name} = {threshold:g} V ",
            ha=side,
            va="top",
            fontsize="small",
            color="0.3",
            transform=axes.get_xaxis_transform(),
        )
    _label(axes, "VTEAM: the state moves beyond the thresholds only", "voltage M.v [V]", "current M.i [mA]")
    return f"{i.max():+.3f} / {i.min():+.3f} mA (independent simulation +1.000 / -0.581)"


def _decay(solver: Solver, axes: "Axes") -> str:
    run = solver.run()
    tau = float(solver.parameters["M.tau"])
    driven = axes.fill_between(
        run.t * 1e3, 0, 1, where=run["M.v"] > 0.5, color="0.88", linewidth=0, transform=axes.get_xaxis_transform()
    )
    driven.set_label("1 V pulse")
    axes.plot(run.t * 1e3, run["M.w"], linewidth=1.2, label="state M.w")
    quiet = (run.t > 0.0305) & (run.t < 0.119)
    t, w = run.t[quiet], run["M.w"][quiet]
    axes.plot(
        t[::16] * 1e3, w[0] * np.exp(-(t[::16] - t[0]) / tau), "k.", markersize=3, label=f"exp(-t / {tau * 1e3:g} ms)"
    )
    axes.legend(frameon=False, fontsize="small", loc="upper center", ncols=3)
    axes.set_ylim(0.0, 1.25 * float(run["M.w"].max()))
    _label(axes, "Volatile: pulses write, the device forgets", "time t [ms]", "state M.w")
    slope = np.polyfit(t, np.log(w), 1)[0]
    return f"time constant of the decay {-1e3 / slope:.3f} ms (model {tau * 1e3:g})"


def _attractor(solver: Solver, axes: "Axes") -> str:
    run = solver.run(rtol=1e-8)
    axes.plot(run["a.v"], run["b.v"], linewidth=0.35, alpha=0.7)
    _label(axes, "Chua's circuit with a cubic memristor: chaos", "voltage a.v [V]", "voltage b.v [V]")
    return (
        f"a.v between {run['a.v'].min():.2f} and {run['a.v'].max():.2f} V (independent simulation -2.03 to 2.10; chaos)"
    )


def _label(axes: "Axes", title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize="medium")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, linewidth=0.3, alpha=0.6)


def _program() -> str:
    """How the command line is called here: by its name where the shell finds it, else by its path."""
    script = Path(sys.argv[0])
    if shutil.which("mcompiler") or script.name != "mcompiler":
        return "mcompiler"
    return _shown(script.absolute())


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
