"""A compiled model: object code, a shared library where there is a linker, and the manifest that says what is in them.

The manifest is JSON: functions with their C names and arguments, the layout, hashes, versions, the CPU, and what the
caller wants to find again (sizes, units, defaults). Nothing is pickled; a process that loads an artifact needs ctypes
and numpy only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mcompiler.kernel import layout as layouts
from mcompiler.kernel.abi import Argument, Signature

#: Raised with every change of what a manifest says.
FORMAT = 1
#: Suffixes of object files in the cache: kernels (with all that calls them, where they are small), and integrators that any model has.
KERNELS_OBJECT, INTEGRATORS_OBJECT = OBJECTS = ("o", "integrators.o")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact holds.

    Attributes:
        name: the model's name.
        key: hash of everything that went in.
        functions: name to signature of every exported function; its C name is ``mc_NAME``.
        layout: where everything lives in the flat arrays.
        made_with: versions and CPU.
        facts: what the caller wants to find again, JSON values only.
    """

    name: str
    key: str
    functions: Mapping[str, Signature]
    layout: layouts.Layout
    made_with: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Artifact:
    """Object code with its manifest; ``library`` is the shared library on disk and ``shared`` its verified content, None where no linker made one.

    ``objects`` belong together: the kernels' own, and that of the integrators where it is the same for all models.
    ``seconds`` says how long each stage took in this process (empty if the artifact came from the cache), ``text`` the
    kernels' Python text.
    """

    manifest: Manifest
    objects: tuple[bytes, ...]
    library: Path | None
    shared: bytes | None = None
    text: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def was_cached(self) -> bool:
        """Whether nothing had to be compiled."""
        return not self.seconds


def symbol(name: str) -> str:
    """The stable C name of a kernel or integrator."""
    return f"mc_{name}"


def manifest_to_json(manifest: Manifest) -> dict[str, Any]:
    """Plain values for JSON."""
    return {
        "format": FORMAT,
        "name": manifest.name,
        "key": manifest.key,
        "functions": {name: _signature_to_json(signature) for name, signature in manifest.functions.items()},
        "layout": layouts.to_json(manifest.layout),
        "made_with": dict(manifest.made_with),
        "facts": dict(manifest.facts),
    }


def manifest_from_json(value: Mapping[str, Any]) -> Manifest:
    """The manifest that ``manifest_to_json`` wrote.

    Raises:
        ValueError: another format.
    """
    if value.get("format") != FORMAT:
        raise ValueError(f"manifest format {value.get('format')!r} is not {FORMAT}")
    return Manifest(
        name=value["name"],
        key=value["key"],
        functions={name: _signature_from_json(name, each) for name, each in value["functions"].items()},
        layout=layouts.from_json(value["layout"]),
        made_with=value["made_with"],
        facts=value["facts"],
    )


def _signature_to_json(signature: Signature) -> dict[str, Any]:
    return {
        "symbol": symbol(signature.name),
        "arguments": [[argument.name, argument.type] for argument in signature.arguments],
        "result": signature.result,
        "doc": signature.doc,
    }


def _signature_from_json(name: str, value: Mapping[str, Any]) -> Signature:
    arguments: Sequence[tuple[str, str]] = value["arguments"]
    return Signature(name, tuple(Argument(each, kind) for each, kind in arguments), value["result"], value["doc"])
