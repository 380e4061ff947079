"""Kernels and entries to an artifact: text, bitcode, one object, a shared library.

Each stage is timed, the result cached on disk. The cache has three kinds of entries: the bitcode of the integrators
(once per version), object and shared library
under the hash of all that goes into them, and, where the caller gives a fingerprint, the manifest under that, beside
the same files. Nothing here imports numba or llvmlite before it must.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mcompiler.backends import cache
from mcompiler.backends.artifact import Artifact, Manifest, manifest_from_json, manifest_to_json, symbol
from mcompiler.backends.calls import NativeLibrary
from mcompiler.backends.elementary import ELEMENTARY
from mcompiler.backends.environment import environment, whole_compiler
from mcompiler.backends.numba.describe import described
from mcompiler.backends.numba.load import load as load_native
from mcompiler.backends.numba.shared import shared_library
from mcompiler.backends.protocols import CompileOptions
from mcompiler.backends.text import module_text
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import KERNELS, Signature
from mcompiler.kernel.ir import KernelModule
from mcompiler.kernel.layout import Layout, to_json

if TYPE_CHECKING:
    import llvmlite.binding as llvm

_DEFAULT = CompileOptions()


@dataclass(slots=True)
class _Clock:
    """Seconds of each stage, in order."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])
    last: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self.last
        self.last = now


def compile(  # noqa: A001 - the verb of the stage
    kernels: KernelModule,
    layout: Layout,
    entries: Sequence[Entry] = (),
    options: CompileOptions = _DEFAULT,
    *,
    fingerprint: str = "",
    facts: Mapping[str, object] | None = None,
) -> Artifact:
    """Machine code of all kernels and entries with its manifest.

    Args:
        kernels: what the model does.
        layout: where everything lives; goes into the manifest.
        entries: integrators and what they call.
        options: how to compile.
        fingerprint: names the artifact in the cache, so that a later process finds it before it has kernels.
        facts: JSON values to find again in the manifest.

    Raises:
        ValueError: two functions have one name, or an entry calls what nobody defines.
    """
    clock = _Clock()
    text = module_text(kernels, environment()["mcompiler"])
    signatures = _signatures(kernels, entries)
    key = _content_key(text, kernels.z, layout, entries, options)
    made = {each.name: each for each in signatures}
    # Facts take the trip through JSON here too, so that a cold process sees what a warm one will see.
    manifest = Manifest(kernels.name, key, made, layout, environment(), json.loads(json.dumps(dict(facts or {}))))
    clock.lap("text")
    stored = _find(key) if options.cached else None
    if stored is None:
        content = _content(text, kernels, entries, options, _by_symbol(signatures), clock)
        stored = cache.store(key, manifest_to_json(manifest), content)
        clock.lap("store")
    else:
        clock.seconds.clear()
    if fingerprint:
        stored = cache.store(_name_key(fingerprint, options), manifest_to_json(manifest), stored.content)
    return _artifact(manifest, stored, clock.seconds)


def find(fingerprint: str, options: CompileOptions = _DEFAULT) -> Artifact | None:
    """What was compiled under this fingerprint by this version for this CPU; imports no compiler."""
    stored = _find(_name_key(fingerprint, options))
    return None if stored is None else _artifact(manifest_from_json(stored.facts), stored, {})


def load(artifact: Artifact) -> NativeLibrary:
    """The artifact's functions, ready to be called."""
    return load_native(artifact)


def optimised(
    kernels: KernelModule, entries: Sequence[Entry] = (), options: CompileOptions = _DEFAULT
) -> "llvm.ModuleRef":
    """The linked and optimised LLVM module; its text shows what was inlined and vectorised."""
    text = module_text(kernels, environment()["mcompiler"])
    return _linked(text, kernels, entries, options, _by_symbol(_signatures(kernels, entries)), _Clock())


def _by_symbol(signatures: Sequence[Signature]) -> dict[str, Signature]:
    return {symbol(each.name): each for each in signatures}


def _signatures(kernels: KernelModule, entries: Sequence[Entry]) -> list[Signature]:
    """Signatures of all that the library offers."""
    everything = [each.signature.name for each in kernels.kernels] + [each.signature.name for each in entries]
    twice = sorted({name for name in everything if everything.count(name) > 1})
    if twice:
        raise ValueError(f"two functions have one name: {', '.join(twice)}")
    return [kernel.signature for kernel in kernels.kernels] + [each.signature for each in entries if each.exported]


def _content_key(text: str, z: Sequence[int], layout: Layout, entries: Sequence[Entry], options: CompileOptions) -> str:
    parts = {"text": text, "layout": json.dumps(to_json(layout), sort_keys=True), "entries": described(entries)}
    parts["z"] = " ".join(map(str, z))
    return cache.key_of({**environment(), **parts, "backend": "numba", "contraction": str(options.contraction)})


def _name_key(fingerprint: str, options: CompileOptions) -> str:
    parts = {"compiler": whole_compiler(), "fingerprint": fingerprint}
    return cache.key_of({**environment(), **parts, "backend": "numba", "contraction": str(options.contraction)})


def _find(key: str) -> cache.Stored | None:
    stored = cache.find(key)
    if stored is None or not {"o", "py"} <= set(stored.content):
        return None
    try:
        manifest_from_json(stored.facts)
    except (ValueError, KeyError, TypeError):
        return None  # a record of another shape is made anew
    return stored


def _artifact(manifest: Manifest, stored: cache.Stored, seconds: Mapping[str, float]) -> Artifact:
    content = stored.content
    return Artifact(manifest, content["o"], stored.paths.get("so"), content["py"].decode(), dict(seconds))


def _content(
    text: str,
    kernels: KernelModule,
    entries: Sequence[Entry],
    options: CompileOptions,
    exported: Mapping[str, Signature],
    clock: _Clock,
) -> dict[str, bytes]:
    """The files of an artifact by suffix."""
    module = _linked(text, kernels, entries, options, exported, clock)
    from mcompiler.backends.numba import link

    object_code = link.emit_object(module)
    clock.lap("object")
    library = shared_library(object_code)
    clock.lap("shared library")
    return {"o": object_code, "py": text.encode()} | ({} if library is None else {"so": library})


def _linked(
    text: str,
    kernels: KernelModule,
    entries: Sequence[Entry],
    options: CompileOptions,
    exported: Mapping[str, Signature],
    clock: _Clock,
) -> "llvm.ModuleRef":
    from mcompiler.backends.numba import compile as frontend
    from mcompiler.backends.numba import link

    clock.lap("import numba")
    modules = _entries((*ELEMENTARY, *entries), options)
    clock.lap("integrators")
    making = frontend.Frontend(contraction=options.contraction)
    functions = frontend.functions_of(text, kernels.name, frontend.elementary_functions(in_loops=not kernels.z))
    for kernel in kernels.kernels:
        name = kernel.signature.name
        modules.append(making.compile(functions[name], kernel.signature, symbol(name), apart=True))
    clock.lap("kernels")
    module = link.link(modules, exported, kernels.z)
    clock.lap("link and optimise")
    return module


def _entries(entries: Sequence[Entry], options: CompileOptions) -> list[bytes]:
    """Bitcode of the entries: each compiled once per version, then from the cache."""
    keys = {entry.signature.name: _entry_key(entry, options) for entry in entries}
    stored = {name: cache.find(key) if options.cached else None for name, key in keys.items()}
    found = {name: each.content["bc"] for name, each in stored.items() if each is not None and "bc" in each.content}
    missing = [entry for entry in entries if entry.signature.name not in found]
    if missing:
        from mcompiler.backends.numba import compile as frontend

        making = frontend.Frontend(contraction=options.contraction)
        signatures = (*KERNELS, *(entry.signature for entry in entries))
        given: dict[str, Any] = frontend.elementary_functions()
        given |= {each.name: frontend.external(each, symbol(each.name)) for each in signatures}
        for entry in missing:
            name = entry.signature.name
            found[name] = making.compile(entry.make(given), entry.signature, symbol(name), inlined=entry in ELEMENTARY)
            cache.store(keys[name], {}, {"bc": found[name]})
    return [found[entry.signature.name] for entry in entries]


def _entry_key(entry: Entry, options: CompileOptions) -> str:
    """What an entry calls is external to it; the signatures of what it calls are among the sources of the environment."""
    parts = {"part": "entry", "contraction": str(options.contraction), "entry": described([entry])}
    return cache.key_of({**environment(), **parts})
