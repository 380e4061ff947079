"""Solutions in closed form, independent of any integrator."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def hp_by_flux(flux: Array, x0: float, r_on: float, r_off: float, k: float) -> Array:
    """State of linear drift without window: A x^2 - Roff x + Roff x0 - A x0^2 + k phi = 0, A = (Roff - Ron)/2.

    Args:
        flux: time integral of the voltage in V s.
        x0: state at zero flux.
        r_on: in ohm.
        r_off: in ohm.
        k: mu Ron / D^2 in 1/(A s).
    """
    a = 0.5 * (r_off - r_on)
    constant = r_off * x0 - a * x0**2 + k * flux
    return 2.0 * constant / (r_off + np.sqrt(r_off**2 - 4.0 * a * constant))


def joglekar_by_charge(charge: Array, x0: float, k: float) -> Array:
    """State of linear drift under the Joglekar window of p = 1: logit x = logit x0 + 4 k q, charge in A s."""
    return 1.0 / (1.0 + (1.0 - x0) / x0 * np.exp(-4.0 * k * charge))


def threshold_turning_resistance(v: float, vt: float, beta: float, f: float, r_off: float) -> float:
    """Smallest resistance in ohm under a sine of amplitude ``v`` > ``vt`` from Roff; Biolek et al. 2013."""
    return float(r_off - beta / (2 * np.pi * f) * (2 * np.sqrt(v**2 - vt**2) - vt * (np.pi - 2 * np.arcsin(vt / v))))


def cubic_current(t: Array) -> Array:
    """Current in A of the unit cubic under 1 V sin t from zero flux: W(1 - cos t) sin t, W = 1/3 + phi^2."""
    return (1.0 / 3.0 + (1.0 - np.cos(t)) ** 2) * np.sin(t)


def decay(t: Array, x0: float, tau: float) -> Array:
    """State that decays to zero with one time constant."""
    return x0 * np.exp(-t / tau)


def decay_to(t: Array, x0: float, rest: float, tau: float) -> Array:
    """State that relaxes to ``rest`` with one time constant."""
    return rest + (x0 - rest) * np.exp(-t / tau)


def logit(x: Array) -> Array:
    """log(x/(1 - x)), from -inf at 0 to inf at 1."""
    return np.log(x / (1 - x))


def logistic(z: Array) -> Array:
    """The inverse of `logit`."""
    return 1 / (1 + np.exp(-z))


def flux_of_sine(t: Array, amplitude: float, f: float) -> Array:
    """Time integral in V s of ``amplitude*sin(2 pi f t)``."""
    return amplitude * (1 - np.cos(2 * np.pi * f * t)) / (2 * np.pi * f)


def cubed_overdrive_of_sine(t: Array, amplitude: float, threshold: float, f: float) -> Array:
    """Time integral in s of (v/threshold - 1)^3 where v = amplitude sin(2 pi f t) exceeds the threshold, for t in the first half period.

    With a = amplitude/threshold and angle from the crossing asin(1/a) on: the antiderivative of (a sin - 1)^3.
    """
    a, first = amplitude / threshold, np.arcsin(threshold / amplitude)
    angle = np.clip(2 * np.pi * f * t, first, np.pi - first)

    def antiderivative(z: Array) -> Array:
        cos, sin = np.cos(z), np.sin(z)
        found: Array = a**3 * (cos**3 / 3 - cos) - 3 * a**2 * (z - sin * cos) / 2 - 3 * a * cos - z
        return found

    value: Array = (antiderivative(angle) - antiderivative(np.asarray(first))) / (2 * np.pi * f)
    return value


def biolek_travel(x: Array, p: int) -> Array:
    """F(x) = integral of dx/(1 - x^(2p)) from 0 by its geometric series, for 0 <= x < 1: the time to x at unit speed, from the wall behind."""
    n = np.arange(20_000)
    powers = 2 * p * n + 1
    total: Array = (np.asarray(x)[..., None] ** powers / powers).sum(axis=-1)
    return total
