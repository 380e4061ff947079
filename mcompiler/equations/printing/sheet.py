"""A sheet: equations in reading order, as plain data between the systems and the writers."""

from dataclasses import dataclass

from mcompiler.equations.printing.legends import Legend
from mcompiler.equations.printing.tree import Node
from mcompiler.equations.system import System, Template
from mcompiler.source import Span
from mcompiler.units import Dimension


@dataclass(frozen=True, slots=True)
class Row:
    """``left = right`` in a unit, the line it comes from, and a remark; without a right side, a quantity that is declared.

    ``condition`` is the margin of an event: what is assigned (``:=``) when it crosses zero upward.
    """

    left: Node
    right: Node | None
    dimension: Dimension
    note: str = ""
    origin: Span | None = None
    relation: str = "="
    condition: Node | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """The rows of one class of vertices or edges, or of what the circuit has as a whole; ``template`` says which names are taken."""

    title: str
    rows: tuple[Row, ...]
    doc: str = ""
    origin: Span | None = None
    notes: tuple[str, ...] = ()
    template: Template | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """Sections with a title; ``system`` is what the equations belong to."""

    name: str
    title: str
    sections: tuple[Section, ...]
    notes: tuple[Legend, ...]
    system: System
