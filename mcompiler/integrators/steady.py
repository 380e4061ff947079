"""When a run is over because nothing moves any more.

The state is steady at the end of a step when, since a reference time t_r, no unknown has moved away from where it was then by more than STEADY_TOL
tolerances of a step (absolute tolerance plus rtol times its value), and that for as long as everything before took: t - t_r >= t_r - t_d, where t_d is the
start, or the last corner of a source. In other words, the mean rate over the second half of the time, times that half, is below the tolerance for every
unknown; of a mean over unknowns one of a million that moves would be no part.

Why not rates: where stability limits the steps of an explicit method, a stiff unknown that rests keeps an error of about one tolerance, which divided by its
time constant is a rate that says nothing. Of an exponential decay the deviation that is left is about the tolerance *squared*, since the second half of the
time takes as many factors as the first. A slow mode, an oscillation or an event that sets states moves the reference along, however small its rate is.

Three guards more. The time without motion must be a twentieth of the longest run or two hundred steps: just after the start nothing has moved yet. The mean
rate must not have grown over that time by half, as it does where the run started beside an unstable point (at that point itself nothing ever moves). And the
rates at the state that is reached must be the same at later times, up to the end of the longest run: an input may still change, slowly or later.

On a mesh nothing of this is asked: the run ends where the mesh does.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    DISTURBED_T,
    EVALUATIONS,
    FSAL,
    KIND,
    KIND_AT_BREAK,
    KIND_EVENT,
    MIDWAY,
    MIDWAY_T,
    MOVED_BY,
    MOVED_FOR,
    MOVER,
    NEXT_BREAK,
    NOT_BEFORE,
    ONE,
    QUIET_STEPS,
    REFERENCE_T,
    ROWS,
    RTOL,
    SPAN,
    STEADY,
    STEADY_TOL,
    STOP_N,
    T_END,
    UNWATCHED,
    UNWATCHED_END,
    WATCHED_INPUTS,
)

Function = Callable[..., Any]

# Nothing must move for this part of the longest run, or for so many steps.
_LEAST_PART = 0.05
_LEAST_STEPS = 200
# A mean rate grows if it is larger by this factor than that over the first half of the time; smaller motions (in tolerances of a step) are round-off.
_GROWTH = 1.5
_ROUND_OFF = 1e-6
# Times at which rates are compared: multiples of the golden ratio modulo 1, parts of the time to the end, which no period is a multiple of.
_SAMPLES = 32
_GOLDEN = 0.6180339887498949


def make_inputs_rest(functions: Mapping[str, Function]) -> Function:
    """`inputs_rest`, given `sweep`."""
    sweep = functions["sweep"]

    def inputs_rest(last, quiet, ws, iws, tab, mi, v, s, K, p, z, w):  # type: ignore[no-untyped-def]
        n = z[0]
        t = ws[T_END]
        if mi[FSAL] == 0:
            sweep(0, t, 0.0, tab, ROWS, v, K, p, z, w)
            iws[EVALUATIONS] = iws[EVALUATIONS] + 1
        part = 0.0
        for _ in range(_SAMPLES):
            part = part + _GOLDEN
            if part >= 1.0:
                part = part - 1.0
            sweep(1, t + part * (last - t), 0.0, tab, ONE, v, K, p, z, w)
            iws[EVALUATIONS] = iws[EVALUATIONS] + 1
            for k in range(n):
                allowed = ws[STEADY_TOL] * (s[k] + ws[RTOL] * abs(v[k]))
                if abs(K[n + k] - K[k]) * quiet > allowed and (k < iws[UNWATCHED] or k >= iws[UNWATCHED_END]):
                    return 0
        return 1

    return inputs_rest


def make_watch(functions: Mapping[str, Function]) -> Function:
    """`watch`, given `inputs_rest`."""
    inputs_rest = functions["inputs_rest"]

    def watch(ws, iws, tab, mi, v, r, s, K, p, z, w, stops):  # type: ignore[no-untyped-def]
        n = z[0]
        t = ws[T_END]
        kind = iws[KIND]
        moved = 0.0
        mover = 0
        for k in range(n):
            distance = abs(v[k] - r[k]) / (s[k] + ws[RTOL] * abs(v[k]))
            if distance > moved and (k < iws[UNWATCHED] or k >= iws[UNWATCHED_END]):
                moved = distance
                mover = k
        quiet = t - ws[REFERENCE_T]
        moves = moved > ws[STEADY_TOL]
        if not moves and kind & KIND_AT_BREAK == 0:
            before = ws[REFERENCE_T] - ws[DISTURBED_T]
            iws[QUIET_STEPS] = iws[QUIET_STEPS] + 1
            steps = iws[QUIET_STEPS]
            half = 2.0 * quiet < before or (2.0 * quiet < _LEAST_PART * ws[SPAN] and 2 * steps < _LEAST_STEPS)
            if half or steps == 1:
                ws[MIDWAY] = max(ws[MIDWAY], moved)
                ws[MIDWAY_T] = quiet
                return 0
            last = stops[iws[STOP_N] - 1]
            if quiet < before or (quiet < _LEAST_PART * ws[SPAN] and steps < _LEAST_STEPS):
                return 0
            if t < ws[NOT_BEFORE] or ws[NEXT_BREAK] <= last or kind & KIND_EVENT:
                return 0
            moves = moved > _ROUND_OFF and moved * ws[MIDWAY_T] > _GROWTH * ws[MIDWAY] * quiet
            if not moves:
                if inputs_rest(last, quiet, ws, iws, tab, mi, v, s, K, p, z, w):
                    iws[STEADY] = 2
                    return 1
                mover = WATCHED_INPUTS
        if kind & KIND_AT_BREAK:
            ws[DISTURBED_T] = t
            mover = mover if moves else WATCHED_INPUTS
        iws[MOVER] = mover
        ws[MOVED_BY] = moved
        ws[MOVED_FOR] = quiet
        ws[REFERENCE_T] = t
        ws[MIDWAY] = 0.0
        iws[QUIET_STEPS] = 0
        for k in range(n):
            r[k] = v[k]
        return 0

    return watch
