"""The reference interpreter as a backend: slow, obvious, and the only one that takes complex arrays."""

from collections.abc import Sequence

from mcompiler.backends.callables import PythonLibrary, python_library
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.ir import KernelModule


def open(kernels: KernelModule, entries: Sequence[Entry] = ()) -> PythonLibrary:  # noqa: A001 - the protocol
    """The interpreted kernels, and the entries as the Python functions that they are."""
    return python_library(interpret(kernels), entries, lambda _entry, function: function)
