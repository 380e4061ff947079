"""The model: devices, cells, synapses, circuits, networks and experiments, names resolved, units checked. Sizes and values of members are not known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mcompiler.diagnostics import Diagnostic
from mcompiler.dsl import syntax
from mcompiler.model.expression import Expression
from mcompiler.source import Source, Span
from mcompiler.units import Dimension

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Distribution:
    """``~ lognormal(median, relative spread)``, ``normal(mean, deviation)`` or ``uniform(low, high)``; a bare spread is relative to the mean."""

    kind: Literal["normal", "lognormal", "uniform"]
    arguments: tuple[Expression, ...]
    dimension: Dimension
    span: Span = field(compare=False, repr=False)


Value: TypeAlias = Expression | Distribution


def expressions_of(value: Value | None) -> tuple[Expression, ...]:
    """The expressions that a value is made of."""
    if value is None:
        return ()
    return value.arguments if isinstance(value, Distribution) else (value,)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant in time. Without ``default`` it must be given."""

    name: str
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    default: Value | None = None
    lower: Expression | None = None
    upper: Expression | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """A quantity given from outside, possibly an expression of time."""

    name: str
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    default: Expression | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """``mass * d name/dt = rate``; bounds, initial value and scale are of parameters only."""

    name: str
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    rate: Expression
    mass: Expression | None = None
    initial: Value | None = None
    scale: Expression | None = None
    lower: Expression | None = None
    upper: Expression | None = None
    doc: str = ""
    origin: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Definition:
    """``name = value``."""

    name: str
    dimension: Dimension
    value: Expression
    span: Span = field(compare=False, repr=False)
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """When ``margin`` crosses zero upward, the resets are made."""

    margin: Expression
    resets: tuple[tuple[str, Expression], ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Law:
    """The constitutive relation of the port.

    current     ``i = value`` in terms of ``v``
    voltage     ``v = value`` in terms of ``i``
    source      ``v = value``, neither ``v`` nor ``i`` in anything: a voltage source
    capacitance ``i = value*dv/dt``
    inductance  ``v = value*di/dt``, ``i`` being a state
    """

    kind: Literal["current", "voltage", "source", "capacitance", "inductance"]
    value: Expression
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Device:
    """A two-terminal device. Definitions are in order of use; ``sets`` are named values of parameters and initial states."""

    name: str
    terminals: tuple[str, str]
    span: Span = field(compare=False, repr=False)
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    states: tuple[State, ...] = ()
    definitions: tuple[Definition, ...] = ()
    law: Law | None = None
    events: tuple[Event, ...] = ()
    sets: Mapping[str, Mapping[str, Value]] = field(default_factory=dict[str, Mapping[str, Value]])
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A vertex of a network. ``outputs`` names those definitions that synapses may read, besides the states."""

    name: str
    span: Span = field(compare=False, repr=False)
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    states: tuple[State, ...] = ()
    definitions: tuple[Definition, ...] = ()
    outputs: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    sets: Mapping[str, Mapping[str, Value]] = field(default_factory=dict[str, Mapping[str, Value]])
    doc: str = ""

    @property
    def law(self) -> None:
        """A cell has no port."""


#: A cell that a synapse joins: ``pre``, ``post``, and where a projection names one, the ``global`` cell that all its synapses share.
CellEnd: TypeAlias = Literal["pre", "post", "global"]
CELL_ENDS: tuple[CellEnd, ...] = ("pre", "post", "global")


@dataclass(frozen=True, slots=True)
class Contribution:
    """``post.j += value``: what a synapse adds to an input of the cell at its end ``end``."""

    end: CellEnd
    name: str
    value: Expression
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class EndRead:
    """``pre.r``: a state or output of the cell at an end, as the synapse's equations name it."""

    end: CellEnd
    name: str
    dimension: Dimension


@dataclass(frozen=True, slots=True)
class Inner:
    """``device P = SinhRate(w = 0.2)`` in a synapse; ``values`` are in terms of the synapse's parameters, ``preset`` is a parameter set of the device."""

    name: str
    device: Device
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    preset: Mapping[str, Value] = field(default_factory=dict[str, Value])
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Synapse:
    """An edge between two cells. The quantities of a device ``P`` inside it are its own, with ``P.`` in front; ``devices`` says where they come from."""

    name: str
    span: Span = field(compare=False, repr=False)
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    states: tuple[State, ...] = ()
    definitions: tuple[Definition, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    reads: tuple[EndRead, ...] = ()
    events: tuple[Event, ...] = ()
    sets: Mapping[str, Mapping[str, Value]] = field(default_factory=dict[str, Mapping[str, Value]])
    doc: str = ""
    devices: tuple[Inner, ...] = field(default=(), compare=False, repr=False)

    @property
    def law(self) -> None:
        """A synapse has no port."""


#: What a member of a circuit or network is one of.
Template: TypeAlias = Device | Cell | Synapse


@dataclass(frozen=True, slots=True)
class Node:
    """A circuit node, or an array of nodes; ``ground`` is never declared."""

    name: str
    shape: tuple[Expression, ...]
    span: Span = field(compare=False, repr=False)
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Index:
    """``i in M``: from ``first`` to ``last``, both included."""

    name: str
    first: Expression
    last: Expression
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Terminal:
    """A node at an end of an element, with expressions of the element's indices."""

    node: str
    indices: tuple[Expression, ...]
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Element:
    """A device between two nodes, or an array of them.

    Attributes:
        values: what parameters, inputs and initial states are given, in terms of the circuit's parameters and the element's indices.
        preset: likewise from the device's parameter set that is named, in terms of the device's own parameters.
    """

    name: str
    device: Device
    terminals: tuple[Terminal, Terminal]
    span: Span = field(compare=False, repr=False)
    indices: tuple[Index, ...] = ()
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    preset: Mapping[str, Value] = field(default_factory=dict[str, Value])
    doc: str = ""

    @property
    def rank(self) -> int:
        """The number of its indices."""
        return len(self.indices)


@dataclass(frozen=True, slots=True)
class Population:
    """``cells X[N]: Neuron``; ``values`` and ``preset`` as of an `Element`.

    ``collects`` names the inputs that synapses contribute to: each is the sum of what arrives.
    """

    name: str
    device: Cell
    shape: tuple[Expression, ...]
    span: Span = field(compare=False, repr=False)
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    preset: Mapping[str, Value] = field(default_factory=dict[str, Value])
    collects: tuple[str, ...] = ()
    doc: str = ""

    @property
    def rank(self) -> int:
        """The number of its indices."""
        return len(self.shape)


@dataclass(frozen=True, slots=True)
class Wiring:
    """Which cells a projection joins.

    all, masked  every pair; of ``masked`` those with equal indices are inert
    where        the pairs for which ``condition``, of the indices ``pre`` and ``post``, holds
    one_to_one, ring, lattice, graph and names of networkx generators: with ``arguments`` (a seed last), what also fulfils ``condition``

    ``edges`` are the indices (source, target) that the graph ``file`` holds, ``nodes`` how many nodes it declares, where it does.
    """

    kind: str
    span: Span = field(compare=False, repr=False)
    arguments: tuple[Expression, ...] = ()
    condition: Expression | None = None
    edges: tuple[NDArray[np.int64], NDArray[np.int64]] | None = field(default=None, compare=False, repr=False)
    nodes: int = field(default=0, compare=False, repr=False)
    file: str = ""

    @property
    def is_dense(self) -> bool:
        """Whether every pair is stored."""
        return self.kind in ("all", "masked")


@dataclass(frozen=True, slots=True)
class Projection:
    """``synapses W: Pair from X to Y``; ``source`` and ``target`` name populations, ``values`` and ``preset`` as of an `Element`.

    ``shared`` is the population with one cell that all its synapses join too; empty where there is none.
    """

    name: str
    device: Synapse
    source: str
    target: str
    wiring: Wiring
    rank: int
    span: Span = field(compare=False, repr=False)
    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    preset: Mapping[str, Value] = field(default_factory=dict[str, Value])
    doc: str = ""
    shared: str = ""

    @property
    def ends(self) -> Mapping[CellEnd, str]:
        """The populations at its ends."""
        joined: dict[CellEnd, str] = {"pre": self.source, "post": self.target}
        return {**joined, "global": self.shared} if self.shared else joined


#: What has members that are named, set and observed.
Placed: TypeAlias = Element | Population | Projection


@dataclass(frozen=True, slots=True)
class Circuit:
    """Nodes and elements, or, for a network, populations of cells and the synapses between them; ``sizes`` are parameters that are whole numbers."""

    name: str
    span: Span = field(compare=False, repr=False)
    sizes: tuple[Parameter, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    inputs: tuple[Input, ...] = ()
    nodes: tuple[Node, ...] = ()
    elements: tuple[Element, ...] = ()
    doc: str = ""
    cells: tuple[Population, ...] = ()
    synapses: tuple[Projection, ...] = ()

    @property
    def placed(self) -> tuple[Placed, ...]:
        """Everything with members."""
        return (*self.elements, *self.cells, *self.synapses)

    @property
    def is_network(self) -> bool:
        """Whether it is one of cells."""
        return bool(self.cells)


@dataclass(frozen=True, slots=True)
class Signal:
    """``M.w``, ``cell[0, 3].i``, ``top.v``: a quantity of an element or node (all its members where no index is given)."""

    element: str
    quantity: str
    dimension: Dimension
    span: Span = field(compare=False, repr=False)
    indices: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """As the user writes it."""
        index = f"[{', '.join(map(str, self.indices))}]" if self.indices else ""
        return f"{self.element}{index}.{self.quantity}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """``set M.Ron = ...``, ``initial M.w = ...``, ``input drive = ...`` in an experiment; ``element`` is empty for the circuit's own."""

    kind: Literal["set", "initial", "input"]
    element: str
    name: str
    value: Value
    span: Span = field(compare=False, repr=False)

    @property
    def path(self) -> str:
        """``M.Ron`` or ``A``."""
        return f"{self.element}.{self.name}" if self.element else self.name


@dataclass(frozen=True, slots=True)
class Save:
    """``save every 1[ms]: M.v, M.i``; without ``every`` at every step."""

    signals: tuple[Signal, ...]
    every: Expression | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Plot:
    """``plot M.i against M.v``; against None is time."""

    signals: tuple[Signal, ...]
    against: Signal | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sum:
    """``sum(k in X: ...)`` over the members of cells or synapses, called ``name`` in the loss.

    In ``value`` the names of a member's quantities and parameters have ``member`` in front, those of columns of data (a value per member) ``data``.
    """

    name: str
    element: str
    value: Expression
    span: Span = field(compare=False, repr=False)
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """A term of the loss: at the end, at instants (``at`` a time or a data column), or the integral over an interval.

    ``signals`` are those the value mentions, by the names that stand in it; ``data`` likewise the columns of data files, ``sums`` the sums over members.
    """

    kind: Literal["end", "at", "over"]
    value: Expression
    span: Span = field(compare=False, repr=False)
    at: Expression | None = None
    start: Expression | None = None
    stop: Expression | None = None
    signals: Mapping[str, Signal] = field(default_factory=dict[str, Signal])
    data: tuple[str, ...] = ()
    sums: tuple[Sum, ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    """``data loop = "loop.csv"``: what was read from a file.

    Attributes:
        columns: arrays by name, in SI.
        dimensions: what each measures; a column ``t`` without a unit is time, others without one are plain numbers.
        wrong: of columns that hold something else than numbers, where.
        is_broken: whether the file could not be read, which is noted.
    """

    name: str
    file: str
    span: Span = field(compare=False, repr=False)
    columns: Mapping[str, Floats] = field(default_factory=dict[str, Floats], compare=False, repr=False)
    dimensions: Mapping[str, Dimension] = field(default_factory=dict[str, Dimension])
    wrong: Mapping[str, str] = field(default_factory=dict[str, str])
    is_broken: bool = False


@dataclass(frozen=True, slots=True)
class Experiment:
    """What is run on a circuit, what is kept and what is drawn.

    ``until`` is when the run ends, or, where it ``is_steady``, when it ends though it has not become steady. ``batch`` is the number of copies of a network's
    cells; ``block`` is the text, for values that are set from outside.
    """

    name: str
    circuit: Circuit
    span: Span = field(compare=False, repr=False)
    until: Expression | None = None
    assignments: tuple[Assignment, ...] = ()
    saves: tuple[Save, ...] = ()
    plots: tuple[Plot, ...] = ()
    losses: tuple[Loss, ...] = ()
    data: tuple[Data, ...] = ()
    seed: int = 0
    method: str = ""
    options: Mapping[str, float] = field(default_factory=dict[str, float])
    batch: int = 1
    doc: str = ""
    block: syntax.Block | None = field(default=None, compare=False, repr=False)
    is_steady: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model file: its devices (and those of the library it uses), circuits and experiments, in the order of the text."""

    source: Source = field(compare=False, repr=False)
    devices: Mapping[str, Device]
    circuits: Mapping[str, Circuit]
    experiments: Mapping[str, Experiment]
    functions: Mapping[str, syntax.Function] = field(default_factory=dict[str, syntax.Function], repr=False)
    warnings: tuple[Diagnostic, ...] = ()
