"""The device library: its modules, and for every device and function where it is."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from mcompiler.dsl import LIBRARY, parse, read_source, syntax
from mcompiler.files import Readings, noted

_DEFINED = re.compile(r"^(device|function)\s+(\w+)", re.MULTILINE)


@cache
def library_modules() -> tuple[str, ...]:
    """Names of the library's modules."""
    return tuple(sorted(path.stem for path in LIBRARY.glob("*.mem")))


@cache
def library_devices() -> Mapping[str, str]:
    """For every device of the library its module; nothing is parsed."""
    return {name: module for kind, name, module in _index() if kind == "device"}


@cache
def _index() -> tuple[tuple[str, str, str], ...]:
    texts = ((module, (LIBRARY / f"{module}.mem").read_text("utf-8")) for module in library_modules())
    return tuple((kind, name, module) for module, text in texts for kind, name in _DEFINED.findall(text))


@cache
def library_module(name: str) -> syntax.Module:
    """A module of the library, parsed once."""
    with noted(Readings()):  # whoever notes a model's files need not know of this one: it is one of our sources
        source = read_source(LIBRARY / f"{name}.mem")
    return parse(replace(source, name=f"library/{name}.mem", folder=None))


@cache
def library_functions() -> Mapping[str, syntax.Function]:
    """All functions of the library."""
    modules = dict.fromkeys(module for kind, _, module in _index() if kind == "function")
    items = (item for module in modules for item in library_module(module).items)
    return {item.name.text: item for item in items if isinstance(item, syntax.Function)}


def library_block(name: str) -> syntax.Block | None:
    """The text of a device of the library, or None where there is none of this name."""
    module = library_devices().get(name)
    items = library_module(module).items if module is not None else ()
    return next((each for each in items if isinstance(each, syntax.Block) and each.name.text == name), None)
