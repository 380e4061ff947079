"""The command line as a user types it: exit codes, texts, files."""

import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from mcompiler.cli import main
from tests.solver.conftest import RC
from tests.solver.networks import DENSE

MODEL = RC
WRONG = """
circuit RC {
  node a
  C1: Capacitor(a, ground, C = 1[uF])
  R1: Resistr(a, ground, R = 1[kohm])
  R2: Resistor(b, ground, R = 1[mV])
}
"""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def mcompiler(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(cache))
    (tmp_path / "rc.mem").write_text(MODEL)
    (tmp_path / "wrong.mem").write_text(WRONG)

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mcompiler", *arguments], capture_output=True, text=True, cwd=tmp_path, check=False
        )

    return call


def test_a_run_until_steady(mcompiler) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("run", "rc.mem", "--steady-within", "0.2s")
    assert (done.returncode, done.stderr) == (0, "")
    assert "the run became steady (at t = 0.0" in done.stdout
    done = mcompiler("run", "rc.mem", "--steady-within", "3ms")
    assert done.returncode == 1
    assert "a.v moved by" in done.stderr
    done = mcompiler("run", "rc.mem", "--steady-within", "3ms", "--t-end", "3ms")
    assert done.returncode == 2
    assert "give one" in done.stderr


def test_what_python_warns_of_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without the place in our sources."""

    def warn(*_given: object) -> str:
        warnings.warn("the folder cannot be written", RuntimeWarning, stacklevel=1)
        return "done"

    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("mcompiler.report.cache.table", warn)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        main(["cache", "list"], standalone_mode=False)
    assert capsys.readouterr() == ("done\n", "warning: the folder cannot be written\n")


def test_check(mcompiler) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("check", "rc.mem")
    assert (done.returncode, done.stderr) == (0, "")
    assert "no errors" in done.stdout


def test_an_error_network_is_a_file_like_any_other(mcompiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Written by one command, checked by the next, and printed again by a third."""
    (tmp_path / "net.mem").write_text(DENSE.replace("  loss at 50[us]", "  #"))
    done = mcompiler("equations", "net.mem", "--of", "error-network", "--format", "mem", "--scale", "1V*A")
    assert done.returncode == 0, done.stderr
    (tmp_path / "errors.mem").write_text(done.stdout)
    assert "param error_scale: W = 1[V*A]" in done.stdout
    done = mcompiler("check", "errors.mem")
    assert (done.returncode, done.stderr) == (0, "")
    done = mcompiler("equations", "errors.mem", "--format", "mem")
    assert done.stdout == (tmp_path / "errors.mem").read_text()
    done = mcompiler("equations", "net.mem", "--of", "error-network", "--scale", "-1")
    assert done.returncode == 1
    assert "the scale '-1' of an error network is no positive number" in done.stderr


def test_check_counts_what_a_network_is_made_of(mcompiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "net.mem").write_text(
        DENSE.replace("cells X[N]: Neuron", "cells X[N]: Neuron\n  cells Y: Neuron(R = 1[kohm])")
    )
    done = mcompiler("check", "net.mem")
    assert done.returncode == 1
    assert "Y needs a value for j of Neuron: no synapses contribute to it" in done.stderr
    (tmp_path / "net.mem").write_text(
        DENSE.replace("where pre != post", "where pre < 2 and post < 3")
        .replace("W[2, 5].P.i, W[3, 3].P.w, ", "")
        .replace("W[2, 5]", "W[2]")
    )
    done = mcompiler("check", "net.mem")
    assert done.stdout == "net.mem: no errors (0 devices, 1 cell, 1 synapse, 1 network, 1 experiment)\n"
    assert "3 cells are joined to no other by a synapse: X[3], X[4], X[5]" in done.stderr


def test_check_tells_all_errors_at_once(mcompiler) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("check", "wrong.mem")
    assert done.returncode == 1
    assert "did you mean Resistor" in done.stderr
    assert "there is no node b" in done.stderr
    assert "wrong.mem:6" in done.stderr
    assert "3 errors" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_builds_every_circuit(mcompiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "two.mem").write_text(
        """
circuit Alone { node a, b; S: VoltageSource(a, ground); R: Resistor(a, b) }
circuit Used { node c, d; S: VoltageSource(c, ground); R: Resistor(c, d) }
experiment one on Used { run to 1[s] }
learning two on Used { loss = R.i/1[A] }
"""
    )
    done = mcompiler("check", "two.mem")
    assert done.returncode == 1
    assert done.stderr.count("undriven-node") == 2
    assert "2 errors" in done.stderr


def test_a_circuit_alone_says_what_is_missing(mcompiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "alone.mem").write_text("circuit C { node a; S: VoltageSource(a, ground); R: Resistor(a, ground) }")
    assert "0 experiments)" in mcompiler("check", "alone.mem").stdout
    done = mcompiler("run", "alone.mem")
    assert done.returncode == 1
    assert "--t-end" in done.stderr
    assert mcompiler("run", "alone.mem", "--t-end", "1ms").returncode == 0


def test_run_writes_what_it_is_asked_for(mcompiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("run", "rc.mem", "--save", "run.npz", "--plot", "run.png", "--set", "R0=4kohm", "--rtol", "1e-9")
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "run.npz") as saved:
        assert saved["a.v"] == pytest.approx(np.exp(-saved["t"] / 4e-3), rel=1e-7)
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    assert "Traceback" not in done.stderr
    assert done.stderr == ""


def test_run_without_files_prints_a_table(mcompiler) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("run", "rc.mem", "--t-end", "1ms", "--method", "rk4", "--step", "1us")
    assert done.returncode == 0, done.stderr
    assert "a.v" in done.stdout
    assert "1000 steps" in done.stdout


def test_run_takes_the_method_of_the_model(mcompiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    text = (tmp_path / "rc.mem").read_text()
    (tmp_path / "rc.mem").write_text(text.replace("run to", "method rk4(step = 2[us])\n  run to"))
    for more, steps in ([], 500), (["--step", "4us"], 250), (["--method", "euler"], 500):
        done = mcompiler("run", "rc.mem", "--t-end", "1ms", *more)
        assert f"{steps} steps, 0 rejected" in done.stdout, done.stderr


def test_format_is_idempotent_and_keeps_comments(mcompiler, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "ugly.mem"
    path.write_text("device  R2( p,n ){ # two\n param R=1[kohm]   # ohm\n i=v/R }")
    assert mcompiler("format", "--check", "ugly.mem").returncode == 1
    assert mcompiler("format", "ugly.mem").returncode == 0
    text = path.read_text()
    assert "# two" in text
    assert "# ohm" in text
    assert mcompiler("format", "--check", "ugly.mem").returncode == 0


@pytest.mark.parametrize("derivation", ["forward", "jacobian", "adjoint", "gradient"])
@pytest.mark.parametrize("form", ["text", "latex", "mem"])
def test_equations(mcompiler, derivation: str, form: str) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("equations", "rc.mem", "--of", derivation, "--format", form)
    assert done.returncode == 0, done.stderr
    assert "R1" in done.stdout


def test_devices(mcompiler) -> None:  # type: ignore[no-untyped-def]
    listed = mcompiler("devices")
    assert listed.returncode == 0
    assert "VTEAM" in listed.stdout
    shown = mcompiler("devices", "VTEAM")
    assert "10.1109/TCSII.2015.2433536" in shown.stdout
    assert "biolek2021" in shown.stdout
    missing = mcompiler("devices", "VTEAN")
    assert missing.returncode == 1
    assert "did you mean VTEAM" in missing.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("run", "nowhere.mem"), 1, "nowhere.mem"),
        (("run", "rc.mem", "--experiment", "charge"), 1, "discharge"),
        (("run", "rc.mem", "--set", "R9=1"), 1, "R0"),
        (("run", "rc.mem", "--set", "R0=1V"), 1, "ohm"),
        (("run", "rc.mem", "--save", "run.txt"), 2, ".npz"),
        (("run", "rc.mem", "--save", "nowhere/run.npz"), 2, "folder"),
        (("run", "rc.mem", "--t-end", "-1s"), 2, "--t-end"),
        (("run", "rc.mem", "--method", "rk4"), 1, "step"),
        (("equations", "rc.mem", "--of", "forwards"), 2, "forward"),
        (("walk",), 2, "walk"),
    ],
)
def test_what_goes_wrong(mcompiler, arguments: tuple[str, ...], code: int, says: str) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler(*arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_help_shows_a_first_look(mcompiler) -> None:  # type: ignore[no-untyped-def]
    shown = mcompiler("--help").stdout
    assert "\n    mcompiler devices HP\n" in shown
    assert "\b" not in shown


def test_the_cache_is_listed_and_emptied(mcompiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    own = tmp_path / "own"
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(own))
    assert mcompiler("cache", "path").stdout == f"{own}\n"
    assert "0 entries, 0 B" in mcompiler("cache", "list").stdout
    own.mkdir()
    (own / "notes.txt").write_text("mine")
    done = mcompiler("cache", "clear")
    assert (done.returncode, done.stdout) == (0, f"{own}: removed 0 files, 0 B\n")
    assert "left, since they are no entries of the cache: notes.txt" in done.stderr
    assert (own / "notes.txt").exists()


def test_the_cache_lists_what_was_run(mcompiler) -> None:  # type: ignore[no-untyped-def]
    assert mcompiler("run", "rc.mem").returncode == 0
    listed = mcompiler("cache", "list").stdout
    assert "RC, experiment discharge" in listed
    assert re.search(r"integrators +\d+-\d+-\d+ \d+:\d+ +[\d.]+ .B  linked", listed)


@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        ("kernel", "kernel sweep("),
        ("python", "def sweep("),
        ("llvm", "define noundef i64 @mc_sweep("),
        ("asm", "mc_sweep:"),
        ("report", "sweep: "),
    ],
)
def test_source(form: str, wanted: str, mcompiler) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("source", "rc.mem", "--of", form, "--kernel", "sweep", "--set", "R0=3kohm")
    assert (done.returncode, done.stderr) == (0, "")
    assert wanted in done.stdout
    assert "rc.mem" in done.stdout or form == "report"
    assert "project" not in done.stdout


def test_source_of_a_kernel_that_is_not_there(mcompiler) -> None:  # type: ignore[no-untyped-def]
    done = mcompiler("source", "rc.mem", "--kernel", "swep")
    assert done.returncode == 1
    assert "did you mean sweep?" in done.stderr
