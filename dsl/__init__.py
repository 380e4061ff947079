"""The model language: grammar, syntax tree, parser, printer, and the device library as data in ``library/``.

The only room that imports lark, and that only to make its tables. Names, units of expressions and sizes are resolved by later rooms; nothing
here evaluates model text.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from mcompiler.dsl.reader import read_source
from mcompiler.source import Source

if TYPE_CHECKING:
    from mcompiler.dsl import syntax
    from mcompiler.dsl.parser import parse, read

__all__ = ["LIBRARY", "format_module", "parse", "parse_text", "read", "read_source", "syntax"]

#: The folder of the shipped models.
LIBRARY = Path(__file__).resolve().parent / "library"


def format_module(module: "syntax.Module") -> str:
    """The text of a module in canonical form; comments stay."""
    from mcompiler.dsl import printer  # not needed to read a model

    return printer.format_module(module)


def parse_text(text: str, name: str = "<text>") -> "syntax.Module":
    """The tree of a text that has no file.

    Raises:
        CompileError: with all errors of syntax.
    """
    from mcompiler.dsl.parser import parse  # not needed to read a file

    return parse(Source(name, text))


def __getattr__(name: str) -> object:
    """The parser is imported when it is first used: a compiled model starts without it."""
    if name not in {"parse", "read"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value: object = getattr(import_module("mcompiler.dsl.parser"), name)
    globals()[name] = value
    return value
