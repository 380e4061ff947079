"""What a run returns: times, named signals with units, statistics and a status with advice. No compilation, no integration here."""

import csv
import enum
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.files import write_atomically, write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from mcompiler.integrators.run import Tape


class Status(enum.Enum):
    """How a run ended. The value is a sentence for the user, with advice where there is something to do."""

    DONE = "the run reached its end"
    STEADY = "the run became steady"
    NOT_STEADY = "not steady in the time given: allow more, or look at what moves (inputs, events, oscillations); a larger steady_tol takes creep for rest"
    INTERRUPTED = "interrupted: the trajectory up to here is kept"
    STEP_TOO_SMALL = "the step became too small: the model is stiff or has a singularity here; loosen the tolerance or look at the limiting unknown"
    NOT_FINITE = "a derivative or a state became infinite or not a number; check the parameters, or bound the state"
    TOO_MANY_STEPS = "the limit of steps was reached; raise max_steps, or loosen the tolerance"
    TOO_MANY_EVENTS = "events follow each other without end; a reset must lead away from its own condition"
    TOO_MUCH_SAVED = "memory_limit allows no more saved values, a row per step: save at given times (`save every 1[ms]: ...`), or fewer signals, or raise it"
    EVENT_NOT_LOCATED = "an event could not be located; its condition may jump: write it as a continuous margin"

    @property
    def is_success(self) -> bool:
        """Whether the run reached its end, or became steady where it was to."""
        return self in (Status.DONE, Status.STEADY)


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a run cost: accepted and rejected steps, evaluations of the right-hand side, events, wall time in seconds."""

    steps: int = 0
    rejected: int = 0
    evaluations: int = 0
    events: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EventRecord:
    """An event that happened: its time in seconds and the name of its element."""

    t: float
    name: str


@dataclass(frozen=True, slots=True, repr=False)
class Solution:
    """A trajectory by the names the model uses.

    ``run["M.w"]`` is an array with time first, then the signal's own shape; an ensemble puts its members before time. ``t`` is in seconds and
    ``units`` names every signal's unit; ``mesh`` is there where the run was asked to record it. The fields ``t``, ``y``, ``success``, ``message`` and
    ``nfev`` mean what they mean in SciPy's ``solve_ivp``. Of a run until steady ``steady_at`` is the time in seconds at which it was (NaN: it was not); an
    ensemble has one per run.
    """

    t: NDArray[np.float64]
    signals: Mapping[str, NDArray[np.float64]]
    units: Mapping[str, str]
    unknowns: tuple[str, ...]
    status: Status
    detail: str = ""
    statistics: Statistics = field(default_factory=Statistics)
    events: tuple[EventRecord, ...] = ()
    ensemble: Mapping[str, NDArray[np.float64]] = field(default_factory=dict[str, NDArray[np.float64]])
    model: str = ""
    mesh: "Tape | None" = None
    steady_at: "float | NDArray[np.float64] | None" = None

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """The values of signal ``name``, time first. Raises KeyError with the names there are."""
        if name == "t":
            return self.t
        if name not in self.signals:
            raise KeyError(f"no signal {name!r} was saved; there are {', '.join(self.signals)}")
        return self.signals[name]

    def __contains__(self, name: object) -> bool:
        return name in self.signals

    def __iter__(self) -> Iterator[str]:
        return iter(self.signals)

    def __repr__(self) -> str:
        runs = next((f"{len(values)} runs, " for values in self.ensemble.values()), "")
        return f"<Solution of {self.model}: {runs}{len(self.t)} times, {', '.join(self.signals) or 'no signals'}; {self.message}>"

    @property
    def success(self) -> bool:
        """Whether the run reached its end, or became steady where it was to."""
        return self.status.is_success

    @property
    def message(self) -> str:
        """How the run ended, in a sentence."""
        return f"{self.status.value}{f' ({self.detail})' if self.detail else ''}"

    @property
    def nfev(self) -> int:
        """Evaluations of the right-hand side."""
        return self.statistics.evaluations

    @property
    def y(self) -> NDArray[np.float64]:
        """The saved unknowns as one array of shape (unknowns, times), in the order of ``unknowns``; an ensemble puts its members first."""
        before = tuple(len(each) for each in self.ensemble.values())[:1]
        rows = [_rows(self.signals[name], len(before)) for name in self.unknowns if name in self.signals]
        return np.concatenate(rows, axis=-2) if rows else np.empty((*before, 0, len(self.t)))

    def plot(self, *names: str, against: str = "t", axes: "Axes | None" = None) -> "Axes":
        """Draw signals against time (or against another signal) with matplotlib; the result is the axes."""
        from mcompiler.report.plot import plot_signals  # matplotlib is slow to import

        return plot_signals(self, names, against=against, axes=axes)

    def save(self, path: str | Path) -> None:
        """Write the run to ``path``, ``.npz`` (all arrays) or ``.csv`` (a column per signal member), atomically."""
        target = Path(path)
        match target.suffix:
            case ".npz":
                arrays: dict[str, Any] = {"t": self.t, **self.signals}
                write_atomically(target, lambda stream: np.savez(stream, **arrays))
            case ".csv":
                write_bytes(target, self._csv().encode())
            case suffix:
                raise ValueError(f"cannot save a run as {suffix or 'a file without a suffix'}; use .npz or .csv")

    def to_xarray(self) -> Any:
        """The run as an ``xarray.Dataset`` (needs xarray): one variable per signal, ``t`` the first dimension, units as attributes."""
        import xarray  # optional dependency

        variables = {
            name: (self._dimensions(name), values, {"units": self.units[name]}) for name, values in self.signals.items()
        }
        coordinates = {"t": ("t", self.t, {"units": "s"})}
        return xarray.Dataset(variables, coords=coordinates, attrs={"model": self.model, "status": self.message})

    def _dimensions(self, name: str) -> tuple[str, ...]:
        before = ("ensemble",) if self.ensemble else ()
        own = self.signals[name].ndim - 1 - len(before)
        return (*before, "t", *(f"{name}.{axis}" for axis in range(own)))

    def _csv(self) -> str:
        if self.ensemble:
            raise ValueError("an ensemble does not fit into a CSV table; save it as .npz")
        header, columns = ["t [s]"], [self.t]
        for name, values in self.signals.items():
            for index in np.ndindex(values.shape[1:]):
                header.append(f"{_member(name, index)} [{self.units[name]}]")
                columns.append(values[(slice(None), *index)])
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([repr(float(value)) for value in row] for row in np.column_stack(columns))
        return text.getvalue()


def _member(name: str, index: tuple[int, ...]) -> str:
    """A member of an array as the model names it: ``out[2].v``."""
    owner, dot, quantity = name.rpartition(".")
    return f"{owner}{list(index)}{dot}{quantity}" if index else name


def _rows(values: NDArray[np.float64], time: int) -> NDArray[np.float64]:
    """``values``, whose axis ``time`` is time, as rows of one scalar each."""
    last = np.moveaxis(values, time, -1)
    return last.reshape(*last.shape[:time], -1, last.shape[-1])
