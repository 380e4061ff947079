"""Bodies run for every member of a class; of edges that copies of the vertices share, once for all copies."""

from collections.abc import Callable, Mapping, Sequence

import sympy

from mcompiler.kernel.build import Block, Member, Sum, over_members
from mcompiler.kernel.from_equations.copies import Shared, number_of_copies
from mcompiler.kernel.from_equations.evaluate import Environment, Source, evaluate, sources_of
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.passes import Body
from mcompiler.kernel.ir import Op, Value


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
    if owner.is_edge and environment.graph.batched:
        return visit_copies(block, environment, [], [body])

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
    counts = [block.kernel.slot(end.count_slot, f"n_{end.name}") for end in ends]
    if not graph.batched:
        return tuple(counts)
    copies = number_of_copies(block)
    return tuple(
        block.let(f"n_{end.name}", Op("quotient", (count, copies))) for end, count in zip(ends, counts, strict=True)
    )


def visit_copies(
    block: Block, environment: Environment, contributing: Sequence[Body], bodies: Sequence[Body]
) -> tuple[Value, ...]:
    """Runs bodies of one class of edges that copies of the vertices share, each member once for all copies.

    Args:
        block: where the loop goes.
        environment: where inputs are found.
        contributing: what is done for every copy.
        bodies: what is done once, with the mean over the copies of what depends on the vertices (before a rate is masked at a bound).
    """
    whole = [*contributing, *bodies]
    if not any(body.outputs for body in whole):
        return ()
    owner = whole[0].owner
    each_copy, once = join(owner, contributing), join(owner, bodies)

    def fill(inner: Block, member: Member) -> Sequence[Sum]:
        shared = Shared.of(environment, owner, member, inner, (*each_copy.outputs, *once.outputs))
        means = shared.over_copies(inner, each_copy, once.outputs)
        return once.consume(inner, member, shared.outputs(inner, once.outputs, means))

    return over_members(
        block, owner.layout, sizes_at(block, environment.graph, owner), fill, once.comment or each_copy.comment
    )
