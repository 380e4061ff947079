"""What running and differentiating takes and gives: plain data, and functions by name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeAlias

import numpy as np

from mcompiler.integrators.tape import Floats, Integers, Tape


class Functions(Protocol):
    """Kernels and integrators by name; a dictionary will do. Where there is a ``bind`` (a library of a backend), it is used."""

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
    STEADY = 7
    NOT_STEADY = 8
    TOO_MUCH_SAVED = 9


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
class UntilSteady:
    """That a run ends when it is steady (`steady` says what that is).

    Attributes:
        tolerance: how far nothing may move, in tolerances of a step.
        not_before: a time in seconds that the run reaches, steady or not.
        unwatched: first and last but one place of unknowns that may move.
    """

    tolerance: float = 100.0
    not_before: float = -np.inf
    unwatched: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Motion:
    """What kept a run from being steady last.

    Attributes:
        unknown: its place, or None where it was an input that still changes.
        t: when that was seen.
        distance: how far it had moved within ``seconds``, as a part of its scale and value (where ``atol`` is ``rtol``).
        seconds: how long that took.
    """

    unknown: int | None
    t: float
    distance: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """What an integration gives.

    Attributes:
        outcome: how it ended.
        t: the time it reached; ``y`` the state there.
        times: times of the rows, and ``rows``, one row of columns per time (as ``want`` places them).
        event_times: times of the events, and ``event_numbers``, which ones.
        loss: weighted sum of the point losses so far, and ``loss_values``, each by itself (NaN where the run did not get there).
        tape: the mesh, if it was asked for.
        steps: accepted steps; ``rejected`` steps; ``evaluations`` of the right-hand side.
        seconds: wall time.
        motion: of a run until steady, what moved last.
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
    motion: Motion | None = None


#: Called with the time reached; between calls lies about a tenth of a second.
Progress: TypeAlias = Callable[[float], None]
