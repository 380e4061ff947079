"""Explicit Runge-Kutta methods as data. A `Method` checks itself when it is made; a new method is one more table.

Compiled code gets a method as two arrays, `numbers` and `integers`, so that one `advance` serves all of them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators import dop853, slots, trees
from mcompiler.integrators.trees import Number
from mcompiler.kernel.abi import Tableau

_ROUND_OFF = 1e-14
_DENSE_ROUND_OFF = 1e-12  # products of large coefficients that nearly cancel


@dataclass(frozen=True, slots=True)
class Method:
    """An explicit method y' = y + h sum_i b_i k_i, k_i = f(t + c_i h, y + h sum_j a_ij k_j).

    Attributes:
        name: what users call it.
        order: of the solution.
        c: times of the stages, ``a``: row i has the i coefficients of stage i. After the stages of the solution may come one at the
            new state (``fsal``: the next step's first), then those that only dense output needs.
        b: weights of the solution's stages.
        dense: P_i: row i has the coefficients of theta, theta^2, ... for stage i, and y(t + theta h) = y + h sum_i P_i(theta) k_i.
        dense_order: order of the dense output.
        error: weights of the difference to the embedded solution; empty for a fixed-step method.
        error_order: order of the embedded solution.
        error_low: weights of a second difference, combined with the first as in DOP853; empty otherwise.
        fsal: whether there is a stage at the new state.
        shrink: a step is never made smaller than this fraction in one go; ``grow``: nor larger than this multiple.
        source: where the numbers come from.

    Raises:
        ValueError: row sums, order conditions, or the dense output's or the embedded solution's do not hold.
    """

    name: str
    order: int
    c: Sequence[Number]
    a: Sequence[Sequence[Number]]
    b: Sequence[Number]
    dense: Sequence[Sequence[Number]]
    dense_order: int
    source: str
    error: Sequence[Number] = ()
    error_order: int = 0
    error_low: Sequence[Number] = ()
    fsal: bool = False
    shrink: float = 0.2
    grow: float = 10.0

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise ValueError(f"method {self.name}: {'; '.join(faults)}")

    @property
    def adaptive(self) -> bool:
        """Whether the method chooses its steps."""
        return bool(self.error)


def _faults(method: Method) -> list[str]:
    phi = trees.weights(method.a, max(method.order, method.dense_order))
    known = [*method.c, *method.b, *method.error, *(each for row in method.a for each in row)]
    allowed = 0.0 if all(isinstance(each, Fraction) for each in known) else _ROUND_OFF
    dense_allowed = _DENSE_ROUND_OFF if allowed else 0.0
    checks = {
        "row sums": max(abs(float(sum(row, Fraction(0)) - c)) for row, c in zip(method.a, method.c, strict=True)) / 10,
        "order": trees.worst(phi, method.b, method.order),
        "order of the embedded solution": trees.worst(phi, method.error, method.error_order, exact=False),
        "order of the second embedded solution": trees.worst(phi, method.error_low, 3, exact=False),
    }
    faults = [f"{what} off by {size:.1e}" for what, size in checks.items() if size > allowed]
    columns = [*zip(*method.dense, strict=True)]
    for power in range(1, max(len(columns), method.dense_order) + 1):
        weights = columns[power - 1] if power <= len(columns) else ()
        size = trees.worst(phi, weights, method.dense_order, power=power)
        if size > dense_allowed:
            faults.append(f"theta^{power} of the dense output off by {size:.1e}")
    if method.fsal and [float(each) for each in method.a[len(method.b)]] != [float(each) for each in method.b]:
        faults.append("the stage at the new state is not there")
    return faults


def numbers(method: Method) -> NDArray[np.float64]:
    """The method's float numbers at the places of `slots`."""
    tab = np.zeros(slots.TAB_SIZE)
    _put(tab, slots.TIMES, method.c)
    _put(tab, slots.WEIGHTS, method.b)
    _put(tab, slots.ERROR, method.error)
    _put(tab, slots.ERROR_LOW, method.error_low)
    for i, row in enumerate(method.a):
        _put(tab, slots.ROWS + slots.MAX_STAGES * i, row)
    for i, row in enumerate(method.dense):
        _put(tab, slots.DENSE + slots.DEGREES * i, row)
    tab[slots.ONE] = 1.0
    exponent = 1.0 / (method.error_order + 1) if method.error_order < method.order else 1.0 / method.order
    if method.error_low:
        exponent = 1.0 / method.order
    tab[slots.EXPONENT] = exponent
    # Gustafsson's PI.3.4 (see `control.make_judge`): measured on a device that switches sharply, it takes a quarter less work than no memory at all.
    tab[slots.ALPHA], tab[slots.BETA] = 0.7 * exponent, 0.4 * exponent
    tab[slots.LOG_SHRINK] = math.log(method.shrink)
    tab[slots.LOG_GROW] = math.log(method.grow)
    return tab


def integers(method: Method) -> NDArray[np.int64]:
    """The method's integers at the places of `slots`."""
    mi = np.zeros(slots.MI_SIZE, dtype=np.int64)
    mi[slots.SUMMED] = len(method.b)
    mi[slots.STAGES] = len(method.b) + method.fsal
    mi[slots.TOTAL] = len(method.a)
    mi[slots.FSAL] = method.fsal
    mi[slots.ERROR_KIND] = 2 if method.error_low else 1 if method.error else 0
    mi[slots.ORDER] = method.order
    mi[slots.DEGREE] = len(method.dense[0])
    return mi


def tableau(method: Method) -> Tableau:
    """The method's numbers for kernels that take whole steps."""
    assert method.fsal == method.adaptive, "kernels know the first stage of adaptive methods, and of those alone"
    a, dense = (tuple(tuple(map(float, row)) for row in rows) for rows in (method.a, method.dense))
    b, error, error_low = (tuple(map(float, row)) for row in (method.b, method.error, method.error_low))
    return Tableau(method.name, tuple(map(float, method.c)), a, b, error, error_low, dense, method.fsal)


def _put(tab: NDArray[np.float64], place: int, values: Sequence[Number]) -> None:
    tab[place : place + len(values)] = [float(each) for each in values]


def _fractions(text: str) -> tuple[Fraction, ...]:
    return tuple(Fraction(each) for each in text.split())


def _euler() -> Method:
    return Method("euler", 1, _fractions("0"), ((),), _fractions("1"), (_fractions("1"),), 1, "L. Euler, 1768")


def _heun() -> Method:
    dense = (_fractions("1 -1/2"), _fractions("0 1/2"))
    return Method("heun", 2, _fractions("0 1"), ((), _fractions("1")), _fractions("1/2 1/2"), dense, 2, "K. Heun, 1900")


def _rk4() -> Method:
    a = ((), _fractions("1/2"), _fractions("0 1/2"), _fractions("0 0 1"))
    dense = (_fractions("1 -3/2 2/3"), _fractions("0 1 -2/3"), _fractions("0 1 -2/3"), _fractions("0 -1/2 2/3"))
    source = "W. Kutta, 1901; dense output: Hairer, Norsett, Wanner, Solving ODEs I, II.6"
    return Method("rk4", 4, _fractions("0 1/2 1/2 1"), a, _fractions("1/6 1/3 1/3 1/6"), dense, 3, source)


def _bogacki_shampine() -> Method:
    b = _fractions("2/9 1/3 4/9")
    a = ((), _fractions("1/2"), _fractions("0 3/4"), b)
    # The cubic through both ends with their slopes: b_i theta^2 (3 - 2 theta), and theta (1 - theta)^2 and theta^2 (theta - 1) for the slopes.
    hermite = [[Fraction(0), 3 * each, -2 * each] for each in (*b, Fraction(0))]
    hermite[0] = [left + right for left, right in zip(hermite[0], _fractions("1 -2 1"), strict=True)]
    hermite[3] = [left + right for left, right in zip(hermite[3], _fractions("0 -1 1"), strict=True)]
    return Method(
        name="bs3",
        order=3,
        c=_fractions("0 1/2 3/4 1"),
        a=a,
        b=b,
        dense=tuple(map(tuple, hermite)),
        dense_order=3,
        source="P. Bogacki, L. F. Shampine, Appl. Math. Lett. 2 (1989) 321",
        error=_fractions("-5/72 1/12 1/9 -1/8"),
        error_order=2,
        fsal=True,
    )


def _tsit5() -> Method:
    b = (0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774)
    return Method(
        name="tsit5",
        order=5,
        c=(0.0, 0.161, 0.327, 0.9, 0.9800255409045097, 1.0, 1.0),
        a=(
            (),
            (0.161,),
            (-0.008480655492356989, 0.335480655492357),
            (2.8971530571054935, -6.359448489975075, 4.3622954328695815),
            (5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525),
            (5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383),
            b,
        ),
        b=b,
        dense=(
            (1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216),
            (0.0, 0.13169999999999998, -0.2234, 0.1017),
            (0.0, 3.9302962368947516, -5.941033872131505, 2.490627285651253),
            (0.0, -12.411077166933676, 30.33818863028232, -16.548102889244902),
            (0.0, 37.50931341651104, -88.1789048947664, 47.37952196281928),
            (0.0, -27.896526289197286, 65.09189467479366, -34.87065786149661),
            (0.0, 1.5, -4.0, 2.5),
        ),
        dense_order=4,
        source="Ch. Tsitouras, Comput. Math. Appl. 62 (2011) 770, doi:10.1016/j.camwa.2011.06.002",
        error=(
            *(-0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629),
            *(0.5823571654525552, -0.45808210592918697, 1.0 / 66.0),
        ),
        error_order=4,
        fsal=True,
    )


def _dop853() -> Method:
    b = dop853.A[12]
    basis = _dop853_basis()
    dense = [np.zeros(7) for _ in dop853.A]
    for i, _ in enumerate(dense):
        weight = b[i] if i < len(b) else 0.0
        start, end = float(i == 0), float(i == 12)
        factors = (weight, start - weight, 2.0 * weight - start - end, *(row[i] for row in dop853.D))
        dense[i] = np.sum([factor * term for factor, term in zip(factors, basis, strict=True)], axis=0)
    return Method(
        name="dop853",
        order=8,
        c=dop853.C,
        a=dop853.A,
        b=b,
        dense=tuple(tuple(map(float, row)) for row in dense),
        dense_order=7,
        source="E. Hairer, S. P. Norsett, G. Wanner, Solving Ordinary Differential Equations I, 2nd edition, Springer 1993",
        error=dop853.E5,
        error_order=5,
        error_low=dop853.E3,
        fsal=True,
        shrink=1.0 / 3.0,
        grow=6.0,
    )


def _dop853_basis() -> list[NDArray[np.float64]]:
    """Coefficients of theta ... theta^7 in theta, theta (1 - theta), theta^2 (1 - theta), theta^2 (1 - theta)^2, ..."""
    found, term = [], np.array([0.0, 1.0])
    for place in range(7):
        found.append(np.concatenate([term[1:], np.zeros(8 - len(term))]))
        term = np.convolve(term, [1.0, -1.0] if place % 2 == 0 else [0.0, 1.0])
    return found


#: The methods there are, made when asked for.
METHODS: Mapping[str, Callable[[], Method]] = MappingProxyType(
    {
        "euler": _euler,
        "heun": _heun,
        "rk4": _rk4,
        "bs3": _bogacki_shampine,
        "tsit5": _tsit5,
        "dop853": _dop853,
    }
)


@cache
def method_named(name: str) -> Method:
    """The method of this name. Raises ValueError with the names there are."""
    if name not in METHODS:
        raise ValueError(f"no method {name!r}; there are {', '.join(METHODS)}")
    return METHODS[name]()
