"""The map that a tape makes of parameters and initial state, written once more from its definition, in complex numbers.

Independent of the compiled step: it knows the tableau, the tape and the kernels of the reference interpreter only. A step of 1e-30 i in the inputs
gives derivatives of this very map to round-off, through clipped states, located events and resets.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators.methods import Method, method_named
from mcompiler.integrators.run import Losses, Tape
from mcompiler.integrators.slots import (
    GUARD_SHIFT,
    KIND_AFTER_BREAK,
    KIND_AT_BREAK,
    KIND_FIXED_END,
    KIND_LOCATED,
)
from mcompiler.integrators.step import NEAR
from mcompiler.kernel.interpret import RunKernel, interpret
from tests.integrators.systems import Floats, Model

Complexes = NDArray[np.complex128]
#: Real or complex.
Numbers = NDArray[Any]
STEP = 1e-30


@dataclass(frozen=True)
class Result:
    y: Complexes
    loss: complex


def recorded_map(
    model: Model, method: str, tape: Tape, p: Numbers, y0: Numbers, losses: Losses | None = None
) -> Result:
    """State and weighted point losses at the end of the tape."""
    return _Map(model, method_named(method), tape, p.astype(complex), losses or Losses()).run(y0.astype(complex))


def push_forward(
    model: Model, method: str, tape: Tape, dp: Floats, dy: Floats, losses: Losses | None = None
) -> tuple[Floats, float]:
    """Derivatives of state and losses in the direction (dp, dy)."""
    p = model.p + 1j * STEP * dp
    result = recorded_map(model, method, tape, p, tape.y0 + 1j * STEP * dy, losses)
    return np.imag(result.y) / STEP, float(np.imag(result.loss)) / STEP


class _Map:
    def __init__(self, model: Model, method: Method, tape: Tape, p: Complexes, losses: Losses) -> None:
        self.kernels: dict[str, RunKernel] = interpret(model.module)
        self.z, self.p, self.method, self.tape, self.losses = model.z, p, method, tape, losses
        self.w = np.zeros(int(model.z[3]), dtype=complex)
        self.a = np.zeros((len(method.a), len(method.a)))
        for i, row in enumerate(method.a):
            self.a[i, : len(row)] = [float(each) for each in row]
        self.paid = 0
        self.loss = 0j

    def run(self, y0: Complexes) -> Result:
        tape = self.tape
        t, y = complex(tape.t[0]), np.array(y0, dtype=complex)
        self.pay(t, y)
        for i, kind in enumerate(tape.kinds):
            h = tape.t[i + 1] - t if kind & KIND_FIXED_END else complex(tape.h[i])
            end = float(tape.t[i + 1])
            if kind & KIND_LOCATED:
                h = self.located(int(kind) >> GUARD_SHIFT, t, h, int(kind), end, y)
            y = self.step(t, h, int(kind), end, y)
            t = end + 0j if kind & KIND_FIXED_END else t + h
            for e, step in tape.events:
                if step == i:
                    self.kernels["reset"](int(e), t, y, self.p, self.z, self.w)
            if kind & KIND_FIXED_END:
                self.pay(t, y)
        return Result(y, self.loss)

    def step(self, t: complex, h: complex, kind: int, end: float, y: Complexes) -> Complexes:
        n, b = len(y), [float(each) for each in self.method.b]
        K = np.zeros(len(self.method.a) * n, dtype=complex)
        near = NEAR * max(abs(t), abs(end))
        for i in range(len(b)):
            at = t + float(self.method.c[i]) * h
            if kind & KIND_AT_BREAK and at.real > end - near:
                at = end - near + 0j
            if kind & KIND_AFTER_BREAK and at.real < t.real + NEAR * abs(t):
                at = t + NEAR * abs(t)
            self.kernels["sweep"](i, at, h, self.a[i], 0, y, K, self.p, self.z, self.w)
        v = y + h * np.array(b) @ K.reshape(-1, n)[: len(b)]
        self.kernels["project"](v, self.p, self.z, self.w)
        return v

    def located(self, e: int, t: complex, h: complex, kind: int, end: float, y: Complexes) -> complex:
        """Newton's iteration with one slope: every round leaves a millionth of the error."""

        def guard(size: complex) -> complex:
            g = np.zeros(int(self.z[2]), dtype=complex)
            self.kernels["guards"](t + size, self.step(t, size, kind, end, y), self.p, self.z, self.w, g)
            return complex(g[e])

        delta = 1e-6 * h.real
        slope = (guard(h.real + delta) - guard(h.real - delta)).real / (2 * delta)
        for _ in range(5):
            h = h - guard(h) / slope
        return h

    def pay(self, t: complex, y: Complexes) -> None:
        losses = self.losses
        d = losses.data.astype(complex)
        while self.paid < len(losses.t) and losses.t[self.paid] <= t.real:
            j = self.paid
            weight = 1.0 if losses.weights is None else float(losses.weights[j])
            term, row = int(losses.terms[j]), int(losses.rows[j])
            self.loss += weight * complex(self.kernels["loss"](term, t, y, self.p, self.z, self.w, d, row))
            self.paid += 1
