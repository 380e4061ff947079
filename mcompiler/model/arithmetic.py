"""What the functions of expressions mean for numpy arrays. No expression enters here: a process that has formulas only needs this."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


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


#: Each function of expressions, conditions included.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative, "pow": np.power,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh,
    "sinh": np.sinh, "cosh": np.cosh, "asinh": np.arcsinh, "atan": np.arctan, "sqrt": np.sqrt, "abs": np.abs, "sign": np.sign,
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "where": np.where,
    "min": lambda *values: reduce(np.minimum, values),
    "max": lambda *values: reduce(np.maximum, values),
    "step": _step, "logistic": _logistic, "clip": _clip, "pwl": _pwl, "pulse": _pulse,
}  # fmt: skip
