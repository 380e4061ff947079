"""Small models built by hand, and what it takes to run them: one class of cells, watched by a loss vertex where there are losses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import sympy
from numpy.typing import NDArray

from mcompiler.backends import get_backend
from mcompiler.backends.protocols import CompileOptions, Compiles, Library, Runs
from mcompiler.equations.system import (
    LOSS,
    Accumulator,
    Contribution,
    EdgeClass,
    Event,
    Parameter,
    PointLoss,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.integrators.entries import INTEGRATORS
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.ir import KernelModule
from mcompiler.kernel.layout import Layout, bind
from mcompiler.units import DIMENSIONLESS as ONE

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Expression: TypeAlias = sympy.Expr | float
#: Options of a run by keyword.
Options: TypeAlias = dict[str, Any]


def symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


def unknown(
    name: str,
    rate: Expression,
    *,
    initial: Expression = 0,
    scale: Expression = 1,
    lower: Expression | None = None,
    upper: Expression | None = None,
) -> Unknown:
    return Unknown(
        symbol(name),
        ONE,
        rate=sympy.sympify(rate),
        initial=sympy.sympify(initial),
        scale=sympy.sympify(scale),
        lower=None if lower is None else sympy.sympify(lower),
        upper=None if upper is None else sympy.sympify(upper),
    )


def when(margin: Expression, **assignments: Expression) -> Event:
    return Event(
        sympy.sympify(margin), ONE, tuple((symbol(name), sympy.sympify(value)) for name, value in assignments.items())
    )


def cells(
    name: str,
    unknowns: Sequence[Unknown],
    parameters: str = "",
    varying: str = "",
    events: Sequence[Event] = (),
    losses: Sequence[PointLoss] = (),
    running: Sequence[Unknown] = (),
) -> System:
    """One class ``cell``; losses may mention ``seen x``, the sum of unknown x over all cells; ``running`` are losses' own unknowns."""
    uniform = [Parameter(symbol(each), ONE) for each in parameters.split()]
    own = [Parameter(symbol(each), ONE, varies=True) for each in varying.split()]
    template = Template("cell", parameters=(*uniform, *own), unknowns=tuple(unknowns), events=tuple(events))
    if not losses and not running:
        return System(name, (VertexClass("cell", template),), ())
    names = [each.symbol.name for each in unknowns]
    watch = Template(
        "watch",
        reads=tuple(Read(symbol(each), 0, each, ONE) for each in names),
        contributions=tuple(Contribution(1, f"seen {each}", symbol(each), ONE) for each in names),
    )
    seen = tuple(Accumulator(symbol(f"seen {each}"), ONE) for each in names)
    collector = Template("loss", unknowns=tuple(running), accumulators=seen)
    vertices = (VertexClass("cell", template), VertexClass(LOSS, collector))
    return System(name, vertices, (EdgeClass("watch", watch, ("cell", LOSS)),), losses=tuple(losses))


@dataclass(frozen=True)
class Model:
    """A lowered system of so many cells, with numbers for its parameters in the order of the layout."""

    module: KernelModule
    layout: Layout
    z: Integers
    p: Floats
    count: int = 1

    def on(self, backend: str) -> Library:
        chosen = get_backend(backend)
        if isinstance(chosen, Runs):
            return chosen.open(self.module, INTEGRATORS)
        assert isinstance(chosen, Compiles)
        artifact = chosen.compile(self.module, self.layout, INTEGRATORS, CompileOptions())
        return chosen.load(artifact)

    @property
    def n(self) -> int:
        return int(self.z[0])

    def columns(self) -> tuple[Integers, int]:
        """``want`` and the number of columns for all unknowns of the cells, in the order of the layout."""
        want = np.full(int(self.z[4]), -1, dtype=np.int64)
        own = self.layout.of("cell")
        names = [each.name for each in own.unknowns]
        for each in own.observables:
            if each.name in names:
                want[each.number] = names.index(each.name) * self.count
        return want, len(names) * self.count

    def initial(self, library: Library) -> Floats:
        y = np.zeros(self.n)
        library["initial"](self.p, self.z, np.zeros(int(self.z[3])), y)
        return y


def model(system: System, values: Mapping[str, float | Sequence[float]], count: int = 1) -> Model:
    module, layout = lower(system)
    sizes = {"cell": count, LOSS: 1, "watch": count}
    ends = {("watch", 0): np.arange(count), ("watch", 1): np.zeros(count, dtype=np.int64)}
    names = {each.name for each in layout.classes}
    z = bind(layout, {name: size for name, size in sizes.items() if name in names}, ends if "watch" in names else {})
    own = layout.of("cell")
    p = np.zeros(int(z[1]))
    for each in own.parameters:
        start = int(z[each.slot])
        p[start : start + (count if each.varies else 1)] = values[each.name]
    return Model(module, layout, z, p, count)


@cache
def python(make: Callable[..., Model], *arguments: float) -> tuple[Model, Library]:
    """The model that a function makes, on the Python backend; once per session."""
    made = make(*arguments)
    return made, made.on("python")


@cache
def compiled(make: Callable[..., Model], *arguments: float) -> tuple[Model, Library]:
    """The model that a function makes, as machine code; once per session."""
    made = make(*arguments)
    return made, made.on("numba")
