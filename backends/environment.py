"""What a compiled model depends on besides its kernels: our own sources, versions of the compilers, the CPU. Imports no compiler."""

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mcompiler.kernel import abi

# The rooms whose code ends up in an artifact. The source tree keeps backends/ beside mcompiler/.
_HERE = Path(__file__).resolve().parent
_KERNEL = Path(abi.__file__).resolve().parent
_ROOMS = (_KERNEL, _KERNEL.parent / "integrators", _HERE)


@cache
def environment() -> dict[str, str]:
    """Named texts that belong into every key: another version, source or CPU is another key."""
    return {
        "mcompiler": package_version("mcompiler"),
        "numba": package_version("numba"),
        "llvmlite": package_version("llvmlite"),
        "machine": platform.machine(),
        "system": platform.system(),
        "cpu": cpu(),
        "sources": _sources(),
    }


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


def _sources() -> str:
    found = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted(room.rglob("*.py")):
            found.update(path.name.encode())
            found.update(path.read_bytes())
    return found.hexdigest()
