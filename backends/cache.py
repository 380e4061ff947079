"""The disk cache: verified bytes under a hash of everything that went in.

An entry is one JSON record ``KEY.json`` and the files that it names by their own content, ``SHA256.SUFFIX``. Files are
written first, the record last, each by writing beside it and renaming: a reader sees nothing or the whole, whoever
else writes, and whoever is killed. Record and files carry checksums; what does not match is not there. Nothing is
unpickled or executed before it is verified.

The folder is ``$MCOMPILER_CACHE_DIR``, else the user's cache folder. Where it cannot be written, entries go to a
temporary folder of this process.
"""

import atexit
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from mcompiler.files import write_bytes

#: Raised with every change of what a record holds.
FORMAT = 1
_NAME = "[0-9a-f]{64}[.][a-z]+(?:[.][a-z]+)?"
#: Names of records and of files by their content, and of what a killed writer left of one: nothing else in the folder is ours.
ENTRY = re.compile(_NAME)
UNFINISHED = re.compile(f"[.]{_NAME}[.][a-z0-9_]{{8}}")
#: Unfinished files of writers that were killed go after this time, in seconds.
_STALE = 3600.0


@dataclass(frozen=True, slots=True)
class About:
    """What an entry is, for whoever lists the cache: the name of a model, and what of it is kept."""

    name: str = ""
    what: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A verified entry: what its record says, and the place and content of each file by suffix."""

    facts: Mapping[str, Any]
    paths: Mapping[str, Path]
    content: Mapping[str, bytes]


class OtherFormatError(ValueError):
    """A record that another version of this module wrote."""


_UNNAMED = About()
#: What a record holds beside its checksum.
_RECORD = ("key", "name", "what", "facts", "files")


def key_of(parts: Mapping[str, str]) -> str:
    """The hash of named texts, the same in every process and on every machine."""
    return digest(json.dumps(dict(parts), sort_keys=True, ensure_ascii=True).encode())


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def folder() -> Path:
    """Where entries are looked for first."""
    chosen = os.environ.get("MCOMPILER_CACHE_DIR")
    try:
        return Path(chosen).absolute() if chosen else _usual_folder().absolute()
    except (RuntimeError, FileNotFoundError):  # a user without a home, or a working folder that is gone
        return _temporary_folder()


def _usual_folder() -> Path:
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "mcompiler"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mcompiler"


def find(key: str) -> Stored | None:
    """The entry under this key, or None where there is none or it is damaged."""
    for place in _places():
        stored = _read(place, key)
        if stored is not None:
            return stored
    return None


def store(key: str, facts: Mapping[str, Any], files: Mapping[str, bytes], about: About = _UNNAMED) -> Stored:
    """Write an entry (suffix to content) and give it back as a reader finds it; never fails for want of a folder."""
    for place in _writable():
        try:
            _write(place, key, facts, files, about)
        except OSError as error:
            _warn_once(str(place), str(error))
            continue
        return Stored(dict(facts), {suffix: _path(place, suffix, content) for suffix, content in files.items()}, files)
    return Stored(dict(facts), {}, files)


def _places() -> Iterator[Path]:
    yield folder()
    if _temporary_folder.cache_info().currsize:
        yield _temporary_folder()


def _writable() -> Iterator[Path]:
    yield folder()
    try:
        yield _temporary_folder()
    except OSError:
        return  # nowhere to write at all: what was made is used from memory


@cache
def _warn_once(place: str, reason: str) -> None:
    message = f"cache folder {place} cannot be written ({reason}); compiled models last for this process only"
    warnings.warn(message, RuntimeWarning, stacklevel=3)


def _path(place: Path, suffix: str, content: bytes) -> Path:
    return place / f"{digest(content)}.{suffix}"


def _write(place: Path, key: str, facts: Mapping[str, Any], files: Mapping[str, bytes], about: About) -> None:
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(place)
    named = {suffix: digest(content) for suffix, content in files.items()}
    for suffix, content in files.items():
        path = place / f"{named[suffix]}.{suffix}"
        if not _holds(path, content):
            write_bytes(path, content)
    body = {"key": key, "name": about.name, "what": about.what, "facts": dict(facts), "files": named}
    record = {"format": FORMAT, "sha256": _checksum(body), **body}
    write_bytes(place / f"{key}.json", json.dumps(record, indent=1).encode())


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _read(place: Path, key: str) -> Stored | None:
    try:
        body = read_record(place / f"{key}.json")
        if body is None or body["key"] != key:
            return None
        named: Mapping[str, str] = body["files"]
        paths = {suffix: place / f"{expected}.{suffix}" for suffix, expected in named.items()}
        content = {suffix: path.read_bytes() for suffix, path in paths.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None  # absent, truncated or not ours: whoever asked makes it anew
    if any(digest(content[suffix]) != expected for suffix, expected in named.items()):
        return None
    return Stored(body["facts"], paths, content)


def read_record(path: Path) -> dict[str, Any] | None:
    """What a record says; None where its checksum is another.

    Raises:
        OtherFormatError: another version wrote it.
        OSError, ValueError, KeyError, TypeError, RecursionError: there is no record.
    """
    record: Any = json.loads(path.read_bytes())
    if record["sha256"] and record.get("format") != FORMAT:
        raise OtherFormatError(f"the format of {path.name} is {record.get('format')!r}, not {FORMAT}")
    body = {name: record[name] for name in _RECORD}
    return body if record["sha256"] == _checksum(body) else None


def _checksum(body: Mapping[str, Any]) -> str:
    return digest(json.dumps(body, sort_keys=True).encode())


def _sweep(place: Path) -> None:
    """Remove what killed writers left; other hidden files, in a folder that holds more than the cache, are not ours."""
    now = time.time()
    for path in place.glob(".*"):
        try:
            if UNFINISHED.fullmatch(path.name) and now - path.lstat().st_mtime > _STALE:
                path.unlink()
        except OSError:
            continue  # another process was first, or it is not ours to remove


@cache
def _temporary_folder() -> Path:
    place = Path(tempfile.mkdtemp(prefix="mcompiler-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place
