"""What starting costs: which modules are loaded, and the time beside an interpreter that loads nothing."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import mcompiler
from tests.architecture.test_imports import ROOT

HEAVY = {"numpy", "scipy", "sympy", "numba", "llvmlite", "networkx", "lark", "rich", "matplotlib", "click"}
EXAMPLE = ROOT / "examples" / "hp_loop" / "hp_loop.mem"
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


def test_help_is_fast() -> None:
    program = "import sys; from mcompiler.cli import main; sys.argv = ['mcompiler', '--help']; main()"
    assert seconds(program) - seconds("pass") < LIMIT


def test_checking_a_model_loads_no_calculus_and_no_compiler() -> None:
    program = (
        "import sys\nfrom click.testing import CliRunner\nfrom mcompiler.cli import main\n"
        f"result = CliRunner().invoke(main, ['check', {str(EXAMPLE)!r}])\nassert result.exit_code == 0, result.output\nprint(*sys.modules)"
    )
    assert not {"sympy", "numba", "llvmlite", "lark", "matplotlib", "scipy"} & set(run(program).split())


def test_a_warm_run_loads_no_calculus_and_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(tmp_path))
    program = f"import sys, mcompiler as mc\nrun = mc.compile(mc.load({str(EXAMPLE)!r})).run()\nassert run.success\nprint(*sys.modules)"
    cold, warm = run(program).split(), run(program).split()
    assert {"sympy", "numba"} <= set(cold)
    assert not {"sympy", "numba", "llvmlite", "lark", "matplotlib", "scipy", "networkx"} & set(warm)
