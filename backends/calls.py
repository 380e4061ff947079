"""Calling machine code with numpy arrays: ctypes only, so that a warm process loads nothing else."""

import ctypes
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mcompiler.backends.artifact import symbol
from mcompiler.kernel.abi import F64, F64_ARRAY, I64, I64_ARRAY, NOTHING, Signature

_C_TYPES: dict[str, Any] = {
    F64: ctypes.c_double,
    I64: ctypes.c_int64,
    F64_ARRAY: ctypes.c_void_p,
    I64_ARRAY: ctypes.c_void_p,
    NOTHING: None,
}
_SCALARS: dict[str, Callable[[Any], Any]] = {F64: float, I64: operator.index}
_ARRAYS: dict[str, np.dtype[Any]] = {F64_ARRAY: np.dtype(np.float64), I64_ARRAY: np.dtype(np.int64)}


@final
@dataclass(frozen=True, slots=True)
class NativeLibrary:
    """Machine code in this process. ``raw`` functions take addresses; those of ``[]`` take arrays and check them."""

    signatures: Mapping[str, Signature]
    raw: Mapping[str, Callable[..., Any]]

    @property
    def names(self) -> Sequence[str]:
        """What there is to call."""
        return tuple(self.raw)

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The function that takes numpy arrays."""
        raw, signature = self.raw[name], self.signatures[name]

        def call(*arguments: object) -> Any:
            return raw(*_addresses(signature, arguments))

        return call

    def bind(self, name: str, *arguments: object) -> Callable[[], Any]:
        """The function with fixed arguments; a call costs what ctypes costs."""
        raw, signature = self.raw[name], self.signatures[name]
        ready = _addresses(signature, arguments)

        def call(_kept: object = arguments) -> Any:
            return raw(*ready)

        return call


def native_library(signatures: Mapping[str, Signature], address: Callable[[str], int], owner: object) -> NativeLibrary:
    """The functions whose C names ``address`` finds.

    Each keeps ``owner`` alive: the shared library or execution engine that its code stands in.
    """
    raw: dict[str, Callable[..., Any]] = {}
    for name, signature in signatures.items():
        prototype = ctypes.CFUNCTYPE(_C_TYPES[signature.result], *[_C_TYPES[each.type] for each in signature.arguments])
        function: Any = prototype(address(symbol(name)))
        function.owner = owner
        raw[name] = function
    return NativeLibrary(signatures, raw)


def _addresses(signature: Signature, arguments: Sequence[object]) -> list[Any]:
    if len(arguments) != len(signature.arguments):
        raise TypeError(f"{signature.name} takes {len(signature.arguments)} arguments, not {len(arguments)}")
    pairs = zip(signature.arguments, arguments, strict=True)
    return [
        _address(signature, each.name, given, _ARRAYS[each.type])
        if each.type in _ARRAYS
        else _SCALARS[each.type](given)
        for each, given in pairs
    ]


def _address(signature: Signature, name: str, given: object, wanted: np.dtype[Any]) -> int:
    if not isinstance(given, np.ndarray):
        raise TypeError(f"argument {name} of {signature.name} is an array of {wanted}, not {type(given).__name__}")
    array: NDArray[Any] = given
    if array.dtype is wanted:
        if not array.size:
            return 0
        try:  # a quarter of the time of `ctypes.data`, and calls have dozens of arrays; refuses what is read-only or not contiguous
            buffer: Any = given
            return ctypes.addressof(ctypes.c_char.from_buffer(buffer))
        except TypeError:
            pass
    if array.dtype != wanted or not array.flags.c_contiguous:
        raise TypeError(f"argument {name} of {signature.name} is a contiguous array of {wanted}, not {array.dtype}")
    return array.ctypes.data
