"""Chua's circuit with a cubic memristor, Muthuswamy, Int. J. Bifurcation and Chaos 20, 1335 (2010); SI units."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

Array = NDArray[np.float64]
PHI0 = 8200 * 47e-9 / 10


def rhs(t: float, y: Array, r: float) -> list[float]:
    """Rates of (v1, v2, iL, phi) in V, V, A, V s, for a coupling resistor ``r`` in ohm."""
    v1, v2, current, phi = y
    w = -0.667e-3 + 3 * 0.029e-3 * (phi / PHI0) ** 2
    return [((v2 - v1) / r - w * v1) / 6.8e-9, (-current - (v2 - v1) / r) / 68e-9, v2 / 18e-3, v1]


def invariant(y: Array, r: float) -> Array:
    """Charge in A s that the motion keeps: C1 v1 + q(phi) + (phi - L iL)/R; its value selects the attractor.

    Args:
        y: (v1, v2, iL, phi), first axis of length 4, SI units.
        r: coupling resistor in ohm.
    """
    charge = -0.667e-3 * y[3] + 0.029e-3 * y[3] ** 3 / PHI0**2
    kept: Array = 6.8e-9 * y[0] + charge + (y[3] - 18e-3 * y[2]) / r
    return kept


def attractor(
    r: float, start: tuple[float, float, float, float] = (0, 0.1, 0, 0), until: float = 0.2, discard: float = 0.02
) -> Array:
    """Samples (4, n) of (v1, v2, iL, phi/phi0) after the transient."""
    times = np.linspace(discard, until, 60_000)
    scale = np.array([1e-9, 1e-9, 1e-12, 1e-14])
    solved = solve_ivp(rhs, (0, until), start, method="DOP853", rtol=1e-8, atol=scale, t_eval=times, args=(r,))
    samples: Array = solved.y.copy()
    samples[3] /= PHI0
    return samples
