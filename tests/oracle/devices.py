"""Laws of the library's devices: ``rate(x, v)`` of the state and ``current(x, v)``, SI units, as published.

Each law is written in the papers' own form, not in the library's, so that a slip in one is not repeated in the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

Law = Callable[[float, float], float]
Window = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Device:
    """A device with one state.

    Attributes:
        rate: dx/dt from (state, voltage), without the walls.
        current: port current in A from (state, voltage).
        lower: wall, in the state's unit.
        upper: wall, in the state's unit.
        initial: state at t = 0.
        scale: size of the state that tolerances refer to.
    """

    rate: Law
    current: Law
    lower: float
    upper: float
    initial: float
    scale: float = 1.0


def no_window(x: float, i: float) -> float:
    """The uniform window; the walls alone bound the state."""
    return 1.0


def joglekar_window(p: int) -> Window:
    """Joglekar and Wolf 2009: 1 - (2x - 1)^(2p)."""
    return lambda x, i: 1.0 - (2.0 * x - 1.0) ** (2 * p)


def biolek_window(p: int) -> Window:
    """Biolek et al. 2009: 1 - (x - s)^(2p) with s = 1 for a negative current."""
    return lambda x, i: 1.0 - (x - (1.0 if i < 0 else 0.0)) ** (2 * p)


def prodromakis_window(p: int, j: float = 1.0) -> Window:
    """Prodromakis et al. 2011: j (1 - ((x - 1/2)^2 + 3/4)^p)."""
    return lambda x, i: j * (1.0 - ((x - 0.5) ** 2 + 0.75) ** p)


def zha_window(p: int, j: float = 1.0) -> Window:
    """Zha et al. 2016, as recalled: j (1 - ((x - s)^2/4 + 3/4)^p)."""
    return lambda x, i: j * (1.0 - (0.25 * (x - (1.0 if i < 0 else 0.0)) ** 2 + 0.75) ** p)


def hp(
    window: Window, *, r_on: float = 100.0, r_off: float = 16e3, mobility: float = 1e-14,
    thickness: float = 10e-9, initial: float = 0.1,
) -> Device:  # fmt: skip
    """Strukov et al. 2008, doi 10.1038/nature06932: linear ion drift."""

    def current(x: float, v: float) -> float:
        return v / (r_on * x + r_off * (1.0 - x))

    def rate(x: float, v: float) -> float:
        i = current(x, v)
        return mobility * r_on / thickness**2 * i * window(x, i)

    return Device(rate, current, 0.0, 1.0, initial)


def vteam_biolek2021() -> Device:
    """Biolek et al. 2021, doi 10.1109/ACCESS.2021.3059241, table 2: x = 0 is 2 kohm, x = 1 is 10 kohm."""

    def rate(x: float, v: float) -> float:
        if v > 0.8:
            return -100.0 * (v / 0.8 - 1.0) ** 3 * (1.0 - (x - 1.0) ** 20)
        if v < -0.8:
            return 100.0 * (-v / 0.8 - 1.0) ** 3 * (1.0 - x**20)
        return 0.0

    return Device(rate, lambda x, v: v / (2e3 + 8e3 * x), 0.0, 1.0, 0.375)


def vteam_memtorch() -> Device:
    """MemTorch's VTEAM defaults, rectangular window; the state is w / 3 nm."""

    def rate(x: float, v: float) -> float:
        if v > 0.02:
            return 5e-4 / 3e-9 * (v / 0.02 - 1.0)
        if v < -0.2:
            return -10.0 / 3e-9 * (v / -0.2 - 1.0) ** 3
        return 0.0

    return Device(rate, lambda x, v: v / (50.0 + 950.0 * x), 0.0, 1.0, 0.0)


def sinh_rate() -> Device:
    """The generic bounded conductance with smooth walls: 1 to 100 uS, 1/s, 0.2 V."""
    return Device(
        lambda w, v: math.sinh(v / 0.2) * 4.0 * w * (1.0 - w), lambda w, v: (1e-6 + 99e-6 * w) * v, 0.0, 1.0, 0.5
    )


def chang(tau: float) -> Device:
    """Chang et al., Appl. Phys. A 102, 857 (2011), with the survey's values; ``tau`` in s, inf for no decay."""

    def current(w: float, v: float) -> float:
        return (1.0 - w) * 0.5e-6 * (1.0 - math.exp(-0.5 * v)) + w * 4e-6 * math.sinh(2.0 * v)

    return Device(lambda w, v: 4.5 * 0.004 * math.sinh(4.0 * v) - w / tau, current, 0.0, 1.0, 0.0)


def volatile() -> Device:
    """The one-time-constant device: 1 to 100 uS, 0.25 V, 1/s, 50 ms."""
    return Device(
        lambda w, v: (math.cosh(v / 0.25) - 1.0) * (1.0 - w) - w / 50e-3,
        lambda w, v: (1e-6 + 99e-6 * w) * v, 0.0, 1.0, 0.0,
    )  # fmt: skip


def pershin(beta: float, vt: float, initial: float) -> Device:
    """Pershin and Di Ventra, arXiv:1204.2600: moves beyond ``vt`` (V) only, at ``beta`` ohm/(V s); the state is R in ohm."""

    def rate(r: float, v: float) -> float:
        excess = abs(v) - vt
        return math.copysign(beta * excess, v) if excess > 0 else 0.0

    return Device(rate, lambda r, v: v / r, 1e3, 10e3, initial, scale=1e4)


def pershin_r2() -> Device:
    """The R2 values of Biolek et al. 2013, arXiv:1307.2717."""
    return pershin(1e13, 4.6, 5e3)


def cubic(a: float = 1 / 3, b: float = 1 / 3, phi0: float = 1.0) -> Device:
    """Charge a phi + b phi^3/phi0^2 of the flux phi (V s), the state; the unit cubic by default."""
    return Device(
        lambda phi, v: v, lambda phi, v: (a + 3.0 * b * (phi / phi0) ** 2) * v, -math.inf, math.inf, 0.0, scale=phi0
    )
