"""Waveforms of sources as SPICE defines them, evaluated at many times at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def pulse(
    t: Array, low: float, high: float, *, delay: float, rise: float, fall: float, width: float, period: float
) -> Array:
    """PULSE: trapezoids that begin at ``delay`` and repeat; low before, and between the end of a fall and the next rise."""
    since = np.where(t < delay, -1.0, np.mod(t - delay, period))
    corners = np.array([0.0, rise, rise + width, rise + width + fall])
    values: Array = np.interp(since, corners, [low, high, high, low], left=low, right=low)
    return values


def pwl(t: Array, corners: list[tuple[float, float]]) -> Array:
    """PWL: straight lines between (time, value) pairs, held outside."""
    values: Array = np.interp(t, [time for time, _ in corners], [value for _, value in corners])
    return values


def triangle(t: Array, low: float, high: float, rate: float) -> Array:
    """A sweep from 0 to ``high``, to ``low``, and back to 0, and again."""
    turns = np.array([0.0, high, 2 * high - low, 2 * (high - low)]) / rate
    values: Array = np.interp(np.mod(t, turns[-1]), turns, [0.0, high, low, 0.0])
    return values
