"""The reference interpreter against what the operations say they mean, at numbers where it matters."""

import math
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from mcompiler.kernel.abi import LOSS, PROJECT, SWEEP
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.ir import (
    Accumulate,
    Float,
    For,
    If,
    Integer,
    Kernel,
    KernelModule,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Return,
    Statement,
    Store,
    Total,
    Value,
)
from mcompiler.kernel.operations import BOOL, OPERATIONS, square_and_multiply

NUMBERS = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e-300, 1e300, -1e300, math.inf, -math.inf, math.nan)


def value_of(value: Value, *numbers: float) -> Any:
    """What `loss` gives for a value of its arguments t and d[0]."""
    run = interpret(KernelModule("value", (Kernel(LOSS, (Return(value),)),)))["loss"]
    t, b = (*numbers, 0.0)[:2]
    none = np.zeros(1)
    return run(0, t, none, none, none, none, np.array([b]), 0)


A, B = Local("t"), Load("d", Integer(0))


def selected(a: float, b: float, *, smaller: bool) -> float:
    return b if (b < a if smaller else b > a) or math.isnan(b) else a


def guarded(function: Callable[..., float], outside: Callable[..., float]) -> Callable[..., float]:
    """Python's function, and C's value where Python raises."""

    def apply(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (OverflowError, ValueError, ZeroDivisionError):
            return outside(*arguments)

    return apply


def quotient(a: float, b: float) -> float:
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


#: Meaning of one argument in Python and, where Python raises, in C.
ONE: dict[str, Callable[[float], float]] = {
    "neg": lambda a: -a,
    "sqrt": guarded(math.sqrt, lambda a: math.nan),
    "exp": guarded(math.exp, lambda a: math.inf),
    "expm1": guarded(math.expm1, lambda a: math.inf),
    "log": guarded(math.log, lambda a: -math.inf if a == 0 else math.nan),
    "log1p": guarded(math.log1p, lambda a: -math.inf if a == -1 else math.nan),
    "sin": guarded(math.sin, lambda a: math.nan),
    "cos": guarded(math.cos, lambda a: math.nan),
    "tan": guarded(math.tan, lambda a: math.nan),
    "tanh": math.tanh,
    "sinh": guarded(math.sinh, lambda a: math.copysign(math.inf, a)),
    "sinh_1": guarded(math.sinh, lambda a: math.copysign(math.inf, a)),
    "sinh_2": guarded(math.sinh, lambda a: math.copysign(math.inf, a)),
    "sin_20": guarded(math.sin, lambda _: math.nan),
    "cos_20": guarded(math.cos, lambda _: math.nan),
    "tan_20": guarded(math.tan, lambda _: math.nan),
    "cosh": guarded(math.cosh, lambda a: math.inf),
    "asinh": math.asinh,
    "atan": math.atan,
    "logistic": lambda a: (math.exp(a) if a < 0 else 1.0) / (1.0 + math.exp(-abs(a))),
    "abs": math.fabs,
    "sign": lambda a: 1.0 if a > 0 else -1.0 if a < 0 else a,
    "step": lambda a: 1.0 if a >= 0 else 0.0 if a < 0 else math.nan,
    "floor": guarded(lambda a: math.copysign(float(math.floor(a)), a), lambda a: a),
}
TWO: dict[str, Callable[[float, float], float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": guarded(lambda a, b: a / b, quotient),
    "pow": guarded(math.pow, lambda a, b: float(np.power(a, b))),
    "min": lambda a, b: selected(a, b, smaller=True),
    "max": lambda a, b: selected(a, b, smaller=False),
}
COMPARED: dict[str, Callable[[float, float], bool]] = {
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
}
CONDITIONS = {"and", "or", "not", "predictable", "where"}


def same(found: float, wanted: float) -> bool:
    return np.float64(found).tobytes() == np.float64(wanted).tobytes() or (math.isnan(found) and math.isnan(wanted))


def test_every_operation_is_tested() -> None:
    assert {*ONE, *TWO, *COMPARED, *CONDITIONS, "powi", "quotient", "real", "magnitude"} == set(OPERATIONS)


@pytest.mark.parametrize("name", ONE)
def test_functions_of_one_number(name: str) -> None:
    for a in NUMBERS:
        assert same(value_of(Op(name, (A,)), a), ONE[name](a)), a


def test_real_is_the_same_number() -> None:
    assert value_of(Op("real", (Integer(7),)), 0.0).hex() == (7.0).hex()


def test_magnitudes_have_an_order() -> None:
    def larger(a: float, b: float) -> float:
        value = Op("gt", (Op("magnitude", (Float(a),)), Op("magnitude", (Float(b),))))
        return float(value_of(Op("where", (value, Float(1.0), Float(0.0))), 0.0))

    ordered = [0.0, 5e-324, -1e-300, 1.0, -1.0000000000000002, 3.0, -math.inf, math.nan]
    assert all(larger(b, a) == 1.0 and larger(a, b) == 0.0 for a, b in pairwise(ordered))


def test_quotient_is_of_whole_numbers() -> None:
    for a, b in ((0, 3), (5, 3), (6, 3), (1 << 40, 256)):
        value = Op("eq", (Op("quotient", (Integer(a), Integer(b))), Integer(a // b)))
        assert value_of(Op("where", (value, Float(1.0), Float(0.0))), 0.0) == 1.0


@pytest.mark.parametrize("name", TWO)
def test_functions_of_two_numbers(name: str) -> None:
    for a, b in product(NUMBERS, NUMBERS):
        with np.errstate(all="ignore"):
            assert same(value_of(Op(name, (A, B)), a, b), TWO[name](a, b)), (a, b)


@pytest.mark.parametrize("name", COMPARED)
def test_comparisons(name: str) -> None:
    for a, b in product(NUMBERS, NUMBERS):
        chosen = value_of(Op("where", (Op(name, (A, B)), Float(1.0), Float(0.0))), a, b)
        assert chosen == float(COMPARED[name](a, b)), (a, b)


def test_logic() -> None:
    positive, negative = Op("gt", (A, Float(0.0))), Op("lt", (A, Float(0.0)))
    cases = {
        Op("and", (positive, negative)): False,
        Op("or", (positive, negative)): True,
        Op("not", (positive,)): False,
        Op("predictable", (positive,)): True,
    }
    for condition, wanted in cases.items():
        assert OPERATIONS[condition.name].overloads[0][1] == BOOL
        assert value_of(Op("where", (condition, Float(1.0), Float(0.0))), 2.0) == float(wanted)


def test_where_drops_what_it_does_not_select() -> None:
    assert value_of(Op("where", (Op("gt", (A, Float(0.0))), A, Op("log", (Float(-1.0),)))), 2.0) == 2.0


@pytest.mark.parametrize("exponent", range(-9, 20))
def test_powers(exponent: int) -> None:
    """By repeated squaring: exact where products are, and nearly the power elsewhere."""
    assert value_of(Op("powi", (A, Integer(exponent))), 2.0) == 2.0**exponent
    assert value_of(Op("powi", (A, Integer(exponent))), -3.0) == pytest.approx((-3.0) ** exponent, rel=1e-15)
    if exponent > 0:
        assert square_and_multiply(exponent).count("square") == exponent.bit_length() - 1


def run(body: tuple[Statement, ...], **arrays: Any) -> dict[str, Any]:
    given = {"y": np.arange(4.0), "K": np.zeros(4), "z": np.array([3, 1, 2, 0]), "w": np.zeros(4), **arrays}
    call = interpret(KernelModule("statements", (Kernel(SWEEP, body),)))["sweep"]
    call(2, 0.5, 0.25, np.zeros(1), 0, given["y"], given["K"], np.zeros(1), given["z"], given["w"])
    return given


def test_loops_branches_and_totals() -> None:
    total = Total("sum", "add", Float(10.0), Op("mul", (Load("y", Local("m")), Float(2.0))))
    least = Total("least", "min", Float(10.0), Load("y", Local("m")))
    body: tuple[Statement, ...] = (
        For(
            "k",
            Load("z", Integer(0)),
            (Accumulate("w", Integer(1), Local("h")), Store("w", Integer(2), Load("y", Local("k")))),
        ),
        Reduce((total, least), "m", Local("stage")),
        If(Op("eq", (Local("stage"), Integer(2))), (Store("K", Integer(0), Local("sum")),)),
        If(Op("eq", (Local("stage"), Integer(3))), (Store("K", Integer(1), Local("sum")),)),
        Store("K", Integer(2), Local("least")),
        Store("K", Integer(3), Op("add", (Local("t"), Load("w", Integer(1))))),
    )
    given = run(body)
    assert given["w"].tolist() == [0.0, 0.75, 2.0, 0.0]
    assert given["K"].tolist() == [12.0, 0.0, 0.0, 1.25]


def test_totals_of_a_loop_without_turns() -> None:
    body = (
        Reduce((Total("sum", "add", Float(7.0), Float(1.0)),), "m", Integer(0)),
        Store("K", Integer(0), Local("sum")),
    )
    assert run(body)["K"][0] == 7.0


def test_complex_numbers() -> None:
    """Derivatives by complex step; comparisons look at real parts."""
    square = Op("where", (Op("lt", (A, Float(0.0))), Op("neg", (A,)), Op("mul", (A, Op("abs", (A,))))))
    for a, slope in ((3.0, 6.0), (-3.0, -1.0)):
        step: Any = complex(a, 1e-40)
        assert value_of(square, step).imag / 1e-40 == pytest.approx(slope, rel=1e-15)
    assert value_of(Op("floor", (A,)), complex(2.5, 1.0)) == 2.0  # type: ignore[arg-type]


def test_lists_will_do() -> None:
    """Arrays are whatever can be indexed."""
    body: tuple[Statement, ...] = (
        Let("x", Load("y", Integer(0))),
        Store("y", Integer(0), Op("div", (Local("x"), Float(0.0)))),
        Return(Integer(1)),
    )
    call = interpret(KernelModule("lists", (Kernel(PROJECT, body),)))["project"]
    y = [2.0]
    assert call(y, [], [0] * 8, []) == 1
    assert y == [math.inf]


def test_arguments_are_counted() -> None:
    call = interpret(KernelModule("counted", (Kernel(PROJECT, (Return(Integer(0)),)),)))["project"]
    with pytest.raises(TypeError, match="project takes 4 arguments, not 1"):
        call([0.0])
