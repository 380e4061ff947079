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
from typing import TYPE_CHECKING

from mcompiler.backends import cache
from mcompiler.backends.artifact import (
    KERNELS_OBJECT,
    OBJECTS,
    Artifact,
    Manifest,
    manifest_from_json,
    manifest_to_json,
    symbol,
)
from mcompiler.backends.calls import NativeLibrary
from mcompiler.backends.environment import environment, whole_compiler
from mcompiler.backends.numba.load import load as load_native
from mcompiler.backends.protocols import CompileOptions
from mcompiler.kernel.abi import WORK, Signature
from mcompiler.kernel.layout import Layout, to_json

if TYPE_CHECKING:
    import llvmlite.binding as llvm

    from mcompiler.integrators.entries import Entry
    from mcompiler.kernel.ir import KernelModule

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
    kernels: "KernelModule",
    layout: Layout,
    entries: "Sequence[Entry]" = (),
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
    from mcompiler.backends.text import module_text

    clock = _Clock()
    text = module_text(kernels, environment()["mcompiler"])
    signatures = _signatures(kernels, entries)
    key = _content_key(text, kernels.z, layout, entries, options)
    made = {each.name: each for each in signatures}
    # Facts take the trip through JSON here too, so that a cold process sees what a warm one will see.
    manifest = Manifest(kernels.name, key, made, layout, environment(), json.loads(json.dumps(dict(facts or {}))))
    clock.lap("text")
    stored = _find(key) if options.cached else None
    was_stored = stored is not None
    if stored is None:
        from mcompiler.backends.numba import machine

        clock.lap("import llvmlite")
        content = machine.files(kernels, entries, options, _by_symbol(signatures), clock.lap) | {"py": text.encode()}
        stored = cache.store(key, manifest_to_json(manifest), content, cache.About(kernels.name, "machine code"))
    if fingerprint:
        about = cache.About(kernels.name, "machine code by its network")
        stored = cache.store(_name_key(fingerprint, options), manifest_to_json(manifest), stored.content, about)
    clock.lap("store")
    if was_stored:
        clock.seconds.clear()
    return _artifact(manifest, stored, clock.seconds)


def find(fingerprint: str, options: CompileOptions = _DEFAULT) -> Artifact | None:
    """What was compiled under this fingerprint by this version for this CPU; imports no compiler."""
    stored = _find(_name_key(fingerprint, options))
    return None if stored is None else _artifact(manifest_from_json(stored.facts), stored, {})


def load(artifact: Artifact) -> NativeLibrary:
    """The artifact's functions, ready to be called."""
    return load_native(artifact)


def optimised(
    kernels: "KernelModule", entries: "Sequence[Entry]" = (), options: CompileOptions = _DEFAULT
) -> "llvm.ModuleRef":
    """The linked and optimised LLVM module; its text shows what was inlined and vectorised."""
    from mcompiler.backends.numba import machine

    signatures = _by_symbol(_signatures(kernels, entries))
    return machine.optimised(kernels, entries, options, signatures, _Clock().lap)


def object_code(
    kernels: "KernelModule",
    layout: Layout,
    entries: "Sequence[Entry]" = (),
    options: CompileOptions = _DEFAULT,
    *,
    prefix: str,
) -> bytes:
    """One object of what `compile` makes, to be linked beside others: its C names are ``PREFIX_NAME``, and hidden outside what it is linked into."""
    from mcompiler.backends.text import module_text

    text = module_text(kernels, environment()["mcompiler"])
    signatures = _signatures(kernels, entries)
    key = cache.key_of({"object": _content_key(text, kernels.z, layout, entries, options), "prefix": prefix})
    stored = cache.find(key) if options.cached else None
    if stored is not None and KERNELS_OBJECT in stored.content:
        return stored.content[KERNELS_OBJECT]
    from mcompiler.backends.numba import link, machine

    module = machine.optimised(kernels, entries, options, _by_symbol(signatures), _Clock().lap)
    link.rename(module, {symbol(each.name): f"{prefix}_{each.name}" for each in signatures})
    made = link.emit_object(module, options.cpu)
    cache.store(key, {}, {KERNELS_OBJECT: made}, cache.About(kernels.name, f"standalone object {prefix}"))
    return made


def needed_features(cpu: str) -> tuple[str, ...]:
    """What a machine must have to run code for this CPU."""
    from mcompiler.backends.numba import link

    return link.needed_features(cpu)


def _by_symbol(signatures: Sequence[Signature]) -> dict[str, Signature]:
    return {symbol(each.name): each for each in signatures}


def _signatures(kernels: "KernelModule", entries: "Sequence[Entry]") -> list[Signature]:
    """Signatures of all that the library offers."""
    from mcompiler.kernel.tasks import has_tasks

    everything = [each.signature.name for each in kernels.kernels] + [each.signature.name for each in entries]
    twice = sorted({name for name in everything if everything.count(name) > 1})
    if twice:
        raise ValueError(f"two functions have one name: {', '.join(twice)}")
    found = [kernel.signature for kernel in kernels.kernels] + [each.signature for each in entries if each.exported]
    return [*found, WORK] if has_tasks(kernels) else found


def _content_key(
    text: str, z: Sequence[int], layout: Layout, entries: "Sequence[Entry]", options: CompileOptions
) -> str:
    from mcompiler.backends.numba.describe import described

    parts = {"text": text, "layout": json.dumps(to_json(layout), sort_keys=True), "entries": described(entries)}
    parts["z"] = " ".join(map(str, z))
    return cache.key_of({**environment(), **parts, "backend": "numba", **options.parts})


def _name_key(fingerprint: str, options: CompileOptions) -> str:
    parts = {"compiler": whole_compiler(), "fingerprint": fingerprint}
    return cache.key_of({**environment(), **parts, "backend": "numba", **options.parts})


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
    objects = tuple(content[suffix] for suffix in OBJECTS if suffix in content)
    library = stored.paths.get("so")
    return Artifact(manifest, objects, library, content.get("so"), content["py"].decode(), dict(seconds))
