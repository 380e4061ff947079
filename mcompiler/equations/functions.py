"""The functions that a model may call, as sympy sees them: opaque, real, with exact derivatives.

None of them is evaluated or rewritten by sympy (``exp(a)*exp(b)`` stays a product, ``sqrt(x**2)`` does not become
``Abs(x)``, a number stays an argument), so a kernel computes what the model says. Their class names are the names of
kernel operations, or the translation to kernels lists them.

Where a derivative jumps it is the right-hand one for ``t`` (sources), 0 for ``sign``, ``step`` and ``floor``, and the
branch that the function itself takes for ``where``, ``minimum`` and ``maximum``; ``absolute`` has derivative 0 at 0.
"""
# ruff: noqa: PLW0108  (a derivative names its own function, which does not exist yet: the lambda is necessary)

from collections.abc import Callable, Iterable, Mapping
from functools import cache, reduce
from math import pi
from typing import Any, cast

import sympy
from sympy.core.function import FunctionClass

from mcompiler.equations.system import ONE, TIME, ZERO

#: Makes an expression of its arguments.
Constructor = Callable[..., sympy.Expr]


def _opaque(name: str, arity: int | None, **methods: Any) -> Any:
    """A real function class that sympy does not evaluate; untyped, since sympy is."""
    members = {
        "nargs": arity,
        "is_real": True,
        "is_flat": False,
        "_eval_evalf": _stay,
        "__module__": __name__,
        **methods,
    }
    return FunctionClass(name, (sympy.Function,), members)


def _stay(self: sympy.Expr, precision: int) -> None:  # noqa: ARG001
    return None


def _with_partials(name: str, *partials: Constructor) -> Any:
    def fdiff(self: sympy.Expr, argindex: int = 1) -> sympy.Expr:
        return partials[argindex - 1](*self.args)

    return _opaque(name, len(partials), fdiff=fdiff)


def _constant_nearly_everywhere(name: str, arity: int) -> Any:
    def derivative(self: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:  # noqa: ARG001
        return ZERO

    return _opaque(name, arity, _eval_derivative=derivative, is_flat=True)


def _selected(self: sympy.Expr, symbol: sympy.Symbol) -> sympy.Expr:
    condition, chosen, other = cast("tuple[sympy.Expr, sympy.Expr, sympy.Expr]", self.args)
    return where(condition, chosen.diff(symbol), other.diff(symbol))


def _same_branches(cls: Any, condition: sympy.Expr, chosen: sympy.Expr, other: sympy.Expr) -> sympy.Expr | None:  # noqa: ARG001
    return chosen if chosen == other else None


where: Constructor = _opaque("where", 3, eval=classmethod(_same_branches), _eval_derivative=_selected)
lt: Constructor = _constant_nearly_everywhere("lt", 2)
le: Constructor = _constant_nearly_everywhere("le", 2)
gt: Constructor = _constant_nearly_everywhere("gt", 2)
ge: Constructor = _constant_nearly_everywhere("ge", 2)
eq: Constructor = _constant_nearly_everywhere("eq", 2)
ne: Constructor = _constant_nearly_everywhere("ne", 2)
conjunction: Constructor = _constant_nearly_everywhere("conjunction", 2)
disjunction: Constructor = _constant_nearly_everywhere("disjunction", 2)
negation: Constructor = _constant_nearly_everywhere("negation", 1)
sign: Constructor = _constant_nearly_everywhere("sign", 1)
step: Constructor = _constant_nearly_everywhere("step", 1)
floor: Constructor = _constant_nearly_everywhere("floor", 1)
absolute: Constructor = _with_partials("absolute", lambda x: sign(x))
minimum: Constructor = _with_partials(
    "minimum", lambda a, b: where(lt(b, a), ZERO, ONE), lambda a, b: where(lt(b, a), ONE, ZERO)
)
maximum: Constructor = _with_partials(
    "maximum", lambda a, b: where(gt(b, a), ZERO, ONE), lambda a, b: where(gt(b, a), ONE, ZERO)
)
exp: Constructor = _with_partials("exp", lambda x: exp(x))
expm1: Constructor = _with_partials("expm1", lambda x: exp(x))
log: Constructor = _with_partials("log", lambda x: 1 / x)
log1p: Constructor = _with_partials("log1p", lambda x: 1 / (1 + x))
sin: Constructor = _with_partials("sin", lambda x: cos(x))
cos: Constructor = _with_partials("cos", lambda x: -sin(x))
tan: Constructor = _with_partials("tan", lambda x: 1 + tan(x) ** 2)
tanh: Constructor = _with_partials("tanh", lambda x: 1 - tanh(x) ** 2)
sinh: Constructor = _with_partials("sinh", lambda x: cosh(x))
cosh: Constructor = _with_partials("cosh", lambda x: sinh(x))
asinh: Constructor = _with_partials("asinh", lambda x: 1 / sqrt(1 + x**2))
atan: Constructor = _with_partials("atan", lambda x: 1 / (1 + x**2))
sqrt: Constructor = _with_partials("sqrt", lambda x: 1 / (2 * sqrt(x)))
logistic: Constructor = _with_partials("logistic", lambda x: logistic(x) * logistic(-x))
power: Constructor = _with_partials(
    "power",
    lambda b, e: e * raised(b, e - 1),
    lambda b, e: where(eq(b, ZERO), ZERO, log(absolute(b))) * power(b, e),
)


def raised(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    """``base ** exponent``: repeated products for a literal integer, a square root for 1/2, else the opaque `power`."""
    if exponent.is_Float and exponent == int(exponent):
        exponent = sympy.Integer(int(exponent))
    if exponent.is_Integer:
        return sympy.Pow(base, exponent)
    return sqrt(base) if exponent in (sympy.Rational(1, 2), sympy.Float(0.5)) else power(base, exponent)


def clip(value: sympy.Expr, low: sympy.Expr, high: sympy.Expr) -> sympy.Expr:
    """``value`` held between ``low`` and ``high``; ``high`` where they cross."""
    return minimum(maximum(value, low), high)


def _fold(function: Constructor) -> Constructor:
    return lambda *arguments: reduce(function, arguments)


@cache
def _places(count: int) -> tuple[sympy.Symbol, ...]:
    return tuple(sympy.Symbol(f"argument {place}", real=True) for place in range(count))


def _source(name: str, arity: int | None, expansion: Constructor, root: str = "", by: tuple[int, ...] = ()) -> Any:
    """A function that kernels compute by its expansion; its derivatives are such functions too, named by argument.

    ``expanded`` gives placeholders and the expansion in them: if the arguments stood there, sympy would merge numbers
    among them and two corners that must be equal would differ by rounding. ``root`` says of which source this is the derivative, and by which
    arguments.
    """
    root = root or name

    def expanded(self: sympy.Expr) -> tuple[tuple[sympy.Symbol, ...], sympy.Expr]:
        places = _places(len(self.args))
        return places, expansion(*places)

    @cache
    def partial(argindex: int) -> Any:
        def derivative(*places: sympy.Symbol) -> sympy.Expr:
            return expansion(*places).diff(places[argindex - 1])

        return _source(f"{name}_{argindex}", arity, derivative, root, (*by, argindex))

    def fdiff(self: sympy.Expr, argindex: int = 1) -> sympy.Expr:
        return partial(argindex)(*self.args)

    return _opaque(name, arity, fdiff=fdiff, expanded=expanded, root=(root, by))


def _pulse_corners(
    t: sympy.Expr, delay: sympy.Expr, durations: tuple[sympy.Expr, ...], period: sympy.Expr, later: int = 0
) -> tuple[sympy.Expr, ...]:
    """Start and ends of rise, plateau and fall of the pulse that ``t`` is in, or of one ``later``.

    A period that is 0, infinite or negative means a single pulse. The number of the pulse follows from a comparison of
    ``t`` with the very starts given here, so that a step that ends at a corner sees what comes after it.
    """
    repeats = conjunction(gt(period, ZERO), lt(period, sympy.oo))
    guess = floor((t - delay) / period)
    behind = where(lt(t, delay + guess * period), guess - 1, guess)
    number = maximum(ZERO, where(ge(t, delay + (guess + 1) * period), guess + 1, behind)) + later
    corners = [delay + where(repeats, number * period, ZERO)]
    for duration in durations:
        corners.append(corners[-1] + duration)
    return tuple(corners)


def _pulse(
    t: sympy.Expr,
    low: sympy.Expr,
    high: sympy.Expr,
    delay: sympy.Expr,
    rise: sympy.Expr,
    fall: sympy.Expr,
    width: sympy.Expr,
    period: sympy.Expr,
) -> sympy.Expr:
    start, risen, over, fallen = _pulse_corners(t, delay, (rise, width, fall), period)
    falling = where(lt(t, fallen), high + (low - high) * (t - over) / fall, low)
    rising = where(lt(t, risen), low + (high - low) * (t - start) / rise, where(lt(t, over), high, falling))
    return where(lt(t, start), low, rising)


def _pwl(t: sympy.Expr, *corners: sympy.Expr) -> sympy.Expr:
    times, values = corners[::2], corners[1::2]
    value = values[-1]
    for place in range(len(times) - 2, -1, -1):
        slope = (values[place + 1] - values[place]) / (times[place + 1] - times[place])
        value = where(lt(t, times[place + 1]), values[place] + slope * (t - times[place]), value)
    return where(lt(t, times[0]), values[0], value)


def _first_after(t: sympy.Expr, corners: Iterable[sympy.Expr]) -> sympy.Expr:
    return reduce(minimum, [where(gt(corner, t), corner, sympy.oo) for corner in corners])


def _next_pulse_corner(t: sympy.Expr, delay: sympy.Expr, *rest: sympy.Expr) -> sympy.Expr:
    rise, fall, width, period = rest
    this, following = (_pulse_corners(t, delay, (rise, width, fall), period, later) for later in (0, 1))
    return _first_after(t, this + following)


#: ``pulse(t, low, high, delay, rise, fall, width, period)``: SPICE's trapezoids, low before the delay.
pulse = _source("pulse", 8, _pulse)
#: ``pwl(t, t1, v1, t2, v2, ...)``: straight lines between corners, held outside.
pwl = _source("pwl", None, _pwl)
_next_of_pulse = _source("next_of_pulse", 6, _next_pulse_corner)
_next_of_pwl = _source("next_of_pwl", None, lambda t, *corners: _first_after(t, corners))


def next_breakpoints(expression: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """For every pulse or pwl of ``t`` in the expression: its first corner strictly after ``t``, or infinity.

    A source of ``t`` plus something constant in time is shifted; of a source of anything else the corners are not
    known in advance, so it has none here.
    """
    sources = sorted(expression.atoms(pulse, pwl), key=sympy.default_sort_key)
    return tuple(_next_corner(source) for source in sources if source.args[0].diff(TIME) == ONE)


def _next_corner(source: sympy.Expr) -> sympy.Expr:
    t = source.args[0]
    corner = _next_of_pwl(t, *source.args[1::2]) if isinstance(source, pwl) else _next_of_pulse(t, *source.args[3:])
    return corner if t == TIME else corner - (t - TIME)


def next_extremes(expression: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """For every sine or cosine of a linear function of ``t`` in the expression: its first extreme after ``t``."""
    found = [each for each in expression.atoms(sympy.Function) if each.func in (sin, cos)]
    phases: list[tuple[Any, sympy.Expr]] = [
        (each.args[0], _TOP[each.func]) for each in sorted(found, key=sympy.default_sort_key)
    ]
    return tuple(_next_extreme(phase, top) for phase, top in phases if _runs(phase.diff(TIME)))


def _runs(speed: sympy.Expr) -> bool:
    return speed != ZERO and TIME not in speed.free_symbols


def _next_extreme(phase: sympy.Expr, top: sympy.Expr) -> sympy.Expr:
    """Extremes are half turns apart. One that is only a millionth of that away is where ``t`` stopped last, but for round-off."""
    speed = phase.diff(TIME)
    turns = sign(speed) * (phase / _HALF_TURN - top)
    left = floor(turns) + 1 - turns
    return TIME + (left + where(lt(left, sympy.Float(1e-6)), ONE, ZERO)) * _HALF_TURN / absolute(speed)


_HALF_TURN = sympy.Float(pi)
#: Where an extreme of each wave is, in half turns.
_TOP: Mapping[Any, sympy.Expr] = {sin: sympy.Rational(1, 2), cos: ZERO}

#: Function names of the model, as constructors.
FUNCTIONS: Mapping[str, Constructor] = {
    "add": lambda *terms: sympy.Add(*terms),
    "sub": lambda a, b: a - b,
    "mul": lambda *factors: sympy.Mul(*factors),
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "pow": raised,
    "where": where,
    "lt": lt,
    "le": le,
    "gt": gt,
    "ge": ge,
    "eq": eq,
    "ne": ne,
    "and": _fold(conjunction),
    "or": _fold(disjunction),
    "not": negation,
    "min": _fold(minimum),
    "max": _fold(maximum),
    "abs": absolute,
    "sign": sign,
    "step": step,
    "floor": floor,
    "clip": clip,
    "sqrt": sqrt,
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sin": sin,
    "cos": cos,
    "tan": tan,
    "tanh": tanh,
    "sinh": sinh,
    "cosh": cosh,
    "asinh": asinh,
    "atan": atan,
    "logistic": logistic,
    "pulse": pulse,
    "pwl": pwl,
}
