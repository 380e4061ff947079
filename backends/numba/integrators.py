"""Bitcode and machine code of the entries: made by numba once per version and CPU, then from the cache.

Small kernels are optimised together with the integrators that call them. Kernels with loops are a module of their own, since a call costs nothing beside a
loop: integrators for them are an object that no model compiles again. numba is imported only where something is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import llvmlite.binding as llvm

from mcompiler.backends import cache
from mcompiler.backends.artifact import INTEGRATORS_OBJECT, symbol
from mcompiler.backends.elementary import ELEMENTARY
from mcompiler.backends.environment import environment
from mcompiler.backends.numba import link
from mcompiler.backends.numba.describe import described
from mcompiler.backends.protocols import CompileOptions
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import KERNELS, LANED

if TYPE_CHECKING:
    from mcompiler.backends.numba.compile import Frontend


@dataclass(frozen=True, slots=True)
class Separate:
    """Integrators that call kernels of another object: optimised bitcode, machine code, and the symbols of what they call."""

    bitcode: bytes
    object_code: bytes
    calls: tuple[str, ...]


def joined(entries: Sequence[Entry], options: CompileOptions) -> bytes:
    """The entries in one module, simplified, to be optimised with kernels; what the exported ones do not need is gone."""
    key = _key("joined", entries, options)
    stored = cache.find(key) if options.cached else None
    if stored is None or "bc" not in stored.content:
        module = _linked(entries, options)
        link.simplify(module)  # across functions, which saves a quarter of what each model takes
        made = bytes(module.as_bitcode())
        stored = cache.store(key, {}, {"bc": made}, _about("for small models", options))
    return stored.content["bc"]


def separate(entries: Sequence[Entry], options: CompileOptions) -> Separate:
    """The entries compiled as they are, to call the kernels of any model with loops."""
    key = _key("separate", entries, options)
    stored = cache.find(key) if options.cached else None
    if stored is None or not {"bc", INTEGRATORS_OBJECT} <= set(stored.content):
        module = _linked(entries, options)
        link.optimise(module)
        content = {"bc": bytes(module.as_bitcode()), INTEGRATORS_OBJECT: link.emit_object(module)}
        stored = cache.store(
            key, {"calls": list(link.missing_symbols(module))}, content, _about("for networks", options)
        )
    return Separate(stored.content["bc"], stored.content[INTEGRATORS_OBJECT], tuple(stored.facts["calls"]))


def elementary(options: CompileOptions) -> list[bytes]:
    """Bitcode of the elementary functions that kernels with loops call."""
    return _groups(ELEMENTARY, (), options)


def _linked(entries: Sequence[Entry], options: CompileOptions) -> llvm.ModuleRef:
    exported = {symbol(each.signature.name) for each in entries if each.exported}
    module = link.joined([*_groups(entries, entries, options), *elementary(options)], exported)
    link.drop_unused(module)
    return module


def _groups(entries: Sequence[Entry], callable_entries: Sequence[Entry], options: CompileOptions) -> list[bytes]:
    """Bitcode of the entries, those of one Python module together."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(getattr(entry.make, "__module__", ""), []).append(entry)
    keys = {name: _key("group", group, options) for name, group in groups.items()}
    stored = {name: cache.find(key) if options.cached else None for name, key in keys.items()}
    found = {name: each.content["bc"] for name, each in stored.items() if each is not None and "bc" in each.content}
    missing = [name for name in groups if name not in found]
    if missing:
        from mcompiler.backends.numba import compile as frontend

        making = frontend.Frontend(contraction=options.contraction)
        signatures = (*KERNELS, *LANED, *(entry.signature for entry in callable_entries))
        given: dict[str, Any] = frontend.elementary_functions()
        given |= {each.name: frontend.external(each, symbol(each.name)) for each in signatures}
        for name in missing:
            found[name] = _compiled(making, groups[name], given)
            cache.store(keys[name], {}, {"bc": found[name]}, _about(name, options))
    return [found[name] for name in groups]


def _compiled(making: "Frontend", entries: Sequence[Entry], given: Mapping[str, Any]) -> bytes:
    named = {symbol(each.signature.name): each for each in entries}
    made = [
        making.compile(each.make(given), each.signature, name, inlined=each in ELEMENTARY)
        for name, each in named.items()
    ]
    return link.together(made, named, on_demand=entries[0] in ELEMENTARY)


def _about(of: str, options: CompileOptions) -> cache.About:
    return cache.About("integrators", of if options.contraction else f"{of}, without contraction")


def _key(part: str, entries: Sequence[Entry], options: CompileOptions) -> str:
    """What an entry calls is external to it; the signatures of what it calls are among the sources of the environment."""
    parts = {"part": part, "contraction": str(options.contraction), "entries": described(entries)}
    return cache.key_of({**environment(), **parts})
