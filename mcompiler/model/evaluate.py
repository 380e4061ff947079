"""Values of expressions with numpy, for what is known before a run: sizes, indices, parameters, bounds, initial values."""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mcompiler.model.arithmetic import FUNCTIONS
from mcompiler.model.expression import Apply, Expression, Name, Number, name_set, names, size

Array = NDArray[np.float64]

#: Values that an evaluation may hold at once, and the fewest members that are taken together.
_LARGEST_BLOCK, _SMALLEST_BLOCK = 1 << 23, 256


<<<<<<< HEAD
=======
def _step(x: Array) -> Array:
    return np.where(x < 0, 0.0, 1.0)


def _logistic(x: Array) -> Array:
    part = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, part, 1.0) / (1 + part))


def _clip(x: Array, low: Array, high: Array) -> Array:
    return np.minimum(np.maximum(x, low), high)


def _pwl(t: Array, *corners: Array) -> Array:
    times, levels = corners[::2], corners[1::2]
    value = levels[-1]
    for place in range(len(times) - 2, -1, -1):
        slope = (levels[place + 1] - levels[place]) / (times[place + 1] - times[place])
        value = np.where(t < times[place + 1], levels[place] + slope * (t - times[place]), value)
    return np.where(t < times[0], levels[0], value)


def _pulse(
    t: Array, low: Array, high: Array, delay: Array, rise: Array, fall: Array, width: Array, period: Array
) -> Array:
    local = t - delay
    repeats = (local > 0) & np.isfinite(period) & (period > 0)
    local = np.where(repeats, local - np.floor(local / period) * period, local)
    falling = high + (low - high) * (local - rise - width) / fall
    after = np.where(local < rise + width, high, np.where(local < rise + width + fall, falling, low))
    value = np.where(local < rise, low + (high - low) * local / rise, after)
    return np.where(local < 0, low, value)


_ELEMENTARY: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "pow": np.power,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh,
    "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "atan": np.arctan, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "where": np.where,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
    "step": _step, "logistic": _logistic, "clip": _clip, "pwl": _pwl, "pulse": _pulse,
}  # fmt: skip


>>>>>>> 8fdd379 (Elementary functions: all that the language has, in a room of their own; angles choose their range per block (work in progress))
def evaluate(expression: Expression, values: Mapping[str, Array]) -> Array:
    """The value for given values of its names: numbers, or arrays of one length; infinities and NaN come out as they are.

    Long arrays are worked through block by block, so that memory does not grow with the size of the expression.

    Raises:
        KeyError: a name has no value.
    """
    own = {name: values[name] for name in name_set(expression)}
    members = max((value.size for value in own.values() if value.ndim), default=1)
    block = max(_SMALLEST_BLOCK, _LARGEST_BLOCK // size(expression))
    with np.errstate(all="ignore"):
        if members <= block:
            return np.asarray(_value(expression, own, {}), dtype=np.float64)
        result = np.empty(members)
        for start in range(0, members, block):
            part = slice(start, start + block)
            some = {name: value[part] if value.ndim else value for name, value in own.items()}
            result[part] = _value(expression, some, {})
        return result


def _value(expression: Expression, values: Mapping[str, Array], known: dict[int, Array]) -> Array:
    match expression:
        case Number():
            return np.asarray(expression.value)
        case Name():
            return values[expression.name]
        case Apply():
            if id(expression) not in known:
                arguments = [_value(each, values, known) for each in expression.arguments]
                known[id(expression)] = np.asarray(FUNCTIONS[expression.function](*arguments))
            return known[id(expression)]


def constant(expression: Expression) -> float | None:
    """The value of an expression without names; None where it has names."""
    return float(evaluate(expression, {})) if next(names(expression), None) is None else None


def whole(value: float) -> int | None:
    """The integer that ``value`` is, or None."""
    return int(value) if math.isfinite(value) and value == int(value) else None
