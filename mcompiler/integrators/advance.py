"""The resumable integrator: steps until there is something for its caller to do, with all its state in the caller's arrays."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    AFTER_BREAK,
    ATOL,
    BETWEEN,
    BUDGET,
    BUDGET_USED,
    COLUMNS,
    DEALING,
    ERROR_KIND,
    EVALUATIONS,
    EVENT_CAP,
    EVENT_N,
    EVENTS_FULL,
    EXTRA,
    FINISHED,
    FIRST,
    FSAL,
    KIND,
    KIND_AT_BREAK,
    KIND_EVENT,
    KIND_FIXED_END,
    LAST_EVENT_T,
    LOG_ERROR,
    LOSS,
    LOSS_I,
    LOSS_N,
    MARK_CAP,
    MARK_N,
    MARKS_FULL,
    MESH_I,
    MESH_N,
    NEXT_BREAK,
    NOT_FINITE,
    NOT_STARTED,
    OUT_CAP,
    OUT_N,
    OUTPUT_FULL,
    PHASE,
    RECORD,
    RTOL,
    SAVE_I,
    SAVE_N,
    SEGMENT_I,
    SEGMENT_T,
    SPAN,
    STAGES,
    STATUS,
    STEP,
    STEPS,
    STOP_I,
    STOP_N,
    STOPPED,
    STRIDE,
    T_END,
    TAKEN,
    TAPE_CAP,
    TAPE_FULL,
    TAPE_N,
    H,
    T,
)

Function = Callable[..., Any]

# Breakpoints and stops that are this close, in parts of their time, are one; where the next breakpoint cannot be told from this one, it is looked for
# from so far on.
_SAME = 4 * 2.220446049250313e-16
_PAST = 2 * _SAME


def make_row(functions: Mapping[str, Function]) -> Function:
    """`row`, given `observe`."""
    observe = functions["observe"]

    def row(t, iws, x, p, z, w, want, out, out_t):  # type: ignore[no-untyped-def]
        place = iws[OUT_N]
        out_t[place] = t
        observe(t, x, p, z, w, want, out, place * iws[COLUMNS])
        iws[OUT_N] = place + 1

    return row


def make_emit(functions: Mapping[str, Function]) -> Function:
    """`emit`, given `interpolate` and `row`."""
    interpolate, row = functions["interpolate"], functions["row"]

    def emit(ws, iws, tab, mi, y, v, u, K, p, z, w, save, want, out, out_t):  # type: ignore[no-untyped-def]
        if iws[SAVE_N] < 0:
            row(ws[T_END], iws, v, p, z, w, want, out, out_t)
            return 1
        t = ws[T]
        while iws[SAVE_I] < iws[SAVE_N]:
            at = save[iws[SAVE_I]]
            if at > ws[T_END]:
                return 1
            if iws[OUT_N] >= iws[OUT_CAP]:
                return 0
            if at == ws[T_END]:
                row(at, iws, v, p, z, w, want, out, out_t)
            else:
                interpolate((at - t) / ws[TAKEN], ws, iws, tab, mi, y, u, K, p, z, w)
                row(at, iws, u, p, z, w, want, out, out_t)
            iws[SAVE_I] = iws[SAVE_I] + 1
        return 1

    return emit


def make_pay(functions: Mapping[str, Function]) -> Function:
    """`pay`, given `loss`."""
    loss = functions["loss"]

    def pay(ws, iws, y, p, z, w, loss_t, loss_n, loss_w, loss_v, d):  # type: ignore[no-untyped-def]
        i = iws[LOSS_I]
        while i < iws[LOSS_N] and loss_t[i] <= ws[T]:
            loss_v[i] = loss(loss_n[2 * i], loss_t[i], y, p, z, w, d, loss_n[2 * i + 1])
            ws[LOSS] = ws[LOSS] + loss_w[i] * loss_v[i]
            i += 1
        iws[LOSS_I] = i

    return pay


def make_start(functions: Mapping[str, Function]) -> Function:
    """`start`, given `scale`, `guards`, `breakpoint`, `first_step`, `row` and `pay`."""
    scale, guards, breakpoint_after = functions["scale"], functions["guards"], functions["breakpoint"]
    first_step, row, pay = functions["first_step"], functions["row"], functions["pay"]

    def start(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, s, K, g0, p, z, w, loss_t, loss_n, loss_w, loss_v, d, save, want, out, out_t
    ):
        t = ws[T]
        scale(p, z, w, s)
        for k in range(z[0]):
            s[k] = max(ws[ATOL] * s[k], 1e-300)
        after = breakpoint_after(t, p, z, w)
        if after <= t + _SAME * abs(t):
            after = breakpoint_after(t + _PAST * max(abs(t), ws[SPAN]), p, z, w)
        ws[NEXT_BREAK] = after
        ws[LAST_EVENT_T] = -math.inf
        iws[AFTER_BREAK] = 1
        ws[SEGMENT_T] = t
        if z[2] > 0:
            guards(t, y, p, z, w, g0)
        for e in range(z[2]):
            g0[z[2] + e] = -math.inf
        if mi[ERROR_KIND] and iws[MESH_N] < 0:
            h = first_step(ws, iws, tab, mi, y, s, K, p, z, w)
            ws[H] = ws[STEP] if ws[STEP] > 0.0 else h
            iws[FIRST] = 1
        if iws[SAVE_N] < 0:
            row(t, iws, y, p, z, w, want, out, out_t)
        while iws[SAVE_I] < iws[SAVE_N] and save[iws[SAVE_I]] <= t and iws[OUT_N] < iws[OUT_CAP]:
            row(t, iws, y, p, z, w, want, out, out_t)
            iws[SAVE_I] = iws[SAVE_I] + 1
        pay(ws, iws, y, p, z, w, loss_t, loss_n, loss_w, loss_v, d)

    return start


def make_room(_functions: Mapping[str, Function]) -> Function:
    """`room`, which needs nothing."""

    def room(iws, z):  # type: ignore[no-untyped-def]
        if iws[STATUS]:
            return STOPPED
        if iws[MESH_N] >= 0:
            if iws[MESH_I] >= iws[MESH_N]:
                return FINISHED
        elif iws[STOP_I] >= iws[STOP_N]:
            return FINISHED
        if iws[BUDGET] <= 0:
            return BUDGET_USED
        if iws[SAVE_N] < 0 and iws[OUT_N] + 2 > iws[OUT_CAP]:
            return OUTPUT_FULL
        if iws[EVENT_N] + z[2] > iws[EVENT_CAP]:
            return EVENTS_FULL
        if iws[RECORD]:
            if iws[TAPE_N] >= iws[TAPE_CAP]:
                return TAPE_FULL
            if iws[MARK_N] >= iws[MARK_CAP] and iws[TAPE_N] == iws[MARK_N] * iws[STRIDE]:
                return MARKS_FULL
        return -1

    return room


def make_record(_functions: Mapping[str, Function]) -> Function:
    """`record`, which needs nothing."""

    def record(ws, iws, y, z, tape, kinds, marks):  # type: ignore[no-untyped-def]
        n = z[0]
        i = iws[TAPE_N]
        tape[2 * i] = ws[T]
        tape[2 * i + 1] = ws[TAKEN]
        tape[2 * i + 2] = ws[T_END]
        kinds[i] = iws[KIND]
        if i == iws[MARK_N] * iws[STRIDE]:
            place = iws[MARK_N] * n
            for k in range(n):
                marks[place + k] = y[k]
            iws[MARK_N] = iws[MARK_N] + 1
        iws[TAPE_N] = i + 1

    return record


def make_settle(functions: Mapping[str, Function]) -> Function:
    """`settle`, given `breakpoint`, `first_step` and `pay`."""
    breakpoint_after, first_step, pay = functions["breakpoint"], functions["first_step"], functions["pay"]

    def settle(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, s, K, p, z, w, stops, loss_t, loss_n, loss_w, loss_v, d
    ):
        t = ws[T]
        kind = iws[KIND]
        if kind & KIND_AT_BREAK:
            iws[AFTER_BREAK] = 1
            after = ws[NEXT_BREAK]
            while after <= t + _SAME * abs(t):
                last = after
                after = breakpoint_after(max(after, t), p, z, w)
                if not after > last:  # the kernel's own round-off keeps it where it is
                    after = breakpoint_after(t + _PAST * max(abs(t), ws[SPAN]), p, z, w)
                    break
            ws[NEXT_BREAK] = after
        if kind & KIND_FIXED_END:
            if iws[STOP_I] < iws[STOP_N] and t >= stops[iws[STOP_I]]:
                iws[STOP_I] = iws[STOP_I] + 1
            ws[SEGMENT_T] = t
            iws[SEGMENT_I] = 0
            pay(ws, iws, y, p, z, w, loss_t, loss_n, loss_w, loss_v, d)
        if kind & (KIND_AT_BREAK | KIND_EVENT):
            iws[FIRST] = 0
            if mi[ERROR_KIND] and iws[MESH_N] < 0 and iws[STOP_I] < iws[STOP_N]:
                ws[H] = first_step(ws, iws, tab, mi, y, s, K, p, z, w)
                ws[LOG_ERROR] = 0.0
                iws[FIRST] = 1

    return settle


def make_advance(functions: Mapping[str, Function]) -> Function:
    """`advance`, given what its body calls."""
    start, room = functions["start"], functions["room"]
    plan, follow, judge = functions["plan"], functions["follow"], functions["judge"]
    take_step, project = functions["take_step"], functions["project"]
    occur, occur_again, emit = functions["occur"], functions["occur_again"], functions["emit"]
    record, settle = functions["record"], functions["settle"]

    def advance(  # type: ignore[no-untyped-def]
        ws,
        iws,
        tab,
        mi,
        y,
        v,
        u,
        s,
        K,
        g0,
        gl,
        gr,
        gm,
        gs,
        p,
        z,
        w,
        stops,
        loss_t,
        loss_n,
        loss_w,
        loss_v,
        d,
        save,
        want,
        out,
        out_t,
        ev_t,
        ev_n,
        tape,
        kinds,
        marks,
        mesh,
        mesh_k,
        mesh_e,
    ):
        n = z[0]
        stages = mi[STAGES]
        on_mesh = iws[MESH_N] >= 0
        if iws[PHASE] == NOT_STARTED:
            start(ws, iws, tab, mi, y, s, K, g0, p, z, w, loss_t, loss_n, loss_w, loss_v, d, save, want, out, out_t)
            iws[PHASE] = BETWEEN
        while True:
            if iws[PHASE] == BETWEEN:
                reason = room(iws, z)
                if reason >= 0:
                    return reason
                iws[BUDGET] = iws[BUDGET] - 1
                if on_mesh:
                    follow(ws, iws, mesh, mesh_k)
                else:
                    plan(ws, iws, mi, stops)
                first = iws[FIRST]
                size = take_step(ws[T], ws[TAKEN], first, iws[KIND], ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
                iws[EVALUATIONS] = iws[EVALUATIONS] + stages - first
                iws[EXTRA] = 0
                if on_mesh or mi[ERROR_KIND] == 0:
                    if size - size != 0.0:
                        iws[STATUS] = NOT_FINITE
                        return STOPPED
                elif judge(size, ws, iws, tab) == 0:
                    iws[FIRST] = 1
                    continue
                project(v, p, z, w)
                if on_mesh:
                    if iws[KIND] & KIND_EVENT:
                        occur_again(ws, iws, tab, mi, y, v, s, K, gm, p, z, w, want, out, out_t, ev_t, ev_n, mesh_e)
                elif z[2] > 0 and (
                    occur(ws, iws, tab, mi, y, v, u, s, K, g0, gl, gr, gm, gs, p, z, w, want, out, out_t, ev_t, ev_n)
                    == 0
                ):
                    return STOPPED
            if iws[SAVE_N] < 0 or (iws[SAVE_I] < iws[SAVE_N] and save[iws[SAVE_I]] <= ws[T_END]):
                if emit(ws, iws, tab, mi, y, v, u, K, p, z, w, save, want, out, out_t) == 0:
                    iws[PHASE] = DEALING
                    return OUTPUT_FULL
            iws[PHASE] = BETWEEN
            if iws[RECORD]:
                record(ws, iws, y, z, tape, kinds, marks)
            for k in range(n):
                y[k] = v[k]
            ws[T] = ws[T_END]
            iws[STEPS] = iws[STEPS] + 1
            iws[SEGMENT_I] = iws[SEGMENT_I] + 1
            iws[AFTER_BREAK] = 0
            if on_mesh:
                iws[MESH_I] = iws[MESH_I] + 1
            iws[FIRST] = mi[FSAL]
            if mi[FSAL]:
                last = (stages - 1) * n
                for k in range(n):
                    K[k] = K[last + k]
            if iws[KIND] & (KIND_AT_BREAK | KIND_EVENT | KIND_FIXED_END):
                settle(ws, iws, tab, mi, y, s, K, p, z, w, stops, loss_t, loss_n, loss_w, loss_v, d)

    return advance
