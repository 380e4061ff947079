"""What benchmarks against others share: who takes part, C compiled by gcc, turns that all of them take in one process, and the table of what they took."""

import ctypes
import importlib.metadata
import importlib.util
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
State = tuple[Floats, ...]
Given = TypeVar("Given")
Found = TypeVar("Found")
C_FLAGS = ("-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512")
#: Relative differences up to here are round-off.
ROUND_OFF = 1e-12
#: Rounds in which a peer takes part, and the CPU seconds after which it does no longer; runs shorter than a turn are repeated within it.
ROUNDS, LONGEST, TURN = 5, 40.0, 0.1
ONE_CORE = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


@dataclass(frozen=True, slots=True)
class Peer(Generic[Given]):
    """A way to solve a problem; ``package`` is its module and distribution, ``programs`` what must be on the path."""

    name: str
    make: Callable[[Given], Callable[[], State]]
    package: str = ""
    programs: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """What it needs and is not there."""
        packages = [self.package] if self.package and not importlib.util.find_spec(self.package) else []
        return packages + [each for each in self.programs if not shutil.which(each)]

    def version(self) -> str:
        """Of its package, else of its program."""
        if self.package:
            return importlib.metadata.version(self.package)
        return subprocess.run(
            [self.programs[0], "-dumpfullversion"], check=True, capture_output=True, text=True
        ).stdout.strip()


def c_library(
    source: Path, folder: Path, flags: Sequence[str] = C_FLAGS, libraries: Sequence[str] = ("-lm",)
) -> ctypes.CDLL:
    """The functions of a C file, compiled in this folder."""
    name = f"{source.stem}{len(list(folder.glob('*.so')))}"
    subprocess.run(["gcc", *flags, "-fPIC", "-c", str(source), "-o", str(folder / f"{name}.o")], check=True)
    # Linked without -ffast-math: with it, loading the library would flush subnormal numbers of the whole process to zero.
    made = folder / f"{name}.so"
    subprocess.run(["gcc", "-shared", str(folder / f"{name}.o"), "-o", str(made), *libraries], check=True)
    return ctypes.CDLL(str(made))


def aligned(length: int) -> Floats:
    """An array that starts where a cache line does."""
    room = np.zeros(length + 8)
    first = -room.ctypes.data // 8 % 8
    return room[first : first + length]


def place(array: NDArray[Any]) -> ctypes.c_void_p:
    """Where an array lies."""
    return array.ctypes.data_as(ctypes.c_void_p)


def on_one_core() -> None:
    """This process and its threads stay on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def cpu() -> float:
    """CPU seconds of this process and of its finished children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(make: Callable[[], Found], repeats: int = 1) -> tuple[Found, float]:
    """What the call gives, and the CPU seconds of one of so many calls."""
    start = cpu()
    for _ in range(repeats):
        found = make()
    return found, (cpu() - start) / repeats


def rounds(runs: Sequence[Callable[[], object]], first: Sequence[float]) -> list[list[float]]:
    """CPU seconds of every run, round by round, where its first call took so long."""
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for run, once, times in zip(runs, first, taken, strict=True):
            if not times or once * (1 + len(times)) < LONGEST:
                times.append(timed(run, max(1, round(TURN / max(once, 1e-6))))[1])
    return taken


def errors(found: State, exact: State) -> list[float]:
    """Largest differences of each array in parts of its largest value."""
    return [float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, exact, strict=True)]


def measure(
    peers: Sequence[Peer[Given]], given: Given, exact: State, names: Sequence[str], work: float
) -> Iterator[str]:
    """A row for every peer: CPU time, also in ns per unit of ``work`` and as a ratio to the first peer, and the errors of the named arrays."""
    present = [each for each in peers if not each.missing()]
    runs, setups = zip(*(timed(partial(each.make, given)) for each in present), strict=True)
    states, first = zip(*(timed(run) for run in runs), strict=True)
    differences = [errors(state, exact) for state in states]
    taken = rounds(runs, first)
    medians = [statistics.median(times) for times in taken]
    base = medians[0] if present[0] is peers[0] else float("nan")
    heads = ("version", "set-up s", "runs", "s", "ns", "ratio", *(f"error {name}" for name in names))
    yield f"{'peer':<16}" + "".join(f"{head:>12}" for head in heads)
    for each, setup, times, took, error in zip(present, setups, taken, medians, differences, strict=True):
        row = f"{each.name:<16}{each.version():>12}{setup:>12.1f}{len(times):>12}{took:>12.4f}{took / work * 1e9:>12.3f}{took / base:>12.2f}"
        yield row + "".join(f"{value:>12.1e}" for value in error) + ("" if max(error) < ROUND_OFF else "  NOT EQUAL")
    for each in peers:
        if missing := each.missing():
            yield f"{each.name:<16}absent: {', '.join(missing)} not installed"


def each_size(module: str, sizes: Sequence[str], rows: Callable[[int, Path], Iterator[str]]) -> None:
    """The rows of every size that the command line names, or of these, each from a process of its own on one core."""
    if sys.argv[1:2] == ["--here"]:
        on_one_core()
        with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
            print(f"N = {sys.argv[2]}")
            for row in rows(int(sys.argv[2]), Path(folder)):
                print(row, flush=True)
        print(flush=True)
        return
    for size in sys.argv[1:] or sizes:
        subprocess.run([sys.executable, "-m", module, "--here", size], env={**os.environ, **ONE_CORE}, check=True)
