"""The system that has everything, written once more as plain Python over members: what its kernels must compute."""

import math
from dataclasses import dataclass, field

import numpy as np

from mcompiler.equations.system import LOSS
from tests.kernel.cases import Case, Floats


def clipped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def held(value: float, rate: float, low: float, high: float) -> float:
    return 0.0 if (value <= low and rate < 0.0) or (value >= high and rate > 0.0) else rate


def pulse(t: float, high: float, delay: float, width: float, period: float) -> float:
    """Rise 0.1, fall 0.2, low 0."""
    if t < delay:
        return 0.0
    t = math.fmod(t - delay, period)
    if t < 0.1:
        return high * t / 0.1
    if t < 0.1 + width:
        return high
    return high * (1.0 - (t - 0.1 - width) / 0.2) if t < 0.3 + width else 0.0


@dataclass
class Everything:
    """All quantities of the system at (t, y), one list per quantity; ``rates`` by (class, unknown)."""

    case: Case
    rates: dict[tuple[str, str], list[float]] = field(default_factory=dict[tuple[str, str], list[float]])
    shown: dict[tuple[str, str], list[float]] = field(default_factory=dict[tuple[str, str], list[float]])

    def __post_init__(self) -> None:
        nodes, cells = self._state("nodes", "v"), self._cells()
        self.current, self.capacity = [0.0] * 3, [0.0] * 3
        self.synaptic, self.seen_w = [0.0] * 2, 0.0
        self._memristors(nodes, cells)
        self._links(nodes)
        if any(each.name == "S" for each in self.case.layout.classes):
            self._synapses(cells)
        self._vertices(nodes)

    def _state(self, owner: str, name: str) -> Floats:
        return np.array(self.case.unknown(self.case.y, owner, name))

    def _one(self, owner: str, name: str) -> float:
        (value,) = self.case.parameter(owner, name)
        return float(value)

    def _cells(self) -> list[float]:
        low, high = self.case.parameter("cells", "low"), self.case.parameter("cells", "high")
        self.u = [clipped(u, low[k], high[k]) for k, u in enumerate(self._state("cells", "u"))]
        self.shown["cells", "u"] = self.u
        self.shown["cells", "r"] = [math.tanh(u * self._one("", "circuit.g")) for u in self.u]
        return self.shown["cells", "r"]

    def _memristors(self, v: Floats, r: list[float]) -> None:
        case, top, t, g = self.case, self._one("M", "top"), self.case.t, self._one("", "circuit.g")
        states = [clipped(w, 0.0, top) for w in self._state("M", "w")]
        self.shown["M", "w"], self.shown["M", "i"], self.rates["M", "w"] = states, [], []
        for k, (a, b) in enumerate(((0, 0), (1, 1), (1, 1), (2, 0))):
            w, u = states[k], v[a] - r[b]
            conductance = self._one("M", "on") * w + case.parameter("M", "off")[k] * (1 - w)
            i = conductance * u * (1 + abs(u)) + math.log1p(w) * t
            self.current[a] -= i
            self.capacity[a] += self._one("M", "C")
            self.synaptic[b] += i + w * g
            self.seen_w += w if case.parameter("M", "pick")[k] > 0 else 0.0
            rate = self._one("M", "mu") * math.sinh(u) * max(w, 1 - w) + g / 8
            self.rates["M", "w"].append(held(w, rate, 0.0, top))
            self.shown["M", "i"].append(i)

    def _links(self, v: Floats) -> None:
        for k, (a, b) in enumerate(((0, 1), (1, 1), (1, 2))):
            R = self.case.parameter("L", "R")[k]
            i = (v[a] - v[b]) / R + v[a] ** 2 / 9
            self.current[a] -= i
            self.current[b] += i
            self.capacity[a] += R / 50

    def _synapses(self, r: list[float]) -> None:
        s, rate = self._state("S", "s"), self.case.parameter("S", "rate")
        self.rates["S", "s"] = []
        for k, (post, pre) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
            self.synaptic[post] += s[k] * r[pre]
            self.rates["S", "s"].append(rate[k] * (r[pre] * r[post] - s[k] * self.u[post]))

    def _vertices(self, v: Floats) -> None:
        case, t, g = self.case, self.case.t, self._one("", "circuit.g")
        corners = [0.0, self._one("nodes", "rise"), 2.0, 3.0], [0.0, 1.0, self._one("nodes", "top"), 0.0]
        drive = [np.interp(t + late, *corners) for late in case.parameter("nodes", "late")]
        G = self._one("nodes", "G")
        self.rates["nodes", "v"] = [
            (self.current[k] - G * v[k] ** 3 + g * drive[k]) / self.capacity[k] for k in range(3)
        ]
        one = {name: self._one("cells", name) for name in ("A", "delay", "width", "period", "tau")}
        wave = pulse(t, one["A"], one["delay"], one["width"], one["period"])
        low, high = case.parameter("cells", "low"), case.parameter("cells", "high")
        rates = [(-u + self.synaptic[k] + wave) / one["tau"] for k, u in enumerate(self.u)]
        self.rates["cells", "u"] = [held(self.u[k], rate, low[k], high[k]) for k, rate in enumerate(rates)]
        self.rates["cells", "clock"] = [1 + g * math.sin(t) * r for r in self.shown["cells", "r"]]
        self.rates[LOSS, "integral"] = [v[1] ** 2 * self.seen_w]
        self.shown["nodes", "drive"], self.shown["nodes", "i"] = [float(each) for each in drive], self.current
        self.shown["cells", "j"], self.shown[LOSS, "seen w"] = self.synaptic, [self.seen_w]
