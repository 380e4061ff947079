"""Members of an ensemble side by side: `LANES` of them take their steps at once, each with its own time and step size.

A member goes the way that `advance` would take it alone: the same first step, the same judgement of every step, the same dense output, in the same formulas.
Where one is done, the next of the queue takes its lane. What concerns one lane at a time (beginning, ending) is rare; everything else is loops over lanes
without branches, and kernels that are such loops (`kernel.lanes`). Models with events or breakpoints are not run so.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.control import (
    LEAST_LOG_ERROR,
    LEAST_PART,
    LEAST_ULPS,
    LOG_SAFETY,
    ROUND_OFF,
    SLACK,
    STRETCH,
)
from mcompiler.integrators.slots import (
    ALPHA,
    ATOL,
    BETA,
    BETWEEN,
    BUDGET,
    BUDGET_USED,
    CHECKED,
    COLUMNS,
    DEGREE,
    DUE,
    ERROR_KIND,
    EXPONENT,
    FINISHED,
    FSAL,
    HAS_CORNERS,
    LANE_FIRST,
    LANE_H,
    LANE_INTERPOLATIONS,
    LANE_LAST,
    LANE_LOG_ERROR,
    LANE_MEMBER,
    LANE_NEXT_SAVE,
    LANE_NORM,
    LANE_REJECTIONS,
    LANE_ROWS,
    LANE_SAVED,
    LANE_STANDS,
    LANE_T,
    LANE_T_END,
    LANE_TAKEN,
    LIVE,
    LOG_GROW,
    LOG_SHRINK,
    MAX_STEP,
    MAX_STEPS,
    MEMBER_EVALUATIONS,
    MEMBER_REJECTIONS,
    MEMBER_ROWS,
    MEMBER_SIZE,
    MEMBER_STATUS,
    MEMBER_STEPS,
    NOT_FINITE,
    NOT_STARTED,
    OUT_OF_BOUNDS,
    OVER,
    PHASE,
    QUEUE,
    QUEUE_END,
    RTOL,
    SAVE_N,
    SEGMENT_T,
    SPAN,
    STAGES,
    STEP,
    STEP_TOO_SMALL,
    T_END,
    TOO_MANY_STEPS,
    TOTAL,
    TRIED,
    T,
)
from mcompiler.kernel.abi import LANES, N_PARAMETERS, N_UNKNOWNS

Function = Callable[..., Any]

# A step size needs its logarithm and exponential to about 1e-9, which leaves the solution what it is to round-off.
LN2 = math.log(2.0)
PER_LN2 = 1.0 / LN2
ROOT_OF_HALF = 0x3FE6A09E667F3BCD  # the bits of sqrt(1/2)
SHIFT = 1.5 * 2.0**52  # has the nearest whole number of what is added to it in its last bits


def make_muster(functions: Mapping[str, Function]) -> Function:
    """`muster`, given `initial`, `project` and `breakpoint`."""
    initial, project, breakpoint_after = functions["initial"], functions["project"], functions["breakpoint"]

    def muster(ws, iws, y1, v1, p1, z, w, all_p, all_y):  # type: ignore[no-untyped-def]
        n = z[N_UNKNOWNS]
        count = z[N_PARAMETERS]
        for member in range(iws[QUEUE], iws[QUEUE_END]):
            for k in range(count):
                p1[k] = all_p[member * count + k]
            initial(p1, z, w, y1)
            for k in range(n):
                given = all_y[member * n + k]
                v1[k] = given if given - given == 0.0 else y1[k]
                all_y[member * n + k] = v1[k]
            iws[QUEUE] = member
            if breakpoint_after(ws[T], p1, z, w) < math.inf:
                return HAS_CORNERS
            if iws[CHECKED] and project(v1, p1, z, w) > 0:
                return OUT_OF_BOUNDS
        return 0

    return muster


def make_near_log(functions: Mapping[str, Function]) -> Function:
    """`near_log`, given operations on doubles: the series of log m in (m - 1)/(m + 1), for x = m 2^k with m between sqrt(1/2) and sqrt(2)."""
    bits, double, real = functions["bits"], functions["double"], functions["real"]

    def near_log(x):  # type: ignore[no-untyped-def]
        whole = bits(x)
        k = (whole - ROOT_OF_HALF) >> 52
        m = double(whole - (k << 52))
        q = (m - 1.0) / (m + 1.0)
        z = q * q
        return real(k) * LN2 + q * (
            2.0 + z * (2.0 / 3.0 + z * (2.0 / 5.0 + z * (2.0 / 7.0 + z * (2.0 / 9.0 + z * (2.0 / 11.0)))))
        )

    return near_log


def make_near_exp(functions: Mapping[str, Function]) -> Function:
    """`near_exp`, given operations on doubles: Taylor's series of 2^k exp r with |r| <= (ln 2)/2."""
    bits, double = functions["bits"], functions["double"]

    def near_exp(x):  # type: ignore[no-untyped-def]
        shifted = x * PER_LN2 + SHIFT
        r = x - (shifted - SHIFT) * LN2
        high = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0 + r * (1.0 / 40320.0)))
        value = 1.0 + r * (1.0 + r * (1.0 / 2.0 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * high))))
        return double(bits(value) + (bits(shifted) << 52))

    return near_exp


def make_plan_lanes(functions: Mapping[str, Function]) -> Function:
    """`plan_lanes`, given `where`."""
    where = functions["where"]

    def plan_lanes(ws, c):  # type: ignore[no-untyped-def]
        end = ws[T_END]
        longest = (1.0 + SLACK) * ws[MAX_STEP]
        for lane in range(LANES):
            t = c[LANE_T * LANES + lane]
            h = c[LANE_H * LANES + lane]
            left = end - t
            ends = (STRETCH * h >= left) & (left <= longest)
            half = where(0.5 * left < h, 0.5 * left, h)
            h = where(2.0 * h <= left, h, half)
            c[LANE_TAKEN * LANES + lane] = where(ends, left, h)
            c[LANE_T_END * LANES + lane] = where(ends, end, t + h)

    return plan_lanes


def make_march_lanes(functions: Mapping[str, Function]) -> Function:
    """`march_lanes`, given `where`."""
    where = functions["where"]

    def march_lanes(ws, iws, c):  # type: ignore[no-untyped-def]
        end, start, h, number = ws[T_END], ws[SEGMENT_T], ws[STEP], 1.0 * iws[TRIED]
        for lane in range(LANES):
            left = end - c[LANE_T * LANES + lane]
            ends = (1.0 + SLACK) * h >= left
            next_end = start + (number - c[LANE_FIRST * LANES + lane] + 1.0) * h
            c[LANE_TAKEN * LANES + lane] = where(ends, left, h)
            c[LANE_T_END * LANES + lane] = where(ends, end, next_end)

    return march_lanes


def make_judge_lanes(functions: Mapping[str, Function]) -> Function:
    """`judge_lanes`, given `where`, `near_exp` and `near_log`."""
    where, near_exp, near_log = functions["where"], functions["near_exp"], functions["near_log"]

    def judge_lanes(ws, iws, tab, c):  # type: ignore[no-untyped-def]
        end, max_step, number = ws[T_END], ws[MAX_STEP], 1.0 * iws[TRIED]
        least_part = LEAST_PART * ws[SPAN]
        alpha, beta, exponent = tab[ALPHA], tab[BETA], tab[EXPONENT]
        shrink, grow = tab[LOG_SHRINK], tab[LOG_GROW]
        over, due = 0, 0
        for lane in range(LANES):
            size = c[LANE_NORM * LANES + lane]
            before = c[LANE_H * LANES + lane]
            t_end = c[LANE_T_END * LANES + lane]
            remembered = c[LANE_LOG_ERROR * LANES + lane]
            stands = size <= 1.0
            ends = t_end >= end
            ulps = LEAST_ULPS * ROUND_OFF * abs(c[LANE_T * LANES + lane])
            least = where(ulps < least_part, least_part, ulps)
            error = 0.5 * near_log(where(size > 1e-20, size, 1e-20))
            larger = LOG_SAFETY - alpha * error + beta * remembered
            smaller = where(size < math.inf, LOG_SAFETY - exponent * error, shrink)
            change = where(stands, larger, smaller)
            most = where(c[LANE_STANDS * LANES + lane] > 0.0, grow, 0.0)
            bounded = where(change < shrink, shrink, change)
            h = c[LANE_TAKEN * LANES + lane] * near_exp(where(most < bounded, most, bounded))
            longer = where(ends & (change >= most) & (h < before), before, h)
            longer = where(longer < least, least, longer)
            longer = where(max_step < longer, max_step, longer)
            kept = where(error < LEAST_LOG_ERROR, LEAST_LOG_ERROR, error)
            c[LANE_H * LANES + lane] = where(stands, longer, h)
            c[LANE_LOG_ERROR * LANES + lane] = where(stands, kept, remembered)
            c[LANE_STANDS * LANES + lane] = where(stands, 1.0, 0.0)
            c[LANE_REJECTIONS * LANES + lane] = c[LANE_REJECTIONS * LANES + lane] + where(stands, 0.0, 1.0)
            stops = where(stands, ends, h < least)
            over += where(stops | (number >= c[LANE_LAST * LANES + lane]), 1, 0)
            due += where(stands & (c[LANE_NEXT_SAVE * LANES + lane] <= t_end), 1, 0)
        iws[OVER] = over
        iws[DUE] = due

    return judge_lanes


def make_accept_lanes(functions: Mapping[str, Function]) -> Function:
    """`accept_lanes`, given `where`."""
    where = functions["where"]

    def accept_lanes(ws, iws, c):  # type: ignore[no-untyped-def]
        end, number = ws[T_END], 1.0 * iws[TRIED]
        over, due = 0, 0
        for lane in range(LANES):
            t_end = c[LANE_T_END * LANES + lane]
            stands = c[LANE_NORM * LANES + lane] <= 1.0
            c[LANE_STANDS * LANES + lane] = where(stands, 1.0, 0.0)
            goes_on = stands & (t_end < end) & (number < c[LANE_LAST * LANES + lane])
            over += where(goes_on, 0, 1)
            due += where(stands & (c[LANE_NEXT_SAVE * LANES + lane] <= t_end), 1, 0)
        iws[OVER] = over
        iws[DUE] = due

    return accept_lanes


def make_commit_lanes(functions: Mapping[str, Function]) -> Function:
    """`commit_lanes`, given `where`."""
    where = functions["where"]

    def commit_lanes(c, y, v, k, z):  # type: ignore[no-untyped-def]
        n = z[N_UNKNOWNS]
        for lane in range(LANES):
            stands = c[LANE_STANDS * LANES + lane] > 0.0
            c[LANE_T * LANES + lane] = where(stands, c[LANE_T_END * LANES + lane], c[LANE_T * LANES + lane])
        for q in range(n):
            for lane in range(LANES):
                stands = c[LANE_STANDS * LANES + lane] > 0.0
                y[q * LANES + lane] = where(stands, v[q * LANES + lane], y[q * LANES + lane])
                k[q * LANES + lane] = where(stands, k[(n + q) * LANES + lane], k[q * LANES + lane])

    return commit_lanes


def make_place_lanes(functions: Mapping[str, Function]) -> Function:
    """`place_lanes`, given `where`."""
    where = functions["where"]

    def place_lanes(mi, c, y, u, dense_l, at, z):  # type: ignore[no-untyped-def]
        n, degree = z[N_UNKNOWNS], mi[DEGREE]
        for lane in range(LANES):
            now = c[LANE_NEXT_SAVE * LANES + lane]
            at[lane] = where(now < c[LANE_T_END * LANES + lane], now, c[LANE_T_END * LANES + lane])
        for q in range(n):
            for lane in range(LANES):
                theta = (at[lane] - c[LANE_T * LANES + lane]) / c[LANE_TAKEN * LANES + lane]
                total = 0.0
                for power in range(degree):
                    total = (total + dense_l[((degree - 1 - power) * n + q) * LANES + lane]) * theta
                u[q * LANES + lane] = y[q * LANES + lane] + total

    return place_lanes


def make_emit_lanes(functions: Mapping[str, Function]) -> Function:
    """`emit_lanes`, given `dense`, `place_lanes`, `project_lanes` and `observe_lanes`: rows inside the step, round by round, then those at its end."""
    dense, place_lanes = functions["dense"], functions["place_lanes"]
    project_lanes, observe_lanes = functions["project_lanes"], functions["observe_lanes"]
    put_lanes = functions["put_lanes"]

    def emit_lanes(iws, mi, c, m, y, v, k, pl, z, wl, u, dense_l, at, save, want, row, out):  # type: ignore[no-untyped-def]
        inside, at_end = 0, 0
        for lane in range(LANES):
            at[lane] = c[LANE_T_END * LANES + lane]
            if c[LANE_STANDS * LANES + lane] > 0.0:
                if c[LANE_NEXT_SAVE * LANES + lane] < at[lane]:
                    c[LANE_INTERPOLATIONS * LANES + lane] = c[LANE_INTERPOLATIONS * LANES + lane] + 1.0
                    inside = 1
                elif c[LANE_NEXT_SAVE * LANES + lane] == at[lane]:
                    at_end = 1
        if inside:
            dense(c, y, k, pl, z, wl, dense_l)
        while inside:
            place_lanes(mi, c, y, u, dense_l, at, z)
            project_lanes(u, pl, z, wl)
            observe_lanes(at, u, pl, z, wl, want, row)
            inside = put_lanes(1, iws, c, m, at, save, row, out)
            at_end = 1
        if at_end:
            for lane in range(LANES):
                at[lane] = c[LANE_T_END * LANES + lane]
            observe_lanes(at, v, pl, z, wl, want, row)
            put_lanes(0, iws, c, m, at, save, row, out)

    return emit_lanes


def make_put_lanes(_functions: Mapping[str, Function]) -> Function:
    """`put_lanes`, which needs nothing."""

    def put_lanes(inside, iws, c, m, at, save, row, out):  # type: ignore[no-untyped-def]
        columns, saves = iws[COLUMNS], iws[SAVE_N]
        more = 0
        for lane in range(LANES):
            t_end = c[LANE_T_END * LANES + lane]
            if c[LANE_STANDS * LANES + lane] > 0.0 and c[LANE_NEXT_SAVE * LANES + lane] <= t_end:
                number = m[LANE_SAVED * LANES + lane]
                while number < saves and save[number] == at[lane] and (not inside or at[lane] < t_end):
                    place = (m[LANE_MEMBER * LANES + lane] * saves + number) * columns
                    for column in range(columns):
                        out[place + column] = row[column * LANES + lane]
                    number += 1
                m[LANE_SAVED * LANES + lane] = number
                c[LANE_NEXT_SAVE * LANES + lane] = save[number] if number < saves else math.inf
                if c[LANE_NEXT_SAVE * LANES + lane] < t_end:
                    more = 1
        return more

    return put_lanes


def make_board(functions: Mapping[str, Function]) -> Function:
    """`board`, given `scale`, `first_step` and `observe`."""
    scale, first_step, observe = functions["scale"], functions["first_step"], functions["observe"]

    def board(  # type: ignore[no-untyped-def]
        lane, ws, iws, tab, mi, c, m, y, k, s, pl, z, y1, s1, K1, p1, w, all_p, all_y, save, want, out
    ):
        n, count, saves = z[N_UNKNOWNS], z[N_PARAMETERS], iws[SAVE_N]
        for number in range(LANE_ROWS):
            c[number * LANES + lane] = 0.0
        c[LANE_T * LANES + lane] = ws[T_END]
        c[LANE_LAST * LANES + lane] = math.inf
        c[LANE_NEXT_SAVE * LANES + lane] = math.inf
        m[LANE_MEMBER * LANES + lane] = -1
        if iws[QUEUE] >= iws[QUEUE_END]:
            return
        member = iws[QUEUE]
        iws[QUEUE] = member + 1
        iws[LIVE] = iws[LIVE] + 1
        for q in range(count):
            p1[q] = all_p[member * count + q]
            pl[q * LANES + lane] = p1[q]
        scale(p1, z, w, s1)
        for q in range(n):
            s1[q] = max(ws[ATOL] * s1[q], 1e-300)
            y1[q] = all_y[member * n + q]
            y[q * LANES + lane] = y1[q]
            s[q * LANES + lane] = s1[q]
        if mi[ERROR_KIND]:
            h = first_step(ws, iws, tab, mi, y1, s1, K1, p1, z, w)
            c[LANE_H * LANES + lane] = ws[STEP] if ws[STEP] > 0.0 else h
            for q in range(n):
                k[q * LANES + lane] = K1[q]
        number = 0
        while number < saves and save[number] <= ws[T]:
            observe(save[number], y1, p1, z, w, want, out, (member * saves + number) * iws[COLUMNS])
            number += 1
        m[LANE_MEMBER * LANES + lane] = member
        m[LANE_SAVED * LANES + lane] = number
        c[LANE_T * LANES + lane] = ws[T]
        c[LANE_STANDS * LANES + lane] = 1.0
        c[LANE_FIRST * LANES + lane] = iws[TRIED]
        c[LANE_LAST * LANES + lane] = iws[TRIED] + iws[MAX_STEPS] - 1.0
        if number < saves:
            c[LANE_NEXT_SAVE * LANES + lane] = save[number]

    return board


def make_leave(_functions: Mapping[str, Function]) -> Function:
    """`leave`, which needs nothing."""

    def leave(lane, ws, iws, mi, c, m, y, z, all_y, ends, ended):  # type: ignore[no-untyped-def]
        stands = c[LANE_STANDS * LANES + lane] > 0.0
        t = c[LANE_T * LANES + lane]
        if stands and t >= ws[T_END]:
            status = 0
        elif not stands and mi[ERROR_KIND] == 0:
            status = NOT_FINITE
        elif not stands and c[LANE_H * LANES + lane] < max(LEAST_ULPS * ROUND_OFF * abs(t), LEAST_PART * ws[SPAN]):
            status = STEP_TOO_SMALL if c[LANE_NORM * LANES + lane] < math.inf else NOT_FINITE
        elif iws[TRIED] > c[LANE_LAST * LANES + lane]:
            status = TOO_MANY_STEPS
        else:
            return 0
        n = z[N_UNKNOWNS]
        member = m[LANE_MEMBER * LANES + lane]
        rejections = int(c[LANE_REJECTIONS * LANES + lane])
        tried = iws[TRIED] - int(c[LANE_FIRST * LANES + lane])
        refused = 0 if stands or mi[ERROR_KIND] else 1
        interpolations = int(c[LANE_INTERPOLATIONS * LANES + lane])
        evaluations = tried * (mi[STAGES] - mi[FSAL]) + interpolations * (mi[TOTAL] - mi[FSAL])
        ended[member * MEMBER_SIZE + MEMBER_STATUS] = status
        ended[member * MEMBER_SIZE + MEMBER_STEPS] = tried - rejections - refused
        ended[member * MEMBER_SIZE + MEMBER_REJECTIONS] = rejections
        ended[member * MEMBER_SIZE + MEMBER_EVALUATIONS] = evaluations + (2 if mi[ERROR_KIND] else 0)
        ended[member * MEMBER_SIZE + MEMBER_ROWS] = m[LANE_SAVED * LANES + lane]
        ends[member] = t
        for q in range(n):
            all_y[member * n + q] = y[q * LANES + lane]
        iws[LIVE] = iws[LIVE] - 1
        return 1

    return leave


def make_advance_lanes(functions: Mapping[str, Function]) -> Function:
    """`advance_lanes`, given all of these, `leap` and `project_lanes`."""
    board, leave, plan, march = (functions[name] for name in ("board", "leave", "plan_lanes", "march_lanes"))
    judge, accept, emit, commit = (functions[f"{name}_lanes"] for name in ("judge", "accept", "emit", "commit"))
    leap, project = functions["leap"], functions["project_lanes"]

    def advance_lanes(  # type: ignore[no-untyped-def]
        ws,
        iws,
        tab,
        mi,
        c,
        m,
        y,
        v,
        k,
        s,
        pl,
        z,
        wl,
        u,
        dense_l,
        at,
        y1,
        s1,
        K1,
        p1,
        w,
        all_p,
        all_y,
        ends,
        ended,
        save,
        want,
        row,
        out,
    ):
        if iws[PHASE] == NOT_STARTED:
            for lane in range(LANES):
                board(lane, ws, iws, tab, mi, c, m, y, k, s, pl, z, y1, s1, K1, p1, w, all_p, all_y, save, want, out)
            iws[PHASE] = BETWEEN
        while iws[LIVE] > 0:
            if iws[BUDGET] <= 0:
                return BUDGET_USED
            iws[BUDGET] = iws[BUDGET] - 1
            if mi[ERROR_KIND]:
                plan(ws, c)
                leap(ws[RTOL], c, y, k, s, pl, z, wl, v)
                judge(ws, iws, tab, c)
            else:
                march(ws, iws, c)
                leap(ws[RTOL], c, y, k, s, pl, z, wl, v)
                accept(ws, iws, c)
            project(v, pl, z, wl)
            if iws[DUE] > 0:
                emit(iws, mi, c, m, y, v, k, pl, z, wl, u, dense_l, at, save, want, row, out)
            commit(c, y, v, k, z)
            iws[TRIED] = iws[TRIED] + 1
            if iws[OVER] > 0:
                for lane in range(LANES):
                    if m[LANE_MEMBER * LANES + lane] >= 0 and leave(lane, ws, iws, mi, c, m, y, z, all_y, ends, ended):
                        board(
                            lane,
                            ws,
                            iws,
                            tab,
                            mi,
                            c,
                            m,
                            y,
                            k,
                            s,
                            pl,
                            z,
                            y1,
                            s1,
                            K1,
                            p1,
                            w,
                            all_p,
                            all_y,
                            save,
                            want,
                            out,
                        )
        return FINISHED

    return advance_lanes
