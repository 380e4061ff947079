"""The polynomials of the elementary functions: Remez's exchange algorithm in 120 digits, coefficients rounded to doubles.

    python -m benchmarks.coefficients [NAME ...]    # prints what stands in backends/elementary, and the largest error of each in parts of the function

A polynomial stands for the rest of a function beside its first terms, as `POLYNOMIALS` says; errors are weighed as they enter the function, in units of 2^-53.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import mpmath

# mpmath's numbers and functions are untyped.
Real = Any
Function = Callable[[Real], Real]
_SAMPLES = 30
#: Digits that are left of the differences of nearly equal numbers below where an argument is next to 0.
_DIGITS, _NEXT_TO_0 = 120, 1e-25


@dataclass(frozen=True, slots=True)
class Polynomial:
    """``rest(t)`` for low <= t <= high by so many coefficients; ``weight(t)`` times an error is its part of the function's value.

    A weight is at least a thousandth of the largest, so that a polynomial is good where its part is small, too.
    """

    rest: Function
    weight: Function
    low: float
    high: float
    count: int


def _sinhc(q: Real) -> Real:
    r = mpmath.sqrt(q)
    return (mpmath.sinh(r) - r) / r**3


def _sinhc_weight(q: Real) -> Real:
    r = mpmath.sqrt(q)
    return r**3 / mpmath.sinh(r)


def _log_rest(q: Real) -> Real:
    """(log((1 + s)/(1 - s)) - 2 s)/s^3."""
    s = mpmath.sqrt(q)
    return (2 * mpmath.atanh(s) - 2 * s) / s**3


def _log_tail(q: Real) -> Real:
    """The same without its first coefficient, 2/3."""
    return (_log_rest(q) - mpmath.mpf(2) / 3) / q


def _sin_rest(q: Real) -> Real:
    r = mpmath.sqrt(q)
    return (mpmath.sin(r) - r) / r**3


def _cos_rest(q: Real) -> Real:
    return (mpmath.cos(mpmath.sqrt(q)) - 1 + q / 2) / q**2


def _cosh_rest(q: Real) -> Real:
    return (mpmath.cosh(mpmath.sqrt(q)) - 1) / q


def _atan_rest(q: Real) -> Real:
    r = mpmath.sqrt(q)
    return (mpmath.atan(r) - r) / r**3


def _exp_rest(r: Real) -> Real:
    return (mpmath.expm1(r) - r) / r**2


_HALF = 0.34658
_LOG = float((mpmath.sqrt(2) - 1) / (mpmath.sqrt(2) + 1)) ** 2 * 1.0001

#: By the names that the modules of backends/elementary give them.
POLYNOMIALS: dict[str, Polynomial] = {
    "exp": Polynomial(_exp_rest, lambda r: r**2 / mpmath.exp(r), -_HALF, _HALF, 10),
    "expm1": Polynomial(_exp_rest, lambda r: r**2 / mpmath.expm1(r), -0.175, 0.522, 11),
    "sinh": Polynomial(_sinhc, _sinhc_weight, 0, _HALF**2, 5),
    "cosh": Polynomial(_cosh_rest, lambda q: q / mpmath.cosh(mpmath.sqrt(q)), 0, _HALF**2, 5),
    "sinh_1": Polynomial(_sinhc, _sinhc_weight, 0, 1, 7),
    "sinh_2": Polynomial(_sinhc, _sinhc_weight, 0, 4, 8),
    "log": Polynomial(_log_rest, lambda q: q / 2, 0, _LOG, 7),
    "log tail": Polynomial(_log_tail, lambda q: q**2 / 2, 0, _LOG, 9),
    "sin": Polynomial(_sin_rest, lambda q: q**1.5 / mpmath.sin(mpmath.sqrt(q)), 0, 0.6170, 6),
    "cos": Polynomial(_cos_rest, lambda q: q**2 / mpmath.cos(mpmath.sqrt(q)), 0, 0.6170, 6),
    "atan": Polynomial(_atan_rest, lambda q: q**1.5 / mpmath.atan(mpmath.sqrt(q)), 0, 0.25, 13),
}


def minimax(wanted: Polynomial) -> tuple[list[float], float]:
    """Coefficients, lowest first, and the largest weighed error in units of 2^-53."""
    count = wanted.count
    low, high = mpmath.mpf(wanted.low), mpmath.mpf(wanted.high)
    middle, half = (low + high) / 2, (high - low) / 2
    points = [middle - half * mpmath.cos(mpmath.pi * place / count) for place in range(count + 1)]
    coefficients: list[Real] = []
    for _ in range(6):
        coefficients = _alternating(wanted, points)
        points = _extremes(wanted, coefficients, points)
    rounded = [float(each) for each in coefficients]
    grid = [low + (high - low) * mpmath.mpf(place) / 999 for place in range(1, 999)]
    return rounded, float(max(abs(_error(wanted, rounded, t)) for t in grid)) * 2.0**53


def _alternating(wanted: Polynomial, points: Sequence[Real]) -> list[Real]:
    """The polynomial whose weighed errors at the points are equal with alternating signs."""
    count = len(points) - 1
    matrix, right = mpmath.matrix(count + 1, count + 1), mpmath.matrix(count + 1, 1)
    for row, t in enumerate(points):
        for column in range(count):
            matrix[row, column] = t**column
        matrix[row, count] = (-1) ** row / _weight(wanted, t)
        right[row] = _rest(wanted, t)
    return list(mpmath.lu_solve(matrix, right))[:count]


def _error(wanted: Polynomial, coefficients: Sequence[Real], t: Real) -> Real:
    return (mpmath.polyval(list(reversed(coefficients)), t) - _rest(wanted, t)) * _weight(wanted, t)


def _rest(wanted: Polynomial, t: Real) -> Real:
    return wanted.rest(t or mpmath.mpf(_NEXT_TO_0))


def _weight(wanted: Polynomial, t: Real) -> Real:
    t = t or mpmath.mpf(_NEXT_TO_0)
    return max(abs(wanted.weight(t)), abs(wanted.weight(mpmath.mpf(wanted.high))) / 1000)


def _extremes(wanted: Polynomial, coefficients: Sequence[Real], points: Sequence[Real]) -> list[Real]:
    """Near every point, where the weighed error is largest."""
    edges = [mpmath.mpf(wanted.low), *((a + b) / 2 for a, b in pairwise(points)), wanted.high]
    found: list[Real] = []
    for place, (a, b) in enumerate(pairwise(edges)):
        grid = [a + (b - a) * mpmath.mpf(each) / _SAMPLES for each in range(1, _SAMPLES)]
        sign = (-1) ** place * mpmath.sign(_error(wanted, coefficients, points[0]))
        found.append(max(grid, key=lambda t: sign * _error(wanted, coefficients, t)))
    return found


def main() -> None:
    for name in sys.argv[1:] or POLYNOMIALS:
        with mpmath.workdps(_DIGITS):
            coefficients, error = minimax(POLYNOMIALS[name])
        print(f"# {name}: {error:.3f} of 2^-53")
        print("".join(f"    {each!r},\n" for each in coefficients))


if __name__ == "__main__":
    main()
