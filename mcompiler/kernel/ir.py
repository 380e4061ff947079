"""The kernel intermediate representation: loops over classes around straight-line bodies.

A ``KernelModule`` holds one ``Kernel`` per signature of ``kernel.abi``. Everything is typed: ``f64``, ``i64`` or ``bool`` scalars, and flat arrays that
appear only in ``Load``, ``Store`` and ``Accumulate``. A body is straight-line (``Let`` binds a name once) except for ``For`` over members and ``If`` on
what is the same for all members (which stage, event, loss term or observable is asked for; whether a stage has a weight); conditions on values of members are
``Op("where", ...)``, so loops vectorise.

Invariants (``verify`` checks them)
    - each local is bound once, before use, in an enclosing block;
    - operations have the arity and types of ``operations.OPERATIONS``;
    - arrays are arguments of the kernel's signature or its buffers; only output arrays and buffers are stored to;
    - a loop over members reads no place that another turn of it adds to or stores;
    - no effect inside an expression.
"""

from dataclasses import dataclass
from typing import TypeAlias

from mcompiler.kernel.abi import Signature


@dataclass(frozen=True, slots=True, eq=False)
class Float:
    """An f64 literal; literals are equal where their bits are, so 0.0 is not -0.0."""

    value: float

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Float) and float(self.value).hex() == float(other.value).hex()

    def __hash__(self) -> int:
        return hash(float(self.value).hex())


@dataclass(frozen=True, slots=True)
class Integer:
    """An i64 literal."""

    value: int


@dataclass(frozen=True, slots=True)
class Local:
    """A name bound by ``Let`` or ``For``, or a scalar argument."""

    name: str


@dataclass(frozen=True, slots=True)
class Load:
    """``array[index]``."""

    array: str
    index: "Value"


@dataclass(frozen=True, slots=True)
class Op:
    """An operation of ``operations.OPERATIONS`` on values: arithmetic, comparison, logic, ``where``, elementary functions."""

    name: str
    arguments: tuple["Value", ...]


Value: TypeAlias = Float | Integer | Local | Load | Op


@dataclass(frozen=True, slots=True)
class Buffer:
    """A local array ``name`` of ``size`` doubles, undefined at first: at the top of a kernel, for blocks of members."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Let:
    """``name = value``, bound once; ``comment`` says which equation it comes from."""

    name: str
    value: Value
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Store:
    """``array[index] = value``."""

    array: str
    index: Value
    value: Value
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Accumulate:
    """``array[index] += value``."""

    array: str
    index: Value
    value: Value
    comment: str = ""


@dataclass(frozen=True, slots=True)
class For:
    """``for index in range(count): body``; ``at_once``: turns may run in any order and at the same time."""

    index: str
    count: Value
    body: tuple["Statement", ...]
    comment: str = ""
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """One result of a ``Reduce``: ``name = initial`` before the loop, ``name = op(name, value)`` at the end of each turn.

    ``op`` is add, min, max, or sum: an addition in any order, so that machine code may add several members at once. ``initial`` is evaluated outside the loop;
    ``value`` may use the body's names, but no total; ``name`` is bound after the loop.
    """

    name: str
    op: str
    initial: Value
    value: Value

    @property
    def operation(self) -> str:
        """The operation of `operations` that joins the value to the result."""
        return "add" if self.op == "sum" else self.op


@dataclass(frozen=True, slots=True)
class Reduce:
    """``for index in range(count): body; then every total``: sums, minima or maxima over members (or stages), in the order of the index."""

    totals: tuple[Total, ...]
    index: str
    count: Value
    body: tuple["Statement", ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class If:
    """``if condition: body``; the condition is on integers."""

    condition: Value
    body: tuple["Statement", ...]
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """The kernel's result; the last statement of a kernel whose signature has one."""

    value: Value


Statement: TypeAlias = Buffer | Let | Store | Accumulate | For | Reduce | If | Return


@dataclass(frozen=True, slots=True)
class Kernel:
    """A signature of ``kernel.abi`` with its body."""

    signature: Signature
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class KernelModule:
    """All kernels of one system.

    Attributes:
        name: of the system.
        kernels: one per signature.
        header: says which model and version they come from.
        z: the layout array that the kernels are for, where they do not serve every one.
    """

    name: str
    kernels: tuple[Kernel, ...]
    header: tuple[str, ...] = ()
    z: tuple[int, ...] = ()
