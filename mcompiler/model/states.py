"""States of a device: bounds, initial values, scales and rates."""

from math import inf, isfinite

from mcompiler.dsl import syntax
from mcompiler.model.draft import Draft
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Expression, Name, apply, number
from mcompiler.model.faults import described, unbalanced
from mcompiler.model.model import Distribution, State, Value
from mcompiler.model.scope import Known
from mcompiler.model.sides import coefficient, split_derivative
from mcompiler.model.values import check_inside, resolve_bounds, resolve_value
from mcompiler.source import Span
from mcompiler.units import INDUCTANCE, TIME, VOLTAGE

#: Factor of the derivative (None for 1), rate, and the place of the equation.
Rate = tuple[Expression | None, Expression, Span]


def resolve_states(draft: Draft) -> tuple[State, ...]:
    """The states that are right; what is wrong with the others is noted."""
    return tuple(state for each in draft.declared("state") if (state := _state(draft, each)) is not None)


def _state(draft: Draft, each: syntax.Declaration) -> State | None:
    name = each.name.text
    known = draft.names[name]
    rate = _rate(draft, name, known)
    if known.is_broken:
        if each.value is not None:
            draft.check.value(each.value, draft.constant_scope(f"the initial value of {name}"))
        return None
    dimension, span = known.dimension, each.name.span
    if name in draft.port and dimension != draft.port[name]:
        headline = f"{name} is the current of every device, in {draft.port[name]}"
        draft.problems.error("unit-mismatch", headline, (span, f"declared in {dimension}"))
        return None
    lower, upper = resolve_bounds(each, draft.constant_scope(f"a bound of {name}"), dimension, draft.check)
    what = f"the initial value of {name}"
    by_default = "" if each.value is not None else " (0, since none is given)"
    initial = resolve_value(each, draft.constant_scope(what), dimension, what, draft.check, span)
    start = initial if each.value is not None else number(0.0, each.bounds.span if each.bounds else span)
    if start is not None and not isinstance(start, Distribution):
        check_inside(draft.problems, what + by_default, start, lower, upper, "initial-out-of-bounds")
    scale = _scale(draft, each, initial, lower, upper)
    if rate is None:
        return None
    mass, value, origin = rate
    return State(name, dimension, span, value, mass, initial, scale, lower, upper, each.doc, origin)


def _scale(
    draft: Draft,
    each: syntax.Declaration,
    initial: Value | None,
    lower: Expression | None,
    upper: Expression | None,
) -> Expression | None:
    """The magnitude of a state: as declared, else the width of its bounds, else its initial value."""
    name = each.name.text
    if each.scale is not None:
        what = f"the scale of {name}"
        scope = draft.constant_scope(what)
        scale = draft.check.of(each.scale, scope, draft.names[name].dimension, what, declared=each.name.span)
        value = None if scale is None else constant(scale)
        if scale is not None and value is not None and not 0 < value < inf:
            draft.problems.error("missing-scale", f"{what} must be positive and finite", scale.span)
        return scale
    if lower is not None and upper is not None and _may_be_finite(lower) and _may_be_finite(upper):
        return apply("sub", (upper, lower), upper.dimension, upper.span)
    start = initial.arguments[0] if isinstance(initial, Distribution) else initial
    if start is not None and constant(start) != 0:
        return apply("abs", (start,), start.dimension, start.span)
    if (each.value is None or initial is not None) and (each.bounds is None or lower is not None):
        draft.problems.error(
            "missing-scale",
            f"the state {name} needs a scale: it has neither finite bounds nor an initial value other than 0",
            each.name.span,
            notes=("the scale is the size that the state usually has; tolerances are relative to it",),
            hints=(f"write state {name} ... scale 1[{draft.names[name].dimension}]",),
        )
    return None


def _may_be_finite(bound: Expression) -> bool:
    value = constant(bound)
    return value is None or isfinite(value)


def _rate(draft: Draft, name: str, known: Known) -> Rate | None:
    equation = draft.rates.get(name)
    if equation is not None:
        return _rate_of(draft, name, known, equation)
    law = draft.law
    if name == "i" and law is not None and isinstance(law.left, syntax.Name) and law.left.text == "v":
        split = split_derivative(law.right)
        if split is not None and split[1].name == "i":
            mass = coefficient(draft, law, split[0], INDUCTANCE)
            return None if mass is None else (mass, Name("v", VOLTAGE, law.left.span), law.span)
    hints = (f"write d{name}/dt = ...",)
    if name in draft.definitions or any(_is_named(each.left, name) for each in _equations(draft.block)):
        return None  # `w = ...` was refused already
    headline = f"the state {name} has no equation"
    draft.problems.error("missing-equation", headline, known.span or draft.block.span, hints=hints)
    return None


def _equations(block: syntax.Block) -> list[syntax.Equation]:
    return [each for each in block.body if isinstance(each, syntax.Equation)]


def _is_named(node: syntax.Expression, name: str) -> bool:
    return isinstance(node, syntax.Name) and node.text == name


def _rate_of(draft: Draft, name: str, known: Known, equation: syntax.Equation) -> Rate | None:
    split = split_derivative(equation.left)
    assert split is not None
    mass = None
    if split[0] is not None:
        mass = draft.check.value(split[0], draft.constant_scope("the factor of a derivative"))
    value = draft.check.value(equation.right, draft.scope())
    if value is None or known.is_broken or (split[0] is not None and mass is None):
        return None
    dimension = known.dimension / TIME * (mass.dimension if mass is not None else known.dimension / known.dimension)
    fits_any = getattr(value, "free", False)
    if value.dimension != dimension and not fits_any:
        since = f", since {name} is {described(known)}"
        unbalanced(draft.problems, (equation.left.span, dimension), (value.span, value.dimension), since)
        return None
    return mass, value, equation.span
