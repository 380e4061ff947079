"""Loops over members in blocks, so that machine code can take several members at once.

A loop over members that sums over earlier stages, adds into places that index arrays name, or has angles of any size, cannot be vectorised as it stands.
Here it goes through its members in blocks of `BLOCK`, with a buffer per such sum and place that stays in the nearest cache:

    sums over stages      stage by stage into a buffer, all members of the block at once (`stage_sums`)
    the body itself       as it was, the sums loaded from the buffers; what goes to a place of no pattern is put into a buffer
    scattered additions   one by one from the buffer

What all members add to one place is totalled first. Sums over members change their order, nothing else changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mcompiler.kernel.build import Names, add, mul
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
    Statement,
    Store,
    Total,
    Value,
)
from mcompiler.kernel.operations import ANGLES
from mcompiler.kernel.ranges import Surroundings, in_ranges, ranged_arguments
from mcompiler.kernel.simplify import simplify_kernel
from mcompiler.kernel.stage_sums import Span, StageSums, into_buffers, span_of, stage_sums
from mcompiler.kernel.walk import bindings_for, bound_names, loads_in, names_in, renamed, substitute, values_of, walk

#: Members of a block: a few buffers of so many doubles fit into the nearest cache, and their loops are long enough for any vector unit.
BLOCK = 256


def blocked(module: KernelModule, size: int = BLOCK) -> KernelModule:
    """The module with its loops over members in blocks of this size where that lets them be vectorised."""
    return replace(module, kernels=tuple(_blocked(kernel, size) for kernel in module.kernels))


def _blocked(kernel: Kernel, size: int) -> Kernel:
    taken = [*(argument.name for argument in kernel.signature.arguments), *bound_names(kernel.body)]
    maker = _Maker(Names(taken), size, outside={argument.name for argument in kernel.signature.arguments})
    body = tuple(made for statement in kernel.body for made in maker.outermost(statement))
    buffers = tuple(Buffer(name, size) for name in maker.buffers)
    spans = tuple(span.loop for span in maker.spans.values())
    return simplify_kernel(replace(kernel, body=(*buffers, *spans, *body)))


@dataclass(slots=True)
class _Maker:
    """Rewrites loops of one kernel.

    Attributes:
        names: of the kernel.
        members: of a block.
        buffers: names of the buffers so far; loops use the same ones after each other.
        spans: of stages, by the number of stages and the weight.
        outside: names that are bound before the outermost statement at work.
        repeats: whether that statement is a loop around one loop over members.
        ahead: what goes in front of it.
    """

    names: Names
    members: int
    buffers: list[str] = field(default_factory=list[str])
    spans: dict[tuple[Value, Value], Span] = field(default_factory=dict[tuple[Value, Value], Span])
    outside: set[str] = field(default_factory=set[str])
    repeats: bool = False
    ahead: list[Statement] = field(default_factory=list[Statement])

    def outermost(self, statement: Statement) -> tuple[Statement, ...]:
        """A statement of the kernel itself."""
        self.ahead.clear()
        inner = [each for each in walk([statement]) if isinstance(each, (For, Reduce)) and _is_over_members(each)]
        self.repeats = len(inner) == 1 and inner[0] is not statement
        made = self.statement(statement)
        self.outside.update(bound_names([statement]))
        return (*self.ahead, *made)

    def block(self, body: Iterable[Statement]) -> tuple[Statement, ...]:
        return tuple(made for statement in body for made in self.statement(statement))

    def statement(self, statement: Statement) -> tuple[Statement, ...]:
        match statement:
            case For() | Reduce() if _is_over_members(statement):
                return self.loop(_Loop.of(statement))
            case For() | Reduce() | If():
                return (replace(statement, body=self.block(statement.body)),)
            case _:
                return (statement,)

    def buffer(self, number: int) -> str:
        """The buffer with this number."""
        while len(self.buffers) <= number:
            self.buffers.append(self.names.fresh("part"))
        return self.buffers[number]

    def span(self, sums: StageSums) -> Span:
        """Of the stages of these sums."""
        key = sums.loop.count, substitute(sums.weight, {sums.loop.index: Local("j")})
        if key not in self.spans:
            self.spans[key] = span_of(self.names, sums)
        return self.spans[key]

    def loop(self, loop: "_Loop") -> tuple[Statement, ...]:
        body, totalled = self.totalled(loop)
        loop = replace(loop, body=body, totals=(*loop.totals, *(total for total, _ in totalled)))
        made = self.in_blocks(loop) if loop.needs_blocks else (loop.whole(),)
        after = [Accumulate(each.array, each.index, Local(total.name), each.comment) for total, each in totalled]
        return (*made, *after)

    def totalled(self, loop: "_Loop") -> tuple[tuple[Statement, ...], list[tuple[Total, Accumulate]]]:
        """The body without additions into a place that is the same for all members, and totals in their stead."""
        kept: list[Statement] = []
        totalled: list[tuple[Total, Accumulate]] = []
        for each in loop.body:
            if isinstance(each, Accumulate) and not loop.varies(each.index):
                total = Total(self.names.fresh("total"), "sum", Float(0.0), each.value)
                totalled.append((total, each))
            else:
                kept.append(each)
        return tuple(kept), totalled

    def in_blocks(self, loop: "_Loop") -> tuple[Statement, ...]:
        block, first, size = (self.names.fresh(wish) for wish in ("block", "first", "size"))
        start = [
            Let(first, mul(Local(block), Integer(self.members))),
            Let(size, Op("min", (Integer(self.members), Op("sub", (loop.count, Local(first)))))),
        ]
        part = _Block(self, loop, Local(first), Local(size))
        before, body, after = part.parts()
        inner = [replace(total, name=self.names.fresh(total.name), initial=_neutral(total)) for total in loop.totals]
        around = Surroundings(loop.whole() if self.repeats else None, frozenset(self.outside), self.ahead)
        main = in_ranges(self.names, _loop(part.index, Local(size), body, inner, loop.comment), around)
        blocks = Op("quotient", (add(loop.count, Integer(self.members - 1)), Integer(self.members)))
        outer = [replace(total, value=Local(made.name)) for total, made in zip(loop.totals, inner, strict=True)]
        return (_loop(block, blocks, (*start, *before, *main, *after), outer, ""),)


def _neutral(total: Total) -> Value:
    """Where the total of a block starts: so that the total of all blocks starts once."""
    if total.op in {"min", "max"}:
        return total.initial
    return Integer(0) if isinstance(total.initial, Integer) else Float(0.0)


def _loop(index: str, count: Value, body: Sequence[Statement], totals: Sequence[Total], comment: str) -> For | Reduce:
    if totals:
        return Reduce(tuple(totals), index, count, tuple(body), comment)
    return For(index, count, tuple(body), comment)


def _is_over_members(loop: For | Reduce) -> bool:
    """Whether its body is straight-line but for sums (over stages)."""
    return all(
        isinstance(each, (Let, Store, Accumulate)) or (isinstance(each, Reduce) and _is_plain(each.body))
        for each in loop.body
    ) and any(isinstance(each, (Store, Accumulate)) for each in loop.body)


def _is_plain(body: Sequence[Statement]) -> bool:
    return all(isinstance(each, Let) for each in body)


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop over members, and the names that are bound anew in each turn: all of them, and those that an index array decides."""

    index: str
    count: Value
    body: tuple[Statement, ...]
    totals: tuple[Total, ...]
    comment: str
    own: frozenset[str]
    looked_up: frozenset[str]

    @classmethod
    def of(cls, loop: For | Reduce) -> "_Loop":
        """What a loop is made of."""
        own = frozenset({loop.index, *bound_names(loop.body)})
        looked_up: set[str] = set()
        for each in loop.body:
            if isinstance(each, Let) and _looks_up(each.value, own, looked_up):
                looked_up.add(each.name)
        totals = loop.totals if isinstance(loop, Reduce) else ()
        return cls(loop.index, loop.count, loop.body, totals, loop.comment, own, frozenset(looked_up))

    def varies(self, value: Value) -> bool:
        """Whether the value may differ from member to member."""
        return any(name in self.own for name in names_in(value))

    def is_scattered(self, place: Value) -> bool:
        """Whether an index array decides the place."""
        return _looks_up(place, self.own, self.looked_up)

    @property
    def needs_blocks(self) -> bool:
        """Whether it sums over stages, adds to places of no pattern, or has angles, and nothing keeps it from being done so."""
        sums = [self.sums(each) for each in self.body if isinstance(each, Reduce)]
        scatters = any(isinstance(each, Accumulate) and self.is_scattered(each.index) for each in self.body)
        return None not in sums and (scatters or bool(sums) or self.has_angles)

    @property
    def has_angles(self) -> bool:
        """Whether it has functions of angles, which are the same code for all members only up to a size."""
        values = [value for each in self.body for value in values_of(each)]
        return not ANGLES.keys().isdisjoint(ranged_arguments([*values, *(total.value for total in self.totals)]))

    def sums(self, each: Reduce) -> StageSums | None:
        """A loop over stages in its body."""
        return stage_sums(each, self.body, [total.value for total in self.totals], self.own)

    def whole(self) -> For | Reduce:
        """The loop as a statement."""
        return _loop(self.index, self.count, self.body, self.totals, self.comment)


def _looks_up(value: Value, own: Iterable[str], looked_up: Iterable[str]) -> bool:
    if any(name in looked_up for name in names_in(value)):
        return True
    return any(load.array == "z" and any(name in own for name in names_in(load.index)) for load in loads_in(value))


@dataclass(slots=True)
class _Block:
    """One block of a loop in the making."""

    maker: _Maker
    loop: _Loop
    first: Value
    size: Value
    index: str = ""

    def parts(self) -> tuple[list[Statement], list[Statement], list[Statement]]:
        """What comes before the main loop of the block, its body, and what comes after it."""
        self.index = self.maker.names.fresh("k")
        before: list[Statement] = []
        body: list[Statement] = [Let(self.loop.index, add(self.first, Local(self.index)))]
        after: list[Statement] = []
        held: dict[str, str] = {}
        used = 0
        for each in self.loop.body:
            if isinstance(each, Reduce) and (sums := self.loop.sums(each)) is not None:
                buffers = [self.maker.buffer(used + place) for place in range(len(each.totals))]
                used += len(buffers)
                before += into_buffers(sums, buffers, self.maker.span(sums), self.maker.names, self.turn)
                held |= sums.held(buffers)
                totals = [total.name for total in each.totals if total.name in held]
                body += [Let(name, Load(held[name], Local(self.index))) for name in totals]
            elif isinstance(each, Accumulate) and self.loop.is_scattered(each.index):
                buffer = self.maker.buffer(used)
                used += 1
                body.append(Store(buffer, Local(self.index), each.value, each.comment))
                after.append(self.scattered(each, buffer))
            elif isinstance(each, Let) and each.name in held:
                body.append(replace(each, value=Load(held[each.name], Local(self.index))))
            elif isinstance(each, Let) and isinstance(each.value, Load) and not self.loop.varies(each.value):
                before.append(each)  # a block has a member, so that there is something to load
            else:
                body.append(each)
        return before, body, after

    def scattered(self, each: Accumulate, buffer: str) -> For:
        """The additions of all members of the block, one after the other."""
        return self.turn([Accumulate(each.array, each.index, Load(buffer, Local("k")), each.comment)])

    def turn(self, statements: Sequence[Statement]) -> For:
        """A loop over the block with these statements, ``k`` being the place in the block, and what they need of the body under new names."""
        k = self.maker.names.fresh("k")
        used = (name for each in statements for value in values_of(each) for name in names_in(value))
        needed = bindings_for(self.loop.body, used)
        whole = [Let(self.loop.index, add(self.first, Local("k"))), *needed, *statements]
        called = {name: self.maker.names.fresh(name) for name in bound_names(whole)} | {"k": k}
        return For(k, self.size, renamed(whole, called))
