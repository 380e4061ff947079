"""From the text of a model to the first step: cold, with compiled integrators, and warm; by stage; and what a warm process imports.

    python benchmarks/startup.py [FILE]        # default: the HP bench of examples/

Three kinds of new processes, several each, medians: the cache empty; with the integrators of other models, a small one and a network; warm. Then whole
processes, by turns, so that whatever else the machine does hits all alike: Python alone, with numpy, and `mcompiler run` of the compiled model.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
HEAVY = ("numpy", "sympy", "numba", "llvmlite", "networkx", "lark", "rich", "matplotlib", "click", "scipy")
PROGRAM = """
import json, sys, time
start = time.perf_counter()
import mcompiler as mc
model = mc.load(sys.argv[1])
solver = mc.compile(model)
ready = time.perf_counter()
run = solver.run()
done = time.perf_counter()
stages = {**model.seconds}
stages["imports and the rest"] = ready - start - sum(stages.values())
print(json.dumps({"stages": stages, "text to first step": ready - start, "run": done - ready, "whole": done - start, "modules": sorted(sys.modules)}))
"""


def measure(model: str, cache: Path) -> dict[str, object]:
    """One new process with this cache folder."""
    environment = {**os.environ, "MCOMPILER_CACHE_DIR": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, model], env=environment, capture_output=True, text=True, check=True
    )
    result: dict[str, object] = json.loads(done.stdout)
    return result


def median_of(runs: list[dict[str, object]]) -> dict[str, float]:
    """The median of every stage, and of the wholes."""
    rows = [{**run["stages"], **{key: run[key] for key in ("text to first step", "run")}} for run in runs]  # type: ignore[dict-item]
    return {key: statistics.median(row.get(key, 0.0) for row in rows) for key in rows[-1]}


def whole_processes(model: str, turns: int = 11) -> dict[str, list[float]]:
    """Seconds of each kind of process, one after the other, the cache warm."""
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "MCOMPILER_CACHE_DIR": cache}
        run = [sys.executable, "-m", "mcompiler", "run", model]
        commands = {
            "python": [sys.executable, "-c", "pass"],
            "python, numpy": [sys.executable, "-c", "import numpy"],
            "mcompiler run": run,
        }
        for turn in range(-2, turns):
            for name, command in commands.items():
                start = time.perf_counter()
                subprocess.run(command, env=environment, capture_output=True, check=True)
                if turn >= 0:
                    found.setdefault(name, []).append(time.perf_counter() - start)
    return found


def main() -> None:
    model = sys.argv[1] if len(sys.argv) > 1 else str(HERE.parent / "examples" / "hp_loop" / "hp_loop.mem")
    others = [str(HERE.parent / "examples" / name / f"{name}.mem") for name in ("volatile_decay", "small_world")]
    cold, integrators, warm = [], [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            cold.append(measure(model, Path(folder)))
        with tempfile.TemporaryDirectory() as folder:
            for other in others:
                measure(other, Path(folder))
            integrators.append(measure(model, Path(folder)))
            warm += [measure(model, Path(folder)) for _ in range(3)]
    columns = {"cold": median_of(cold), "integrators cached": median_of(integrators), "warm": median_of(warm)}
    stages = list(dict.fromkeys(stage for column in columns.values() for stage in column))
    ordered = [each for each in stages if each not in ("text to first step", "run")] + ["text to first step", "run"]
    print(f"{'ms':<24}" + "".join(f"{name:>20}" for name in columns))
    for stage in ordered:
        print(
            f"{stage:<24}"
            + "".join(
                f"{column[stage] * 1e3:>20.1f}" if stage in column else f"{'':>20}" for column in columns.values()
            )
        )
    print(f"{'whole process, ms':<24}{'least':>20}{'median':>20}")
    for name, seconds in whole_processes(model).items():
        print(f"{name:<24}{min(seconds) * 1e3:>20.1f}{statistics.median(seconds) * 1e3:>20.1f}")
    loaded = set(warm[-1]["modules"])  # type: ignore[call-overload]
    print(
        f"\na warm process imports {', '.join(each for each in HEAVY if each in loaded) or 'none'} of {', '.join(HEAVY)}; {len(loaded)} modules in all"
    )


if __name__ == "__main__":
    main()
