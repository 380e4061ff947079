"""Units of operations: what the sides must share, what the result measures. The sides are resolved already."""

from collections.abc import Sequence
from fractions import Fraction
from math import isfinite

from mcompiler.diagnostics import Problems
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Expression, Number, apply, depth, is_condition, is_free, size
from mcompiler.model.faults import in_words, named
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

#: Largest expression, in nodes, once its functions are put in place, and most operations one inside the other.
LARGEST = 20_000
DEEPEST = 100
#: Largest exponent of a quantity that has a unit.
HIGHEST = 24

_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
_COMPARISON = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
_WORDS = {"+": "terms of this sum", "-": "terms of this difference"}


def fit(
    problems: Problems,
    found: Expression,
    dimension: Dimension,
    what: str,
    *,
    declared: Span | None = None,
) -> Expression | None:
    """``found`` if it is in ``dimension``; a literal that fits any unit takes it. ``what`` names it for the message."""
    if isinstance(found, Number) and found.free:
        return Number(found.value, dimension, found.span, text=found.text)
    if found.dimension == dimension:
        return found
    places: list[tuple[Span, str]] = [(found.span, f"this is {in_words(found.dimension)}")]
    if declared is not None:
        places.append((declared, f"declared {in_words(dimension)}"))
    headline = f"{what} must be {in_words(dimension)}, not {in_words(found.dimension)}"
    problems.error("unit-mismatch", headline, *places, hints=_unit_hint(found, dimension))
    return None


def same(problems: Problems, sides: Sequence[Expression], what: str) -> tuple[Expression, ...] | None:
    """The expressions with one unit; literals that fit any unit take it."""
    fixed = [each for each in sides if not is_free(each)]
    dimension = fixed[0].dimension if fixed else DIMENSIONLESS
    for each in fixed[1:]:
        if each.dimension != dimension:
            problems.error(
                "unit-mismatch",
                f"the {what} have different units",
                (fixed[0].span, named(dimension)),
                (each.span, named(each.dimension)),
                hints=_literal_hint(each, dimension) or _literal_hint(fixed[0], each.dimension),
            )
            return None
    return tuple(
        Number(each.value, dimension, each.span, not fixed, each.text)
        if isinstance(each, Number) and each.free
        else each
        for each in sides
    )


def combine(problems: Problems, operator: str, sides: tuple[Expression, Expression], span: Span) -> Expression | None:
    """Sum, difference, product or quotient."""
    left, right = sides
    if operator == "*":
        return sized(problems, apply("mul", sides, left.dimension * right.dimension, span))
    if operator == "/":
        return sized(problems, apply("div", sides, left.dimension / right.dimension, span))
    fitted = same(problems, sides, _WORDS[operator])
    if fitted is None:
        return None
    return sized(problems, apply(_ARITHMETIC[operator], fitted, fitted[0].dimension, span))


def compare(problems: Problems, operator: str, sides: tuple[Expression, Expression], span: Span) -> Expression | None:
    """A condition."""
    fitted = same(problems, sides, "sides of this comparison")
    return None if fitted is None else sized(problems, apply(_COMPARISON[operator], fitted, DIMENSIONLESS, span))


def negated(operand: Expression, span: Span) -> Expression:
    """``-operand``."""
    if isinstance(operand, Number):
        text = operand.text.removeprefix("-") if operand.text.startswith("-") else f"-{operand.text}"
        return Number(-operand.value, operand.dimension, span, operand.free, text)
    return apply("neg", (operand,), operand.dimension, span)


def raised(problems: Problems, base: Expression, exponent: Expression, span: Span) -> Expression | None:
    """``base^exponent``; of a base with a unit the exponent is a literal."""
    fitted = fit(problems, exponent, DIMENSIONLESS, "an exponent")
    if fitted is None:
        return None
    if base.dimension == DIMENSIONLESS:
        return sized(problems, apply("pow", (base, fitted), DIMENSIONLESS, span))
    value = constant(fitted)
    if value is None or not isfinite(value) or abs(value) > HIGHEST:
        what = "a literal number" if value is None else f"a number between -{HIGHEST} and {HIGHEST}"
        problems.error(
            "unit-mismatch",
            f"a quantity in {base.dimension} can only be raised to {what}",
            (base.span, f"in {base.dimension}"),
            (fitted.span, "not a literal" if value is None else ""),
            hints=("divide the base by a scale first: (x/x0)^p",),
        )
        return None
    power = base.dimension ** Fraction(value).limit_denominator(HIGHEST)
    if any(abs(each) > HIGHEST or each.denominator > HIGHEST for each in power.exponents):
        problems.error("unit-mismatch", f"the exponents in the unit of this power lie beyond {HIGHEST}", span)
        return None
    return sized(problems, apply("pow", (base, fitted), power, span))


def number_only(problems: Problems, found: Expression) -> Expression | None:
    """``found`` if it is not a condition."""
    if is_condition(found):
        headline = "a condition stands where a number is needed"
        problems.error("not-a-number", headline, found.span, hints=("write where(condition, 1, 0)",))
        return None
    return found


def condition_only(problems: Problems, found: Expression) -> Expression | None:
    """``found`` if it is a condition."""
    if not is_condition(found):
        headline = "a number stands where a condition is needed"
        problems.error("not-a-condition", headline, found.span, hints=("compare it: x > 0",))
        return None
    return found


def sized(problems: Problems, expression: Expression) -> Expression | None:
    """The expression if it is not too large."""
    if size(expression) > LARGEST:
        headline = f"this expression has more than {LARGEST} parts once its functions are put in place"
        problems.error("too-large", headline, expression.span, hints=("give parts of it names of their own",))
        return None
    if depth(expression) > DEEPEST:
        too_deep(problems, expression.span)
        return None
    return expression


def too_deep(problems: Problems, span: Span) -> None:
    """Too many operations stand one inside the other."""
    headline = f"more than {DEEPEST} operations stand one inside the other here"
    problems.error("too-deep", headline, span, hints=("give parts of it names of their own",))


def _literal_hint(expression: Expression, dimension: Dimension) -> tuple[str, ...]:
    text = expression.span.text
    if isinstance(expression, Number) and expression.dimension == DIMENSIONLESS and text[:1] in "0123456789.":
        return (f"give the literal its unit: {text}[{dimension}]",)
    return ()


def _unit_hint(found: Expression, dimension: Dimension) -> tuple[str, ...]:
    if isinstance(found, Number) and "[" in found.text:
        plain = found.text.partition("[")[0]
        return (
            f"drop the unit: {plain}"
            if dimension == DIMENSIONLESS
            else f"give it in {dimension}: {plain}[{dimension}]",
        )
    if dimension == DIMENSIONLESS:
        return (f"divide it by a quantity in {found.dimension}, its scale",)
    return _literal_hint(found, dimension) or (f"it lacks a factor in {dimension / found.dimension}",)
