"""Evaluation of a program inside a loop body: inputs are loaded, then the steps that matter are bound, in their order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sympy

from mcompiler.equations.reverse import Step, needed
from mcompiler.equations.system import TIME
from mcompiler.kernel.build import Block, Member, add, described, full_name
from mcompiler.kernel.from_equations.expressions import translator
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.ir import Load, Local, Value
from mcompiler.kernel.layout import Quantity


@dataclass(frozen=True, slots=True)
class Source:
    """How to load an input of a body, and what to say about it."""

    load: Callable[[Block], Value]
    comment: str = ""


#: Gives the values of unknowns (before clipping), by symbol, all at once.
Stored = Callable[[Block, Class, Sequence[sympy.Symbol], Member], Mapping[sympy.Symbol, Value]]


@dataclass(frozen=True, slots=True)
class Environment:
    """Where bodies of one kernel find their inputs.

    Attributes:
        graph: the system.
        stored: gives the unknowns.
        has_time: whether ``t`` is an argument.
        published: what vertices have put into scratch for edges, by class.
        extra: more inputs, by class.
    """

    graph: Graph
    stored: Stored
    has_time: bool = True
    published: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    extra: Mapping[str, Mapping[sympy.Symbol, Source]] = field(default_factory=dict[str, Mapping[sympy.Symbol, Source]])


def load_from(array: str) -> Stored:
    """Unknowns as they lie in an array."""

    def stored(block: Block, owner: Class, raws: Sequence[sympy.Symbol], member: Member) -> dict[sympy.Symbol, Value]:
        return {
            raw: block.let(
                full_name(owner.name, raw.name), Load(array, place_in(block, owner, raw, member)), owner.note(raw)
            )
            for raw in raws
        }

    return stored


def place_in(block: Block, owner: Class, raw: sympy.Symbol, member: Member) -> Value:
    """The index of a member's unknown in ``y``."""
    return add(block.kernel.offset("y", owner.stored(raw), owner.name), member.index)


def scratch_place(block: Block, owner: Class, name: str, index: Value) -> Value:
    """The index in ``w`` of a vertex's scratch quantity."""
    return add(block.kernel.offset("w", owner.scratch(name), owner.name), index)


def sources_of(environment: Environment, owner: Class, member: Member) -> dict[sympy.Symbol, Source]:
    """How to load what a body of this class may read, apart from unknowns."""
    graph = environment.graph
    sources: dict[sympy.Symbol, Source] = {}
    if environment.has_time:
        sources[TIME] = Source(_time)
    for parameter in graph.layout.parameters:
        sources[_symbol(parameter.name)] = _uniform(parameter, "")
    for parameter in owner.layout.parameters:
        sources[_symbol(parameter.name)] = (
            _varying(parameter, owner.name, member) if parameter.varies else _uniform(parameter, owner.name)
        )
    for borrowed in owner.template.borrowed:
        if (found := graph.borrowed(owner, borrowed.symbol)) is not None:
            sources[borrowed.symbol] = _uniform(*found)
    for each in owner.template.parameters:
        if each.end is not None:
            sources[each.symbol] = _number(member.numbers[each.end], owner.layout.ends[each.end])
    for read in owner.template.reads:
        sources[read.symbol] = _scratch(graph.end(owner, read.end), read.name, member.ends[read.end])
    for name in environment.published.get(owner.name, ()):
        sources[owner.symbol(name)] = _scratch(owner, name, member.index)
    for accumulator in owner.template.accumulators:
        sources[accumulator.symbol] = _scratch(owner, accumulator.symbol.name, member.index)
    return sources | dict(environment.extra.get(owner.name, {}))


def _symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


def _time(_block: Block) -> Value:
    return Local("t")


def _uniform(quantity: Quantity, owner: str) -> Source:
    return Source(lambda block: block.kernel.uniform(quantity, owner))


def _number(index: Value, vertex: str) -> Source:
    return Source(lambda _: index, f"number of the {vertex}")


def _varying(quantity: Quantity, owner: str, member: Member) -> Source:
    def load(block: Block) -> Value:
        return Load("p", add(block.kernel.offset("p", quantity, owner), member.index))

    return Source(load, described(full_name(owner, quantity.name), quantity))


def _scratch(owner: Class, name: str, index: Value) -> Source:
    return Source(lambda block: Load("w", scratch_place(block, owner, name, index)), full_name(owner.name, name))


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
        source = sources[symbol]
        known[symbol] = block.let(full_name(owner.name, symbol.name), source.load(block), source.comment)

    def resolve(symbol: sympy.Symbol) -> Value:
        if symbol not in known:
            raise KeyError(f"{owner.name}: {symbol.name} is neither an input nor an earlier definition")
        return known[symbol]

    translate = translator(resolve)
    for symbol, value in steps:
        if symbol in want and symbol not in known:
            known[symbol] = block.let(full_name(owner.name, symbol.name), translate(value), owner.note(symbol))
    return [translate(output) for output in outputs]
