"""From the text of a network to its first step at sizes from 16 cells to 33 million memristors, by stage; and the memory that a synapse takes.

    python benchmarks/sizes.py [RUNS [NETWORK [N ...]]]     # new processes per figure (medians; 3); pairs, singles or graph of sizes.mem; numbers of cells

Three states of the cache: empty; with another model's integrators only; with this network's machine code, compiled at another size. The largest networks take
minutes and some GB. The script ends with an error where two sizes have not the same kernel text and the same object. The goal of memory: states, parameters
that vary and the derivatives of the stages, nothing else.
"""

import hashlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mcompiler.network.network import Network
    from mcompiler.solver.program import Program

HERE = Path(__file__).parent
MODEL, OTHER = HERE / "sizes.mem", HERE.parent / "examples" / "volatile_decay" / "volatile_decay.mem"
SIZES = {"pairs": (16, 256, 1024, 4096), "singles": (16, 256, 1024, 4096), "graph": (1000, 10_000, 100_000)}
#: Another size, whose machine code all sizes find in the cache.
FIRST = {"pairs": 24, "singles": 24, "graph": 500}
#: Stages that make arrays of values; all others are about code.
OF_ARRAYS = ("network", "imports, values", "first step")
METHODS = ("rk4", "tsit5", "dop853")
WORKSPACE = ("y", "v", "u", "s", "p", "z", "w")
Figures = dict[str, Any]


# --- in the new process


def observe(experiment: str, size: int) -> Figures:
    """Seconds of every stage, what was compiled, and memory, of this process."""
    start = time.perf_counter()
    import mcompiler as mc

    model = mc.load(MODEL, experiment=experiment, settings=[f"N = {size}"])
    network, peaks = model.network, {"network": peak()}
    solver = mc.compile(model)
    ready, peaks["compiled"] = time.perf_counter(), peak()
    step = 1e-7
    solver.run((0.0, step), method="rk4", step=step, save=["X.r"], save_at=[step])
    done, peaks["first step"] = time.perf_counter(), peak()
    stages = {
        **model.seconds,
        "imports, values": ready - start - sum(model.seconds.values()),
        "first step": done - ready,
    }
    return {
        "stages": stages,
        "code": code(network),
        "synapses": network.edges[0].group.size,
        "peaks": peaks,
        "arrays": {each: sizes_of_arrays(solver.program, each) for each in METHODS},
        "kept": sum(each.nbytes for each in distinct(held(network, solver.program))),
    }


def peak() -> int:
    """Bytes that this process has had in memory at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def code(network: "Network") -> Figures:
    """Of the network's artifact: its key, and hashes of the kernels' text and of the object."""
    from mcompiler.backends import get_backend
    from mcompiler.backends.protocols import CompileOptions, Compiles
    from mcompiler.network.structure import structure

    backend = get_backend("numba")
    assert isinstance(backend, Compiles)
    found = backend.find(structure(network), CompileOptions())
    assert found is not None
    text, machine = found.text.encode(), found.objects[0]
    hashes = {name: hashlib.sha256(each).hexdigest()[:12] for name, each in (("text", text), ("object", machine))}
    return {"key": found.manifest.key[:12], **hashes, "bytes of text": len(text), "bytes of object": len(machine)}


def sizes_of_arrays(program: "Program", method: str) -> dict[str, int]:
    """Bytes of the arrays of a run; of ``K`` the rows of stages, and those that only dense output takes."""
    from mcompiler.integrators import slots
    from mcompiler.integrators.workspace import model_arrays

    work = model_arrays(program.z, program.p, method)
    row, stages = 8 * program.unknowns, int(work["mi"][slots.STAGES])
    found = {name: work[name].nbytes for name in WORKSPACE}
    return found | {"K": stages * row, "K, dense output": work["K"].nbytes - stages * row}


def held(network: "Network", program: "Program") -> Iterator["NDArray[Any]"]:
    """Arrays that a solver keeps between runs."""
    yield from (program.p, program.given, program.z)
    for edge in network.edges:
        yield from (end.members for end in edge.ends)
    for place in network.elements.values():
        yield place.inert
        for part in place.parts:
            yield from (part.members, part.positions)
    for group in (*(each.group for each in network.vertices), *(each.group for each in network.edges)):
        if group is not None:
            yield from (*group.values.values(), *group.initials.values())


def distinct(arrays: Iterable["NDArray[Any]"]) -> list["NDArray[Any]"]:
    """Each array once, however often it is named; in the place of a view the array whose memory it shows."""
    import numpy as np

    found: dict[int, NDArray[Any]] = {}
    for each in arrays:
        owner = each
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        found[id(owner)] = owner
    return list(found.values())


# --- outside


def measure(experiment: str, size: int, cache: Path) -> Figures:
    """What a new process with this cache observes."""
    command = [sys.executable, __file__, "--here", experiment, str(size)]
    done = subprocess.run(
        command, env={**os.environ, "MCOMPILER_CACHE_DIR": str(cache)}, capture_output=True, text=True, check=True
    )
    found: Figures = json.loads(done.stdout)
    return found


def run_other(cache: Path) -> None:
    """Another model compiled into this cache."""
    program = f"import mcompiler as mc; mc.compile(mc.load({str(OTHER)!r}))"
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "MCOMPILER_CACHE_DIR": str(cache)}, check=True)


def prepared(experiment: str, size: int, state: str, ready: Path) -> Figures:
    """What a new process observes that finds the cache in this state."""
    if state == "same object":
        return measure(experiment, size, ready)
    with tempfile.TemporaryDirectory() as folder:
        if state == "integrators cached":
            run_other(Path(folder))
        return measure(experiment, size, Path(folder))


def medians(runs: list[Figures]) -> dict[str, float]:
    """The median of every stage."""
    return {stage: statistics.median(each["stages"].get(stage, 0.0) for each in runs) for stage in runs[0]["stages"]}


def show_stages(title: str, columns: Mapping[int, Mapping[str, float]]) -> None:
    """A row per stage, a column per size, in milliseconds."""
    stages = list(dict.fromkeys(stage for column in columns.values() for stage in column))
    ordered = [each for each in stages if each not in OF_ARRAYS] + list(OF_ARRAYS)
    print(f"\n{title:<32}" + "".join(f"{size:>12,}" for size in columns))

    def row(name: str, values: Iterable[float]) -> None:
        print(f"{name:<32}" + "".join(f"{1e3 * value:>12.1f}" for value in values))

    for stage in ordered:
        if stage == OF_ARRAYS[0]:
            row(
                "= all that is about code",
                (sum(s for n, s in c.items() if n not in OF_ARRAYS) for c in columns.values()),
            )
        row(stage, (column.get(stage, 0.0) for column in columns.values()))
    row("= text to first step done", (sum(column.values()) for column in columns.values()))


def check_code(experiment: str, runs: Iterable[Figures]) -> None:
    """Says what was compiled, once for all sizes.

    Raises:
        SystemExit: it was not the same for all.
    """
    found = {json.dumps(each["code"]) for each in runs}
    if len(found) != 1:
        raise SystemExit(f"{experiment}: code depends on the size: {found}")
    print(f"\none kernel text and one object for all: {next(iter(found))}")


def show_memory(experiment: str, found: Mapping[int, Figures], base: int) -> None:
    """Bytes per synapse: arrays of a run by method, and peaks of processes above the peak of the smallest network."""
    largest = found[max(found)]
    synapses = largest["synapses"]
    heads = (*WORKSPACE, "K", "K, dense output")
    print(
        f"\n{f'bytes per synapse, {experiment}':<32}"
        + "".join(f"{head:>8}" for head in heads[:-1])
        + f"{heads[-1]:>17}{'all':>8}{'goal':>8}"
    )
    for method, arrays in largest["arrays"].items():
        values = [arrays[head] / synapses for head in heads]
        goal = sum(arrays[each] for each in ("y", "p", "K")) / synapses
        row = "".join(f"{value:>8.1f}" for value in values[:-1]) + f"{values[-1]:>17.1f}{sum(values):>8.1f}{goal:>8.1f}"
        print(f"{'run, ' + method:<32}{row}")
    print(f"{'kept between runs':<32}{largest['kept'] / synapses:>8.1f}")
    for size, each in found.items():
        above = ", ".join(f"{stage} {(value - base) / each['synapses']:.0f}" for stage, value in each["peaks"].items())
        print(
            f"{f'peak, {size:,} cells':<32}  {above}   ({each['synapses']:,} synapses, {each['peaks']['first step'] / 1e9:.2f} GB in all)"
        )


def report(experiment: str, sizes: Sequence[int], runs: int) -> None:
    """All tables of one network; sizes take turns."""
    print(f"--- {experiment}: ms by number of cells")
    everything: list[Figures] = []
    last: dict[int, Figures] = {}
    with tempfile.TemporaryDirectory() as folder:
        measure(experiment, FIRST[experiment], Path(folder))
        for state in ("cold", "integrators cached", "same object"):
            found: dict[int, list[Figures]] = {size: [] for size in sizes}
            for size in [*sizes] * runs:
                last[size] = prepared(experiment, size, state, Path(folder))
                found[size].append(last[size])
                everything.append(last[size])
            show_stages(state, {size: medians(each) for size, each in found.items()})
    check_code(experiment, everything)
    base = last[min(last)]["peaks"]["first step"]
    show_memory(experiment, {size: each for size, each in last.items() if each["synapses"] > 100_000}, base)
    print(flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--here"]:
        print(json.dumps(observe(sys.argv[2], int(sys.argv[3]))))
        return
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for experiment in sys.argv[2:3] or SIZES:
        report(experiment, [int(size) for size in sys.argv[3:]] or SIZES[experiment], runs)


if __name__ == "__main__":
    main()
