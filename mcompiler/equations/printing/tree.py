"""What an equation looks like, without saying in which notation: the trees between sympy and the writers."""

from dataclasses import dataclass
from typing import Literal

import sympy

Operator = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Text:
    """A number or a literal with its unit: ``0.5``, ``16[kohm]``, ``pi``."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity."""

    symbol: sympy.Symbol


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms, each with whether it is subtracted."""

    terms: "tuple[tuple[bool, Node], ...]"


@dataclass(frozen=True, slots=True)
class Product:
    """``above / below``, possibly negative; a node that is a sum is put in brackets by the writer."""

    above: "tuple[Node, ...]"
    below: "tuple[Node, ...]" = ()
    is_negative: bool = False


@dataclass(frozen=True, slots=True)
class Power:
    """``base ^ exponent``."""

    base: "Node"
    exponent: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """``name(arguments)``."""

    name: str
    arguments: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Relation:
    """A comparison."""

    operator: Operator
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class Logic:
    """Conditions joined by one word."""

    word: Literal["and", "or"]
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Negation:
    """``not condition``."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Rate:
    """``mass * d symbol/dt``, with a minus where time runs backward; no mass means 1."""

    symbol: sympy.Symbol
    mass: "Node | None" = None
    is_backward: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A quantity at an instant: ``w(0)``, ``lam_w(T)``, ``lam_w(t-)``. The instant is ``0``, ``T``, ``t-``, ``t+`` or an expression."""

    symbol: sympy.Symbol
    instant: "Node"


@dataclass(frozen=True, slots=True)
class Partial:
    """``d of/d by``."""

    of: "Node"
    by: "Node"


@dataclass(frozen=True, slots=True)
class Integral:
    """The integral over the run."""

    body: "Node"


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the elements at a vertex add up to: per class, what each of its members adds where it ends here."""

    shares: "tuple[Share, ...]"


@dataclass(frozen=True, slots=True)
class Share:
    """``value`` of every element of class ``owner`` that has its terminal ``terminal`` here; no terminal means every element."""

    owner: str
    terminal: str
    value: "Node"


Node = (
    Text
    | Name
    | Sum
    | Product
    | Power
    | Call
    | Relation
    | Logic
    | Negation
    | Rate
    | Moment
    | Partial
    | Integral
    | Gathered
)
