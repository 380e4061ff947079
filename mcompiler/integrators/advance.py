"""The resumable integrator: steps until there is something for its caller to do, with all its state in the caller's arrays."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.control import SAME
from mcompiler.integrators.slots import (
    AFTER_BREAK,
    ATOL,
    BETWEEN,
    BUDGET,
    BUDGET_USED,
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
    STEADY,
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
from mcompiler.integrators.step import FEW

Function = Callable[..., Any]

# Where the kernel's round-off keeps the next breakpoint at this one, it is looked for from so far on, in parts of the time.
_PAST = 2 * SAME


def make_start(functions: Mapping[str, Function]) -> Function:
    """`start`, given `scale`, `guards`, `breakpoint`, `first_step`, `row` and `pay`."""
    scale, guards, breakpoint_after = functions["scale"], functions["guards"], functions["breakpoint"]
    first_step, row, pay = functions["first_step"], functions["row"], functions["pay"]

    def start(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, s, K, g0, p, z, w, loss_t, loss_n, loss_w, d, loss_v, save, want, out, out_t
    ):
        t = ws[T]
        scale(p, z, w, s)
        for k in range(z[0]):
            s[k] = max(ws[ATOL] * s[k], 1e-300)
        after = breakpoint_after(t, p, z, w)
        if after <= t + SAME * abs(t):
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
        pay(ws, iws, y, p, z, w, loss_t, loss_n, loss_w, d, loss_v)

    return start


def make_room(_functions: Mapping[str, Function]) -> Function:
    """`room`, which needs nothing."""

    def room(iws, z):  # type: ignore[no-untyped-def]
        on_mesh = iws[MESH_N] >= 0
        marks_full = iws[MARK_N] >= iws[MARK_CAP] and iws[TAPE_N] == iws[MARK_N] * iws[STRIDE]
        reason = -1
        if iws[STATUS]:
            reason = STOPPED
        elif (on_mesh and iws[MESH_I] >= iws[MESH_N]) or (not on_mesh and iws[STOP_I] >= iws[STOP_N]):
            reason = FINISHED
        elif iws[BUDGET] <= 0:
            reason = BUDGET_USED
        elif iws[SAVE_N] < 0 and iws[OUT_N] + 2 > iws[OUT_CAP]:
            reason = OUTPUT_FULL
        elif iws[EVENT_N] + z[2] > iws[EVENT_CAP]:
            reason = EVENTS_FULL
        elif iws[RECORD] and iws[TAPE_N] >= iws[TAPE_CAP]:
            reason = TAPE_FULL
        elif iws[RECORD] and marks_full:
            reason = MARKS_FULL
        return reason

    return room


def make_attempt(functions: Mapping[str, Function]) -> Function:
    """`attempt`, given `plan`, `follow`, `judge`, `take_step`, `project`, `occur` and `occur_again`."""
    plan, follow, judge = functions["plan"], functions["follow"], functions["judge"]
    take_step, project = functions["take_step"], functions["project"]
    occur, occur_again = functions["occur"], functions["occur_again"]

    def attempt(  # type: ignore[no-untyped-def]
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
        want,
        out,
        out_t,
        ev_t,
        ev_n,
        mesh,
        mesh_k,
        mesh_e,
    ):
        on_mesh = iws[MESH_N] >= 0
        iws[BUDGET] = iws[BUDGET] - 1
        if on_mesh:
            follow(ws, iws, mesh, mesh_k)
        else:
            plan(ws, iws, mi, stops)
        first = iws[FIRST]
        size = take_step(ws[T], ws[TAKEN], first, iws[KIND], ws[T_END], ws[RTOL], tab, mi, y, v, s, K, p, z, w)
        iws[EVALUATIONS] = iws[EVALUATIONS] + mi[STAGES] - first
        iws[EXTRA] = 0
        if on_mesh or mi[ERROR_KIND] == 0:
            if size - size != 0.0:
                iws[STATUS] = NOT_FINITE
                return 0
        elif judge(size, ws, iws, tab) == 0:
            iws[FIRST] = 1
            return 0
        project(v, p, z, w)
        if on_mesh:
            if iws[KIND] & KIND_EVENT:
                occur_again(ws, iws, tab, mi, y, v, s, K, gm, p, z, w, want, out, out_t, ev_t, ev_n, mesh_e)
            return 1
        if z[2] == 0:
            return 1
        return occur(ws, iws, tab, mi, y, v, u, s, K, g0, gl, gr, gm, gs, p, z, w, want, out, out_t, ev_t, ev_n)

    return attempt


def make_settle(functions: Mapping[str, Function]) -> Function:
    """`settle`, given `breakpoint`, `first_step` and `pay`."""
    breakpoint_after, first_step, pay = functions["breakpoint"], functions["first_step"], functions["pay"]

    def settle(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, s, K, p, z, w, stops, loss_t, loss_n, loss_w, d, loss_v
    ):
        t = ws[T]
        kind = iws[KIND]
        if kind & KIND_AT_BREAK:
            iws[AFTER_BREAK] = 1
            after = ws[NEXT_BREAK]
            while after <= t + SAME * abs(t):
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
            pay(ws, iws, y, p, z, w, loss_t, loss_n, loss_w, d, loss_v)
        if kind & (KIND_AT_BREAK | KIND_EVENT):
            iws[FIRST] = 0
            if mi[ERROR_KIND] and iws[MESH_N] < 0 and iws[STOP_I] < iws[STOP_N]:
                ws[H] = first_step(ws, iws, tab, mi, y, s, K, p, z, w)
                ws[LOG_ERROR] = 0.0
                iws[FIRST] = 1

    return settle


def make_commit(functions: Mapping[str, Function]) -> Function:
    """`commit`, given `watch`, `record` and `settle`."""
    watch, record, settle = functions["watch"], functions["record"], functions["settle"]

    def commit(  # type: ignore[no-untyped-def]
        ws, iws, tab, mi, y, v, r, s, K, p, z, w, stops, loss_t, loss_n, loss_w, d, loss_v, tape, kinds, marks
    ):
        n = z[0]
        iws[FIRST] = mi[FSAL]
        if mi[FSAL]:
            last = (mi[STAGES] - 1) * n
            for k in range(n):
                K[k] = K[last + k]
        if iws[STEADY] and watch(ws, iws, tab, mi, v, r, s, K, p, z, w, stops):
            iws[KIND] = iws[KIND] | KIND_FIXED_END
            iws[STOP_I] = iws[STOP_N]
            for i in range(iws[LOSS_I], iws[LOSS_N]):
                loss_t[i] = min(loss_t[i], ws[T_END])
        if iws[RECORD]:
            record(ws, iws, y, z, tape, kinds, marks)
        state = v
        if n < FEW:
            state = y
            for k in range(n):
                y[k] = v[k]
        ws[T] = ws[T_END]
        iws[STEPS] = iws[STEPS] + 1
        iws[SEGMENT_I] = iws[SEGMENT_I] + 1
        iws[AFTER_BREAK] = 0
        if iws[MESH_N] >= 0:
            iws[MESH_I] = iws[MESH_I] + 1
        if iws[KIND] & (KIND_AT_BREAK | KIND_EVENT | KIND_FIXED_END):
            settle(ws, iws, tab, mi, state, s, K, p, z, w, stops, loss_t, loss_n, loss_w, d, loss_v)

    return commit


def make_put_back(_functions: Mapping[str, Function]) -> Function:
    """`put_back`, which needs nothing."""

    def put_back(swapped, y, v, z):  # type: ignore[no-untyped-def]
        if swapped:
            for k in range(z[0]):
                kept = y[k]
                y[k] = v[k]
                v[k] = kept

    return put_back


def make_advance(functions: Mapping[str, Function]) -> Function:
    """`advance`, given `start`, `room`, `attempt`, `emit`, `commit` and `put_back`.

    A few unknowns are copied at the end of a step. Of many the two arrays change places: what is the state at a step's start and what at its end alternates,
    until it is put back for the caller.
    """
    start, room, attempt = functions["start"], functions["room"], functions["attempt"]
    emit, commit, put_back = functions["emit"], functions["commit"], functions["put_back"]

    def advance(  # type: ignore[no-untyped-def]
        ws,
        iws,
        tab,
        mi,
        y,
        v,
        u,
        r,
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
        d,
        loss_v,
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
        if iws[PHASE] == NOT_STARTED:
            start(ws, iws, tab, mi, y, s, K, g0, p, z, w, loss_t, loss_n, loss_w, d, loss_v, save, want, out, out_t)
            iws[PHASE] = BETWEEN
        now, then, swapped = y, v, 0
        while True:
            if iws[PHASE] == BETWEEN:
                reason = room(iws, z)
                if reason >= 0:
                    put_back(swapped, y, v, z)
                    return reason
                if (
                    attempt(
                        ws,
                        iws,
                        tab,
                        mi,
                        now,
                        then,
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
                        want,
                        out,
                        out_t,
                        ev_t,
                        ev_n,
                        mesh,
                        mesh_k,
                        mesh_e,
                    )
                    == 0
                ):
                    continue
                iws[PHASE] = DEALING
            if iws[SAVE_N] < 0 or (iws[SAVE_I] < iws[SAVE_N] and save[iws[SAVE_I]] <= ws[T_END]):
                whole = emit(ws, iws, tab, mi, now, then, u, K, p, z, w, save, want, out, out_t)
                if whole == 0:
                    put_back(swapped, y, v, z)
                    return OUTPUT_FULL
            commit(
                ws,
                iws,
                tab,
                mi,
                now,
                then,
                r,
                s,
                K,
                p,
                z,
                w,
                stops,
                loss_t,
                loss_n,
                loss_w,
                d,
                loss_v,
                tape,
                kinds,
                marks,
            )
            if z[0] >= FEW:
                before = now
                now = then
                then = before
                swapped = 1 - swapped
            iws[PHASE] = BETWEEN

    return advance
