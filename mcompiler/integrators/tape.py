"""The mesh of a run: what it holds, to compiled code and back. Nothing is computed here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators import slots

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
#: Arrays by the names that `signatures` gives them.
Arrays: TypeAlias = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Tape:
    """The mesh of a run, with enough states to find all of them again.

    Attributes:
        t: times of the mesh, one more than steps.
        h: step sizes.
        kinds: per step, the bits of `slots.KIND_*`: where it starts and ends, and whether an event is at its end; above them the number of the guard
            that the step was cut at.
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


def mesh_arrays(tape: Tape | None) -> dict[str, NDArray[Any]]:
    """``mesh``, ``mesh_k`` and ``mesh_e`` of compiled code; empty without a tape."""
    if tape is None:
        return {"mesh": np.empty(0), "mesh_k": np.empty(0, dtype=np.int64), "mesh_e": np.empty(0, dtype=np.int64)}
    mesh = np.empty(2 * len(tape.h) + 1)
    mesh[::2], mesh[1::2] = tape.t, tape.h
    return {
        "mesh": mesh,
        "mesh_k": np.ascontiguousarray(tape.kinds, dtype=np.int64),
        "mesh_e": np.ascontiguousarray(tape.events, dtype=np.int64).reshape(-1),
    }


def recorded(arrays: Arrays, y0: Floats) -> Tape:
    """The tape of a run that recorded one."""
    iws = arrays["iws"]
    steps, marks, events = int(iws[slots.TAPE_N]), int(iws[slots.MARK_N]), int(iws[slots.EVENT_N])
    mesh = arrays["tape"][: 2 * steps + 1] if steps else arrays["ws"][slots.T : slots.T + 1]
    return Tape(
        t=mesh[::2].copy(),
        h=mesh[1::2].copy(),
        kinds=arrays["kinds"][:steps].copy(),
        events=arrays["ev_n"][: 2 * events].reshape(events, 2).copy(),
        states=arrays["marks"][: marks * len(y0)].reshape(marks, len(y0)).copy(),
        stride=int(iws[slots.STRIDE]),
        y0=y0,
    )
