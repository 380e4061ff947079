"""Errors of elementary functions in units in the last place: arguments, exact values, and machine code to be measured.

Exact values are first those of C's functions of long doubles, whose 64 bits are enough to find the worst arguments; those are then computed by mpmath. An error
is in units in the last place of the exact value, of the smallest normal double's where that is subnormal; a value that rounds to infinity must be that.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from mcompiler.backends.numba import backend
from mcompiler.backends.protocols import CompileOptions
from mcompiler.kernel.abi import OBSERVE
from mcompiler.kernel.ir import For, Integer, Kernel, KernelModule, Load, Local, Op, Store, Value
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.operations import RANGES

Floats = NDArray[np.float64]
Long = NDArray[np.longdouble]
# mpmath's numbers are untyped.
Exact = Any
#: Values of a function at all arguments: x, and the exponents of pow.
Evaluate = Callable[[Floats, Floats], Floats]

_SMALLEST, _LARGEST = 2.0**-1022, np.finfo(float).max
#: So many of the worst arguments are computed by mpmath.
_WORST = 8
_EXACTLY = 140
#: Arguments of each kind that tests take; a search has these and more.
SAMPLE = 20_000


@dataclass(frozen=True, slots=True)
class Measured:
    """A function that is measured: what it is of long doubles and of mpmath's numbers, and where its arguments lie densest."""

    name: str
    rough: Callable[..., Long]
    exact: Callable[..., Exact]
    limit: float = math.inf
    dense: Callable[[np.random.Generator, int], Floats] | None = None


def _rough_logistic(x: Long) -> Long:
    part: Long = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, part, np.longdouble(1)) / (1 + part), dtype=np.longdouble)


def _exact_logistic(x: Exact) -> Exact:
    return mpmath.exp(x) / (1 + mpmath.exp(x)) if x < 0 else 1 / (1 + mpmath.exp(-x))


def _near(rng: np.random.Generator, points: NDArray[Any]) -> Floats:
    """Around the points, at relative distances of all sizes."""
    sizes = 10.0 ** rng.integers(-17, 1, len(points))
    return np.asarray(points * (1 + rng.uniform(-1, 1, len(points)) * sizes))


def _quarters(rng: np.random.Generator, count: int) -> Floats:
    return _near(rng, rng.integers(-700_000, 700_001, count) * (math.pi / 4))


def _steps(rng: np.random.Generator, count: int) -> Floats:
    return _near(rng, rng.integers(-64, 65, count) * (math.log(2) / 8))


def _around_1(rng: np.random.Generator, count: int) -> Floats:
    points = np.array([1, -1, math.sqrt(2), math.sqrt(0.5), math.sqrt(2) - 1, math.sqrt(0.5) - 1, math.sqrt(2) + 1])
    return _near(rng, rng.choice(points, count))


_LIMITS = {each.name: each.limit for level in RANGES for each in level.values()}
_SINES = {name: _LIMITS[name] for name in ("sin_20", "cos_20", "tan_20")}
#: Every function of ours that kernels call.
FUNCTIONS: tuple[Measured, ...] = (
    Measured("exp", np.exp, mpmath.exp, dense=_steps),
    Measured("expm1", np.expm1, mpmath.expm1, dense=_steps),
    Measured("logistic", _rough_logistic, _exact_logistic, dense=_steps),
    Measured("sinh", np.sinh, mpmath.sinh, dense=_steps),
    Measured("sinh_1", np.sinh, mpmath.sinh, _LIMITS["sinh_1"]),
    Measured("sinh_2", np.sinh, mpmath.sinh, _LIMITS["sinh_2"]),
    Measured("cosh", np.cosh, mpmath.cosh, dense=_steps),
    Measured("tanh", np.tanh, mpmath.tanh, dense=_steps),
    Measured("log", np.log, mpmath.log, dense=_around_1),
    Measured("log1p", np.log1p, mpmath.log1p, dense=_around_1),
    Measured("asinh", np.arcsinh, mpmath.asinh, dense=_around_1),
    Measured("atan", np.arctan, mpmath.atan, dense=_around_1),
    Measured("sin_20", np.sin, mpmath.sin, _SINES["sin_20"], _quarters),
    Measured("cos_20", np.cos, mpmath.cos, _SINES["cos_20"], _quarters),
    Measured("tan_20", np.tan, mpmath.tan, _SINES["tan_20"], _quarters),
    Measured("pow", np.power, mpmath.power),
)
#: Special values and edges of overflow, underflow and of what changes in our functions.
EDGES = (
    *(0.0, 5e-324, 1.5e-323, _SMALLEST, 1e-300, 1e-17, 1e-9, 0.5, 1.0, 2.0, 3.0, 22.0, 690.0, 708.3, 708.4, 709.78),
    *(709.79, 709.9, 710.4758, 710.476, 720.0, 743.7, 745.13, 745.14, 760.0, 2.0**20, 2.0**53, 2.0**54, 1e300),
    *(_LARGEST, math.inf),
)


def arguments(function: Measured, count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Arguments and exponents: from every binade, from where functions are used, near special points, and all edges."""
    rng = np.random.default_rng(seed)
    binades = np.tile(np.arange(-1075, 1024), 1 + count // 2099)
    every = np.ldexp(rng.uniform(1, 2, len(binades)), binades) * rng.choice([-1, 1], len(binades))
    used = [rng.uniform(-most, most, count) for most in (1, 4, 40, 800)]
    dense = [] if function.dense is None else [function.dense(rng, count)]
    x = np.concatenate([every, *used, *dense, EDGES, np.negative(EDGES), [math.nan]])
    x = x[(np.abs(x) <= function.limit) | np.isnan(x)] if math.isfinite(function.limit) else x
    if function.name != "pow":
        return x, np.zeros(1)
    return _pairs(rng, x, count)


def _pairs(rng: np.random.Generator, x: Floats, count: int) -> tuple[Floats, Floats]:
    """All pairs of edges; random ones; such whose powers are doubles, of bases from everywhere and near 1; and whole exponents."""
    values = np.array([*EDGES, -1.5, -2.0, -3.0, 4.0, 2.0**53 + 2, math.nan])
    values = np.concatenate([values, -values])
    left, right = (each.ravel() for each in np.meshgrid(values, values))
    bases = [np.exp(rng.uniform(-740, 709, count)), rng.uniform(0.5, 2, count), 1 + rng.uniform(-1, 1, count) * 1e-3]
    powers = [rng.uniform(-750, 715, count) / np.log(each) for each in bases]
    signed = rng.uniform(-20, 20, count)
    whole = rng.integers(-300, 301, count).astype(float)
    return (np.concatenate([x, left, *bases, signed]), np.concatenate([rng.permutation(x), right, *powers, whole]))


def errors(function: Measured, found: Floats, x: Floats, y: Floats) -> NDArray[np.float64]:
    """The error of every value, by long doubles; infinite where the value is another special one, or of another sign at 0."""
    given = (x.astype(np.longdouble), y.astype(np.longdouble)) if function.name == "pow" else (x.astype(np.longdouble),)
    with np.errstate(all="ignore"):
        wanted = function.rough(*given)
        _, exponent = np.frexp(wanted)
        unit = np.ldexp(np.longdouble(1), np.maximum(exponent, -1021) - 53)
        away = np.abs((found.astype(np.longdouble) - wanted) / unit)
    infinite = np.abs(wanted) >= np.longdouble(_LARGEST) * (1 + np.longdouble(2) ** -54)
    same_sign = np.signbit(found) == np.signbit(wanted)
    away = np.where(infinite, np.where(np.isinf(found) & same_sign, 0, np.inf), away)
    away = np.where((wanted == 0) & ~((found == 0) & same_sign), np.inf, np.where(wanted == 0, 0, away))
    away = np.where(np.isnan(wanted), np.where(np.isnan(found), 0, np.inf), away)
    return np.asarray(np.where(np.isnan(found) & ~np.isnan(wanted), np.inf, away), dtype=float)


def worst(function: Measured, evaluate: Evaluate, count: int, seed: int = 0) -> tuple[float, tuple[float, ...]]:
    """The largest error that so many arguments of each kind show, by mpmath, and where."""
    x, y = arguments(function, count, seed)
    found = evaluate(x, y)
    screened = errors(function, found, x, y)
    candidates = np.argsort(screened)[-_WORST:]
    best: tuple[float, tuple[float, ...]] = (-1.0, (math.nan,))
    for each in candidates:
        given: tuple[float, ...] = (float(x[each]), float(y[each])) if function.name == "pow" else (float(x[each]),)
        error = float(screened[each])
        if math.isfinite(error) and all(map(math.isfinite, (*given, found[each]))):
            error = _error(float(found[each]), function, given)
        best = max(best, (error, given))
    return best


def _error(value: float, function: Measured, given: Sequence[float]) -> float:
    with mpmath.workprec(_EXACTLY):
        wanted = function.exact(*map(mpmath.mpf, given))
        unit = math.ulp(max(float(abs(wanted)), _SMALLEST))
        return float(abs(mpmath.mpf(value) - wanted) / unit)


def loop(name: str) -> For:
    """A loop over y (and exponents in p) that stores a function's values; its length stands in z."""
    given: tuple[Value, ...] = (Load("y", Local("m")), *([Load("p", Local("m"))] if name == "pow" else []))
    return For("m", Load("z", Integer(0)), (Store("out", Local("m"), Op(name, given)),))


def machine_code() -> dict[str, Evaluate]:
    """All functions in loops, as kernels are compiled."""
    names = [f"{each.name}_of_all" for each in FUNCTIONS]
    kernels = [
        Kernel(replace(OBSERVE, name=name), (loop(each.name),)) for name, each in zip(names, FUNCTIONS, strict=True)
    ]
    layout = Layout("elementary", (), (), (), 8)
    made = backend.compile(KernelModule("elementary", tuple(kernels)), layout, (), CompileOptions())
    library = backend.load(made)

    def values(name: str) -> Evaluate:
        def evaluate(x: Floats, y: Floats) -> Floats:
            out, none, slots = np.zeros(len(x)), np.zeros(1), np.zeros(8, dtype=np.int64)
            slots[0] = len(x)
            library[name](0.0, x, y, slots, none, slots, out, 0)
            return out

        return evaluate

    return {each.name: values(name) for name, each in zip(names, FUNCTIONS, strict=True)}
