"""Where events are: found at samples inside a step, and located by taking the step again with other sizes, until its end is where the guard is zero.

The dense output serves to find them only: the state at an event is that of a step which ends there, so that what a tape says can be computed again.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    EVALUATIONS,
    EXTRA,
    FRESH,
    KIND,
    KIND_AFTER_BREAK,
    KIND_AT_BREAK,
    LAST_T,
    LEFT,
    RIGHT,
    RTOL,
    STAGES,
    T_END,
    TAKEN,
    T,
)

Function = Callable[..., Any]

# A step is as long as a method of high order allows, so that a guard may rise and fall within it: it is looked at so many times per step.
_SAMPLES = 5
# In a step that events began, a guard may dip below zero for much less time than a step has (a ball that bounces lower and lower): so many further
# samples, each this many times closer to the start, reach down to round-off.
_EARLY = 16
_CLOSER = 128.0
_ROUND_OFF = 2.220446049250313e-16
# The bracket that dense output gives is as narrow as its error is likely to be; steps of other sizes then narrow it to round-off.
_BY_DENSE_OUTPUT = 1e-7
BY_STEPS = 4.0 * _ROUND_OFF
# Secants stop within the bracket that `narrow` left, so that an event that is located again with the same numbers stays where it is.
_SETTLED = 2.0 * BY_STEPS
# A guard that changes in the narrowest bracket by this part of what it changes between the samples around it jumps: a continuous one is narrowed by a
# factor of 1e15, one like a square root by 1e7.
_JUMP = 1e-3


def make_crossing(_functions: Mapping[str, Function]) -> Function:
    """`crossing`, which needs nothing."""

    def crossing(count, gl, gr):  # type: ignore[no-untyped-def]
        for e in range(count):
            if gl[e] < 0.0 and gr[e] >= 0.0:
                return e + 1
        return 0

    return crossing


def make_guess(_functions: Mapping[str, Function]) -> Function:
    """`guess`, which needs nothing."""

    def guess(count, a, b, weight_a, weight_b, gl, gr):  # type: ignore[no-untyped-def]
        found = b
        for e in range(count):
            if gl[e] < 0.0 and gr[e] >= 0.0:
                below = weight_a * gl[e]
                found = min(found, a + (b - a) * (below / (below - weight_b * gr[e])))
        return found

    return guess


def make_margins(functions: Mapping[str, Function]) -> Function:
    """`margins`, given `guards`."""
    guards = functions["guards"]

    def margins(t, x, gs, p, z, w, g):  # type: ignore[no-untyped-def]
        guards(t, x, p, z, w, g)
        for e in range(z[2]):
            if g[e] < 0.0 and g[e] > -gs[z[2] + e]:
                g[e] = 0.0

    return margins


def make_scan(functions: Mapping[str, Function]) -> Function:
    """`scan`, given `margins`, `interpolate` and `crossing`."""
    margins, interpolate, crossing = functions["margins"], functions["interpolate"], functions["crossing"]

    def scan(ws, iws, tab, mi, y, v, u, K, g0, gl, gr, gm, gs, p, z, w):  # type: ignore[no-untyped-def]
        count = z[2]
        for e in range(count):
            gr[e] = g0[e]
        ws[RIGHT] = 0.0
        early = _EARLY if iws[FRESH] else 0
        theta = 1.0 / _SAMPLES
        for _ in range(early):
            theta = theta / _CLOSER
        last = early + _SAMPLES
        for sample in range(1, last + 1):
            for e in range(count):
                gl[e] = gr[e]
            ws[LEFT] = ws[RIGHT]
            ws[RIGHT] = theta if sample < last else 1.0
            if sample < last:
                interpolate(theta, ws, iws, tab, mi, y, u, K, p, z, w)
                margins(ws[T] + theta * ws[TAKEN], u, gs, p, z, w, gr)
            else:
                margins(ws[LAST_T], v, gs, p, z, w, gr)
            for e in range(count):
                gs[count + e] = 0.0 if gr[e] < 0.0 else gs[count + e]
            if crossing(count, gl, gr):
                for e in range(count):
                    gm[count + e] = abs(gr[e] - gl[e])
                return 1
            theta = theta * _CLOSER if sample <= early else (sample - early + 1) / _SAMPLES
        return 0

    return scan


def make_narrow(functions: Mapping[str, Function]) -> Function:
    """`narrow`, given `margins`, `project`, `interpolate`, `take_step`, `crossing` and `guess`."""
    margins, project, interpolate = functions["margins"], functions["project"], functions["interpolate"]
    take_step, crossing, guess = functions["take_step"], functions["crossing"], functions["guess"]

    def narrow(stepping, width, ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, gs, p, z, w):  # type: ignore[no-untyped-def]
        count = z[2]
        t = ws[T]
        kind = iws[KIND] & (KIND_AFTER_BREAK | KIND_AT_BREAK)
        a = ws[LEFT]
        b = ws[RIGHT]
        weight_a = 1.0
        weight_b = 1.0
        side = 0
        for trial in range(80):
            if b - a <= width * b:
                break
            c = guess(count, a, b, weight_a, weight_b, gl, gr) if trial < 30 else 0.5 * (a + b)
            c = min(max(c, a + 0.5 * width * b), b - 0.5 * width * b)
            if stepping:
                take_step(t, c, 1, kind, ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
                iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
                project(v, p, z, w)
                margins(min(t + c, ws[LAST_T]), v, gs, p, z, w, gm)
            else:
                interpolate(c, ws, iws, tab, mi, y, u, K, p, z, w)
                margins(min(t + c * ws[TAKEN], ws[LAST_T]), u, gs, p, z, w, gm)
            if crossing(count, gl, gm):
                b = c
                for e in range(count):
                    gr[e] = gm[e]
                weight_b = 1.0
                weight_a = 0.5 * weight_a if side == 1 else 1.0
                side = 1
            else:
                a = c
                for e in range(count):
                    gl[e] = gm[e]
                weight_a = 1.0
                weight_b = 0.5 * weight_b if side == 2 else 1.0
                side = 2
        ws[LEFT] = a
        ws[RIGHT] = b

    return narrow


def make_widen(functions: Mapping[str, Function]) -> Function:
    """`widen`, given `margins`, `project`, `take_step` and `crossing`."""
    margins, project = functions["margins"], functions["project"]
    take_step, crossing = functions["take_step"], functions["crossing"]

    def widen(ws, iws, tab, mi, y, v, s, K, gl, gr, gm, gs, p, z, w):  # type: ignore[no-untyped-def]
        count = z[2]
        t = ws[T]
        h = ws[TAKEN]
        kind = iws[KIND] & (KIND_AFTER_BREAK | KIND_AT_BREAK)
        a = ws[LEFT] * h
        b = ws[RIGHT] * h
        width = max(b - a, 1e-12 * b)
        found = 0
        for _ in range(40):
            take_step(t, b, 1, kind, ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
            iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
            project(v, p, z, w)
            margins(min(t + b, ws[LAST_T]), v, gs, p, z, w, gr)
            found = crossing(count, gl, gr)
            if found != 0 or b >= h:
                break
            b = min(b + width, h)
            width = 4.0 * width
        width = max(b - a, 1e-12 * b)
        while found != 0 and a > 0.0:
            take_step(t, a, 1, kind, ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
            iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
            project(v, p, z, w)
            margins(min(t + a, ws[LAST_T]), v, gs, p, z, w, gm)
            if crossing(count, gl, gm) == 0:
                for e in range(count):
                    gl[e] = gm[e]
                break
            b = a
            for e in range(count):
                gr[e] = gm[e]
            a = max(a - width, 0.0)
            width = 4.0 * width
        ws[LEFT] = a
        ws[RIGHT] = b
        return found

    return widen


def make_locate(functions: Mapping[str, Function]) -> Function:
    """`locate`, given `project`, `take_step`, `narrow`, `widen` and `crossing`."""
    project, take_step, crossing = functions["project"], functions["take_step"], functions["crossing"]
    narrow, widen = functions["narrow"], functions["widen"]

    def locate(ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, gs, p, z, w):  # type: ignore[no-untyped-def]
        count = z[2]
        kind = iws[KIND] & (KIND_AFTER_BREAK | KIND_AT_BREAK)
        for e in range(count):
            gs[e] = gr[e]
        narrow(0, _BY_DENSE_OUTPUT, ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, gs, p, z, w)
        if widen(ws, iws, tab, mi, y, v, s, K, gl, gr, gm, gs, p, z, w) == 0:
            return 0.0
        narrow(1, BY_STEPS, ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, gs, p, z, w)
        take_step(ws[T], ws[RIGHT], 1, kind, ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
        iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
        project(v, p, z, w)
        iws[EXTRA] = 0
        e = crossing(count, gl, gr) - 1
        if gr[e] - gl[e] > _JUMP * gm[count + e]:
            return -1.0
        return ws[RIGHT]

    return locate


def make_relocate_event(functions: Mapping[str, Function]) -> Function:
    """`relocate_event`, given `guards`, `project` and `take_step`."""
    guards, project, take_step = functions["guards"], functions["project"], functions["take_step"]

    def relocate_event(e, ws, iws, tab, mi, y, v, s, K, gm, p, z, w):  # type: ignore[no-untyped-def]
        t = ws[T]
        kind = iws[KIND] & KIND_AFTER_BREAK
        h = ws[TAKEN]
        before = h * (1.0 + 1e-7)
        take_step(t, before, 1, kind, t + before, ws[RTOL], tab, mi, y, v, s, K, p, z, w)
        iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
        project(v, p, z, w)
        guards(t + before, v, p, z, w, gm)
        value_before = gm[e]
        for _ in range(20):
            take_step(t, h, 1, kind, t + h, ws[RTOL], tab, mi, y, v, s, K, p, z, w)
            iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
            project(v, p, z, w)
            guards(t + h, v, p, z, w, gm)
            value = gm[e]
            if value == value_before:
                break
            change = value * (h - before) / (value - value_before)
            if abs(change) <= _SETTLED * h:
                break
            before = h
            value_before = value
            h = h - change
        return h

    return relocate_event
