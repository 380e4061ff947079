"""CPUs that code can be made for: this one, or a level of x86-64 that many have; and what each needs. Imports no compiler.

The levels are those of the x86-64 psABI. Features have LLVM's names; `CPUID` says where the instruction of that name tells them.
"""

import platform
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import takewhile
from pathlib import Path

#: This machine, with all that it has.
NATIVE = "native"

_V2 = ("cx16", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3")
_V3 = (*_V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe")
_V4 = (*_V3, "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl")
#: What each level needs.
LEVELS = {"x86-64-v2": _V2, "x86-64-v3": _V3, "x86-64-v4": _V4}
CPUS = (NATIVE, *LEVELS)

#: Of each feature: leaf and subleaf of CPUID, the register (of eax, ebx, ecx, edx) and the bit; and what Linux calls it.
CPUID: dict[str, tuple[int, int, int, int, str]] = {
    "sse3": (1, 0, 2, 0, "pni"),
    "pclmul": (1, 0, 2, 1, "pclmulqdq"),
    "ssse3": (1, 0, 2, 9, "ssse3"),
    "fma": (1, 0, 2, 12, "fma"),
    "cx16": (1, 0, 2, 13, "cx16"),
    "sse4.1": (1, 0, 2, 19, "sse4_1"),
    "sse4.2": (1, 0, 2, 20, "sse4_2"),
    "movbe": (1, 0, 2, 22, "movbe"),
    "popcnt": (1, 0, 2, 23, "popcnt"),
    "avx": (1, 0, 2, 28, "avx"),
    "f16c": (1, 0, 2, 29, "f16c"),
    "bmi": (7, 0, 1, 3, "bmi1"),
    "avx2": (7, 0, 1, 5, "avx2"),
    "bmi2": (7, 0, 1, 8, "bmi2"),
    "avx512f": (7, 0, 1, 16, "avx512f"),
    "avx512dq": (7, 0, 1, 17, "avx512dq"),
    "avx512ifma": (7, 0, 1, 21, "avx512ifma"),
    "avx512cd": (7, 0, 1, 28, "avx512cd"),
    "avx512bw": (7, 0, 1, 30, "avx512bw"),
    "avx512vl": (7, 0, 1, 31, "avx512vl"),
    "avx512vbmi": (7, 0, 2, 1, "avx512vbmi"),
    "avx512vbmi2": (7, 0, 2, 6, "avx512_vbmi2"),
    "gfni": (7, 0, 2, 8, "gfni"),
    "avx512vnni": (7, 0, 2, 11, "avx512_vnni"),
    "avx512bitalg": (7, 0, 2, 12, "avx512_bitalg"),
    "avx512vpopcntdq": (7, 0, 2, 14, "avx512_vpopcntdq"),
    "avx512fp16": (7, 0, 3, 23, "avx512_fp16"),
    "avx512bf16": (7, 1, 0, 5, "avx512_bf16"),
    "avxvnni": (7, 1, 0, 4, "avx_vnni"),
    "lzcnt": (0x80000001, 0, 2, 5, "abm"),
}


def checked(cpu: str) -> str:
    """The name of a CPU that code can be made for on this machine.

    Raises:
        ValueError: there is none of this name, or it is one of another family.
    """
    if cpu not in CPUS:
        raise ValueError(f"no CPU {cpu!r}: there is {', '.join(CPUS)}")
    if cpu != NATIVE and platform.machine().lower() not in {"x86_64", "amd64"}:
        raise ValueError(f"code for {cpu} is made on x86-64 machines, and this is one of {platform.machine()}")
    return cpu


def check_runs_here(cpu: str) -> None:
    """Refuse to run what this machine would die of.

    Raises:
        ValueError: it lacks an instruction.
    """
    if missing := missing_here(LEVELS.get(cpu, ())):
        raise ValueError(f"this machine cannot run code for {cpu}: it has no {', '.join(missing)}")


def missing_here(features: Iterable[str]) -> list[str]:
    """The features that this machine lacks, as far as the system tells."""
    flags = frozenset(processor().get("flags", "").split())
    return [each for each in features if flags and CPUID[each][4] not in flags]


@cache
def processor() -> Mapping[str, str]:
    """What Linux tells of the first processor, by its words; nothing elsewhere. All of many take long to tell."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as stream:
            lines = list(takewhile(str.strip, stream))
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}
