"""The network of the example short_term_plasticity by plain steps of time in NumPy, written apart from the compiler.

Heun's method with small steps; a cell that passes its threshold within a step is reset where a straight line crosses it, and takes what is left of
the step anew. All devices of one sender have the same history, so that one state stands for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
STEP = 5e-5
SPIKE, SPIKE_TIME = 1.0, 1e-3  # V, s
LOW, HIGH, SCALE, GROWTH, FORGETS = 0.1e-6, 10e-6, 0.25, 7.0, 0.4


def trapezoid(t: float, height: float, start: float, width: float) -> float:
    """One pulse with ramps of 0.1 ms."""
    return float(
        np.interp(t, [start, start + 1e-4, start + 1e-4 + width, start + 2e-4 + width], [0, height, height, 0])
    )


def probe(t: float) -> float:
    """3 V for 5 ms, every 200 ms from 0.3 s on."""
    return trapezoid((t - 0.3) % 0.2, 3.0, 0.0, 5e-3) if t >= 0.3 else 0.0


@dataclass
class Group:
    """Senders and the receivers behind them; ``w`` are the devices of each sender."""

    has_burst: bool
    sender_threshold: Floats
    receiver_threshold: Floats
    u: Floats
    sent: int = 0
    received: int = 0
    means: list[float] = field(default_factory=list[float])

    def __post_init__(self) -> None:
        self.clock = np.full(len(self.u), 1.0)
        self.w = np.zeros(len(self.u))
        self.r = np.zeros(len(self.receiver_threshold))

    def drive(self, t: float) -> float:
        return probe(t) + (trapezoid(t, 2.5, 0.05, 0.15) if self.has_burst else 0.0)

    def step(self, t: float) -> None:
        here, there = self.drive(t), self.drive(t + STEP)
        slope = (here - self.u) / 10e-3
        u = self.u + STEP / 2 * (slope + (there - self.u - STEP * slope) / 10e-3)
        fired = u > self.sender_threshold
        self.sent += int(fired.sum())
        left = np.where(fired, STEP * (u - self.sender_threshold) / np.where(fired, u - self.u, 1.0), STEP)
        before = SPIKE * np.exp(-self.clock / SPIKE_TIME)
        self.receive(np.where(fired, STEP - left, STEP), before)
        self.clock = np.where(fired, 0.0, self.clock + STEP)
        self.receive(np.where(fired, left, 0.0), np.full(len(u), SPIKE))
        self.clock = np.where(fired, left, self.clock)
        self.u = np.where(fired, left * there / 10e-3, u)
        self.fire()

    def receive(self, times: Floats, start: Floats) -> None:
        """Devices and receivers go on for these times while spikes decay; both are exponentials with the rates of the middle."""
        v = start * np.exp(-times / 2 / SPIKE_TIME)
        current = (LOW + (HIGH - LOW) * self.w) * v
        up = GROWTH * (np.cosh(v / SCALE) - 1)
        rate = up + 1 / FORGETS
        self.w = up / rate + (self.w - up / rate) * np.exp(-rate * times)
        self.r = self.r + np.sum(current * times) / 26e-9

    def fire(self) -> None:
        self.r = self.r * np.exp(-STEP / (26e-9 * 400e3))
        fired = self.r > self.receiver_threshold
        self.received += int(fired.sum())
        self.r = np.where(fired, self.r - self.receiver_threshold, self.r)  # what came after the crossing charges anew


def simulate(parameters: Mapping[str, Floats], initial: Mapping[str, Floats], end: float) -> tuple[Group, Group]:
    """Both groups after the run, with the mean states of their devices at every millisecond."""
    groups = (
        Group(True, parameters["A.Uth"], parameters["P.Uth"], initial["A.u"].copy()),
        Group(False, parameters["B.Uth"], parameters["Q.Uth"], initial["B.u"].copy()),
    )
    for number in range(round(end / STEP)):
        for group in groups:
            if number % round(1e-3 / STEP) == 0:
                group.means.append(float(group.w.mean()))
            group.step(number * STEP)
    return groups
