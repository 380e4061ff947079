"""The reference interpreter: runs a kernel module on numpy arrays or lists, in float64 or complex numbers, one member at a time.

It is slow and obvious; passes and backends are measured against it. With complex arrays every value is complex, comparisons look at real parts, and a
step of 1e-30 i in one input gives that input's exact derivative (complex step). Its callables take the arguments of `abi`, so integrators run on them.
"""

import math
import operator
from collections.abc import Callable
from typing import Any, TypeAlias, assert_never

import numpy as np

from mcompiler.kernel.abi import F64, I64, I64_ARRAY
from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
    Float,
    For,
    If,
    Integer,
    Kernel,
    KernelModule,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Return,
    Statement,
    Store,
    Value,
)
from mcompiler.kernel.operations import square_and_multiply

#: A number of the interpreter: np.float64, np.complex128, int or bool; an array: anything that can be indexed. Untyped, since both come from numpy.
Number: TypeAlias = Any
Frame: TypeAlias = dict[str, Any]
RunKernel: TypeAlias = Callable[..., Number]


def interpret(module: KernelModule) -> dict[str, RunKernel]:
    """A callable for every kernel, by name, with the kernel's signature."""
    return {kernel.signature.name: _callable(kernel) for kernel in module.kernels}


def _callable(kernel: Kernel) -> RunKernel:
    arguments = kernel.signature.arguments
    integers = {argument.name for argument in arguments if argument.type == I64_ARRAY}

    def run(*given: Number) -> Number:
        if len(given) != len(arguments):
            raise TypeError(f"{kernel.signature.name} takes {len(arguments)} arguments, not {len(given)}")
        pairs = zip(arguments, given, strict=True)
        frame: Frame = {argument.name: _converted(argument.type, value) for argument, value in pairs}
        with np.errstate(all="ignore"):
            return _run(kernel.body, frame, integers)

    run.__name__ = kernel.signature.name
    run.__doc__ = kernel.signature.doc
    return run


def _converted(kind: str, value: Number) -> Number:
    if kind == F64:
        return _f64(value)
    return int(value) if kind == I64 else value


def _f64(value: Number) -> Number:
    return np.complex128(value) if isinstance(value, complex) else np.float64(value)


def _run(body: tuple[Statement, ...], frame: Frame, integers: set[str]) -> Number:
    for statement in body:
        match statement:
            case Buffer(name, size):
                frame[name] = [np.float64(math.nan)] * size
            case Let(name, value, _):
                frame[name] = _evaluate(value, frame, integers)
            case Store(array, index, value, _):
                frame[array][_evaluate(index, frame, integers)] = _evaluate(value, frame, integers)
            case Accumulate(array, index, value, _):
                frame[array][_evaluate(index, frame, integers)] += _evaluate(value, frame, integers)
            case For(index, count, inner, _):
                for turn in range(_evaluate(count, frame, integers)):
                    frame[index] = turn
                    _run(inner, frame, integers)
            case Reduce():
                _reduce(statement, frame, integers)
            case If(condition, inner, _):
                if _evaluate(condition, frame, integers):
                    _run(inner, frame, integers)
            case Return(value):
                return _evaluate(value, frame, integers)
            case _:
                assert_never(statement)
    return None


def _reduce(statement: Reduce, frame: Frame, integers: set[str]) -> None:
    results = [_evaluate(total.initial, frame, integers) for total in statement.totals]
    for turn in range(_evaluate(statement.count, frame, integers)):
        frame[statement.index] = turn
        _run(statement.body, frame, integers)
        for place, total in enumerate(statement.totals):
            results[place] = _OPERATIONS[total.operation](results[place], _evaluate(total.value, frame, integers))
    for total, result in zip(statement.totals, results, strict=True):
        frame[total.name] = result


def _evaluate(value: Value, frame: Frame, integers: set[str]) -> Number:
    match value:
        case Local(name):
            return frame[name]
        case Op("powi", (base, Integer(exponent))):
            return _powi(_evaluate(base, frame, integers), exponent)
        case Op(name, arguments):
            return _OPERATIONS[name](*[_evaluate(argument, frame, integers) for argument in arguments])
        case Load(array, index):
            loaded = frame[array][_evaluate(index, frame, integers)]
            return int(loaded) if array in integers else _f64(loaded)
        case Float(number):
            return np.float64(number)
        case Integer(number):
            return number
        case _:
            assert_never(value)


def _powi(base: Number, exponent: int) -> Number:
    if exponent <= 0:
        return np.float64(1.0) if exponent == 0 else np.float64(1.0) / _powi(base, -exponent)
    square = result = base
    for step in square_and_multiply(exponent):
        if step == "square":
            square = square * square
        else:
            result = square if step == "take" else result * square
    return result


def _elementary(real: Callable[[float], float], general: Callable[[Number], Number]) -> Callable[[Number], Number]:
    """C's function where Python gives it, numpy's for complex numbers and where Python would raise."""

    def apply(a: Number) -> Number:
        if not isinstance(a, complex):
            try:
                return np.float64(real(a))
            except (OverflowError, ValueError):
                pass
        return general(a)

    return apply


def _pow(a: Number, b: Number) -> Number:
    if not isinstance(a, complex) and not isinstance(b, complex):
        try:
            return np.float64(math.pow(a, b))
        except (OverflowError, ValueError):
            pass
    return np.power(a, b)


def _sign(a: Number) -> Number:
    if a.real > 0:
        return np.float64(1.0)
    return np.float64(-1.0) if a.real < 0 else a


def _step(a: Number) -> Number:
    if a.real >= 0:
        return np.float64(1.0)
    return np.float64(0.0 if a.real < 0 else math.nan)


def _divided(a: Number, b: Number) -> Number:
    return a / b


def _abs(a: Number) -> Number:
    if isinstance(a, complex):
        return -a if a.real < 0 else a
    return abs(a)


def _minimum(a: Number, b: Number) -> Number:
    return b if b.real < a.real or _is_nan(b) else a


def _maximum(a: Number, b: Number) -> Number:
    return b if b.real > a.real or _is_nan(b) else a


def _is_nan(a: Number) -> bool:
    return bool(a.real != a.real)


def _magnitude(a: Number) -> Number:
    return int(np.float64(abs(a.real)).view(np.int64))


def _logistic(a: Number) -> Number:
    part = _OPERATIONS["exp"](a if a.real < 0 else -a)
    return (part if a.real < 0 else np.float64(1.0)) / (np.float64(1.0) + part)


def _floor(a: Number) -> Number:
    return np.floor(a.real)


def _compared(relation: Callable[[Number, Number], Number]) -> Callable[[Number, Number], bool]:
    """The relation between real parts."""

    def compare(a: Number, b: Number) -> bool:
        return bool(relation(a.real, b.real))

    return compare


def _and(a: bool, b: bool) -> bool:  # noqa: FBT001
    return a and b


def _or(a: bool, b: bool) -> bool:  # noqa: FBT001
    return a or b


def _where(a: bool, b: Number, c: Number) -> Number:  # noqa: FBT001
    return b if a else c


_OPERATIONS: dict[str, Callable[..., Number]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": _divided,
    "quotient": operator.floordiv,
    "magnitude": _magnitude,
    "real": np.float64,
    "neg": operator.neg,
    "pow": _pow,
    "sqrt": _elementary(math.sqrt, np.sqrt),
    "exp": _elementary(math.exp, np.exp),
    "expm1": _elementary(math.expm1, np.expm1),
    "log": _elementary(math.log, np.log),
    "log1p": _elementary(math.log1p, np.log1p),
    "sin": _elementary(math.sin, np.sin),
    "cos": _elementary(math.cos, np.cos),
    "tan": _elementary(math.tan, np.tan),
    "tanh": _elementary(math.tanh, np.tanh),
    "sinh": _elementary(math.sinh, np.sinh),
    "cosh": _elementary(math.cosh, np.cosh),
    "sinh_1": _elementary(math.sinh, np.sinh),
    "sinh_2": _elementary(math.sinh, np.sinh),
    "sin_20": _elementary(math.sin, np.sin),
    "cos_20": _elementary(math.cos, np.cos),
    "tan_20": _elementary(math.tan, np.tan),
    "asinh": _elementary(math.asinh, np.arcsinh),
    "atan": _elementary(math.atan, np.arctan),
    "logistic": _logistic,
    "abs": _abs,
    "sign": _sign,
    "step": _step,
    "floor": _floor,
    "min": _minimum,
    "max": _maximum,
    "lt": _compared(operator.lt),
    "le": _compared(operator.le),
    "gt": _compared(operator.gt),
    "ge": _compared(operator.ge),
    "eq": _compared(operator.eq),
    "ne": _compared(operator.ne),
    "and": _and,
    "or": _or,
    "not": operator.not_,
    "predictable": bool,
    "where": _where,
}
