"""One step of an explicit method: its stages, the new state and the error; and the dense output inside it.

Stages that would look across a breakpoint are moved to its near side, by a few units of round-off: a pulse is seen as it is inside the step.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    DEGREE,
    DEGREES,
    DENSE,
    ERROR,
    ERROR_KIND,
    ERROR_LOW,
    EVALUATIONS,
    EXTRA,
    KIND,
    KIND_AFTER_BREAK,
    KIND_AT_BREAK,
    MAX_STAGES,
    ROWS,
    STAGES,
    SUMMED,
    T_END,
    TAKEN,
    TIMES,
    TOTAL,
    WEIGHTS,
    T,
)

Function = Callable[..., Any]

# A breakpoint's near side: this fraction of its time away.
NEAR = 8 * 2.220446049250313e-16


def make_take_step(functions: Mapping[str, Function]) -> Function:
    """`take_step`, given `sweep`."""
    sweep = functions["sweep"]

    def take_step(t, h, first, kind, t_end, rtol, tab, mi, y, v, s, K, p, z, w):  # type: ignore[no-untyped-def]
        n = z[0]
        stages = mi[STAGES]
        summed = mi[SUMMED]
        if kind & (KIND_AFTER_BREAK | KIND_AT_BREAK):
            low = t + NEAR * abs(t) if kind & KIND_AFTER_BREAK else t
            high = t_end - NEAR * abs(t_end) if kind & KIND_AT_BREAK else t_end
            for i in range(first, stages):
                ti = min(t + tab[TIMES + i] * h, high)
                sweep(i, max(ti, low), h, tab, ROWS + MAX_STAGES * i, y, K, p, z, w)
        else:
            for i in range(first, stages):
                sweep(i, t + tab[TIMES + i] * h, h, tab, ROWS + MAX_STAGES * i, y, K, p, z, w)
        size = 0.0
        low_size = 0.0
        error_kind = mi[ERROR_KIND]
        if error_kind == 1:
            for k in range(n):
                total = 0.0
                error = 0.0
                for j in range(summed):
                    slope = K[j * n + k]
                    total = total + tab[WEIGHTS + j] * slope
                    error = error + tab[ERROR + j] * slope
                for j in range(summed, stages):
                    error = error + tab[ERROR + j] * K[j * n + k]
                new = y[k] + h * total
                v[k] = new
                error = error / (s[k] + rtol * max(abs(y[k]), abs(new)))
                size = size + error * error
            return h * h * size / max(n, 1)
        for k in range(n):
            total = 0.0
            for j in range(summed):
                total = total + tab[WEIGHTS + j] * K[j * n + k]
            v[k] = y[k] + h * total
            size = size + 0.0 * v[k]
        if error_kind == 0:
            return size
        for k in range(n):
            error = 0.0
            error_low = 0.0
            for j in range(summed):
                error = error + tab[ERROR + j] * K[j * n + k]
                error_low = error_low + tab[ERROR_LOW + j] * K[j * n + k]
            tolerance = s[k] + rtol * max(abs(y[k]), abs(v[k]))
            size = size + (error / tolerance) * (error / tolerance)
            low_size = low_size + (error_low / tolerance) * (error_low / tolerance)
        if size == 0.0:
            return 0.0
        return h * h * size * size / ((size + 0.01 * low_size) * max(n, 1))

    return take_step


def make_interpolate(functions: Mapping[str, Function]) -> Function:
    """`interpolate`, given `sweep` and `project`."""
    sweep = functions["sweep"]
    project = functions["project"]

    def interpolate(theta, ws, iws, tab, mi, y, u, K, p, z, w):  # type: ignore[no-untyped-def]
        n = z[0]
        h = ws[TAKEN]
        if iws[EXTRA] == 0:
            t = ws[T]
            high = ws[T_END] - NEAR * abs(ws[T_END]) if iws[KIND] & KIND_AT_BREAK else ws[T_END]
            for i in range(mi[STAGES], mi[TOTAL]):
                sweep(i, min(t + tab[TIMES + i] * h, high), h, tab, ROWS + MAX_STAGES * i, y, K, p, z, w)
                iws[EVALUATIONS] = iws[EVALUATIONS] + 1
            iws[EXTRA] = 1
        total = mi[TOTAL]
        degree = mi[DEGREE]
        for k in range(n):
            u[k] = 0.0
        for i in range(total):
            weight = 0.0
            for power in range(degree):
                weight = (weight + tab[DENSE + DEGREES * i + degree - 1 - power]) * theta
            for k in range(n):
                u[k] = u[k] + weight * K[i * n + k]
        for k in range(n):
            u[k] = y[k] + h * u[k]
        project(u, p, z, w)

    return interpolate
