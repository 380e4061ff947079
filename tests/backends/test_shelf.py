"""Looking after the cache: what is listed, what goes, and what is never touched."""

import os
from pathlib import Path

import pytest

from mcompiler.backends import cache, shelf

KEYS = [cache.key_of({"entry": str(number)}) for number in range(3)]


def fill() -> None:
    for number, key in enumerate(KEYS):
        cache.store(key, {"a": 1}, {"o": b"shared", "py": b"%d" % number}, cache.About(f"M{number}", "machine code"))


def test_entries_are_listed_with_name_time_and_size(own_cache: Path) -> None:
    assert shelf.kept(own_cache) == []
    fill()
    for number, key in enumerate(KEYS):
        os.utime(own_cache / f"{key}.json", (1e9 + number, 1e9 + number))
    found = shelf.kept(own_cache)
    assert [(each.name, each.what, each.when) for each in found] == [
        (f"M{number}", "machine code", 1e9 + number) for number in (2, 1, 0)
    ]
    record = (own_cache / f"{KEYS[0]}.json").stat().st_size
    assert found[-1].size == record + len(b"shared") + 1
    assert shelf.total(own_cache) == sum(path.stat().st_size for path in own_cache.iterdir())


def test_damaged_entries_are_listed_and_go(own_cache: Path) -> None:
    fill()
    (own_cache / f"{KEYS[0]}.json").write_text("{")
    next(own_cache.glob("*.o")).unlink()
    assert {each.what for each in shelf.kept(own_cache)} == {"damaged: it will be made anew"}
    shelf.clear(own_cache)
    assert list(own_cache.iterdir()) == []


def test_entries_of_another_version_are_told_apart_and_go(own_cache: Path) -> None:
    """Of a later one, and of those that wrote no number."""
    fill()
    for key, told in zip(KEYS, ('"format": 99', '"kind": 1', '"format": 1'), strict=True):
        path = own_cache / f"{key}.json"
        path.write_text(path.read_text().replace('"format": 1', told))
    assert [cache.find(key) is None for key in KEYS] == [True, True, False]
    listed = sorted(each.what for each in shelf.kept(own_cache))
    assert listed == ["machine code", *["of another version of mcompiler, which this one does not use"] * 2]
    shelf.clear(own_cache)
    assert list(own_cache.iterdir()) == []


def test_clearing_tells_what_was_freed(own_cache: Path) -> None:
    fill()
    (own_cache / f".{KEYS[0]}.json.ab_12xyz").write_bytes(b"half")
    size = shelf.total(own_cache)
    files = len(list(own_cache.iterdir()))
    assert shelf.clear(own_cache) == shelf.Cleared(files, size, ())
    assert shelf.clear(own_cache) == shelf.Cleared(0, 0, ())
    assert cache.find(KEYS[0]) is None


def test_what_is_no_entry_stays(own_cache: Path, tmp_path: Path) -> None:
    """Other files, folders and links, whatever their names."""
    fill()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / f"{KEYS[0]}.o").write_text("mine")
    hash_of = "a" * 64
    (own_cache / "notes.txt").write_text("mine")
    (own_cache / f"{hash_of}.O").write_text("mine")
    (own_cache / f"{hash_of}.json").symlink_to(outside / f"{KEYS[0]}.o")
    (own_cache / f"{hash_of}.so").symlink_to(outside)
    (own_cache / f"{hash_of}.py").mkdir()
    (own_cache / f"{hash_of}.py" / f"{KEYS[0]}.o").write_text("mine")
    left = shelf.clear(own_cache).left
    assert left == tuple(sorted(["notes.txt", *(f"{hash_of}.{suffix}" for suffix in ("O", "json", "so", "py"))]))
    assert (outside / f"{KEYS[0]}.o").read_text() == "mine"
    assert (own_cache / f"{hash_of}.py" / f"{KEYS[0]}.o").read_text() == "mine"


def test_a_file_is_no_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ValueError, match="is no folder"):
        shelf.clear(tmp_path / "file")
    assert shelf.kept(tmp_path / "file") == []
