"""Events: found at samples inside a step, located by taking the step again with other sizes, and let act in member order.

A guard that is not negative at the start of a step (because its event has just acted) must become negative before it can fire again. An event that
a reset sets off (a guard that jumps from negative to positive) acts at the same time; each event acts at most once at one time. At a breakpoint a
guard may jump with a source: then its event acts there, and nothing is located.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    ERROR_KIND,
    EVALUATIONS,
    EVENT_N,
    EVENT_NOT_LOCATED,
    EVENTS_AT_ONCE,
    EXTRA,
    FRESH,
    GUARD_SHIFT,
    KIND,
    KIND_AFTER_BREAK,
    KIND_AT_BREAK,
    KIND_EVENT,
    KIND_FIXED_END,
    KIND_LOCATED,
    LAST_EVENT_T,
    LAST_T,
    LEFT,
    MESH_EVENT_I,
    MESH_EVENT_N,
    MESH_I,
    RELOCATE,
    RIGHT,
    RTOL,
    SAVE_N,
    SPAN,
    STAGES,
    STATUS,
    STEPS,
    T_END,
    TAKEN,
    TOO_MANY_EVENTS,
    T,
)

Function = Callable[..., Any]

# A step is as long as a method of high order allows, so that a guard may rise and fall within it: it is looked at so many times per step.
_SAMPLES = 5
# In a step that events began, a guard may dip below zero for much less time than a step has (a ball that bounces lower and lower): so many further
# samples, each this many times closer to the start, reach down to round-off.
_EARLY = 16
_CLOSER = 32.0
_ROUND_OFF = 2.220446049250313e-16
# The bracket that dense output gives is as narrow as its error is likely to be; steps of other sizes then narrow it to round-off.
_BY_DENSE_OUTPUT = 1e-7
_BY_STEPS = 4.0 * _ROUND_OFF
# Secants stop within the bracket that `narrow` left, so that an event that is located again with the same numbers stays where it is.
_SETTLED = 8.0 * _ROUND_OFF
# The measure of the following is how much a guard changes between the two samples around the event.
# Events whose guards are this close to zero act together: a guard is a difference, whose terms' round-off may be larger than its own.
_TOGETHER = 1e-11
# A guard that a reset has put at zero may come out this much below: it must go lower before it can fire again.
_STILL = 1e-9
# A guard that changes by this much in the narrowest bracket jumps: a continuous one is narrowed by a factor of 1e15, one like a square root by 1e7.
_JUMP = 1e-3
# Where an event acts again before the time has moved by more than its round-off, and so many times, it does so without end: a ball that loses more than
# 99 % of its speed with every bounce could do so less often before the early samples miss it.
_AT_ONCE = 10
_INSTANT = 8.0 * _ROUND_OFF


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


def make_scan(functions: Mapping[str, Function]) -> Function:
    """`scan`, given `guards`, `interpolate` and `crossing`."""
    guards, interpolate, crossing = functions["guards"], functions["interpolate"], functions["crossing"]

    def scan(ws, iws, tab, mi, y, v, u, K, g0, gl, gr, gm, p, z, w):  # type: ignore[no-untyped-def]
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
                guards(ws[T] + theta * ws[TAKEN], u, p, z, w, gr)
            else:
                guards(ws[LAST_T], v, p, z, w, gr)
            if crossing(count, gl, gr):
                for e in range(count):
                    gm[count + e] = abs(gr[e] - gl[e])
                return 1
            theta = theta * _CLOSER if sample <= early else (sample - early + 1) / _SAMPLES
        return 0

    return scan


def make_narrow(functions: Mapping[str, Function]) -> Function:
    """`narrow`, given `guards`, `project`, `interpolate`, `take_step`, `crossing` and `guess`."""
    guards, project, interpolate = functions["guards"], functions["project"], functions["interpolate"]
    take_step, crossing, guess = functions["take_step"], functions["crossing"], functions["guess"]

    def narrow(stepping, width, ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, p, z, w):  # type: ignore[no-untyped-def]
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
                guards(min(t + c, ws[LAST_T]), v, p, z, w, gm)
            else:
                interpolate(c, ws, iws, tab, mi, y, u, K, p, z, w)
                guards(min(t + c * ws[TAKEN], ws[LAST_T]), u, p, z, w, gm)
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
    """`widen`, given `guards`, `project`, `take_step` and `crossing`."""
    guards, project = functions["guards"], functions["project"]
    take_step, crossing = functions["take_step"], functions["crossing"]

    def widen(ws, iws, tab, mi, y, v, s, K, gl, gr, gm, p, z, w):  # type: ignore[no-untyped-def]
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
            guards(min(t + b, ws[LAST_T]), v, p, z, w, gr)
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
            guards(min(t + a, ws[LAST_T]), v, p, z, w, gm)
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
        narrow(0, _BY_DENSE_OUTPUT, ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, p, z, w)
        if widen(ws, iws, tab, mi, y, v, s, K, gl, gr, gm, p, z, w) == 0:
            return 0.0
        narrow(1, _BY_STEPS, ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, p, z, w)
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


def make_fire(functions: Mapping[str, Function]) -> Function:
    """`fire`, given `guards` and `reset`."""
    guards, reset = functions["guards"], functions["reset"]

    def fire(ws, iws, v, g0, gl, gr, gm, gs, p, z, w, ev_t, ev_n):  # type: ignore[no-untyped-def]
        count = z[2]
        t = ws[T_END]
        soon = _INSTANT * max(abs(t), ws[SPAN])
        if t - ws[LAST_EVENT_T] > soon:
            iws[EVENTS_AT_ONCE] = 0
        for e in range(count):
            gm[e] = 0.0
        acting = 1
        while acting:
            acting = 0
            for e in range(count):
                if gl[e] < 0.0 and gs[e] >= 0.0 and gr[e] >= -_TOGETHER * gm[count + e]:
                    reset(e, t, v, p, z, w)
                    place = iws[EVENT_N]
                    ev_t[place] = t
                    ev_n[2 * place] = e
                    ev_n[2 * place + 1] = iws[STEPS]
                    iws[EVENT_N] = place + 1
                    if t - g0[count + e] <= soon:
                        iws[EVENTS_AT_ONCE] = iws[EVENTS_AT_ONCE] + 1
                    g0[count + e] = t
                    gl[e] = 1.0
                    gm[e] = _STILL * gm[count + e]
                    acting = 1
            guards(t, v, p, z, w, gr)
            for e in range(count):
                gs[e] = gr[e]
        for e in range(count):
            g0[e] = 0.0 if gr[e] < 0.0 and gr[e] > -gm[e] else gr[e]
        iws[FRESH] = 1
        ws[LAST_EVENT_T] = t
        if iws[EVENTS_AT_ONCE] > _AT_ONCE:
            iws[STATUS] = TOO_MANY_EVENTS

    return fire


def make_fire_again(functions: Mapping[str, Function]) -> Function:
    """`fire_again`, given `reset`."""
    reset = functions["reset"]

    def fire_again(t, first, last, events, v, p, z, w):  # type: ignore[no-untyped-def]
        for place in range(first, last):
            reset(events[2 * place], t, v, p, z, w)

    return fire_again


def make_occur(functions: Mapping[str, Function]) -> Function:
    """`occur`, given `scan`, `locate`, `take_step`, `project`, `guards`, `crossing`, `row` and `fire`."""
    scan, locate, fire, row = functions["scan"], functions["locate"], functions["fire"], functions["row"]
    take_step, project, guards, crossing = (
        functions["take_step"],
        functions["project"],
        functions["guards"],
        functions["crossing"],
    )

    def occur(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, v, u, s, K, g0, gl, gr, gm, gs, p, z, w, want, out, out_t, ev_t, ev_n
    ):
        count = z[2]
        h = ws[TAKEN]
        kind = iws[KIND]
        located = 0.0
        if mi[ERROR_KIND] and scan(ws, iws, tab, mi, y, v, u, K, g0, gl, gr, gm, p, z, w):
            located = locate(ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, gs, p, z, w)
            if located < 0.0:
                iws[STATUS] = EVENT_NOT_LOCATED
                return 0
            first = crossing(count, gl, gr) - 1
            if located > 0.0 and (located < h * (1.0 - _BY_STEPS) or kind & KIND_FIXED_END == 0):
                ws[TAKEN] = located
                ws[T_END] = ws[T] + located
                iws[KIND] = (kind & KIND_AFTER_BREAK) | KIND_LOCATED | (first << GUARD_SHIFT)
            else:  # it is where the step ends anyway, or only the dense output sees it: the step again, as it was
                take_step(ws[T], h, 1, kind, ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
                iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
                project(v, p, z, w)
                guards(ws[LAST_T], v, p, z, w, gr)
                iws[EXTRA] = 0
        iws[FRESH] = 0
        if located == 0.0:  # still an event may be at the end: a guard jumps with a source, or steps are fixed
            for e in range(count):
                gl[e] = gr[e] if mi[ERROR_KIND] else g0[e]
            if kind & KIND_AT_BREAK or mi[ERROR_KIND] == 0:
                guards(ws[T_END], v, p, z, w, gr)
            if crossing(count, gl, gr) == 0:
                for e in range(count):
                    g0[e] = gr[e]
                return 1
            for e in range(count):
                gs[e] = gr[e]
                gm[count + e] = abs(gr[e] - gl[e])
        iws[KIND] = iws[KIND] | KIND_EVENT
        if iws[SAVE_N] < 0:
            row(ws[T_END], iws, v, p, z, w, want, out, out_t)
        fire(ws, iws, v, g0, gl, gr, gm, gs, p, z, w, ev_t, ev_n)
        return 1 if iws[STATUS] == 0 else 0

    return occur


def make_occur_again(functions: Mapping[str, Function]) -> Function:
    """`occur_again`, given `relocate_event`, `row` and `fire_again`."""
    relocate_event, row, fire_again = functions["relocate_event"], functions["row"], functions["fire_again"]

    def occur_again(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, v, s, K, gm, p, z, w, want, out, out_t, ev_t, ev_n, mesh_e
    ):
        first = iws[MESH_EVENT_I]
        last = first
        while last < iws[MESH_EVENT_N] and mesh_e[2 * last + 1] == iws[MESH_I]:
            last += 1
        if iws[RELOCATE] and iws[KIND] & KIND_LOCATED:
            h = relocate_event(iws[KIND] >> GUARD_SHIFT, ws, iws, tab, mi, y, v, s, K, gm, p, z, w)
            if h != ws[TAKEN]:
                ws[TAKEN] = h
                ws[T_END] = ws[T] + h
            iws[EXTRA] = 0
        if iws[SAVE_N] < 0:
            row(ws[T_END], iws, v, p, z, w, want, out, out_t)
        fire_again(ws[T_END], first, last, mesh_e, v, p, z, w)
        for event in range(first, last):
            place = iws[EVENT_N]
            ev_t[place] = ws[T_END]
            ev_n[2 * place] = mesh_e[2 * event]
            ev_n[2 * place + 1] = iws[STEPS]
            iws[EVENT_N] = place + 1
        iws[MESH_EVENT_I] = last

    return occur_again
