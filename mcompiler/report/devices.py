"""The device library for people: a list, and one device with its equations, parameters, sets and sources."""

from collections.abc import Iterator

from mcompiler.diagnostics import CompileError, Diagnostic, did_you_mean
from mcompiler.dsl import syntax
from mcompiler.model.modules import library_index, library_module, library_modules


def list_devices() -> str:
    """A line per device, by the module that holds it."""
    return "\n".join(_list())


def describe_device(name: str) -> str:
    """The device as it stands in the library, with the comments above it (sources), and how to use it.

    Raises:
        CompileError: there is no such device.
    """
    if name not in library_index():
        hints = did_you_mean(name, library_index()) or ("`mcompiler devices` lists them all",)
        raise CompileError([Diagnostic("unknown-device", f"the library has no device {name}", hints=hints)])
    module = library_module(library_index()[name])
    block = next(each for each in module.items if isinstance(each, syntax.Block | syntax.Function) and each.name.text == name)
    if isinstance(block, syntax.Function):
        return f"{block.span.text}\n\nin {module.source.name}"
    sets = [each.name.text for each in block.body if isinstance(each, syntax.ParameterSet)]
    ports = ", ".join(("a", "ground")[: len(block.ports)])
    use = [f"M: {name}({ports})", *(f"M: {name}.{each}({ports})" for each in sets)]
    return f"# {module.source.name}\n{block.span.text}\n\nIn a circuit:\n" + "\n".join(f"  {line}" for line in use)


def _list() -> Iterator[str]:
    blocks = {name: [each for each in library_module(name).items if isinstance(each, syntax.Block)] for name in library_modules()}
    width = max(len(block.name.text) for found in blocks.values() for block in found)
    for module, found in blocks.items():
        for block in found:
            sets = [each.name.text for each in block.body if isinstance(each, syntax.ParameterSet)]
            yield f"{block.name.text:<{width}}  {block.doc}"
            if sets:
                yield f"{'':<{width}}  sets: {', '.join(sets)}"
        functions = [each.name.text for each in library_module(module).items if isinstance(each, syntax.Function)]
        if functions:
            yield f"{'functions':<{width}}  {', '.join(functions)}"
    yield ""
    yield "`mcompiler devices NAME` shows equations, parameters, sets and sources."
