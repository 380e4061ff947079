"""Random systems: two classes of vertices and up to three of edges, whose equations are random smooth expressions and selections."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from hypothesis import assume
from hypothesis import strategies as st

from mcompiler.equations.functions import exp, lt, maximum, sin, tanh, where
from mcompiler.equations.levels import AlgebraicLoopError, levels
from mcompiler.equations.system import (
    TIME,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Event,
    Parameter,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.kernel.from_equations import lower
from mcompiler.units import DIMENSIONLESS as ONE
from tests.kernel.cases import Case, case_of
from tests.kernel.systems import symbol

X, R, S, A, B, G, LOW, HIGH, E, Q = map(symbol, ("x", "r", "s", "a", "b", "g", "low", "high", "e", "q"))
VERTICES = ("P", "N")


@dataclass(slots=True)
class Modeller:
    """Draws systems."""

    draw: Any

    def choose(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def expression(self, symbols: tuple[sympy.Symbol, ...], depth: int = 2) -> Any:
        """A bounded function of some of the symbols."""
        leaf = self.choose(*symbols)
        if depth == 0:
            return leaf
        one, two = self.expression(symbols, depth - 1), self.expression(symbols, depth - 1)
        match self.choose("sum", "product", "sin", "tanh", "where", "maximum", "leaf", "quotient"):
            case "sum":
                return one - two / 3
            case "product":
                return one * tanh(two)
            case "sin":
                return sin(one + two)
            case "tanh":
                return tanh(one) ** 2
            case "where":
                return where(lt(one, two), leaf, exp(-(one**2)))
            case "maximum":
                return maximum(one, two)
            case "quotient":
                return one / (1 + two**2)
            case _:
                return leaf

    def unknown(self, name: sympy.Symbol, reads: tuple[sympy.Symbol, ...]) -> Unknown:
        bounds: dict[str, Any] = self.choose({}, {"lower": LOW}, {"lower": LOW, "upper": HIGH})
        mass = self.choose(sympy.Integer(1), 1 + A**2)
        return Unknown(
            name, ONE, rate=self.expression((*reads, TIME, G)), mass=mass, initial=self.expression((A, B, G)), **bounds
        )

    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(Parameter(each, ONE, varies=self.choose(True, False)) for each in (A, B, LOW, HIGH))

    def vertex(self) -> Template:
        output = Definition(R, ONE, self.expression(self.choose((X, A, B, TIME), (X, S, A, TIME))))
        assigned = self.expression((X, R, S, B, TIME))
        event = Event(self.expression((X, R, S, A, TIME)), ONE, ((X, assigned),))
        return Template(
            "vertex",
            parameters=self.parameters(),
            unknowns=(self.unknown(X, (X, R, S, A, B)),),
            definitions=(output,),
            accumulators=(Accumulator(S, ONE),),
            events=(event,) if self.choose(True, False) else (),
        )

    def edge(self) -> Template:
        reads = tuple(Read(symbol(f"end{end}"), end, self.choose("x", "r"), ONE) for end in (0, 1))
        ends = tuple(each.symbol for each in reads)
        has_state = self.choose(True, False)
        own: tuple[sympy.Symbol, ...] = (E,) if has_state else ()
        contributions = tuple(
            Contribution(self.choose(0, 1), "s", self.expression((*ends, *own, Q, A, TIME)), ONE)
            for _ in range(self.choose(0, 1, 3))
        )
        event = Event(self.expression((*ends, Q)), ONE, ((E, self.expression((E, Q, B))),))
        return Template(
            "edge",
            parameters=self.parameters(),
            unknowns=(self.unknown(E, (E, Q, *ends, B)),) if has_state else (),
            definitions=(Definition(Q, ONE, self.expression((*ends, *own, A, B))),),
            reads=reads,
            contributions=contributions,
            events=(event,) if has_state and self.choose(True, False) else (),
        )

    def edges(self) -> tuple[EdgeClass, ...]:
        return tuple(
            EdgeClass(
                f"E{number}",
                self.edge(),
                (self.choose(*VERTICES), self.choose(*VERTICES)),
                self.choose("indexed", "indexed", "dense"),
            )
            for number in range(self.choose(0, 1, 2, 3))
        )


def has_loop(system: System) -> bool:
    """Whether a sum depends on itself: edges read outputs, and outputs may depend on sums."""
    try:
        levels(system)
    except AlgebraicLoopError:
        return True
    return False


@st.composite
def cases(draw: Any) -> Case:
    """A random system with sizes, wiring and numbers."""
    modeller = Modeller(draw)
    vertices = tuple(VertexClass(name, modeller.vertex()) for name in VERTICES)
    system = System("random", vertices, modeller.edges(), (Parameter(G, ONE),))
    assume(not has_loop(system))
    sizes = {name: modeller.choose(0, 1, 2) for name in VERTICES}
    indices: dict[tuple[str, int], list[int]] = {}
    for edge in system.edges:
        if edge.topology == "indexed":
            members = modeller.choose(0, 1, 3) if all(sizes[end] for end in edge.ends) else 0
            sizes[edge.name] = members
            for end, vertex in enumerate(edge.ends):
                indices[edge.name, end] = [modeller.choose(*range(sizes[vertex])) for _ in range(members)]
    case = case_of(*lower(system), sizes, indices)
    numbers = np.random.default_rng(draw(st.integers(0, 1000)))
    return replace(case, p=numbers.normal(size=len(case.p)), y=numbers.normal(size=len(case.y)), t=0.3)
