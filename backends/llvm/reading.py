"""Optimised code for people: marks of lines become comments with the statement that an instruction comes from."""

import re
from collections.abc import Iterator, Sequence

from mcompiler.backends.llvm.loops import marked_lines
from mcompiler.backends.values import one_line

_DEBUG_NODE = re.compile(r"^!\d+ = (?:distinct )?!DI|^!llvm\.dbg\.cu = ")
_MARK = re.compile(r",? !dbg (!\d+)")
_LOC = re.compile(r"^\s+\.loc\s+\d+ (\d+) ")
#: What only debuggers and unwinders read.
_NOISE = re.compile(r"^\s+\.(loc|file|cfi_\w+|addrsig)\b|^\.L(tmp|func_begin|func_end|sec_end)\w*:|^\.Ltmp")


def readable_llvm(text: str, statements: Sequence[str]) -> str:
    """LLVM's text, still valid, with a comment where instructions of another statement begin."""
    return "\n".join(_llvm_lines(text, statements)) + "\n"


def readable_assembly(text: str, statements: Sequence[str]) -> str:
    """Assembly likewise, without sections for debuggers."""
    return "\n".join(_assembly_lines(text, statements)) + "\n"


def _llvm_lines(text: str, statements: Sequence[str]) -> Iterator[str]:
    lines, last = marked_lines(text), 0
    for line in text.rstrip().splitlines():
        if _DEBUG_NODE.match(line):
            continue
        mark = _MARK.search(line)
        now = lines.get(mark.group(1), 0) if mark else 0
        if now and now != last:
            yield f"  ; {one_line(statements[now - 1])}"
            last = now
        yield _MARK.sub("", line)


def _assembly_lines(text: str, statements: Sequence[str]) -> Iterator[str]:
    last, is_debug = 0, False
    for line in text.rstrip().splitlines():
        if line.lstrip().startswith(".section"):
            is_debug = ".debug_" in line
        place = _LOC.match(line)
        if place and (now := int(place.group(1))) and now != last:
            yield f"\t# {one_line(statements[now - 1])}"
            last = now
        if not is_debug and not _NOISE.match(line):
            yield line
