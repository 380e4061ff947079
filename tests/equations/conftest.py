"""One cache folder for all tests of the equations that run machine code, so that integrators are compiled once."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("equations")
        patch.setenv("MCOMPILER_CACHE_DIR", str(folder))
        yield folder
