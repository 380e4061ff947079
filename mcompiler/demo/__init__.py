"""What a newcomer sees first: four published memristor behaviours, compiled and drawn in one picture. Its models are in ``demo.mem``."""

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
    say(f"  mcompiler equations {_shown(MODEL)} --experiment chua")
    say(f"  mcompiler equations {_shown(MODEL)} --experiment hp --of adjoint")
    say(f"  mcompiler equations {_shown(MODEL)} --experiment vteam --of jacobian --format latex")
    say("  mcompiler devices VTEAM")


def _loops(solver: Solver, axes: "Axes") -> str:
    peaks: list[float] = []
    for f in _FREQUENCIES:
        run = solver.run((0.0, 1.0 / f), parameters={"f": f}, save_at=np.linspace(0.0, 1.0 / f, 1001))
        axes.plot(run["M.v"], run["M.i"] * 1e6, linewidth=1.2, label=f"{f:g} Hz")
        peaks.append(float(run["M.i"].max() * 1e6))
    axes.legend(frameon=False, fontsize="small")
    _label(axes, "HP: the loop is pinched and shrinks with frequency", "M.v [V]", "M.i [µA]")
    return f"peak current {peaks[0]:.1f} µA (published 120)"


def _thresholds(solver: Solver, axes: "Axes") -> str:
    run = solver.run()
    steady = run.t >= 0.1
    axes.plot(run["M.v"][steady], run["M.i"][steady] * 1e3, linewidth=1.2)
    for name in ("M.v_on", "M.v_off"):
        axes.axvline(float(solver.parameters[name]), color="0.6", linewidth=0.8, linestyle="--")
    _label(axes, "VTEAM: the state moves beyond the thresholds (dashed)", "M.v [V]", "M.i [mA]")
    i = run["M.i"][steady] * 1e3
    return f"{i.max():+.3f} / {i.min():+.3f} mA (published +1.000 / -0.581)"


def _decay(solver: Solver, axes: "Axes") -> str:
    run = solver.run()
    axes.fill_between(run.t * 1e3, run["M.v"], step="mid", color="0.88", label="M.v [V]")
    axes.plot(run.t * 1e3, run["M.w"], linewidth=1.2, label="M.w")
    axes.legend(frameon=False, fontsize="small", loc="upper right")
    _label(axes, "Volatile: pulses write, the device forgets", "t [ms]", "")
    quiet = (run.t > 0.035) & (run.t < 0.115)
    slope = np.polyfit(run.t[quiet], np.log(run["M.w"][quiet]), 1)[0]
    return f"time constant of the decay {-1e3 / slope:.3f} ms (model {float(solver.parameters['M.tau']) * 1e3:g})"


def _attractor(solver: Solver, axes: "Axes") -> str:
    run = solver.run(rtol=1e-8)
    axes.plot(run["a.v"], run["b.v"], linewidth=0.35)
    _label(axes, "Chua's circuit with a cubic memristor: chaos", "a.v [V]", "b.v [V]")
    return f"a.v between {run['a.v'].min():.2f} and {run['a.v'].max():.2f} V (published -2.03 to 2.10)"


def _label(axes: "Axes", title: str, x: str, y: str) -> None:
    axes.set_title(title, fontsize="small")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, linewidth=0.3, alpha=0.6)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
