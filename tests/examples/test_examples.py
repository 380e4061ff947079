"""Every example in a copy of its folder: the commands of its README, what its script prints, its picture."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import re
import runpy
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

import mcompiler as mc
from tests.architecture.test_imports import ROOT
from tests.examples import spiking
from tests.examples.commands import NUMBER, numbers, run

EXAMPLES = sorted(path.name for path in (ROOT / "examples").iterdir() if path.is_dir())
LARGEST_PICTURE = 150_000  # bytes, so that the repository stays small


def commands(name: str) -> list[str]:
    """The shell commands of an example's README: the indented lines that begin with a program that we have."""
    text = (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")
    return [
        each for each in re.findall(r"^    (.+)$", text, re.MULTILINE) if each.startswith(("python ", "mcompiler "))
    ]


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> dict[str, tuple[Path, str]]:
    """For every example, its copy after its script has run, and what the script said."""
    found: dict[str, tuple[Path, str]] = {}
    for name in EXAMPLES:
        folder = tmp_path_factory.mktemp("examples") / name
        shutil.copytree(ROOT / "examples" / name, folder)
        for picture in folder.glob("*.png"):
            picture.unlink()
        found[name] = folder, run(f"python {name}.py", folder, cache)
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_folder_has_everything(name: str) -> None:
    folder = ROOT / "examples" / name
    assert {f"{name}.mem", f"{name}.py", "README.md", f"{name}.png"} <= {path.name for path in folder.iterdir()}
    assert "![" in (text := (folder / "README.md").read_text(encoding="utf-8"))
    assert f"({name}.png)" in text
    assert (folder / f"{name}.png").stat().st_size < LARGEST_PICTURE


@pytest.mark.parametrize("name", EXAMPLES)
def test_script_draws_its_picture(name: str, printed: dict[str, tuple[Path, str]]) -> None:
    folder, said = printed[name]
    assert said.count("\n") >= 3
    assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert 10_000 < (folder / f"{name}.png").stat().st_size < LARGEST_PICTURE


@pytest.mark.parametrize(
    ("name", "command"),
    [(name, each) for name in EXAMPLES for each in commands(name) if not each.startswith("python ")],
)
def test_commands_of_the_readme(name: str, command: str, printed: dict[str, tuple[Path, str]], cache: Path) -> None:
    folder, _ = printed[name]
    assert run(command, folder, cache)
    for picture in re.findall(r"--plot (\S+)", command):
        assert (folder / picture).is_file()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_readme_runs_the_script(name: str) -> None:
    assert any(each.startswith(f"python {name}.py") for each in commands(name))


def test_hp_loop(printed: dict[str, tuple[Path, str]]) -> None:
    _, said = printed["hp_loop"]
    assert numbers("peak current  #", said.replace("   ", "  "))[0] == pytest.approx(119.82, abs=0.01)
    assert numbers("largest error of the state #", said).max() < 1e-8
    assert numbers("current at 0 V #", said).max() < 1e-15


def test_volatile_decay(printed: dict[str, tuple[Path, str]]) -> None:
    _, said = printed["volatile_decay"]
    assert numbers("largest error of the decay #", said).max() < 1e-9


def test_muthuswamy_chua(printed: dict[str, tuple[Path, str]]) -> None:
    _, said = printed["muthuswamy_chua"]
    assert numbers("kept charge moves by #", said).max() < 1e-15
    assert numbers("with Rs = 1.9 kohm a.v reaches #", said)[0] == pytest.approx(2.30, abs=0.01)
    for low, high, known_low, known_high in numbers_of_ranges(said):
        assert (low, high) == pytest.approx((known_low, known_high), rel=0.06)  # chaos: extremes of a finite run


def numbers_of_ranges(said: str) -> list[tuple[float, ...]]:
    found = re.findall(rf"{NUMBER} \.\.\.\s+{NUMBER} \w+\s+\(independent simulation {NUMBER} \.\.\. {NUMBER}\)", said)
    assert len(found) == 4
    return [tuple(map(float, each)) for each in found]


def test_hp_fit(printed: dict[str, tuple[Path, str]]) -> None:
    folder, said = printed["hp_fit"]
    assert numbers("# standard errors away", said).max() < 3
    (least, others), (evaluations, more) = numbers("chi squared # after", said), numbers("after  # evaluations", said)
    assert least == pytest.approx(others, abs=1e-4)
    assert evaluations < more / 3
    made, kept = (
        np.loadtxt(each / "loop.csv", delimiter=",", skiprows=1) for each in (folder, ROOT / "examples" / "hp_fit")
    )
    assert made == pytest.approx(kept, abs=1e-9)  # the seed is fixed


def test_hopfield_memory(printed: dict[str, tuple[Path, str]]) -> None:
    _, said = printed["hopfield_memory"]
    restored = numbers("flipped: # of 20", said.replace("flipped:  ", "flipped: "))
    assert restored[:4].tolist() == [20] * 4  # to 20 % noise; the fifth and later depend on the basins
    assert restored[-1] <= 5
    assert 0 < numbers("by at most #", said)[0] < 1e-4  # alpha*sinh(50 mV/V0)*0.1 ms = 2.5e-5


def test_small_world(printed: dict[str, tuple[Path, str]]) -> None:
    _, said = printed["small_world"]
    shortest, found = (text.partition(": ")[2] for text in said.split("\n")[:2])
    assert found == shortest
    ((lowest, others),) = re.findall(rf"alpha = 1.0: on this path {NUMBER} uS or more, elsewhere {NUMBER} uS", said)
    assert float(lowest) > 45
    assert float(others) < 2
    assert numbers("alpha = 1.0: # of 10 random starts", said)[0] == 10
    assert numbers("alpha = 2.0: # of 10 random starts", said)[0] < 10


def test_short_term_plasticity(printed: dict[str, tuple[Path, str]]) -> None:
    _, said = printed["short_term_plasticity"]
    found = re.findall(r"of P to the probes: \[([\d, ]+)\], of Q: \[([\d, ]+)\]", said)
    p, q = ([[int(each) for each in row[place].split(", ")] for row in found] for place in (0, 1))
    assert [row[0] for row in p] == [10, 10, 10]
    assert [row[-1] for row in p] == [0, 0, 0]
    remembered = [sum(each >= 5 for each in row) for row in p]
    assert remembered == sorted(set(remembered))  # the longer the time constant
    assert np.all(np.array(q) == 0)
    assert numbers("decays with a time constant of # ms", said)[0] == pytest.approx(400, abs=0.01)


def test_short_term_plasticity_is_that_of_plain_steps() -> None:
    solver = mc.compile(mc.load(ROOT / "examples" / "short_term_plasticity" / "short_term_plasticity.mem"))
    run = solver.run()
    a, b = spiking.simulate(solver.parameters, solver.initial, 1.6)
    counts = {name: sum(each.name.startswith(f"{name}[") for each in run.events) for name in "ABPQ"}
    assert (a.sent, b.sent, b.received) == (counts["A"], counts["B"], counts["Q"])
    assert a.received == pytest.approx(counts["P"], rel=0.02)  # P fires every few steps of the plain method
    for group, name in ((a, "AP"), (b, "BQ")):
        assert run[f"{name}.M.w"].mean(axis=(1, 2))[:-1] == pytest.approx(np.array(group.means), abs=1e-3)


def test_cellular_network(printed: dict[str, tuple[Path, str]]) -> None:
    folder, said = printed["cellular_network"]
    exact, slightly, badly = numbers("#% of 4096 pixels right", said)
    assert (exact, slightly) == (100, 100)
    assert 80 < badly < 99  # which cells fail depends on the draws
    assert numbers("edges of the result: #% right", said)[0] == 100
    script = runpy.run_path(str(folder / "cellular_network.py"))  # what it compares with, against SciPy
    black = script["draw"]()
    whole = script["without_holes"](black)
    assert (whole == ndimage.binary_fill_holes(black)).all()
    assert 200 < np.sum(whole != black) < 1000
    inner = np.asarray(ndimage.binary_erosion(whole, np.ones((3, 3))), dtype=bool)
    assert (script["edges"](whole) == whole & ~inner).all()


def test_coupled_oscillators(printed: dict[str, tuple[Path, str]]) -> None:
    _, said = printed["coupled_oscillators"]
    assert numbers("closed form differs by #", said)[0] < 1e-8
    (a,), (b,) = numbers("at the end # and", said), numbers("and # Hz, B", said)
    assert a == pytest.approx(b, abs=0.11)
    assert numbers("B # periods behind A", said)[0] == pytest.approx(0.61, abs=0.01)
    assert numbers("from 1.0 to # uS", said)[0] > numbers("them from # uS", said)[0]
