"""Kernel modules written by hand, and an integrator for them: what the backends are tested on."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mcompiler.backends.protocols import Function, Library
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import (
    BREAKPOINT,
    F64,
    F64_ARRAY,
    I64,
    I64_ARRAY,
    LOSS,
    NOTHING,
    PROJECT,
    SWEEP,
    Argument,
    Signature,
)
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
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.verify import verify

N, EDGES, SOURCES, TARGETS = 8, 9, 10, 11  # slots of z: sizes and where the end points of the edges begin

LAYOUT = Layout("network", (), (), (), 12)

ADVANCE = Signature(
    "advance",
    tuple(
        Argument(name, kind)
        for name, kind in (
            ("t", F64),
            ("h", F64),
            ("steps", I64),
            ("a", F64_ARRAY),
            ("y", F64_ARRAY),
            ("K", F64_ARRAY),
            ("p", F64_ARRAY),
            ("z", I64_ARRAY),
            ("w", F64_ARRAY),
        )
    ),
    F64,
    "Midpoint rule: the time after so many steps.",
)
CLIPPED = Signature(
    "count_clipped",
    (Argument("y", F64_ARRAY), Argument("p", F64_ARRAY), Argument("z", I64_ARRAY), Argument("w", F64_ARRAY)),
    I64,
    "Internal: projects and counts.",
)
NOTHING_AT_ALL = Signature("nothing", (Argument("y", F64_ARRAY),), NOTHING, "Does nothing.")


def op(name: str, *arguments: Value) -> Op:
    return Op(name, arguments)


def add(*values: Value) -> Value:
    first, *rest = values
    for value in rest:
        first = op("add", first, value)
    return first


def name(text: str) -> Local:
    return Local(text)


def stage_value(unknown: Value) -> tuple[Statement, ...]:
    """``Y = y + h sum a K`` for one unknown."""
    term = op("mul", Load("a", add(name("a0"), name("j"))), Load("K", add(op("mul", name("j"), name("n")), unknown)))
    return (
        Reduce((Total("moved", "add", Float(0.0), term),), "j", name("stage")),
        Let("Y", add(Load("y", unknown), op("mul", name("h"), name("moved"))), "the stage's value"),
    )


def sweep() -> Kernel:
    """Leaky units with tanh synapses: ``K = tanh-weighted sum over edges + cos(t) - y``, gathered and scattered."""
    vertex = (
        *stage_value(name("m")),
        Store("w", name("m"), op("tanh", name("Y"))),
        Store("K", add(name("row"), name("m")), op("sub", op("cos", name("t")), name("Y")), "leak"),
    )
    edge = (
        Let("i", Load("z", add(Load("z", Integer(SOURCES)), name("e")))),
        Let("k", Load("z", add(Load("z", Integer(TARGETS)), name("e")))),
        Accumulate("K", add(name("row"), name("k")), op("mul", Load("p", name("e")), Load("w", name("i"))), "synapse"),
    )
    body = (
        Let("n", Load("z", Integer(N))),
        Let("row", op("mul", name("stage"), name("n"))),
        For("m", name("n"), vertex, "every unit"),
        For("e", Load("z", Integer(EDGES)), edge, "every synapse"),
    )
    return Kernel(SWEEP, body)


def project() -> Kernel:
    """Clips to [-1, 1] and counts what was outside."""
    outside = op("or", op("lt", name("v"), Float(-1.0)), op("gt", name("v"), Float(1.0)))
    body = (
        Let("v", Load("y", name("m"))),
        Store("y", name("m"), op("min", op("max", name("v"), Float(-1.0)), Float(1.0))),
    )
    count = Total("count", "add", Integer(0), op("where", outside, Integer(1), Integer(0)))
    return Kernel(PROJECT, (Reduce((count,), "m", Load("z", Integer(N)), body), Return(name("count"))))


def breakpoint_() -> Kernel:
    """The next whole number."""
    return Kernel(BREAKPOINT, (Return(add(op("floor", name("t")), Float(1.0))),))


def loss() -> Kernel:
    """Term 0: sum of squared differences; term 1: largest minus smallest. Gathered in w[n]."""
    place, n = name("n"), Load("z", Integer(N))
    difference = op("sub", Load("y", name("m")), Load("d", add(name("d0"), name("m"))))
    squares = Reduce((Total("total", "add", Float(0.0), op("powi", difference, Integer(2))),), "m", name("n"))
    first = Load("y", Integer(0))
    extremes = (
        Total("low", "min", first, Load("y", name("q"))),
        Total("high", "max", first, Load("y", name("q"))),
    )
    body = (
        Let("n", n),
        Store("w", place, Float(0.0)),
        If(op("eq", name("term"), Integer(0)), (squares, Store("w", place, name("total")))),
        If(
            op("eq", name("term"), Integer(1)),
            (Reduce(extremes, "q", name("n")), Store("w", place, op("sub", name("high"), name("low")))),
        ),
        Return(Load("w", place)),
    )
    return Kernel(LOSS, body)


def network() -> KernelModule:
    kernels = (sweep(), project(), breakpoint_(), loss())
    return verify(KernelModule("network", kernels, ("leaky units", "tanh synapses\nin two lines")))


def midpoint(functions: Mapping[str, Function]) -> Function:
    sweep, count = functions["sweep"], functions["count_clipped"]

    def advance(t, h, steps, a, y, K, p, z, w):  # type: ignore[no-untyped-def]
        n = z[N]
        clipped = 0
        for _ in range(steps):
            sweep(0, t, h, a, 0, y, K, p, z, w)
            sweep(1, t + 0.5 * h, h, a, 1, y, K, p, z, w)
            for k in range(n):
                y[k] = y[k] + h * K[n + k]
            clipped += count(y, p, z, w)
            t = t + h
        return t + clipped

    return advance


def clipping(functions: Mapping[str, Function]) -> Function:
    project = functions["project"]

    def count_clipped(y, p, z, w):  # type: ignore[no-untyped-def]
        return project(y, p, z, w)

    return count_clipped


def idle(_functions: Mapping[str, Function]) -> Function:
    def nothing(y):  # type: ignore[no-untyped-def]
        return

    return nothing


ENTRIES = (Entry(ADVANCE, midpoint), Entry(CLIPPED, clipping, exported=False), Entry(NOTHING_AT_ALL, idle))


def layout_array(n: int, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> NDArray[np.int64]:
    z = np.zeros(12, dtype=np.int64)
    z[0], z[N], z[EDGES], z[SOURCES], z[TARGETS] = n, n, len(sources), 12, 12 + len(sources)
    return np.concatenate([z, sources, targets])


class Run:
    """Arrays of one run with random wiring."""

    def __init__(self, n: int = 7, edges: int = 23, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.z = layout_array(n, rng.integers(n, size=edges), rng.integers(n, size=edges))
        self.y = rng.normal(size=n)
        self.p = rng.normal(size=edges)
        self.K, self.w, self.a = np.zeros(2 * n), np.zeros(n + 1), np.array([0.0, 0.5])

    def advance(self, library: Library, steps: int = 40) -> float:
        return float(library["advance"](0.0, 0.01, steps, self.a, self.y, self.K, self.p, self.z, self.w))


Open = Callable[[KernelModule], Library]
