"""The forward order on a graph: vertices publish what edges read, accumulators start at zero, edges contribute.

After `prepare` a vertex's accumulators and an edge's reads are in scratch; only what somebody needs is computed. Where edges read what depends on what their
vertices collect, that happens pass by pass (`passes`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcompiler.equations.reverse import needed
from mcompiler.kernel.build import ZERO, Block, Member, Sum, over_members
from mcompiler.kernel.from_equations.evaluate import Environment, scratch_place
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.passes import Body, contributions_to, passes_of
from mcompiler.kernel.from_equations.visit import join, visit, visit_copies
from mcompiler.kernel.ir import Value


def prepare(
    block: Block,
    environment: Environment,
    bodies: Sequence[Body],
    *,
    running: Sequence[Body] = (),
    keeping: bool = False,
    totals: list[Value] | None = None,
) -> Environment:
    """Computes what the bodies need from other classes.

    Args:
        block: where the loops go.
        environment: where inputs are found.
        bodies: what will be run afterwards.
        running: bodies of edges that run in the same loops as the edges' contributions.
        totals: receives what the running bodies total.
        keeping: whether to put into scratch, beside what edges read, the unknowns that it is made from, where they cost more than a load.

    Returns:
        The environment for bodies that come afterwards.
    """
    graph = environment.graph
    published: dict[str, tuple[str, ...]] = {vertex.name: () for vertex in graph.vertices}
    for each in passes_of(graph, bodies, running):
        before = replace(environment, published=published) if each.number else environment
        fresh = {vertex.name: each.published[vertex.name] for vertex in graph.vertices}
        if keeping:
            fresh = {vertex.name: _with_unknowns(vertex, fresh[vertex.name]) for vertex in graph.vertices}
        fresh = {owner: tuple(name for name in names if name not in published[owner]) for owner, names in fresh.items()}
        for vertex in graph.vertices:
            _publish(block, before, vertex, fresh[vertex.name])
        for vertex in graph.vertices:
            clear(block, vertex, each.accumulators[vertex.name])
        for edge in graph.edges:
            own = [body for body in each.running if body.owner is edge]
            contributing = _contributing(graph, edge, each.accumulators)
            found = (
                visit_copies(block, environment, contributing, own)
                if graph.batched
                else visit(block, environment, join(edge, [*contributing, *own]))
            )
            if totals is not None:
                totals.extend(found)
        published = {owner: (*names, *fresh[owner]) for owner, names in published.items()}
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


def _contributing(graph: Graph, edge: Class, accumulators: Mapping[str, Sequence[str]]) -> list[Body]:
    values = contributions_to(edge, accumulators)

    def consume(body: Block, member: Member, results: Sequence[Value]) -> Sequence[Sum]:
        for (end, accumulator, _), result in zip(values, results, strict=True):
            vertex = graph.end(edge, end)
            place = scratch_place(body, vertex, accumulator, member.ends[end])
            body.accumulate("w", place, result, f"into {vertex.name}.{accumulator}")
        return ()

    outputs = tuple(value for _, _, value in values)
    return [Body(edge, edge.program.steps, outputs, consume)] if values else []
