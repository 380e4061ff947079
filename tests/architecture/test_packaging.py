"""A room that `packages` forgets is left out of the wheel without a word; so is a file that `package-data` forgets."""

import tomllib
from pathlib import Path

from tests.architecture.test_imports import FOLDERS, MODULES, ROOT

SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
DATA_ONLY = {"mcompiler.dsl.library"}  # setuptools takes any folder of data for a package and wants it named


def test_packages_are_the_folders() -> None:
    folders = {name for name, path in MODULES.items() if path.name == "__init__.py"}
    assert set(SETUPTOOLS["packages"]) == folders | DATA_ONLY


def test_every_folder_of_modules_is_a_package() -> None:
    bare = {path.parent for path in MODULES.values() if not (path.parent / "__init__.py").is_file()}
    assert not bare


def test_data_files_are_shipped() -> None:
    shipped = {
        path
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for path in folder(package).glob(pattern)
    }
    assert set(data_files()) <= shipped


def test_the_links_lead_to_the_real_folders() -> None:
    for name in ("dsl", "backends"):
        assert (ROOT / "mcompiler" / name).readlink() == Path("..") / name


def test_the_models_of_the_demo_are_those_of_the_examples() -> None:
    models = list((ROOT / "mcompiler" / "demo").glob("*.mem"))
    assert models
    for each in models:
        assert each.readlink() == Path("../../examples") / each.stem / each.name


def folder(package: str) -> Path:
    return FOLDERS[package] if package in FOLDERS else folder(package.rpartition(".")[0]) / package.rpartition(".")[2]


def data_files() -> set[Path]:
    return {
        path
        for folder in FOLDERS.values()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"} and "__pycache__" not in path.parts
    }
