"""What the bodies of a kernel need from other classes, and in which pass over the edges each of it is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy

from mcompiler.equations.reverse import Step, needed
from mcompiler.kernel.build import Block, Member, Sum
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.ir import Value

#: Receives the values of a body's outputs for one member and says what is to be totalled.
Consume = Callable[[Block, Member, Sequence[Value]], Sequence[Sum]]


@dataclass(frozen=True, slots=True)
class Body:
    """What is computed for every member of a class, and what becomes of it."""

    owner: Class
    steps: tuple[Step, ...]
    outputs: tuple[sympy.Expr, ...]
    consume: Consume
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: vertices publish quantities, edges contribute to accumulators (both by vertex class) and run bodies of their own."""

    number: int
    published: Mapping[str, tuple[str, ...]]
    accumulators: Mapping[str, tuple[str, ...]]
    running: tuple[Body, ...]


#: Symbols by class.
_Wanted = dict[str, set[sympy.Symbol]]


def passes_of(graph: Graph, bodies: Iterable[Body], running: Sequence[Body]) -> tuple[Pass, ...]:
    """The passes that must be over before ``bodies`` run; ``running`` run in them, each in the first that may read what it reads."""
    wanted: _Wanted = {each.name: set() for each in graph.classes}
    for body in (*bodies, *running):
        wanted[body.owner.name] |= needed(body.steps, body.outputs)
    reads = _closure(graph, wanted)
    levels = graph.levels
    numbers = [max((levels.published[each] for each in _read_by(body)), default=0) for body in running]
    return tuple(
        Pass(
            number,
            {
                vertex.name: tuple(
                    sorted(name for name in reads[vertex.name] if levels.published[vertex.name, name] == number)
                )
                for vertex in graph.vertices
            },
            {
                vertex.name: tuple(
                    name
                    for name in _accumulators(vertex, wanted[vertex.name])
                    if levels.collected[vertex.name, name] == number
                )
                for vertex in graph.vertices
            },
            tuple(body for body, own in zip(running, numbers, strict=True) if own == number),
        )
        for number in range(levels.last + 1)
    )


def _closure(graph: Graph, wanted: _Wanted) -> dict[str, set[str]]:
    """What edges read of every vertex class, for what is wanted and for what that needs; adds the latter to ``wanted``."""
    reads: dict[str, set[str]] = {vertex.name: set() for vertex in graph.vertices}
    while True:
        accumulators = {vertex.name: _accumulators(vertex, wanted[vertex.name]) for vertex in graph.vertices}
        for edge in graph.edges:
            values = contributions_to(edge, accumulators)
            symbols = needed(edge.program.steps, [value for _, _, value in values]) | wanted[edge.name]
            for read in edge.template.reads:
                if read.symbol in symbols:
                    reads[edge.layout.ends[read.end]].add(read.name)
        for vertex in graph.vertices:
            wanted[vertex.name] |= needed(vertex.program.steps, [vertex.symbol(name) for name in reads[vertex.name]])
        if accumulators == {vertex.name: _accumulators(vertex, wanted[vertex.name]) for vertex in graph.vertices}:
            return reads


def _read_by(body: Body) -> Iterable[tuple[str, str]]:
    """What a body of an edge reads, directly or through definitions."""
    symbols = needed(body.steps, body.outputs)
    ends = body.owner.layout.ends
    return [(ends[each.end], each.name) for each in body.owner.template.reads if each.symbol in symbols]


def _accumulators(vertex: Class, wanted: set[sympy.Symbol]) -> tuple[str, ...]:
    return tuple(each.symbol.name for each in vertex.template.accumulators if each.symbol in wanted)


def contributions_to(edge: Class, accumulators: Mapping[str, Sequence[str]]) -> list[tuple[int, str, sympy.Expr]]:
    """End, accumulator and value of an edge's contributions to the accumulators that are named."""
    pairs = [(each, edge.layout.ends[each.end]) for each in edge.template.contributions]
    return [(each.end, each.accumulator, each.value) for each, end in pairs if each.accumulator in accumulators[end]]
