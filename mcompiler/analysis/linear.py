"""The derivative of a system's rates at a state, applied to directions: M^-1 J v by the sweep of the derived tangent system, in units of scales.

The tangent's rates are linear in its directions, so one sweep of its kernels is an exact product. The same holds for the errors of an error network up to a
constant. No derivative is taken numerically.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcompiler.kernel.layout import Layout
from mcompiler.solver.names import inert, initial, initial_names
from mcompiler.solver.program import Floats, Integers, Program, members, scratch

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Point:
    """A state of a program: parameters, unknowns and time."""

    program: Program
    p: Floats
    y: Floats
    t: float

    def rates(self, y: Floats | None = None, t: float | None = None) -> Floats:
        """The rates of all unknowns here, or at another state or time."""
        return sweep(self.program, self.p, self.y if y is None else y, self.t if t is None else t)

    def scales(self) -> Floats:
        """The scale of every unknown."""
        found = np.ones(self.program.unknowns)
        self.program.functions["scale"](self.p, self.program.z, scratch(self.program), found)
        return found


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear map of the unknowns at some places, by a program that has their directions among its own unknowns.

    Attributes:
        program: whose rates are affine in those unknowns.
        p: its parameters.
        base: its state, directions 0.
        places: of the directions in that state.
        scales: of the directions; products are in their units.
        offset: rates of the directions at ``base``.
        t: the time.
    """

    program: Program
    p: Floats
    base: Floats
    places: Integers
    scales: Floats
    offset: Floats
    t: float

    @property
    def size(self) -> int:
        """The number of directions."""
        return len(self.places)

    def times(self, v: Floats) -> Floats:
        """The product with a real vector."""
        y = self.base.copy()
        y[self.places] = v * self.scales
        product: Floats = (sweep(self.program, self.p, y, self.t)[self.places] - self.offset) / self.scales
        return product

    def matrix(self) -> Floats:
        """All products, column by column."""
        return np.stack([self.times(unit) for unit in np.eye(self.size)], axis=1)

    def on(self, chosen: Integers) -> "Linear":
        """The block of some of the directions (numbers among these): the others are held."""
        return Linear(
            self.program, self.p, self.base, self.places[chosen], self.scales[chosen], self.offset[chosen], self.t
        )


def sweep(program: Program, p: Floats, y: Floats, t: float) -> Floats:
    """The rates of all unknowns of a program."""
    rates, nothing = np.zeros(program.unknowns), np.zeros(1)
    with np.errstate(all="ignore"):
        program.functions["sweep"](0, t, 0.0, nothing, 0, y, rates, p, program.z, scratch(program))
    return rates


def tangent_at(point: Point, tangent: Program) -> Linear:
    """The Jacobian at a point by the program of the system's tangent; its directions are numbered as the point's unknowns are."""
    return _linear(point, tangent, "dot {}", point.scales())


def errors_at(point: Point, network: Program) -> tuple[Linear, Integers]:
    """The error network at a point, and the places of the unknowns beside which there are errors."""
    y, p = _carried(point, network)
    pairs = [
        (own, other)
        for name, own in _unknowns(network.layout, network.z)
        for _, other in [_beside(point, name)]
        if other is not None
    ]
    places = np.concatenate([np.empty(0, dtype=np.int64), *(own for own, _ in pairs)])
    beside = np.concatenate([np.empty(0, dtype=np.int64), *(other for _, other in pairs)])
    offset = sweep(network, p, y, point.t)[places]
    return Linear(network, p, y, places, 1.0 / point.scales()[beside], offset, point.t), beside


def _beside(point: Point, name: tuple[str, str]) -> tuple[str, Integers | None]:
    owner, own = name
    plain = own.removeprefix("error ")
    if plain == own:
        return plain, None
    return plain, dict(_unknowns(point.program.layout, point.program.z)).get((owner, plain))


def _linear(point: Point, program: Program, form: str, scales: Floats) -> Linear:
    y, p = _carried(point, program)
    own = dict(_unknowns(program.layout, program.z))
    places = np.empty(point.program.unknowns, dtype=np.int64)
    for (owner, name), at in _unknowns(point.program.layout, point.program.z):
        places[at] = own[owner, form.format(name)]
    return Linear(program, p, y, places, scales, sweep(program, p, y, point.t)[places], point.t)


def _carried(point: Point, program: Program) -> tuple[Floats, Floats]:
    """The state and the parameters of another program of the same network, directions and errors 0."""
    y, p = np.zeros(program.unknowns), program.p.copy()
    there = dict(_unknowns(program.layout, program.z))
    for name, at in _unknowns(point.program.layout, point.program.z):
        y[there[name]] = point.y[at]
    known = dict(_parameters(program.layout, program.z))
    for name, values in _parameters(point.program.layout, point.program.z):
        p[known[name]] = point.p[values]
    return y, p


def _unknowns(layout: Layout, z: Integers) -> Iterator[tuple[tuple[str, str], Integers]]:
    every = np.arange(int(z[0]), dtype=np.int64)
    for owner in layout.classes:
        for each in owner.unknowns:
            yield (owner.name, each.name), every[members(z, owner, each)]


def _parameters(layout: Layout, z: Integers) -> Iterator[tuple[tuple[str, str], slice]]:
    for each in layout.parameters:
        yield ("", each.name), slice(int(z[each.slot]), int(z[each.slot]) + 1)
    for owner in layout.classes:
        for each in owner.parameters:
            yield (owner.name, each.name), members(z, owner, each)


# --- which directions there are


def moving(point: Point) -> Mask:
    """The unknowns that can move: not held at a bound, and not of members that are there for the shape of an array only."""
    program, y = point.program, point.y
    can = np.ones(program.unknowns, dtype=bool)
    if program.unknowns == 0:
        return can
    still = point.rates() == 0.0
    for direction in (-np.inf, np.inf):
        beyond = np.nextafter(y, direction)
        back = beyond.copy()
        program.functions["project"](back, point.p, program.z, scratch(program))
        can &= ~((back != beyond) & still)
    for name in initial_names(program):
        target = initial(program, name)
        absent = inert(program, name)
        if len(absent) and not target.shared:
            can[target.places[:, absent]] = False
    return can


def at_edges(program: Program) -> Mask:
    """Which unknowns are states of edges."""
    found = np.zeros(program.unknowns, dtype=bool)
    for owner in program.layout.classes:
        if owner.kind == "edge":
            for each in owner.unknowns:
                found[members(program.z, owner, each)] = True
    return found
