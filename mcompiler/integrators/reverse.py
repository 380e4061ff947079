"""The exact gradient of the computation on a tape: its steps taken backwards.

What is differentiated. A tape makes a map of the state and the time at the start of each step to those at its end:

    an ordinary step     h is the recorded number, t' = t + h
    one with a given end t' is the recorded stop or breakpoint, h = t' - t: it takes up what events before it have shifted
    one cut by an event  h solves g(t + h, y'(t, h, y)) = 0, t' = t + h

then y' is clipped to its bounds, and resets act at t'. How h was chosen is not differentiated; where breakpoints lie neither. The stages' transposed map
is that of an explicit Runge-Kutta method in its undivided form, which needs no b_i to be nonzero:

    kb_i = h b_i lam + h sum_{j > i} a_ji Xb_j,   Xb_i = f_y(X_i)^T kb_i,   lam <- lam + sum_i Xb_i,   pb += sum_i f_p(X_i)^T kb_i.

Its derivatives by time and step size are sum_i q_i, and lam . sum_i b_i k_i + sum_i Xb_i . sum_j a_ij k_j + sum_i c_i q_i, with q_i = kb_i^T f_t.
"""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    FSAL,
    GUARD_SHIFT,
    KIND_AFTER_BREAK,
    KIND_AT_BREAK,
    KIND_EVENT,
    KIND_FIXED_END,
    KIND_LOCATED,
    LOSS_I,
    MAX_STAGES,
    MESH_EVENT_I,
    MESH_EVENT_N,
    ROWS,
    RTOL,
    STAGES,
    SUMMED,
    TAU,
    TIMES,
    WEIGHTS,
)
from mcompiler.integrators.step import NEAR

Function = Callable[..., Any]


def make_replay(functions: Mapping[str, Function]) -> Function:
    """`replay`, given `take_step`, `project` and `fire_again`."""
    take_step, project, fire_again = functions["take_step"], functions["project"], functions["fire_again"]

    def replay(  # type: ignore[no-untyped-def]
        first, last, event, stride, ws, iws, tab, mi, y, v, s, K, p, z, w, mesh, mesh_k, mesh_e, rows
    ):
        n = z[0]
        ready = 0
        for i in range(first, last):
            if (i - first) % stride == 0:
                place = ((i - first) // stride) * n
                for k in range(n):
                    rows[place + k] = y[k]
            kind = mesh_k[i]
            t_end = mesh[2 * i + 2]
            take_step(mesh[2 * i], mesh[2 * i + 1], ready, kind, t_end, ws[RTOL], tab, mi, y, v, s, K, p, z, w)
            project(v, p, z, w)
            after = event
            while after < iws[MESH_EVENT_N] and mesh_e[2 * after + 1] == i:
                after += 1
            fire_again(t_end, event, after, mesh_e, v, p, z, w)
            event = after
            for k in range(n):
                y[k] = v[k]
            ready = 0
            if mi[FSAL] and kind & (KIND_AT_BREAK | KIND_EVENT) == 0:
                ready = 1
                for k in range(n):
                    K[k] = K[(mi[STAGES] - 1) * n + k]

    return replay


def make_step_back(functions: Mapping[str, Function]) -> Function:
    """`step_back`, given `pullback` and `project_pullback`."""
    pullback, project_pullback = functions["pullback"], functions["project_pullback"]

    def step_back(t, h, kind, t_end, ws, tab, mi, y, v, u, K, KB, lam, p, z, w, pb):  # type: ignore[no-untyped-def]
        n = z[0]
        summed = mi[SUMMED]
        bar = summed * n
        low = t + NEAR * abs(t) if kind & KIND_AFTER_BREAK else t
        high = t_end - NEAR * max(abs(t), abs(t_end))
        project_pullback(v, lam, p, z, w, pb)
        by_t = 0.0
        by_h = 0.0
        for j in range(summed):
            weight = tab[WEIGHTS + j]
            for k in range(n):
                KB[j * n + k] = h * weight * lam[k]
                by_h = by_h + weight * K[j * n + k] * lam[k]
        for step in range(summed):
            i = summed - 1 - step
            row = ROWS + MAX_STAGES * i
            for k in range(n):
                total = 0.0
                for j in range(i):
                    total = total + tab[row + j] * K[j * n + k]
                u[k] = y[k] + h * total
                KB[bar + k] = 0.0
            ti = t + tab[TIMES + i] * h
            if kind & KIND_AT_BREAK:
                ti = min(ti, high)
            moved = pullback(max(ti, low), u, KB, i * n, p, z, w, KB, bar, pb)
            by_t = by_t + moved
            by_h = by_h + tab[TIMES + i] * moved
            for k in range(n):
                lam[k] = lam[k] + KB[bar + k]
            for j in range(i):
                weight = tab[row + j]
                if weight != 0.0:
                    for k in range(n):
                        KB[j * n + k] = KB[j * n + k] + h * weight * KB[bar + k]
                        by_h = by_h + weight * K[j * n + k] * KB[bar + k]
        ws[TAU] = by_t
        return by_h

    return step_back


def make_cut_back(functions: Mapping[str, Function]) -> Function:
    """`cut_back`, given `step_back`, `project` and `guard_pullback`."""
    step_back, project, guard_pullback = functions["step_back"], functions["project"], functions["guard_pullback"]

    def cut_back(  # type: ignore[no-untyped-def]
        e, t, h, kind, t_end, ws, tab, mi, y, v, u, K, KB, lam, mu, x, p, z, w, pb, scratch
    ):
        n = z[0]
        tau = ws[TAU]
        for k in range(n):
            x[k] = v[k]
            mu[k] = 0.0
        project(x, p, z, w)
        guard_by_h = guard_pullback(e, 1.0, t_end, x, p, z, w, mu, scratch)
        guard_by_h = guard_by_h + step_back(t, h, kind, t_end, ws, tab, mi, y, v, u, K, KB, mu, p, z, w, scratch)
        for k in range(n):
            mu[k] = lam[k]
        by_h = tau + step_back(t, h, kind, t_end, ws, tab, mi, y, v, u, K, KB, mu, p, z, w, scratch)
        tau = tau + guard_pullback(e, -by_h / guard_by_h, t_end, x, p, z, w, lam, pb)
        step_back(t, h, kind, t_end, ws, tab, mi, y, v, u, K, KB, lam, p, z, w, pb)
        ws[TAU] = tau + ws[TAU]

    return cut_back


def make_reverse_steps(functions: Mapping[str, Function]) -> Function:
    """`reverse_steps`, given what its body calls."""
    take_whole_step, step_back, cut_back = functions["take_whole_step"], functions["step_back"], functions["cut_back"]
    project, fire_again = functions["project"], functions["fire_again"]
    reset_pullback, loss_pullback = functions["reset_pullback"], functions["loss_pullback"]

    def reverse_steps(  # type: ignore[no-untyped-def]
        first,
        last,
        ws,
        iws,
        tab,
        mi,
        y,
        v,
        u,
        s,
        K,
        KB,
        lam,
        mu,
        x,
        p,
        z,
        w,
        loss_t,
        loss_n,
        loss_w,
        d,
        mesh,
        mesh_k,
        mesh_e,
        rows,
        pb,
        scratch,
    ):
        n = z[0]
        for step in range(last - first):
            i = last - 1 - step
            t = mesh[2 * i]
            h = mesh[2 * i + 1]
            t_end = mesh[2 * i + 2]
            kind = mesh_k[i]
            for k in range(n):
                y[k] = rows[(i - first) * n + k]
            take_whole_step(t, h, 0, kind, t_end, ws[RTOL], tab, mi, y, v, s, K, p, z, w)
            after = iws[MESH_EVENT_I]
            event = after
            while event > 0 and mesh_e[2 * event - 1] == i:
                event -= 1
            iws[MESH_EVENT_I] = event
            if kind & KIND_FIXED_END and iws[LOSS_I] > 0 and loss_t[iws[LOSS_I] - 1] >= t_end:
                for k in range(n):
                    x[k] = v[k]
                project(x, p, z, w)
                fire_again(t_end, event, after, mesh_e, x, p, z, w)
                while iws[LOSS_I] > 0 and loss_t[iws[LOSS_I] - 1] >= t_end:
                    j = iws[LOSS_I] - 1
                    loss_pullback(loss_n[2 * j], loss_w[j], t_end, x, p, z, w, d, loss_n[2 * j + 1], lam, pb)
                    iws[LOSS_I] = j
            for back in range(after - event):
                j = after - 1 - back
                for k in range(n):
                    x[k] = v[k]
                project(x, p, z, w)
                fire_again(t_end, event, j, mesh_e, x, p, z, w)
                ws[TAU] = ws[TAU] + reset_pullback(mesh_e[2 * j], t_end, x, lam, p, z, w, pb)
            if kind & KIND_LOCATED:
                e = kind >> GUARD_SHIFT
                cut_back(e, t, h, kind, t_end, ws, tab, mi, y, v, u, K, KB, lam, mu, x, p, z, w, pb, scratch)
            else:
                tau = ws[TAU]
                by_h = step_back(t, h, kind, t_end, ws, tab, mi, y, v, u, K, KB, lam, p, z, w, pb)
                ws[TAU] = ws[TAU] - by_h if kind & KIND_FIXED_END else ws[TAU] + tau

    return reverse_steps
