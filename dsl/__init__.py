"""The model language: grammar, syntax tree, parser, printer, and the device library as data in ``library/``.

The only room that imports lark, and that only to make its tables. Names, units of expressions and sizes are resolved by later rooms; nothing
here evaluates model text.
"""

from pathlib import Path

from mcompiler.dsl import syntax
from mcompiler.dsl.parser import parse, read
from mcompiler.dsl.reader import read_source
from mcompiler.source import Source

__all__ = ["LIBRARY", "format_module", "parse", "parse_text", "read", "read_source"]

#: The folder of the shipped models.
LIBRARY = Path(__file__).resolve().parent / "library"


def format_module(module: syntax.Module) -> str:
    """The text of a module in canonical form; comments stay."""
    from mcompiler.dsl import printer  # not needed to read a model

    return printer.format_module(module)


def parse_text(text: str, name: str = "<text>") -> syntax.Module:
    """The tree of a text that has no file.

    Raises:
        CompileError: with all errors of syntax.
    """
    return parse(Source(name, text))
