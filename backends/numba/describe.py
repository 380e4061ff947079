"""What a hand-written entry is, as text that changes when its compiled code would: the key of its bitcode."""

import sys
from collections.abc import Sequence
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType

from mcompiler.integrators.entries import Entry


def described(entries: Sequence[Entry]) -> str:
    """The entries' signatures, code and what their makers close over, and the source files that they stand in."""
    return "\n".join(f"{entry.signature!r} {entry.exported} {_value(entry.make)}" for entry in entries)


def _value(value: object) -> str:
    match value:
        case partial():
            return f"partial({_value(value.func)}, {_value(value.args)}, {_value(tuple(value.keywords.items()))})"
        case FunctionType():
            cells = [_value(cell.cell_contents) for cell in value.__closure__ or ()]
            kept = [_value(value.__defaults__), _value(tuple((value.__kwdefaults__ or {}).items())), *cells]
            return (
                f"{value.__module__}.{value.__qualname__}({_code(value.__code__)}, {', '.join(kept)}) {_source(value)}"
            )
        case tuple():
            return f"({', '.join(_value(each) for each in value)})"
        case _:
            return repr(
                value
            )  # an address in it means that the entry is compiled anew in every process: slow, never wrong


def _code(code: CodeType) -> str:
    constants = [_code(each) if isinstance(each, CodeType) else repr(each) for each in code.co_consts]
    return f"{code.co_code.hex()} {code.co_names} {code.co_varnames} {code.co_freevars} [{', '.join(constants)}]"


def _source(function: FunctionType) -> str:
    """Hash of the file that defines the function: it may use other names of its module."""
    module = sys.modules.get(function.__module__)
    path = getattr(module, "__file__", None)
    return _hash_of(path) if path else ""


@cache
def _hash_of(path: str) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()
