"""Literals are exact: the nearest double of the decimal text times the factor of the unit."""

import math
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mcompiler import units
from mcompiler.diagnostics import CompileError
from mcompiler.dsl import parse_text, syntax


def literal(text: str) -> syntax.Number:
    (block,) = parse_text(f"device D {{ param x = {text} }}").items
    assert isinstance(block, syntax.Block)
    (declaration,) = block.body
    assert isinstance(declaration, syntax.Declaration)
    assert isinstance(declaration.value, syntax.Number)
    return declaration.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16[kohm]", 16000.0), ("10[nm]", 1e-8), ("0.1[ms]", 1e-4), ("5%", 0.05), ("0", 0.0), ("0[V]", 0.0), ("inf", math.inf),
        ("1e-14[m^2/(V*s)]", 1e-14), ("3[1/min]", 0.05), ("2[2*V]", 4.0), ("1[km^2]", 1e6), ("1[mV^-2]", 1e6), ("4[mV^(1/2)]", 4*1e-3**0.5),
        ("5e-324", 5e-324), ("1.7976931348623157e308", 1.7976931348623157e308), (".5E+1", 5.0), ("1[GHz]", 1e9), ("1[eV]", 1.602176634e-19),
        ("0e99999", 0.0), ("248e-329[kA]", 5e-324), ("1[µA]", 1e-6), ("1[Ω]", 1.0), ("10%[V]", 0.1),
    ],
)  # fmt: skip
def test_values(text: str, value: float) -> None:
    assert literal(text).value == value


@example(mantissa=33, exponent=-1, unit="nm")
@given(st.integers(0, 10**20), st.integers(-330, 300), st.sampled_from(sorted(units.names())))
def test_values_are_the_nearest_doubles(mantissa: int, exponent: int, unit: str) -> None:
    found = units.named(unit)
    assert found is not None
    exact = mantissa * Fraction(10) ** exponent * found.factor
    text = f"{mantissa}e{exponent}[{unit}]"
    if exact and (exact > Fraction(1.7976931348623157e308) or float(exact) == 0.0):
        with pytest.raises(CompileError):
            literal(text)
        return
    value = literal(text).value
    neighbours = (math.nextafter(value, -math.inf), math.nextafter(value, math.inf))
    assert all(
        abs(Fraction(value) - exact) <= abs(Fraction(each) - exact) for each in neighbours if math.isfinite(each)
    )


def test_zero_and_infinity_fit_any_unit_and_others_do_not() -> None:
    assert literal("0").fits_any_unit
    assert literal("inf").fits_any_unit
    assert not literal("0[V]").fits_any_unit
    assert not literal("1").fits_any_unit
    assert literal("0[V]").dimension == units.VOLTAGE


@pytest.mark.parametrize(
    "unit",
    [
        "+".join(["V"] * 5),
        "*".join(["km"] * 20_000),
        "((min/s)^40)^40",
        "1e999*V",
        "V^1e999",
        "(" * 150 + "V" + ")^3" * 150,
    ],
)
def test_units_of_any_shape_are_quick(unit: str) -> None:
    with pytest.raises(CompileError) as caught:
        literal(f"1[{unit}]")
    assert len(caught.value.diagnostics) < 3
