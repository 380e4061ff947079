"""Values of expressions with numpy, for what is known before a run: sizes, indices, parameters, bounds, initial values."""

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mcompiler.model.expression import Apply, Expression, Name, Number, name_set

Array = NDArray[np.float64]

_ELEMENTARY: dict[str, Callable[..., Array]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "pow": np.power,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh,
    "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "atan": np.arctan, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "where": np.where,
    "step": lambda x: np.where(x < 0, 0.0, 1.0),
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
}  # fmt: skip


def evaluate(expression: Expression, values: Mapping[str, Array]) -> Array:
    """The value for given values of its names, broadcast; infinities and NaN come out as they are.

    Raises:
        KeyError: a name has no value.
    """
    with np.errstate(all="ignore"):
        return np.asarray(_value(expression, values, {}), dtype=np.float64)


def _value(expression: Expression, values: Mapping[str, Array], known: dict[int, Array]) -> Array:
    match expression:
        case Number():
            return np.float64(expression.value)  # type: ignore[return-value]
        case Name():
            return values[expression.name]
        case Apply():
            if id(expression) not in known:
                known[id(expression)] = _apply(
                    expression.function, [_value(each, values, known) for each in expression.arguments]
                )
            return known[id(expression)]


def _apply(function: str, arguments: list[Array]) -> Array:
    if function in ("min", "max"):
        pick = np.minimum if function == "min" else np.maximum
        result = arguments[0]
        for each in arguments[1:]:
            result = pick(result, each)
        return result
    if function == "pwl":
        return np.interp(arguments[0], np.array(arguments[1::2]), np.array(arguments[2::2]))
    if function == "pulse":
        return _pulse(*arguments)
    return _ELEMENTARY[function](*arguments)


def _pulse(
    t: Array, low: Array, high: Array, delay: Array, rise: Array, fall: Array, width: Array, period: Array
) -> Array:
    local = t - delay
    local = np.where((local > 0) & np.isfinite(period) & (period > 0), local - np.floor(local / period) * period, local)
    corners = [np.float64(0), rise, rise + width, rise + width + fall]
    return np.interp(local, np.array(corners), np.array([low, high, high, low]))


def constant(expression: Expression) -> float | None:
    """The value of an expression without names; None where it has names."""
    if name_set(expression):
        return None
    value = float(evaluate(expression, {}))
    return value


def whole(value: float) -> int | None:
    """The integer that ``value`` is, or None."""
    return int(value) if math.isfinite(value) and value == int(value) else None
