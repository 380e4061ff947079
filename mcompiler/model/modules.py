"""Which files a model is made of: its own and those it uses. Library devices and functions are found without `use`."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from mcompiler.diagnostics import CompileError, InternalError, Problems
from mcompiler.dsl import parse, read_source, syntax
from mcompiler.files import resolved
from mcompiler.model.faults import duplicate, unknown
from mcompiler.model.functions import FUNCTIONS
from mcompiler.model.library import library_functions, library_modules

Named = TypeVar("Named", syntax.Block, syntax.Function)

#: Most files of one model, and most that use each other one after the other.
MOST_FILES = 200
DEEPEST_USE = 50


@dataclass(slots=True)
class Definitions:
    """Blocks and functions of a model by name; ``circuits`` holds networks too."""

    problems: Problems
    root: Path | None
    devices: dict[str, syntax.Block] = field(default_factory=dict[str, syntax.Block])
    functions: dict[str, syntax.Function] = field(default_factory=dict[str, syntax.Function])
    cells: dict[str, syntax.Block] = field(default_factory=dict[str, syntax.Block])
    synapses: dict[str, syntax.Block] = field(default_factory=dict[str, syntax.Block])
    circuits: dict[str, syntax.Block] = field(default_factory=dict[str, syntax.Block])
    experiments: list[syntax.Block] = field(default_factory=list[syntax.Block])
    files: dict[Path, None] = field(default_factory=dict[Path, None])

    @property
    def blocks(self) -> tuple[syntax.Block, ...]:
        """All blocks."""
        tables = (self.devices, self.cells, self.synapses, self.circuits)
        return (*(each for table in tables for each in table.values()), *self.experiments)

    def callable(self) -> dict[str, syntax.Function]:
        """The functions that the model's own expressions may call."""
        return {**library_functions(), **self.functions}


def collect(module: syntax.Module, problems: Problems) -> Definitions:
    """The definitions of a file and of all it uses."""
    found = Definitions(problems, module.source.folder)
    _add(module, found, ())
    return found


def _add(module: syntax.Module, found: Definitions, chain: tuple[Path, ...]) -> None:
    own = _path(module)
    chain = (*chain, own) if own is not None else chain
    for item in module.items:
        match item:
            case syntax.Use():
                _use(item, module, found, chain)
            case syntax.Function():
                _define_function(item, found)
            case syntax.Block(kind="device"):
                _define(item.name, found.devices, item, found.problems, "device")
            case syntax.Block(kind="cell"):
                _define(item.name, found.cells, item, found.problems, "cell")
            case syntax.Block(kind="synapse"):
                _define(item.name, found.synapses, item, found.problems, "synapse")
            case syntax.Block(kind="circuit" | "network"):
                _define(item.name, found.circuits, item, found.problems, "circuit")
            case syntax.Block(kind="experiment" | "learning"):
                if len(chain) < 2:
                    found.experiments.append(item)
            case _:
                raise InternalError(f"nothing is known of a {item.kind}")


def _define(name: syntax.Identifier, table: dict[str, Named], item: Named, problems: Problems, what: str) -> None:
    if name.text in table:
        headline = f"there are two {what}s with the name {name.text}"
        duplicate(problems, headline, name.span, table[name.text].name.span)
    else:
        table[name.text] = item


def _define_function(item: syntax.Function, found: Definitions) -> None:
    name = item.name
    if name.text in FUNCTIONS:
        headline = f"{name.text} is a function of the language already"
        found.problems.error("reserved-word", headline, name.span, hints=("choose another name",))
    places: dict[str, syntax.Identifier] = {}
    for parameter in item.parameters:
        if parameter.text in places:
            headline = f"{parameter.text} is a parameter of {name.text} twice"
            duplicate(found.problems, headline, parameter.span, places[parameter.text].span)
        places.setdefault(parameter.text, parameter)
    _define(name, found.functions, item, found.problems, "function")


# --- files that are used


def _use(item: syntax.Use, module: syntax.Module, found: Definitions, chain: tuple[Path, ...]) -> None:
    if not item.is_file:
        if item.target not in library_modules():
            headline, otherwise = (
                f"there is no library module {item.target}",
                f"there are {', '.join(library_modules())}",
            )
            unknown(found.problems, "unknown-module", headline, item.span, item.target, library_modules(), otherwise)
        return
    path = _place(item, module, found)
    if path is None:
        return
    if path in chain:
        circle = [each.name for each in chain[chain.index(path) :]]
        headline = f"these files use each other: {' -> '.join([*circle, path.name])}"
        found.problems.error("circular-use", headline, item.span, hints=("move what both need into a third file",))
    elif path not in found.files:
        found.files[path] = None
        if len(chain) > DEEPEST_USE or len(found.files) > MOST_FILES:
            headline = f"a model may have {MOST_FILES} files, {DEEPEST_USE} of which use each other one after the other"
            found.problems.error("too-large", headline, item.span)
            return
        used = _read(path, item, found.problems)
        if used is not None:
            _add(used, found, chain)


def _place(item: syntax.Use, module: syntax.Module, found: Definitions) -> Path | None:
    """The file that is used, if it may be."""
    folder = module.source.folder
    if folder is None or found.root is None:
        headline, hint = f'"{item.target}" cannot be found: this text has no folder', "load the model from a file"
        found.problems.error("file-not-found", headline, item.span, hints=(hint,))
        return None
    path = inside(found.root, folder, item.target)
    if path is None:
        headline, hint = (
            f'"{item.target}" lies outside the folder of the model',
            "copy the file below the model's folder",
        )
        found.problems.error("path-outside", headline, item.span, hints=(hint,))
    return path


def _path(module: syntax.Module) -> Path | None:
    folder = module.source.folder
    return (folder / Path(module.source.name).name).resolve() if folder is not None else None


def inside(root: Path, folder: Path, target: str) -> Path | None:
    """The file ``target``, seen from ``folder``, or None where it lies outside ``root``, links followed."""
    try:
        path, limit = resolved(folder / target), resolved(root)
    except (OSError, ValueError, RuntimeError):
        return None
    return path if path.is_relative_to(limit) and not Path(target).is_absolute() else None


def _shown(path: Path, item: syntax.Use) -> str:
    """The path of a used file as the user would write it: beside the path of the file that uses it."""
    source = item.span.source
    return os.path.normpath(Path(source.name).parent / item.target) if source.folder is not None else path.name


def _read(path: Path, item: syntax.Use, problems: Problems) -> syntax.Module | None:
    try:
        source = read_source(path)
    except CompileError as error:
        for each in error.diagnostics:
            headline = each.headline.replace(str(path), f'"{item.target}"')
            hints = each.hints or ("the path starts at the folder of the file that uses it",) * (
                each.code == "file-not-found"
            )
            problems.error(each.code, headline, item.span, notes=each.notes, hints=hints)
        return None
    try:
        return parse(replace(source, name=_shown(path, item), folder=path.parent))
    except CompileError as error:
        problems.found.extend(error.diagnostics)
        return None
