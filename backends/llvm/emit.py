"""Kernels as LLVM's text: one C function per kernel, loops as LLVM's optimiser wants them, every value bound once.

What it computes is what numba makes of the Python text, to the bit (`tests/backends/test_emit.py`): the same operations in the same order, ``contract`` on
what may be fused, ``reassoc`` on sums in any order and on nothing else. Places in arrays are ``inbounds`` and arrays do not overlap, as `protocols` demands
of callers.
"""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import assert_never

from mcompiler.backends.artifact import symbol
from mcompiler.backends.elementary import ELEMENTARY, is_ours
from mcompiler.backends.llvm.lines import Lines
from mcompiler.backends.llvm.operations import DOUBLE, INSTRUCTIONS, TYPES, WHOLE, Typed, double
from mcompiler.backends.llvm.tasks import runtime
from mcompiler.backends.values import identifier
from mcompiler.kernel.abi import F64_ARRAY, I64_ARRAY, LANED, N_POOL, NOTHING, Argument
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
from mcompiler.kernel.operations import square_and_multiply
from mcompiler.kernel.walk import loads_in, names_in, values_of, walk, written_arrays

_ARRAYS = {F64_ARRAY: DOUBLE, I64_ARRAY: WHOLE}
#: What LLVM knows by its own name; the rest are libm's.
_INTRINSICS = frozenset(("pow", "sqrt", "exp", "log", "sin", "cos", "floor"))
#: Elementary functions of our own.
_OURS = frozenset(entry.signature.name for entry in ELEMENTARY)


@dataclass(frozen=True, slots=True)
class Emitted:
    """LLVM's text of a module, and the names of what it calls."""

    text: str
    calls: tuple[str, ...]

    @property
    def calls_ours(self) -> bool:
        """Whether it calls elementary functions of our own."""
        return any(symbol(name) in self.calls for name in _OURS)


def emit(module: KernelModule, *, contraction: bool = True, lines: Lines | None = None) -> Emitted:
    """All kernels, each a function; elementary functions are declared.

    Args:
        module: what is compiled.
        contraction: whether a product and a sum may become one fused operation.
        lines: gets the statements that instructions are marked with, for inspection.
    """
    called: dict[str, str] = {}
    tasks: list[str] = []
    looped = {kernel.signature for kernel in module.kernels if not module.z or kernel.signature in LANED}
    written = [
        _KernelText(kernel.signature.name, contraction, kernel.signature in looped, called, tasks, lines).text(kernel)
        for kernel in module.kernels
    ]
    declared = [f"declare {each}" for each in called.values()]
    shared = [runtime(pauses=platform.machine() in {"x86_64", "AMD64"})] if tasks else []
    text = "\n".join([*written, *tasks, *shared, *declared, *(lines.metadata() if lines else ()), ""])
    return Emitted(text, tuple(called))


@dataclass(slots=True)
class _KernelText:
    """One kernel in the writing, or one task of it.

    ``called`` gathers the declarations of all kernels, ``tasks`` the functions that run at the same time; ``scope`` holds the operands of the names that are
    bound; ``block`` is the label of the block that is being written. Labels and values share their names in LLVM: ours begin with a dot, which no name of a
    kernel does.
    """

    name: str
    contraction: bool
    in_loops: bool
    called: dict[str, str]
    tasks: list[str]
    lines: Lines | None
    written: list[str] = field(default_factory=list[str])
    buffers: list[str] = field(default_factory=list[str])
    local: dict[str, int] = field(default_factory=dict[str, int])
    arrays: dict[str, str] = field(default_factory=dict[str, str])
    scope: dict[str, Typed] = field(default_factory=dict[str, Typed])
    block: str = ".entry"
    mark: str = ""
    owner: int = 0
    count: int = 0

    def text(self, kernel: Kernel) -> str:
        """The kernel's function."""
        signature = kernel.signature
        written = written_arrays(kernel.body)
        taken = ", ".join(self.taken(argument, argument.name in written) for argument in signature.arguments)
        self.owner = self.lines.function(signature.name) if self.lines else 0
        self.body(kernel.body)
        if signature.result == NOTHING:
            self.line("ret i64 0")
        return self.function(f"{TYPES[signature.result]} @{symbol(signature.name)}({taken})")

    def function(self, head: str) -> str:
        scope = f" !dbg !{self.owner}" if self.owner else ""
        return "\n".join(
            [f"define {head} nounwind mustprogress{scope} {{", ".entry:", *self.buffers, *self.written, "}"]
        )

    def taken(self, argument: Argument, is_written: bool) -> str:  # noqa: FBT001
        name = identifier(argument.name)
        if argument.type in _ARRAYS:
            self.arrays[name] = _ARRAYS[argument.type]
            return _pointer(name, is_written=is_written)
        self.scope[name] = Typed(f"%{name}", TYPES[argument.type])
        return f"{TYPES[argument.type]} %{name}"

    # --- lines

    def line(self, text: str) -> None:
        self.written.append(f"  {text}{self.mark}")

    def fresh(self) -> str:
        self.count += 1
        return f"%.{self.count}"

    def bind(self, text: str, kind: str) -> Typed:
        """The result of an instruction."""
        name = self.fresh()
        self.line(f"{name} = {text}")
        return Typed(name, kind)

    def begin(self, label: str) -> None:
        self.written.append(f"{label}:")
        self.block = label

    # --- statements

    def body(self, body: Sequence[Statement]) -> None:
        """A block; what it binds is not seen outside."""
        outside = dict(self.scope)
        for statement in body:
            if self.lines is not None:
                self.mark = self.lines.mark(statement, self.owner)
            self.statement(statement)
        self.scope = outside

    def statement(self, statement: Statement) -> None:
        match statement:
            case Let(name, value, _):
                self.scope[identifier(name)] = self.value(value)
            case Buffer(name, size):
                self.arrays[identifier(name)] = DOUBLE
                self.local[identifier(name)] = size
                self.buffers.append(f"  %{name} = alloca [{size} x double], align 64")
            case Store(array, index, value, _):
                self.store(array, self.place(array, index), self.value(value))
            case Accumulate(array, index, value, _):
                place = self.place(array, index)
                before = self.loaded(array, place)
                self.store(array, place, self.operation("add", (before, self.value(value))))
            case For(at_once=True):
                self.at_once(statement)
            case For(index, count, body, _):
                self.loop(index, count, body, ())
            case Reduce(totals, index, count, body, _):
                self.loop(index, count, body, totals)
            case If(condition, body, _):
                self.branch(self.value(condition), body)
            case Return(value):
                self.line(f"ret {self.value(value)}")
            case _:
                assert_never(statement)

    def at_once(self, loop: For) -> None:
        """A loop whose turns are functions of what they take from around them, in a context, and of their number."""
        values = [value for each in walk(loop.body) for value in values_of(each)]
        used = {identifier(name) for value in values for name in names_in(value)}
        written = {identifier(each) for each in written_arrays(loop.body)}
        arrays = written | {identifier(load.array) for value in values for load in loads_in(value)}
        name = f"{self.name}.{len(self.tasks)}"
        taken = [each for each in self.scope if each in used]
        outer = [each for each in self.arrays if each in arrays and each not in self.local]
        inner = replace(self, name=name, written=[], buffers=[], local={}, scope={}, arrays={}, block=".entry", count=0)
        inner.owner = self.lines.function(name) if self.lines else 0
        parameters = [_pointer(each, is_written=each in written) for each in outer]
        inner.arrays |= {each: self.arrays[each] for each in outer}
        for each in taken:
            inner.scope[each] = Typed(f"%{each}", self.scope[each].kind)
            parameters.append(str(inner.scope[each]))
        inner.scope[identifier(loop.index)] = Typed(f"%{identifier(loop.index)}", WHOLE)
        parameters.append(f"{WHOLE} %{identifier(loop.index)}")
        own = [Buffer(each, size) for each, size in self.local.items() if each in arrays]
        inner.body([*own, *loop.body])
        inner.line("ret void")
        self.tasks.append(inner.function(f"internal void @{name}({', '.join(parameters)})"))
        fields = [*(Typed(f"%{each}", "ptr") for each in outer), *(self.scope[each] for each in taken)]
        self.tasks.append(_unpacked(name, [each.kind for each in fields]))
        self.run_tasks(name, fields, loop)

    def run_tasks(self, name: str, fields: Sequence[Typed], loop: For) -> None:
        """Puts the fields into a context and has the tasks run."""
        context = self.fresh()
        self.buffers.append(f"  {context} = alloca [{max(len(fields), 1)} x i64], align 8")
        for number, each in enumerate(fields):
            place = self.bind(f"getelementptr inbounds i64, ptr {context}, i64 {number}", "ptr")
            self.line(f"store {each}, {place}, align 8")
        count = self.value(loop.count)
        pool = self.loaded("z", self.place("z", Integer(N_POOL)))
        self.line(f"call void @mc_tasks(ptr @{name}.unpacked, ptr {context}, {count}, {pool})")

    def branch(self, condition: Typed, body: Sequence[Statement]) -> None:
        self.count += 1
        inside, after = f".if.{self.count}", f".endif.{self.count}"
        self.line(f"br {condition}, label %{inside}, label %{after}")
        self.begin(inside)
        self.body(body)
        self.line(f"br label %{after}")
        self.begin(after)

    def loop(self, index: str, count: Value, body: Sequence[Statement], totals: Sequence[Total]) -> None:
        """A loop that tests its end after each turn, behind a test whether there is a turn at all."""
        turns = self.value(count)
        starts = [self.value(total.initial) for total in totals]
        before, mark = self.block, self.mark
        self.count += 1
        name, after, next_turn = f"{identifier(index)}.{self.count}", f".after.{self.count}", self.fresh()
        some = self.bind(f"icmp sgt {turns}, 0", "i1")
        self.line(f"br {some}, label %{name}, label %{after}")
        self.begin(name)
        head = len(self.written)
        turn = self.fresh()
        running = [Typed(self.fresh(), start.kind) for start in starts]
        outside = dict(self.scope)
        self.scope[index] = Typed(turn, WHOLE)
        ends = self.turn(body, totals, running)
        self.scope = outside
        self.mark = mark
        self.line(f"{next_turn} = add nuw nsw i64 {turn}, 1")
        more = self.bind(f"icmp slt i64 {next_turn}, {turns.operand}", "i1")
        self.line(f"br {more}, label %{name}, label %{after}")
        last = self.block
        joined = [
            _phi(each, (start, before), (end, last)) for each, start, end in zip(running, starts, ends, strict=True)
        ]
        first = f"  {turn} = phi i64 [ 0, %{before} ], [ {next_turn}, %{last} ]"
        self.written[head:head] = [first, *joined]
        self.begin(after)
        for total, start, end in zip(totals, starts, ends, strict=True):
            result = Typed(self.fresh(), start.kind)
            self.written.append(_phi(result, (start, before), (end, last)))
            self.scope[identifier(total.name)] = result

    def turn(self, body: Sequence[Statement], totals: Sequence[Total], running: Sequence[Typed]) -> list[Typed]:
        """One turn of a loop: its totals at the end."""
        for statement in body:
            if self.lines is not None:
                self.mark = self.lines.mark(statement, self.owner)
            self.statement(statement)
        return [
            self.operation(total.op, (so_far, self.value(total.value)))
            for total, so_far in zip(totals, running, strict=True)
        ]

    # --- arrays

    def place(self, array: str, index: Value) -> Typed:
        return self.bind(f"getelementptr inbounds {self.arrays[array]}, ptr %{array}, {self.value(index)}", "ptr")

    def loaded(self, array: str, place: Typed) -> Typed:
        kind = self.arrays[array]
        return self.bind(f"load {kind}, {place}, align 8", kind)

    def store(self, array: str, place: Typed, value: Typed) -> None:
        assert value.kind == self.arrays[array]
        self.line(f"store {value}, {place}, align 8")

    # --- values

    def value(self, value: Value) -> Typed:
        match value:
            case Float(number):
                return double(number)
            case Integer(number):
                return Typed(str(number), WHOLE)
            case Local(name):
                return self.scope[identifier(name)]
            case Load(array, index):
                return self.loaded(array, self.place(identifier(array), index))
            case Op("powi", (base, Integer(exponent))):
                return self.power(self.value(base), exponent)
            case Op(name, arguments):
                return self.operation(name, tuple(self.value(argument) for argument in arguments))
            case _:
                assert_never(value)

    def power(self, base: Typed, exponent: int) -> Typed:
        square, result = base, double(1.0)
        for step in square_and_multiply(abs(exponent)):
            match step:
                case "take":
                    result = square
                case "square":
                    square = self.operation("mul", (square, square))
                case _:
                    result = self.operation("mul", (result, square))
        return self.operation("div", (double(1.0), result)) if exponent < 0 else result

    def operation(self, name: str, given: tuple[Typed, ...]) -> Typed:
        write = INSTRUCTIONS.get((name, given[0].kind))
        if write is not None:
            return write(self, *given)
        return self.call(name, given)

    def call(self, name: str, given: tuple[Typed, ...]) -> Typed:
        """An elementary function of ours or of C's library."""
        of_c = f"llvm.{name}.f64" if name in _INTRINSICS else name
        called = symbol(name) if is_ours(name, in_loops=self.in_loops) else of_c
        return self.external(called, given, DOUBLE)

    def external(self, called: str, given: tuple[Typed, ...], kind: str) -> Typed:
        """A call of a declared function."""
        kinds = ", ".join(each.kind for each in given)
        self.called[called] = f"{kind} @{called}({kinds})"
        return self.bind(f"call {kind} @{called}({', '.join(map(str, given))})", kind)


def _pointer(name: str, *, is_written: bool) -> str:
    return f"ptr noalias {'' if is_written else 'readonly '}%{name}"


def _unpacked(name: str, kinds: Sequence[str]) -> str:
    """A function that takes a context and calls the one that takes what is in it."""
    lines = [f"define internal void @{name}.unpacked(ptr %context, i64 %number) nounwind {{"]
    for place, kind in enumerate(kinds):
        lines.append(f"  %at{place} = getelementptr inbounds i64, ptr %context, i64 {place}")
        lines.append(f"  %field{place} = load {kind}, ptr %at{place}, align 8")
    given = ", ".join([*(f"{kind} %field{place}" for place, kind in enumerate(kinds)), "i64 %number"])
    return "\n".join([*lines, f"  call void @{name}({given})", "  ret void", "}"])


def _phi(result: Typed, *ways: tuple[Typed, str]) -> str:
    given = ", ".join(f"[ {value.operand}, %{label} ]" for value, label in ways)
    return f"  {result.operand} = phi {result.kind} {given}"
