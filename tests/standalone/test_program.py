"""The program: its help is the model's, its files are those of `mcompiler run`, and its exit codes say what went wrong."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

import mcompiler as mc
from tests.standalone.conftest import alone


def test_help_lists_the_model(program: Path) -> None:
    text = alone([program, "--help"], program.parent).stdout
    for line in ("M.Ron                30000.0 ohm", "M.w                  0.8", "M.i [A]", "--set NAME=VALUE"):
        assert line in text


def test_files_are_those_of_a_run(program: Path, fit: mc.Compilation, tmp_path: Path) -> None:
    options = ["--set", "M.Ron=20kohm", "--set=M.w=0.7", "--t-end", "700ms"]
    for name in ("run.csv", "run.npy"):
        found = alone([program, *options, "--save", name], tmp_path)
        assert (found.returncode, found.stdout) == (0, f"wrote {name}\n"), found.stderr
    run = mc.compile(fit).run((0.0, 0.7), parameters={"M.Ron": 20e3}, initial={"M.w": 0.7})
    run.save(tmp_path / "own.csv")
    assert (tmp_path / "run.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()
    np.testing.assert_array_equal(np.load(tmp_path / "run.npy"), np.column_stack([run.t, *run.signals.values()]))
    assert {each.name for each in tmp_path.iterdir()} == {"run.csv", "run.npy", "own.csv"}


def test_the_gradient_is_printed(program: Path, fit: mc.Compilation) -> None:
    lines = alone([program, "--gradient"], program.parent).stdout.splitlines()
    value, gradient = mc.compile(fit).gradient()
    assert lines[0] == f"loss {value!r}"
    assert lines[1:] == [f"{name} [{gradient.units[name]}] {float(each)!r}" for name, each in gradient.items()]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--set", "M.Rom=1"], 2, "no parameter or state 'M.Rom'"),
        (["--set", "M.Ron=1V"], 2, "not a number of the unit ohm"),
        (["--set", "M.Ron=1mkohm"], 2, "not a number"),
        (["--set", "M.Ron"], 2, "NAME=VALUE"),
        (["--set", "M.Ron=nan"], 2, "not a number"),
        (["--save", "run.txt"], 2, ".csv or .npy"),
        (["--t-end", "-1"], 2, "no positive time"),
        (["--t-end"], 2, "needs a value"),
        (["--t-end", "1s", "--steady-within", "1s"], 2, "a run has one end"),
        (["--nothing", "1"], 2, "no option --nothing"),
        (["nothing"], 2, "no option nothing"),
        (["--method", "rk5"], 2, "no method"),
        (["--method", "rk4"], 1, "steps of one size"),
        (["--set", "M.w=3"], 1, "outside its bounds"),
        (["--max-steps", "5"], 1, "limit of steps"),
        (["--save", "no/such/folder.csv"], 1, "cannot be written"),
        (["--steady-within", "0.5"], 1, "not steady"),
    ],
)
def test_what_is_wrong_is_said(program: Path, tmp_path: Path, options: list[str], code: int, message: str) -> None:
    found = alone([program, *options], tmp_path)
    assert found.returncode == code
    assert message in found.stderr
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_noticed(program: Path) -> None:
    for options in ([], ["--help"]):
        with Path("/dev/full").open("w") as full:
            found = subprocess.run([program, *options], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert found.returncode == 1
        assert "No space left" in found.stderr


def test_a_gradient_and_a_file_in_one_call(program: Path, tmp_path: Path) -> None:
    both = alone([program, "--gradient", "--save", "run.csv"], tmp_path)
    assert both.stdout == "wrote run.csv\n" + alone([program, "--gradient"], tmp_path).stdout
    assert (tmp_path / "run.csv").is_file()
