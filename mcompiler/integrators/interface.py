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
