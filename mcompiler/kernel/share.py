"""Sharing: every operation of a kernel is done once, and outside the loops that it does not depend on.

Nothing moves out of an `If`, and no load moves out of a loop (a loop may have no turns, and then there may be nothing to load).
"""

import re
from dataclasses import dataclass, field, replace
from typing import assert_never

from mcompiler.kernel.build import Names
from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
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
from mcompiler.kernel.walk import bound_names, written_arrays

_GENERATED = re.compile(r"s(_\d+)*")
_INTEGER = {"add": int.__add__, "sub": int.__sub__, "mul": int.__mul__}
_DOUBLE = {"add": float.__add__, "sub": float.__sub__, "mul": float.__mul__}


def fold(operation: Op) -> Value:
    """Arithmetic on literals, done, and operations that leave a value as it is, left out; everything else as it is."""
    match operation:
        case Op(_, (Integer(), _) | (_, Integer())):
            return _fold_integers(operation)
        case Op(_, (Float(), _) | (_, Float())):
            return _fold_doubles(operation)
        case _:
            return operation


def _fold_integers(operation: Op) -> Value:
    match operation:
        case Op("add" | "sub" | "mul" as name, (Integer(a), Integer(b))):
            return Integer(_INTEGER[name](a, b))
        case Op("add", (Integer(0), other)) | Op("add" | "sub", (other, Integer(0))):
            return other
        case Op("mul", (Integer(1), other)) | Op("mul", (other, Integer(1))):
            return other
        case Op("mul", (Integer(0), _)) | Op("mul", (_, Integer(0))):
            return Integer(0)
        case _:
            return operation


def _fold_doubles(operation: Op) -> Value:
    """Of sums only ``x - 0.0`` leaves every ``x`` as it is: ``-0.0 + 0.0`` is 0.0."""
    match operation:
        case Op("add" | "sub" | "mul" as name, (Float(a), Float(b))):
            return Float(_DOUBLE[name](a, b))
        case Op("div", (Float(a), Float(b))) if b != 0.0:
            return Float(a / b)
        case Op("mul", (Float(1.0), other)) | Op("mul" | "div", (other, Float(1.0))):
            return other
        case Op("sub", (other, Float(zero))) if zero.hex() == (0.0).hex():
            return other
        case _:
            return operation


@dataclass(slots=True)
class _Block:
    """A block in the making: its statements, what has been computed in it, and the outermost block that its operations may move to."""

    floor: int
    statements: list[Statement] = field(default_factory=list[Statement])
    available: dict[Value, Value] = field(default_factory=dict[Value, Value])


class Sharing:
    """Rewrites a kernel with one name per operation.

    Attributes:
        written: arrays that the kernel writes: two loads from one may differ.
        level: depth of the block in which each name is bound.
        aliases: what names stand for that are gone.
        blocks: the blocks around the statement at hand.
        held: conditions of the branches around it.
        done: what values of the statement at hand have become, by identity: a value may stand at many places of an expression.
        generated: names made here; they may be put back where they are used once.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.names = Names([*(argument.name for argument in kernel.signature.arguments), *bound_names(kernel.body)])
        self.written = written_arrays(kernel.body)
        self.level: dict[str, int] = {argument.name: 0 for argument in kernel.signature.arguments}
        self.aliases: dict[str, Value] = {}
        self.blocks: list[_Block] = []
        self.held: list[Value] = []
        self.done: dict[int, Value] = {}
        self.generated: set[str] = set()

    def run(
        self, body: tuple[Statement, ...], *, movable: bool = False, local: tuple[str, ...] = ()
    ) -> tuple[Statement, ...]:
        """The block's statements, rewritten; operations may leave a ``movable`` one, which binds the ``local`` names anew in every turn."""
        self._open(movable=movable, local=local)
        for statement in body:
            self._statement(statement)
        return tuple(self.blocks.pop().statements)

    def _open(self, *, movable: bool, local: tuple[str, ...]) -> None:
        depth = len(self.blocks)
        self.blocks.append(_Block(self.blocks[-1].floor if movable else depth))
        self.level |= dict.fromkeys(local, depth)

    def _emit(self, statement: Statement) -> None:
        self.blocks[-1].statements.append(statement)

    def _statement(self, statement: Statement) -> None:
        self.done.clear()
        match statement:
            case Let():
                self._let(statement)
            case Store(array, index, value, comment):
                self._emit(Store(array, self._leaf(index), self._leaf(value), comment))
            case Accumulate(array, index, value, comment):
                self._emit(Accumulate(array, self._leaf(index), self._leaf(value), comment))
            case For(index, count, body):
                times = self._leaf(count)
                self._emit(replace(statement, count=times, body=self.run(body, movable=True, local=(index,))))
            case Reduce():
                self._reduce(statement)
            case If():
                self._branch(statement)
            case Return(value):
                self._emit(Return(self._leaf(value)))
            case Buffer():
                self._emit(statement)
            case _:
                assert_never(statement)

    def _branch(self, statement: If) -> None:
        """A branch, or its statements where an enclosing branch has the same condition."""
        holds = self._leaf(statement.condition)
        if holds in self.held:
            for inner in statement.body:
                self._statement(inner)
            return
        self.held.append(holds)
        self._emit(If(holds, self.run(statement.body), statement.comment))
        self.held.pop()

    def _reduce(self, statement: Reduce) -> None:
        times = self._leaf(statement.count)
        initials = [self._leaf(total.initial) for total in statement.totals]
        self._open(movable=True, local=(statement.index,))
        for inner in statement.body:
            self._statement(inner)
        self.done.clear()
        values = [self._leaf(total.value) for total in statement.totals]
        body = tuple(self.blocks.pop().statements)
        pairs = zip(statement.totals, initials, values, strict=True)
        totals = tuple(Total(total.name, total.op, initial, value) for total, initial, value in pairs)
        self.level |= dict.fromkeys((total.name for total in totals), len(self.blocks) - 1)
        self._emit(Reduce(totals, statement.index, times, body, statement.comment))

    def _let(self, statement: Let) -> None:
        """The operation under its own name, unless it has one already."""
        value = self._operands(statement.value)
        known = self._known(value)
        if known is None:
            self._bind(statement.name, value, statement.comment)
            if _GENERATED.fullmatch(statement.name):  # by this pass, when it ran before
                self.generated.add(statement.name)
        else:
            self.aliases[statement.name] = known

    def _leaf(self, value: Value) -> Value:
        """A literal or name with this value; the operation is done first where it is new."""
        if id(value) not in self.done:
            operation = self._operands(value)
            known = self._known(operation)
            self.done[id(value)] = self._bind(self._generate(), operation, "") if known is None else known
        return self.done[id(value)]

    def _generate(self) -> str:
        name = self.names.fresh("s")
        self.generated.add(name)
        return name

    def _operands(self, value: Value) -> Value:
        """The same value over literals and names."""
        match value:
            case Local(name):
                return self.aliases.get(name, value)
            case Load(array, index):
                return Load(array, self._leaf(index))
            case Op(name, arguments):
                return fold(Op(name, tuple(self._leaf(argument) for argument in arguments)))
            case Float() | Integer():
                return value
            case _:
                assert_never(value)

    def _known(self, value: Value) -> Value | None:
        """The literal or name that has this value already."""
        if isinstance(value, (Local, Float, Integer)):
            return value
        if self._is_volatile(value):
            return None
        return next((block.available[value] for block in reversed(self.blocks) if value in block.available), None)

    def _is_volatile(self, value: Value) -> bool:
        return isinstance(value, Load) and value.array in self.written

    def _bind(self, name: str, value: Value, comment: str) -> Local:
        here = len(self.blocks) - 1
        arguments = value.arguments if isinstance(value, Op) else ()
        inputs = [self.level[argument.name] for argument in arguments if isinstance(argument, Local)]
        level = here if isinstance(value, Load) else max([self.blocks[-1].floor, *inputs])
        block = self.blocks[level]
        block.statements.append(Let(name, value, comment))
        self.level[name] = level
        if not self._is_volatile(value):
            block.available[value] = Local(name)
        return Local(name)
