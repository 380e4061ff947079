"""Literals and units, exact: a decimal text times a rational factor, rounded once."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from mcompiler import units
from mcompiler.diagnostics import did_you_mean
from mcompiler.dsl import syntax
from mcompiler.dsl.build.expressions import word
from mcompiler.dsl.build.notes import Notes
from mcompiler.dsl.tokens import Token
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Unit

#: Longest literal, in characters: the exact value of any double has fewer digits.
LONGEST = 800
#: Decimal exponents beyond this are out of the range of doubles whatever the unit is.
LARGEST_EXPONENT = 2_000
#: Limits of units: the exponent of a base unit, the size of the factor, and the text.
LARGEST_POWER, MOST_BITS, LONGEST_UNIT = 40, 2_000, 200


#: What units are called in words: a hint can name them.
WORDS = {
    "ampere": "A", "amp": "A", "celsius": "K", "coulomb": "C", "farad": "F", "gram": "g", "henry": "H", "hertz": "Hz", "hour": "h",
    "joule": "J", "kelvin": "K", "meter": "m", "metre": "m", "mho": "S", "minute": "min", "newton": "N", "ohms": "ohm", "pascal": "Pa",
    "radian": "rad", "sec": "s", "second": "s", "siemens": "S", "tesla": "T", "volt": "V", "watt": "W", "weber": "Wb",
}  # fmt: skip
ONE = Unit(DIMENSIONLESS)


class _Written(NamedTuple):
    """A unit in the making: its text without spaces, and what it means; None where something was wrong with it."""

    text: str
    unit: Unit | None


def _number(notes: Notes, span: Span, token: Token, unit: syntax.UnitText | None) -> syntax.Number:
    exact = _exact(notes, token, span)
    if exact is None:
        return syntax.Number(span, token.text, 1.0, unit)
    value = _rounded(notes, exact * unit.unit.factor if unit else exact, span)
    return syntax.Number(span, token.text, value, unit)


def _exact(notes: Notes, token: Token, span: Span) -> Fraction | None:
    """The number as written, without its unit; None where it cannot be a double."""
    text = token.text.removesuffix("%").lower()
    mantissa, _, exponent = text.partition("e")
    if len(mantissa) > LONGEST:
        notes.problems.error(
            "number-too-long", f"a number has at most {LONGEST} digits; this has {len(mantissa)}", span
        )
        return None
    exact = Fraction(mantissa)
    if len(token.text) != len(text):
        exact /= 100
    if not exact or not exponent:
        return exact
    power = exponent.lstrip("+-").lstrip("0")
    if len(power) > 4 or int(power or "0") > LARGEST_EXPONENT:
        _refuse(notes, span, is_large=not exponent.startswith("-"))
        return None
    return exact * Fraction(10) ** int(exponent)


def _rounded(notes: Notes, exact: Fraction, span: Span) -> float:
    """The nearest double."""
    try:
        value = float(exact)
    except OverflowError:
        value = math.inf
    if math.isinf(value) or (value == 0 and exact):
        _refuse(notes, span, is_large=math.isinf(value))
        return 1.0
    return value


def _refuse(notes: Notes, span: Span, *, is_large: bool) -> None:
    if is_large:
        notes.problems.error(
            "number-too-large", "this number is too large: the largest double is 1.8e308 in SI units", span,
            hints=("for no limit write inf",),
        )  # fmt: skip
    else:
        notes.problems.error(
            "number-too-small", "this number is too small: it would be 0; the smallest double is 5e-324 in SI units", span,
            hints=("if zero is meant, write 0",),
        )  # fmt: skip


def _unit(notes: Notes, span: Span, written: _Written) -> syntax.UnitText:
    if len(written.text) > LONGEST_UNIT and written.unit is not None:
        notes.problems.error("unit-too-large", f"a unit has at most {LONGEST_UNIT} characters", span)
    return syntax.UnitText(span, written.text[:LONGEST_UNIT], written.unit or ONE)


def _unit_name(notes: Notes, span: Span, token: Token) -> _Written:
    unit = units.named(token.text)
    if unit is None:
        notes.problems.error("unknown-unit", f"there is no unit {token.text}", span, hints=_near_units(token.text))
    return _Written(token.text, unit)


def _near_units(text: str) -> tuple[str, ...]:
    """A hint with a unit that may be meant: behind a prefix alone, by its name in words, perhaps with a prefix, or by its spelling."""
    if text in units.PREFIXES:
        return (f"{text} is a prefix and stands before a unit: {text}ohm, {text}V",)
    lower = text.lower()
    for name, symbol in WORDS.items():
        for ending in (name, f"{name}s"):
            if lower.endswith(ending) and units.named(found := text[: len(text) - len(ending)] + symbol) is not None:
                return (f"did you mean {found}?",)
    return did_you_mean(text, reversed(list(units.names())))


def _unit_number(notes: Notes, span: Span, token: Token) -> _Written:
    exact = _exact(notes, token, span)
    if exact is None:
        return _Written(token.text, None)
    if not exact:
        notes.problems.error("unit-zero", "a unit is not zero", span)
        return _Written(token.text, None)
    return _Written(token.text, _limited(notes, span, Unit(DIMENSIONLESS, exact)))


def _unit_product(notes: Notes, span: Span, left: _Written, operator: str, right: _Written) -> _Written:
    text = (left.text + operator + right.text)[: LONGEST_UNIT + 1]
    if left.unit is None or right.unit is None:
        return _Written(text, None)
    unit = left.unit * right.unit if operator == "*" else left.unit / right.unit
    return _Written(text, _limited(notes, span, unit))


def _unit_power(notes: Notes, span: Span, base: _Written, exponent: tuple[str, Fraction]) -> _Written:
    text, power = exponent
    written = f"{base.text}^{text}"[: LONGEST_UNIT + 1]
    if max(abs(power.numerator), power.denominator) > LARGEST_POWER:
        notes.problems.error("unit-too-large", f"exponents of units go up to {LARGEST_POWER}", span)
        return _Written(written, None)
    if base.unit is None:
        return _Written(written, None)
    if _bits(base.unit) * max(Fraction(1), abs(power)) > MOST_BITS:
        return _Written(written, _limited(notes, span, None))
    return _Written(written, _limited(notes, span, base.unit**power))


def _limited(notes: Notes, span: Span, unit: Unit | None) -> Unit | None:
    """The unit, if exact algebra with it stays cheap; otherwise a report and None."""
    if unit is not None and _bits(unit) <= MOST_BITS and all(_is_small(each) for each in unit.dimension.exponents):
        return unit
    notes.problems.error("unit-too-large", "this unit is too large: its factor or its exponents have no use", span)
    return None


def _is_small(power: Fraction) -> bool:
    return abs(power) <= LARGEST_POWER and power.denominator <= LARGEST_POWER**2


def _bits(unit: Unit) -> int:
    return max(unit.factor.numerator.bit_length(), unit.factor.denominator.bit_length())


def _unit_parenthesis(_: Notes, __: Span, inner: _Written) -> _Written:
    return _Written(f"({inner.text})", inner.unit)


def _exponent(notes: Notes, span: Span, token: Token) -> tuple[str, Fraction]:
    exact = _exact(notes, token, span)
    return token.text, Fraction(1) if exact is None else exact


def _negative_exponent(notes: Notes, span: Span, token: Token) -> tuple[str, Fraction]:
    text, power = _exponent(notes, span, token)
    return f"-{text}", -power


def _fraction_exponent(notes: Notes, span: Span, sign: str, above: Token, below: Token | None) -> tuple[str, Fraction]:
    text, power = _exponent(notes, span, above)
    if below is not None:
        divisor = _exponent(notes, span, below)[1]
        if not divisor:
            notes.problems.error("unit-zero", "an exponent is not divided by zero", span)
            divisor = Fraction(1)
        text, power = f"{text}/{below.text}", power / divisor
    return f"({sign}{text})", -power if sign else power


def _sign(span: Span, *tokens: Token) -> str:
    return word(span, tokens[0]) if tokens else ""


RULES: Mapping[str, Callable[..., object]] = {"sign": _sign}
NOTING: Mapping[str, Callable[..., object]] = {
    "number": _number, "unit": _unit, "unit_name": _unit_name, "unit_number": _unit_number,
    "unit_product": _unit_product, "unit_power": _unit_power, "unit_parenthesis": _unit_parenthesis,
    "exponent": _exponent, "negative_exponent": _negative_exponent, "fraction_exponent": _fraction_exponent,
}  # fmt: skip
