"""One cache folder for all pages, and for each page a folder with its files and a copy of the examples."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture.test_imports import ROOT
from tests.docs.pages import blocks

Folder = Callable[[Path], Path]


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MCOMPILER_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The folder of a page, made when it is first asked for."""
    made: dict[Path, Path] = {}

    def folder(page: Path) -> Path:
        if page not in made:
            made[page] = tmp_path_factory.mktemp(page.stem)
            shutil.copytree(ROOT / "examples", made[page] / "examples")
            for each in blocks(page):
                if each.file:
                    (made[page] / each.file).write_text(each.text, "utf-8")
        return made[page]

    return folder
