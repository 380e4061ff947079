"""The forward order on a graph: vertices publish what edges read, accumulators start at zero, edges contribute.

After `prepare` a vertex's accumulators and an edge's reads are in scratch; only what somebody needs is computed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from mcompiler.equations.reverse import Step, needed
from mcompiler.kernel.build import ZERO, Block, Member, Sum, over_members
from mcompiler.kernel.from_equations.evaluate import Environment, Source, evaluate, scratch_place, sources_of
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
class Need:
    """Accumulators and published quantities (by vertex class) that some body needs."""

    accumulators: Mapping[str, tuple[str, ...]]
    published: Mapping[str, tuple[str, ...]]


def need_of(graph: Graph, bodies: Iterable[Body]) -> Need:
    """What must be in scratch before these bodies run."""
    bodies = tuple(bodies)
    wanted = {body.owner.name: set[sympy.Symbol]() for body in bodies}
    for body in bodies:
        wanted[body.owner.name] |= needed(body.steps, body.outputs)
    accumulators = {vertex.name: _accumulators(vertex, wanted.get(vertex.name, set())) for vertex in graph.vertices}
    reads: dict[str, set[str]] = {vertex.name: set() for vertex in graph.vertices}
    for edge in graph.edges:
        values = contributions_to(edge, accumulators)
        symbols = needed(edge.program.steps, [value for _, _, value in values]) | wanted.get(edge.name, set())
        for read in edge.template.reads:
            if read.symbol in symbols:
                reads[edge.layout.ends[read.end]].add(read.name)
    return Need(accumulators, {name: tuple(sorted(names)) for name, names in reads.items()})


def _accumulators(vertex: Class, wanted: set[sympy.Symbol]) -> tuple[str, ...]:
    return tuple(each.symbol.name for each in vertex.template.accumulators if each.symbol in wanted)


def contributions_to(edge: Class, accumulators: Mapping[str, Sequence[str]]) -> list[tuple[int, str, sympy.Expr]]:
    """End, accumulator and value of an edge's contributions to the accumulators that are named."""
    pairs = [(each, edge.layout.ends[each.end]) for each in edge.template.contributions]
    return [(each.end, each.accumulator, each.value) for each, end in pairs if each.accumulator in accumulators[end]]


def prepare(
    block: Block,
    environment: Environment,
    bodies: Sequence[Body],
    *,
    running: Sequence[Body] = (),
    keeping: bool = False,
) -> Environment:
    """Computes what the bodies need from other classes.

    Args:
        block: where the loops go.
        environment: where inputs are found.
        bodies: what will be run afterwards.
        running: bodies of edges that run in the same loops as the edges' contributions.
        keeping: whether to put into scratch, beside what edges read, the unknowns that it is made from, where they cost more than a load.

    Returns:
        The environment for bodies that come afterwards.
    """
    graph = environment.graph
    need = need_of(graph, (*bodies, *running))
    published = {vertex.name: need.published[vertex.name] for vertex in graph.vertices}
    if keeping:
        published = {vertex.name: _with_unknowns(vertex, published[vertex.name]) for vertex in graph.vertices}
    for vertex in graph.vertices:
        _publish(block, environment, vertex, published[vertex.name])
    for vertex in graph.vertices:
        clear(block, vertex, need.accumulators[vertex.name])
    for edge in graph.edges:
        own = [body for body in running if body.owner is edge]
        visit(block, environment, join(edge, [*_contributing(graph, edge, need), *own]))
    return replace(environment, published=published)


def _with_unknowns(vertex: Class, names: tuple[str, ...]) -> tuple[str, ...]:
    made_from = needed(vertex.program.steps, [vertex.symbol(name) for name in names])
    unknowns = [each.symbol.name for each in vertex.template.unknowns if each.symbol in made_from]
    return (*names, *(name for name in unknowns if name not in names))


def _publish(block: Block, environment: Environment, vertex: Class, names: tuple[str, ...]) -> None:
    def consume(body: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for name, value in zip(names, values, strict=True):
            place = scratch_place(body, vertex, name, member.index)
            body.store("w", place, value, f"{vertex.name}.{name} for edges")
        return ()

    outputs = tuple(vertex.symbol(name) for name in names)
    visit(block, environment, Body(vertex, vertex.program.steps, outputs, consume, f"what edges read of {vertex.name}"))


def clear(block: Block, vertex: Class, names: Sequence[str]) -> None:
    """Sets scratch quantities of all members to zero."""

    def fill(body: Block, member: Member) -> Sequence[Sum]:
        for name in names:
            body.store("w", scratch_place(body, vertex, name, member.index), ZERO, f"{vertex.name}.{name} so far")
        return ()

    over_members(block, vertex.layout, (), fill)


def _contributing(graph: Graph, edge: Class, need: Need) -> list[Body]:
    values = contributions_to(edge, need.accumulators)

    def consume(body: Block, member: Member, results: Sequence[Value]) -> Sequence[Sum]:
        for (end, accumulator, _), result in zip(values, results, strict=True):
            vertex = graph.end(edge, end)
            place = scratch_place(body, vertex, accumulator, member.ends[end])
            body.accumulate("w", place, result, f"into {vertex.name}.{accumulator}")
        return ()

    outputs = tuple(value for _, _, value in values)
    return [Body(edge, edge.program.steps, outputs, consume)] if values else []


def join(owner: Class, bodies: Sequence[Body]) -> Body:
    """Bodies with the same steps as one."""

    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        sums: list[Sum] = []
        start = 0
        for body in bodies:
            end = start + len(body.outputs)
            sums += body.consume(block, member, values[start:end])
            start = end
        return sums

    outputs = tuple(output for body in bodies for output in body.outputs)
    return Body(
        owner, owner.program.steps, outputs, consume, "; ".join(body.comment for body in bodies if body.comment)
    )


def visit(
    block: Block,
    environment: Environment,
    body: Body,
    *,
    member: Member | None = None,
    extra: Callable[[Member], Mapping[sympy.Symbol, Source]] | None = None,
) -> tuple[Value, ...]:
    """Runs a body for every member of its class, or in place for one member, and gives the totals.

    ``extra`` loads inputs that the environment does not know, such as seeds.
    """
    owner = body.owner
    if not body.outputs:
        return ()

    def fill(inner: Block, each: Member) -> Sequence[Sum]:
        sources = sources_of(environment, owner, each) | dict(extra(each) if extra else {})

        def stored(where: Block, raws: Sequence[sympy.Symbol]) -> Mapping[sympy.Symbol, Value]:
            return environment.stored(where, owner, raws, each)

        return body.consume(inner, each, evaluate(inner, owner, body.steps, body.outputs, sources, stored))

    if member is not None:
        return tuple(block.let(each.wish, each.value) for each in fill(block, member))
    return over_members(block, owner.layout, sizes_at(block, environment.graph, owner), fill, body.comment)


def sizes_at(block: Block, graph: Graph, owner: Class) -> tuple[Value, ...]:
    """The sizes of the classes at a dense class's ends."""
    if owner.layout.topology != "dense":
        return ()
    ends = [graph.of(name).layout for name in owner.layout.ends]
    return tuple(block.kernel.slot(end.count_slot, f"n_{end.name}") for end in ends)
