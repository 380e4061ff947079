"""The oracle itself against published figures, so that it may judge the library."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false
from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.oracle import chua, closed_forms, devices
from tests.oracle.reference import currents, lobe_area, trajectory

HP_K = 1e-14 * 100 / (10e-9) ** 2


def sine(amplitude: float, f: float) -> Callable[[float], float]:
    """Voltage in V of a sine; frequency in Hz."""
    return lambda t: amplitude * math.sin(2 * math.pi * f * t)


def test_figure_2b_of_strukov() -> None:
    device, drive = devices.hp(devices.no_window), sine(1.0, 0.5)
    times = np.linspace(0, 2, 4001)
    x = trajectory(device, drive, times)
    i = currents(device, drive, times, x)
    flux = (1 - np.cos(np.pi * times)) / np.pi
    assert x == pytest.approx(closed_forms.hp_by_flux(flux, 0.1, 100, 16e3, HP_K), abs=1e-10)
    assert x.max() == pytest.approx(0.8628, abs=5e-5)
    assert i.max() == pytest.approx(119.8e-6, rel=5e-4)
    half = slice(0, 2001)
    assert lobe_area(np.sin(np.pi * times[half]), i[half]) == pytest.approx(58.05e-6, rel=5e-4)


def test_figure_2c_of_strukov() -> None:
    device = devices.hp(devices.no_window, r_off=38e3)
    drive = lambda t: math.copysign(math.sin(math.pi * t / 1.0) ** 2, 3.0 - t)  # noqa: E731
    times = np.linspace(0, 6, 12001)
    x = trajectory(device, drive, times, corners=[1, 2, 3, 4, 5])
    i = currents(device, drive, times, x) / 10e-3 * 1e3
    peaks = [np.abs(i[2000 * n : 2000 * (n + 1)]).max() for n in range(6)]
    assert peaks == pytest.approx([3.21, 4.12, 7.41, 7.41, 4.12, 3.21], rel=2e-3)
    assert x.max() == pytest.approx(0.850, abs=1e-3)


@pytest.mark.parametrize(
    ("window", "low", "high", "peak", "lobes"),
    [
        (devices.joglekar_window(1), 0.3145, 0.8106, 180.60, (83.79, 83.79)),
        (devices.biolek_window(10), 0.3077, 0.9569, 218.77, (123.33, 119.63)),
        (devices.prodromakis_window(1), 0.3145, 0.3989, 115.98, (6.034, 6.034)),
        (devices.zha_window(1), 0.3145, 0.4431, 124.94, (6.884, 5.558)),
    ],
)
def test_windows(window: devices.Window, low: float, high: float, peak: float, lobes: tuple[float, float]) -> None:
    device, drive = devices.hp(window, initial=(16e3 - 11e3) / 15.9e3), sine(1.2, 1.0)
    times = np.linspace(0, 3, 12001)
    x = trajectory(device, drive, times, corners=np.arange(0.5, 3, 0.5).tolist())
    i, v = currents(device, drive, times, x), 1.2 * np.sin(2 * np.pi * times)
    up, down = slice(8000, 10001), slice(10000, None)  # ranges are those of all three periods, lobes of the third
    assert (x.min(), x.max()) == pytest.approx((low, high), abs=1e-4)
    assert i.max() * 1e6 == pytest.approx(peak, rel=2e-4)
    assert (lobe_area(v[up], i[up]) * 1e6, lobe_area(v[down], i[down]) * 1e6) == pytest.approx(lobes, rel=1e-3)


def test_joglekar_window_integrates_to_a_logistic_of_the_charge() -> None:
    device, drive = devices.hp(devices.joglekar_window(1), initial=0.3), sine(1.2, 1.0)
    times = np.linspace(0, 1, 20001)
    x = trajectory(device, drive, times)
    i = currents(device, drive, times, x)
    charge = np.concatenate([[0], np.cumsum(0.5 * np.diff(times) * (i[1:] + i[:-1]))])
    assert x == pytest.approx(closed_forms.joglekar_by_charge(charge, 0.3, HP_K), abs=1e-7)


def vteam_loop(f: float, periods: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """State and current in mA over the last of ``periods`` periods."""
    device, drive = devices.vteam_biolek2021(), sine(2.0, f)
    crossing = math.asin(0.4) / (2 * math.pi * f)
    half = 0.5 / f
    corners = [c for n in range(2 * periods) for c in (n * half + crossing, (n + 1) * half - crossing)]
    times = np.linspace(0, periods / f, 4000 * periods + 1)
    x = trajectory(device, drive, times, corners=corners)
    return x[-4000:], currents(device, drive, times, x)[-4000:] * 1e3


def test_vteam_of_biolek_2021() -> None:
    _, i = vteam_loop(10, 6)
    assert (i.max(), i.min()) == pytest.approx((1.0, -0.581), abs=2e-3)
    x, i = vteam_loop(100, 6)  # the loop still creeps; the figure is that of the sixth period
    assert (i.max(), i.min()) == pytest.approx((0.575, -0.567), abs=2e-3)
    assert (x.min(), x.max()) == pytest.approx((0.084, 0.632), abs=2e-3)
    x, i = vteam_loop(1000, 20)
    assert i.max() == pytest.approx(0.420, abs=2e-3)
    assert (x.min(), x.max()) == pytest.approx((0.320, 0.375), abs=2e-3)


def test_vteam_of_memtorch_reaches_both_currents() -> None:
    f = 50e6
    low, high = (math.asin(v) / (2 * math.pi * f) for v in (0.02, 0.2))
    half = 0.5 / f
    corners = [low, half - low, half, half + high, 2 * half - high]
    device, drive, times = devices.vteam_memtorch(), sine(1.0, f), np.linspace(0, 1 / f, 8001)
    x = trajectory(device, drive, times, corners=corners)
    i = currents(device, drive, times, x) * 1e3
    assert x.min() == 0.0
    assert x.max() * 3 == pytest.approx(0.154, abs=1e-3)
    assert (i.max(), i.min()) == pytest.approx((14.25, -20.0), rel=2e-3)


def test_turning_resistance_of_the_threshold_device() -> None:
    closed = closed_forms.threshold_turning_resistance(5.0, 4.6, 1e13, 50e6, 10e3)
    assert closed == pytest.approx(3181.87, abs=5e-3)
    f = 50e6
    first = math.asin(0.92) / (2 * math.pi * f)
    half = 0.5 / f
    corners = [c for n in range(6) for c in (n * half + first, (n + 1) * half - first)]
    device, drive, times = devices.pershin_r2(), sine(5.0, f), np.linspace(0, 3 / f, 12001)
    r = trajectory(device, drive, times, corners=corners)
    assert r.max() == 10e3
    assert r.min() == pytest.approx(closed, rel=1e-9)
    assert np.abs(currents(device, drive, times, r)).max() == pytest.approx(1.452e-3, rel=1e-3)


@pytest.mark.parametrize(("tau", "top", "peak"), [(math.inf, 0.527, 7.09e-6), (10 / 4.5, 0.408, 6.49e-6)])
def test_chang_under_a_triangle(tau: float, top: float, peak: float) -> None:
    device, times = devices.chang(tau), np.linspace(0, 4, 8001)
    drive = lambda t: 1.25 * (1 - abs(((t + 3) % 4) - 2)) * -1  # noqa: E731
    x = trajectory(device, drive, times, corners=[1, 2, 3])
    assert x.max() == pytest.approx(top, abs=1e-3)
    assert currents(device, drive, times, x).max() == pytest.approx(peak, rel=2e-3)


def test_decay_is_one_exponential() -> None:
    times = np.linspace(0, 5, 101)
    device = devices.chang(10 / 4.5)
    resting = devices.Device(device.rate, device.current, 0.0, 1.0, 0.8)
    x = trajectory(resting, lambda t: 0.0, times)
    assert x == pytest.approx(closed_forms.decay(times, 0.8, 10 / 4.5), abs=1e-11)


def test_unit_cubic() -> None:
    times = np.linspace(0, 2 * np.pi, 20001)
    device = devices.cubic()
    i = currents(device, math.sin, times, trajectory(device, math.sin, times))
    assert i == pytest.approx(closed_forms.cubic_current(times), abs=1e-10)
    assert i.max() == pytest.approx(2.323, abs=1e-3)
    assert lobe_area(np.sin(times[:10001]), i[:10001]) == pytest.approx(4 / 3, rel=1e-6)
    assert lobe_area(np.sin(times[10000:]), i[10000:]) == pytest.approx(4 / 3, rel=1e-6)


@pytest.mark.parametrize(
    ("r", "top", "tolerance"),
    [
        (2000, (2.1, 0.71, 1.53e-3, 3.07), 0.04),  # chaotic: the extremes of a finite run
        (1900, (2.30, 0.609, 1.41e-3, 2.875), 3e-3),
        (1800, (10.2, 4.34, 9.65e-3, 4.70), 3e-3),
    ],
)
def test_attractor_of_the_cubic_chua_circuit(r: float, top: tuple[float, ...], tolerance: float) -> None:
    samples = chua.attractor(r, until=0.1)
    assert samples.max(axis=1) == pytest.approx(top, rel=tolerance)
    assert -samples.min(axis=1) == pytest.approx(top, rel=tolerance)


def test_the_cubic_chua_circuit_keeps_its_charge() -> None:
    samples = chua.attractor(2000, start=(0.1, 0, 0, 0), until=0.03)
    samples[3] *= chua.PHI0
    kept = chua.invariant(samples, 2000)
    assert kept == pytest.approx(np.full_like(kept, 6.8e-10), rel=1e-4)
