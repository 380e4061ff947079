"""Pictures of runs, with matplotlib."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.files import write_atomically
from mcompiler.solution import Solution

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from mcompiler.solver.description import Experiment

#: Axis labels read best between these powers of ten; beyond, a prefix is used.
PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
PREFIXABLE = frozenset({"V", "A", "s", "ohm", "S", "F", "H", "W", "J", "C", "Wb", "Hz", "m"})
#: Without `plot` statements, so many signals are drawn, one above the other.
_MOST_PLOTS = 12


def plot_signals(run: Solution, names: Sequence[str], *, against: str = "t", axes: "Axes | None" = None) -> "Axes":
    """Draw ``names`` of ``run`` against time or another signal; one colour per signal, thin lines where a signal has many members.

    Signals of one unit share a prefix; where there are two units, the second has the axis on the right.
    """
    if axes is None:
        axes = new_figure().subplots()
    drawn = tuple(names or run.unknowns)
    x, x_label = scaled(run, against)
    groups = {unit: [name for name in drawn if _unit(run, name) == unit] for unit in map(partial(_unit, run), drawn)}
    sides = [axes, axes.twinx()] if len(groups) == 2 else [axes] * len(groups)
    lines: list[Line2D] = []
    for (unit, own), side in zip(groups.items(), sides, strict=True):
        power = _power(run, own)
        for name in own:
            y = _values(run, name) / 10.0**power
            width = 1.1 if y.ndim == 1 else 0.6
            color = None if len(drawn) == 1 else f"C{len(lines) % 10}"
            lines.append(side.plot(_flat(x, y), y.reshape(len(run.t), -1), linewidth=width, color=color)[0])
            lines[-1].set_label(_name(name, unit, power))
        if len(groups) == 2 or len(drawn) == 1:
            side.set_ylabel(_name(", ".join(own), unit, power))
    axes.set_xlabel(x_label)
    if len(drawn) > 1:
        axes.legend(handles=lines, frameon=False, fontsize="small")
    axes.grid(visible=True, linewidth=0.3, alpha=0.6)
    return axes


def plot_experiment(experiment: "Experiment", run: Solution) -> "Figure":
    """The experiment's ``plot`` statements, one beside the other; where there are none, every saved signal against time."""
    plots = [
        (tuple(each.name for each in plot.signals), plot.against.name if plot.against else "t")
        for plot in experiment.plots
    ]
    chosen = plots or [((name,), "t") for name in list(run)[:_MOST_PLOTS]]
    columns = min(len(chosen), 2 if plots else 1)
    rows = -(-len(chosen) // columns)
    figure = new_figure(5.0 * columns + 1.4, (3.4 if plots else 1.6) * rows + 0.8)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=not plots)
    for place, axes in enumerate(grid.flat):
        if place < len(chosen):
            names, against = chosen[place]
            plot_signals(run, names, against=against, axes=axes)
        else:
            axes.set_axis_off()
    figure.suptitle(f"{run.model}: {experiment.name}", fontsize="medium")
    return figure


def scaled(run: Solution, name: str) -> tuple[NDArray[np.float64], str]:
    """A signal's values, time first, in a unit prefix that suits them, and its axis label."""
    power = _power(run, [name])
    return _values(run, name) / 10.0**power, _name(name, _unit(run, name), power)


def _values(run: Solution, name: str) -> NDArray[np.float64]:
    return np.moveaxis(run[name], 0, 1) if run.ensemble and name != "t" else run[name]


def _unit(run: Solution, name: str) -> str:
    return "s" if name == "t" else run.units[name]


def _power(run: Solution, names: Sequence[str]) -> int:
    """The power of ten of the prefix that suits signals of one unit."""
    if _unit(run, names[0]) not in PREFIXABLE:
        return 0
    largest = max(
        (float(np.max(np.abs(run[name]), initial=0.0, where=np.isfinite(run[name]))) for name in names), default=0.0
    )
    if largest == 0.0:
        return 0
    return int(np.clip(3 * np.floor(np.log10(largest * 1.0001) / 3), min(PREFIXES), max(PREFIXES)))


def _name(name: str, unit: str, power: int) -> str:
    if unit == "1":
        return name
    return f"{name} [{PREFIXES[power] if unit in PREFIXABLE else ''}{unit}]"


def new_figure(width: float = 6.4, height: float = 4.2) -> "Figure":
    """A figure that needs no display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # matplotlib is slow to import
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", dpi=130)
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: "Figure", path: str | Path) -> None:
    """Write ``figure`` to ``path`` atomically, in the format of its suffix."""
    target = Path(path)
    options: dict[str, Any] = {"format": target.suffix.lstrip(".") or "png"}
    write_atomically(target, lambda stream: figure.savefig(stream, **options))


def _flat(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return x if x.ndim == 1 else np.broadcast_to(x.reshape(len(y), -1), (len(y), int(np.prod(y.shape[1:], initial=1))))
