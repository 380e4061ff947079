"""The derivatives of every template's outputs by its inputs: the blocks that implicit methods, elimination and small-signal analysis are made of.

Derivatives of definitions stay definitions, so an entry is as short as the chain rule makes it. The blocks are those of the equations as they stand;
while a bound holds an unknown, its row is 0.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import sympy

from mcompiler.equations.names import by
from mcompiler.equations.pullback import dimensions
from mcompiler.equations.reverse import derivative_along, linearise, needed
from mcompiler.equations.system import ONE, TIME, ZERO, Definition, EdgeClass, System, Template, VertexClass
from mcompiler.equations.translate import as_written
from mcompiler.source import Span
from mcompiler.units import TIME as SECONDS
from mcompiler.units import Dimension


@dataclass(frozen=True, slots=True)
class Output:
    """What is differentiated: the right side of an unknown's equation, a contribution to an accumulator at an end, or an output that edges read."""

    kind: Literal["rate", "contribution", "output"]
    name: str
    value: sympy.Expr
    dimension: Dimension
    end: int = 0
    origin: Span | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """d ``output`` / d ``variable``, which does not vanish identically."""

    output: Output
    variable: sympy.Symbol
    value: sympy.Expr
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Block:
    """The entries of one class, and the definitions that they read beside those of its template."""

    owner: VertexClass | EdgeClass
    definitions: tuple[Definition, ...]
    entries: tuple[Entry, ...]


@as_written
def jacobian(system: System) -> tuple[Block, ...]:
    """The blocks of all classes of a system in forward form, in the system's order."""
    read = {(edge.ends[each.end], each.name) for edge in system.edges for each in edge.template.reads}
    return tuple(_block(each, {name for owner, name in read if owner == each.name}) for each in system.classes)


def _block(owner: VertexClass | EdgeClass, read: set[str]) -> Block:
    template = owner.template
    outputs = tuple(_outputs(template, read))
    measures = {TIME: SECONDS, **dimensions(template)}
    definitions: list[Definition] = []
    entries: list[Entry] = []
    program = [(each.symbol, each.value) for each in template.definitions]
    for variable in _variables(template):
        steps, dots = linearise(program, {variable: ONE}, _called(variable))
        dots[variable] = ONE
        found = [(each, derivative_along(each.value, dots)) for each in outputs]
        entries += [
            Entry(each, variable, value, each.dimension / measures[variable]) for each, value in found if value != ZERO
        ]
        wanted = needed(steps, [value for _, value in found])
        defined = {dots[each.symbol]: each for each in template.definitions if each.symbol in dots}
        definitions += [
            Definition(symbol, defined[symbol].dimension / measures[variable], value, origin=defined[symbol].origin)
            for symbol, value in steps
            if symbol in wanted
        ]
    return Block(owner, tuple(definitions), tuple(entries))


def _variables(template: Template) -> Iterator[sympy.Symbol]:
    yield from (each.symbol for each in template.unknowns)
    yield from (each.symbol for each in template.accumulators)
    yield from (each.symbol for each in template.reads)
    yield TIME


def _called(variable: sympy.Symbol) -> Callable[[str], sympy.Symbol]:
    return lambda name: by(name, variable.name)


def _outputs(template: Template, read: set[str]) -> Iterator[Output]:
    for each in template.unknowns:
        dimension = each.mass_dimension * each.dimension / SECONDS
        yield Output("rate", each.symbol.name, each.rate, dimension, origin=each.origin)
    for share in template.contributions:
        yield Output("contribution", share.accumulator, share.value, share.dimension, share.end, share.origin)
    for definition in template.definitions:
        if definition.symbol.name in read:
            yield Output(
                "output", definition.symbol.name, definition.symbol, definition.dimension, origin=definition.origin
            )
