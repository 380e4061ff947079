"""One run of a program: arrays for the integrator in, a `Solution` by the model's names out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mcompiler.integrators.run import Losses, Outcome, Run, Tape, UntilSteady, integrate
from mcompiler.solution import EventRecord, Solution, Statistics, Status
from mcompiler.solver.names import member_name, unknown_name
from mcompiler.solver.options import RunOptions
from mcompiler.solver.program import Floats, Program, scratch
from mcompiler.solver.signals import Rows, values_of

#: A run is told how far it is, between 0 and 1.
Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end of a run in seconds; of one that ends when it is steady, its latest end, and the time that it reaches in any case."""

    t0: float
    t1: float
    until_steady: bool = False
    not_before: float = float("-inf")


@dataclass(frozen=True, slots=True)
class Start:
    """Parameters, state at the start, and the span of the run."""

    p: Floats
    y: Floats
    span: Span


def run_program(
    program: Program,
    start: Start,
    options: RunOptions,
    *,
    rows: Rows | None = None,
    save_at: Floats | None = None,
    losses: Losses | None = None,
    record: bool = False,
    mesh: Tape | None = None,
    relocate: bool = True,
    report: Report | None = None,
) -> Run:
    """The integrator's run."""
    span = start.span
    length = span.t1 - span.t0
    until = UntilSteady(options.steady, span.not_before, losses_place(program)) if span.until_steady else None

    def progress(t: float) -> None:
        assert report is not None
        report((t - span.t0) / length if length > 0 else 1.0)

    return integrate(
        program.functions,
        program.z,
        start.p,
        start.y,
        span.t0,
        span.t1,
        method=options.chosen(is_smooth=program.is_smooth),
        rtol=options.rtol,
        atol=options.absolute,
        step=options.step,
        max_step=options.max_step,
        save_at=save_at,
        want=None if rows is None else rows.want,
        n_columns=0 if rows is None else rows.width,
        losses=losses,
        record=record,
        memory_limit=options.memory_limit,
        rows_limit=options.memory_limit,
        mesh=mesh,
        relocate=relocate,
        max_steps=options.max_steps,
        until=until,
        threads=options.threads,
        progress=None if report is None else progress,
    )


def losses_place(program: Program) -> tuple[int, int]:
    """The places of running losses among the unknowns."""
    owners = [each for each in program.layout.classes if each.name == program.description.losses and each.unknowns]
    if not owners:
        return 0, 0
    first = int(program.z[owners[0].unknowns[0].slot])
    return first, first + len(owners[0].unknowns)


def solution_of(program: Program, p: Floats, run: Run, rows: Rows) -> Solution:
    """The run by the model's names."""
    signals = {each.name: values_of(each, run.rows) for each in rows.columns}
    return Solution(
        t=run.times,
        signals=signals,
        units={each.name: each.unit for each in rows.columns},
        unknowns=tuple(each.name for each in rows.columns if each.is_unknown),
        status=Status[run.outcome.name],
        detail=_detail(program, p, run),
        statistics=Statistics(run.steps, run.rejected, run.evaluations, len(run.event_times), run.seconds),
        events=_events(program, run),
        model=program.description.name,
        mesh=run.tape,
        steady_at=None if run.motion is None else run.t if run.outcome is Outcome.STEADY else float("nan"),
    )


def _events(program: Program, run: Run) -> tuple[EventRecord, ...]:
    names: dict[int, str] = {}
    for number in set(run.event_numbers.tolist()):
        names[number] = _event_name(program, int(number))
    pairs: Sequence[tuple[float, int]] = list(zip(run.event_times.tolist(), run.event_numbers.tolist(), strict=True))
    return tuple(EventRecord(t, names[number]) for t, number in pairs)


def event_counts(program: Program, run: Run) -> dict[str, int]:
    """How often the events of each element happened."""
    numbers, counts = np.unique(run.event_numbers, return_counts=True)
    return {_event_name(program, int(number)): int(count) for number, count in zip(numbers, counts, strict=True)}


def _event_name(program: Program, number: int) -> str:
    """The element, and which of its events where it has several: ``M`` or ``M, event 1``."""
    for owner in program.layout.classes:
        for place, guard in enumerate(owner.guards):
            member = number - int(program.z[guard.slot])
            if 0 <= member < int(program.z[owner.count_slot]):
                several = f", event {place}" if len(owner.guards) > 1 else ""
                return member_name(program, owner, member) + several
    return f"event {number}"


def _detail(program: Program, p: Floats, run: Run) -> str:
    """For a run that failed: where, and which unknown it was."""
    if run.outcome is Outcome.DONE:
        return ""
    if run.outcome is Outcome.NOT_STEADY:
        return f"{_where(run.t)}; {_moving(program, run)}"
    return failure(program, p, run.outcome, run.t, run.y)


def failure(program: Program, p: Floats, outcome: Outcome, t: float, y: Floats) -> str:
    """Where a run ended that did not reach its end, and which unknown it was."""
    if outcome not in (Outcome.STEP_TOO_SMALL, Outcome.NOT_FINITE) or program.unknowns == 0:
        return _where(t)
    return f"{_where(t)}; {unknown_name(program, worst_unknown(program, p, t, y))} changes fastest"


def _where(t: float) -> str:
    return f"at t = {t:.6g} s"


def _moving(program: Program, run: Run) -> str:
    """What moved last, and how fast."""
    motion = run.motion
    assert motion is not None
    if motion.unknown is None:
        return "inputs still change"
    if program.unknowns == 0 or motion.seconds == 0.0:
        return "it was too short to tell"
    name = unknown_name(program, motion.unknown)
    return (
        f"{name} moved by {motion.distance:.2g} of its size within {motion.seconds:.3g} s before t = {motion.t:.6g} s"
    )


def worst_unknown(program: Program, p: Floats, t: float, y: Floats) -> int:
    """The unknown whose rate is not finite, else the one that changes fastest against its size, at this time and state."""
    n = program.unknowns
    rate, w, scale = np.zeros(n), scratch(program), np.ones(n)
    nothing = np.zeros(1)
    program.functions["sweep"](0, t, 0.0, nothing, 0, y, rate, p, program.z, w)
    program.functions["scale"](p, program.z, w, scale)
    with np.errstate(all="ignore"):
        speed = np.abs(rate) / (np.abs(y) + scale)
    return int(np.argmax(np.where(np.isfinite(speed), speed, np.inf)))
