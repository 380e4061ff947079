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
    LAST_T,
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

# So many unknowns are combined in loops over them; fewer, one after the other.
FEW = 64
# Unknowns of a block: what is made of them stays in the nearest cache.
BLOCK = 512

# A breakpoint's near side: this fraction of its time away. Breakpoints are sums of a few terms, each rounded, so that a source may jump a few units in
# the last place from where `breakpoint` says; a smooth source moves by no more than round-off over this distance.
NEAR = 8 * 2.220446049250313e-16


def make_stage_time(_functions: Mapping[str, Function]) -> Function:
    """`stage_time`, which needs nothing."""

    def stage_time(c, t, h, kind, t_end):  # type: ignore[no-untyped-def]
        ti = t + c * h
        if kind & (KIND_AFTER_BREAK | KIND_AT_BREAK):
            low = t + NEAR * abs(t) if kind & KIND_AFTER_BREAK else t
            high = t_end - NEAR * max(abs(t), abs(t_end)) if kind & KIND_AT_BREAK else t_end
            ti = max(min(ti, high), low)
        return ti

    return stage_time


def make_stages(functions: Mapping[str, Function]) -> Function:
    """`stages`, given `sweep` and `stage_time`."""
    sweep, stage_time = functions["sweep"], functions["stage_time"]

    def stages(t, h, first, last, kind, t_end, tab, y, K, p, z, w):  # type: ignore[no-untyped-def]
        for i in range(first, last):
            sweep(i, stage_time(tab[TIMES + i], t, h, kind, t_end), h, tab, ROWS + MAX_STAGES * i, y, K, p, z, w)

    return stages


def make_combine(_functions: Mapping[str, Function]) -> Function:
    """`combine`, which needs nothing: unknown by unknown, for a few."""

    def combine(h, rtol, tab, mi, y, v, s, K, z):  # type: ignore[no-untyped-def]
        n = z[0]
        stages = mi[STAGES]
        summed = mi[SUMMED]
        size = 0.0
        low_size = 0.0
        broken = 0.0
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
                broken = broken + 0.0 * (error + new)
                error = error / (s[k] + rtol * max(abs(y[k]), abs(new)))
                size = max(size, error * error)
            return h * h * size + broken
        for k in range(n):
            total = 0.0
            for j in range(summed):
                total = total + tab[WEIGHTS + j] * K[j * n + k]
            v[k] = y[k] + h * total
            broken = broken + 0.0 * v[k]
        if error_kind == 0:
            return broken
        for k in range(n):
            error = 0.0
            error_low = 0.0
            for j in range(summed):
                error = error + tab[ERROR + j] * K[j * n + k]
                error_low = error_low + tab[ERROR_LOW + j] * K[j * n + k]
            broken = broken + 0.0 * (error + error_low)
            tolerance = s[k] + rtol * max(abs(y[k]), abs(v[k]))
            size = max(size, (error / tolerance) * (error / tolerance))
            low_size = max(low_size, (error_low / tolerance) * (error_low / tolerance))
        if size == 0.0:
            return broken
        return h * h * size * (size / (size + 0.01 * low_size)) + broken

    return combine


def make_weigh(_functions: Mapping[str, Function]) -> Function:
    """`weigh`, which needs nothing."""

    def weigh(first, last, count, weights, tab, n, K, x, start):  # type: ignore[no-untyped-def]
        second = min(count - 1, 1)  # stages go in pairs: half the passes over x
        a, b = tab[weights], tab[weights + 1] * second
        for k in range(first, last):
            x[start + k] = a * K[k] + b * K[second * n + k]
        for pair in range(1, count // 2):
            j = 2 * pair
            a, b = tab[weights + j], tab[weights + j + 1]
            if a != 0.0 or b != 0.0:
                for k in range(first, last):
                    x[start + k] = x[start + k] + a * K[j * n + k] + b * K[(j + 1) * n + k]
        if count > 2 and count % 2 == 1:
            a = tab[weights + count - 1]
            if a != 0.0:
                for k in range(first, last):
                    x[start + k] = x[start + k] + a * K[(count - 1) * n + k]

    return weigh


def make_combine_many(functions: Mapping[str, Function]) -> Function:
    """`combine_many`, given `weigh` and operations on doubles: loops over blocks of unknowns, each of which is vectorised.

    Squares and magnitudes are compared by their bits, which have the same order and keep what is not a number.
    """
    weigh, bits, double, maximum = (functions[name] for name in ("weigh", "bits", "double", "max"))

    def combine_many(h, rtol, tab, mi, y, v, s, K, z):  # type: ignore[no-untyped-def]
        n = z[0]
        kind = mi[ERROR_KIND]
        estimate = mi[TOTAL] * n  # rows of the dense output, not made yet
        low_estimate = estimate + n
        size = 0
        low_size = 0
        greatest = 0
        for block in range((n + BLOCK - 1) // BLOCK):
            first = BLOCK * block
            last = min(first + BLOCK, n)
            weigh(first, last, mi[SUMMED], WEIGHTS, tab, n, K, v, 0)
            for k in range(first, last):
                v[k] = y[k] + h * v[k]
                greatest = maximum(greatest, bits(abs(v[k])))
            if kind > 0:
                weigh(first, last, mi[STAGES] if kind == 1 else mi[SUMMED], ERROR, tab, n, K, K, estimate)
                for k in range(first, last):
                    error = K[estimate + k]
                    scaled = error / (s[k] + rtol * maximum(abs(y[k]), abs(v[k])))
                    greatest = maximum(greatest, bits(abs(error)))
                    size = maximum(size, bits(abs(scaled * scaled)))
            if kind > 1:
                weigh(first, last, mi[SUMMED], ERROR_LOW, tab, n, K, K, low_estimate)
                for k in range(first, last):
                    error = K[low_estimate + k]
                    scaled = error / (s[k] + rtol * maximum(abs(y[k]), abs(v[k])))
                    greatest = maximum(greatest, bits(abs(error)))
                    low_size = maximum(low_size, bits(abs(scaled * scaled)))
        broken = 0.0 * double(greatest)
        square = double(size)
        if kind > 1 and square > 0.0:
            square = square * (square / (square + 0.01 * double(low_size)))
        return h * h * square + broken

    return combine_many


def make_ends_in_last_stage(_functions: Mapping[str, Function]) -> Function:
    """`ends_in_last_stage`, which needs nothing: methods without an error estimate, for many unknowns, where no event asks for what is inside the step."""

    def ends_in_last_stage(mi, z):  # type: ignore[no-untyped-def]
        return 1 if mi[ERROR_KIND] == 0 and z[0] >= FEW and z[2] == 0 else 0

    return ends_in_last_stage


def make_take_whole_step(functions: Mapping[str, Function]) -> Function:
    """`take_whole_step`, given `stages`, `combine` and `combine_many`."""
    run_stages, combine, combine_many = functions["stages"], functions["combine"], functions["combine_many"]

    def take_whole_step(t, h, first, kind, t_end, rtol, tab, mi, y, v, s, K, p, z, w):  # type: ignore[no-untyped-def]
        run_stages(t, h, first, mi[STAGES], kind, t_end, tab, y, K, p, z, w)
        if z[0] < FEW:
            return combine(h, rtol, tab, mi, y, v, s, K, z)
        return combine_many(h, rtol, tab, mi, y, v, s, K, z)

    return take_whole_step


def make_take_step(functions: Mapping[str, Function]) -> Function:
    """`take_step`, given `stages`, `stage_time`, `finish`, `ends_in_last_stage` and `take_whole_step`."""
    run_stages, stage_time, finish = functions["stages"], functions["stage_time"], functions["finish"]
    ends_in_last_stage, take_whole_step = functions["ends_in_last_stage"], functions["take_whole_step"]

    def take_step(t, h, first, kind, t_end, rtol, tab, mi, y, v, s, K, p, z, w):  # type: ignore[no-untyped-def]
        if ends_in_last_stage(mi, z) == 0:
            return take_whole_step(t, h, first, kind, t_end, rtol, tab, mi, y, v, s, K, p, z, w)
        last = mi[STAGES] - 1
        run_stages(t, h, first, last, kind, t_end, tab, y, K, p, z, w)
        at = stage_time(tab[TIMES + last], t, h, kind, t_end)
        return finish(last, at, h, tab, ROWS + MAX_STAGES * last, WEIGHTS, y, K, v, p, z, w)

    return take_step


def make_interpolate(functions: Mapping[str, Function]) -> Function:
    """`interpolate`, given `sweep`, `stages`, `ends_in_last_stage` and `project`."""
    sweep, run_stages, project = functions["sweep"], functions["stages"], functions["project"]
    ends_in_last_stage = functions["ends_in_last_stage"]

    def interpolate(theta, ws, iws, tab, mi, y, u, K, p, z, w):  # type: ignore[no-untyped-def]
        n = z[0]
        h = ws[TAKEN]
        stages = mi[TOTAL]
        degree = mi[DEGREE]
        if iws[EXTRA] == 0:
            if ends_in_last_stage(mi, z):
                last = mi[STAGES]
                run_stages(ws[T], h, last - 1, last, iws[KIND], ws[T_END], tab, y, K, p, z, w)
                iws[EVALUATIONS] = iws[EVALUATIONS] + 1
            for i in range(mi[STAGES], stages):
                sweep(i, min(ws[T] + tab[TIMES + i] * h, ws[LAST_T]), h, tab, ROWS + MAX_STAGES * i, y, K, p, z, w)
                iws[EVALUATIONS] = iws[EVALUATIONS] + 1
            for power in range(degree):
                row = (stages + power) * n
                for k in range(n):
                    K[row + k] = 0.0
                for i in range(stages):
                    weight = h * tab[DENSE + DEGREES * i + power]
                    if weight != 0.0:
                        for k in range(n):
                            K[row + k] = K[row + k] + weight * K[i * n + k]
            iws[EXTRA] = 1
        for k in range(n):
            total = 0.0
            for power in range(degree):
                total = (total + K[(stages + degree - 1 - power) * n + k]) * theta
            u[k] = y[k] + total
        project(u, p, z, w)

    return interpolate
