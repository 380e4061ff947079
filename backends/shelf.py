"""The cache folder for whoever looks after it: what is there, and how to empty it. Only what looks like an entry is touched, links are not followed."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcompiler.backends.cache import ENTRY, UNFINISHED, OtherFormatError, read_record

_DAMAGED = "damaged: it will be made anew"


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry: the name of the model and what of it is kept, when it was written (seconds since 1970), and the bytes of its files, which others may share."""

    name: str
    what: str
    when: float
    size: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """What is gone, in files and bytes, and the names of what was left because it is no entry."""

    files: int
    size: int
    left: tuple[str, ...]


def kept(folder: Path) -> list[Kept]:
    """The entries of a cache folder, the newest first; damaged ones, and those of another version, are listed as such."""
    sizes = {path.name: status.st_size for path, status in _own_files(folder)}
    found: list[Kept] = []
    for path, status in _own_files(folder):
        if path.suffix == ".json" and not path.name.startswith("."):
            found.append(_kept(path, status, sizes))
    return sorted(found, key=lambda each: -each.when)


def total(folder: Path) -> int:
    """The bytes of all entries together."""
    return sum(status.st_size for _, status in _own_files(folder))


def clear(folder: Path) -> Cleared:
    """Remove every entry, and what killed writers left; whoever is compiling meanwhile compiles again.

    Raises:
        ValueError: this is no folder.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder, so there is no cache in it")
    files = size = 0
    for path, status in list(_own_files(folder)):
        try:
            path.unlink()
        except FileNotFoundError:
            continue  # another process was first
        files, size = files + 1, size + status.st_size
    return Cleared(files, size, tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ())


def _own_files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Regular files with the names of entries; a link or a folder of such a name is none."""
    if not folder.is_dir():
        return
    with os.scandir(folder) as places:
        for each in sorted(places, key=lambda place: place.name):
            try:
                status = each.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode) and (ENTRY.fullmatch(each.name) or UNFINISHED.fullmatch(each.name)):
                yield Path(each.path), status


def _kept(path: Path, status: os.stat_result, sizes: dict[str, int]) -> Kept:
    try:
        record = read_record(path)
    except OtherFormatError:
        return Kept("", "of another version of mcompiler, which this one does not use", status.st_mtime, status.st_size)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        record = None
    if record is None:
        return Kept("", _DAMAGED, status.st_mtime, status.st_size)
    named = [f"{content}.{suffix}" for suffix, content in record["files"].items()]
    size = status.st_size + sum(sizes.get(name, 0) for name in named)
    is_whole = all(name in sizes for name in named)
    what = str(record["what"]) if is_whole else _DAMAGED
    return Kept(str(record["name"]), what, status.st_mtime, size)
