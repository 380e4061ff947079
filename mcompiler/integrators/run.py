"""Running integrators: allocates every array, calls `advance` until it is done, grows what is full, and hands back plain arrays.

The functions come from anywhere: machine code, Python text, the interpreter; they are called by name with numpy arrays and numbers. What was
run may be run again on its own mesh (`integrate(mesh=run.tape)`) and differentiated (`reverse`).
"""

import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators import slots
from mcompiler.integrators.gradient import reverse
from mcompiler.integrators.interface import Functions, Losses, Motion, Outcome, Progress, Run, UntilSteady
from mcompiler.integrators.methods import method_named
from mcompiler.integrators.pace import PERIOD, fitting
from mcompiler.integrators.signatures import ADVANCE
from mcompiler.integrators.tape import Floats, Integers, Tape, recorded
from mcompiler.integrators.threads import waiting_threads
from mcompiler.integrators.workspace import (
    Workspace,
    bound,
    guard_arrays,
    loss_arrays,
    make_room,
    model_arrays,
    output_arrays,
    record_arrays,
)

__all__ = [
    "Floats",
    "Functions",
    "Integers",
    "Losses",
    "Motion",
    "Outcome",
    "Progress",
    "Run",
    "Tape",
    "UntilSteady",
    "integrate",
    "reverse",
]

#: Steps before the first look at progress and Ctrl-C.
_FIRST_BUDGET = 1000
_NO_LOSSES = Losses()


def integrate(
    functions: Functions,
    z: Integers,
    p: Floats,
    y0: Floats,
    t0: float,
    t1: float,
    *,
    method: str = "tsit5",
    rtol: float = 1e-6,
    atol: float = 1e-9,
    step: float = 0.0,
    max_step: float = np.inf,
    save_at: Floats | None = None,
    want: Integers | None = None,
    n_columns: int = 0,
    losses: Losses | None = None,
    record: bool = False,
    memory_limit: int = 1 << 30,
    rows_limit: int = 1 << 62,
    mesh: Tape | None = None,
    relocate: bool = True,
    max_steps: int = 1 << 62,
    until: UntilSteady | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Run:
    """Integrate from ``t0`` to ``t1`` and give the trajectory, or as much of it as there was.

    Args:
        functions: kernels and integrators by name.
        z: layout array.
        p: parameters.
        y0: state at t0 (not changed).
        t0: start in seconds.
        t1: end, not before it; of a run until steady, the latest end.
        method: a name of `methods.METHODS`.
        rtol: relative tolerance per step (adaptive methods), held by every unknown.
        atol: absolute tolerance, times each unknown's own scale.
        step: step size in seconds: needed by fixed-step methods, the first step of adaptive ones (0: chosen by the method).
        max_step: no step is longer.
        save_at: ascending times of the rows; None gives a row per step, and two, before and after, where an event acts or a source has a corner.
        want: per observable its first column, or -1; none by default.
        n_columns: columns of a row.
        losses: point losses to sum up.
        record: whether to keep the tape.
        memory_limit: bytes for states on the tape; beyond it every second one is dropped and steps are taken again in `reverse`.
        rows_limit: bytes for rows; a run with more of them ends there.
        mesh: steps to take instead of chosen ones, events included; the method must be the mesh's.
        relocate: on a mesh, whether a located event is located again (then later steps keep their size, and the one before the next stop
            takes up the difference) or happens after the recorded step size.
        max_steps: accepted and rejected steps in all.
        until: that the run ends when it is steady. Then losses at t1 are taken at the time it reached, where there is a row too.
        threads: how many share the tasks of kernels; the results do not depend on it.
        progress: told where the run is; KeyboardInterrupt from it, or at any time, ends the run with what there is.

    Raises:
        ValueError: an argument makes no sense (times out of order, unknown method, no step for a fixed-step method).
    """
    since = time.perf_counter()
    paid = _NO_LOSSES if losses is None else losses
    _check_numbers(method, t0, t1, rtol, atol, step, max_step, mesh)
    if until is not None and mesh is not None:
        raise ValueError("a run on a mesh ends where the mesh does: it cannot run until it is steady")
    _check_times(save_at, paid, t0, t1, mesh)
    work = model_arrays(z, p, method)
    if len(y0) != len(work["y"]):
        raise ValueError(f"there are {len(work['y'])} unknowns, not {len(y0)}")
    work["y"][:] = y0
    work["stops"] = _stops(paid, t0, t1)
    work |= loss_arrays(paid) | guard_arrays(z)
    work |= output_arrays(z, save_at, want, n_columns, rows_limit, until_steady=until is not None)
    work |= record_arrays(z, mesh, memory_limit, record=record)
    ws = work["ws"]
    ws[slots.T], ws[slots.SPAN], ws[slots.RTOL], ws[slots.ATOL] = t0, t1 - t0, rtol, atol
    ws[slots.STEP], ws[slots.MAX_STEP] = min(step, max_step), max_step
    saves = -1 if save_at is None else len(work["save"])
    _set_counts(work, mesh, saves=saves, columns=n_columns, record=record, relocate=relocate)
    _set_until(work, until)
    with np.errstate(all="ignore"), waiting_threads(functions, z, threads) as work["z"]:  # what overflows is an outcome
        outcome = _drive(functions, work, max_steps, (memory_limit, rows_limit), progress)
        if outcome in (Outcome.STEADY, Outcome.NOT_STEADY):
            _last_row(functions, work)
    return _result(work, outcome, recorded(work, np.array(y0, dtype=np.float64)) if record else None, since)


def _check_numbers(
    method: str, t0: float, t1: float, rtol: float, atol: float, step: float, max_step: float, mesh: Tape | None
) -> None:
    if not (math.isfinite(t0) and math.isfinite(t1) and t0 <= t1):
        raise ValueError(f"a run goes from a finite time to a later one, not from {t0} to {t1}")
    if method_named(method).adaptive:
        if not (0.0 <= rtol < np.inf and 0.0 <= atol < np.inf and rtol + atol > 0.0):
            raise ValueError(f"tolerances must not be negative, nor both 0: rtol is {rtol}, atol {atol}")
    elif mesh is None and not 0.0 < step < np.inf:
        raise ValueError(f"method {method!r} needs a step size, not {step}")
    if not (max_step > 0.0 and step >= 0.0):
        raise ValueError(f"steps must be positive: step is {step}, max_step {max_step}")


def _check_times(save_at: Floats | None, losses: Losses, t0: float, t1: float, mesh: Tape | None) -> None:
    for what, times in (("save_at", save_at), ("the times of losses", losses.t)):
        if times is None or len(times) == 0:
            continue
        if not bool((times[1:] >= times[:-1]).all()):
            raise ValueError(f"{what} must ascend")
        if not t0 <= times[0] <= times[-1] <= t1:
            raise ValueError(f"{what} must lie between {t0} and {t1}, not between {times[0]} and {times[-1]}")
    if mesh is None:
        return
    if mesh.t[0] != t0 or mesh.t[-1] != t1:
        raise ValueError(f"the mesh goes from {mesh.t[0]} to {mesh.t[-1]}, the run from {t0} to {t1}")
    ends = mesh.t[1:][(mesh.kinds & slots.KIND_FIXED_END) != 0]
    missing = np.setdiff1d(losses.t[losses.t > t0], ends)
    if len(missing):
        raise ValueError(f"no step of the mesh ends at {missing[0]}, where there is a loss")


def _stops(losses: Losses, t0: float, t1: float) -> Floats:
    last = np.array([t1]) if t1 > t0 else np.empty(0)
    return last if len(losses.t) == 0 else np.unique(np.concatenate([losses.t[losses.t > t0], last]))


def _set_counts(work: Workspace, mesh: Tape | None, **chosen: int) -> None:
    n, steps = len(work["y"]), len(work["kinds"])
    counts = {
        slots.STOP_N: len(work["stops"]),
        slots.LOSS_N: len(work["loss_t"]),
        slots.SAVE_N: chosen["saves"],
        slots.COLUMNS: chosen["columns"],
        slots.OUT_CAP: len(work["out_t"]),
        slots.EVENT_CAP: len(work["ev_t"]),
        slots.RECORD: chosen["record"],
        slots.TAPE_CAP: steps,
        slots.MARK_CAP: len(work["marks"]) // n if n else steps,
        slots.STRIDE: 1,
        slots.MESH_N: -1 if mesh is None else len(work["mesh_k"]),
        slots.MESH_EVENT_N: len(work["mesh_e"]) // 2,
        slots.RELOCATE: chosen["relocate"],
    }
    for slot, count in counts.items():
        work["iws"][slot] = count


def _set_until(work: Workspace, until: UntilSteady | None) -> None:
    if until is None:
        return
    ws, iws = work["ws"], work["iws"]
    work["r"][:] = work["y"]
    ws[slots.REFERENCE_T] = ws[slots.DISTURBED_T] = ws[slots.T]
    ws[slots.STEADY_TOL], ws[slots.NOT_BEFORE] = until.tolerance, until.not_before
    iws[slots.STEADY] = 1
    iws[slots.UNWATCHED], iws[slots.UNWATCHED_END] = until.unwatched


@dataclass(slots=True)
class _Pace:
    """How many steps compiled code may take before it is asked again: about as many as fit into a period."""

    budget: int = _FIRST_BUDGET
    asked: float = field(default_factory=time.perf_counter)
    told: float = field(default_factory=time.perf_counter)

    def adapt(self, t: float, progress: Progress | None) -> None:
        now = time.perf_counter()
        self.budget = fitting(self.budget, now - self.asked)
        self.asked = now
        if progress is not None and now - self.told > 0.9 * PERIOD:
            self.told = now
            progress(t)


def _drive(
    functions: Functions, work: Workspace, max_steps: int, limits: tuple[int, int], progress: Progress | None
) -> Outcome:
    """Calls `advance` until the run is over."""
    ws, iws, pace = work["ws"], work["iws"], _Pace()
    kept: list[tuple[NDArray[Any], NDArray[Any]]] = []
    try:
        advance = bound(functions, ADVANCE, work)
        while True:
            left = max_steps - int(iws[slots.STEPS] + iws[slots.REJECTIONS])
            iws[slots.BUDGET] = min(pace.budget, left)
            kept = [(work[name], work[name].copy()) for name in ("ws", "iws", "y")]
            reason = advance()
            kept = []
            if reason in (slots.FINISHED, slots.STOPPED):
                return _outcome(iws)
            if reason == slots.BUDGET_USED:
                if left <= pace.budget:
                    return Outcome.TOO_MANY_STEPS
                pace.adapt(float(ws[slots.T]), progress)
            else:
                if not make_room(work, reason, *limits):
                    return Outcome.TOO_MUCH_SAVED
                advance = bound(functions, ADVANCE, work)
    except KeyboardInterrupt:
        # It may have come in the middle of a step of a Python backend: what was there before that call is whole.
        for array, before in kept:
            array[:] = before
        return Outcome.INTERRUPTED


def _outcome(iws: Integers) -> Outcome:
    ended = (Outcome.DONE, Outcome.NOT_STEADY, Outcome.STEADY)[int(iws[slots.STEADY])]
    return Outcome(int(iws[slots.STATUS])) if iws[slots.STATUS] else ended


def _last_row(functions: Functions, work: Workspace) -> None:
    """A row for the time at which a run until steady ended, where rows have given times and none is there."""
    t, rows, columns = (work["ws"][slots.T], *(int(work["iws"][slot]) for slot in (slots.OUT_N, slots.COLUMNS)))
    if work["iws"][slots.SAVE_N] < 0 or (rows and work["out_t"][rows - 1] == t):
        return
    row = np.empty(columns)
    functions["observe"](float(t), *(work[name] for name in ("y", "p", "z", "w", "want")), row, 0)
    work["out_t"] = np.append(work["out_t"][:rows], t)
    work["out"] = np.concatenate([work["out"][: rows * columns], row])
    work["iws"][slots.OUT_N] = rows + 1


def _motion(ws: Floats, iws: Integers) -> Motion | None:
    if not iws[slots.STEADY]:
        return None
    mover = int(iws[slots.MOVER])
    unknown = None if mover == slots.WATCHED_INPUTS else mover
    distance = float(ws[slots.MOVED_BY] * (ws[slots.RTOL] or ws[slots.ATOL]))
    return Motion(unknown, float(ws[slots.REFERENCE_T]), distance, float(ws[slots.MOVED_FOR]))


def _result(work: Workspace, outcome: Outcome, tape: Tape | None, since: float) -> Run:
    ws, iws, losses = work["ws"], work["iws"], work["loss_v"]
    rows, events, columns = int(iws[slots.OUT_N]), int(iws[slots.EVENT_N]), int(iws[slots.COLUMNS])
    losses[iws[slots.LOSS_I] :] = np.nan
    whole = rows == len(work["out_t"])
    times, out = work["out_t"][:rows], work["out"][: rows * columns].reshape(rows, columns)
    return Run(
        outcome=outcome,
        t=float(ws[slots.T]),
        y=work["y"],
        times=times if whole else times.copy(),
        rows=out if whole else out.copy(),
        event_times=work["ev_t"][:events].copy(),
        event_numbers=work["ev_n"][: 2 * events : 2].copy(),
        loss=float(ws[slots.LOSS]),
        loss_values=losses,
        tape=tape,
        steps=int(iws[slots.STEPS]),
        rejected=int(iws[slots.REJECTIONS]),
        evaluations=int(iws[slots.EVALUATIONS]),
        seconds=time.perf_counter() - since,
        motion=_motion(ws, iws),
    )
