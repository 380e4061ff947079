"""The kernels' Python text in CPython: what the machine code does, to be stepped through, with C's arithmetic.

Python's own floats raise where C gives an infinity or NaN. So every double here is a numpy scalar: arguments are
converted, numpy arrays give them, and literals of the text are replaced by names of such scalars. Only text that
`text` wrote is ever executed. Arrays are float64 and int64 numpy arrays.
"""

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MappingProxyType, SimpleNamespace
from typing import Any, TypeAlias

import numpy as np

from mcompiler.backends.callables import PythonLibrary, python_library
from mcompiler.backends.protocols import Function
from mcompiler.backends.text import module_text
from mcompiler.backends.values import CONSTANTS, ELEMENTARY
from mcompiler.integrators.doubles import bits
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import F64, I64, NOTHING, Signature
from mcompiler.kernel.ir import KernelModule

#: np.float64 in, np.float64 out; untyped, since numpy's operators are.
Real: TypeAlias = Any

_CONVERT: dict[str, Callable[[Any], Any]] = {F64: np.float64, I64: int}
# numpy's names, where they differ from C's.
_NUMPY = {"pow": "power", "asinh": "arcsinh", "atan": "arctan"}


def open(kernels: KernelModule, entries: Sequence[Entry] = ()) -> PythonLibrary:  # noqa: A001 - the protocol
    """The kernels' text as Python functions, and the entries with C's functions in the place of ``math``."""
    functions = _functions(module_text(kernels), kernels.name)
    ready = {each.signature.name: _checked(each.signature, functions[each.signature.name]) for each in kernels.kernels}
    return python_library(
        ready, entries, lambda entry, function: _checked(entry.signature, _with_c_functions(function))
    )


def elementary_functions() -> dict[str, Callable[..., Real]]:
    """What generated text calls, with C's meaning: infinities and NaN in the place of exceptions."""
    found: dict[str, Callable[..., Real]] = {name: _c_function(name) for name in ELEMENTARY if name != "logistic"}
    return {**found, "abs": np.fabs, "floor": np.floor, "sqrt": np.sqrt, "logistic": _logistic, **_SELECTED}


def _logistic(a: Real) -> Real:
    part = np.exp(-np.fabs(a))
    return (part if a < 0 else np.float64(1.0)) / (np.float64(1.0) + part)


def _where(condition: bool, a: Real, b: Real) -> Real:  # noqa: FBT001 - as in the text
    return a if condition else b


def _minimum(a: Real, b: Real) -> Real:
    return b if b < a or np.isnan(b) else a


def _maximum(a: Real, b: Real) -> Real:
    return b if b > a or np.isnan(b) else a


def _sign(a: Real) -> Real:
    return np.float64(1.0) if a > 0 else np.float64(-1.0) if a < 0 else a


def _step(a: Real) -> Real:
    return np.float64(1.0 if a >= 0 else 0.0 if a < 0 else math.nan)


_SELECTED: Mapping[str, Callable[..., Real]] = MappingProxyType(
    {
        "buffer": np.zeros,
        "summed": operator.add,
        "real": np.float64,
        "magnitude": lambda a: bits(np.fabs(a)),
        "where": _where,
        "min": _minimum,
        "max": _maximum,
        "sign": _sign,
        "step": _step,
        "predictable": bool,
    }
)


def _c_function(name: str) -> Callable[..., Real]:
    """C's function where Python gives it (it calls the same libm), numpy's value where Python would raise."""
    plain = name.partition("_")[0]
    real: Callable[..., float] = getattr(math, plain, math.fabs)
    general: Callable[..., Real] = getattr(np, _NUMPY.get(plain, plain))

    def apply(*arguments: Real) -> Real:
        try:
            return np.float64(real(*arguments))
        except (OverflowError, ValueError):
            return general(*arguments)

    return apply


def _functions(text: str, name: str) -> dict[str, Function]:
    """The functions that the text defines; the file name is the model's, so that a debugger shows where it stands."""
    tree = ast.parse(text)
    literals = _Literals()
    tree = ast.fix_missing_locations(literals.visit(tree))
    constants = {each: np.float64(value) for each, value in CONSTANTS.items()}
    scope: dict[str, Any] = {**elementary_functions(), **constants, **literals.names}
    exec(compile(tree, f"<{name}>", "exec", dont_inherit=True), scope)  # noqa: S102 - our own generated text only
    return {key: value for key, value in scope.items() if isinstance(value, FunctionType)}


class _Literals(ast.NodeTransformer):
    """Replaces every float literal by the name of the same double as a numpy scalar."""

    def __init__(self) -> None:
        self.names: dict[str, np.float64] = {}

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        """A name for a float; any other literal stays."""
        if not isinstance(node.value, float):
            return node
        name = f"_literal_{node.value.hex()}"
        self.names[name] = np.float64(node.value)
        return ast.copy_location(ast.Name(name, ast.Load()), node)


def _with_c_functions(function: Function) -> Function:
    """The same function, whose ``math`` follows C."""
    if not isinstance(function, FunctionType) or function.__globals__.get("math") is not math:
        return function
    meaning = {**vars(math), **{name: each for name, each in elementary_functions().items() if hasattr(math, name)}}
    scope = {**function.__globals__, "math": SimpleNamespace(**meaning)}
    made = FunctionType(function.__code__, scope, function.__name__, function.__defaults__, function.__closure__)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _checked(signature: Signature, function: Function) -> Function:
    """The function with its arguments converted as C would, and silent about infinities."""
    converters = tuple(_CONVERT.get(each.type, _same) for each in signature.arguments)
    result = _CONVERT.get(signature.result, _same)

    def call(*arguments: Any) -> Any:
        if len(arguments) != len(converters):
            raise TypeError(f"{signature.name} takes {len(converters)} arguments, not {len(arguments)}")
        with np.errstate(all="ignore"):
            given = [convert(argument) for convert, argument in zip(converters, arguments, strict=True)]
            value = function(*given)
            return None if signature.result == NOTHING else result(value)

    call.__name__, call.__doc__ = signature.name, signature.doc
    return call


def _same(value: Any) -> Any:
    return value
