"""Builds that several tests share: a circuit with data and a gradient, and one that a state bounces in."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

import mcompiler as mc
from tests.solver.conftest import BOUNCE

FIT = Path(__file__).resolve().parents[2] / "examples" / "hp_fit" / "hp_fit.mem"
STRICT = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic"]


def alone(command: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a program with an empty environment: no path on which there were a Python."""
    return subprocess.run(["env", "-i", *map(str, command)], cwd=folder, capture_output=True, text=True, check=False)


def compiled(folder: Path, source: str, *more: str) -> Path:
    """A program from C source, without a warning."""
    subprocess.run(
        [*STRICT, source, *more, "-lm", "-pthread", "-o", "program"], cwd=folder, check=True, capture_output=True
    )
    return folder / "program"


@pytest.fixture(scope="session")
def fit() -> mc.Compilation:
    return mc.load(FIT)


@pytest.fixture(scope="session")
def bounce() -> mc.Compilation:
    return mc.parse(BOUNCE)


@pytest.fixture(scope="session")
def library(fit: mc.Compilation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shared library."""
    return mc.build(fit, tmp_path_factory.mktemp("shared") / "fit").parent


@pytest.fixture(scope="session")
def program(fit: mc.Compilation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mc.build(fit, tmp_path_factory.mktemp("program") / "fit", target="executable")


@pytest.fixture(scope="session")
def objects(fit: mc.Compilation, bounce: mc.Compilation, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the objects of two models."""
    folder = tmp_path_factory.mktemp("objects")
    for name, model in {"hp_fit": fit, "bounce": bounce}.items():
        mc.build(model, folder / name, target="object", name=name)
    return folder
