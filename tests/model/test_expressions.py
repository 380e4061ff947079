"""Expressions: what they measure, what they are worth, and what is refused."""

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcompiler.diagnostics import CompileError
from mcompiler.model.evaluate import constant, evaluate, whole
from mcompiler.model.expression import Apply, Name, Number, apply, depth, name_set, names, number, size, substitute
from mcompiler.source import Source, Span
from mcompiler.units import CHARGE, CONDUCTANCE, CURRENT, DIMENSIONLESS, LENGTH, RESISTANCE, TIME, VOLTAGE, Dimension
from tests.model.models import expression

QUANTITIES = {"v": VOLTAGE, "i": CURRENT, "R": RESISTANCE, "x": DIMENSIONLESS, "T": TIME, "d": LENGTH}
NOWHERE = Span(Source("test", ""), 0, 0)


@pytest.mark.parametrize(
    ("text", "dimension"),
    [
        ("v/R", CURRENT),
        ("v*i/R", CURRENT**2),
        ("i*T", CHARGE),
        ("v + 0", VOLTAGE),
        ("0 + v", VOLTAGE),
        ("max(v, 0, -v)", VOLTAGE),
        ("min(v, inf)", VOLTAGE),
        ("clip(v, -1[V], inf)", VOLTAGE),
        ("where(v > 0, 0, i)", CURRENT),
        ("sqrt(v^2)", VOLTAGE),
        ("v^-2", VOLTAGE**-2),
        ("v^0.5", VOLTAGE ** Fraction(1, 2)),
        ("pow(d, 3)", LENGTH**3),
        ("x^x", DIMENSIONLESS),
        ("sign(v)", DIMENSIONLESS),
        ("exp(v/1[V])", DIMENSIONLESS),
        ("pulse(t, 0, 1[V], 0, 1[us], 1[us], 1[ms], inf)", VOLTAGE),
        ("pwl(t, 0, 0, 1[s], 1[A])", CURRENT),
        ("joglekar(x, 2)", DIMENSIONLESS),
        ("i/v", CONDUCTANCE),
        ("k_B*300[K]/q_e", VOLTAGE),
        ("-v", VOLTAGE),
        ("5%*v", VOLTAGE),
        ("t", TIME),
    ],
)
def test_what_an_expression_measures(text: str, dimension: Dimension) -> None:
    assert expression(text, **QUANTITIES).dimension == dimension


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("v + i", "unit-mismatch"),
        ("v + 1", "unit-mismatch"),
        ("sin(v)", "unit-mismatch"),
        ("max(v, i)", "unit-mismatch"),
        ("where(x > 0, v, i)", "unit-mismatch"),
        ("v > 1", "unit-mismatch"),
        ("v^x", "unit-mismatch"),
        ("x^v", "unit-mismatch"),
        ("v^inf", "unit-mismatch"),
        ("v^1e300", "unit-mismatch"),
        ("((v^20)^20)^20", "unit-mismatch"),
        ("y + 1", "unknown-name"),
        ("x.y", "unknown-name"),
        ("x[0]", "unknown-name"),
        ("foo(x)", "unknown-function"),
        ("x(2)", "missing-operator"),
        ("sin(x, x)", "argument-count"),
        ("min(x)", "argument-count"),
        ("pwl(t, 0, 0, 1[s])", "argument-count"),
        ("joglekar(x)", "argument-count"),
        ("sin(x = 1)", "unknown-argument"),
        ("where(x, 1, 2)", "not-a-condition"),
        ("1 + (x > 0)", "not-a-number"),
        ("not x", "not-a-condition"),
        ("x and x > 0", "not-a-condition"),
        ("dx/dt", "derivative-here"),
        ("sum(k in 3: x)", "unsupported"),
        ("v(p, n)", "unsupported"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        expression(text, **QUANTITIES)
    assert [each.code for each in caught.value.diagnostics] == [code]


def test_all_problems_of_an_expression_are_told() -> None:
    with pytest.raises(CompileError) as caught:
        expression("sin(v) + a*(b + v) + exp(1[s])", v=VOLTAGE)
    found = [each.code for each in caught.value.diagnostics]
    assert found == ["unit-mismatch", "unknown-name", "unknown-name", "unit-mismatch"]


# --- values, by a second route: the same tree as Python floats

BINARY: dict[str, Callable[[float, float], float]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
UNARY: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "tanh": math.tanh,
    "atan": math.atan,
    "abs": abs,
    "step": lambda x: 0.0 if x < 0 else 1.0,
    "logistic": lambda x: 1 / (1 + math.exp(-x)),
    "sign": lambda x: float((x > 0) - (x < 0)),
}

LEAVES = st.one_of(
    st.floats(0, 4).map(lambda each: (repr(each), each)),
    st.sampled_from([("x", 0.7), ("y", -1.3)]),
)


def grown(inner: st.SearchStrategy[tuple[str, float]]) -> st.SearchStrategy[tuple[str, float]]:
    def binary(parts: Any) -> tuple[str, float]:
        sign, (left, a), (right, b) = parts
        return f"({left} {sign} {right})", BINARY[sign](a, b)

    def unary(parts: Any) -> tuple[str, float]:
        name, (text, a) = parts
        return f"{name}({text})", UNARY[name](a)

    def chosen(parts: Any) -> tuple[str, float]:
        (left, a), (right, b) = parts
        return f"where({left} < {right}, min({left}, 1), -({right}))", min(a, 1.0) if a < b else -b

    return st.one_of(
        st.tuples(st.sampled_from(sorted(BINARY)), inner, inner).map(binary),
        st.tuples(st.sampled_from(sorted(UNARY)), inner).map(unary),
        st.tuples(inner, inner).map(chosen),
    )


@settings(max_examples=200, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=12))
def test_an_expression_is_worth_what_python_says(pair: tuple[str, float]) -> None:
    text, expected = pair
    values = {"x": np.asarray(0.7), "y": np.asarray(-1.3)}
    found = evaluate(expression(text, x=DIMENSIONLESS, y=DIMENSIONLESS), values)
    assert float(found) == pytest.approx(expected, rel=1e-14, abs=1e-14)


def test_sources_before_a_run() -> None:
    text = "pulse(T, 1[V], 3[V], 2[s], 1[s], 2[s], 4[s], 10[s])"
    times = np.array([0.0, 2.0, 2.5, 3.0, 6.9, 7.0, 8.0, 9.0, 11.0, 12.5, 22.5])
    found = evaluate(expression(text, T=TIME), {"T": times})
    assert found == pytest.approx([1, 1, 2, 3, 3, 3, 2, 1, 1, 2, 2])
    found = evaluate(
        expression("pwl(T, 0, 1[V], 2[s], 5[V], 3[s], 0)", T=TIME), {"T": np.array([-1.0, 0, 1, 2, 2.5, 9])}
    )
    assert found == pytest.approx([1, 1, 3, 5, 2.5, 0])


def test_long_arrays_are_worked_through_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcompiler.model.evaluate._LARGEST_BLOCK", 100)
    monkeypatch.setattr("mcompiler.model.evaluate._SMALLEST_BLOCK", 7)
    x = np.linspace(-1, 1, 1001)
    found = evaluate(expression("sin(x)*y + x^2", x=DIMENSIONLESS, y=DIMENSIONLESS), {"x": x, "y": np.asarray(3.0)})
    assert np.array_equal(found, np.sin(x) * 3.0 + x**2)


def test_constants() -> None:
    assert constant(expression("2*pi/3")) == 2 * math.pi / 3
    assert constant(expression("x", x=DIMENSIONLESS)) is None
    assert constant(expression("1/0")) == math.inf
    assert whole(3.0) == 3
    assert whole(3.5) is None
    assert whole(math.inf) is None
    assert whole(math.nan) is None


# --- trees


def test_sizes_and_names_of_shared_parts() -> None:
    x = Name("x", DIMENSIONLESS, NOWHERE)
    shared: Number | Name | Apply = x
    for _ in range(60):
        shared = apply("add", (shared, shared), DIMENSIONLESS, NOWHERE)
    assert size(shared) == 2**61 - 1
    assert depth(shared) == 60
    assert name_set(shared) == {"x"}  # in no time, although the tree has 2^60 leaves
    changed = substitute(shared, {"x": number(1.0, NOWHERE)})
    assert name_set(changed) == frozenset()
    assert float(evaluate(changed, {})) == 2.0**60


def test_names_come_in_the_order_of_the_text() -> None:
    found = names(expression("b + a*sin(c) - b", a=DIMENSIONLESS, b=DIMENSIONLESS, c=DIMENSIONLESS))
    assert [each.name for each in found] == ["b", "a", "c", "b"]
