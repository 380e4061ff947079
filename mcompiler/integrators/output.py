"""What a step leaves behind: rows at times, losses, its entry on the tape."""

from collections.abc import Callable, Mapping
from typing import Any

from mcompiler.integrators.slots import (
    COLUMNS,
    KIND,
    KIND_AT_BREAK,
    KIND_EVENT,
    LAST_T,
    LOSS,
    LOSS_I,
    LOSS_N,
    MARK_N,
    OUT_CAP,
    OUT_N,
    SAVE_I,
    SAVE_N,
    STRIDE,
    T_END,
    TAKEN,
    TAPE_N,
    T,
)

Function = Callable[..., Any]


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
            if iws[KIND] & (KIND_AT_BREAK | KIND_EVENT) == KIND_AT_BREAK:
                row(ws[LAST_T], iws, v, p, z, w, want, out, out_t)
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

    def pay(ws, iws, y, p, z, w, loss_t, loss_n, loss_w, d, loss_v):  # type: ignore[no-untyped-def]
        i = iws[LOSS_I]
        while i < iws[LOSS_N] and loss_t[i] <= ws[T]:
            loss_v[i] = loss(loss_n[2 * i], loss_t[i], y, p, z, w, d, loss_n[2 * i + 1])
            ws[LOSS] = ws[LOSS] + loss_w[i] * loss_v[i]
            i += 1
        iws[LOSS_I] = i

    return pay


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
