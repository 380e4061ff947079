"""One cache folder for all tests of the backends, so that the integrator is compiled once."""

from pathlib import Path

import pytest

from mcompiler.backends import cache


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache_folder(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(shared_cache))
    return shared_cache


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for this test alone; what this process remembers of other folders is forgotten."""
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(tmp_path / "cache"))
    for each in (cache._temporary_folder, cache._warn_once):  # pyright: ignore[reportPrivateUsage]
        each.cache_clear()
    return tmp_path / "cache"
