"""Checks that a system keeps the invariants of `system`: names, order of use, what may be read where, units of every equation, derived ones included."""

from dataclasses import dataclass, field
from typing import NoReturn, final

import sympy

from mcompiler.equations.dimensions import WrongUnitError, dimension_of, fits
from mcompiler.equations.levels import AlgebraicLoopError, levels
from mcompiler.equations.pullback import dimensions, quantities
from mcompiler.equations.reverse import needed
from mcompiler.equations.system import LOSS, TIME, Definition, EdgeClass, System, Template, Unknown, VertexClass
from mcompiler.units import DIMENSIONLESS, Dimension
from mcompiler.units import TIME as SECONDS


class BrokenSystemError(AssertionError):
    """A system breaks an invariant: a mistake of the compiler, never of its user."""


def verify(system: System) -> System:
    """The system itself, if it keeps every invariant.

    Raises:
        BrokenSystemError: it does not; the message names the class and the equation.
    """
    names = [each.name for each in system.classes]
    if len(set(names)) != len(names):
        raise BrokenSystemError(f"{system.name}: two classes have one name: {names}")
    for owner in system.classes:
        _Checker(system, owner).check()
    try:
        levels(system)
    except AlgebraicLoopError as error:
        raise BrokenSystemError(f"{system.name}: {error}") from error
    _check_losses(system)
    for jump in system.jumps:
        verify(jump)
    return system


def _check_losses(system: System) -> None:
    if len({each.dimension for each in system.losses}) > 1:
        raise BrokenSystemError(f"{system.name}: terms of the loss have different units")
    loss = next((each.template for each in system.vertices if each.name == LOSS), None)
    if loss is None:
        if system.losses:
            raise BrokenSystemError(f"{system.name}: there is a loss, but no vertex {LOSS}")
        return
    known = (
        dimensions(loss.forward or loss)
        | dimensions(loss)
        | {each.symbol: each.dimension for each in system.parameters}
    )
    for term in system.losses:
        data = dict(zip(term.data, term.data_dimensions, strict=True))
        try:
            measured = dimension_of(term.value, known | data | {TIME: SECONDS})
        except WrongUnitError as error:
            raise BrokenSystemError(f"{system.name}: {term.name}: {error}") from error
        if not fits(measured, term.dimension):
            raise BrokenSystemError(f"{system.name}: {term.name} is in {measured}, not in {term.dimension}")


@final
@dataclass(slots=True)
class _Checker:
    """Walks one class with the symbols that are known so far."""

    system: System
    owner: VertexClass | EdgeClass
    known: dict[sympy.Symbol, Dimension] = field(default_factory=dict[sympy.Symbol, Dimension])

    @property
    def template(self) -> Template:
        return self.owner.template

    def check(self) -> None:
        self._names()
        self._inputs()
        for each in self.template.definitions:
            self._fit(each.value, each.dimension, f"{each.symbol} =")
            self.known[each.symbol] = each.dimension
        for unknown in self.template.unknowns:
            self._unknown(unknown)
        if isinstance(self.owner, EdgeClass):
            self._edge(self.owner)
        elif self.template.reads or self.template.contributions:
            self._fail("a vertex neither reads nor contributes")
        self._events()
        self._shares()

    # --- names

    def _names(self) -> None:
        template = self.template
        own = [each.symbol for each in quantities(template)]
        shared = [each.symbol for each in self.system.parameters]
        every = [*own, *shared, *(dimensions(template.forward) if template.forward else ())]
        twice = sorted({each.name for each in every if every.count(each) > 1})
        if twice or TIME in every:
            self._fail(f"names stand for two things: {twice or TIME}")
        for each in own:
            if not each.is_real:
                self._fail(f"{each} is not a real symbol")

    def _inputs(self) -> None:
        template, forward = self.template, self.template.forward
        self.known = {TIME: SECONDS, **{each.symbol: each.dimension for each in self.system.parameters}}
        if forward is not None:
            self.known |= dimensions(forward)
        defined = {each.symbol for each in template.definitions}
        self.known |= {symbol: dimension for symbol, dimension in dimensions(template).items() if symbol not in defined}
        if self.owner.name == LOSS:
            for term in self.system.losses:
                self.known |= dict(zip(term.data, term.data_dimensions, strict=True))

    # --- equations

    def _unknown(self, unknown: Unknown) -> None:
        name = unknown.symbol.name
        per = SECONDS if self.system.kind != "jump" else DIMENSIONLESS
        self._fit(unknown.rate, unknown.mass_dimension * unknown.dimension / per, f"rate of {name}")
        self._fit(unknown.mass, unknown.mass_dimension, f"mass of {name}")
        fixed = {
            "initial value": unknown.initial,
            "scale": unknown.scale,
            "lower bound": unknown.lower,
            "upper bound": unknown.upper,
        }
        for what, value in fixed.items():
            if value is not None:
                is_default = what == "scale" and value == 1
                self._fit(value, DIMENSIONLESS if is_default else unknown.dimension, f"{what} of {name}")
                self._constant(value, f"{what} of {name}")
        if self.template.forward is None:
            self._constant(unknown.mass, f"mass of {name}", may_collect=True)

    def _constant(self, value: sympy.Expr, what: str, *, may_collect: bool = False) -> None:
        """It depends on nothing that moves."""
        template = self.template
        moving = {TIME, *(each.symbol for each in template.unknowns), *(each.symbol for each in template.reads)}
        moving |= set() if may_collect else {each.symbol for each in template.accumulators}
        steps = [(each.symbol, each.value) for each in template.definitions]
        if found := moving & needed(steps, [value]):
            self._fail(f"the {what} depends on {sorted(each.name for each in found)}")

    def _edge(self, edge: EdgeClass) -> None:
        ends = [next((each for each in self.system.vertices if each.name == name), None) for name in edge.ends]
        used = [*(each.end for each in edge.template.reads), *(each.end for each in edge.template.contributions)]
        for end in used:
            if not 0 <= end < len(ends) or ends[end] is None:
                self._fail(f"end {end} is not a vertex class")
        for read in edge.template.reads:
            vertex = ends[read.end]
            assert vertex is not None
            if read.dimension != self._offered(vertex, read.name):
                self._fail(f"{read.symbol} is in {read.dimension}, not in what {vertex.name}.{read.name} is in")
        for contribution in edge.template.contributions:
            vertex = ends[contribution.end]
            assert vertex is not None
            to = next(
                (each for each in vertex.template.accumulators if each.symbol.name == contribution.accumulator), None
            )
            if to is None or to.dimension != contribution.dimension:
                self._fail(f"{vertex.name} does not collect {contribution.accumulator} in {contribution.dimension}")
            self._fit(
                contribution.value, contribution.dimension, f"contribution to {vertex.name}.{contribution.accumulator}"
            )

    def _offered(self, vertex: VertexClass, name: str) -> Dimension:
        """The unit of an unknown or output of a vertex."""
        template = vertex.template
        offered: list[Unknown | Definition] = [*template.unknowns, *template.definitions]
        found = next((each for each in offered if each.symbol.name == name), None)
        if found is None:
            self._fail(f"{vertex.name} offers no {name}")
        return found.dimension

    def _events(self) -> None:
        unknowns = {each.symbol: each.dimension for each in self.template.unknowns}
        for event in self.template.events:
            self._fit(event.margin, event.dimension, "margin of an event")
            for symbol, value in event.assignments:
                if symbol not in unknowns:
                    self._fail(f"an event sets {symbol}, which is not an unknown")
                self._fit(value, unknowns[symbol], f"{symbol} :=")

    def _shares(self) -> None:
        """Shares of parameter gradients: their unit follows from that of the loss."""
        parameters = {
            each.symbol.name: each.dimension
            for each in (*self.system.parameters, *(self.template.forward.parameters if self.template.forward else ()))
        }
        loss = self.system.losses[0].dimension if self.system.losses else DIMENSIONLESS
        for each in self.template.gradients:
            if each.parameter not in parameters:
                self._fail(f"there is no parameter {each.parameter}")
            running = each.moment == "throughout" and self.system.kind != "jump"
            wanted = loss / parameters[each.parameter] / (SECONDS if running else DIMENSIONLESS)
            if each.dimension != wanted:
                self._fail(f"the gradient by {each.parameter} is said to be in {each.dimension}, not in {wanted}")
            self._fit(each.value, wanted, f"gradient by {each.parameter}")
        if self.system.kind in ("adjoint", "jump"):
            per = SECONDS if self.system.kind == "adjoint" else DIMENSIONLESS
            self._fit(self.template.time_gradient, loss / per / SECONDS, "derivative by time")

    # --- tools

    def _fit(self, value: sympy.Expr, dimension: Dimension, what: str) -> None:
        try:
            measured = dimension_of(value, self.known)
        except WrongUnitError as error:
            self._fail(f"{what}: {error}")
        if not fits(measured, dimension):
            self._fail(f"{what} {value} is in {measured}, not in {dimension}")

    def _fail(self, message: str) -> NoReturn:
        raise BrokenSystemError(f"{self.system.name}, {self.owner.name}: {message}")
