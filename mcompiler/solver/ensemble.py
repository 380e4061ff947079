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
    """The runs as one solution, runs first. A run that ended early is NaN from there on; its status and number are told."""
    longest = max(runs, key=lambda run: len(run.t))
    signals = {name: np.stack([_padded(run.signals[name], len(longest.t)) for run in runs]) for name in longest.signals}
    failed = [number for number, run in enumerate(runs) if not run.success]
    status = runs[failed[0]].status if failed else Status.DONE
    detail = f"run {failed[0]} of {len(runs)}: {runs[failed[0]].detail}; {len(failed)} ended early" if failed else ""
    counts = [run.statistics for run in runs]
    statistics = Statistics(
        sum(each.steps for each in counts),
        sum(each.rejected for each in counts),
        sum(each.evaluations for each in counts),
        sum(each.events for each in counts),
        sum(each.seconds for each in counts),
    )
    given = {name: np.asarray(values)[: len(runs)] for name, values in ensemble.items()}
    return replace(
        longest, signals=signals, status=status, detail=detail, statistics=statistics, events=(), ensemble=given
    )


def _padded(values: Floats, length: int) -> Floats:
    missing = np.full((length - len(values), *values.shape[1:]), np.nan)
    return np.concatenate([values, missing]) if len(missing) else values
