"""Small systems without loops and index arrays: a kernel evaluated as far as the layout array ``z`` decides it.

What is read from ``z`` becomes a literal, loops over members are unrolled, and what a kernel only passes on to itself through the scratch array ``w``
becomes names. Results stay the same bit for bit: operations are copied and decided, never reordered or replaced.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from mcompiler.kernel.abi import FINISH, SWEEP
from mcompiler.kernel.build import Names, full_name
from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
    Float,
    For,
    If,
    Integer,
    Kernel,
    KernelModule,
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
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.prune import prune, without_dead_stores
from mcompiler.kernel.share import fold
from mcompiler.kernel.simplify import simplify_kernel
from mcompiler.kernel.stages import with_one_stage_sum
from mcompiler.kernel.walk import written_arrays
from mcompiler.network.structure import SCALAR_MEMBERS

_LAYOUT = "z"
_SCRATCH = "w"
_DECISIONS = {
    "lt": int.__lt__,
    "le": int.__le__,
    "gt": int.__gt__,
    "ge": int.__ge__,
    "eq": int.__eq__,
    "ne": int.__ne__,
}


def scalarise(module: KernelModule, layout: Layout, z: NDArray[np.int64]) -> KernelModule:
    """The module for these sizes and this wiring only, if it is small; else the module itself, which serves every size.

    Args:
        module: kernels that fit the layout.
        layout: what the slots of ``z`` mean.
        z: what `layout.bind` gave.
    """
    if not is_small(layout, z):
        return module
    known = tuple(z.tolist())
    scratch = scratch_names(layout, known)
    sizes = ", ".join(f"{each.name} {known[each.count_slot]}" for each in layout.classes)
    header = (*module.header, f"for these sizes only, and the wiring that they came with: {sizes}")
    kernels = tuple(scalarised(kernel, known, scratch) for kernel in module.kernels)
    return replace(module, header=header, kernels=kernels, z=known)


def is_small(layout: Layout, z: NDArray[np.int64]) -> bool:
    """Whether the system has at most `SCALAR_MEMBERS` members in all, and no dense class."""
    members = sum(int(z[each.count_slot]) for each in layout.classes)
    return members <= SCALAR_MEMBERS and all(each.topology == "indexed" for each in layout.classes)


def scratch_names(layout: Layout, z: Sequence[int]) -> dict[int, str]:
    """What stands at each place of ``w``."""
    names: dict[int, str] = {}
    for each in layout.classes:
        count = z[each.count_slot]
        for quantity in each.scratch:
            for member in range(count):
                name = full_name(each.name, quantity.name)
                names[z[quantity.slot] + member] = f"{name} {member}" if count > 1 else name
    return names


def scalarised(kernel: Kernel, z: Sequence[int], scratch: Mapping[int, str]) -> Kernel:
    """One kernel without what ``z`` decides; ``scratch`` says what stands at each place of ``w``."""
    names = Names([argument.name for argument in kernel.signature.arguments])
    evaluator = Evaluator({_LAYOUT: dict(enumerate(map(Integer, z)))}, {_SCRATCH: scratch}, names)
    body, _ = evaluator.block(kernel.body)
    joined = with_one_stage_sum(body) if kernel.signature in (SWEEP, FINISH) else body
    return simplify_kernel(replace(kernel, body=without_dead_stores(prune(joined), _SCRATCH)))


@dataclass(slots=True)
class Evaluator:
    """Evaluates statements in order.

    Attributes:
        given: what stands in arrays that nobody writes, by place.
        called: of arrays that the kernel passes on to itself, what is to be the name of what stands at each place.
        names: of the new kernel.
        alone: whether each selection has one member's machine code to itself.
        folded: what becomes of an operation on values that are known.
        values: what each name of the old kernel stands for.
        kept: what is known to be in the arrays of ``called``: literals and names.
        statements: the block in the making.
        turn: says in comments which member an unrolled statement belongs to.
    """

    given: Mapping[str, Mapping[int, Value]]
    called: Mapping[str, Mapping[int, str]]
    names: Names
    alone: bool = True
    folded: Callable[[Op], Value] = fold
    values: dict[str, Value] = field(default_factory=dict[str, Value])
    kept: dict[str, dict[int, Value]] = field(init=False)
    statements: list[Statement] = field(default_factory=list[Statement])
    turn: str = ""

    def __post_init__(self) -> None:
        self.kept = {array: {} for array in self.called}

    def run(self, body: Iterable[Statement]) -> None:
        """Evaluates statements into the block in the making."""
        for statement in body:
            self.statement(statement)

    def block(
        self, body: Iterable[Statement], totals: Sequence[Total] = ()
    ) -> tuple[tuple[Statement, ...], list[Value]]:
        """Evaluates statements into a block of their own, and then what is totalled."""
        around, self.statements = self.statements, []
        self.run(body)
        values = [self.value(total.value) for total in totals]
        inside, self.statements = self.statements, around
        return tuple(inside), values

    def statement(self, statement: Statement) -> None:
        """Evaluates a statement."""
        match statement:
            case Let(name, value, comment):
                self.values[name] = self.bound(name, self.value(value), comment)
            case Store(array, index, value, comment):
                self.store(array, self.value(index), self.value(value), comment)
            case Accumulate(array, index, value, comment):
                self.accumulate(array, self.value(index), self.value(value), comment)
            case For() | Reduce():
                self.loop(statement)
            case If(condition, body, comment):
                self.branch(self.value(condition), body, comment)
            case Return(value):
                self.statements.append(Return(self.value(value)))
            case Buffer():
                self.statements.append(statement)
            case _:
                assert_never(statement)

    def bound(self, wish: str, value: Value, comment: str = "") -> Value:
        """A literal or name with this value."""
        if isinstance(value, (Local, Float, Integer)):
            return value
        name = self.names.fresh(wish)
        self.statements.append(Let(name, value, self.said(comment)))
        return Local(name)

    def said(self, comment: str) -> str:
        """A comment with the member that it is about."""
        return comment + self.turn if comment else ""

    def value(self, value: Value) -> Value:
        """What the value is here: integers are computed, known places of ``z`` and ``w`` read."""
        match value:
            case Local(name):
                return self.values.get(name, value)
            case Load(array, index):
                return self.load(array, self.value(index))
            case Op("where", (condition, chosen, other)):
                # Evaluations follow each other closely in time, and here each selection has one member's machine code to itself.
                decided = self.value(condition)
                known = Op("predictable", (decided,)) if self.alone else decided
                return Op("where", (known, self.value(chosen), self.value(other)))
            case Op(name, arguments):
                return self.folded(Op(name, tuple(self.value(argument) for argument in arguments)))
            case Float() | Integer():
                return value
            case _:
                assert_never(value)

    def load(self, array: str, index: Value) -> Value:
        """What stands at this place, where that is known."""
        if not isinstance(index, Integer):
            return Load(array, index)
        if array in self.given:
            return self.given[array][index.value]
        return self.kept.get(array, {}).get(index.value, Load(array, index))

    def store(self, array: str, index: Value, value: Value, comment: str) -> None:
        """Writes a value; of an array that is passed on, it is known from here on."""
        if array not in self.called:
            self.statements.append(Store(array, index, value, self.said(comment)))
            return
        wish = self.called[array].get(index.value, "result") if isinstance(index, Integer) else "stored"
        kept = self.bound(wish, value, comment)
        self.statements.append(Store(array, index, kept, self.said(comment)))
        self.forget(array, index)
        if isinstance(index, Integer):
            self.kept[array][index.value] = kept

    def accumulate(self, array: str, index: Value, value: Value, comment: str) -> None:
        """Adds a value; where the sum so far is known, as a name of its own."""
        before = self.load(array, index)
        if isinstance(before, Load):
            self.statements.append(Accumulate(array, index, value, self.said(comment)))
            if array in self.called:
                self.forget(array, index)
        else:
            self.store(array, index, self.folded(Op("add", (before, value))), comment)

    def forget(self, array: str, index: Value) -> None:
        """What stood in an array at this place; at any place, where it is not known which."""
        if isinstance(index, Integer):
            self.kept[array].pop(index.value, None)
        else:
            self.kept[array].clear()

    def forget_all(self, arrays: set[str]) -> None:
        """What stood in these arrays."""
        for array in arrays & self.kept.keys():
            self.kept[array].clear()

    def loop(self, loop: For | Reduce) -> None:
        """A loop, unrolled where its turns are known."""
        totals = loop.totals if isinstance(loop, Reduce) else ()
        count = self.value(loop.count)
        if isinstance(count, Integer):
            self.unroll(loop, count.value, totals)
        else:
            self.keep(loop, count, totals)

    def keep(self, loop: For | Reduce, count: Value, totals: Sequence[Total]) -> None:
        """A loop whose turns nobody can count yet; what it writes is known neither inside nor after it."""
        writes = written_arrays(loop.body)
        initials = [self.value(total.initial) for total in totals]
        self.forget_all(writes)
        index = self.names.fresh(loop.index)
        self.values[loop.index] = Local(index)
        body, values = self.block(loop.body, totals)
        self.forget_all(writes)
        if isinstance(loop, For):
            self.statements.append(For(index, count, body, loop.comment))
            return
        renamed = [
            Total(self.names.fresh(total.name), total.op, initial, value)
            for total, initial, value in zip(totals, initials, values, strict=True)
        ]
        self.values |= {old.name: Local(new.name) for old, new in zip(totals, renamed, strict=True)}
        self.statements.append(Reduce(tuple(renamed), index, count, body, loop.comment))

    def unroll(self, loop: For | Reduce, count: int, totals: Sequence[Total]) -> None:
        """A loop whose turns are known."""
        values = [self.bound(total.name, self.value(total.initial)) for total in totals]
        around = self.turn
        for turn in range(count):
            self.turn = f", member {turn}" if count > 1 else around
            self.values[loop.index] = Integer(turn)
            self.run(loop.body)
            values = [
                self.bound(total.name, self.folded(Op(total.operation, (value, self.value(total.value)))))
                for total, value in zip(totals, values, strict=True)
            ]
        self.turn = around
        self.values |= {total.name: value for total, value in zip(totals, values, strict=True)}

    def branch(self, condition: Value, body: tuple[Statement, ...], comment: str) -> None:
        """A branch, its statements where the condition holds, or nothing where it does not."""
        decided = _decided(condition)
        if decided is None:
            before = {array: dict(values) for array, values in self.kept.items()}
            inside, _ = self.block(body)
            self.kept = {array: _in_both(before[array], values) for array, values in self.kept.items()}
            self.statements.append(If(condition, inside, self.said(comment)))
        elif decided:
            self.run(body)


def _in_both(before: Mapping[int, Value], after: Mapping[int, Value]) -> dict[int, Value]:
    return {place: value for place, value in after.items() if before.get(place) == value}


def _decided(condition: Value) -> bool | None:
    """Whether a condition on integers holds, where literals decide it."""
    match condition:
        case Op(name, (Integer(a), Integer(b))) if name in _DECISIONS:
            return _DECISIONS[name](a, b)
        case Op("and" | "or" as name, arguments):
            sides = {_decided(argument) for argument in arguments}
            decisive = name == "or"
            return decisive if decisive in sides else None if None in sides else not decisive
        case _:
            return None
