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
