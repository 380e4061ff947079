"""Elementary functions on arrays in cache: ns per value in loops of ours, of libm in C, of numpy and of libmvec (gcc -ffast-math); and one at a time.

    python -m benchmarks.elementary [NAME ...]

Ours are loops of a kernel, compiled as kernels are. 1024 values from the range that the table names; ours and libm's take turns (A B A B ...) on one core,
then the others; medians of CPU time; the ratio is libm's time to ours. One at a time, each value needs the one before: what a kernel without loops sees.
"""

import ctypes
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import Floats, c_library, on_one_core, place
from mcompiler.backends.artifact import symbol
from mcompiler.backends.numba import backend
from mcompiler.kernel.abi import OBSERVE
from mcompiler.kernel.ir import For, Integer, Kernel, KernelModule, Load, Local, Op, Store, Value
from mcompiler.kernel.layout import Layout

HERE = Path(__file__).parent
VALUES, ROUNDS, TURN = 1024, 11, 0.01
#: Arrays are so many doubles apart: not by whole pages, where loads would wait for stores to other arrays.
APART = 1704


@dataclass(frozen=True, slots=True)
class Function:
    """A function: its name among kernel operations, C's name, numpy's, and the range of its values."""

    name: str
    c: str
    numpy: Callable[..., Any]
    low: float
    high: float


FUNCTIONS = (
    Function("exp", "exp", np.exp, -20, 20),
    Function("expm1", "expm1", np.expm1, -5, 5),
    Function("logistic", "logistic", lambda x: 1 / (1 + np.exp(-x)), -10, 10),
    Function("sinh", "sinh", np.sinh, -5, 5),
    Function("sinh_2", "sinh", np.sinh, -2, 2),
    Function("sinh_1", "sinh", np.sinh, -1, 1),
    Function("cosh", "cosh", np.cosh, -5, 5),
    Function("tanh", "tanh", np.tanh, -3, 3),
    Function("log", "log", np.log, 1e-3, 1e3),
    Function("log1p", "log1p", np.log1p, -0.9, 10),
    Function("asinh", "asinh", np.arcsinh, -30, 30),
    Function("atan", "atan", np.arctan, -5, 5),
    Function("sin_20", "sin", np.sin, -30, 30),
    Function("cos_20", "cos", np.cos, -30, 30),
    Function("tan_20", "tan", np.tan, -30, 30),
    Function("pow", "pow", np.power, 0.1, 10),
)
Turns = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Values, exponents or the weight of what came before, the results, and the layout array."""

    x: Floats
    p: Floats
    out: Floats
    z: Any


def arrays(function: Function) -> Arrays:
    room = np.zeros(512 + 3 * APART)
    first = -room.ctypes.data // 8 % 512
    x, p, out = (room[first + part * APART :][:VALUES] for part in range(3))
    rng = np.random.default_rng(0)
    x[:] = rng.uniform(function.low, function.high, VALUES)
    p[:] = rng.uniform(-3, 3, VALUES)
    p[0] = 1e-300
    return Arrays(x, p, out, np.full(8, VALUES))


def kernels(name: str) -> KernelModule:
    """The loop, and the chain."""
    m, first = Local("m"), Integer(0)
    x: Value = Load("y", m)
    chained: Value = Op("add", (x, Op("mul", (Load("p", first), Load("out", first)))))
    power: tuple[Value, ...] = (Load("p", m),) if name == "pow" else ()
    loop = For("m", Load("z", first), (Store("out", m, Op(name, (x, *power))),))
    chain = For("m", Load("z", first), (Store("out", first, Op(name, (chained, *power))),))
    made = {"loop": loop, "chain": chain}
    return KernelModule(
        f"time_{name}", tuple(Kernel(replace(OBSERVE, name=each), (body,)) for each, body in made.items())
    )


def ours(function: Function, given: Arrays, c: ctypes.CDLL) -> tuple[Turns, Turns]:
    """The loop and the chain; the shared library stays open as long as they do."""
    made = backend.compile(kernels(function.name), Layout("time", (), (), (), 8))
    library = ctypes.CDLL(str(made.library))

    def turns(name: str) -> Turns:
        code = ctypes.cast(getattr(library, symbol(name)), ctypes.c_void_p)
        places = [place(each) for each in (given.x, given.p, given.z, given.out)]
        return lambda count: c.kernel(ctypes.c_long(count), code, *places)

    return turns("loop"), turns("chain")


def of_c(function: Function, given: Arrays, c: ctypes.CDLL, kind: str) -> Turns:
    """A loop or chain of C's function."""
    code = getattr(c, f"{kind}_{function.c}")
    places = [place(each) for each in (given.x, given.p, given.out)]
    return lambda count: code(ctypes.c_long(count), ctypes.c_long(VALUES), *places)


def of_numpy(function: Function, given: Arrays) -> Turns:
    def turns(count: int) -> None:
        for _ in range(count):
            if function.name == "pow":
                function.numpy(given.x, given.p, out=given.out)
            elif function.name == "logistic":
                given.out[:] = function.numpy(given.x)
            else:
                function.numpy(given.x, out=given.out)

    return turns


def medians(all_turns: list[Turns]) -> list[float]:
    """Nanoseconds per value of each, in turns."""
    counts = [max(1, round(TURN / seconds(turns, 3))) for turns in all_turns]
    taken: list[list[float]] = [[] for _ in all_turns]
    for _ in range(ROUNDS):
        for turns, count, times in zip(all_turns, counts, taken, strict=True):
            times.append(seconds(turns, count) / VALUES * 1e9)
    return [statistics.median(times) for times in taken]


def seconds(turns: Turns, count: int) -> float:
    """CPU time of one of so many turns."""
    start = time.process_time()
    turns(count)
    return (time.process_time() - start) / count


def rows(folder: Path) -> Iterator[str]:
    c = c_library(HERE / "elementary.c", folder, ("-O3", "-march=native"))
    mvec = c_library(
        HERE / "elementary.c",
        folder,
        ("-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512"),
        ("-lmvec", "-lm"),
    )
    yield f"{'in loops, ns':<14}{'values':>14}{'ours':>9}{'libm':>9}{'numpy':>9}{'libmvec':>9}{'ratio':>8}    {'one at a time: ours':>20}{'libm':>8}"
    for each in FUNCTIONS:
        if sys.argv[1:] and each.name not in sys.argv[1:]:
            continue
        given = arrays(each)
        loop, chain = ours(each, given, c)
        vectors = of_c(each, given, mvec, "loop")
        took = [*medians([loop, of_c(each, given, c, "loop")]), *medians([of_numpy(each, given), vectors])]
        alone = medians([chain, of_c(each, given, c, "chain")])
        values = f"{each.low:g} .. {each.high:g}"
        numbers = "".join(f"{ns:>9.2f}" for ns in took)
        yield f"{each.name:<14}{values:>14}{numbers}{took[1] / took[0]:>8.1f}    {alone[0]:>20.1f}{alone[1]:>8.1f}"


def main() -> None:
    on_one_core()
    with tempfile.TemporaryDirectory(prefix="elementary-") as folder:
        for row in rows(Path(folder)):
            print(row, flush=True)


if __name__ == "__main__":
    main()
