"""What starting costs: which modules are loaded, and the time beside an interpreter that loads nothing."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import mcompiler

HEAVY = {"numpy", "scipy", "sympy", "numba", "llvmlite", "networkx", "lark", "rich", "matplotlib", "click"}
LIMIT = 0.25  # s, above the bare interpreter


def run(program: str, folder: Path | None = None) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=folder)
    return done.stdout


def seconds(program: str) -> float:
    times: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        run(program)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def test_import_loads_nothing_heavy() -> None:
    loaded = run("import mcompiler, sys; print(*sys.modules)").split()
    assert not HEAVY & set(loaded)


def test_import_is_fast() -> None:
    assert seconds("import mcompiler") - seconds("pass") < LIMIT


def test_every_public_name_resolves() -> None:
    assert all(hasattr(mcompiler, name) for name in mcompiler.__all__)


def test_the_folders_are_no_packages_of_their_own(tmp_path: Path) -> None:
    program = "import importlib.util as u; print(u.find_spec('dsl'), u.find_spec('backends'))"
    assert run(program, folder=tmp_path).split() == ["None", "None"]
