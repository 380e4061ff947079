"""What depends on one end of an edge only, computed once per vertex: of ``sinh(x_j)*sinh(e_i)*s`` two products per edge are left, however many edges there are.

The largest parts of an edge's equations that read one end, nothing of the edge's own, and cost more than a load, become definitions of the vertex class at that
end; the edge reads them. They are no quantities of the model (`Definition.inner`), and read parameters that all members of the edge class share (`Borrowed`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import sympy

from mcompiler.equations.system import TIME, Borrowed, Contribution, Definition, EdgeClass, Read, System, VertexClass
from mcompiler.units import DIMENSIONLESS

#: Functions that cost no more than an addition.
_CHEAP = frozenset({"where", "minimum", "maximum", "absolute", "sign", "step", "floor"})
#: Functions whose value is no number.
_CONDITIONS = frozenset({"lt", "le", "gt", "ge", "eq", "ne", "conjunction", "disjunction", "negation"})


def hoisted(system: System) -> System:
    """The system with what depends on one end of an edge at its vertices."""
    lifts = [_Lift.of(each, system) for each in system.edges]
    edges = tuple(lift.edge() for lift in lifts)
    return replace(system, vertices=tuple(_vertex(each, lifts) for each in system.vertices), edges=edges)


def _vertex(vertex: VertexClass, lifts: Iterable["_Lift"]) -> VertexClass:
    definitions = list(vertex.template.definitions)
    borrowed = dict.fromkeys(vertex.template.borrowed)
    for lift in lifts:
        for end, name in enumerate(lift.owner.ends):
            if name == vertex.name:
                definitions += lift.lifted[end]
                borrowed |= dict.fromkeys(lift.borrowed[end])
    if len(definitions) == len(vertex.template.definitions):
        return vertex
    made = replace(vertex.template, definitions=tuple(definitions), borrowed=tuple(borrowed))
    return replace(vertex, template=made)


#: The one end that a value depends on, or none; a value that depends on more has no entry.
_End = int | None


@dataclass(slots=True)
class _Lift:
    """Lifts from one edge class.

    Attributes:
        owner: the edge class.
        end_of: the end of every symbol that depends on one at most.
        there: what a symbol with an end is at the vertex.
        lifted: definitions for the vertex class at each end.
        borrowed: parameters of this class that they read.
        reads: what the edge reads in their stead.
    """

    owner: EdgeClass
    end_of: dict[sympy.Symbol, _End]
    there: dict[tuple[int, sympy.Symbol], sympy.Expr]
    lifted: list[list[Definition]]
    borrowed: list[dict[Borrowed, None]]
    reads: dict[tuple[int, sympy.Expr], Read] = field(default_factory=dict[tuple[int, sympy.Expr], Read])

    @classmethod
    def of(cls, edge: EdgeClass, system: System) -> "_Lift":
        """A lift that has not begun."""
        template = edge.template
        shared = [each for each in (*template.parameters, *system.parameters) if not (each.varies or each.structural)]
        end_of: dict[sympy.Symbol, _End] = {TIME: None, **{each.symbol: None for each in shared}}
        end_of |= {each.symbol: each.end for each in template.reads}
        there: dict[tuple[int, sympy.Symbol], sympy.Expr] = {
            (each.end, each.symbol): sympy.Symbol(each.name, real=True) for each in template.reads
        }
        count = len(edge.ends)
        return cls(edge, end_of, there, [[] for _ in range(count)], [{} for _ in range(count)])

    def edge(self) -> EdgeClass:
        """The edge class, rewritten."""
        template = self.owner.template
        definitions = tuple(self.definition(each) for each in template.definitions)
        unknowns = tuple(replace(each, rate=self.value(each.rate)) for each in template.unknowns)
        contributions = tuple(self.contribution(each) for each in template.contributions)
        if not self.reads:
            return self.owner
        made = replace(
            template,
            unknowns=unknowns,
            definitions=definitions,
            contributions=contributions,
            reads=(*template.reads, *self.reads.values()),
        )
        return replace(self.owner, template=made)

    def definition(self, definition: Definition) -> Definition:
        value = self.value(definition.value)
        if self.depends_on_one(definition.value):
            self.end_of[definition.symbol] = self.end(definition.value)
        return replace(definition, value=value)

    def contribution(self, contribution: Contribution) -> Contribution:
        return replace(contribution, value=self.value(contribution.value))

    def depends_on_one(self, value: sympy.Basic) -> bool:
        """Whether a value reads one end at most, and nothing of the edge's own."""
        symbols = value.free_symbols
        return all(each in self.end_of for each in symbols) and len(self.ends(symbols)) <= 1

    def ends(self, symbols: Iterable[sympy.Basic]) -> set[int]:
        found = (self.end_of[each] for each in symbols if isinstance(each, sympy.Symbol))
        return {end for end in found if end is not None}

    def end(self, value: sympy.Basic) -> _End:
        return next(iter(self.ends(value.free_symbols)), None)

    def value(self, value: sympy.Expr) -> sympy.Expr:
        """The value with its costly parts that depend on one end read from there."""
        if value.is_Atom:
            return value
        if self.depends_on_one(value) and type(value).__name__ not in _CONDITIONS:
            end = self.end(value)
            return self.read(end, value) if end is not None and _is_costly(value) else value
        if isinstance(value, (sympy.Add, sympy.Mul)):
            return self.joined(value)
        return value.func(*(self.value(argument) for argument in _arguments(value)))

    def joined(self, value: sympy.Add | sympy.Mul) -> sympy.Expr:
        """A sum or product: what depends on the same end is taken together, what depends on none with the first of these."""
        left = list(_arguments(value))
        parts: list[sympy.Expr] = []
        for end in range(len(self.owner.ends)):
            own = [each for each in left if self.depends_on_one(each) and self.end(each) == end]
            if any(map(_is_costly, own)):
                own += [each for each in left if self.depends_on_one(each) and self.end(each) is None]
                left = [each for each in left if each not in own]
                parts.append(self.read(end, value.func(*own)))
        return value.func(*parts, *(self.value(each) for each in left))

    def read(self, end: int, value: sympy.Expr) -> sympy.Symbol:
        """What the edge reads in the place of a value."""
        if (end, value) not in self.reads:
            at_vertex = self.at_vertex(end, value)
            name = f"{self.owner.name} {len(self.reads)} at {end}"
            here, there = (sympy.Symbol(each, real=True) for each in (f"end {end}.{name}", name))
            self.lifted[end].append(Definition(there, DIMENSIONLESS, at_vertex, inner=True))
            self.reads[end, value] = Read(here, end, name, DIMENSIONLESS)
        return self.reads[end, value].symbol

    def at_vertex(self, end: int, value: sympy.Expr) -> sympy.Expr:
        """The value in the symbols of the vertex."""
        symbols = sorted(value.atoms(sympy.Symbol), key=lambda symbol: symbol.name)
        return cast("sympy.Expr", value.xreplace({each: self.symbol_there(end, each) for each in symbols}))

    def symbol_there(self, end: int, symbol: sympy.Symbol) -> sympy.Expr:
        if (end, symbol) not in self.there:
            self.there[end, symbol] = self.made_there(end, symbol)
        return self.there[end, symbol]

    def made_there(self, end: int, symbol: sympy.Symbol) -> sympy.Expr:
        template = self.owner.template
        if any(each.symbol == symbol for each in template.parameters):
            borrowed = Borrowed(
                sympy.Symbol(f"{self.owner.name}.{symbol.name}", real=True), self.owner.name, symbol.name
            )
            self.borrowed[end][borrowed] = None
            return borrowed.symbol
        made = next((each for each in template.definitions if each.symbol == symbol), None)
        if made is None:
            return symbol  # time, or a parameter of the whole system
        value = self.at_vertex(end, made.value)
        if value.is_Atom:
            return value
        there = sympy.Symbol(f"{self.owner.name} {symbol.name} at {end}", real=True)
        self.lifted[end].append(Definition(there, made.dimension, value, origin=made.origin, inner=True))
        return there


def _arguments(value: sympy.Expr) -> Sequence[sympy.Expr]:
    return cast("tuple[sympy.Expr, ...]", value.args)


def _is_costly(value: sympy.Basic) -> bool:
    """Whether it has a division, a root or an elementary function in it."""
    return any(
        (isinstance(each, sympy.Function) and type(each).__name__ not in _CHEAP | _CONDITIONS)
        or (isinstance(each, sympy.Pow) and not (each.exp.is_Integer and each.exp.is_positive))
        for each in sympy.preorder_traversal(value)
    )
