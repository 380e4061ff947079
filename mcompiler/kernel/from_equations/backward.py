"""The reverse order on a graph: the exact transpose of `forward`, for any seeds on quantities of any class.

    1. vertices with seeds   adjoints of their accumulators  w[bar i] += seed * d output/d i
    2. edges                 adjoints of what they read      w[bar v] += bar i * d contribution/d v + seed * d output/d v
    3. vertices              adjoints of unknowns and parameters, from their seeds and from bar v

Edges add to the adjoints of their own unknowns and parameters in step 2. Where the forward order takes several passes over the edges, step 2 goes through them
from the last to the first; before each, what was published after it gives its adjoint to the accumulators that it was made from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sympy

from mcompiler.equations.reverse import Transpose, transpose
from mcompiler.equations.system import TIME
from mcompiler.kernel.build import ZERO, Block, Member, Sum, add, full_name
from mcompiler.kernel.from_equations.evaluate import Environment, Source, place_in, scratch_place
from mcompiler.kernel.from_equations.forward import clear, prepare
from mcompiler.kernel.from_equations.graph import Class, Graph, bar
from mcompiler.kernel.from_equations.passes import Body
from mcompiler.kernel.from_equations.visit import visit
from mcompiler.kernel.ir import Load, Op, Value
from mcompiler.kernel.layout import Quantity

#: Gives a member's seed.
SeedOf = Callable[[Block, Member], Value]


@dataclass(frozen=True, slots=True)
class Seed:
    """The adjoint of one output (an expression in the class's program), its symbol and value, and what to say about it."""

    output: sympy.Expr
    symbol: sympy.Symbol
    value: SeedOf
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Seeds:
    """Seeds on the outputs of one class: of all members, or of one."""

    owner: Class
    seeds: tuple[Seed, ...]
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Where gradients go: the array for unknowns, how to place them there, and whether the derivative by time is wanted."""

    array: str
    start: Value | None = None
    time: bool = True


@dataclass(frozen=True, slots=True)
class _Pull:
    """One transposed body: seeds of a class, with the gradients they have."""

    owner: Class
    seeds: tuple[Seed, ...]
    transpose: Transpose
    member: Member | None = None


def pull_back(block: Block, environment: Environment, seeded: Sequence[Seeds], target: Target) -> Value:
    """Adds the gradients of the seeded outputs to the target and to ``pb``; gives the derivative by time."""
    graph = environment.graph
    first = [_pull(each.owner, each.seeds, _accumulator_symbols(each.owner), each.member) for each in seeded]
    first = [each for each in first if not each.owner.is_edge and each.transpose.gradients]
    bars = {vertex.name: list[str]() for vertex in graph.vertices}
    reads = {vertex.name: list[str]() for vertex in graph.vertices}
    _note_gradients(bars, first)
    rounds = [_round(graph, seeded, number, bars, reads) for number in reversed(range(graph.levels.last + 1))]
    third = _vertex_pulls(graph, seeded, reads)
    second = [each for one in rounds for each in (*one.published, *one.edges)]
    environment = prepare(block, environment, [_value_body(each) for each in (*first, *second, *third)])
    for vertex in graph.vertices:
        clear(block, vertex, [bar(name) for name in (*bars[vertex.name], *reads[vertex.name])])
    for each in first:
        _add_to_accumulators(block, environment, each)
    times: list[Value] = []
    for one in rounds:
        for each in one.published:
            _add_to_accumulators(block, environment, each)
        times += [time for each in one.edges for time in _add_to_target(block, environment, each, target)]
    times += [time for each in third for time in _add_to_target(block, environment, each, target)]
    return _sum(times)


#: Names of a vertex class's quantities that get an adjoint, by class.
_Names = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Round:
    """One pass over the edges backwards, after what was published behind it has given its adjoint to accumulators."""

    published: list[_Pull]
    edges: list[_Pull]


def _round(graph: Graph, seeded: Sequence[Seeds], number: int, bars: _Names, reads: _Names) -> _Round:
    """The round of pass ``number``, the ones behind it being done; adds to ``bars`` and ``reads`` what it gives an adjoint to."""
    levels = graph.levels
    behind = [
        _pull(vertex, tuple(_published_seed(vertex, name) for name in names), _accumulator_symbols(vertex), None)
        for vertex in graph.vertices
        if (names := [each for each in reads[vertex.name] if levels.published[vertex.name, each] == number + 1])
    ]
    behind = [each for each in behind if each.transpose.gradients]
    _note_gradients(bars, behind)
    collected = {
        owner: [name for name in names if levels.collected[owner, name] == number] for owner, names in bars.items()
    }
    edges = _edge_pulls(graph, seeded if number == levels.last else (), collected)
    _note_reads(graph, reads, edges)
    return _Round(behind, edges)


def _sum(values: Sequence[Value]) -> Value:
    result: Value = ZERO
    for place, value in enumerate(values):
        result = Op("add", (result, value)) if place else value
    return result


def _pull(owner: Class, seeds: tuple[Seed, ...], inputs: Sequence[sympy.Symbol], member: Member | None) -> _Pull:
    pairs = [(seed.output, seed.symbol) for seed in seeds]
    return _Pull(owner, seeds, transpose(owner.program.steps, pairs, inputs), member)


def _accumulator_symbols(owner: Class) -> list[sympy.Symbol]:
    return [each.symbol for each in owner.template.accumulators]


def _note_gradients(names: _Names, pulls: Sequence[_Pull]) -> None:
    for pull in pulls:
        own = names[pull.owner.name]
        own += [symbol.name for symbol in pull.transpose.gradients if symbol.name not in own]


def _edge_pulls(graph: Graph, seeded: Sequence[Seeds], bars: Mapping[str, Sequence[str]]) -> list[_Pull]:
    pulls: list[_Pull] = []
    for edge in graph.edges:
        inputs = [*_own_inputs(graph, edge), *(read.symbol for read in edge.template.reads)]
        own = [each for each in seeded if each.owner is edge]
        everywhere = [seed for each in own if each.member is None for seed in each.seeds]
        pulls.append(_pull(edge, (*_contribution_seeds(graph, edge, bars), *everywhere), inputs, None))
        pulls += [_pull(edge, each.seeds, inputs, each.member) for each in own if each.member is not None]
    return [pull for pull in pulls if pull.transpose.gradients]


def _contribution_seeds(graph: Graph, edge: Class, bars: Mapping[str, Sequence[str]]) -> list[Seed]:
    seeds: list[Seed] = []
    for number, each in enumerate(edge.template.contributions):
        vertex = graph.end(edge, each.end)
        if each.accumulator in bars[vertex.name]:
            symbol = sympy.Symbol(f"bar {each.accumulator} of end {each.end} ({number})", real=True)
            said = f"adjoint of {vertex.name}.{each.accumulator}"
            seeds.append(Seed(each.value, symbol, _at_end(vertex, each.accumulator, each.end), said))
    return seeds


def _at_end(vertex: Class, name: str, end: int) -> SeedOf:
    return lambda block, member: Load("w", scratch_place(block, vertex, bar(name), member.ends[end]))


def _note_reads(graph: Graph, names: _Names, pulls: Sequence[_Pull]) -> None:
    for pull in pulls:
        for read in pull.owner.template.reads:
            own = names[graph.end(pull.owner, read.end).name]
            if read.symbol in pull.transpose.gradients and read.name not in own:
                own.append(read.name)


def _vertex_pulls(graph: Graph, seeded: Sequence[Seeds], reads: Mapping[str, Sequence[str]]) -> list[_Pull]:
    pulls: list[_Pull] = []
    for vertex in graph.vertices:
        inputs = _own_inputs(graph, vertex)
        own = [each for each in seeded if each.owner is vertex]
        everywhere = [seed for each in own if each.member is None for seed in each.seeds]
        published = [_published_seed(vertex, name) for name in reads[vertex.name]]
        pulls.append(_pull(vertex, (*published, *everywhere), inputs, None))
        pulls += [_pull(vertex, each.seeds, inputs, each.member) for each in own if each.member is not None]
    return [pull for pull in pulls if pull.transpose.gradients]


def _published_seed(vertex: Class, name: str) -> Seed:
    symbol = sympy.Symbol(f"bar read {name}", real=True)

    def value(block: Block, member: Member) -> Value:
        return Load("w", scratch_place(block, vertex, bar(name), member.index))

    return Seed(vertex.symbol(name), symbol, value, f"adjoint of {vertex.name}.{name}")


def _own_inputs(graph: Graph, owner: Class) -> list[sympy.Symbol]:
    parameters = [*owner.template.parameters, *graph.system.parameters]
    borrowed = (each.symbol for each in owner.template.borrowed)
    return [*owner.program.raw, *(each.symbol for each in parameters if not each.structural), *borrowed, TIME]


def _value_body(pull: _Pull) -> Body:
    """What a transposed body reads, for finding out what must be in scratch; it is not run."""
    steps = (*pull.owner.program.steps, *pull.transpose.steps)
    outputs = tuple(pull.transpose.gradients.values())
    return Body(pull.owner, steps, outputs, _nothing)


def _nothing(_block: Block, _member: Member, _values: Sequence[Value]) -> Sequence[Sum]:
    return ()


def _seed_sources(pull: _Pull) -> Callable[[Member], dict[sympy.Symbol, Source]]:
    def source(seed: Seed, member: Member) -> Source:
        return Source(lambda block: seed.value(block, member), seed.comment)

    return lambda member: {seed.symbol: source(seed, member) for seed in pull.seeds}


def _add_to_accumulators(block: Block, environment: Environment, pull: _Pull) -> None:
    owner, gradients = pull.owner, pull.transpose.gradients

    def consume(body: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for symbol, value in zip(gradients, values, strict=True):
            place = scratch_place(body, owner, bar(symbol.name), member.index)
            body.accumulate("w", place, value, f"adjoint of {owner.name}.{symbol.name}")
        return ()

    steps = (*owner.program.steps, *pull.transpose.steps)
    body = Body(owner, steps, tuple(gradients.values()), consume, f"adjoints of what {owner.name} collects")
    visit(block, environment, body, member=pull.member, extra=_seed_sources(pull))


def _add_to_target(block: Block, environment: Environment, pull: _Pull, target: Target) -> Sequence[Value]:
    """Runs a transposed body; what all members share is summed and then added; gives the sum of derivatives by time."""
    graph, owner = environment.graph, pull.owner
    gradients = {symbol: value for symbol, value in pull.transpose.gradients.items() if symbol != TIME or target.time}
    summed = [symbol for symbol in gradients if symbol == TIME or _shared(graph, owner, symbol)]

    def consume(body: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        results = dict(zip(gradients, values, strict=True))
        for symbol, value in results.items():
            if symbol not in summed:
                array, place, said = _place_of(body, graph, owner, symbol, member, target)
                body.accumulate(array, place, value, f"adjoint of {said}")
        return [Sum(results[symbol], full_name(owner.name, f"bar {symbol.name}")) for symbol in summed]

    steps = (*owner.program.steps, *pull.transpose.steps)
    body = Body(owner, steps, tuple(gradients.values()), consume, f"adjoints of {owner.name}")
    totals = visit(block, environment, body, member=pull.member, extra=_seed_sources(pull))
    times: list[Value] = []
    for symbol, total in zip(summed, totals, strict=False):
        shared = _shared(graph, owner, symbol)
        if shared is None:
            times.append(total)
        else:
            quantity, name = shared
            said = f"adjoint of {full_name(name, quantity.name)}"
            block.accumulate("pb", block.kernel.offset("p", quantity, name), total, said)
    return times


def _place_of(
    block: Block, graph: Graph, owner: Class, symbol: sympy.Symbol, member: Member, target: Target
) -> tuple[str, Value, str]:
    """Array and place of a member's adjoint of an unknown, of what it reads, or of a parameter of its own; and what to call it."""
    if symbol in owner.program.raw:
        place = place_in(block, owner, symbol, member)
        said = full_name(owner.name, owner.stored(symbol).name)
        return target.array, place if target.start is None else add(target.start, place), said
    read = next((each for each in owner.template.reads if each.symbol == symbol), None)
    if read is not None:
        vertex = graph.end(owner, read.end)
        place = scratch_place(block, vertex, bar(read.name), member.ends[read.end])
        return "w", place, full_name(vertex.name, read.name)
    quantity = owner.parameter(symbol)
    assert quantity is not None
    place = add(block.kernel.offset("p", quantity, owner.name), member.index)
    return "pb", place, full_name(owner.name, quantity.name)


def _shared(graph: Graph, owner: Class, symbol: sympy.Symbol) -> tuple[Quantity, str] | None:
    """The place of a parameter that all members share, and its owner's name; None for anything else."""
    own = owner.parameter(symbol)
    if own is not None:
        return None if own.varies else (own, owner.name)
    borrowed = graph.borrowed(owner, symbol)
    if borrowed is not None:
        return borrowed
    shared = next((each for each in graph.layout.parameters if each.name == symbol.name), None)
    return None if shared is None else (shared, "")
