"""The gradient of what a run computed: its tape backwards, with states found again where they were not kept."""

import time
from dataclasses import dataclass

import numpy as np

from mcompiler.integrators import slots
from mcompiler.integrators.interface import Functions, Losses, Progress, Run
from mcompiler.integrators.pace import PERIOD, fitting
from mcompiler.integrators.signatures import REPLAY, REVERSE, arguments
from mcompiler.integrators.tape import Floats, Integers, Tape, mesh_arrays
from mcompiler.integrators.workspace import Workspace, loss_arrays, model_arrays, most_marks

_FIRST_STEPS = 200
_NO_LOSSES = Losses()


def reverse(
    functions: Functions,
    z: Integers,
    p: Floats,
    run: Run,
    *,
    method: str = "tsit5",
    losses: Losses | None = None,
    final: Floats | None = None,
    initial: bool = False,
    memory_limit: int = 1 << 30,
    progress: Progress | None = None,
) -> tuple[float, Floats, Floats]:
    """The loss and its exact gradient for the computation on the tape.

    Args:
        functions: kernels and integrators by name.
        z: layout array.
        p: the parameters of the run.
        run: a recorded run with the same method.
        method: the run's method.
        losses: the run's point losses.
        final: gradient with respect to the state at the end, of a loss that the caller computed from it (or of an unknown that is a running loss).
        initial: whether the run started from the model's own initial values, so that their dependence on parameters belongs to the gradient.
        memory_limit: bytes for states that are computed again.
        progress: told where the sweep is, from t1 to t0.

    Returns:
        The weighted sum of point losses, its gradient by ``p``, and by the state at the start.

    Raises:
        ValueError: the run has no tape, or other losses.
    """
    tape, paid = run.tape, _NO_LOSSES if losses is None else losses
    if tape is None:
        raise ValueError("the run has no tape: record it")
    if len(paid.t) != len(run.loss_values):
        raise ValueError(f"the run had {len(run.loss_values)} point losses, not {len(paid.t)}")
    work = _arrays(z, p, tape, paid, method)
    if final is not None:
        work["lam"][:] = final
    work["iws"][slots.LOSS_I] = np.searchsorted(paid.t, run.t, side="right")
    sweep = _Sweep(functions, work, tape, progress)
    with np.errstate(all="ignore"):
        sweep.over_all(most_marks(len(tape.y0), memory_limit))
    _at_the_start(functions, work, tape, initial=initial)
    return run.loss, work["pb"], work["lam"]


def _arrays(z: Integers, p: Floats, tape: Tape, losses: Losses, method: str) -> Workspace:
    work = model_arrays(z, p, method) | loss_arrays(losses) | mesh_arrays(tape)
    n = len(tape.y0)
    work["mi_back"] = work["mi"].copy()
    work["mi_back"][[slots.STAGES, slots.FSAL]] = (
        work["mi"][slots.SUMMED],
        0,
    )  # the stage at the new state is the next step's first
    work["s"][:] = 1.0  # errors are not looked at
    work |= {name: np.zeros(n) for name in ("lam", "mu", "x")}
    work["KB"] = np.zeros((int(work["mi"][slots.SUMMED]) + 1) * n)
    work["pb"], work["scratch"] = np.zeros(len(work["p"])), np.zeros(len(work["p"]))
    iws = work["iws"]
    iws[[slots.MESH_EVENT_I, slots.MESH_EVENT_N]] = len(tape.events)
    return work


@dataclass(slots=True)
class _Sweep:
    """Steps backwards, with states computed again between those that there are."""

    functions: Functions
    work: Workspace
    tape: Tape
    progress: Progress | None
    at_once: int = _FIRST_STEPS

    def over_all(self, capacity: int) -> None:
        steps, stride = len(self.tape.h), self.tape.stride
        if stride == 1:
            self.back(0, steps, self.tape.states)
            return
        for mark in range(len(self.tape.states) - 1, -1, -1):
            first = mark * stride
            self.between(first, min(first + stride, steps), self.tape.states[mark], capacity)

    def between(self, first: int, last: int, state: Floats, capacity: int) -> None:
        """Steps last - 1 ... first, from the state at the start of the first, with room for so many states."""
        length = last - first
        if length <= capacity:
            self.back(first, last, self.replay(first, last, 1, state))
            return
        kept = max(2, capacity // 2)
        stride = -(-length // kept)
        for place, each in reversed(list(enumerate(self.replay(first, last, stride, state)))):
            start = first + place * stride
            self.between(start, min(start + stride, last), each, max(2, capacity - kept))

    def replay(self, first: int, last: int, stride: int, state: Floats) -> Floats:
        """States at the start of every stride-th step."""
        work, n = self.work, len(state)
        work["y"][:] = state
        rows = np.empty((-(-(last - first) // stride), n))
        event = int(np.searchsorted(self.tape.events[:, 1], first))
        given = {"first": first, "last": last, "event": event, "stride": stride, "rows": rows.reshape(-1)}
        self.functions[REPLAY.name](*[{**work, **given}[name] for name in arguments(REPLAY)])
        return rows

    def back(self, first: int, last: int, states: Floats) -> None:
        """Steps last - 1 ... first, whose states begin with that of the first; a tenth of a second at a time."""
        n = states.shape[1]
        work = {**self.work, "mi": self.work["mi_back"]}
        while last > first:
            since, start = time.perf_counter(), max(first, last - self.at_once)
            rows = np.ascontiguousarray(states[start - first : last - first]).reshape(-1) if n else np.empty(0)
            given = {"first": start, "last": last, "rows": rows}
            self.functions[REVERSE.name](*[{**work, **given}[name] for name in arguments(REVERSE)])
            taken = time.perf_counter() - since
            if last - start == self.at_once:
                self.at_once = fitting(self.at_once, taken)
            if self.progress is not None and taken > 0.1 * PERIOD:
                self.progress(float(self.tape.t[start]))
            last = start


def _at_the_start(functions: Functions, work: Workspace, tape: Tape, *, initial: bool) -> None:
    """What the losses at the start and the model's own initial values give."""
    losses, p, z, w = work["loss_n"].reshape(-1, 2), work["p"], work["z"], work["w"]
    lam, pb = work["lam"], work["pb"]
    for j in range(int(work["iws"][slots.LOSS_I])):
        term, row = (int(each) for each in losses[j])
        seed, t = float(work["loss_w"][j]), float(work["loss_t"][j])
        functions["loss_pullback"](term, seed, t, np.array(tape.y0), p, z, w, work["d"], row, lam, pb)
    if initial:
        functions["initial_pullback"](lam, p, z, w, pb)
