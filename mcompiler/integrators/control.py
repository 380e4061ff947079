"""Choosing steps: towards the next stop or breakpoint, by the error of the last step, or as a mesh has them."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    AFTER_BREAK,
    ALPHA,
    ATOL,
    BETA,
    ERROR_KIND,
    EVALUATIONS,
    EXPONENT,
    KIND,
    KIND_AFTER_BREAK,
    KIND_AT_BREAK,
    KIND_FIXED_END,
    LAST_T,
    LOG_ERROR,
    LOG_GROW,
    LOG_SHRINK,
    MAX_STEP,
    MESH_I,
    NEXT_BREAK,
    NOT_FINITE,
    ONE,
    ORDER,
    PROPOSED,
    REJECTED,
    REJECTIONS,
    ROWS,
    RTOL,
    SEGMENT_I,
    SEGMENT_T,
    SPAN,
    STATUS,
    STEP,
    STEP_TOO_SMALL,
    STOP_I,
    T_END,
    TAKEN,
    H,
    T,
)
from mcompiler.integrators.step import NEAR

Function = Callable[..., Any]

# The next step aims at an error of 0.9 tolerances (to the power of the order), so that it seldom misses.
LOG_SAFETY = math.log(0.9)
# The controller remembers no error smaller than this: one lucky step must not make the next one bold (the value is that of DOPRI5).
LEAST_LOG_ERROR = math.log(1e-4)
ROUND_OFF = 2.220446049250313e-16
# A stop and a breakpoint that are this close, in parts of their time, are one.
SAME = 4 * ROUND_OFF
# What is left to a stop is a difference of rounded times: a step of the given size may be so much longer. One that the controller chose may be stretched
# further, rather than leave a sliver; and of less than two steps that are left, each takes one half.
SLACK = 1e-9
STRETCH = 1.01
# A step is at least so many units of round-off of the time, so that its stages have times of their own; and, near time 0, this part of the run.
LEAST_ULPS = 8.0
LEAST_PART = 1e-18
# A first step is at most this part of the run: a system that happens to rest at the start, such as one under a sine, must not begin with a leap.
_FIRST_PART = 0.01
# The rate is looked at once more after this part of the unit of time; the first step's error is to be about so many tolerances.
_PROBE = 0.01
_FIRST_ERROR = 0.01
_LOG_FIRST_ERROR = math.log(_FIRST_ERROR)
_HUGE = 1e300


def make_plan(_functions: Mapping[str, Function]) -> Function:
    """`plan`, which needs nothing."""

    def plan(ws, iws, mi, stops):  # type: ignore[no-untyped-def]
        t = ws[T]
        kind = KIND_AFTER_BREAK if iws[AFTER_BREAK] else 0
        target = stops[iws[STOP_I]]
        if ws[NEXT_BREAK] <= target + SAME * abs(target):
            kind |= KIND_AT_BREAK
            target = target if ws[NEXT_BREAK] >= target - SAME * abs(target) else ws[NEXT_BREAK]
        left = target - t
        if mi[ERROR_KIND] == 0:
            h = ws[STEP]
            ends = (1.0 + SLACK) * h >= left
            t_end = ws[SEGMENT_T] + (iws[SEGMENT_I] + 1) * h
        else:
            h = ws[H]
            ends = STRETCH * h >= left and left <= (1.0 + SLACK) * ws[MAX_STEP]
            h = h if 2.0 * h <= left else min(h, 0.5 * left)
            t_end = t + h
        ws[PROPOSED] = ws[H]
        ws[TAKEN] = left if ends else h
        ws[T_END] = target if ends else t_end
        kind = kind | KIND_FIXED_END if ends else kind & KIND_AFTER_BREAK
        iws[KIND] = kind
        ws[LAST_T] = ws[T_END] - NEAR * max(abs(t), abs(ws[T_END])) if kind & KIND_AT_BREAK else ws[T_END]

    return plan


def make_follow(_functions: Mapping[str, Function]) -> Function:
    """`follow`, which needs nothing."""

    def follow(ws, iws, mesh, mesh_k):  # type: ignore[no-untyped-def]
        i = iws[MESH_I]
        t = ws[T]
        kind = mesh_k[i]
        iws[KIND] = kind
        if kind & KIND_FIXED_END:
            ws[T_END] = mesh[2 * i + 2]
            ws[TAKEN] = ws[T_END] - t
        else:
            ws[TAKEN] = mesh[2 * i + 1]
            ws[T_END] = mesh[2 * i + 2] if t == mesh[2 * i] else t + ws[TAKEN]
        ws[LAST_T] = ws[T_END] - NEAR * max(abs(t), abs(ws[T_END])) if kind & KIND_AT_BREAK else ws[T_END]

    return follow


def make_judge(_functions: Mapping[str, Function]) -> Function:
    """`judge`, which needs nothing.

    The controller is proportional-integral, PI.3.4 (K. Gustafsson, ACM Trans. Math. Softw. 17 (1991) 533; Hairer, Wanner, Solving ODEs II, IV.2): where
    stability limits the step or the solution turns sharply, a proportional one would reject many. A step that was cut to meet a stop says little about
    the next where the limit on growth binds: then the size proposed before holds.
    """

    def judge(size, ws, iws, tab):  # type: ignore[no-untyped-def]
        h = ws[TAKEN]
        least = max(LEAST_ULPS * ROUND_OFF * abs(ws[T]), LEAST_PART * ws[SPAN])
        if size <= 1.0:
            error = 0.5 * math.log(max(size, 1e-20))
            change = LOG_SAFETY - tab[ALPHA] * error + tab[BETA] * ws[LOG_ERROR]
            most = 0.0 if iws[REJECTED] else tab[LOG_GROW]
            h = h * math.exp(min(max(change, tab[LOG_SHRINK]), most))
            if iws[KIND] & KIND_FIXED_END and change >= most:
                h = max(h, ws[PROPOSED])
            ws[H] = min(max(h, least), ws[MAX_STEP])
            ws[LOG_ERROR] = max(error, LEAST_LOG_ERROR)
            iws[REJECTED] = 0
            return 1
        finite = size - size == 0.0
        change = tab[LOG_SHRINK]
        if finite:
            change = max(change, LOG_SAFETY - 0.5 * tab[EXPONENT] * math.log(size))
        h = h * math.exp(change)
        if h < least:
            iws[STATUS] = STEP_TOO_SMALL if finite else NOT_FINITE
        ws[H] = h
        iws[REJECTED] = 1
        iws[REJECTIONS] = iws[REJECTIONS] + 1
        return 0

    return judge


def make_first_step(functions: Mapping[str, Function]) -> Function:
    """`first_step`, given `sweep`.

    As Hairer, Norsett, Wanner (Solving ODEs I, II.4), but with time measured in units of the time in which an unknown changes by itself or by its scale:
    the steps of a device that lives in nanoseconds are those of one that lives in seconds, and an unknown that starts from 0 is no reason to creep.
    """
    sweep = functions["sweep"]

    def first_step(ws, iws, tab, mi, y, s, K, p, z, w):  # type: ignore[no-untyped-def]
        n = z[0]
        t = ws[T]
        low = t + NEAR * abs(t) if iws[AFTER_BREAK] else t
        limit = min(ws[SPAN], ws[MAX_STEP], ws[NEXT_BREAK] - t)
        sweep(0, low, 0.0, tab, ROWS, y, K, p, z, w)
        iws[EVALUATIONS] = iws[EVALUATIONS] + 1
        if n == 0:
            return limit
        rate = 0.0
        for k in range(n):
            size = max(abs(y[k]), s[k] / ws[ATOL]) if ws[ATOL] > 0.0 else abs(y[k])
            if size > 0.0:
                rate = max(rate, abs(K[k]) / size)
        least = max(LEAST_ULPS * ROUND_OFF * abs(t), LEAST_PART * ws[SPAN])
        unit = min(_FIRST_PART * ws[SPAN], limit)
        unit = max(1.0 / rate if rate * unit > 1.0 else unit, least)
        probe = _PROBE * unit
        sweep(1, low + probe, probe, tab, ONE, y, K, p, z, w)
        iws[EVALUATIONS] = iws[EVALUATIONS] + 1
        largest = 0.0
        for k in range(n):
            tolerance = s[k] + ws[RTOL] * max(abs(y[k]), unit * abs(K[k]))
            change = max(abs(K[k]), abs(K[n + k] - K[k]) / _PROBE)
            largest = max(largest, unit * change / tolerance)
        chosen = unit
        if largest > _FIRST_ERROR:
            chosen = unit * math.exp((_LOG_FIRST_ERROR - math.log(min(largest, _HUGE))) / mi[ORDER])
        return max(min(chosen, limit), least)

    return first_step
