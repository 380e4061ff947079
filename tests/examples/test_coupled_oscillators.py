"""The coupled oscillators against SciPy: the equations of one piece after the other, written by hand."""

from __future__ import annotations

from math import cosh
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import mcompiler as mc
from tests.architecture.test_imports import ROOT

UNTIL = 0.15  # s; they lock at about 0.11 s
VON, VOFF, SUPPLY, R = 1.2, 0.4, 2.0, 100e3
CAPACITANCES = (10e-9, 10.5e-9)
SWITCH = (1e-6, 500e-6)  # insulator, metal


def integrated() -> tuple[np.ndarray, tuple[list[float], list[float]]]:
    """Both voltages and the state of the memristor at the end, and when each switch has turned to metal."""
    y, t, metal = np.array([VOFF, VOFF, 0.0]), 0.0, [0, 0]
    turned: tuple[list[float], list[float]] = ([], [])

    def rate(_: float, y: np.ndarray) -> list[float]:
        a, b, w = y
        bridge = (1e-6 + 99e-6 * w) * (a - b)
        grown = (cosh((a - b) / 0.25) - 1) * (1 - w) - w / 50e-3
        a_rate = ((SUPPLY - a) / R - SWITCH[metal[0]] * a - bridge) / CAPACITANCES[0]
        return [a_rate, ((SUPPLY - b) / R - SWITCH[metal[1]] * b + bridge) / CAPACITANCES[1], grown]

    class Turns:
        """Zero where a switch turns."""

        terminal = True

        def __init__(self, which: int) -> None:
            self.which, self.threshold, self.direction = which, *((VOFF, -1) if metal[which] else (VON, 1))

        def __call__(self, _: float, y: np.ndarray) -> float:
            return float(y[self.which] - self.threshold)

    while t < UNTIL:
        events = [Turns(0), Turns(1)]
        piece = solve_ivp(rate, (t, UNTIL), y, method="DOP853", rtol=1e-11, atol=1e-12, events=events)
        t, y = piece.t[-1], piece.y[:, -1]
        for which in (0, 1):
            if len(piece.t_events[which]):
                metal[which] = 1 - metal[which]
                if metal[which]:
                    turned[which].append(t)
    return y, turned


def test_a_run_with_700_events_agrees_with_scipy(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(cache))
    solver = mc.compile(mc.load(ROOT / "examples/coupled_oscillators/coupled_oscillators.mem"))
    run = solver.run((0, UNTIL), save_at=[UNTIL], rtol=1e-10)
    y, turned = integrated()
    assert np.array([run[name][-1] for name in ("A.v", "B.v", "K.M.w")]) == pytest.approx(y, abs=1e-7)
    for name, expected in zip("AB", turned, strict=True):
        times = [each.t for each in run.events if each.name == f"S{name}, event 0"]
        assert len(times) > 150
        assert times == pytest.approx(expected, abs=1e-9)
