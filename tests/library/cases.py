"""Every memristive device of the library with every parameter set: its independent law, and a drive under which both are compared."""

# SciPy carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scipy.optimize import brentq

from tests.oracle import devices, mott
from tests.oracle.devices import Device

HP_X0 = (16e3 - 11e3) / 15.9e3  # state of the 11 kohm that Biolek et al. 2009 start from


@dataclass(frozen=True, slots=True)
class Case:
    """One law, and a sine that exercises it.

    Attributes:
        law: the oracle.
        amplitude: of the sine in V.
        frequency: in Hz.
        switches: voltages at which the right-hand side changes its form, 0 included where the sign of the current matters.
        periods: of the comparison.
        tolerance: largest difference of the state, in units of its scale.
    """

    law: Device
    amplitude: float
    frequency: float
    switches: tuple[float, ...] = ()
    periods: int = 2
    tolerance: float = 1e-8

    def drive(self, t: float) -> float:
        """Voltage in V at ``t`` in s."""
        return self.amplitude * math.sin(2 * math.pi * self.frequency * t)

    def corners(self) -> list[float]:
        """Times at which the drive passes one of the switches, and its zeros."""
        found: list[float] = []
        for level in {0.0, *self.switches}:
            first = math.asin(level / self.amplitude) / (2 * math.pi)
            turns = (first, 0.5 - first)
            found += [(n + turn) / self.frequency for n in range(-1, self.periods + 1) for turn in turns]
        return sorted(each for each in found if 0 < each < self.periods / self.frequency)


def _hp(window: devices.Window, initial: float = HP_X0, amplitude: float = 1.2) -> Case:
    return Case(devices.hp(window, initial=initial), amplitude, 1.0)


def _mott(law: Device, amplitude: float) -> Case:
    """The core leaves its smallest radius at the voltage where Joule heat begins to exceed what is conducted away."""
    release: Any = brentq(lambda v: law.rate(law.lower, v), 0.1, amplitude, xtol=1e-15)
    return Case(law, amplitude, 20e6, (float(release), -float(release)))


#: "Device" or "Device.set" -> case. `test_devices` fails where the library has one that is not here.
CASES: Mapping[str, Case] = {
    "HP": Case(devices.hp(devices.no_window), 1.0, 0.5),
    "HP.strukov2008_fig2b": Case(devices.hp(devices.no_window), 1.0, 0.5),
    "HP.strukov2008_fig2c": Case(devices.hp(devices.no_window, r_off=38e3), 1.0, 0.5),
    "HPJoglekar": _hp(devices.joglekar_window(1), 0.5, 0.6),
    "HPJoglekar.biolek2009": _hp(devices.joglekar_window(1)),
    "HPBiolek": _hp(devices.biolek_window(10), 0.1),
    "HPBiolek.biolek2009": _hp(devices.biolek_window(10)),
    "HPProdromakis": _hp(devices.prodromakis_window(1), 0.5),
    "HPProdromakis.biolek2009": _hp(devices.prodromakis_window(1)),
    "VTEAM": Case(devices.vteam_biolek2021(), 2.0, 100.0, (0.8, -0.8)),
    "VTEAM.biolek2021": Case(devices.vteam_biolek2021(), 2.0, 100.0, (0.8, -0.8)),
    "VTEAM.memtorch_default": Case(devices.vteam_memtorch(), 1.0, 50e6, (0.02, -0.2)),
    "SinhRate": Case(devices.sinh_rate(), 0.5, 1.0),
    "Chang": Case(devices.chang(10 / 4.5), 1.25, 0.25),
    "Chang.yakopcic_survey": Case(devices.chang(math.inf), 1.25, 0.25),
    "Chang.yakopcic_survey_decay": Case(devices.chang(10 / 4.5), 1.25, 0.25),
    "Volatile": Case(devices.volatile(), 1.0, 10.0),
    "PershinDiVentra": Case(devices.pershin_r2(), 5.0, 50e6, (4.6, -4.6)),
    "PershinDiVentra.biolek2013_r2": Case(devices.pershin_r2(), 5.0, 50e6, (4.6, -4.6)),
    "PershinDiVentra.ngspice_example": Case(devices.pershin(2e12, 1.6, 7e3), 3.0, 100e6, (1.6, -1.6)),
    "CubicMemristor": Case(devices.cubic(-0.667e-3, 0.029e-3, 8200 * 47e-9 / 10), 1.0, 1e3),
    "CubicMemristor.unit": Case(devices.cubic(), 1.0, 1 / (2 * math.pi)),
    "CubicMemristor.muthuswamy2010": Case(devices.cubic(-0.667e-3, 0.029e-3, 8200 * 47e-9 / 10), 1.0, 1e3),
    "Mott": _mott(mott.mott(series=0.0), 1.5),
    "Mott.biolek2013_r4": _mott(mott.mott(), 2.0),
    "Mott.biolek2013_r4_spice": _mott(mott.mott(listing=True), 2.0),
}
