"""NbO2 threshold switch of Pickett and Williams, Nanotechnology 23, 215202 (2012), as in Biolek et al. 2013, arXiv:1307.2717; SI units."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from .devices import Device

Array = NDArray[np.float64]
AREA, LENGTH = math.pi * (30e-9) ** 2, 20e-9  # m2, m
RISE = 784.0  # K
SERIES = 2700.0 + 50.0  # ohm: electrode and oscilloscope


def resistance(u: float) -> float:
    """Core and mantle in parallel: an area u^2 of 1e-4 ohm m, the rest of 7e-3 ohm m."""
    return 7e-3 * LENGTH / AREA / (1.0 + (70.0 - 1.0) * u * u)


def heat_flow(u: float) -> float:
    """Power in W through the cylindrical mantle at the temperature of the transition."""
    return 2.0 * math.pi * LENGTH * 1.5 / math.log(1.0 / u) * RISE


def enthalpy_slope(u: float, *, listing: bool) -> float:
    """dH/du in J: equation (27) of the 2013 paper, or the denominator that its SPICE listing has."""
    log = math.log(u)
    denominator = (2.0 * u * log) ** 2 if listing else 2.0 * u * log**2
    return AREA * LENGTH * (2.6e6 * RISE * (1.0 - u * u + 2.0 * u * u * log) / denominator + 2.0 * 1.6e8 * u)


def mott(*, listing: bool = False, series: float = SERIES) -> Device:
    """The device with a resistor in series; the state is the radius of the core over that of the channel."""

    def current(u: float, v: float) -> float:
        return v / (resistance(u) + series)

    def rate(u: float, v: float) -> float:
        i = current(u, v)
        return (i * i * resistance(u) - heat_flow(u)) / enthalpy_slope(u, listing=listing)

    return Device(rate, current, 1e-6, 0.9999, 0.01)


def static_voltage(u: float) -> float:
    """Voltage in V across the device alone at rest: v^2/R = heat flow."""
    return math.sqrt(heat_flow(u) * resistance(u))


def static_extremes() -> tuple[float, float]:
    """Radii of the threshold and of the hold point, where the static voltage turns."""
    top = minimize_scalar(lambda u: -static_voltage(u), bounds=(0.01, 0.2), method="bounded", options={"xatol": 1e-10})
    bottom = minimize_scalar(static_voltage, bounds=(0.2, 0.95), method="bounded", options={"xatol": 1e-10})
    return float(top.x), float(bottom.x)


def oscillator(times: Array, *, listing: bool) -> Array:
    """(u, capacitor voltage in V) of the relaxation oscillator, 1.8 V over 4.2 kohm into 23 pF, from (0.01, 0)."""
    device = mott(listing=listing)

    def rhs(t: float, y: Array) -> list[float]:
        u, v = float(y[0]), float(y[1])
        return [device.rate(u, v), ((1.8 - v) / 4.2e3 - device.current(u, v)) / 23e-12]

    solved = solve_ivp(rhs, (0.0, float(times[-1])), [0.01, 0.0], method="DOP853", rtol=1e-12, atol=1e-13, t_eval=times)
    samples: Array = solved.y
    return samples
