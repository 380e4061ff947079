"""The transposed derivative of a whole system, template by template: what adjoints, error networks and nudges have in common.

Some outputs of templates (rates, losses) have an adjoint each, their seeds. A vertex pulls them back to its accumulators; edges read the adjoints at the ends
they contribute to, pull them back to what they read, and contribute that to the vertices they read it from. It is the same graph, driven from the other side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import sympy

from mcompiler.equations.names import at_end, bar, received
from mcompiler.equations.pullback import Pulled, Seed, pull
from mcompiler.equations.system import (
    TIME,
    ZERO,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Read,
    System,
    Template,
    VertexClass,
)
from mcompiler.units import Dimension

Owner = VertexClass | EdgeClass


@dataclass(frozen=True, slots=True)
class Words:
    """What adjoints of quantities are called: ``of`` one, the share of it that is ``arriving`` from edges where the vertex adds to it, and in words."""

    of: Callable[[str], sympy.Symbol] = bar
    arriving: Callable[[str], sympy.Symbol] = received
    said: str = "adjoint of"


@dataclass(frozen=True, slots=True)
class Transposition:
    """What is pulled back, to what, and how it is called.

    Attributes:
        system: in forward form.
        unit: of a quantity times its adjoint.
        seeds: the outputs of a class that have an adjoint of their own.
        inputs: what the derivatives are taken by, beside the accumulators of vertices and the reads of edges.
        words: what the adjoints are called.
    """

    system: System
    unit: Dimension
    seeds: Callable[[Owner], Sequence[Seed]]
    inputs: Callable[[Owner], Sequence[sympy.Symbol]]
    words: Words = Words()


@dataclass(frozen=True, slots=True)
class Transposed:
    """What a class gets: definitions, the adjoint of every input that has one, and what brings the adjoints along the edges."""

    definitions: tuple[Definition, ...]
    gradients: Mapping[sympy.Symbol, sympy.Expr]
    accumulators: tuple[Accumulator, ...] = ()
    reads: tuple[Read, ...] = ()
    contributions: tuple[Contribution, ...] = ()


#: Per vertex class, the adjoints that can be read there: of an accumulator, its symbol and dimension; those that vanish are left out.
_Offered = Mapping[str, Mapping[str, tuple[sympy.Symbol, Dimension]]]
#: The quantities of a vertex class whose adjoints edges contribute to, with the dimension of these.
_Arriving = Mapping[str, Dimension]


def transposed(task: Transposition) -> dict[str, Transposed]:
    """The transposed derivative of every class, by name."""
    system = task.system
    arriving: Mapping[str, _Arriving] = {each.name: {} for each in system.vertices}
    pulled = {each.name: _pulled(each, task, {}) for each in system.vertices}
    offered = {each.name: _offered(each, task, {}, pulled[each.name]) for each in system.vertices}
    while True:
        edges = {each.name: _edge(each, task, offered) for each in system.edges}
        arriving = {each.name: _arriving(each.name, system, edges) for each in system.vertices}
        pulled = {each.name: _pulled(each, task, arriving[each.name]) for each in system.vertices}
        again = {each.name: _offered(each, task, arriving[each.name], pulled[each.name]) for each in system.vertices}
        if again == offered:
            break
        offered = (
            again  # an output that depends on an accumulator was read: the accumulator has an adjoint from there too
        )
    vertices = {each.name: _vertex(each, task, arriving[each.name], pulled[each.name]) for each in system.vertices}
    made = {name: _shortened(each, task, arriving[name]) for name, each in vertices.items()}
    names = {name: called for name, (_, called) in made.items()}
    ends = {each.name: each.ends for each in system.edges}
    return {
        **{name: each for name, (each, _) in made.items()},
        **{name: _renamed(each, ends[name], names) for name, each in edges.items()},
    }


# --- vertices


def _pulled(vertex: VertexClass, task: Transposition, arriving: _Arriving) -> Pulled:
    template = vertex.template
    arrivals: list[Seed] = [(sympy.Symbol(name, real=True), task.words.arriving(name)) for name in arriving]
    inputs = [*(each.symbol for each in template.accumulators), *task.inputs(vertex)]
    return pull(template, [*task.seeds(vertex), *arrivals], inputs, task.unit, task.words.of)


def _offered(
    vertex: VertexClass, task: Transposition, arriving: _Arriving, pulled: Pulled
) -> dict[str, tuple[sympy.Symbol, Dimension]]:
    offered: dict[str, tuple[sympy.Symbol, Dimension]] = {}
    for each in vertex.template.accumulators:
        value = pulled.gradients.get(each.symbol, ZERO)
        if value != ZERO:
            name = _readable(value, vertex, task, arriving, pulled) or task.words.of(each.symbol.name)
            offered[each.symbol.name] = name, task.unit / each.dimension
    return offered


def _readable(
    value: sympy.Expr, vertex: VertexClass, task: Transposition, arriving: _Arriving, pulled: Pulled
) -> sympy.Symbol | None:
    """The adjoint where it is one that edges may read by its own name: a seed's or a definition's, and neither a parameter nor a sum of what arrives."""
    sums = {task.words.arriving(name) for name in arriving}
    sums |= {each.symbol for each in pulled.definitions if each.value in sums}
    constant = {each.symbol for each in (*vertex.template.parameters, *task.system.parameters)}
    made = {each.symbol for each in pulled.definitions} | {adjoint for _, adjoint in task.seeds(vertex)}
    return value if isinstance(value, sympy.Symbol) and value in made - sums - constant else None


def _arriving(vertex: str, system: System, edges: Mapping[str, Transposed]) -> dict[str, Dimension]:
    return {
        each.accumulator: each.dimension
        for edge in system.edges
        for each in edges[edge.name].contributions
        if edge.ends[each.end] == vertex
    }


def _vertex(vertex: VertexClass, task: Transposition, arriving: _Arriving, pulled: Pulled) -> Transposed:
    own = [
        Definition(task.words.of(each.symbol.name), task.unit / each.dimension, value)
        for each in vertex.template.accumulators
        if (value := pulled.gradients.get(each.symbol)) is not None
        and _readable(value, vertex, task, arriving, pulled) is None
    ]
    who = "synapses" if any(each.terminals for each in task.system.edges) else "the elements"
    accumulators = tuple(
        Accumulator(task.words.arriving(name), dimension, f"what {who} add to the {task.words.said} {name}")
        for name, dimension in arriving.items()
    )
    return Transposed((*pulled.definitions, *own), pulled.gradients, accumulators)


def _shortened(vertex: Transposed, task: Transposition, arriving: _Arriving) -> tuple[Transposed, dict[str, str]]:
    """The vertex without definitions that only say that an adjoint is what arrives from the edges, and what it calls its accumulators."""
    of = task.words.of
    sums = {each.symbol: name for each, name in zip(vertex.accumulators, arriving, strict=True)}
    repeated = {(of(name), symbol) for symbol, name in sums.items()}
    kept = tuple(each for each in vertex.definitions if (each.symbol, each.value) not in repeated)
    defined = {each.symbol for each in kept}
    renamed = {symbol: symbol if of(name) in defined else of(name) for symbol, name in sums.items()}
    made = replace(
        vertex,
        definitions=kept,
        accumulators=tuple(replace(each, symbol=renamed[each.symbol]) for each in vertex.accumulators),
        gradients={symbol: value.xreplace(renamed) for symbol, value in vertex.gradients.items()},
    )
    return made, {name: renamed[symbol].name for symbol, name in sums.items()}


# --- edges


def _edge(edge: EdgeClass, task: Transposition, offered: _Offered) -> Transposed:
    template = edge.template
    reads: dict[tuple[int, str], Read] = {}
    seeds = [*task.seeds(edge)]
    for each in template.contributions:
        at = edge.ends[each.end]
        if each.accumulator in offered[at]:
            symbol, dimension = offered[at][each.accumulator]
            key = each.end, symbol.name
            reads.setdefault(key, Read(_read_symbol(edge, each, symbol), each.end, symbol.name, dimension))
            seeds.append((each.value, reads[key].symbol))
    inputs = [*(each.symbol for each in template.reads), *task.inputs(edge)]
    pulled = pull(template, seeds, inputs, task.unit, task.words.of)
    contributions = tuple(
        Contribution(each.end, each.name, pulled.gradients[each.symbol], task.unit / each.dimension)
        for each in template.reads
        if each.symbol in pulled.gradients
    )
    return Transposed(pulled.definitions, pulled.gradients, (), tuple(reads.values()), contributions)


def _read_symbol(edge: EdgeClass, contribution: Contribution, symbol: sympy.Symbol) -> sympy.Symbol:
    """The adjoint at an end, called after the terminal: ``p.lam v``."""
    end = contribution.end
    terminals = {each.end: each.symbol.name.rpartition(".")[0] for each in edge.template.reads}
    alone = edge.ends[end] if edge.ends.count(edge.ends[end]) == 1 else f"end{end}"
    if end < len(edge.terminals):
        alone = edge.terminals[end]
    return at_end(terminals.get(end, "") or alone, symbol.name)


def _renamed(edge: Transposed, ends: Sequence[str], names: Mapping[str, Mapping[str, str]]) -> Transposed:
    contributions = (replace(each, accumulator=names[ends[each.end]][each.accumulator]) for each in edge.contributions)
    return replace(edge, contributions=tuple(contributions))


# --- inputs


def all_inputs(template: Template, system: System) -> list[sympy.Symbol]:
    """All that a template's outputs may be differentiated by, beside accumulators and reads: unknowns, real parameters and time."""
    constant = [each for each in (*template.parameters, *system.parameters) if not each.structural]
    return [*(each.symbol for each in template.unknowns), *(each.symbol for each in constant), TIME]
