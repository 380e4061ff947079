"""Which definitions and sums of an adjoint system its own motion needs; the others are for gradients only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy

from mcompiler.equations.reverse import needed
from mcompiler.equations.system import EdgeClass, System, VertexClass


@dataclass(slots=True)
class Needed:
    """Symbols by class that the unknowns' equations need, directly or through neighbours."""

    symbols: dict[str, set[sympy.Symbol]] = field(default_factory=dict[str, set[sympy.Symbol]])

    def has(self, owner: VertexClass | EdgeClass, symbol: sympy.Symbol) -> bool:
        """Whether a definition or accumulator of a class is needed."""
        return symbol in self.symbols[owner.name]


def dynamics(system: System) -> Needed:
    """What the unknowns of all classes need."""
    return closure(system, {each.name: [one.rate for one in each.template.unknowns] for each in system.classes})


def shares(system: System) -> Needed:
    """What the shares of the gradient need."""
    return closure(system, {each.name: [one.value for one in each.template.gradients] for each in system.classes})


def closure(system: System, roots: Mapping[str, list[sympy.Expr]]) -> Needed:
    """What the expressions ``roots`` of each class need, directly or through neighbours."""
    found = Needed({each.name: set() for each in system.classes})
    vertices = {each.name: each for each in system.vertices}
    for owner in system.classes:
        _want(found, owner, roots[owner.name])
    while True:
        before = sum(len(each) for each in found.symbols.values())
        for edge in system.edges:
            _follow(found, edge, vertices)
        if sum(len(each) for each in found.symbols.values()) == before:
            return found


def _follow(found: Needed, edge: EdgeClass, vertices: dict[str, VertexClass]) -> None:
    """What an edge contributes where it is needed, and what it reads for that."""
    for each in edge.template.contributions:
        vertex = vertices[edge.ends[each.end]]
        if found.has(vertex, sympy.Symbol(each.accumulator, real=True)):
            _want(found, edge, [each.value])
    for read in edge.template.reads:
        if found.has(edge, read.symbol):
            _want(found, vertices[edge.ends[read.end]], [sympy.Symbol(read.name, real=True)])


def _want(found: Needed, owner: VertexClass | EdgeClass, roots: list[sympy.Expr]) -> None:
    steps = [(each.symbol, each.value) for each in owner.template.definitions]
    found.symbols[owner.name] |= needed(steps, roots)
