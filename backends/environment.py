"""What a compiled model depends on besides its kernels: our own sources, versions, the CPU. Imports no compiler.

Hashing every source and looking for versions takes longer than all else that a compiled model needs to start, so their results are kept in the cache under the
places, sizes and times of the files, as git does: a file that changes has another time of change, which no program sets at will. What changed a moment ago is
not kept, since it might change again within the resolution of those times.
"""

import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from mcompiler.backends import cache as disk
from mcompiler.backends.cpu import processor
from mcompiler.kernel import abi

# The source tree keeps backends/ beside mcompiler/, so rooms are found through links.
_PACKAGE = Path(abi.__file__).parent.parent
#: The rooms whose code ends up in an artifact once there are kernels.
_ROOMS = ("kernel", "integrators", "backends")
#: What else the way from a model's text to its kernels depends on.
_SOURCES = (".py", ".lark", ".json", ".mem")
#: What its results depend on: distributions, graphs, derivations.
_LIBRARIES = ("sympy", "numpy", "networkx")
#: Seconds after which no file that changes can keep its time of change.
_SETTLED = 2.0


def environment() -> dict[str, str]:
    """Named texts that belong into every key: another version, source or CPU is another key."""
    return dict(_known()[0])


def whole_compiler() -> str:
    """Hash of every source, and the versions of what a model's values and kernels are made with: what a fingerprint of a model's text leaves out."""
    return _known()[1]


@cache
def _known() -> tuple[dict[str, str], str]:
    seen = _Seen.now()
    key = disk.key_of({"part": "environment", "seen": seen.text})
    stored = disk.find(key)
    if stored is not None:
        facts = stored.facts
        if isinstance(facts.get("environment"), dict) and isinstance(facts.get("compiler"), str):
            return facts["environment"], facts["compiler"]
    found, compiler = _environment(), _whole_compiler()
    if seen.newest < time.time() - _SETTLED:
        disk.store(
            key, {"environment": found, "compiler": compiler}, {}, disk.About("mcompiler", "hash of its sources")
        )
    return found, compiler


class _Seen:
    """What the file system says of our sources and of the places where packages are, and the last time of any change."""

    def __init__(self, text: str, newest: float) -> None:
        self.text = text
        self.newest = newest

    @classmethod
    def now(cls) -> "_Seen":
        """As it is."""
        rows: list[object] = [sys.version, cpu(), sys.path]
        newest = 0.0
        for path in (*_files(_PACKAGE), *sys.path):
            try:
                status = Path(path).stat()
            except OSError:
                continue  # a place in the path that is not there
            rows.append((path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns))
            newest = max(newest, status.st_mtime, status.st_ctime)
        return cls(json.dumps(rows), newest)


def _environment() -> dict[str, str]:
    return {
        "mcompiler": package_version("mcompiler"),
        "numba": package_version("numba"),
        "llvmlite": package_version("llvmlite"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cpu": cpu(),
        "sources": _hash_of(str(_PACKAGE / room) for room in _ROOMS),
    }


def _whole_compiler() -> str:
    versions = " ".join(f"{name} {package_version(name)}" for name in _LIBRARIES)
    return f"{_hash_of([str(_PACKAGE)])} {versions}"


def package_version(name: str) -> str:
    """The installed version, or "none"."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def cpu() -> str:
    """The CPU's model and, where the system tells, a hash of its features."""
    first = processor()
    if not first:
        return platform.processor() or platform.machine()
    name = first.get("model name", first.get("CPU part", ""))
    features = first.get("flags", first.get("Features", ""))
    return f"{name} {hashlib.sha256(features.encode()).hexdigest()[:16]}".strip()


def _hash_of(folders: Iterable[str]) -> str:
    found = hashlib.sha256()
    for folder in folders:
        for path in _files(folder):
            found.update(f"{path.removeprefix(str(_PACKAGE))}\0".encode())
            found.update(hashlib.sha256(Path(path).read_bytes()).digest())
    return found.hexdigest()


def _files(folder: str | Path) -> list[str]:
    """Source files below a folder, links followed, in the same order everywhere."""
    found: list[str] = []
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [each for each in folders if each != "__pycache__"]
        found += [f"{place}/{name}" for name in names if name.endswith(_SOURCES)]
    return sorted(found)
