"""The arrays of a run, by the names that `signatures` gives them: made, handed to compiled code, and replaced by larger ones when they are full."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators import slots
from mcompiler.integrators.interface import Functions, Losses
from mcompiler.integrators.methods import integers, method_named, numbers
from mcompiler.integrators.signatures import arguments
from mcompiler.integrators.tape import Arrays, Floats, Integers, Tape, mesh_arrays
from mcompiler.kernel.abi import N_GUARDS, N_OBSERVABLES, N_PARAMETERS, N_SCRATCH, N_UNKNOWNS, Signature

Workspace: TypeAlias = dict[str, NDArray[Any]]

#: Rows, steps and events that there is room for at first; pages of memory that are not touched cost nothing.
_FIRST_STEPS = 4096
_FIRST_BYTES = 1 << 22
#: Doubles of a cache line.
LINE = 8


def zeros(count: int, kind: type[Any] = np.float64) -> NDArray[Any]:
    """Zeros of 8 bytes each that begin where a cache line does, so that vectors of them do not straddle lines."""
    whole = np.zeros(count + LINE, dtype=kind)
    first = -whole.ctypes.data // whole.itemsize % LINE
    return whole[first : first + count]


@cache
def method_arrays(name: str) -> tuple[Floats, Integers]:
    """``tab`` and ``mi`` of a method; shared, so read-only."""
    method = method_named(name)
    tab, mi = numbers(method), integers(method)
    tab.flags.writeable = mi.flags.writeable = False
    return tab, mi


def bound(functions: Functions, signature: Signature, arrays: Arrays) -> Callable[[], Any]:
    """The function with its arguments taken from the arrays, once and for all."""
    values = [arrays[name] for name in arguments(signature)]
    bind = getattr(functions, "bind", None)
    return partial(functions[signature.name], *values) if bind is None else bind(signature.name, *values)


def model_arrays(z: Integers, p: Floats, method: str) -> Workspace:
    """What every function of a model and a method takes.

    Raises:
        ValueError: ``z`` and ``p`` do not belong together, or there is no such method.
    """
    tab, mi = method_arrays(method)
    given = zeros(len(p))
    given[:] = p
    if len(given) != z[N_PARAMETERS]:
        raise ValueError(f"there are {z[N_PARAMETERS]} parameters, not {len(given)}")
    n, scratch = int(z[N_UNKNOWNS]), int(z[N_SCRATCH])
    rows = max(2, int(mi[slots.TOTAL] + mi[slots.DEGREE]))
    made: Workspace = {"tab": tab, "mi": mi, "p": given, "z": z, "w": zeros(scratch), "K": zeros(rows * n)}
    made["ws"], made["iws"] = np.zeros(slots.WS_SIZE), np.zeros(slots.IWS_SIZE, dtype=np.int64)
    made |= {name: zeros(n) for name in ("y", "v", "u", "r", "s")}
    return made


def loss_arrays(losses: Losses) -> Workspace:
    """The point losses.

    Raises:
        ValueError: there are more or fewer weights.
    """
    count = len(losses.t)
    numbered = np.empty((count, 2), dtype=np.int64)
    numbered[:, 0], numbered[:, 1] = losses.terms, losses.rows
    weights = np.ones(count) if losses.weights is None else np.ascontiguousarray(losses.weights, dtype=np.float64)
    if len(weights) != count:
        raise ValueError(f"{count} losses have {len(weights)} weights")
    return {
        "loss_t": np.array(losses.t, dtype=np.float64),  # a copy: those at the end of a run until steady move
        "loss_n": numbered.reshape(-1),
        "loss_w": weights,
        "loss_v": np.full(count, np.nan),
        "d": np.ascontiguousarray(losses.data, dtype=np.float64),
    }


def guard_arrays(z: Integers) -> Workspace:
    """What looking for events needs."""
    count = int(z[N_GUARDS])
    return {
        name: np.zeros(2 * count if name in {"g0", "gm", "gs"} else count) for name in ("g0", "gl", "gr", "gm", "gs")
    }


def output_arrays(
    z: Integers,
    save_at: Floats | None,
    want: Integers | None,
    n_columns: int,
    rows_limit: int,
    *,
    until_steady: bool = False,
) -> Workspace:
    """Times of rows, and room for rows; a run until steady is not expected to reach all of them.

    Raises:
        ValueError: a column is asked for that there is not, or the rows at given times need more than ``rows_limit`` bytes.
    """
    save = np.empty(0) if save_at is None else np.ascontiguousarray(save_at, dtype=np.float64)
    if len(save) > most_rows(n_columns, rows_limit):
        raise too_many_rows(
            f"{len(save)} times of {n_columns} saved values", 8 * len(save) * (n_columns + 1), rows_limit
        )
    least = 2 + _FIRST_BYTES // (8 * (n_columns + 1))
    few = min(_FIRST_STEPS, least, most_rows(n_columns, rows_limit))
    room = few if save_at is None else min(few, len(save)) if until_steady else len(save)
    nothing = np.full(int(z[N_OBSERVABLES]), -1, dtype=np.int64)
    if want is not None and (len(want) != len(nothing) or max(want, default=-1) >= n_columns):
        raise ValueError(f"{len(nothing)} observables want a column below {n_columns} each, or -1")
    return {
        "save": save,
        "want": nothing if want is None else np.ascontiguousarray(want, dtype=np.int64),
        "out": np.empty(room * n_columns),
        "out_t": np.empty(room),
    }


def record_arrays(z: Integers, mesh: Tape | None, memory_limit: int, *, record: bool) -> Workspace:
    """Room for events and for the tape, and the mesh to follow."""
    n, count = int(z[N_UNKNOWNS]), int(z[N_GUARDS])
    steps = _FIRST_STEPS if record else 0
    marks = min(steps, most_marks(n, memory_limit), 2 + _FIRST_BYTES // (8 * (n + 1)))
    events = 64 + 4 * count if count else 0
    return {
        "ev_t": np.empty(events),
        "ev_n": np.empty(2 * events, dtype=np.int64),
        "tape": np.empty(2 * steps + 1),
        "kinds": np.empty(steps, dtype=np.int64),
        "marks": np.empty(marks * n),
        **mesh_arrays(mesh),
    }


def most_marks(n: int, memory_limit: int) -> int:
    """How many states the limit allows; two at least, since a tape of one state is no tape."""
    return max(2, memory_limit // (8 * max(n, 1)))


def too_many_rows(what: str, needed: int, limit: int) -> ValueError:
    """That saved values need more bytes than they may have."""
    return ValueError(
        f"{what} need {needed:,} bytes, and memory_limit is {limit:,}: save less, or less often, or raise it"
    )


def most_rows(n_columns: int, rows_limit: int) -> int:
    """How many rows the limit allows (times alone are not limited); those before and after an event at least."""
    return max(2, rows_limit // (8 * (n_columns + 1))) if n_columns else 1 << 62


def make_room(work: Workspace, reason: int, memory_limit: int, rows_limit: int) -> bool:
    """Larger arrays in the place of those that are full (a reason of `slots`); whether the limit allows that."""
    iws = work["iws"]
    match reason:
        case slots.OUTPUT_FULL:
            columns = int(iws[slots.COLUMNS])
            most = most_rows(columns, rows_limit)
            if iws[slots.OUT_CAP] >= most:
                return False
            _enlarge(work, {"out": columns, "out_t": 1}, slots.OUT_CAP, most)
        case slots.EVENTS_FULL:
            _enlarge(work, {"ev_t": 1, "ev_n": 2}, slots.EVENT_CAP)
        case slots.TAPE_FULL:
            _enlarge(work, {"tape": 2, "kinds": 1}, slots.TAPE_CAP)
        case _:
            _make_room_for_marks(work, memory_limit)
    return True


def _make_room_for_marks(work: Workspace, memory_limit: int) -> None:
    iws = work["iws"]
    n, capacity = len(work["y"]), int(iws[slots.MARK_CAP])
    most = most_marks(n, memory_limit)
    if capacity < most:
        _enlarge(work, {"marks": n}, slots.MARK_CAP, most)
        return
    kept = (int(iws[slots.MARK_N]) + 1) // 2
    marks = work["marks"][: capacity * n].reshape(capacity, n)
    marks[:kept] = marks[::2][:kept].copy()
    iws[slots.MARK_N] = kept
    iws[slots.STRIDE] *= 2


def _enlarge(work: Workspace, widths: dict[str, int], slot: int, most: int = 1 << 62) -> None:
    capacity = int(work["iws"][slot])
    larger = min(2 * capacity + 2, most)
    for name, width in widths.items():
        old = work[name]
        work[name] = np.empty(len(old) + (larger - capacity) * width, dtype=old.dtype)
        work[name][: len(old)] = old
    work["iws"][slot] = larger
