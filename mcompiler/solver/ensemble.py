"""Many runs of one program: what each sets, one after the other, joined along a first axis. `lanes` runs small systems side by side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TypeAlias

import numpy as np

from mcompiler.integrators.workers import in_threads
from mcompiler.integrators.workspace import too_many_rows
from mcompiler.solution import Solution, Statistics, Status
from mcompiler.solver.names import initial_names, parameter_names, unknown_text
from mcompiler.solver.program import Floats, Program

#: A run that only needs to be told whom to report to.
Run: TypeAlias = Callable[[Callable[[float], None] | None], Solution]
#: The name under which an ensemble gives seeds.
SEED = "seed"


@dataclass(frozen=True, slots=True)
class Member:
    """What one run of an ensemble sets."""

    parameters: Mapping[str, Floats]
    initial: Mapping[str, Floats]
    seed: int | None


@dataclass(frozen=True, slots=True)
class Members:
    """What the runs of an ensemble set: for each name as many values as there are runs; no seeds where none are given."""

    count: int
    parameters: Mapping[str, Floats]
    initial: Mapping[str, Floats]
    seeds: tuple[int, ...]

    def __getitem__(self, number: int) -> Member:
        """What one run sets."""
        return Member(
            {name: each[number] for name, each in self.parameters.items()},
            {name: each[number] for name, each in self.initial.items()},
            self.seeds[number] if self.seeds else None,
        )


def members_of(program: Program, ensemble: Mapping[str, Sequence[float] | Floats]) -> Members:
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
    return Members(
        next(iter(lengths.values())),
        {name: each for name, each in values.items() if name in parameters},
        {name: each for name, each in values.items() if name in states},
        tuple(map(int, values[SEED])) if SEED in values else (),
    )


def check_room(runs: int, times: int, columns: int, memory_limit: int) -> None:
    """Refuse an ensemble whose saved values need more than ``memory_limit`` bytes, before anything is computed.

    Raises:
        ValueError: it does.
    """
    needed = 8 * runs * times * columns
    if needed > memory_limit:
        raise too_many_rows(f"{runs} runs with {times} times of {columns} saved values", needed, memory_limit)


def run_one_by_one(
    count: int, planned: Callable[[int], Run], threads: int, report: Callable[[float], None] | None
) -> list[Solution]:
    """The runs, as many at a time as there are threads; an interrupt ends them, and what there is so far is the result.

    Args:
        count: of the runs.
        planned: makes a run from its number, one at a time; called with whom to report to, it runs.
        threads: how many work.
        report: told what part of the runs is done.
    """
    runs: dict[int, Solution] = {}
    planning = Lock()  # models are elaborated by one thread at a time

    def work(number: int, stopped: Callable[[], bool]) -> None:
        def look(_fraction: float) -> None:
            if stopped():
                raise KeyboardInterrupt

        with planning:
            run = planned(number)
        runs[number] = run(look if threads > 1 else None)
        if threads == 1 and runs[number].status is Status.INTERRUPTED:
            raise KeyboardInterrupt

    def tell() -> None:
        if report is not None:
            report(len(runs) / count)

    in_threads(count, threads, work, tell)
    if not runs:
        raise KeyboardInterrupt
    return [runs[number] for number in sorted(runs)]


def join(runs: Sequence[Solution], ensemble: Mapping[str, Sequence[float] | Floats]) -> Solution:
    """The runs as one solution, runs first, at the times of the longest.

    A run that is steady keeps its last values; one that ended early is NaN from there on, and its status and number are told.
    """
    longest = max(runs, key=lambda run: (len(run.t) > 0 and run.t[-1], len(run.t)))
    signals = {name: np.stack([_at(longest.t, run, run.signals[name]) for run in runs]) for name in longest.signals}
    failed = [number for number, run in enumerate(runs) if not run.success]
    status = runs[failed[0] if failed else 0].status
    detail = f"run {failed[0]} of {len(runs)}: {runs[failed[0]].detail}; {len(failed)} failed" if failed else ""
    asked = next(len(np.asarray(values)) for values in ensemble.values())
    if len(runs) < asked:
        status, detail = Status.INTERRUPTED, f"{len(runs) - len(failed)} of {asked} runs are whole"
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
