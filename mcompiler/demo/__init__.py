"""What a newcomer sees first: the loop of one memristor, and a memory of 19,800 of them that restores noisy letters. The models are those of the examples."""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mcompiler.demo.letters import SIDE, letters
from mcompiler.driver import compile as compile_model
from mcompiler.driver import load
from mcompiler.report.plot import new_figure, save_figure
from mcompiler.solver.solver import Solver

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HERE = Path(__file__).parent
LOOP, MEMORY = _HERE / "hp_loop.mem", _HERE / "hopfield_memory.mem"
_FREQUENCIES = (0.5, 1.5, 5.0)  # Hz
_FLIPPED = 20  # elements of a letter
_SHOWN = (0.0, 10e-6, 100e-6)  # s
_GAIN = 2.5  # factor of all weights; above 1/(1 - letters/neurons), so that a letter holds itself

Floats = NDArray[np.float64]


def demo(picture: Path, say: Callable[[str], None]) -> None:
    """Compile and run both models, draw them into ``picture``, and say what was done and how to see the equations."""
    figure = new_figure(11.0, 3.6)
    loop, *recall = figure.subplots(1, 1 + len(_SHOWN), width_ratios=(1.6, *(1.0,) * len(_SHOWN)))
    _tell(say, "loop", LOOP, lambda solver: _loops(solver, loop))
    _tell(say, "memory", MEMORY, lambda solver: _recall(solver, recall))
    save_figure(figure, picture)
    program = _program()
    say(f"\nwrote {picture}\n\nThe models, and the equations that were derived from them:")
    say(f"  {program} equations {_shown(MEMORY)}")
    say(f"  {program} equations {_shown(LOOP)} --of adjoint")
    say(f"  {program} equations {_shown(LOOP)} --of jacobian --format latex")
    say(f"  {program} devices SinhRate")


def _tell(say: Callable[[str], None], name: str, path: Path, run: Callable[[Solver], str]) -> None:
    start = time.perf_counter()
    solver = compile_model(load(path))
    compiled = time.perf_counter()
    told = run(solver)
    say(f"{name:<7} compiled in {compiled - start:4.1f} s, run in {time.perf_counter() - compiled:3.1f} s: {told}")


# --- one device


def _loops(solver: Solver, axes: "Axes") -> str:
    peaks: list[float] = []
    for f in _FREQUENCIES:
        run = solver.run((0.0, 1.0 / f), parameters={"f": f}, save_at=np.linspace(0.0, 1.0 / f, 1001))
        axes.plot(run["M.v"], run["M.i"] * 1e6, linewidth=1.2, label=f"{f:g} Hz")
        peaks.append(float(run["M.i"].max() * 1e6))
    axes.legend(frameon=False, fontsize="small")
    axes.set_xlabel("voltage M.v [V]")
    axes.set_ylabel("current M.i [µA]")
    axes.set_title("one memristor: the loop of the HP device", fontsize="medium")
    axes.grid(visible=True, linewidth=0.3, alpha=0.6)
    return f"HP device, peak current {peaks[0]:.1f} µA at 0.5 Hz (figure 2b of its publication: 120)"


# --- a network


def _recall(solver: Solver, frames: "list[Axes]") -> str:
    patterns, rng = letters(), np.random.default_rng(1)
    programmed = _programmed(solver, patterns)
    recalled: list[Floats] = []
    for pattern in patterns:
        flips = rng.permutation(len(pattern)) < _FLIPPED
        start = np.where(flips, -pattern, pattern) * solver.parameters["X.U0"]
        run = solver.run(initial={**programmed, "X.u": start}, save=["X.r"], save_at=_SHOWN)
        recalled.append(run["X.r"] / solver.parameters["X.U0"])
    for axes, time_shown, outputs in zip(frames, _SHOWN, np.stack(recalled, axis=1), strict=True):
        axes.imshow(_sheet(outputs), cmap="gray_r", vmin=-1.0, vmax=1.0, interpolation="nearest")
        axes.set_title(f"after {time_shown * 1e6:g} µs", fontsize="medium")
        axes.set_axis_off()
    frames[0].set_title(f"{len(patterns)} letters, {_FLIPPED} % flipped", fontsize="medium")
    restored = sum(bool((np.sign(each[-1]) == pattern).all()) for each, pattern in zip(recalled, patterns, strict=True))
    pairs = len(patterns[0]) * (len(patterns[0]) - 1)
    return f"{pairs:,} memristor pairs restore {restored} of {len(patterns)} letters, {_FLIPPED} % of each flipped"


def _programmed(solver: Solver, patterns: Floats) -> dict[str, Floats]:
    """States of the devices whose weights project on the patterns (Personnaz, Guyon, Dreyfus, J. Phys. Lett. 46, L-359, 1985)."""
    value = solver.parameters
    largest = value["X.R"] * (value["W.P.Gmax"] - value["W.P.Gmin"])
    half = _GAIN * np.linalg.pinv(patterns) @ patterns / largest / 2.0
    return {"W.P.w": 0.5 + half, "W.Q.w": 0.5 - half}


def _sheet(outputs: Floats) -> Floats:
    """The letters in rows of four, one image."""
    images = np.pad(outputs.reshape(-1, 4, SIDE, SIDE), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-1.0)
    return np.concatenate(np.concatenate(images, axis=1), axis=1)


# --- how to go on


def _program() -> str:
    """How the command line is called here: by its name where the shell finds it, else by its path."""
    script = Path(sys.argv[0])
    if shutil.which("mcompiler") or script.name != "mcompiler":
        return "mcompiler"
    return _shown(script.absolute())


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
