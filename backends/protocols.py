"""What every backend offers, and what it is given. Plain types: nothing here imports numba or llvmlite."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from mcompiler.backends.artifact import Artifact
from mcompiler.kernel.abi import Signature
from mcompiler.kernel.ir import KernelModule
from mcompiler.kernel.layout import Layout

#: A compiled or interpreted function; arguments are floats, ints and contiguous float64 or int64 arrays, as its signature says.
Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A hand-written function of the compiled library, such as an integrator's ``advance``.

    Attributes:
        signature: its name and C interface.
        make: gives the function, in numba's subset of Python, when it is given the functions that it calls: kernels and other entries, by name.
            Compiled, those are external symbols, so an entry is compiled once for all models. Apart from them it may use ``math``, arithmetic,
            loops and the tuples, numbers and booleans of its own module.
        exported: whether the library offers it; otherwise only other entries call it.
    """

    signature: Signature
    make: Callable[[Mapping[str, Function]], Function]
    exported: bool = True


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """How to compile: ``contraction`` allows fused multiply-add; ``cached`` looks into the disk cache before it compiles."""

    contraction: bool = True
    cached: bool = True


class Library(Protocol):
    """Functions by name, ready to be called."""

    @property
    def names(self) -> Sequence[str]:
        """What there is to call."""
        ...

    def __getitem__(self, name: str) -> Function:
        """The function of this name, which takes numpy arrays."""
        ...

    def bind(self, name: str, *arguments: object) -> Callable[[], Any]:
        """The function with its arguments fixed: what they refer to is looked up once, arrays are kept alive."""
        ...


class Compiles(Protocol):
    """A backend that makes an artifact for later processes."""

    def compile(
        self,
        kernels: KernelModule,
        layout: Layout,
        entries: Sequence[Entry] = (),
        options: CompileOptions = ...,
        *,
        fingerprint: str = "",
        facts: Mapping[str, object] | None = None,
    ) -> Artifact:
        """Machine code and manifest, from the cache where they are there already."""
        ...

    def find(self, fingerprint: str, options: CompileOptions = ...) -> Artifact | None:
        """What an earlier process compiled under this fingerprint, or None; imports no compiler."""
        ...

    def load(self, artifact: Artifact) -> Library:
        """The artifact's functions."""
        ...


class Runs(Protocol):
    """A backend that runs kernels as they are, without an artifact."""

    def open(self, kernels: KernelModule, entries: Sequence[Entry] = ()) -> Library:
        """The kernels' and entries' functions."""
        ...
