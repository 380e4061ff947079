"""Random kernels that keep every invariant of the IR, and a comparison of what two kernels do to the bit."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from mcompiler.kernel.abi import F64, I64, RESET_PULLBACK
from mcompiler.kernel.interpret import interpret
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

#: Elements of every array; indices stay below.
SIZE = 6
#: Small integers, so that what is read from z is a place in an array.
Z = np.array([0, 1, 2, 3, 2, 1], dtype=np.int64)
NUMBERS = (0.0, -0.0, 1.0, -2.5, 1e-300, 1e300, float("inf"), float("nan"))
UNARY = ("neg", "exp", "abs", "sign", "step", "sqrt", "tanh", "floor")
BINARY = ("add", "sub", "mul", "div", "min", "max")
INPUTS, OUTPUTS = ("y", "p"), ("lam", "w", "pb")


@dataclass(frozen=True, slots=True)
class Scope:
    """Names in sight by type; integers among them are small."""

    names: dict[str, list[str]] = field(default_factory=lambda: {F64: ["t"], I64: []})

    def with_name(self, kind: str, name: str) -> "Scope":
        return Scope({each: [*names, *([name] if each == kind else [])] for each, names in self.names.items()})


@dataclass(slots=True)
class Author:
    """Writes programs; names are numbered so that each is bound once."""

    draw: Any
    count: int = 0

    def choose(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def name(self) -> str:
        self.count += 1
        stem: str = self.choose("x", "s", "m")
        return f"{stem}_{self.count}"

    def place(self, scope: Scope) -> Value:
        """An integer below `SIZE`."""
        match self.choose("literal", "name", "z", "sum", "product"):
            case "name" if scope.names[I64]:
                return Local(self.choose(*scope.names[I64]))
            case "z":
                return Load("z", Integer(self.choose(*range(SIZE))))
            case "sum" if scope.names[I64]:
                return Op("add", (Local(self.choose(*scope.names[I64])), Integer(self.choose(0, 1, 2))))
            case "product":
                return Op("mul", (Load("z", Integer(self.choose(0, 1))), Integer(self.choose(0, 1, 3))))
            case _:
                return Integer(self.choose(*range(SIZE)))

    def number(self, scope: Scope, depth: int = 3) -> Value:
        match self.choose(
            "literal", "name", "name", "load", *(("unary", "binary", "binary", "where", "power") if depth else ())
        ):
            case "literal":
                return Float(self.choose(*NUMBERS))
            case "name":
                return Local(self.choose(*scope.names[F64]))
            case "load":
                return Load(self.choose(*INPUTS, *OUTPUTS), self.place(scope))
            case "unary":
                return Op(self.choose(*UNARY), (self.number(scope, depth - 1),))
            case "where":
                return Op(
                    "where", (self.condition(scope), self.number(scope, depth - 1), self.number(scope, depth - 1))
                )
            case "power":
                return Op("powi", (self.number(scope, depth - 1), Integer(self.choose(-2, 0, 1, 3))))
            case _:
                return Op(self.choose(*BINARY), (self.number(scope, depth - 1), self.number(scope, depth - 1)))

    def condition(self, scope: Scope, *, whole: bool = False) -> Value:
        if self.choose(False, False, True):
            return Op(
                self.choose("and", "or"), (self.condition(scope, whole=whole), self.condition(scope, whole=whole))
            )
        sides = (self.place(scope), self.place(scope)) if whole else (self.number(scope, 1), self.number(scope, 1))
        return Op(self.choose("lt", "le", "eq", "ne", "ge", "gt"), sides)

    def block(self, scope: Scope, depth: int) -> tuple[tuple[Statement, ...], Scope]:
        body: list[Statement] = []
        for _ in range(self.choose(1, 2, 3, 4)):
            statement, scope = self.statement(scope, depth)
            body.append(statement)
        return tuple(body), scope

    def statement(self, scope: Scope, depth: int) -> tuple[Statement, Scope]:
        match self.choose("let", "let", "integer", "store", "accumulate", *(("for", "reduce", "if") if depth else ())):
            case "let":
                name = self.name()
                return Let(name, self.number(scope)), scope.with_name(F64, name)
            case "integer":
                name = self.name()
                small = Load("z", Integer(self.choose(*range(SIZE))))
                return Let(name, small), scope.with_name(I64, name)
            case "store":
                return Store(self.choose(*OUTPUTS), self.place(scope), self.number(scope)), scope
            case "accumulate":
                return Accumulate(self.choose(*OUTPUTS), self.place(scope), self.number(scope)), scope
            case "if":
                return If(self.condition(scope, whole=True), self.block(scope, depth - 1)[0]), scope
            case "for":
                index, count = self.name(), self.turns()
                return For(index, count, self.block(scope.with_name(I64, index), depth - 1)[0]), scope
            case _:
                return self.reduce(scope, depth)

    def turns(self) -> Value:
        """0 to 3, known from the text, from z, or only when the kernel runs."""
        count: Value = self.choose(
            Integer(self.choose(0, 1, 3)), Load("z", Integer(self.choose(*range(SIZE)))), Local("e")
        )
        return count

    def reduce(self, scope: Scope, depth: int) -> tuple[Statement, Scope]:
        index, count = self.name(), self.turns()
        body, inside = self.block(scope.with_name(I64, index), depth - 1)
        totals = tuple(
            Total(self.name(), self.choose("add", "min", "max"), self.number(scope, 1), self.number(inside, 2))
            for _ in range(self.choose(1, 2))
        )
        for total in totals:
            scope = scope.with_name(F64, total.name)
        return Reduce(totals, index, count, body), scope


@st.composite
def modules(draw: Any) -> KernelModule:
    """A module of one random kernel."""
    author = Author(draw)
    body, scope = author.block(Scope(), 3)
    kernel = Kernel(RESET_PULLBACK, (*body, Return(author.number(scope))))
    return KernelModule("random", (kernel,))


def outcome(module: KernelModule, seed: int, *, scratch: bool) -> list[bytes]:
    """Result and written arrays as bytes, NaNs alike; the scratch array only where it matters."""
    draw = np.random.default_rng(seed)
    arrays = {name: draw.choice([0.0, -0.0, 1.0, -1.5, 0.3, 7.0], SIZE) for name in (*INPUTS, *OUTPUTS)}
    run = interpret(module)["reset_pullback"]
    result = run(int(draw.integers(4)), 0.7, arrays["y"], arrays["lam"], arrays["p"], Z, arrays["w"], arrays["pb"])
    kept = [arrays["lam"], arrays["pb"], np.array([result]), *([arrays["w"]] if scratch else [])]
    return [np.where(np.isnan(each), np.nan, each).tobytes() for each in kept]
