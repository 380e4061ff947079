"""MATH 3c as a whole: the derived adjoint integrated backward, against complex steps of a hand-written forward run.

Terminal, running and point losses, jumps, bar of masses, lam(0)^T M dx0/dp, derivatives by initial values: each of them is in one gradient.
"""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.system import LOSS
from mcompiler.equations.verify import verify
from tests.equations.evaluate import Array, Key, Setting, State, evaluate, gradient_shares, masses, rates, setting
from tests.equations.models import NET, from_text

END, INSTANTS, EDGES = 0.06, (0.02, 0.04, 0.06), (0.0, 0.01, 0.02, 0.04, 0.05, 0.06)
START = {"v": 0.1, "w": 0.5}
PARAMETERS = {
    ("", "circuit.A"): 1.0, ("", "circuit.f"): 20.0, ("R1", "R"): 2e3, ("C1", "C"): 3e-6, ("M", "Gmin"): 1e-6, ("M", "Gmax"): 400e-6,
    ("M", "alpha"): 1.0, ("M", "V0"): 0.3, ("B", "turns"): 30.0, ("B", "L1"): 2e-3, ("B", "I0"): 20e-6,
}  # fmt: skip


@dataclass(frozen=True)
class ByHand:
    """The same network and loss, written by hand, for complex numbers too."""

    p: dict[Key, Any]

    def rates(self, t: float, y: Array) -> Array:
        """Of (v, w, i, running loss)."""
        v, w, i, _ = y
        p = {name.removeprefix("circuit."): value for (_, name), value in self.p.items()}
        through = (p["Gmin"] + (p["Gmax"] - p["Gmin"]) * w) * v
        source = p["A"] * np.sin(2 * np.pi * p["f"] * t)
        running = (through / 1e-5) ** 2 + v * p["A"] if 0.01 <= t <= 0.05 else 0 * v
        return np.array(
            [
                ((source - v) / p["R"] - through - i) / p["C"],
                p["alpha"] * np.sinh(v / p["V0"]) * 4 * w * (1 - w),
                v / (p["L1"] * p["turns"] ** 2),
                running,
            ]
        )

    def start(self, v: Any, w: Any, change: Any = 0.0) -> Array:
        """Initial values; ``change`` is added to the current."""
        return np.array([v, w, self.p["B", "I0"] * (1 + self.p["B", "turns"] / 10) + change, 0.0], dtype=complex)

    def loss(self, y: Array) -> Any:
        """All terms, from a start on."""
        total: Any = 0.0
        for first, last in itertools.pairwise(EDGES):
            y = _run(self.rates, first, last, y).y[:, -1]
            v, w, i, running = y
            if last == 0.02:
                total = total + v**2 * i / 1e-3 + self.p["", "circuit.A"] ** 2
            if last == 0.04:
                total = total + w * v
            if last == END:
                total = total + (w - 0.4) ** 2 + i / 1e-3 * v + running
        return total


def _run(rate: Callable[[float, Array], Array], first: float, last: float, y: Array) -> Any:
    """One smooth piece; the mesh of a complex run is that of its real part."""
    inside = lambda t, y: rate(min(max(t, min(first, last) + 1e-12), max(first, last) - 1e-12), y)  # noqa: E731
    return solve_ivp(inside, (first, last), y, method="DOP853", rtol=1e-12, atol=1e-18, dense_output=True)


@dataclass
class Backward:
    """The derived adjoint along a forward trajectory."""

    at: Setting
    backward: Setting
    forward: Callable[[float], dict[Key, Array]]

    def __post_init__(self) -> None:
        self.lams: list[Key] = [("nodes", "lam v"), ("M", "lam w"), ("B", "lam i")]

    def now(self, setting: Setting, t: float, lam: Array) -> State:
        """All quantities of the adjoint, or of a system of jumps."""
        named = {key: lam[place : place + 1] for place, key in enumerate(self.lams)}
        return evaluate(setting, t, named, evaluate(self.at, t, self.forward(t)))

    def rates(self, t: float, state: Array) -> Array:
        """Of lam and of the gradient, for time that runs backward."""
        now = self.now(self.backward, t, state[:3])
        rate, mass = rates(self.backward, now), masses(self.backward, now)
        shares = gradient_shares(self.backward, now)
        return np.array(
            [*(-rate[key][0] / mass[key][0] for key in self.lams), *(-_share(shares, key) for key in PARAMETERS)]
        )

    def jump(self, place: int, t: float, state: Array) -> Array:
        """The state before a loss at an instant."""
        system = self.at.of(self.backward.system.jumps[place])
        now = self.now(system, t, state[:3])
        rate, mass = rates(system, now), masses(system, now)
        shares = gradient_shares(system, now)
        change = [*(rate[key][0] / mass[key][0] for key in self.lams), *(_share(shares, key) for key in PARAMETERS)]
        after: Array = state + np.array(change)
        return after


def _share(shares: dict[Key, Array], key: Key) -> float:
    return float(shares.get(key, np.zeros(())))


def test_the_derived_gradient_is_that_of_a_hand_written_run() -> None:
    model = from_text(NET)
    at = setting(model.network, model.system)
    assert {key: float(each) for key, each in at.parameters.items()} == pytest.approx(PARAMETERS)
    hand = ByHand(dict(PARAMETERS))
    y = hand.start(START["v"], START["w"])
    pieces: list[Any] = []
    for first, last in itertools.pairwise(EDGES):
        pieces.append(_run(hand.rates, first, last, np.real(y)))
        y = pieces[-1].y[:, -1]

    def forward(t: float) -> dict[Key, Array]:
        place = min(int(np.searchsorted(EDGES, t, side="right")) - 1, len(pieces) - 1)
        v, w, i, running = pieces[place].sol(t)
        return {
            ("nodes", "v"): np.array([v]),
            ("M", "w"): np.array([w]),
            ("B", "i"): np.array([i]),
            (LOSS, "integral 0"): np.array([running]),
        }

    now = evaluate(at, 0.017, forward(0.017))
    by_hand = hand.rates(0.017, pieces[1].sol(0.017))
    found = [
        rates(at, now)[key][0] / masses(at, now)[key][0]
        for key in (("nodes", "v"), ("M", "w"), ("B", "i"), (LOSS, "integral 0"))
    ]
    assert found == pytest.approx(by_hand, rel=1e-12)

    walk = Backward(at, at.of(verify(adjoint(model.system))), forward)
    state = np.zeros(3 + len(PARAMETERS))
    terms = {0.02: 0, 0.04: 1, END: 2}
    for first, last in reversed(list(itertools.pairwise(EDGES))):
        if last in terms:
            state = walk.jump(terms[last], last, state)
        state = _run(walk.rates, last, first, state).y[:, -1]
    start = walk.now(walk.backward, 0.0, state[:3])
    mass, shares = masses(walk.backward, start), gradient_shares(walk.backward, start, "start")
    gradient = {key: state[3 + place] + _share(shares, key) for place, key in enumerate(PARAMETERS)}
    by_start = [mass[key][0] * state[place] for place, key in enumerate(walk.lams)]

    step = 1e-25
    for key, value in PARAMETERS.items():
        moved = ByHand({**PARAMETERS, key: value + 1j * step * value})
        wanted = moved.loss(moved.start(START["v"], START["w"])).imag / (step * value)
        assert gradient[key] == pytest.approx(wanted, rel=1e-10), key
    starts = [
        hand.start(START["v"] + 1j * step, START["w"]),
        hand.start(START["v"], START["w"] + 1j * step),
        hand.start(**START, change=1j * step),
    ]
    assert by_start == pytest.approx([hand.loss(each).imag / step for each in starts], rel=1e-10)
