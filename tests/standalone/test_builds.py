"""Builds: a folder is whole or as it was, and what cannot be built, or run, is refused with what to do about it."""

import ctypes
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import mcompiler as mc
from mcompiler.backends import cpu
from mcompiler.backends.numba import backend
from mcompiler.cli import main
from mcompiler.standalone.build import MARK
from mcompiler.standalone.from_model import identifier
from tests.standalone.conftest import FIT, compiled

SMALL = """
circuit Bench {
  node a
  param T = 1[ms]
  C1: Capacitor(a, ground, C = 1[uF])
  R1: Resistor(a, ground, R = 1[kohm])
}
experiment decay on Bench {
  initial a.v = 1[V]
  run to 2*T
  save every T/10: a.v
  method rk4(step = 0.1[ms])
}
"""


UNITS = """
circuit Bench {
  param f    = 1[kHz]
  param d    = 1[m]
  param mass = 1[kg]
  param mu   = 1[m^2/(V*s)]
  node a
  C1: Capacitor(a, ground, C = 1[uF])
  R1: Resistor(a, ground, R = 1[kohm])
}
experiment decay on Bench {
  initial a.v = 1[V]
  loss = f/1[Hz]*d/1[m]*mass/1[kg]*mu/1[m^2/(V*s)]*(a.v/1[V])^2
  run to 1[ms]
}
"""


@pytest.fixture(scope="module")
def units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mc.build(mc.parse(UNITS), tmp_path_factory.mktemp("units") / "program", target="executable", name="small")


def contents(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_folder_that_is_not_ours_stays(fit: mc.Compilation, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"holds files that no build made"):
        mc.build(fit, tmp_path)
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="is a file"):
        mc.build(fit, tmp_path / "file")


def test_a_build_replaces_an_earlier_one_whole_or_not(
    fit: mc.Compilation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "fit"
    mc.build(fit, folder, target="object")
    mc.build(fit, folder)
    assert set(contents(folder)) == {"libhp_fit.so", "hp_fit.h", "example.c", MARK}
    (folder / "mine.c").write_text("int main(void) { return 0; }")
    mc.build(fit, folder)
    before = contents(folder)
    assert set(before) == {"libhp_fit.so", "hp_fit.h", "example.c", "mine.c", MARK}
    monkeypatch.setenv("CC", "false")
    with pytest.raises(ValueError, match="the C compiler failed"):
        mc.build(fit, folder)
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(ValueError, match=r"no-such-compiler.*not there: install a C compiler.*gcc or clang"):
        mc.build(fit, folder)
    monkeypatch.delenv("CC")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="there is no C compiler: install"):
        mc.build(fit, folder)
    assert contents(folder) == before
    assert [each.name for each in tmp_path.iterdir()] == ["fit"]


def test_the_folder_that_one_is_in_stays(fit: mc.Compilation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    for folder in (".", ".."):
        with pytest.raises(ValueError, match=r"that you are in|no build made"):
            mc.build(fit, folder)
    assert [each.name for each in tmp_path.rglob("*")] == ["in"]


def test_links_and_a_compiler_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder behind a link is replaced; `$CC` may be relative, and is told of where it is no command."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    compiler = tmp_path / "wrapped"
    compiler.write_text('#!/bin/sh\nexec cc "$@"\n')
    compiler.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CC", "./wrapped")
    assert mc.build(mc.parse(SMALL), "link", name="small") == tmp_path / "link" / "libsmall.so"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "libsmall.so").is_file()
    monkeypatch.setenv("CC", "cc 'open")
    with pytest.raises(ValueError, match=r"\$CC is no command"):
        mc.build(mc.parse(SMALL), "link")


@pytest.mark.parametrize("doc", ["to */ and /* and /*/ fro", "a ??/ b \\\\ *\\/ c", "@CODES@ @NAME@ %s äé"])
def test_what_a_model_says_of_itself_stays_a_comment(doc: str, tmp_path: Path) -> None:
    model = mc.parse(SMALL.replace("circuit Bench", f'circuit Bench "{doc}"'))
    library = mc.build(model, tmp_path / "doc", name="small")
    compiled(library.parent, "example.c", "-L.", "-lsmall")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("exp", "exp_model"),
        ("run", "run_model"),
        ("signal", "signal_model"),
        ("m", "m_model"),
        ("using", "using_model"),
        ("mc_x", "model_mc_x"),
        ("\u03b1", "model_model"),
        ("2 x-y", "model_2_x_y"),
        ("w" * 80, "w" * 50),
        ("loop", "loop"),
    ],
)
def test_names_that_c_or_python_have(file: str, name: str) -> None:
    assert identifier(f"{file}.mem") == name


def test_unknown_targets_cpus_and_names(fit: mc.Compilation, tmp_path: Path) -> None:
    for wrong, message in (
        ({"target": "wasm"}, "no target 'wasm': there is shared"),
        ({"cpu": "i386"}, "no CPU 'i386': there is native"),
        ({"name": "int"}, "cannot be the name"),
        ({"name": "a-b"}, "cannot be the name"),
        ({"name": "timer"}, "cannot be the name"),
        ({"name": "mc_x"}, "cannot be the name"),
        ({"method": "rk5"}, "no method 'rk5'"),
    ):
        with pytest.raises(ValueError, match=message):
            mc.build(fit, tmp_path / "x", **wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_another_cpu_is_refused_with_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cpu.CPUID, "imaginary", (7, 0, 3, 0, "imaginary"))  # a bit that no machine has
    monkeypatch.setattr(backend, "needed_features", lambda _: ("sse3", "imaginary"))
    model = mc.parse(SMALL)
    program = mc.build(model, tmp_path / "program", target="executable", name="small")
    found = subprocess.run([program], capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert "compiled for another CPU" in found.stderr
    assert "imaginary" in found.stderr


def test_code_for_an_older_cpu_has_its_instructions_only(tmp_path: Path) -> None:
    model = mc.parse(SMALL)
    library = mc.build(model, tmp_path / "old", cpu="x86-64-v2", name="small")
    text = subprocess.run(["objdump", "-d", library], capture_output=True, text=True, check=True).stdout
    assert "%xmm" in text
    assert not re.search(r"%[yz]mm|\bvmovsd", text)
    loaded = ctypes.CDLL(str(library))
    loaded.small_missing_feature.restype = ctypes.c_char_p
    assert loaded.small_missing_feature() is None


def test_times_follow_parameters(tmp_path: Path) -> None:
    """`run to 2*T` and `save every T/10` are worked out anew where T is set."""
    model = mc.parse(SMALL)
    program = mc.build(model, tmp_path / "program", target="executable", name="small", cpu="x86-64-v2")
    solver = mc.compile(model, cpu="x86-64-v2")
    for text, value in (("1ms", 1e-3), ("3.7ms", 3.7e-3)):
        subprocess.run([program, "--set", f"T={text}", "--save", tmp_path / "run.csv"], check=True)
        solver.run(parameters={"T": value}).save(tmp_path / "own.csv")
        assert (tmp_path / "run.csv").read_bytes() == (tmp_path / "own.csv").read_bytes()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("f", "2.3kHz", 2.3e3),
        ("f", "7[1/s]", 7.0),
        ("R1.R", "1.7k\u2126", 1.7e3),
        ("R1.R", "3\u03a9", 3.0),
        ("C1.C", "30\u03bcF", 3e-5),
        ("d", "3.3cm", 3.3e-2),
        ("mass", "1.1mg", 1.1e-6),
        ("mass", "1.1kg", 1.1),
        ("f", "2m", None),
        ("mass", "1mkg", None),
        ("mu", "1cm^2/(V*s)", None),
    ],
)
def test_units_of_a_program(units: Path, name: str, text: str, value: float | None) -> None:
    """Set to a value with a unit, a quantity gives the gradient that it gives with the number."""
    found = subprocess.run(
        [units, "--set", f"{name}={text}", "--gradient"], capture_output=True, text=True, check=False
    )
    assert found.returncode == (0 if value is not None else 2), found.stderr
    if value is not None:
        plain = [str(units), "--set", f"{name}={value!r}", "--gradient"]
        assert found.stdout == subprocess.run(plain, capture_output=True, text=True, check=True).stdout


def test_the_command_line(tmp_path: Path) -> None:
    options = [str(FIT), "--set", "M.Ron=20kohm", "--method", "dop853", "-o", str(tmp_path / "out")]
    found = CliRunner().invoke(main, ["build", *options, "--target", "executable", "--name", "other"])
    assert found.exit_code == 0, found.output
    program = tmp_path / "out" / "other"
    assert found.output == f"wrote {program}\n"
    text = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
    assert re.search(r"M\.Ron +20000\.0 ohm", text)
    found = CliRunner().invoke(main, ["build", *options, "--target", "wasm"])
    assert found.exit_code == 2
    (tmp_path / "other").write_text("")
    found = CliRunner().invoke(main, ["build", str(FIT), "-o", str(tmp_path / "other")])
    assert found.exit_code == 1
