"""Checks that a kernel module keeps the invariants of `ir`: names bound once and before use, types, arrays, results. Tests run it after every pass."""

from typing import NoReturn, assert_never

from mcompiler.kernel.abi import F64, F64_ARRAY, I64, I64_ARRAY, NOTHING
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
    Value,
)
from mcompiler.kernel.operations import BOOL, OPERATIONS
from mcompiler.kernel.print import print_value

#: Arrays that a kernel may write; all others are inputs. `y` only where the signature says "in place" or makes it.
_OUTPUTS = {
    "sweep": {"K", "w"},
    "finish": {"v", "w"},
    "pullback": {"w", "Yb", "pb"},
    "initial": {"w", "y"},
    "initial_pullback": {"w", "pb"},
    "project": {"y", "w"},
    "project_pullback": {"w", "lam", "pb"},
    "scale": {"w", "s"},
    "guards": {"w", "g"},
    "guard_pullback": {"w", "yb", "pb"},
    "reset": {"y", "w"},
    "reset_pullback": {"w", "lam", "pb"},
    "breakpoint": {"w"},
    "observe": {"w", "out"},
    "loss": {"w"},
    "loss_pullback": {"w", "yb", "pb"},
    "leap": {"c", "k", "w", "v"},
    "dense": {"w", "d"},
    "project_lanes": {"y", "w"},
    "observe_lanes": {"w", "out"},
}
_ELEMENT = {F64_ARRAY: F64, I64_ARRAY: I64}
_TOTALS = ("add", "sum", "min", "max")


class BrokenKernelError(AssertionError):
    """A kernel breaks an invariant of the IR: a mistake of the compiler, never of its user."""


def verify(module: KernelModule) -> KernelModule:
    """The module itself, if it keeps every invariant.

    Raises:
        BrokenKernelError: it does not; the message names the kernel and the place.
    """
    names = [kernel.signature.name for kernel in module.kernels]
    if len(set(names)) != len(names):
        raise BrokenKernelError(f"{module.name}: two kernels have one name: {names}")
    for kernel in module.kernels:
        _Checker(kernel).check()
    return module


class _Checker:
    """Walks one kernel with the types of the names in scope."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.arrays = {each.name: _ELEMENT[each.type] for each in kernel.signature.arguments if each.type in _ELEMENT}
        self.scalars = {each.name: each.type for each in kernel.signature.arguments if each.type not in _ELEMENT}
        self.bound = set(self.scalars) | set(self.arrays)
        self.buffers: set[str] = set()

    def check(self) -> None:
        body = self.kernel.body
        returns = bool(body) and isinstance(body[-1], Return)
        if returns == (self.kernel.signature.result == NOTHING):
            self.fail("the result and the last statement do not fit")
        self.block(body, self.scalars, last=True)

    def fail(self, message: str) -> NoReturn:
        raise BrokenKernelError(f"kernel {self.kernel.signature.name}: {message}")

    def block(self, body: tuple[Statement, ...], scope: dict[str, str], *, last: bool = False) -> dict[str, str]:
        inner = dict(scope)
        for place, statement in enumerate(body):
            if isinstance(statement, Return) and not (last and place == len(body) - 1):
                self.fail("a return that is not the last statement")
            self.statement(statement, inner)
        return inner

    def statement(self, statement: Statement, scope: dict[str, str]) -> None:
        match statement:
            case Let(name, value, _):
                self.bind(name, self.type(value, scope), scope)
            case Buffer():
                self.buffer(statement, scope)
            case Store(array, index, value, _) | Accumulate(array, index, value, _):
                self.write(array, index, value, scope)
            case For(index, count, body, _):
                self.expect(count, I64, scope)
                self.block(body, self.loop_scope(index, scope))
            case Reduce():
                self.reduce(statement, scope)
            case If(condition, body, _):
                self.expect(condition, BOOL, scope)
                self.block(body, scope)
            case Return(value):
                self.expect(value, self.kernel.signature.result, scope)
            case _:
                assert_never(statement)

    def reduce(self, statement: Reduce, scope: dict[str, str]) -> None:
        self.expect(statement.count, I64, scope)
        types = [self.type(total.initial, scope) for total in statement.totals]
        inner = self.block(statement.body, self.loop_scope(statement.index, scope))
        for total, kind in zip(statement.totals, types, strict=True):
            if total.op not in _TOTALS:
                self.fail(f"total {total.name} has the operation {total.op}")
            self.expect(total.value, kind, inner)
        for total, kind in zip(statement.totals, types, strict=True):
            self.bind(total.name, kind, scope)

    def loop_scope(self, index: str, scope: dict[str, str]) -> dict[str, str]:
        inner = dict(scope)
        self.bind(index, I64, inner)
        return inner

    def bind(self, name: str, kind: str, scope: dict[str, str]) -> None:
        if name in self.bound:
            self.fail(f"{name} is bound twice")
        if not name.isidentifier():
            self.fail(f"{name!r} is no name")
        self.bound.add(name)
        scope[name] = kind

    def buffer(self, buffer: Buffer, scope: dict[str, str]) -> None:
        if buffer not in self.kernel.body:
            self.fail(f"buffer {buffer.name} is not at the top")
        if buffer.size <= 0:
            self.fail(f"buffer {buffer.name} has no places")
        self.bind(buffer.name, F64_ARRAY, scope)
        self.arrays[buffer.name] = F64
        self.buffers.add(buffer.name)

    def write(self, array: str, index: Value, value: Value, scope: dict[str, str]) -> None:
        if array not in self.arrays:
            self.fail(f"no array {array}")
        if array not in _OUTPUTS[self.kernel.signature.name] | self.buffers:
            self.fail(f"array {array} is an input")
        self.expect(index, I64, scope)
        self.expect(value, self.arrays[array], scope)

    def expect(self, value: Value, kind: str, scope: dict[str, str]) -> None:
        found = self.type(value, scope)
        if found != kind:
            self.fail(f"{print_value(value)} is {found}, not {kind}")

    def type(self, value: Value, scope: dict[str, str]) -> str:
        match value:
            case Float():
                return F64
            case Integer():
                return I64
            case Local(name):
                if name not in scope:
                    self.fail(f"{name} is not bound here")
                return scope[name]
            case Load(array, index):
                if array not in self.arrays:
                    self.fail(f"no array {array}")
                self.expect(index, I64, scope)
                return self.arrays[array]
            case Op(name, arguments):
                return self.operation(name, arguments, scope)
            case _:
                assert_never(value)

    def operation(self, name: str, arguments: tuple[Value, ...], scope: dict[str, str]) -> str:
        types = tuple(self.type(argument, scope) for argument in arguments)
        result = OPERATIONS[name].result(types) if name in OPERATIONS else None
        if result is None:
            raise BrokenKernelError(f"kernel {self.kernel.signature.name}: no operation {name}({', '.join(types)})")
        if name == "powi" and not isinstance(arguments[1], Integer):
            self.fail("the exponent of powi must be a literal")
        return result
