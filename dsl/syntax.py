"""The syntax tree: what a model file says, with the place of every part. Names, units of expressions and sizes are not resolved here.

Equality ignores places, so that a printed and parsed tree equals the first one. Sequences are tuples; nothing is mutable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Literal

from mcompiler.diagnostics import Diagnostic
from mcompiler.source import Source, Span
from mcompiler.units import DIMENSIONLESS, Dimension, Unit


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Node:
    """Anything with a place in the source.

    Comparing and showing nodes is written once for all kinds: without recursion, so that no tree is too deep for it, and because generating
    methods for every kind would be most of what importing this module costs.
    """

    span: Span = field(compare=False, repr=False)

    def __eq__(self, other: object) -> bool:
        pending: list[tuple[object, object]] = [(self, other)]
        while pending:
            one, two = pending.pop()
            if isinstance(one, Node) and type(one) is type(two):
                pending += ((getattr(one, name), getattr(two, name)) for name in compared(type(one)))
            elif isinstance(one, tuple) and isinstance(two, tuple):
                if len(one) != len(two):  # pyright: ignore[reportUnknownArgumentType]
                    return False
                pending += zip(one, two, strict=True)  # pyright: ignore[reportUnknownArgumentType]
            elif one is not two and (isinstance(one, Node) or one != two):
                return False
        return True

    def __hash__(self) -> int:
        plain = (getattr(self, name) for name in compared(type(self)))
        return hash((type(self).__name__, *(each for each in plain if isinstance(each, str))))

    def __repr__(self) -> str:
        shown: dict[int, str] = {}
        for node in reversed(list(walk(self))):
            parts = (f"{name}={_shown(getattr(node, name), shown)}" for name in compared(type(node)))
            shown[id(node)] = f"{type(node).__name__}({', '.join(parts)})"
        return shown[id(self)]


def compared(kind: type[Node]) -> tuple[str, ...]:
    """The names of the fields that count when nodes of a kind are compared."""
    if kind not in _COMPARED:
        _COMPARED[kind] = tuple(each.name for each in fields(kind) if each.compare)
    return _COMPARED[kind]


_COMPARED: dict[type, tuple[str, ...]] = {}


# --- small parts ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Identifier(Node):
    """A name where it is declared."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class UnitText(Node):
    """A unit as written (spaces removed) and what it means."""

    text: str
    unit: Unit = field(compare=False)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Part(Node):
    """One step of a dotted name: ``row[i, 0]`` in ``row[i, 0].v``. Also a declared array: ``col[M, N]``."""

    name: str
    indices: "tuple[Expression, ...]" = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binding(Node):
    """An index and what it runs over: ``i in M`` (0..M-1), ``j in 1..N-1`` (both ends), ``e in graph("wires.csv")``."""

    name: Identifier
    over: "Expression"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Argument(Node):
    """A value, with its name where one is given: ``Ron = 2[kohm]``; drawn from a distribution after ``~``."""

    name: Identifier | None
    value: "Expression"
    is_distribution: bool = False


# --- expressions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Number(Node):
    """A literal: ``16[kohm]``, ``5%``, ``inf``. ``value`` is in SI."""

    text: str
    value: float = field(compare=False)
    unit: UnitText | None = None

    @property
    def dimension(self) -> Dimension:
        """The dimension of the literal as written."""
        return self.unit.unit.dimension if self.unit else DIMENSIONLESS

    @property
    def fits_any_unit(self) -> bool:
        """Whether it stands for any unit: literal ``0`` and ``inf``, written without one."""
        return self.unit is None and (self.value == 0 or self.text == "inf")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Text(Node):
    """A string literal."""

    value: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Name(Node):
    """A dotted, possibly indexed name: ``w``, ``M.v``, ``X[k].r``, ``row[i, 0]``."""

    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """The dotted name without indices."""
        return ".".join(part.name for part in self.parts)

    @property
    def is_simple(self) -> bool:
        """Whether it is one word without index."""
        return len(self.parts) == 1 and not self.parts[0].indices


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Derivative(Node):
    """``dw/dt``, one token; ``name`` is ``w``."""

    name: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Call(Node):
    """A function, or a quantity between terminals (``v(g, s)``), with its arguments."""

    function: Name
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Total(Node):
    """``sum(k in X: ...)``: a function over members."""

    function: Identifier
    bindings: tuple[Binding, ...]
    body: "Expression"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Unary(Node):
    """``-x`` or ``not x``."""

    operator: Literal["-", "not"]
    operand: "Expression"


BinaryOperator = Literal["+", "-", "*", "/", "^", "and", "or"]
Comparison = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Binary(Node):
    """Arithmetic and logic of two operands."""

    operator: BinaryOperator
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Compare(Node):
    """A comparison of two values."""

    operator: Comparison
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Range(Node):
    """``first..last``, both ends included."""

    first: "Expression"
    last: "Expression"


Expression = Number | Text | Name | Derivative | Call | Total | Unary | Binary | Compare | Range


# --- statements of templates: devices, circuits, cells, synapses, networks --------------------------------------------

DeclarationKind = Literal["param", "state", "input", "output", "target", "size"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Bounds(Node):
    """``in [lower, upper]``."""

    lower: Expression
    upper: Expression


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Declaration(Node):
    """``state x: unit in [a, b] = initial scale s "doc"``; all but the name optional. ``~`` in place of ``=`` draws the value."""

    kind: DeclarationKind
    name: Identifier
    shape: tuple[Expression, ...] = ()
    unit: UnitText | None = None
    bounds: Bounds | None = None
    value: Expression | None = None
    is_distribution: bool = False
    scale: Expression | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Nodes(Node):
    """``node row[M, N], top``."""

    nodes: tuple[Part, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Equation(Node):
    """``left = right``, or ``left += right`` for contributions that add up."""

    left: Expression
    right: Expression
    adds: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Element(Node):
    """``M: HP(top, ground, w = 0.2)``, ``cell[i in M, j in N]: VTEAM(...)``: an element, sub-circuit or array of them."""

    name: Identifier
    bindings: tuple[Binding, ...]
    template: Name
    arguments: tuple[Argument, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ParameterSet(Node):
    """``set biolek2021 { Ron = 2[kohm], w = 0.3 }``: a named parameter set of a device."""

    name: Identifier
    values: tuple[Argument, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reset(Node):
    """``x := e`` in an event."""

    name: Name
    value: Expression


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class When(Node):
    """``when condition { x := e; ... }``: an event."""

    condition: Expression
    resets: tuple[Reset, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Member(Node):
    """``device P = SinhRate`` in a synapse or device; ``cell X[N]: Neuron(...)`` in a network."""

    kind: Literal["device", "cells"]
    name: Identifier
    shape: tuple[Expression, ...]
    template: Name
    arguments: tuple[Argument, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Synapses(Node):
    """``synapses W: Pair from X to X where pre != post``, ``... from X to Y with G``, or ``... by ring(4)``."""

    name: Identifier
    template: Name
    arguments: tuple[Argument, ...]
    source: Name
    target: Name
    shared: Name | None = None
    where: Expression | None = None
    topology: Expression | None = None
    doc: str = ""


# --- statements of experiments and learning ---------------------------------------------------------------------------

AssignmentKind = Literal["set", "initial", "input", "target"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Assignment(Node):
    """``set M.Ron = 120[ohm]``, ``initial M.w = 0.2``, ``input X.bias = ...``, ``target clean[N] = patterns.clean``."""

    kind: AssignmentKind
    name: Name
    value: Expression
    is_distribution: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Data(Node):
    """``data patterns = "patterns.npz"``."""

    name: Identifier
    file: Text


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Run(Node):
    """``run to 2[s]`` (``until`` is the end) or ``run until steady within 1[ms]`` (``steady`` is the time given for it)."""

    until: Expression | None
    steady: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Save(Node):
    """``save every 1[ms]: M.v, M.i``, ``save X.r``, ``save maxima of M.v``."""

    signals: tuple[Expression, ...]
    every: Expression | None = None
    reduction: Identifier | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plot(Node):
    """``plot M.i against M.v``, ``plot M.v, M.w`` (against time), ``plot X.r as image(8, 8)``."""

    signals: tuple[Expression, ...]
    against: Expression | None = None
    form: Call | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Seed(Node):
    """``seed 7``."""

    value: Expression


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Batch(Node):
    """``batch 20``."""

    value: Expression


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sweep(Node):
    """``sweep Rs in linspace(1[kohm], 2[kohm], 400)``."""

    name: Name
    values: Expression


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Method(Node):
    """``method dop853(rtol = 1e-9)``, ``method rk4(step = 1[us])``: integrator or learning method, with options by name."""

    name: Identifier
    options: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Loss(Node):
    """``loss = e`` at the end, ``loss at T = e``, ``loss over a..b = e``."""

    value: Expression
    at: Expression | None = None
    over: Range | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Present(Node):
    """``present X.bias = e for 1[ms]``, ``present e as initial X.u``, ``present e as clamp X.r``."""

    name: Name
    value: Expression
    form: Literal["input", "initial", "clamp"] = "input"
    duration: Expression | None = None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ErrorState(Node):
    """``error e: V of X.u, scale = 1[V*A], speed = 10``."""

    name: Identifier
    unit: UnitText
    of: Name
    options: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Drive(Node):
    """``drive W.P.v = four_pulse(...), duty = 10%``."""

    name: Name
    value: Expression
    options: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Train(Node):
    """``train epochs = 50, batch = 1, shuffle seed = 1, stop when loss < 1e-3``; option names of two words are joined by a space."""

    options: tuple[Argument, ...]
    stop: Expression | None = None


TemplateStatement = Declaration | Nodes | Equation | Element | ParameterSet | When | Member | Synapses
ExperimentStatement = (
    Assignment | Data | Run | Save | Plot | Seed | Batch | Sweep | Method | Loss | Present | ErrorState | Drive | Train
)
Statement = TemplateStatement | ExperimentStatement


# --- the file ---------------------------------------------------------------------------------------------------------

BlockKind = Literal["device", "circuit", "cell", "synapse", "network", "experiment", "learning"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Block(Node):
    """``kind Name(ports) on Target "doc" { body }``; ports and target where the kind has them. Read ``kind`` first."""

    kind: BlockKind
    name: Identifier
    ports: tuple[Part, ...]
    on: Identifier | None
    doc: str
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Function(Node):
    """``function joglekar(x, p) = 1 - (2*x - 1)^(2*p)``."""

    name: Identifier
    parameters: tuple[Identifier, ...]
    body: Expression
    doc: str = ""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Use(Node):
    """``use windows`` (a library module) or ``use "devices/mine.mem"`` (a file below the model's own folder)."""

    target: str
    is_file: bool = False


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Comment(Node):
    """A comment with its ``#``, without trailing spaces."""

    text: str


Item = Block | Function | Use


@dataclass(frozen=True, slots=True)
class Module:
    """A file. ``faults`` are wrong numbers and units, each with a stand-in in the tree: whoever goes on must tell them in the end."""

    source: Source = field(compare=False, repr=False)
    items: tuple[Item, ...] = ()
    comments: tuple[Comment, ...] = field(default=(), compare=False)
    faults: tuple[Diagnostic, ...] = field(default=(), compare=False)


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below ``node``, in the order of the text."""
    for name in compared(type(node)):
        value: object = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))  # pyright: ignore[reportUnknownVariableType]


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything below it, each before what it holds."""
    pending = [node]
    while pending:
        yield (each := pending.pop())
        pending.extend(reversed(tuple(children(each))))


def _shown(value: object, shown: Mapping[int, str]) -> str:
    """A field of a node as text, with the texts of the nodes below it."""
    if isinstance(value, tuple):
        items = [_shown(each, shown) for each in value]  # pyright: ignore[reportUnknownVariableType]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    return shown[id(value)] if isinstance(value, Node) else repr(value)
