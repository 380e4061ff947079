"""The device library for people: a list, and one device with its equations, parameters, sets and sources."""

from collections.abc import Iterator

from mcompiler.diagnostics import CompileError, Diagnostic, did_you_mean
from mcompiler.dsl import syntax
from mcompiler.model.library import library_devices, library_functions, library_module, library_modules


def list_devices() -> str:
    """A line per device, by the module that holds it, and the functions."""
    return "\n".join(_list())


def describe_device(name: str) -> str:
    """A device or function as it stands in the library, with its sources, and how to use it.

    Raises:
        CompileError: there is no such device.
    """
    known = [*library_devices(), *library_functions()]
    if name not in known:
        hints = did_you_mean(name, known) or ("`mcompiler devices` lists them all",)
        raise CompileError([Diagnostic("unknown-device", f"the library has no device {name}", hints=hints)])
    if name in library_functions():
        function = library_functions()[name]
        return f"{_with_comments(function)}\n\nin {function.span.source.name}"
    block = next(each for each in _blocks(library_devices()[name]) if each.name.text == name)
    ports = ", ".join(("a", "ground")[: len(block.ports)])
    use = [f"M: {name}({ports})", *(f"M: {name}.{each}({ports})" for each in _sets(block))]
    lines = "\n".join(f"  {line}" for line in use)
    return f"# {block.span.source.name}\n{_with_comments(block)}\n\nIn a circuit:\n{lines}"


def _list() -> Iterator[str]:
    width = max(len(name) for name in library_devices())
    for module in library_modules():
        for block in _blocks(module):
            yield f"{block.name.text:<{width}}  {block.doc}"
            if _sets(block):
                yield f"{'':<{width}}  parameter sets: {', '.join(_sets(block))}"
    yield f"\nFunctions: {', '.join(library_functions())}"
    yield "`mcompiler devices NAME` shows equations, parameters, parameter sets and sources."


def _blocks(module: str) -> list[syntax.Block]:
    return [each for each in library_module(module).items if isinstance(each, syntax.Block)]


def _sets(block: syntax.Block) -> list[str]:
    return [each.name.text for each in block.body if isinstance(each, syntax.ParameterSet)]


def _with_comments(item: syntax.Block | syntax.Function) -> str:
    """The text of the item with the comment lines right above it."""
    text, start = item.span.source.text, item.span.start
    above = text[:start].split("\n")[:-1]
    first = len(above)
    while first and above[first - 1].startswith("#"):
        first -= 1
    return "\n".join([*above[first:], item.span.text])
