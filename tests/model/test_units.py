"""Units: exact algebra, and texts that read back as the unit they show."""

from fractions import Fraction

import mpmath
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcompiler.model.fragments import parse_unit
from mcompiler.units import (
    BASE,
    CAPACITANCE,
    CURRENT,
    DIMENSIONLESS,
    ENERGY,
    LENGTH,
    PLAIN,
    PREFIXED,
    PREFIXES,
    RESISTANCE,
    TIME,
    VOLTAGE,
    Dimension,
    Unit,
    named,
    show,
)

EXPONENTS = st.fractions(min_value=-3, max_value=3, max_denominator=3)
DIMENSIONS = st.lists(EXPONENTS, min_size=len(BASE), max_size=len(BASE)).map(lambda each: Dimension(tuple(each)))
NAMES = sorted({*PLAIN, *PREFIXED, *(prefix + name for prefix in PREFIXES for name in PREFIXED)})
UNITS = st.sampled_from(NAMES).map(lambda name: named(name) or Unit(DIMENSIONLESS))


@given(DIMENSIONS, DIMENSIONS, DIMENSIONS)
def test_dimensions_are_a_commutative_group(a: Dimension, b: Dimension, c: Dimension) -> None:
    assert (a * b) * c == a * (b * c)
    assert a * b == b * a
    assert a * DIMENSIONLESS == a
    assert a / a == DIMENSIONLESS
    assert (a / b) * b == a


@given(DIMENSIONS, EXPONENTS, EXPONENTS)
def test_powers_of_dimensions(a: Dimension, p: Fraction, q: Fraction) -> None:
    assert a**p * a**q == a ** (p + q)
    assert (a**p) ** q == a ** (p * q)


@given(UNITS, UNITS, st.integers(-6, 6))
def test_factors_are_exact(a: Unit, b: Unit, n: int) -> None:
    assert (a * b) / b == a
    assert (a * b) ** Fraction(n) == a ** Fraction(n) * b ** Fraction(n)
    assert (a ** Fraction(n)).factor == a.factor**n


@given(UNITS, st.sampled_from([2, 3, 4, 5]))
def test_a_root_undoes_a_power(a: Unit, n: int) -> None:
    assert (a ** Fraction(n)) ** Fraction(1, n) == a


@given(UNITS, st.fractions(min_value=-3, max_value=3, max_denominator=5))
def test_a_root_that_is_no_fraction_is_a_float(a: Unit, p: Fraction) -> None:
    with mpmath.workdps(60):
        exact = mpmath.mpf(a.factor.numerator) / a.factor.denominator
        expected = exact ** (mpmath.mpf(p.numerator) / p.denominator)
        found = (a**p).factor
        assert abs(mpmath.mpf(found.numerator) / found.denominator / expected - 1) < 2.0**-62


@given(DIMENSIONS)
@example(Dimension((Fraction(3, 2), Fraction(-8, 3)) + (Fraction(0),) * 5))
@example(Dimension((Fraction(-4, 3), Fraction(1, 5)) + (Fraction(5, 6),) * 5))
def test_a_shown_dimension_reads_back(dimension: Dimension) -> None:
    text = show(dimension)
    if dimension == DIMENSIONLESS:
        assert text == "1"
        return
    assert parse_unit(text) == Unit(dimension), text


@pytest.mark.parametrize(
    ("dimension", "text"),
    [
        (DIMENSIONLESS, "1"),
        (VOLTAGE, "V"),
        (CURRENT, "A"),
        (RESISTANCE, "ohm"),
        (CAPACITANCE, "F"),
        (ENERGY, "J"),
        (TIME**-1, "1/s"),
        (CURRENT / TIME, "A/s"),
        (VOLTAGE / TIME, "V/s"),
        (LENGTH**2 / (VOLTAGE * TIME), "m^2/(V*s)"),
        (LENGTH / TIME, "m/s"),
        (VOLTAGE ** Fraction(1, 2), "V^(1/2)"),
    ],
)
def test_the_usual_text_of_a_unit(dimension: Dimension, text: str) -> None:
    assert show(dimension) == text


@pytest.mark.parametrize(
    ("name", "factor", "dimension"),
    [
        ("kohm", Fraction(1000), RESISTANCE),
        ("uA", Fraction(1, 10**6), CURRENT),
        ("µA", Fraction(1, 10**6), CURRENT),
        ("mm", Fraction(1, 1000), LENGTH),
        ("m", Fraction(1), LENGTH),
        ("min", Fraction(60), TIME),
        ("kg", Fraction(1), ENERGY * TIME**2 / LENGTH**2),
        ("fF", Fraction(1, 10**15), CAPACITANCE),
        ("Pa", Fraction(1), ENERGY / LENGTH**3),
        ("cd", Fraction(1), Dimension((Fraction(0),) * 6 + (Fraction(1),))),
    ],
)
def test_names_with_and_without_prefix(name: str, factor: Fraction, dimension: Dimension) -> None:
    assert named(name) == Unit(dimension, factor)


@pytest.mark.parametrize("name", ["kmin", "kk", "volt", "", "v", "Kohm"])
def test_what_is_no_unit(name: str) -> None:
    assert named(name) is None


@pytest.mark.parametrize(
    "text", ["", "V V", "V}", "V = 1", "1[V]", "V\n", "x", "V**2", "V)", "import os", "V" * 2000, "V # c"]
)
def test_texts_that_are_no_unit(text: str) -> None:
    assert parse_unit(text) is None
