"""Building blocks for kernels: unique names, values with the obvious shorthands, statements in order, loads hoisted to the kernel's top."""

import builtins
import keyword
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcompiler.kernel.abi import Signature
from mcompiler.kernel.ir import (
    Accumulate,
    Float,
    For,
    If,
    Integer,
    Kernel,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Return,
    Statement,
    Store,
    Total,
    Value,
)
from mcompiler.kernel.layout import ClassLayout, Quantity
from mcompiler.kernel.operations import OPERATIONS

_RESERVED = (
    frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(dir(builtins))
    | frozenset(OPERATIONS)
    | {"buffer", "summed", "math", "numba", "np"}
)

ZERO = Float(0.0)


def add(a: Value, b: Value) -> Value:
    """``a + b``; an integer 0 is dropped."""
    if isinstance(a, Integer) and a.value == 0:
        return b
    return a if isinstance(b, Integer) and b.value == 0 else Op("add", (a, b))


def mul(a: Value, b: Value) -> Value:
    """``a * b``."""
    return Op("mul", (a, b))


class Names:
    """Gives identifiers that are unique in one kernel, ASCII, and near to what was wished for."""

    def __init__(self, taken: Sequence[str]) -> None:
        self._taken = set(taken)
        self._next: dict[str, int] = {}

    def fresh(self, wish: str) -> str:
        """A name that nothing else in this kernel has."""
        stem = re.sub(r"[^A-Za-z0-9_]", _substitute, wish).strip("_") or "value"
        if stem[0].isdigit():
            stem = f"n{stem}"
        name, count = stem, self._next.get(stem, 0)
        while name in self._taken or name in _RESERVED:
            count += 1
            name = f"{stem}_{count}"
        self._next[stem] = count
        self._taken.add(name)
        return name


def _substitute(match: re.Match[str]) -> str:
    character = match.group()
    return "_" if character.isascii() else f"u{ord(character):x}"


class KernelBuilder:
    """A kernel in the making: unique names, a preamble of loads that do not change while it runs, and its top-level block."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.names = Names([argument.name for argument in signature.arguments])
        self.top = Block(self)
        self._preamble: list[Statement] = []
        self._hoisted: dict[Value, Value] = {}

    def slot(self, slot: int, wish: str, comment: str = "") -> Value:
        """The value of a slot of ``z``, loaded once."""
        return self._hoist(Load("z", Integer(slot)), wish, comment)

    def count(self, layout: ClassLayout) -> Value:
        """The number of members of a class."""
        return self.slot(layout.count_slot, f"n_{layout.name}", f"members of {layout.name}")

    def offset(self, array: str, quantity: Quantity, owner: str) -> Value:
        """The place of the quantity's first value in ``array``."""
        return self.slot(quantity.slot, f"{array}_{full_name(owner, quantity.name)}")

    def uniform(self, quantity: Quantity, owner: str) -> Value:
        """A parameter that all members share, loaded once."""
        name = full_name(owner, quantity.name)
        return self._hoist(Load("p", self.offset("p", quantity, owner)), name, described(name, quantity))

    def finish(self, result: Value | None = None) -> Kernel:
        """The kernel, with ``result`` as what it returns."""
        end = () if result is None else (Return(result),)
        return Kernel(self.signature, (*self._preamble, *self.top.statements, *end))

    def _hoist(self, value: Value, wish: str, comment: str) -> Value:
        if value not in self._hoisted:
            name = self.names.fresh(wish)
            self._preamble.append(Let(name, value, comment))
            self._hoisted[value] = Local(name)
        return self._hoisted[value]


def full_name(owner: str, name: str) -> str:
    """What users call a quantity: ``M.w``; a global one has no owner."""
    return f"{owner}.{name}" if owner else name


def described(name: str, quantity: Quantity) -> str:
    """The name with the quantity's unit and documentation."""
    unit = "" if quantity.dimension in {"", "1"} else f" in {quantity.dimension}"
    return f"{name}{unit}" + (f": {quantity.doc}" if quantity.doc else "")


class Block:
    """Statements in the making, one block of a kernel."""

    def __init__(self, kernel: KernelBuilder) -> None:
        self.kernel = kernel
        self.statements: list[Statement] = []

    def let(self, wish: str, value: Value, comment: str = "") -> Value:
        """Binds the value to a name like ``wish``; a literal or name stays itself."""
        if isinstance(value, (Local, Float, Integer)):
            return value
        name = self.kernel.names.fresh(wish)
        self.statements.append(Let(name, value, comment))
        return Local(name)

    def store(self, array: str, index: Value, value: Value, comment: str = "") -> None:
        """``array[index] = value``."""
        self.statements.append(Store(array, index, value, comment))

    def accumulate(self, array: str, index: Value, value: Value, comment: str = "") -> None:
        """``array[index] += value``."""
        self.statements.append(Accumulate(array, index, value, comment))

    def when(self, condition: Value, inner: "Block", comment: str = "") -> None:
        """``if condition: inner`` (a condition on integers); nothing where the inner block is empty."""
        if inner.statements:
            self.statements.append(If(condition, tuple(inner.statements), comment))


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a class inside a loop: its number and the members that its ends join.

    ``numbers`` are those of the vertices that the ends join; of a member that a batch shares, ``ends`` are theirs in one of the copies.
    """

    index: Value
    ends: tuple[Value, ...] = ()
    copied: tuple[Value, ...] | None = None

    @property
    def numbers(self) -> tuple[Value, ...]:
        """The numbers of the vertices at the ends, whatever the copy."""
        return self.ends if self.copied is None else self.copied

    def in_copy(self, copy: Value, copies: Value) -> "Member":
        """The member, its ends those of one copy."""
        return Member(self.index, tuple(add(mul(end, copies), copy) for end in self.ends), self.ends)


@dataclass(frozen=True, slots=True)
class Sum:
    """What a loop totals: ``op`` (sum, min, max) of ``value`` over the members, starting from ``initial``."""

    value: Value
    wish: str
    op: str = "sum"
    initial: Value = ZERO


#: Fills the body of a loop for one member and says what is to be totalled.
Fill = Callable[[Block, Member], Sequence[Sum]]


def over_members(
    block: Block, layout: ClassLayout, sizes: tuple[Value, ...], fill: Fill, comment: str = ""
) -> tuple[Value, ...]:
    """Appends a loop over the members of a class and gives its totals.

    Args:
        block: where the loop goes.
        layout: the class.
        sizes: sizes of the classes at its ends (used for a dense class).
        fill: makes the body.
        comment: says what the loop does.
    """
    kernel = block.kernel
    if layout.topology == "dense":
        return _over_pairs(block, layout.name, sizes, fill, comment)
    index = kernel.names.fresh(f"m_{layout.name}")
    body = Block(kernel)
    sums = fill(body, member_at(body, layout, Local(index)))
    return over_range(block, body, index, kernel.count(layout), sums, comment)


def member_at(block: Block, layout: ClassLayout, index: Value) -> Member:
    """The member with this number of a class that is not dense, with the members that it joins."""
    ends: list[Value] = []
    for end, slot in enumerate(layout.index_slots):
        said = f"where z has the {layout.ends[end]} of each {layout.name}"
        start = block.kernel.slot(slot, f"z_{layout.name}_end{end}", said)
        ends.append(block.let(f"{layout.name}_end{end}", Load("z", add(start, index))))
    return Member(index, tuple(ends))


def _over_pairs(block: Block, name: str, sizes: tuple[Value, ...], fill: Fill, comment: str) -> tuple[Value, ...]:
    kernel = block.kernel
    first, second = kernel.names.fresh(f"{name}_end0"), kernel.names.fresh(f"{name}_end1")
    row, body = Block(kernel), Block(kernel)
    start = row.let(f"row_{name}", mul(Local(second), sizes[0]))
    member = body.let(f"m_{name}", add(start, Local(first)))
    further = tuple(Integer(0) for _ in sizes[2:])
    sums = fill(body, Member(member, (Local(first), Local(second), *further)))
    partial = over_range(row, body, first, sizes[0], sums, "")
    outer = [Sum(value, each.wish, each.op, each.initial) for value, each in zip(partial, sums, strict=True)]
    return over_range(block, row, second, sizes[1], outer, comment)


def over_range(
    block: Block, body: Block, index: str, count: Value, sums: Sequence[Sum], comment: str
) -> tuple[Value, ...]:
    """Appends a loop whose body is made, and gives its totals; a loop that has no effect is left out."""
    if not sums:
        if any(not isinstance(statement, Let) for statement in body.statements):
            block.statements.append(For(index, count, tuple(body.statements), comment))
        return ()
    totals = tuple(Total(block.kernel.names.fresh(each.wish), each.op, each.initial, each.value) for each in sums)
    block.statements.append(Reduce(totals, index, count, tuple(body.statements), comment))
    return tuple(Local(total.name) for total in totals)
