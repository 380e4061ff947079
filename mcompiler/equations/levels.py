"""How many passes over the edges a system's right-hand side takes, and what each of them fills.

Most systems take one: vertices publish what edges read, edges contribute. Where an edge reads an output that depends on what its vertex collects (the error
behind the gain of a synaptic sum, in an error network), that output is published after the pass that collects, and what is made of it waits for the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import sympy

from mcompiler.equations.reverse import needed
from mcompiler.equations.system import EdgeClass, System, Template

#: A quantity of a vertex class, by name.
_Quantity = tuple[str, str]


class AlgebraicLoopError(ValueError):
    """What a vertex collects depends on itself: a constraint, which no order of evaluation resolves."""


@dataclass(frozen=True, slots=True)
class Levels:
    """Passes are counted from 0.

    Attributes:
        collected: per vertex class and accumulator, the pass that completes it.
        published: per vertex class and quantity that edges read, the first pass that may read it.
    """

    collected: Mapping[_Quantity, int]
    published: Mapping[_Quantity, int]

    @property
    def last(self) -> int:
        """The number of the last pass."""
        return max((*self.collected.values(), *self.published.values()), default=0)


def levels(system: System) -> Levels:
    """The passes of a system.

    Raises:
        AlgebraicLoopError: an accumulator depends on itself through edges.
    """
    sources = _collected_from(system) | _published_from(system)
    known: dict[_Node, int] = {}
    for node in sources:
        _level(node, sources, known, ())
    return Levels(
        {name: level for (kind, name), level in known.items() if kind == _COLLECTED},
        {name: level for (kind, name), level in known.items() if kind == _PUBLISHED},
    )


_COLLECTED, _PUBLISHED = "what it collects", "what it publishes"
_Node = tuple[str, _Quantity]
_Sources = Mapping[_Node, tuple[_Node, ...]]


def _level(node: _Node, sources: _Sources, known: dict[_Node, int], above: tuple[_Node, ...]) -> int:
    """Collecting takes place in the pass that may read everything; what is collected may be read in the next."""
    if node in above:
        owner, name = node[1]
        raise AlgebraicLoopError(f"{owner}.{name} depends on itself through the edges: that is a constraint")
    if node not in known:
        below = [_level(each, sources, known, (*above, node)) for each in sources[node]]
        known[node] = max(below, default=0) if node[0] == _COLLECTED else max((each + 1 for each in below), default=0)
    return known[node]


def _collected_from(system: System) -> dict[_Node, tuple[_Node, ...]]:
    found: dict[_Node, dict[_Node, None]] = {
        (_COLLECTED, (vertex.name, each.symbol.name)): {}
        for vertex in system.vertices
        for each in vertex.template.accumulators
    }
    for edge in system.edges:
        steps = _steps(edge.template)
        for each in edge.template.contributions:
            read = needed(steps, [each.value])
            found.setdefault((_COLLECTED, (edge.ends[each.end], each.accumulator)), {}).update(_reads(edge, read))
    return {node: tuple(each) for node, each in found.items()}


def _reads(edge: EdgeClass, wanted: set[sympy.Symbol]) -> dict[_Node, None]:
    return {
        (_PUBLISHED, (edge.ends[each.end], each.name)): None for each in edge.template.reads if each.symbol in wanted
    }


def _published_from(system: System) -> dict[_Node, tuple[_Node, ...]]:
    found: dict[_Node, tuple[_Node, ...]] = {}
    for edge in system.edges:
        for each in edge.template.reads:
            vertex = next(one for one in system.vertices if one.name == edge.ends[each.end])
            found[_PUBLISHED, (vertex.name, each.name)] = _gathered(vertex.name, vertex.template, each.name)
    return found


def _gathered(owner: str, template: Template, name: str) -> tuple[_Node, ...]:
    wanted = needed(_steps(template), [sympy.Symbol(name, real=True)])
    return tuple((_COLLECTED, (owner, each.symbol.name)) for each in template.accumulators if each.symbol in wanted)


def _steps(template: Template) -> list[tuple[sympy.Symbol, sympy.Expr]]:
    return [(each.symbol, each.value) for each in template.definitions]
