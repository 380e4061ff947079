"""Warm starts: nothing is parsed or compiled, the results are the same, and whatever changes is noticed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mcompiler as mc

PARTS = """
device Leaky(p, n) {
  param g = 1[mS]
  param tau = 0.5[s]
  state x in [0, 1] = 1
  state idle: V = 0[V] scale 1[V]
  i = g*x*v
  dx/dt = -x/tau
  didle/dt = v/1[s]
}
"""
MODEL = """
use "parts.mem"
circuit Bench {
  param A = 1[V]
  node top
  S: DCSource(top, ground, V0 = A)
  M: Leaky(top, ground)
}
experiment forget on Bench {
  data start = "start.csv"
  set M.g = 2[mS]
  run to 1[s]
  save every 0.5[s]: M.x, M.i
  plot M.i
  loss = (M.x - 0.1)^2
}
experiment brief on Bench {
  run to 0.1[s]
  save every 0.1[s]: M.x
}
"""


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def folder(tmp_path: Path, shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model's files in a folder of this test."""
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(shared_cache))
    (tmp_path / "parts.mem").write_text(PARTS)
    (tmp_path / "bench.mem").write_text(MODEL)
    (tmp_path / "start.csv").write_text("t [s],x\n0,1\n1,2\n")
    return tmp_path


def run(path: Path, **options: object) -> tuple[bool, list[float]]:
    """Whether the model started warm, and M.x."""
    model = mc.load(path, **options)  # type: ignore[arg-type]
    was_warm = model.start is not None
    solution = mc.compile(model).run()
    return was_warm, np.asarray(solution["M.x"]).tolist()


def test_a_second_start_is_warm_and_the_same(folder: Path) -> None:
    first, second = run(folder / "bench.mem"), run(folder / "bench.mem")
    assert (first[0], second[0]) == (False, True)
    assert first[1] == second[1]
    model = mc.load(folder / "bench.mem")
    assert "syntax" not in model.__dict__
    solver = mc.compile(model)
    assert "model" not in model.__dict__
    assert solver.parameters["M.g"] == 2e-3
    assert solver.run(parameters={"A": 3.0})["M.i"][0] == pytest.approx(6e-3)


def test_what_is_asked_for_is_in_the_key(folder: Path) -> None:
    path = folder / "bench.mem"
    run(path)
    assert run(path, experiment="brief")[0] is False
    assert run(path, settings=["M.tau = 1[s]"])[0] is False
    assert run(path, settings=["M.tau = 1[s]"])[0] is True
    assert run(path, experiment="brief") == (True, run(path, experiment="brief")[1])
    assert run(path)[1] != run(path, settings=["M.tau = 1[s]"])[1]


@pytest.mark.parametrize("name", ["parts.mem", "start.csv", "bench.mem"])
def test_a_file_that_changes_is_read_again(name: str, folder: Path) -> None:
    run(folder / "bench.mem")
    path = folder / name
    before = path.read_text()
    changed = {"parts.mem": ("0.5[s]", "0.9[s]"), "start.csv": ("1,2", "1,3"), "bench.mem": ("A = 1[V]", "A = 2[V]")}
    status = path.stat()
    path.write_text(before.replace(*changed[name]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # times and size say nothing
    assert run(folder / "bench.mem")[0] is False
    assert run(folder / "bench.mem")[0] is True
    path.write_text(before)
    run(folder / "bench.mem")
    path.write_text("?" if name.endswith("mem") else "x\n")
    with pytest.raises(mc.CompileError):
        mc.load(folder / "bench.mem")
    path.unlink()
    with pytest.raises(mc.CompileError):
        mc.load(folder / "bench.mem")


def test_a_link_that_leads_elsewhere(folder: Path) -> None:
    (folder / "parts.mem").rename(folder / "one.mem")
    (folder / "two.mem").write_text(PARTS.replace("0.5[s]", "0.9[s]"))
    (folder / "parts.mem").symlink_to("one.mem")
    first = run(folder / "bench.mem")
    assert run(folder / "bench.mem") == (True, first[1])
    (folder / "parts.mem").unlink()
    (folder / "parts.mem").symlink_to("two.mem")
    second = run(folder / "bench.mem")
    assert second[0] is False
    assert second[1] != first[1]


def test_the_same_text_in_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the path is the same as it was typed."""
    (folder / "other").mkdir()
    (folder / "other" / "bench.mem").write_text(MODEL)
    (folder / "other" / "parts.mem").write_text(PARTS.replace("0.5[s]", "0.9[s]"))
    (folder / "other" / "start.csv").write_text("t [s],x\n0,1\n")
    monkeypatch.chdir(folder)
    here = run(Path("bench.mem"))
    monkeypatch.chdir(folder / "other")
    there = run(Path("bench.mem"))
    assert there[0] is False
    assert there[1] != here[1]
    (folder / "other" / "parts.mem").unlink()
    with pytest.raises(mc.CompileError, match=r"parts\.mem"):
        mc.load("bench.mem")


def test_files_of_the_library_are_none_of_the_model(folder: Path) -> None:
    """They are read once per process, whoever asks first; the hash of our sources is in the key."""
    text = "circuit A { node a\n S: DCSource(a, ground)\n M: SinhRate(a, ground) }\nexperiment e on A { run to 1[us] }"
    mc.compile(mc.parse(text))
    model = mc.parse(text)
    assert model.start is not None
    assert model.start.readings.content == {}
    assert model.experiment.name == "e"


def test_a_text_has_no_folder(folder: Path) -> None:
    text = MODEL.replace('use "parts.mem"', PARTS).replace('  data start = "start.csv"\n', "")
    for expected in (False, True):
        model = mc.parse(text)
        assert (model.start is not None) == expected
        mc.compile(model)


def test_what_a_warm_start_does_not_keep_is_made_when_it_is_asked_for(folder: Path) -> None:
    run(folder / "bench.mem")
    model = mc.load(folder / "bench.mem")
    assert model.start is not None
    solver = mc.compile(model)
    value, gradient = solver.gradient()
    assert value > 0
    assert gradient["M.tau"] != 0
    assert solver.run(ensemble={"A": [1.0, 2.0]})["M.i"].shape[0] == 2
    assert model.count("circuit") == 1
    assert "M.x" in str(model.equations())


def test_files_that_change_after_the_start(folder: Path) -> None:
    """A solver never mixes what was kept with what is read later."""
    run(folder / "bench.mem")
    solver = mc.compile(mc.load(folder / "bench.mem"))
    (folder / "parts.mem").write_text(PARTS.replace("0.5[s]", "0.9[s]"))
    with pytest.raises(ValueError, match="have changed since it was loaded: load it again"):
        solver.gradient()


def test_without_the_cache_nothing_is_taken_from_it(folder: Path) -> None:
    run(folder / "bench.mem")
    model = mc.load(folder / "bench.mem")
    mc.compile(model, backend="python")
    assert "model" in model.__dict__


def test_machine_code_that_is_gone_is_made_again(folder: Path, shared_cache: Path) -> None:
    first = run(folder / "bench.mem")
    for path in shared_cache.glob("*.so"):
        path.write_bytes(path.read_bytes()[:-9])
    assert run(folder / "bench.mem") == (True, first[1])
    assert run(folder / "bench.mem") == (True, first[1])


def test_a_damaged_record_is_not_used(folder: Path, shared_cache: Path) -> None:
    first = run(folder / "bench.mem")
    for path in shared_cache.glob("*.arrays"):
        path.write_bytes(path.read_bytes().replace(b"\x00", b"\x01", 1))
    assert run(folder / "bench.mem") == (False, first[1])
    assert run(folder / "bench.mem") == (True, first[1])


PROGRAM = """
import sys
from mcompiler.cli import main
try:
    main()
except SystemExit as end:
    heavy = {"sympy", "numba", "llvmlite", "lark", "networkx", "scipy", "matplotlib", "rich"}
    ours = {"mcompiler.dsl.parser", "mcompiler.model.model", "mcompiler.network", "mcompiler.equations", "mcompiler.kernel.ir"}
    print(sorted((heavy | ours) & {*sys.modules}), file=open(sys.argv[-1] + ".modules", "w"))
    sys.exit(end.code)
"""


def test_the_command_imports_nothing_heavy(folder: Path) -> None:
    """Two new processes print the same, warnings too, and write the same."""
    done: list[tuple[int, list[str], list[str]]] = []
    for name in ("cold.npz", "warm.npz"):
        arguments = ["run", "bench.mem", "--save", name]
        one = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False
        )
        done.append((one.returncode, one.stdout.replace(name, "x").splitlines(), one.stderr.splitlines()))
    assert done[0] == done[1]
    assert "warning[unused-state]" in done[0][2][0]
    assert (folder / "warm.npz.modules").read_text() == "[]\n"
    with np.load(folder / "cold.npz") as cold, np.load(folder / "warm.npz") as warm:
        assert {key: cold[key].tobytes() for key in cold} == {key: warm[key].tobytes() for key in warm}


def test_a_new_model_needs_no_numba(folder: Path) -> None:
    """Where the integrators are there, the kernels of another model are written and compiled without it."""
    run(folder / "bench.mem")
    (folder / "parts.mem").write_text(PARTS.replace("i = g*x*v", "i = g*x^3*v"))
    arguments = [sys.executable, "-c", PROGRAM, "run", "bench.mem", "--save", "new.npz"]
    subprocess.run(arguments, cwd=folder, capture_output=True, check=True)
    imported = (folder / "new.npz.modules").read_text()
    assert "llvmlite" in imported
    assert "sympy" in imported
    assert "numba" not in imported


def test_a_picture_of_a_warm_start(folder: Path) -> None:
    for name in ("cold.svg", "warm.svg"):
        arguments = [sys.executable, "-m", "mcompiler", "run", "bench.mem", "--plot", name, "--timings"]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=True)
        stages = [line.split()[0] for line in done.stdout.splitlines()[1:]]
        assert stages == ["cache", "load", "run", "imports", "whole"] or name == "cold.svg"
    assert len((folder / "cold.svg").read_text()) == len((folder / "warm.svg").read_text())


def test_what_changed_a_moment_ago_is_not_kept(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of sources are kept under the times of the files only when those are so old that a change would show."""
    from mcompiler.backends import environment

    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(shared_cache / "own"))
    seen = environment._Seen.now()  # pyright: ignore[reportPrivateUsage]
    for age, kept in ((0.0, False), (10.0, True)):
        monkeypatch.setattr("time.time", lambda age=age: seen.newest + age)
        environment._known.cache_clear()  # pyright: ignore[reportPrivateUsage]
        first = environment.whole_compiler()
        names = {json.loads(each.read_text())["what"] for each in (shared_cache / "own").glob("*.json")}
        assert ("hash of its sources" in names) == kept
        environment._known.cache_clear()  # pyright: ignore[reportPrivateUsage]
        assert environment.whole_compiler() == first
