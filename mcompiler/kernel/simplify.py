"""Simplification of kernels: every operation is done once, outside the loops it does not depend on, and only if somebody needs its result.

Results stay the same bit for bit: operations are shared, moved and dropped, never reordered or replaced. Nothing moves out of an `If`, and no load moves out
of a loop (a loop may have no turns, and then there may be nothing to load).
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from mcompiler.kernel.build import Names
from mcompiler.kernel.ir import (
    Accumulate,
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

_INTEGER = {"add": int.__add__, "sub": int.__sub__, "mul": int.__mul__}


def simplify(module: KernelModule) -> KernelModule:
    """The module with shared, hoisted and pruned operations."""
    return replace(module, kernels=tuple(simplify_kernel(kernel) for kernel in module.kernels))


def simplify_kernel(kernel: Kernel) -> Kernel:
    """One kernel, simplified."""
    sharing = _Sharing(kernel)
    body = prune(sharing.run(kernel.body))
    return replace(kernel, body=prune(_inline(body, sharing.generated, Counter(_uses(body)))))


def fold(operation: Op) -> Value:
    """Integer arithmetic on literals, done; ``x + 0``, ``x * 1`` and ``x * 0`` on integers, known; everything else as it is."""
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


@dataclass(slots=True)
class _Block:
    """A block in the making: its statements, what has been computed in it, and the outermost block that its operations may move to."""

    floor: int
    statements: list[Statement] = field(default_factory=list)
    available: dict[Value, Value] = field(default_factory=dict)


class _Sharing:
    """Rewrites a kernel with one name per operation; names made here are `generated` and may be put back where used once."""

    def __init__(self, kernel: Kernel) -> None:
        self.names = Names([argument.name for argument in kernel.signature.arguments] + list(_bound(kernel.body)))
        self.written = {each.array for each in _walk(kernel.body) if isinstance(each, (Store, Accumulate))}
        self.level: dict[str, int] = {argument.name: 0 for argument in kernel.signature.arguments}
        self.aliases: dict[str, Value] = {}
        self.blocks: list[_Block] = []
        self.generated: set[str] = set()

    def run(
        self, body: tuple[Statement, ...], *, movable: bool = False, local: tuple[str, ...] = ()
    ) -> tuple[Statement, ...]:
        self.open(movable=movable, local=local)
        for statement in body:
            self.statement(statement)
        return tuple(self.blocks.pop().statements)

    def open(self, *, movable: bool, local: tuple[str, ...]) -> None:
        depth = len(self.blocks)
        self.blocks.append(_Block(self.blocks[-1].floor if movable else depth))
        self.level |= dict.fromkeys(local, depth)

    def emit(self, statement: Statement) -> None:
        self.blocks[-1].statements.append(statement)

    def statement(self, statement: Statement) -> None:
        match statement:
            case Let():
                self.let(statement)
            case Store(array, index, value, comment):
                self.emit(Store(array, self.leaf(index), self.leaf(value), comment))
            case Accumulate(array, index, value, comment):
                self.emit(Accumulate(array, self.leaf(index), self.leaf(value), comment))
            case For(index, count, body, comment):
                times = self.leaf(count)
                self.emit(For(index, times, self.run(body, movable=True, local=(index,)), comment))
            case Reduce():
                self.reduce(statement)
            case If(condition, body, comment):
                holds = self.leaf(condition)
                self.emit(If(holds, self.run(body), comment))
            case Return(value):
                self.emit(Return(self.leaf(value)))
            case _:
                assert_never(statement)

    def reduce(self, statement: Reduce) -> None:
        times = self.leaf(statement.count)
        initials = [self.leaf(total.initial) for total in statement.totals]
        self.open(movable=True, local=(statement.index,))
        for inner in statement.body:
            self.statement(inner)
        values = [self.leaf(total.value) for total in statement.totals]
        body = tuple(self.blocks.pop().statements)
        pairs = zip(statement.totals, initials, values, strict=True)
        totals = tuple(Total(total.name, total.op, initial, value) for total, initial, value in pairs)
        self.level |= dict.fromkeys((total.name for total in totals), len(self.blocks) - 1)
        self.emit(Reduce(totals, statement.index, times, body, statement.comment))

    def let(self, statement: Let) -> None:
        """The operation under its own name, unless it has one already."""
        value = self.operands(statement.value)
        if isinstance(value, (Local, Float, Integer)):
            self.aliases[statement.name] = value
            return
        known = self.known(value)
        if known is None:
            self.bind(statement.name, value, statement.comment)
        else:
            self.aliases[statement.name] = known

    def leaf(self, value: Value) -> Value:
        """A literal or name with this value; the operation is done first where it is new."""
        value = self.operands(value)
        if isinstance(value, (Local, Float, Integer)):
            return value
        known = self.known(value)
        if known is not None:
            return known
        name = self.names.fresh("s")
        self.generated.add(name)
        return self.bind(name, value, "")

    def operands(self, value: Value) -> Value:
        """The same value over literals and names."""
        match value:
            case Local(name):
                return self.aliases.get(name, value)
            case Load(array, index):
                return Load(array, self.leaf(index))
            case Op(name, arguments):
                return fold(Op(name, tuple(self.leaf(argument) for argument in arguments)))
            case Float() | Integer():
                return value
            case _:
                assert_never(value)

    def known(self, value: Value) -> Value | None:
        if self.is_volatile(value):
            return None
        return next((block.available[value] for block in reversed(self.blocks) if value in block.available), None)

    def is_volatile(self, value: Value) -> bool:
        return isinstance(value, Load) and value.array in self.written

    def bind(self, name: str, value: Value, comment: str) -> Local:
        here = len(self.blocks) - 1
        arguments = value.arguments if isinstance(value, Op) else ()
        inputs = [self.level[argument.name] for argument in arguments if isinstance(argument, Local)]
        level = here if isinstance(value, Load) else max([self.blocks[-1].floor, *inputs])
        block = self.blocks[level]
        block.statements.append(Let(name, value, comment))
        self.level[name] = level
        if not self.is_volatile(value):
            block.available[value] = Local(name)
        return Local(name)


def _walk(body: tuple[Statement, ...]) -> Iterator[Statement]:
    for statement in body:
        yield statement
        if isinstance(statement, (For, Reduce, If)):
            yield from _walk(statement.body)


def _bound(body: tuple[Statement, ...]) -> Iterator[str]:
    for statement in _walk(body):
        if isinstance(statement, Let):
            yield statement.name
        if isinstance(statement, (For, Reduce)):
            yield statement.index
        if isinstance(statement, Reduce):
            yield from (total.name for total in statement.totals)


def values_of(statement: Statement) -> tuple[Value, ...]:
    """The values in a statement itself, blocks inside it apart."""
    match statement:
        case Let(_, value, _) | Return(value):
            return (value,)
        case Store(_, index, value, _) | Accumulate(_, index, value, _):
            return (index, value)
        case For(_, count, _, _):
            return (count,)
        case Reduce(totals, _, count, _, _):
            return (count, *(total.initial for total in totals), *(total.value for total in totals))
        case If(condition, _, _):
            return (condition,)
        case _:
            assert_never(statement)


def names_in(value: Value) -> Iterator[str]:
    """The names in a value, each as often as it stands there."""
    match value:
        case Local(name):
            yield name
        case Load(_, index):
            yield from names_in(index)
        case Op(_, arguments):
            for argument in arguments:
                yield from names_in(argument)
        case _:
            return


def _uses(body: tuple[Statement, ...]) -> Iterator[str]:
    for statement in _walk(body):
        for value in values_of(statement):
            yield from names_in(value)


def prune(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The body without names, totals and loops that nobody needs."""
    return _pruned(body, set())


def _pruned(body: tuple[Statement, ...], used: set[str]) -> tuple[Statement, ...]:
    kept: list[Statement] = []
    for statement in reversed(body):
        left = _remaining(statement, used)
        if left is not None:
            used.update(name for value in values_of(left) for name in names_in(value))
            kept.append(left)
    return tuple(reversed(kept))


def _remaining(statement: Statement, used: set[str]) -> Statement | None:
    match statement:
        case Let(name, _, _):
            return statement if name in used else None
        case For() | If():
            inner = _pruned(statement.body, used)
            return replace(statement, body=inner) if inner else None
        case Reduce():
            return _remaining_reduce(statement, used)
        case _:
            return statement


def _remaining_reduce(statement: Reduce, used: set[str]) -> Statement | None:
    totals = tuple(total for total in statement.totals if total.name in used)
    used.update(name for total in totals for name in names_in(total.value))
    inner = _pruned(statement.body, used)
    if totals:
        return replace(statement, totals=totals, body=inner)
    return For(statement.index, statement.count, inner, statement.comment) if inner else None


def _inline(body: tuple[Statement, ...], generated: set[str], uses: Counter[str]) -> tuple[Statement, ...]:
    """Generated names that are used once, in the same block, put back where they are used."""
    waiting: dict[str, Value] = {}
    here = Counter(name for statement in body for value in _values_here(statement) for name in names_in(value))
    result: list[Statement] = []
    for statement in body:
        statement = _with_values(statement, waiting)
        if (
            isinstance(statement, Let)
            and statement.name in generated
            and uses[statement.name] == here[statement.name] == 1
        ):
            waiting[statement.name] = statement.value
            continue
        if isinstance(statement, (For, Reduce, If)):
            statement = replace(statement, body=_inline(statement.body, generated, uses))
        result.append(statement)
    return tuple(result)


def _values_here(statement: Statement) -> tuple[Value, ...]:
    """The values that are evaluated in the statement's own block."""
    if isinstance(statement, Reduce):
        return (statement.count, *(total.initial for total in statement.totals))
    return values_of(statement)


def _with_values(statement: Statement, waiting: dict[str, Value]) -> Statement:
    def put(value: Value) -> Value:
        return substitute(value, waiting)

    match statement:
        case Let(_, value, _) | Return(value):
            return replace(statement, value=put(value))
        case Store(_, index, value, _) | Accumulate(_, index, value, _):
            return replace(statement, index=put(index), value=put(value))
        case For(_, count, _, _):
            return replace(statement, count=put(count))
        case Reduce(totals, _, count, _, _):
            started = tuple(replace(total, initial=put(total.initial)) for total in totals)
            return replace(statement, count=put(count), totals=started)
        case If(condition, _, _):
            return replace(statement, condition=put(condition))
        case _:
            assert_never(statement)


def substitute(value: Value, names: dict[str, Value]) -> Value:
    """The value with names replaced."""
    match value:
        case Local(name):
            return names.get(name, value)
        case Load(array, index):
            return Load(array, substitute(index, names))
        case Op(name, arguments):
            return Op(name, tuple(substitute(argument, names) for argument in arguments))
        case _:
            return value
