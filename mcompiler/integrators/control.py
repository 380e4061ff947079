"""Choosing steps: towards the next stop or breakpoint, by the error of the last step, or as a mesh has them."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    AFTER_BREAK,
    ALPHA,
    BETA,
    ERROR_KIND,
    EVALUATIONS,
    EXPONENT,
    KIND,
    KIND_AFTER_BREAK,
    KIND_AT_BREAK,
    KIND_FIXED_END,
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

_LOG_SAFETY = math.log(0.9)
_LEAST_LOG_ERROR = math.log(1e-4)
_ROUND_OFF = 2.220446049250313e-16


def make_plan(_functions: Mapping[str, Function]) -> Function:
    """`plan`, which needs nothing."""

    def plan(ws, iws, mi, stops):  # type: ignore[no-untyped-def]
        t = ws[T]
        kind = KIND_AFTER_BREAK if iws[AFTER_BREAK] else 0
        target = stops[iws[STOP_I]]
        if ws[NEXT_BREAK] <= target + 4 * _ROUND_OFF * abs(target):
            kind |= KIND_AT_BREAK
            target = target if ws[NEXT_BREAK] >= target - 4 * _ROUND_OFF * abs(target) else ws[NEXT_BREAK]
        left = target - t
        if mi[ERROR_KIND] == 0:
            h = ws[STEP]
            ends = h * (1.0 + 1e-9) >= left
            t_end = ws[SEGMENT_T] + (iws[SEGMENT_I] + 1) * h
        else:
            h = ws[H]
            ends = 1.01 * h >= left and left <= ws[MAX_STEP]
            h = h if 2.0 * h <= left else min(h, 0.5 * left)
            t_end = t + h
        ws[PROPOSED] = ws[H]
        ws[TAKEN] = left if ends else h
        ws[T_END] = target if ends else t_end
        iws[KIND] = kind | KIND_FIXED_END if ends else kind & KIND_AFTER_BREAK

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

    return follow


def make_judge(_functions: Mapping[str, Function]) -> Function:
    """`judge`, which needs nothing. The controller is proportional-integral (Hairer, Wanner, Solving ODEs II, IV.2)."""

    def judge(size, ws, iws, tab):  # type: ignore[no-untyped-def]
        h = ws[TAKEN]
        if size <= 1.0:
            error = 0.5 * math.log(max(size, 1e-20))
            change = _LOG_SAFETY - tab[ALPHA] * error + tab[BETA] * ws[LOG_ERROR]
            change = min(max(change, tab[LOG_SHRINK]), 0.0 if iws[REJECTED] else tab[LOG_GROW])
            h = h * math.exp(change)
            if iws[KIND] & KIND_FIXED_END:
                h = max(h, ws[PROPOSED])
            ws[H] = min(h, ws[MAX_STEP])
            ws[LOG_ERROR] = max(error, _LEAST_LOG_ERROR)
            iws[REJECTED] = 0
            return 1
        finite = size - size == 0.0
        change = tab[LOG_SHRINK]
        if finite:
            change = max(change, _LOG_SAFETY - 0.5 * tab[EXPONENT] * math.log(size))
        h = h * math.exp(change)
        if h < max(8.0 * _ROUND_OFF * abs(ws[T]), 1e-18 * ws[SPAN]):
            iws[STATUS] = STEP_TOO_SMALL if finite else NOT_FINITE
        ws[H] = h
        iws[REJECTED] = 1
        iws[REJECTIONS] = iws[REJECTIONS] + 1
        return 0

    return judge


def make_first_step(functions: Mapping[str, Function]) -> Function:
    """`first_step`, given `sweep`."""
    sweep = functions["sweep"]

    def first_step(ws, iws, tab, mi, y, s, K, p, z, w):  # type: ignore[no-untyped-def]
        n = z[0]
        t = ws[T]
        low = t + NEAR * abs(t) if iws[AFTER_BREAK] else t
        limit = min(ws[SPAN], ws[MAX_STEP])
        sweep(0, low, 0.0, tab, ROWS, y, K, p, z, w)
        d0 = 0.0
        d1 = 0.0
        for k in range(n):
            tolerance = s[k] + ws[RTOL] * abs(y[k])
            d0 = d0 + (y[k] / tolerance) * (y[k] / tolerance)
            d1 = d1 + (K[k] / tolerance) * (K[k] / tolerance)
        d0 = math.sqrt(d0 / max(n, 1))
        d1 = math.sqrt(d1 / max(n, 1))
        h = 1e-6 * ws[SPAN] if d0 < 1e-5 or not d1 > 1e-5 / ws[SPAN] else 0.01 * d0 / d1
        h = min(h, limit) if h > 0.0 else 1e-6 * limit
        sweep(1, low + h, h, tab, ONE, y, K, p, z, w)
        d2 = 0.0
        for k in range(n):
            change = (K[n + k] - K[k]) / (s[k] + ws[RTOL] * abs(y[k]))
            d2 = d2 + change * change
        d2 = math.sqrt(d2 / max(n, 1)) / h
        largest = max(d1, d2)
        guess = 1e-3 * h
        if largest * ws[SPAN] > 1e-12 and largest < 1e300:
            guess = math.exp(math.log(0.01 / largest) / mi[ORDER])
        iws[EVALUATIONS] = iws[EVALUATIONS] + 2
        chosen = min(100.0 * h, max(guess, 1e-3 * h), limit)
        return chosen if chosen > 0.0 else 1e-6 * ws[SPAN]

    return first_step
