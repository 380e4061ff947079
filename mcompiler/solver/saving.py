"""Which signals a run keeps, and when: what the experiment says, unless the caller says otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from mcompiler.solver.description import Experiment, Wanted
from mcompiler.solver.names import unknown_text
from mcompiler.solver.program import Floats, Program
from mcompiler.solver.signals import all_signals

#: Beyond so many members only what is named is saved.
_ALL_SIGNALS = 10_000


def checked_times(save_at: Sequence[float] | Floats, t0: float, t1: float) -> Floats:
    """The times that the caller gives.

    Raises:
        ValueError: they do not ascend, or lie outside the run.
    """
    times = np.asarray(save_at, dtype=np.float64)
    if times.ndim != 1 or not np.all(np.isfinite(times)) or np.any(np.diff(times) < 0):
        raise ValueError("save_at must be a list of ascending times in seconds")
    if len(times) and not (t0 <= times[0] and times[-1] <= t1):
        where = f"from {times[0]:g} to {times[-1]:g} s"
        raise ValueError(f"save_at reaches {where}, outside the run from {t0:g} to {t1:g} s")
    return times


def experiment_times(experiment: Experiment, values: Mapping[str, Floats], t0: float, t1: float) -> Floats | None:
    """The times of all ``save every`` statements together, or None (every step) where there are none."""
    distances = [float(each.every.value(values)) for each in experiment.saves if each.every is not None]
    grids = [_grid(distance, t0, t1) for distance in distances]
    if len(grids) < 2:
        return grids[0] if grids else None
    return np.unique(np.concatenate(grids))


def _grid(every: float, t0: float, t1: float) -> Floats:
    if not every > 0:
        raise ValueError(f"values cannot be saved every {every:g} s")
    count = int(np.floor((t1 - t0) / every * (1 + 1e-12)))
    times: Floats = np.minimum(t0 + every * np.arange(count + 1), t1)
    return times


def experiment_signals(experiment: Experiment, program: Program) -> list[Wanted]:
    """What the experiment saves and plots; everything that can be observed where it names nothing.

    Raises:
        ValueError: it names nothing and the model is large.
    """
    signals = list(dict.fromkeys(experiment.signals))
    if signals:
        return signals
    if program.description.members > _ALL_SIGNALS:
        raise ValueError("this model is large: name what to save, save=[...] or `save ...` in the model")
    return list(all_signals(program))


def named_signals(names: Sequence[str], program: Program) -> list[Wanted]:
    """The signals with these names, ``M.w`` or, for one member of an array, ``M[3].w``.

    Raises:
        ValueError: one is not there; says what there is.
    """
    every = {each.name: each for each in all_signals(program)}
    return [_found(name, every) for name in names]


def _found(name: str, every: Mapping[str, Wanted]) -> Wanted:
    plain, _, rest = name.partition("[")
    index, bracket, quantity = rest.partition("]")
    if not bracket and name in every:
        return every[name]
    parts = [each.strip() for each in index.split(",")]
    if bracket and plain + quantity in every and all(each.isdigit() for each in parts):
        return replace(every[plain + quantity], indices=tuple(int(each) for each in parts))
    raise ValueError(unknown_text(name, "signal", every))
