"""What every backend offers, and what it is given. Plain types: nothing here imports numba or llvmlite.

How a solver uses a backend::

    backend = get_backend("numba")                      # or "python", "interpreter"; ValueError for other names
    match backend:
        case Compiles():                                # isinstance works: the protocols can be checked at run time
            artifact = backend.find(fingerprint, options)   # a warm process imports no sympy, numba, llvmlite
            if artifact is None:
                artifact = backend.compile(kernels, layout, entries, options, fingerprint=fingerprint, facts=facts)
            library = backend.load(artifact)            # ctypes functions of a shared library
            layout, facts = artifact.manifest.layout, artifact.manifest.facts
        case Runs():
            library = backend.open(kernels, entries)    # plain Python callables

    library.names                                       # ("sweep", ..., "advance", ...): all kernels, and the exported
    entries library["sweep"](0, t, h, a, 0, y, K, p, z, w)      # float64 and int64 arrays, contiguous; returns None,
    float or int step = library.bind("advance", *arrays)             # addresses are looked up once, arrays are kept
    alive status = step()                                     # the lowest overhead per call; the GIL is released

``fingerprint`` is any text that names the input of the whole compilation (a hash of the model's text and options). It
need not name versions, sources, the CPU or `CompileOptions`: the cache adds them. ``facts`` are JSON values;
`Artifact.manifest.facts` gives them back as JSON does (a tuple comes back as a list). `Artifact` also has
``objects`` (machine code), ``library`` (path of the shared library or None), ``text`` (the kernels' Python text), ``seconds`` by
stage and ``was_cached``.

Arrays. The parts of arrays that one call of a kernel reads and writes must not overlap (rows of one array may be
given, the same row twice may not): compiled code relies on it. An array that a kernel does not touch may be anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from mcompiler.backends.artifact import Artifact
    from mcompiler.integrators.entries import Entry
    from mcompiler.kernel.ir import KernelModule
    from mcompiler.kernel.layout import Layout

#: A compiled or interpreted function; arguments are floats, ints and contiguous float64 or int64 arrays, as its
# signature says.
Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """How to compile: ``contraction`` allows fused multiply-add; ``cached`` looks into the disk cache first; ``cpu`` is one of `cpu.CPUS`."""

    contraction: bool = True
    cached: bool = True
    cpu: str = "native"

    @property
    def parts(self) -> dict[str, str]:
        """What of them changes code, for keys of the cache."""
        return {"contraction": str(self.contraction), "for": self.cpu}


class Library(Protocol):
    """Functions by name, ready to be called."""

    @property
    def names(self) -> Sequence[str]:
        """What there is to call."""
        ...

    def __getitem__(self, name: str) -> Function:
        """The function of this name, which takes numpy arrays; KeyError if there is none."""
        ...

    def bind(self, name: str, *arguments: object) -> Callable[[], Any]:
        """The function with its arguments fixed: what they refer to is looked up once, arrays are kept alive."""
        ...


@runtime_checkable
class Compiles(Protocol):
    """A backend that makes an artifact for later processes."""

    def compile(
        self,
        kernels: "KernelModule",
        layout: "Layout",
        entries: "Sequence[Entry]" = (),
        options: CompileOptions = ...,
        *,
        fingerprint: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> "Artifact":
        """Machine code and manifest, from the cache where they are there already."""
        ...

    def find(self, fingerprint: str, options: CompileOptions = ...) -> "Artifact | None":
        """What an earlier process compiled under this fingerprint, or None; imports no compiler."""
        ...

    def load(self, artifact: "Artifact") -> Library:
        """The artifact's functions."""
        ...


@runtime_checkable
class Runs(Protocol):
    """A backend that runs kernels as they are, without an artifact."""

    def open(self, kernels: "KernelModule", entries: "Sequence[Entry]" = ()) -> Library:
        """The kernels' and entries' functions."""
        ...
