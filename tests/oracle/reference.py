"""Reference trajectories: SciPy's DOP853 at tight tolerances, restarted wherever the right-hand side is not smooth."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from .devices import Device

Array = NDArray[np.float64]
Drive = Callable[[float], float]


def trajectory(device: Device, drive: Drive, times: Array, corners: Sequence[float] = (), rtol: float = 1e-12) -> Array:
    """States at ``times`` (ascending, the first is the start), the walls located as events.

    Args:
        device: the law.
        drive: voltage in V at a time in s.
        times: sample times in s.
        corners: times between which ``drive`` and the law's switching are smooth (zero and threshold crossings).
        rtol: relative tolerance; the absolute one is ``rtol*device.scale``.
    """
    edges = np.unique(np.concatenate([times[[0, -1]], [c for c in corners if times[0] < c < times[-1]]]))
    states = np.empty_like(times)
    states[0] = x = device.initial
    for start, end in itertools.pairwise(edges):
        x = _smooth_piece(device, drive, (start, end), x, times, states, rtol)
    return states


def _smooth_piece(
    device: Device, drive: Drive, span: tuple[float, float], x: float, times: Array, states: Array, rtol: float
) -> float:
    """Integrates one smooth piece, fills ``states`` in (start, end], returns the state at its end.

    At a wall the state rests until the rate points inwards again; within a piece the rate changes its sign only
    through decay, so the state at a wall is examined where a piece begins.
    """
    start, end = span
    inside = 0.5 * (start + end)

    def stuck(wall: float, outward: float) -> bool:
        return x == wall and outward * device.rate(wall, drive(inside)) >= 0

    if stuck(device.lower, -1.0) or stuck(device.upper, 1.0):
        states[(times > start) & (times <= end)] = x
        return x

    def lower(t: float, y: Array) -> float:
        return float(y[0]) - device.lower if t > start else 1.0

    def upper(t: float, y: Array) -> float:
        return float(y[0]) - device.upper if t > start else -1.0

    walls = [event for event, wall in ((lower, device.lower), (upper, device.upper)) if np.isfinite(wall)]
    for event in walls:
        event.terminal = True  # type: ignore[attr-defined]
    solved = solve_ivp(
        lambda t, y: [device.rate(float(y[0]), drive(t))], span, [x], method="DOP853", rtol=rtol,
        atol=rtol * device.scale, events=walls, dense_output=True, max_step=(end - start) / 20,
    )  # fmt: skip
    reached = float(solved.t[-1])
    here = (times > start) & (times <= reached)
    states[here] = solved.sol(times[here])[0]
    if solved.status != 1:
        return float(solved.y[0, -1])
    x = device.lower if abs(solved.y[0, -1] - device.lower) < abs(solved.y[0, -1] - device.upper) else device.upper
    states[(times > reached) & (times <= end)] = x
    return x


def currents(device: Device, drive: Drive, times: Array, states: Array) -> Array:
    """Port current in A at the samples."""
    return np.array([device.current(float(x), drive(float(t))) for t, x in zip(times, states, strict=True)])


def lobe_area(voltage: Array, current: Array) -> float:
    """Area in V A enclosed by the samples of one lobe (one half period), by the trapezoid rule."""
    return abs(float(np.trapezoid(current, voltage)))
