"""What can be called in a model: how many arguments, and which units they take and give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import pi

from mcompiler.units import CHARGE, DIMENSIONLESS, ENERGY, TIME, Dimension, _dimension  # pyright: ignore[reportPrivateUsage]

#: Constants: value in SI and dimension (CODATA 2018, exact).
CONSTANTS: dict[str, tuple[float, Dimension]] = {
    "pi": (pi, DIMENSIONLESS),
    "q_e": (1.602176634e-19, CHARGE),
    "k_B": (1.380649e-23, ENERGY / _dimension(K=1)),
}

#: What an argument must be: the same unit as the others of its letter, one fixed unit, or a condition.
CONDITION = "condition"
Want = str | Dimension


@dataclass(frozen=True, slots=True)
class Function:
    """What a function takes and gives.

    Attributes:
        arguments: what each is: a letter (all of one letter share a unit), a dimension, or a condition.
        result: a letter, a dimension, or a rule from the letters' dimension.
        repeats: so many of the last arguments may come again.
        usage: the arguments by name.
    """

    arguments: tuple[Want, ...]
    result: Want | Callable[[Dimension], Dimension]
    repeats: int = 0
    usage: str = "x"

    def dimension(self, shared: Dimension) -> Dimension:
        """What the result measures where the arguments of a letter are in ``shared``."""
        if isinstance(self.result, Dimension):
            return self.result
        return shared if isinstance(self.result, str) else self.result(shared)

    def wants(self, count: int) -> Sequence[Want] | None:
        """What ``count`` arguments must be, or None where that is a wrong number."""
        extra = count - len(self.arguments)
        if extra == 0:
            return self.arguments
        if not self.repeats or extra < 0 or extra % self.repeats:
            return None
        return (*self.arguments, *self.arguments[-self.repeats :] * (extra // self.repeats))


def _root(dimension: Dimension) -> Dimension:
    return dimension ** Fraction(1, 2)


_PLAIN = Function((DIMENSIONLESS,), DIMENSIONLESS)
_PLAIN_NAMES = [
    "exp",
    "expm1",
    "log",
    "log1p",
    "sin",
    "cos",
    "tan",
    "tanh",
    "sinh",
    "cosh",
    "asinh",
    "atan",
    "logistic",
]

FUNCTIONS: dict[str, Function] = {
    **dict.fromkeys(_PLAIN_NAMES, _PLAIN),
    "pow": Function((DIMENSIONLESS, DIMENSIONLESS), DIMENSIONLESS, usage="x, p"),
    "sqrt": Function(("x",), _root),
    "abs": Function(("x",), "x"),
    "sign": Function(("x",), DIMENSIONLESS),
    "step": Function(("x",), DIMENSIONLESS),
    "min": Function(("x", "x"), "x", 1, "a, b"),
    "max": Function(("x", "x"), "x", 1, "a, b"),
    "clip": Function(("x", "x", "x"), "x", usage="x, low, high"),
    "where": Function((CONDITION, "x", "x"), "x", usage="condition, a, b"),
    "pulse": Function((TIME, "x", "x", *(TIME,) * 5), "x", usage="t, low, high, delay, rise, fall, width, period"),
    "pwl": Function((TIME, TIME, "x", TIME, "x"), "x", 2, "t, t1, v1, t2, v2, ..."),
}
