"""Writing files so that nothing is ever half written, and reading those of a model so that it is known which they were.

No other room opens a file for writing.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO


@dataclass(slots=True)
class Readings:
    """What was read: the hash of every file's content, and where links led. Equal readings mean that nothing has changed."""

    content: dict[str, str] = field(default_factory=dict[str, str])
    places: dict[str, str] = field(default_factory=dict[str, str])

    def note(self, path: str, content: str) -> None:
        """Notes what a file holds; one that changed between two readings is never as it was."""
        self.content[path] = content if self.content.get(path, content) == content else "changed"

    def is_part_of(self, other: "Readings") -> bool:
        """Whether all that was read here was read there too, with the same content; what a process keeps of the library it reads once."""
        return self.content.items() <= other.content.items() and self.places.items() <= other.places.items()

    def is_as_it_was(self) -> bool:
        """Whether reading again would give the same."""
        try:
            return all(str(Path(given).resolve()) == found for given, found in self.places.items()) and all(
                _hash(Path(path).read_bytes()) == expected for path, expected in self.content.items()
            )
        except (OSError, RuntimeError, ValueError):
            return False


_READINGS: ContextVar[Readings | None] = ContextVar("readings", default=None)


@contextmanager
def noted(readings: Readings) -> Generator[None, None, None]:
    """Notes what `read_bytes` and `resolved` are asked for inside."""
    token = _READINGS.set(readings)
    try:
        yield
    finally:
        _READINGS.reset(token)


def read_bytes(path: Path, most: int = -1) -> bytes:
    """The content of a file of a model, up to so many bytes."""
    with path.open("rb") as stream:
        content = stream.read(most)
    if (readings := _READINGS.get()) is not None:
        readings.note(str(path.absolute()), _hash(content))
    return content


def resolved(path: Path) -> Path:
    """Where a path leads, links followed."""
    found = path.resolve()
    if (readings := _READINGS.get()) is not None:
        readings.places[str(path.absolute())] = str(found)
    return found


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it: readers see the old file or the whole new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` atomically."""
    write_atomically(path, lambda stream: stream.write(content))
