"""What a compiled model depends on besides its kernels: our own sources, versions, the CPU. Imports no compiler."""

import hashlib
import os
import platform
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mcompiler.kernel import abi

# The source tree keeps backends/ beside mcompiler/, so rooms are found through links.
_PACKAGE = Path(abi.__file__).parent.parent
#: The rooms whose code ends up in an artifact once there are kernels.
_ROOMS = ("kernel", "integrators", "backends")
#: What else the way from a model's text to its kernels depends on.
_SOURCES = (".py", ".lark", ".json", ".mem")


@cache
def environment() -> dict[str, str]:
    """Named texts that belong into every key: another version, source or CPU is another key."""
    return {
        "mcompiler": package_version("mcompiler"),
        "numba": package_version("numba"),
        "llvmlite": package_version("llvmlite"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cpu": cpu(),
        "sources": _hash_of(_PACKAGE / room for room in _ROOMS),
    }


@cache
def whole_compiler() -> str:
    """Hash of every source and of the version of sympy: what a fingerprint of a model's text leaves out."""
    return f"{_hash_of([_PACKAGE])} sympy {package_version('sympy')}"


def package_version(name: str) -> str:
    """The installed version, or "none"."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def cpu() -> str:
    """The CPU's model and, where the system tells, a hash of its features."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor() or platform.machine()
    first = dict(_pair(line) for line in text.split("\n\n", 1)[0].splitlines() if ":" in line)
    name = first.get("model name", first.get("CPU part", ""))
    features = first.get("flags", first.get("Features", ""))
    return f"{name} {hashlib.sha256(features.encode()).hexdigest()[:16]}".strip()


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()


def _hash_of(folders: Iterable[Path]) -> str:
    found = hashlib.sha256()
    for folder in folders:
        for path in _files(folder):
            found.update(f"{path.relative_to(_PACKAGE)}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def _files(folder: Path) -> list[Path]:
    """Source files below a folder, links followed, in the same order everywhere."""
    found = [Path(place, name) for place, _, names in os.walk(folder, followlinks=True) for name in names]
    return sorted(path for path in found if path.suffix in _SOURCES)
