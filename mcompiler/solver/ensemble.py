"""Many runs of one program: one after the other, joined along a first axis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mcompiler.solution import Solution, Statistics, Status
from mcompiler.solver.names import initial_names, parameter_names, unknown_text
from mcompiler.solver.program import Floats, Program

#: The name under which an ensemble gives seeds.
SEED = "seed"


@dataclass(frozen=True, slots=True)
class Member:
    """What one run of an ensemble sets."""

    parameters: Mapping[str, Floats]
    initial: Mapping[str, Floats]
    seed: int | None


def members_of(program: Program, ensemble: Mapping[str, Sequence[float] | Floats]) -> list[Member]:
    """The runs of an ensemble.

    Raises:
        ValueError: a name is unknown, there is nothing to vary, or the lengths differ.
    """
    values = {name: np.asarray(each) for name, each in ensemble.items()}
    lengths = {name: len(each) if each.ndim else 0 for name, each in values.items()}
    if not lengths or len(set(lengths.values())) != 1 or 0 in lengths.values():
        raise ValueError(f"every name of an ensemble needs the same number of values, one or more, not {lengths}")
    parameters, states = set(parameter_names(program)), set(initial_names(program))
    for name in values:
        if name != SEED and name not in parameters | states:
            raise ValueError(unknown_text(name, "parameter or state", [*sorted(parameters | states), SEED]))
    return [
        Member(
            {name: each[number] for name, each in values.items() if name in parameters},
            {name: each[number] for name, each in values.items() if name in states},
            int(values[SEED][number]) if SEED in values else None,
        )
        for number in range(next(iter(lengths.values())))
    ]


def join(runs: Sequence[Solution], ensemble: Mapping[str, Sequence[float] | Floats]) -> Solution:
    """The runs as one solution, runs first, at the times of the longest.

    A run that is steady keeps its last values; one that ended early is NaN from there on, and its status and number are told.
    """
    longest = max(runs, key=lambda run: (len(run.t) > 0 and run.t[-1], len(run.t)))
    signals = {name: np.stack([_at(longest.t, run, run.signals[name]) for run in runs]) for name in longest.signals}
    failed = [number for number, run in enumerate(runs) if not run.success]
    status = runs[failed[0] if failed else 0].status
    detail = f"run {failed[0]} of {len(runs)}: {runs[failed[0]].detail}; {len(failed)} failed" if failed else ""
    counts = [run.statistics for run in runs]
    statistics = Statistics(
        sum(each.steps for each in counts),
        sum(each.rejected for each in counts),
        sum(each.evaluations for each in counts),
        sum(each.events for each in counts),
        sum(each.seconds for each in counts),
    )
    given = {name: np.asarray(values)[: len(runs)] for name, values in ensemble.items()}
    steady = None if longest.steady_at is None else np.array([run.steady_at for run in runs])
    return replace(
        longest,
        signals=signals,
        status=status,
        detail=detail,
        statistics=statistics,
        events=(),
        ensemble=given,
        steady_at=steady,
    )


def _at(times: Floats, run: Solution, values: Floats) -> Floats:
    """The run's values at common times, all of which before its end it has."""
    after = np.searchsorted(run.t, times, side="right") if len(run.t) else np.zeros(len(times), dtype=np.int64)
    found = np.full((len(times), *values.shape[1:]), np.nan)
    there = after > 0 if run.status is Status.STEADY else np.isin(times, run.t)
    found[there] = values[after[there] - 1]
    return found
