"""What events do: they act in member order, those that a reset sets off at the same time, each at most once at one time.

A guard whose event has acted must become negative, by more than round-off, before it can act again. At a breakpoint a guard may jump with a source: then
its event acts there, and nothing is located. Fixed-step methods act at the end of a step.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.locate import BY_STEPS
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
    MESH_EVENT_I,
    MESH_EVENT_N,
    MESH_I,
    RELOCATE,
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

# The measure of the following two is how much a guard changes between the two samples around the event.
# Events whose guards are this close to zero act together: a guard is a difference, whose terms' round-off may be larger than its own.
_TOGETHER = 1e-11
# A guard whose event has acted may be this much below zero by round-off: it must go lower before its event can act again.
_STILL = 1e-9
# Where an event acts again before the time has moved by more than its round-off, and so many times, it does so without end: a ball that loses more than
# 99 % of its speed with every bounce could do so less often before the early samples miss it.
_AT_ONCE = 10
_INSTANT = 8.0 * 2.220446049250313e-16


def make_fire(functions: Mapping[str, Function]) -> Function:
    """`fire`, given `guards` and `reset`."""
    guards, reset = functions["guards"], functions["reset"]

    def fire(ws, iws, v, g0, gl, gr, gm, gs, p, z, w, ev_t, ev_n):  # type: ignore[no-untyped-def]
        count = z[2]
        t = ws[T_END]
        soon = _INSTANT * max(abs(t), ws[SPAN])
        if t - ws[LAST_EVENT_T] > soon:
            iws[EVENTS_AT_ONCE] = 0
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
                    gs[count + e] = _STILL * gm[count + e]
                    acting = 1
            guards(t, v, p, z, w, gr)
            for e in range(count):
                gs[e] = gr[e]
        for e in range(count):
            g0[e] = 0.0 if gr[e] < 0.0 and gr[e] > -gs[count + e] else gr[e]
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


def make_due(functions: Mapping[str, Function]) -> Function:
    """`due`, given `margins`."""
    margins = functions["margins"]

    def due(ws, iws, mi, v, g0, gl, gr, gm, gs, p, z, w):  # type: ignore[no-untyped-def]
        count = z[2]
        at_break = iws[KIND] & KIND_AT_BREAK
        given_end = iws[KIND] & KIND_FIXED_END or mi[ERROR_KIND] == 0
        if mi[ERROR_KIND] == 0:
            for e in range(count):
                gl[e] = g0[e]
            margins(ws[T_END], v, gs, p, z, w, gr)
        if at_break:
            margins(ws[T_END], v, gs, p, z, w, gs)
        found = 0
        for e in range(count):
            gm[count + e] = abs(gr[e] - gl[e])
            if at_break == 0:
                gs[e] = gr[e]
            if given_end and gl[e] < 0.0 and gr[e] >= -_TOGETHER * gm[count + e]:
                gs[e] = max(gs[e], 0.0)
                found = 1
            elif at_break and gr[e] < 0.0 and gs[e] >= 0.0:
                gl[e] = gr[e]
                found = 1
            else:
                g0[e] = gs[e]
                gs[count + e] = 0.0 if gs[e] < 0.0 else gs[count + e]
            gr[e] = gs[e]
        return found

    return due


def make_occur(functions: Mapping[str, Function]) -> Function:
    """`occur`, given `scan`, `locate`, `take_step`, `project`, `margins`, `crossing`, `due`, `row` and `fire`."""
    scan, locate, due, fire, row = (functions[name] for name in ("scan", "locate", "due", "fire", "row"))
    take_step, project, margins, crossing = (
        functions[name] for name in ("take_step", "project", "margins", "crossing")
    )

    def occur(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, v, u, s, K, g0, gl, gr, gm, gs, p, z, w, want, out, out_t, ev_t, ev_n
    ):
        h = ws[TAKEN]
        kind = iws[KIND]
        located = 0.0
        if mi[ERROR_KIND] and scan(ws, iws, tab, mi, y, v, u, K, g0, gl, gr, gm, gs, p, z, w):
            located = locate(ws, iws, tab, mi, y, v, u, s, K, gl, gr, gm, gs, p, z, w)
            if located < 0.0:
                iws[STATUS] = EVENT_NOT_LOCATED
                return 0
            first = crossing(z[2], gl, gr) - 1
            if located > 0.0 and (located < h * (1.0 - BY_STEPS) or kind & KIND_FIXED_END == 0):
                ws[TAKEN] = located
                ws[T_END] = ws[T] + located
                iws[KIND] = (kind & KIND_AFTER_BREAK) | KIND_LOCATED | (first << GUARD_SHIFT)
            else:  # it is where the step ends anyway, or only the dense output sees it: the step again, as it was
                take_step(ws[T], h, 1, kind, ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
                iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - 1
                project(v, p, z, w)
                margins(ws[LAST_T], v, gs, p, z, w, gr)
                for e in range(z[2]):
                    gl[e] = gl[e] if located > 0.0 else g0[e]
                iws[EXTRA] = 0
        iws[FRESH] = 0
        if located == 0.0 and due(ws, iws, mi, v, g0, gl, gr, gm, gs, p, z, w) == 0:
            return 1
        iws[KIND] = iws[KIND] | KIND_EVENT
        if iws[SAVE_N] < 0:
            row(ws[LAST_T] if iws[KIND] & KIND_AT_BREAK else ws[T_END], iws, v, p, z, w, want, out, out_t)
        fire(ws, iws, v, g0, gl, gr, gm, gs, p, z, w, ev_t, ev_n)
        return 1

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
            row(ws[LAST_T] if iws[KIND] & KIND_AT_BREAK else ws[T_END], iws, v, p, z, w, want, out, out_t)
        fire_again(ws[T_END], first, last, mesh_e, v, p, z, w)
        for event in range(first, last):
            place = iws[EVENT_N]
            ev_t[place] = ws[T_END]
            ev_n[2 * place] = mesh_e[2 * event]
            ev_n[2 * place + 1] = iws[STEPS]
            iws[EVENT_N] = place + 1
        iws[MESH_EVENT_I] = last

    return occur_again
