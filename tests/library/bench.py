"""A device of the library between a sine source and ground: what its law gives at a point, and its trajectory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

import mcompiler as mc
from mcompiler.solver import names
from mcompiler.solver.program import scratch
from mcompiler.solver.signals import Wanted, rows_of

Array = NDArray[np.float64]
_NONE: Mapping[str, float] = {}

BENCH = """
circuit Bench {{
  param A = 0[V]
  param f = 1[Hz]
  param V0 = 0[V]
  node top
  S: VoltageSource(top, ground, V = V0 + A*sin(2*pi*f*t))
  M: {device}(top, ground)
}}
experiment sine on Bench {{ run to 1[s] }}
"""


@cache
def bench(device: str) -> mc.Solver:
    """The solver of a bench with ``"Device"`` or ``"Device.set"``."""
    return mc.compile(mc.parse(BENCH.format(device=device)))


def state_name(solver: mc.Solver) -> str:
    """The name of the device's only state."""
    (name,) = (each for each in solver.initial if each.startswith("M."))
    return name


def rate_and_current(solver: mc.Solver, x: float, v: float) -> tuple[float, float]:
    """What the compiled kernels give for the state's rate and the port's current at state ``x`` and voltage ``v``."""
    program = solver.program
    p, w, y, rate = program.p.copy(), scratch(program), np.array([x]), np.zeros(1)
    names.parameter(program, "V0").put(p, v)
    program.functions["sweep"](0, 0.0, 0.0, np.zeros(1), 0, y, rate, p, program.z, w)
    rows = rows_of(program, [Wanted("M", "i")])
    out = np.zeros(rows.width)
    program.functions["observe"](0.0, y, p, program.z, w, rows.want, out, 0)
    return float(rate[0]), float(out[0])


def run_sine(
    solver: mc.Solver, amplitude: float, frequency: float, times: Array, *, rtol: float = 1e-13, method: str = "tsit5"
) -> mc.Solution:
    """The run under ``amplitude*sin(2 pi frequency t)``, saved at ``times``."""
    return solve(solver, times, parameters={"A": amplitude, "f": frequency}, rtol=rtol, method=method)


def solve(
    solver: mc.Solver,
    times: Array,
    *,
    parameters: Mapping[str, float] = _NONE,
    initial: Mapping[str, float] = _NONE,
    rtol: float = 1e-13,
    method: str = "tsit5",
) -> mc.Solution:
    """The run from 0 s to the last of ``times``, saved at ``times``; it has reached its end."""
    span = (0.0, float(times[-1]))
    found = solver.run(span, parameters=parameters, initial=initial, save_at=times, rtol=rtol, method=method)
    assert found.success, found.message
    return found
