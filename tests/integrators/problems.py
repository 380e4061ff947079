"""Models with closed solutions, or with everything that an integrator must face."""

from functools import cache

import numpy as np
import sympy

from mcompiler.equations.functions import pulse, raised, sin
from mcompiler.equations.system import TIME, PointLoss, System
from mcompiler.integrators.run import Losses
from mcompiler.units import DIMENSIONLESS as ONE
from tests.integrators.systems import Floats, Model, cells, model, symbol, unknown, when

x, v, q, a, b, c, d = map(symbol, "xvqabcd")


@cache
def kepler(eccentricity: float) -> Model:
    """The two-body problem from pericentre, period 2 pi."""
    cube = raised(a * a + b * b, sympy.Float(1.5))
    speed = float(np.sqrt((1 + eccentricity) / (1 - eccentricity)))
    unknowns = [
        unknown("a", c, initial=sympy.Float(1 - eccentricity)),
        unknown("b", d),
        unknown("c", -a / cube),
        unknown("d", -b / cube, initial=sympy.Float(speed)),
    ]
    return model(cells("kepler", unknowns), {})


def kepler_exact(eccentricity: float, t: Floats) -> Floats:
    """By Kepler's equation."""
    anomaly = t.copy()
    for _ in range(60):
        slope = 1 - eccentricity * np.cos(anomaly)
        anomaly = anomaly - (anomaly - eccentricity * np.sin(anomaly) - t) / slope
    minor, rate = np.sqrt(1 - eccentricity**2), 1 / (1 - eccentricity * np.cos(anomaly))
    place = (np.cos(anomaly) - eccentricity, minor * np.sin(anomaly))
    return np.stack([*place, -np.sin(anomaly) * rate, minor * np.cos(anomaly) * rate], axis=-1)


@cache
def oscillator() -> Model:
    """x'' = -omega^2 x - friction x' + force sin(3 t)."""
    unknowns = [
        unknown("x", v, initial=1),
        unknown("v", -(symbol("omega") ** 2) * x - symbol("friction") * v + symbol("force") * sin(3 * TIME)),
    ]
    return model(cells("oscillator", unknowns, "omega friction force"), {"omega": 1.7, "friction": 0.1, "force": 0.5})


@cache
def ball() -> Model:
    """A ball that bounces on the floor x = 0."""
    unknowns = [unknown("x", v, initial=1), unknown("v", -symbol("g"))]
    return model(cells("ball", unknowns, "g r", events=[when(-x, v=-symbol("r") * v)]), {"g": 9.81, "r": 0.9})


#: Its parameters.
ENEMY = {"A": 0.7, "delay": 0.3, "rise": 0.1, "k": 0.4, "omega": 1.7, "c": 0.13, "wall": 0.55, "x0": 0.2, "L": 0.9}


def enemy_system(*, events: bool = True) -> System:
    """Walls that depend on parameters, reached with speed; a pulse; two events that set each other off; point losses with data and a running loss."""
    k, L, A = map(symbol, ("k", "L", "A"))
    drive = pulse(TIME, 0, A, symbol("delay"), symbol("rise"), 0.2, 0.5, 2.0)
    unknowns = [
        unknown("x", v + k * drive, initial=symbol("x0"), lower=-symbol("wall") / 10, upper=1.1 * symbol("wall")),
        unknown("v", -(symbol("omega") ** 2) * x - symbol("c") * v + A * sin(3 * TIME), initial=1, scale=1 + k),
        unknown("q", 1 + k * x * x),
    ]
    acting = [
        when(q - L, q=k * x, v=v * (1 - symbol("c")) + TIME * k),
        when(v - q - L, v=-v * symbol("c")),
    ]
    fit = (symbol("seen x") - symbol("target")) ** 2 + symbol("seen v") * TIME
    losses = [PointLoss("fit", fit, ONE, (symbol("target"),)), PointLoss("integral", symbol("integral"), ONE)]
    running = [unknown("integral", symbol("seen x") ** 2 * symbol("seen q") + sin(TIME), initial=0)]
    return cells("enemy", unknowns, " ".join(ENEMY), events=acting if events else (), losses=losses, running=running)


@cache
def enemy() -> Model:
    """The model of all that."""
    return model(enemy_system(), ENEMY)


def enemy_losses() -> Losses:
    """Losses at the start, between, several at once, and at the end; with weights of both signs."""
    rng = np.random.default_rng(5)
    return Losses(
        t=np.array([0.0, 0.5, 1.0, 1.0, 2.31, 4.0, 4.0]),
        terms=np.array([0, 0, 0, 1, 0, 0, 1]),
        rows=np.array([0, 1, 2, 0, 3, 4, 0]),
        data=rng.normal(size=5),
        weights=rng.normal(size=7),
    )
