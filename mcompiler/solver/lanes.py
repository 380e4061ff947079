"""An ensemble's runs side by side in compiled code: values of all runs as arrays in, one `Solution` out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mcompiler.integrators.members import CannotBeginError, Control, Ended, Saved, integrate_members
from mcompiler.integrators.run import Functions, Outcome
from mcompiler.kernel.abi import N_GUARDS
from mcompiler.solution import Solution, Statistics, Status
from mcompiler.solver.options import RunOptions
from mcompiler.solver.program import Floats, Program, check_bounds, own_initials, scratch
from mcompiler.solver.signals import Rows, values_of
from mcompiler.solver.solve import Report, Span, failure

#: Fewer runs follow each other: they are over before code for lanes is there.
LEAST = 64


@dataclass(frozen=True, slots=True)
class Starts:
    """Where all runs of an ensemble begin: a row of parameters and of given initial values (NaN where the model has its own) for each."""

    program: Program
    p: Floats
    given: Floats
    checked: bool


def fits_lanes(program: Program, count: int, span: Span, options: RunOptions) -> bool:
    """Whether runs of this program may go side by side: many runs to a given end, of a small system that nothing happens to in between.

    That is: no events, no corners of sources, no batch, not until steady, at most 16 members in all and no dense class, and at least `LEAST` runs.
    """
    if count < LEAST or span.until_steady or not program.description.is_scalar:
        return False
    if program.z[N_GUARDS] > 0 or program.unknowns == 0 or options.max_steps < 1:
        return False
    return bool(program.functions["breakpoint"](span.t0, program.p, program.z, scratch(program)) == np.inf)


def run_side_by_side(
    starts: Starts,
    functions: Functions,
    span: Span,
    times: Floats,
    rows: Rows,
    options: RunOptions,
    ensemble: Mapping[str, Sequence[float] | Floats],
    report: Report | None,
) -> Solution | None:
    """The runs; None where one of them has corners after all.

    Raises:
        ValueError: one would begin outside its bounds.
    """
    program = starts.program
    method = options.chosen(is_smooth=program.is_smooth)
    control = Control(method, options.rtol, options.absolute, options.step, options.max_step, options.max_steps)
    try:
        ended = integrate_members(
            functions,
            program.z,
            starts.p,
            starts.given,
            (span.t0, span.t1),
            control,
            Saved(times, rows.want, rows.width),
            checked=starts.checked,
            threads=options.threads,
            progress=report,
        )
    except CannotBeginError as error:
        p, given = starts.p[error.member], starts.given[error.member]
        check_bounds(program, p, np.where(np.isnan(given), own_initials(program, p), given))
        raise
    return None if ended is None else _solution(starts, ended, times, rows, ensemble)


def _solution(
    starts: Starts, ended: Ended, times: Floats, rows: Rows, ensemble: Mapping[str, Sequence[float] | Floats]
) -> Solution:
    """All runs by the model's names, at the times that one of them reached."""
    count, reached = len(ended.t), int(ended.counts.max(initial=0))
    kept = ended.rows[:, :reached].reshape(count * reached, rows.width)
    signals = {each.name: values_of(each, kept).reshape(count, reached, *each.shape) for each in rows.columns}
    steps, rejected, evaluations = (int(each.sum()) for each in (ended.steps, ended.rejected, ended.evaluations))
    status, detail = _status(starts, ended)
    return Solution(
        t=times[:reached],
        signals=signals,
        units={each.name: each.unit for each in rows.columns},
        unknowns=tuple(each.name for each in rows.columns if each.is_unknown),
        status=status,
        detail=detail,
        statistics=Statistics(steps, rejected, evaluations, 0, ended.seconds),
        ensemble={name: np.asarray(values) for name, values in ensemble.items()},
        model=starts.program.description.name,
    )


def _status(starts: Starts, ended: Ended) -> tuple[Status, str]:
    """The status of the first run that failed, and where that was; of an interrupted ensemble, how many runs are whole."""
    count = len(ended.t)
    failed = np.flatnonzero(ended.outcomes != Outcome.DONE.value)
    if not len(failed):
        return Status.DONE, ""
    if Outcome.INTERRUPTED.value in ended.outcomes:
        return Status.INTERRUPTED, f"{count - len(failed)} of {count} runs are whole"
    first = int(failed[0])
    outcome = Outcome(int(ended.outcomes[first]))
    said = failure(starts.program, starts.p[first], outcome, float(ended.t[first]), ended.y[first])
    return Status[outcome.name], f"run {first} of {count}: {said}; {len(failed)} failed"
