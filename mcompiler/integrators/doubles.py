"""Operations on doubles that Python has no words for: their bits, and selections without branches. A compiler has its own instructions for them."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np


def bits(x: Any) -> np.int64:
    """The bits of a double as a signed integer; doubles that are not negative have the order of their bits, NaN above all of them."""
    return np.float64(x).view(np.int64)


def double(n: Any) -> np.float64:
    """The double with these bits."""
    return np.int64(n).view(np.float64)


def where(condition: Any, a: Any, b: Any) -> Any:
    """``a`` if the condition holds, else ``b``."""
    return a if condition else b


def larger(a: Any, b: Any) -> Any:
    """The larger of two."""
    return b if b > a else a


def fma(a: Any, b: Any, c: Any) -> Any:
    """``a*b + c``, rounded once."""
    if not all(map(math.isfinite, (a, b, c, a * b))):
        return a * b + c
    return np.float64(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


#: By the names that functions are given them under.
OPERATIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"bits": bits, "double": double, "where": where, "max": larger, "fma": fma, "floor": np.floor, "real": np.float64}
)
