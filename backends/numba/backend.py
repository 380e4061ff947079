"""Kernels and entries to an artifact: text, bitcode, one object, a shared library; each stage timed, the result cached on disk."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcompiler.backends import cache
from mcompiler.backends.artifact import Artifact, Manifest, manifest_from_json, manifest_to_json, symbol
from mcompiler.backends.calls import NativeLibrary
from mcompiler.backends.environment import environment
from mcompiler.backends.numba.load import load as load_native
from mcompiler.backends.protocols import CompileOptions, Entry
from mcompiler.backends.text import module_text
from mcompiler.kernel.abi import KERNELS
from mcompiler.kernel.ir import KernelModule
from mcompiler.kernel.layout import Layout

_DEFAULT = CompileOptions()
_LINK_SECONDS = 60.0


@dataclass(slots=True)
class _Clock:
    """Seconds of each stage, in order."""

    seconds: dict[str, float] = field(default_factory=lambda: {})
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
        fingerprint: names the entry in the cache, so that a later process finds it before it has kernels; by default the kernels' text names it.
        facts: JSON values to find again in the manifest.
    """
    clock = _Clock()
    text = module_text(kernels, environment()["mcompiler"])
    key = _key(fingerprint or text, options)
    found = _find(key) if options.cached else None
    if found is not None:
        return found
    clock.lap("text")
    exported = [kernel.signature for kernel in kernels.kernels] + [
        entry.signature for entry in entries if entry.exported
    ]
    object_code = _object(text, kernels, entries, options, [symbol(each.name) for each in exported], clock)
    library = shared_library(object_code)
    clock.lap("shared library")
    manifest = Manifest(
        kernels.name, key, {each.name: each for each in exported}, layout, environment(), dict(facts or {})
    )
    files = {"o": object_code, "py": text.encode()} | ({"so": library} if library is not None else {})
    stored = cache.store(key, manifest_to_json(manifest), files)
    clock.lap("store")
    return _artifact(stored, clock.seconds)


def find(fingerprint: str, options: CompileOptions = _DEFAULT) -> Artifact | None:
    """What was compiled under this fingerprint by this version for this CPU; imports no compiler."""
    return _find(_key(fingerprint, options))


def load(artifact: Artifact) -> NativeLibrary:
    """The artifact's functions, ready to be called."""
    return load_native(artifact)


def shared_library(object_code: bytes) -> bytes | None:
    """The shared library that the system's linker makes of an object ($CC, else cc); None where there is none or it fails."""
    command = shlex.split(os.environ.get("CC") or "cc")
    if not command or shutil.which(command[0]) is None:
        return None
    bound = [] if sys.platform == "darwin" else ["-Wl,-Bsymbolic", "-Wl,--build-id=none"]
    with tempfile.TemporaryDirectory(prefix="mcompiler-") as folder:
        made, given = Path(folder, "model.so"), Path(folder, "model.o")
        given.write_bytes(object_code)
        try:
            subprocess.run(  # noqa: S603 - the user's own linker
                [*command, "-shared", *bound, "-o", str(made), str(given), "-lm"],
                check=True,
                capture_output=True,
                timeout=_LINK_SECONDS,
            )
            return made.read_bytes()
        except (OSError, subprocess.SubprocessError):
            return None


def _key(content: str, options: CompileOptions) -> str:
    return cache.key_of(
        {**environment(), "backend": "numba", "content": content, "contraction": str(options.contraction)}
    )


def _find(key: str) -> Artifact | None:
    stored = cache.find(key)
    if stored is None or "o" not in stored.content:
        return None
    try:
        return _artifact(stored, {})
    except (ValueError, KeyError, TypeError):
        return None  # a record of another shape is made anew


def _artifact(stored: cache.Stored, seconds: Mapping[str, float]) -> Artifact:
    facts: Mapping[str, Any] = stored.facts
    text = stored.content.get("py", b"").decode()
    return Artifact(manifest_from_json(facts), stored.content["o"], stored.paths.get("so"), text, dict(seconds))


def _object(
    text: str,
    kernels: KernelModule,
    entries: Sequence[Entry],
    options: CompileOptions,
    exported: Sequence[str],
    clock: _Clock,
) -> bytes:
    from mcompiler.backends.numba import compile as frontend
    from mcompiler.backends.numba import link

    clock.lap("import numba")
    modules = _entries(entries, options)
    clock.lap("integrators")
    making = frontend.Frontend(contraction=options.contraction)
    functions = frontend.functions_of(text, kernels.name, frontend.elementary_functions())
    for kernel in kernels.kernels:
        name = kernel.signature.name
        modules.append(making.compile(functions[name], kernel.signature, symbol(name)))
    clock.lap("kernels")
    module = link.link(modules, exported)
    clock.lap("link and optimise")
    object_code = link.emit_object(module)
    clock.lap("object")
    return object_code


def _entries(entries: Sequence[Entry], options: CompileOptions) -> list[bytes]:
    """Bitcode of the entries: compiled once per version, then from the cache."""
    if not entries:
        return []
    key = cache.key_of(
        {**environment(), "part": "entries", "contraction": str(options.contraction), "names": _described(entries)}
    )
    stored = cache.find(key)
    if stored is not None:
        return [stored.content[entry.signature.name] for entry in entries]
    from mcompiler.backends.numba import compile as frontend

    making = frontend.Frontend(contraction=options.contraction)
    signatures = (*KERNELS, *(entry.signature for entry in entries))
    given: dict[str, Any] = {each.name: frontend.external(each, symbol(each.name)) for each in signatures}
    made = {
        entry.signature.name: making.compile(entry.make(given), entry.signature, symbol(entry.signature.name))
        for entry in entries
    }
    cache.store(key, {}, made)
    return list(made.values())


def _described(entries: Sequence[Entry]) -> str:
    return "; ".join(f"{entry.make.__module__}.{entry.make.__qualname__} {entry.signature}" for entry in entries)


if TYPE_CHECKING:
    import types

    from mcompiler.backends.protocols import Compiles, Library

    def _conforms(backend: types.ModuleType, library: NativeLibrary) -> tuple[Compiles, Library]:
        return backend, library  # type: ignore[return-value]
