"""Networks of tanh cells built by hand, in both forms of MATH 3a, with their matrices by NumPy: two classes of cells, four classes of synapses, a loss.

form A   tau dx/dt = -x + tanh(a + b) + I,   a = sum of W*x
form B   tau dx/dt = -x + a + I,             a = sum of W*tanh(x)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import sympy
from numpy.typing import NDArray

from mcompiler.backends import get_backend
from mcompiler.backends.protocols import CompileOptions, Compiles, Library, Runs
from mcompiler.equations.functions import gt, log1p, tanh, where
from mcompiler.equations.system import (
    LOSS,
    ZERO,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Parameter,
    PointLoss,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.translate import as_written
from mcompiler.integrators.entries import INTEGRATORS
from mcompiler.integrators.run import Outcome, Run, integrate
from mcompiler.kernel import abi
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.ir import KernelModule
from mcompiler.kernel.layout import Layout, bind, parameter_slice, unknown_slice
from mcompiler.kernel.verify import verify
from mcompiler.units import DIMENSIONLESS as ONE
from mcompiler.units import TIME as SECONDS

Floats = NDArray[np.float64]
Key = tuple[str, str]
Form = Literal["A", "B"]
HALF = sympy.Rational(1, 2)


def symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


x, r, a, b, drive, tau, W, on, target, cost = map(symbol, ("x", "r", "a", "b", "I", "tau", "W", "on", "target", "cost"))


def cell(form: Form, bound: float | None = None) -> Template:
    """A cell, held within plus and minus ``bound`` where one is given."""
    limit = None if bound is None else sympy.Float(bound)
    shown = Definition(r, ONE, x if form == "A" else tanh(x))
    rate = -x + drive + (tanh(a + b) if form == "A" else a)
    names = ("b", "I", "tau") if form == "A" else ("I", "tau")
    return Template(
        f"cell in form {form}",
        parameters=tuple(Parameter(symbol(each), SECONDS if each == "tau" else ONE, varies=True) for each in names),
        unknowns=(
            Unknown(
                x,
                ONE,
                rate,
                mass=tau,
                lower=None if limit is None else -limit,
                upper=limit,
                mass_dimension=SECONDS,
            ),
        ),
        definitions=(shown,),
        accumulators=(Accumulator(a, ONE),),
    )


def synapse(*, excludes: bool = False, has_state: bool = False) -> Template:
    """``excludes``: members with ``on`` = 0 are inert; ``has_state``: the weight is a state that decays to W, from 1 above it."""
    weight = symbol("w") if has_state else W
    pre, value = symbol("pre.r"), weight * symbol("pre.r")
    state = Unknown(symbol("w"), ONE, rate=(W - symbol("w")) / tau, initial=W + 1)
    return Template(
        "synapse",
        parameters=(
            Parameter(W, ONE, varies=True),
            *((Parameter(tau, SECONDS),) if has_state else ()),
            *((Parameter(on, ONE, varies=True, structural=True),) if excludes else ()),
        ),
        unknowns=(state,) if has_state else (),
        reads=(Read(pre, 0, "r", ONE),),
        contributions=(Contribution(1, "a", where(gt(on, ZERO), value, ZERO) if excludes else value, ONE),),
    )


def observer(reads: str) -> Template:
    """Half the square of what a cell is from its target, into the cost."""
    seen = symbol(f"cell.{reads}")
    return Template(
        "observer",
        parameters=(Parameter(target, ONE, varies=True),),
        reads=(Read(seen, 0, reads, ONE),),
        contributions=(Contribution(1, "cost", HALF * (seen - target) ** 2, ONE),),
    )


@as_written
def system(
    form: Form,
    *,
    excludes: bool = True,
    has_state: bool = False,
    sees: str = "x",
    bends: bool = True,
    bound: float | None = None,
) -> System:
    """The network; the loss is the cost of all cells, or where it ``bends`` log(1 + cost), whose slope depends on all of them."""
    edges = (
        EdgeClass("XX", synapse(excludes=excludes, has_state=has_state), ("X", "X"), "dense"),
        EdgeClass("XY", synapse(), ("X", "Y"), "dense"),
        EdgeClass("YX", synapse(), ("Y", "X")),
        EdgeClass("YY", synapse(has_state=has_state), ("Y", "Y")),
        EdgeClass("observe X", observer(sees), ("X", LOSS)),
        EdgeClass("observe Y", observer(sees), ("Y", LOSS)),
    )
    loss = Template("loss", accumulators=(Accumulator(cost, ONE),))
    return System(
        f"tanh{form}",
        (VertexClass("X", cell(form, bound)), VertexClass("Y", cell(form, bound)), VertexClass(LOSS, loss)),
        edges,
        losses=(PointLoss("loss 0", log1p(cost) if bends else cost, ONE),),
    )


SIZES = {"X": 4, "Y": 3, "YX": 5, "YY": 4, LOSS: 1, "observe X": 4, "observe Y": 3}
#: YX has two edges from Y1 to X2, YY two from Y0 to itself and one from Y2 to itself; Y1 has no edge within Y.
ENDS: dict[Key, list[int]] = {
    ("YX", "0"): [0, 1, 1, 2, 2],
    ("YX", "1"): [3, 2, 2, 0, 1],
    ("YY", "0"): [0, 0, 2, 0],
    ("YY", "1"): [0, 0, 2, 2],
}


@dataclass(frozen=True)
class Numbers:
    """Values of all parameters, by class and name, and the matrices that they make: cells of X first, then of Y."""

    form: Form
    values: dict[Key, Floats]
    sees: str = "x"
    bends: bool = True

    @property
    def matrix(self) -> Floats:
        """W of all cells, [post, pre]."""
        values, full = self.values, np.zeros((7, 7))
        full[:4, :4] = (values["XX", "W"] * values["XX", "on"]).reshape(4, 4)
        full[4:, :4] = values["XY", "W"].reshape(3, 4)
        for name, post, pre in (("YX", 0, 4), ("YY", 4, 4)):
            places = np.array(ENDS[name, "1"]) + post, np.array(ENDS[name, "0"]) + pre
            np.add.at(full, places, values[name, "W"])
        return full

    def both(self, name: str) -> Floats:
        """A parameter of all cells."""
        return np.concatenate([self.values["X", name], self.values["Y", name]])

    def residual(self, at: Floats) -> Floats:
        """f(x)."""
        if self.form == "A":
            return -at + np.tanh(self.matrix @ at + self.both("b")) + self.both("I")
        return -at + self.matrix @ np.tanh(at) + self.both("I")

    def jacobian(self, at: Floats) -> Floats:
        """df/dx."""
        if self.form == "A":
            return -np.eye(7) + (1 - np.tanh(self.matrix @ at + self.both("b")) ** 2)[:, None] * self.matrix
        full: Floats = -np.eye(7) + self.matrix * (1 - np.tanh(at) ** 2)
        return full

    def seen(self, at: Floats) -> Floats:
        """What the loss sees of the cells."""
        return np.tanh(at) if self.form == "B" and self.sees == "r" else at

    def loss(self, at: Floats) -> float:
        """C(x)."""
        value = 0.5 * np.sum((self.seen(at) - self.targets) ** 2)
        return float(np.log1p(value) if self.bends else value)

    @property
    def targets(self) -> Floats:
        """Of all cells."""
        return np.concatenate([self.values["observe X", "target"], self.values["observe Y", "target"]])

    def slope_by_seen(self, at: Floats) -> Floats:
        """dC/d(what is seen)."""
        away = self.seen(at) - self.targets
        return away / float(1 + 0.5 * np.sum(away**2)) if self.bends else away

    def slope(self, at: Floats) -> Floats:
        """c = dC/dx."""
        gain = 1 - np.tanh(at) ** 2 if self.form == "B" and self.sees == "r" else np.ones(7)
        return self.slope_by_seen(at) * gain

    def fixed_point(self) -> Floats:
        """By Newton's method, from 0."""
        at = np.zeros(7)
        for _ in range(50):
            at = at - np.linalg.solve(self.jacobian(at), self.residual(at))
        assert np.max(np.abs(self.residual(at))) < 1e-14
        return at

    def adjoint(self) -> Floats:
        """J^T lam = -c at the fixed point."""
        at = self.fixed_point()
        return -np.asarray(np.linalg.solve(self.jacobian(at).T, self.slope(at)), dtype=np.float64)

    def moved(self, key: Key, place: int, change: float) -> Numbers:
        """With one value changed."""
        changed = self.values[key].copy()
        changed[place] += change
        return replace(self, values={**self.values, key: changed})


def numbers(form: Form, *, gain: float = 0.5, seed: int = 1, sees: str = "x", bends: bool = True) -> Numbers:
    """Random values; the matrix has the spectral norm ``gain`` or a little more."""
    draw = np.random.default_rng(seed)
    counts = {"XX": 16, "XY": 12, "YX": 5, "YY": 4}
    values: dict[Key, Floats] = {(name, "W"): draw.normal(size=count) for name, count in counts.items()}
    values["XX", "on"] = 1.0 - np.eye(4).ravel()
    for name, count in (("X", 4), ("Y", 3)):
        values[name, "I"] = 0.3 * draw.normal(size=count)
        values[name, "tau"] = draw.uniform(0.5, 2.0, size=count)
        if form == "A":
            values[name, "b"] = 0.3 * draw.normal(size=count)
        values[f"observe {name}", "target"] = draw.uniform(-1.0, 1.0, size=count)
    norm = float(np.linalg.norm(Numbers(form, values).matrix, 2))
    values |= {(name, "W"): values[name, "W"] * gain / norm for name in counts}
    return Numbers(form, values, sees, bends)


# --- running


@dataclass(frozen=True)
class Running:
    """A lowered system with its numbers."""

    module: KernelModule
    layout: Layout
    z: NDArray[np.int64]
    p: Floats

    def on(self, backend: str) -> Library:
        chosen = get_backend(backend)
        if isinstance(chosen, Runs):
            return chosen.open(self.module, INTEGRATORS)
        assert isinstance(chosen, Compiles)
        return chosen.load(chosen.compile(self.module, self.layout, INTEGRATORS, CompileOptions()))

    def start(self, library: Any) -> Floats:
        """The model's initial state."""
        y = np.zeros(int(self.z[abi.N_UNKNOWNS]))
        library["initial"](self.p, self.z, np.zeros(int(self.z[abi.N_SCRATCH])), y)
        return y

    def of(self, y: Floats, name: str) -> Floats:
        """An unknown of all cells."""
        return np.concatenate([y[unknown_slice(self.layout, self.z, each, name)] for each in ("X", "Y")])

    def with_numbers(self, values: Mapping[Key, Any]) -> Running:
        """The same with other values of parameters; those that the system does not have are left out."""
        p = self.p.copy()
        for (owner, name), value in values.items():
            quantities = self.layout.of(owner).parameters if owner else self.layout.parameters
            if name in {each.name for each in quantities}:
                p[parameter_slice(self.layout, self.z, owner, name)] = value
        return replace(self, p=p)

    def observed(self, library: Any, y: Floats, owner: str, name: str) -> Floats:
        """A definition or accumulator of all members."""
        (one,) = (each for each in self.layout.of(owner).observables if each.name == name)
        want = np.full(int(self.z[abi.N_OBSERVABLES]), -1, dtype=np.int64)
        want[one.number] = 0
        out = np.zeros(int(self.z[self.layout.of(owner).count_slot]))
        library["observe"](0.0, y, self.p, self.z, np.zeros(int(self.z[abi.N_SCRATCH])), want, out, 0)
        return out

    def settle(
        self, library: Any, end: float = 120.0, step: float = 0.1, start: Floats | None = None, **more: Any
    ) -> Run:
        """A long run with fixed steps: at a fixed point these rest at round-off."""
        y = self.start(library) if start is None else start
        options: dict[str, Any] = {"save_at": np.empty(0), **more}
        run = integrate(library, self.z, self.p, y, 0.0, end, method="rk4", step=step, **options)
        assert run.outcome is Outcome.DONE
        return run


def sweep_jacobian(of: Running, y: Floats) -> Floats:
    """The derivative of the stage derivative by the state, by complex steps of the reference interpreter."""
    sweep, n = interpret(of.module)["sweep"], len(y)
    columns: list[Floats] = []
    for unit in np.eye(n):
        rows, scratch = np.zeros(n, dtype=complex), np.zeros(int(of.z[abi.N_SCRATCH]), dtype=complex)
        sweep(0, 0.0, 0.0, np.zeros(1), 0, y + 1e-40j * unit, rows, of.p, of.z, scratch)
        columns.append(np.imag(rows) / 1e-40)
    return np.array(columns).T


def places(of: Running, name: str) -> NDArray[np.int64]:
    """Where an unknown of all cells lies in the state."""
    return np.concatenate(
        [np.arange(int(of.z[abi.N_UNKNOWNS]))[unknown_slice(of.layout, of.z, each, name)] for each in ("X", "Y")]
    )


def running(of: System, values: Mapping[Key, Any], ends: Mapping[Key, list[int]] = ENDS) -> Running:
    """The kernels of a network of this wiring with numbers."""
    module, layout = lower(of)
    indices = {(name, int(end)): np.array(each) for (name, end), each in ends.items()}
    for name in ("X", "Y"):
        count = SIZES[name]
        indices |= {(f"observe {name}", 0): np.arange(count), (f"observe {name}", 1): np.zeros(count, dtype=np.int64)}
    z = bind(layout, SIZES, indices)
    return Running(verify(module), layout, z, np.zeros(int(z[abi.N_PARAMETERS]))).with_numbers(values)
