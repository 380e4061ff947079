"""Evaluation of a program inside a loop body: inputs are loaded, then the steps that matter are bound, in their order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sympy

from mcompiler.equations.reverse import Step, needed
from mcompiler.equations.system import TIME
from mcompiler.kernel.build import Block, Member, add
from mcompiler.kernel.from_equations.expressions import translator
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.ir import Load, Local, Value

#: Loads an input of a body.
Source = Callable[[Block], Value]
#: Gives the values of unknowns (before clipping), by symbol, all at once.
Stored = Callable[[Block, Class, Sequence[sympy.Symbol], Member], Mapping[sympy.Symbol, Value]]


@dataclass(frozen=True, slots=True)
class Environment:
    """Where bodies of one kernel find their inputs; ``published`` lists what vertices have put into scratch for edges."""

    graph: Graph
    stored: Stored
    has_time: bool = True
    published: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    extra: Mapping[sympy.Symbol, Source] = field(default_factory=dict)


def load_from(array: str) -> Stored:
    """Unknowns as they lie in an array."""

    def stored(block: Block, owner: Class, raws: Sequence[sympy.Symbol], member: Member) -> dict[sympy.Symbol, Value]:
        return {raw: block.let(raw.name, Load(array, place_in(block, owner, raw, member))) for raw in raws}

    return stored


def place_in(block: Block, owner: Class, raw: sympy.Symbol, member: Member) -> Value:
    """The index of a member's unknown in ``y``."""
    return add(block.kernel.offset("y", owner.stored(raw), owner.name), member.index)


def scratch_place(block: Block, owner: Class, name: str, index: Value) -> Value:
    """The index in ``w`` of a vertex's scratch quantity."""
    return add(block.kernel.offset("w", owner.scratch(name), owner.name), index)


def sources_of(environment: Environment, owner: Class, member: Member) -> dict[sympy.Symbol, Source]:
    """How to load what a body of this class may read, apart from unknowns."""
    sources: dict[sympy.Symbol, Source] = dict(environment.extra)
    if environment.has_time:
        sources[TIME] = lambda block: Local("t")
    for parameter in environment.graph.system.parameters:
        sources[parameter.symbol] = _parameter(environment.graph, None, parameter.symbol, member)
    for parameter in owner.template.parameters:
        sources[parameter.symbol] = _parameter(environment.graph, owner, parameter.symbol, member)
    for read in owner.template.reads:
        sources[read.symbol] = _scratch(environment.graph.end(owner, read.end), read.name, member.ends[read.end])
    for name in environment.published.get(owner.name, ()):
        sources[owner.symbol(name)] = _scratch(owner, name, member.index)
    for accumulator in owner.template.accumulators:
        sources[accumulator.symbol] = _scratch(owner, accumulator.symbol.name, member.index)
    return sources


def _parameter(graph: Graph, owner: Class | None, symbol: sympy.Symbol, member: Member) -> Source:
    if owner is None:
        shared = next(each for each in graph.layout.parameters if each.name == symbol.name)
        return lambda block: block.kernel.uniform(shared, "")
    quantity, name = owner.parameter(symbol), owner.name
    assert quantity is not None
    if not quantity.varies:
        return lambda block: block.kernel.uniform(quantity, name)
    return lambda block: Load("p", add(block.kernel.offset("p", quantity, name), member.index))


def _scratch(owner: Class, name: str, index: Value) -> Source:
    return lambda block: Load("w", scratch_place(block, owner, name, index))


def evaluate(
    block: Block,
    owner: Class,
    steps: Sequence[Step],
    outputs: Sequence[sympy.Expr],
    sources: Mapping[sympy.Symbol, Source],
    stored: Callable[[Block, Sequence[sympy.Symbol]], Mapping[sympy.Symbol, Value]],
) -> list[Value]:
    """The values of the outputs, after statements that bind the inputs and steps they need.

    Args:
        block: where the statements go.
        owner: the class, for names and comments.
        steps: the program; a step whose symbol has a source is loaded instead.
        outputs: expressions in the program's symbols.
        sources: how to load inputs.
        stored: gives the unknowns.

    Raises:
        KeyError: a symbol is neither an input nor a step: the system breaks its invariants.
    """
    want = needed(steps, outputs, known=sources)
    raws = [raw for raw in owner.program.raw if raw in want and raw not in sources]
    known: dict[sympy.Symbol, Value] = dict(stored(block, raws))
    for symbol in sorted(want & set(sources), key=lambda symbol: symbol.name):
        known[symbol] = block.let(symbol.name, sources[symbol](block))

    def resolve(symbol: sympy.Symbol) -> Value:
        if symbol not in known:
            raise KeyError(f"{owner.name}: {symbol.name} is neither an input nor an earlier definition")
        return known[symbol]

    translate = translator(resolve)
    for symbol, value in steps:
        if symbol in want and symbol not in known:
            known[symbol] = block.let(symbol.name, translate(value), f"{owner.name}.{symbol.name}")
    return [translate(output) for output in outputs]
