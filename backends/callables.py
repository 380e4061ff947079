"""A library of Python callables: kernels run as they are, with the entries that call them. No machine code here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

from mcompiler.backends.protocols import Function
from mcompiler.integrators.doubles import OPERATIONS
from mcompiler.integrators.entries import Entry


@final
@dataclass(frozen=True, slots=True)
class PythonLibrary:
    """Python functions by name; arrays are whatever the functions can index."""

    functions: Mapping[str, Function]

    @property
    def names(self) -> Sequence[str]:
        """What there is to call."""
        return tuple(self.functions)

    def __getitem__(self, name: str) -> Function:
        """The function of this name."""
        return self.functions[name]

    def bind(self, name: str, *arguments: object) -> Callable[[], Any]:
        """The function with its arguments fixed."""
        return partial(self.functions[name], *arguments)


def python_library(
    kernels: Mapping[str, Function], entries: Sequence[Entry], finish: Callable[[Entry, Function], Function]
) -> PythonLibrary:
    """The kernels and the entries, which may call each other whatever their order.

    ``finish`` gives what is run for an entry that was made.
    """
    made: dict[str, Function] = {}
    given = {**OPERATIONS, **kernels, **{entry.signature.name: _late(made, entry.signature.name) for entry in entries}}
    for entry in entries:
        made[entry.signature.name] = finish(entry, entry.make(given))
    return PythonLibrary(
        {**kernels, **{entry.signature.name: made[entry.signature.name] for entry in entries if entry.exported}}
    )


def _late(made: Mapping[str, Function], name: str) -> Function:
    def call(*arguments: Any) -> Any:
        return made[name](*arguments)

    return call
