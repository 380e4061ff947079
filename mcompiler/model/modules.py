"""Which files a model is made of: its own, those it uses, and the library, whose names are found without `use`."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from mcompiler.diagnostics import CompileError, Problems, did_you_mean
from mcompiler.dsl import LIBRARY, parse, read_source, syntax

Named = TypeVar("Named", syntax.Block, syntax.Function)
_DEFINED = re.compile(r"^(?:device|function)\s+(\w+)", re.MULTILINE)


@dataclass(slots=True)
class Definitions:
    """Blocks and functions by name. The model's own come before the library's."""

    own: syntax.Module
    devices: dict[str, syntax.Block] = field(default_factory=dict[str, syntax.Block])
    functions: dict[str, syntax.Function] = field(default_factory=dict[str, syntax.Function])
    circuits: dict[str, syntax.Block] = field(default_factory=dict[str, syntax.Block])
    experiments: list[syntax.Block] = field(default_factory=list[syntax.Block])

    def device(self, name: str) -> syntax.Block | None:
        """The device of this name, the library's included."""
        if name not in self.devices and name in library_index():
            self._add_library(library_index()[name])
        return self.devices.get(name)

    def device_names(self) -> Iterator[str]:
        """All there are."""
        yield from self.devices
        yield from library_index()

    def _add_library(self, module: str) -> None:
        for item in library_module(module).items:
            if isinstance(item, syntax.Block):
                self.devices.setdefault(item.name.text, item)


def library_folder() -> Path:
    """The folder of the shipped models."""
    return LIBRARY


@cache
def library_modules() -> tuple[str, ...]:
    """Names of the library's modules."""
    return tuple(sorted(path.stem for path in library_folder().glob("*.mem")))


@cache
def library_index() -> Mapping[str, str]:
    """For every device and function of the library, its module."""
    return {
        name: module
        for module in library_modules()
        for name in _DEFINED.findall((library_folder() / f"{module}.mem").read_text("utf-8"))
    }


@cache
def library_module(name: str) -> syntax.Module:
    """A module of the library, parsed once."""
    source = read_source(library_folder() / f"{name}.mem")
    return parse(type(source)(f"library/{name}.mem", source.text, None))


@cache
def library_functions() -> Mapping[str, syntax.Function]:
    """All functions of the library."""
    modules = {library_index()[name] for name in library_index() if name[0].islower()}
    return {
        item.name.text: item
        for module in sorted(modules)
        for item in library_module(module).items
        if isinstance(item, syntax.Function)
    }


def collect(module: syntax.Module, problems: Problems) -> Definitions:
    """The definitions of a file and of all it uses."""
    found = Definitions(module)
    _add(module, found, problems, (), {})
    found.functions = {**library_functions(), **found.functions}
    return found


def _add(
    module: syntax.Module, found: Definitions, problems: Problems, chain: tuple[Path, ...], seen: dict[Path, None]
) -> None:
    own = not chain
    for item in module.items:
        match item:
            case syntax.Use():
                _use(item, module, found, problems, chain, seen)
            case syntax.Function():
                _define(item.name, found.functions, item, problems, "function")
            case syntax.Block(kind="device"):
                _define(item.name, found.devices, item, problems, "device")
            case syntax.Block(kind="circuit"):
                _define(item.name, found.circuits, item, problems, "circuit")
            case syntax.Block(kind="experiment" | "learning"):
                if own:
                    found.experiments.append(item)
            case syntax.Block():
                problems.error(
                    "unsupported",
                    f"a {item.kind} is part of the language, but this version compiles devices, circuits and experiments only",
                    item.name.span,
                )


def _define(name: syntax.Identifier, table: dict[str, Named], item: Named, problems: Problems, what: str) -> None:
    if name.text in table:
        before = table[name.text].name.span
        problems.error(
            "duplicate-name",
            f"there are two {what}s with the name {name.text}",
            (name.span, "again here"),
            (before, "first here"),
        )
        return
    table[name.text] = item


def _use(
    item: syntax.Use,
    module: syntax.Module,
    found: Definitions,
    problems: Problems,
    chain: tuple[Path, ...],
    seen: dict[Path, None],
) -> None:
    if not item.is_file:
        if item.target not in library_modules():
            hints = did_you_mean(item.target, library_modules()) or (f"the library has {', '.join(library_modules())}",)
            problems.error("unknown-module", f"there is no library module {item.target}", item.span, hints=hints)
        return
    folder = module.source.folder
    if folder is None:
        problems.error(
            "file-not-found",
            f'"{item.target}" cannot be found: this text has no folder',
            item.span,
            hints=("load the model from a file",),
        )
        return
    path = inside(folder if not chain else chain[0].parent, folder, item.target)
    if path is None:
        problems.error(
            "path-outside",
            f'"{item.target}" lies outside the folder of the model',
            item.span,
            hints=("copy the file below the model's folder",),
        )
        return
    if path in chain or path == _path(module):
        problems.error("circular-use", f'"{item.target}" uses a file that uses it', item.span)
        return
    if path in seen:
        return
    seen[path] = None
    used = _read(path, item, problems)
    if used is not None:
        own = _path(module)
        _add(used, found, problems, (*(chain or ((own,) if own else ())), path), seen)


def _path(module: syntax.Module) -> Path | None:
    folder = module.source.folder
    return (folder / Path(module.source.name).name).resolve() if folder is not None else None


def inside(root: Path, folder: Path, target: str) -> Path | None:
    """The file ``target`` below ``folder``, or None where it lies outside ``root`` (links followed)."""
    try:
        path = (folder / target).resolve()
        limit = root.resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return path if path.is_relative_to(limit) and not Path(target).is_absolute() else None


def _read(path: Path, item: syntax.Use, problems: Problems) -> syntax.Module | None:
    try:
        return parse(read_source(path))
    except CompileError as error:
        for each in error.diagnostics:
            if each.labels:
                problems.found.append(each)
            else:
                problems.error(each.code, each.headline, item.span, notes=each.notes, hints=each.hints)
        return None
