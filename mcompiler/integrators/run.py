"""Running integrators: allocates every array, calls `advance` until it is done, grows what is full, and hands back plain arrays.

The functions come from anywhere: machine code, Python text, the interpreter; they are called by name with numpy arrays and numbers. What was
run may be run again on its own mesh (`integrate(mesh=run.tape)`) and differentiated (`reverse`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]


class Functions(Protocol):
    """Kernels and integrators by name; a dictionary will do."""

    def __getitem__(self, name: str, /) -> Callable[..., Any]:
        """The function of this name."""
        ...


class Outcome(Enum):
    """How an integration ended. The names are those of the statuses that a user sees."""

    DONE = 0
    INTERRUPTED = 1
    STEP_TOO_SMALL = 2
    NOT_FINITE = 3
    TOO_MANY_STEPS = 4
    TOO_MANY_EVENTS = 5
    EVENT_NOT_LOCATED = 6


@dataclass(frozen=True, slots=True)
class Losses:
    """Point losses, by ascending time (several may share one).

    Attributes:
        t: times in seconds, within [t0, t1].
        terms: number of the loss term of each.
        rows: place of each one's data row in ``data``.
        data: measured values, all rows one after another.
        weights: factor of each in the sum; ones by default.
    """

    t: Floats = field(default_factory=lambda: np.empty(0))
    terms: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    rows: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    data: Floats = field(default_factory=lambda: np.empty(0))
    weights: Floats | None = None


@dataclass(frozen=True, slots=True)
class Tape:
    """The mesh of a run, with enough states to find all of them again.

    Attributes:
        t: times of the mesh, one more than steps.
        h: step sizes.
        kinds: per step, the bits of `slots.KIND_*`: where it starts and ends, and whether an event is at its end.
        events: rows of (number of the event, number of the step at whose end it happened), in the order they acted.
        states: states at the start of every ``stride``-th step.
        stride: how many steps lie between two states.
        y0: the state at the start.
    """

    t: Floats
    h: Floats
    kinds: Integers
    events: Integers
    states: Floats
    stride: int
    y0: Floats


@dataclass(frozen=True, slots=True)
class Run:
    """What an integration gives.

    Attributes:
        outcome: how it ended.
        t: the time it reached; ``y`` the state there.
        times: times of the rows, and ``rows``, one row of columns per time (as ``want`` places them).
        event_times: times of the events, and ``event_numbers``, which ones.
        loss: weighted sum of the point losses so far, and ``loss_values``, each by itself.
        tape: the mesh, if it was asked for.
        steps: accepted steps; ``rejected`` steps; ``evaluations`` of the right-hand side.
        seconds: wall time.
    """

    outcome: Outcome
    t: float
    y: Floats
    times: Floats
    rows: Floats
    event_times: Floats
    event_numbers: Integers
    loss: float
    loss_values: Floats
    tape: Tape | None
    steps: int
    rejected: int
    evaluations: int
    seconds: float


#: Called with the time reached; between calls lies about a tenth of a second.
Progress: TypeAlias = Callable[[float], None]


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
    mesh: Tape | None = None,
    relocate: bool = True,
    max_steps: int = 1 << 62,
    progress: Progress | None = None,
) -> Run:
    """Integrate from ``t0`` to ``t1`` and give the trajectory, or as much of it as there was.

    Args:
        functions: kernels and integrators by name.
        z: layout array; p: parameters; y0: state at t0 (not changed).
        t0: start in seconds; t1: end, not before it.
        method: a name of `methods.METHODS`.
        rtol: relative tolerance per step (adaptive methods); atol: absolute, times each unknown's own scale.
        step: step size in seconds: needed by fixed-step methods, the first step of adaptive ones (0: chosen by the method).
        max_step: no step is longer.
        save_at: ascending times of the rows; None gives a row per step, and two where an event acts (before and after).
        want: per observable its first column, or -1; none by default.
        n_columns: columns of a row.
        losses: point losses to sum up.
        record: whether to keep the tape.
        memory_limit: bytes for states on the tape; beyond it every second one is dropped and steps are taken again in `reverse`.
        mesh: steps to take instead of chosen ones, events included.
        relocate: on a mesh, whether a located event is located again (then later steps keep their size, and the one before the next stop
            takes up the difference) or happens after the recorded step size.
        max_steps: accepted and rejected steps in all.
        progress: told where the run is; KeyboardInterrupt from it, or at any time, ends the run with what there is.

    Raises:
        ValueError: an argument makes no sense (times out of order, unknown method, no step for a fixed-step method).
    """
    raise NotImplementedError


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
        z: layout array; p: the parameters of the run.
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
        ValueError: the run has no tape.
    """
    raise NotImplementedError
