"""A system's classes with their programs and their places in the arrays: what all kernels of the system are made from."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import sympy

from mcompiler.equations.levels import Levels, levels
from mcompiler.equations.system import (
    Accumulator,
    Definition,
    EdgeClass,
    Parameter,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.kernel.from_equations.program import Program, program_of
from mcompiler.kernel.layout import ClassLayout, Guard, Layout, Loss, Observable, Quantity, Slots


@dataclass(frozen=True, slots=True)
class Class:
    """A vertex or edge class: its template as a program, and its places."""

    layout: ClassLayout
    template: Template
    program: Program

    @property
    def name(self) -> str:
        """The class's name."""
        return self.layout.name

    @property
    def is_edge(self) -> bool:
        """Whether members join vertices."""
        return self.layout.kind == "edge"

    def note(self, symbol: sympy.Symbol) -> str:
        """What to say where a symbol of the program, or its adjoint, gets its value."""
        if symbol.name.startswith("bar "):
            return f"adjoint of {self.name}.{symbol.name.removeprefix('bar ')}"
        return self.program.notes.get(symbol, "")

    def parameter(self, symbol: sympy.Symbol) -> Quantity | None:
        """The place of one of its parameters."""
        return next((each for each in self.layout.parameters if each.name == symbol.name), None)

    def scratch(self, name: str) -> Quantity:
        """The place of an accumulator, a quantity that edges read, the adjoint of one of these (``bar ...``), or an unknown of a vertex that is read."""
        return next(each for each in self.layout.scratch if each.name == name)

    def symbol(self, name: str) -> sympy.Symbol:
        """The symbol of an unknown or definition, by name."""
        symbols = [
            *(each.symbol for each in self.template.unknowns),
            *(each.symbol for each in self.template.definitions),
        ]
        return next(symbol for symbol in symbols if symbol.name == name)

    def stored(self, raw: sympy.Symbol) -> Quantity:
        """The place of an unknown, by its symbol before clipping."""
        return self.layout.unknowns[self.program.raw.index(raw)]


@dataclass(frozen=True, slots=True)
class Graph:
    """All classes of a system, its layout, and the passes over the edges that its right-hand side takes; ``batched``: copies of vertices share edges."""

    system: System
    layout: Layout
    classes: tuple[Class, ...]
    levels: Levels
    batched: bool = False

    @property
    def vertices(self) -> tuple[Class, ...]:
        """The vertex classes."""
        return tuple(each for each in self.classes if not each.is_edge)

    @property
    def edges(self) -> tuple[Class, ...]:
        """The edge classes."""
        return tuple(each for each in self.classes if each.is_edge)

    def of(self, name: str) -> Class:
        """The class with this name."""
        return next(each for each in self.classes if each.name == name)

    def borrowed(self, owner: Class, symbol: sympy.Symbol) -> tuple[Quantity, str] | None:
        """The parameter of another class behind a symbol of this one, and that class's name."""
        found = next((each for each in owner.template.borrowed if each.symbol == symbol), None)
        if found is None:
            return None
        place = self.of(found.owner).parameter(sympy.Symbol(found.name, real=True))
        return None if place is None else (place, found.owner)

    def end(self, edge: Class, end: int) -> Class:
        """The vertex class at an edge class's end."""
        return self.of(edge.layout.ends[end])


def bar(name: str) -> str:
    """The name of the adjoint of a scratch quantity."""
    return f"bar {name}"


def graph_of(system: System, *, batched: bool = False) -> Graph:
    """Gives every quantity of the system its slot.

    Raises:
        ValueError: the system is an adjoint (its kernels are `pullback` and its like), or has a constraint (mass 0, or a sum that depends on itself).
    """
    if system.kind in {"adjoint", "jump"}:
        raise ValueError(f"{system.name} is an adjoint system: the kernels of its forward system step it")
    slots = Slots()
    parameters = _quantities(system.parameters, slots)
    numbers = count()
    owners: tuple[VertexClass | EdgeClass, ...] = (*system.vertices, *system.edges)
    layouts = [_layout(system, each, slots, numbers) for each in owners]
    losses = tuple(Loss(each.name, str(each.dimension), tuple(s.name for s in each.data)) for each in system.losses)
    layout = Layout(system.name, tuple(layouts), parameters, losses, slots.used)
    classes = [Class(a, b.template, program_of(b.template, b.name)) for a, b in zip(layouts, owners, strict=True)]
    return Graph(system, layout, tuple(classes), levels(system), batched)


def _layout(system: System, owner: VertexClass | EdgeClass, slots: Slots, numbers: Iterator[int]) -> ClassLayout:
    template = owner.template
    is_edge = isinstance(owner, EdgeClass)
    topology = owner.topology if isinstance(owner, EdgeClass) else "indexed"
    ends = owner.ends if isinstance(owner, EdgeClass) else ()
    return ClassLayout(
        name=owner.name,
        kind="edge" if is_edge else "vertex",
        topology=topology,
        ends=ends,
        count_slot=slots.take(),
        index_slots=tuple(slots.take() for _ in ends) if topology == "indexed" else (),
        unknowns=tuple(Quantity(u.symbol.name, str(u.dimension), slots.take(), doc=u.doc) for u in template.unknowns),
        parameters=_quantities(template.parameters, slots),
        scratch=() if is_edge else _scratch(system, owner.name, template, slots),
        observables=_observables(template, numbers),
        guards=tuple(Guard(slots.take(), str(each.dimension)) for each in template.events),
    )


def _quantities(parameters: tuple[Parameter, ...], slots: Slots) -> tuple[Quantity, ...]:
    return tuple(
        Quantity(p.symbol.name, str(p.dimension), slots.take(), p.varies, p.doc) for p in parameters if p.end is None
    )


def _scratch(system: System, owner: str, template: Template, slots: Slots) -> tuple[Quantity, ...]:
    read = {r.name: str(r.dimension) for edge in system.edges for r in edge.template.reads if edge.ends[r.end] == owner}
    places = read | {each.symbol.name: str(each.dimension) for each in template.accumulators}
    kept = {each.symbol.name: str(each.dimension) for each in template.unknowns} if read else {}
    names = [*places, *(name for name in kept if name not in places), *(bar(name) for name in places)]
    dimensions = kept | places
    return tuple(Quantity(name, dimensions.get(name, ""), slots.take()) for name in names)


def _observables(template: Template, numbers: Iterator[int]) -> tuple[Observable, ...]:
    return tuple(
        Observable(each.symbol.name, str(each.dimension), next(numbers), each.doc) for each in shown_by(template)
    )


def shown_by(template: Template) -> tuple[Unknown | Definition | Accumulator, ...]:
    """What can be observed of a class, in the order of its layout's observables."""
    definitions = (each for each in template.definitions if not each.inner)
    return (*template.unknowns, *definitions, *template.accumulators)
