"""Templates on a graph, in sympy: the one type that every derivation takes and returns.

A ``System`` holds vertex and edge classes; all members of a class share one ``Template``. Members, sizes, index arrays and values are not here (they are
in ``network.Network``): sympy sees templates only, so nothing in this room grows with the size of a network.

    vertex class   mass_x dx/dt = rate_x(x, definitions, accumulators, parameters, globals, t)
    edge class     mass_s ds/dt = rate_s(reads, s, definitions, parameters, globals, t)
                   contributions added into accumulators of the edge's ends

Invariants (``verify`` checks them)
    - symbols are real, unique within a template; ``t`` is `TIME`; names are the user's (``w``, ``src.v``), derived ones have a space in them (``lam w``);
    - definitions are in order of use: each reads unknowns, reads, parameters, accumulators, globals, ``t`` and earlier definitions only;
    - a rate reads the same and all definitions; a contribution is an edge's only effect on others;
    - edges read unknowns and outputs of their ends, never accumulators; an output may depend on an accumulator, but no accumulator on itself through edges;
    - initial values, scales, bounds and masses do not move: they read parameters, and definitions of parameters (a mass may read accumulators of such);
    - every quantity has a dimension, and the equation it stands in balances.
"""

from dataclasses import dataclass
from typing import Literal

import sympy

from mcompiler.network import binding
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

TIME = sympy.Symbol("t", real=True)
ZERO: sympy.Expr = sympy.Integer(0)
ONE: sympy.Expr = sympy.Integer(1)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant in time. ``varies``: one value per member instead of one for the class. Its values are in the network.

    ``structural``: an index, a size or a choice of members, which no gradient is taken by. With ``end``, in an edge template, it is the number of the
    member at that end and has no values of its own; it stands in comparisons only.
    """

    symbol: sympy.Symbol
    dimension: Dimension
    varies: bool = False
    doc: str = ""
    origin: Span | None = None
    structural: bool = False
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A state and its equation ``mass * d symbol/dt = rate``; a constraint has mass 0.

    ``lower`` and ``upper`` are hard bounds, ``scale`` the positive magnitude that tolerances refer to; all may depend on parameters.

    ``along``: in a tangent system, the unknown whose direction this one is. Then a bound is that unknown's: where it is clipped or held, this one takes
    the value ``lower`` or ``upper`` (the bound's own direction) and its rate is masked. So it is with the error beside a bounded unknown, in an error network.

    ``given``: whether the network has numbers of its own in the place of ``initial``, for all members or some.
    """

    symbol: sympy.Symbol
    dimension: Dimension
    rate: sympy.Expr
    mass: sympy.Expr = ONE
    initial: sympy.Expr = ZERO
    scale: sympy.Expr = ONE
    lower: sympy.Expr | None = None
    upper: sympy.Expr | None = None
    doc: str = ""
    origin: Span | None = None
    mass_dimension: Dimension = DIMENSIONLESS
    along: sympy.Symbol | None = None
    given: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """``symbol = value``, kept as a definition (never substituted) through every derivation; an ``inner`` one is made for kernels and shown to nobody."""

    symbol: sympy.Symbol
    dimension: Dimension
    value: sympy.Expr
    doc: str = ""
    origin: Span | None = None
    inner: bool = False


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A parameter ``name`` that all members of another class ``owner`` share, as an inner definition reads it."""

    symbol: sympy.Symbol
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A vertex quantity that is the sum of the contributions of all edges that end there."""

    symbol: sympy.Symbol
    dimension: Dimension
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """In an edge template: ``symbol`` stands for the unknown or output ``name`` of the vertex at ``end``."""

    symbol: sympy.Symbol
    end: int
    name: str
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Contribution:
    """In an edge template: ``value`` is added into accumulator ``accumulator`` of the vertex at ``end``."""

    end: int
    accumulator: str
    value: sympy.Expr
    dimension: Dimension
    origin: Span | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """When ``margin`` crosses zero upward, ``assignments`` (all right sides before the event) are made."""

    margin: sympy.Expr
    dimension: Dimension
    assignments: tuple[tuple[sympy.Symbol, sympy.Expr], ...]
    origin: Span | None = None


@dataclass(frozen=True, slots=True)
class Gradient:
    """In an adjoint template: ``value`` is this member's share of dL/d(parameter); of a global parameter all shares add up.

    throughout   the integrand of an integral over the run (in a system of jumps: what is added at each of its times)
    start        added once, at the start: the parameter enters an initial value
    lower, upper added each time ``unknown`` reaches that bound: the parameter enters the bound
    """

    parameter: str
    value: sympy.Expr
    dimension: Dimension
    moment: Literal["throughout", "start", "lower", "upper"] = "throughout"
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """The scalar equations that all members of a vertex or edge class share.

    In an adjoint template ``forward`` is the template it was derived from: its unknowns, reads, accumulators, parameters and definitions may be read, at the
    forward trajectory. Then an unknown ``lam w`` obeys ``-mass * d(lam w)/dt = rate`` (backward in time), accumulators hold the adjoints of what the edges
    read, edges read the adjoints of what they contribute to, ``gradients`` are shares of the parameter gradient and ``time_gradient`` is this member's
    share of lam^T df/dt.
    """

    name: str
    parameters: tuple[Parameter, ...] = ()
    unknowns: tuple[Unknown, ...] = ()
    definitions: tuple[Definition, ...] = ()
    accumulators: tuple[Accumulator, ...] = ()
    reads: tuple[Read, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    events: tuple[Event, ...] = ()
    doc: str = ""
    origin: Span | None = None
    forward: "Template | None" = None
    gradients: tuple[Gradient, ...] = ()
    time_gradient: sympy.Expr = ZERO
    borrowed: tuple[Borrowed, ...] = ()


@dataclass(frozen=True, slots=True)
class VertexClass:
    """Vertices with one template; the network holds how many there are. ``elements``: what the user calls them."""

    name: str
    template: Template
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeClass:
    """Edges with one template; ``ends[k]`` names the vertex class of the k-th terminal, the network holds the index arrays.

    ``topology``: "indexed" (an index array per end) or "dense" (every member of ends[0] with every member of ends[1], no index arrays; further ends are
    classes with one member). ``terminals`` are the names of the ends, where reads do not say them.
    """

    name: str
    template: Template
    ends: tuple[str, ...]
    topology: Literal["indexed", "dense"] = "indexed"
    elements: tuple[str, ...] = ()
    terminals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PointLoss:
    """A loss term at instants: ``value`` at each of its times (which the experiment holds) is added to the loss.

    It reads symbols of the one-member vertex class ``LOSS`` (whose accumulators collect what the loss mentions) and the data columns ``data``, which
    measure ``data_dimensions``. A loss over an interval is an unknown of that class instead: its rate is the integrand, its change over the interval is
    added to the loss.

    ``at`` is the time (or the data column of times) and ``over`` the interval as the model gives them; neither means the end of the run.
    """

    name: str
    value: sympy.Expr
    dimension: Dimension
    data: tuple[sympy.Symbol, ...] = ()
    origin: Span | None = None
    at: sympy.Expr | None = None
    over: tuple[sympy.Expr, sympy.Expr] | None = None
    data_dimensions: tuple[Dimension, ...] = ()


#: Name of the one-member vertex class that collects what a loss mentions: edges end there too and contribute to its accumulators.
LOSS = binding.LOSS


@dataclass(frozen=True, slots=True)
class System:
    """Vertex and edge classes, global parameters and losses; ``kind`` says which derivation made it.

    An adjoint system has ``jumps``, one system per loss at instants (in the order of those losses): the same templates with the loss in place of the
    forward rates, where the ``rate`` of ``lam w`` is the jump mass * (lam w before - lam w after). After the end of the run lam is 0.
    """

    name: str
    vertices: tuple[VertexClass, ...]
    edges: tuple[EdgeClass, ...]
    parameters: tuple[Parameter, ...] = ()
    losses: tuple[PointLoss, ...] = ()
    kind: Literal["forward", "tangent", "error network", "nudged", "steady", "adjoint", "jump"] = "forward"
    jumps: "tuple[System, ...]" = ()

    @property
    def classes(self) -> tuple[VertexClass | EdgeClass, ...]:
        """All classes, vertices first."""
        return (*self.vertices, *self.edges)
