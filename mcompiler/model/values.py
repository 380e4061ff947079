"""Values of parameters and initial states: expressions, distributions, and declarations whose unit follows from their value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model import balance
from mcompiler.model.check import Checker
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Expression, number
from mcompiler.model.faults import circular
from mcompiler.model.model import Distribution, Input, Parameter, Value
from mcompiler.model.scope import Functions, Known, Scope, broken, ordered, simple_names
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

Kind: TypeAlias = Literal["normal", "lognormal", "uniform"]
_DISTRIBUTIONS: Mapping[str, Kind] = {"normal": "normal", "lognormal": "lognormal", "uniform": "uniform"}
CONSTANT = ("parameter", "size")


def resolve_value(
    given: syntax.Argument | syntax.Assignment | syntax.Declaration,
    scope: Scope,
    dimension: Dimension,
    what: str,
    check: Checker,
    declared: Span | None,
) -> Value | None:
    """What stands after ``=`` or ``~``, in ``dimension``; None where there is nothing or a problem is noted."""
    if given.value is None:
        return None
    if not given.is_distribution:
        return check.of(given.value, scope, dimension, what, declared=declared)
    return _distribution(given.value, scope, dimension, what, check, declared)


def _distribution(
    node: syntax.Expression, scope: Scope, dimension: Dimension, what: str, check: Checker, declared: Span | None
) -> Distribution | None:
    name = node.function.text if isinstance(node, syntax.Call) else ""
    if not isinstance(node, syntax.Call) or name not in _DISTRIBUTIONS:
        headline = "after ~ stands normal(mean, spread), lognormal(median, spread) or uniform(low, high)"
        hints = check.problems.suggest(name, _DISTRIBUTIONS) or ("for a value that is not drawn, write = instead of ~",)
        check.problems.error("unknown-distribution", headline, node.span, hints=hints)
        return None
    if len(node.arguments) != 2 or any(each.name for each in node.arguments):
        headline = f"{name} takes 2 arguments, in order, not {len(node.arguments)}"
        check.problems.error("argument-count", headline, node.span)
        return None
    first = check.of(node.arguments[0].value, scope, dimension, what, declared=declared)
    second = check.value(node.arguments[1].value, scope)
    if first is None or second is None:
        return None
    relative = name == "lognormal" or (name == "normal" and second.dimension == DIMENSIONLESS)
    spread = DIMENSIONLESS if relative else dimension
    fitted = balance.fit(check.problems, second, spread, f"the second argument of {name}")
    if fitted is None or not _is_sound(name, first, fitted, check.problems):
        return None
    return Distribution(_DISTRIBUTIONS[name], (first, fitted), dimension, node.span)


def _is_sound(name: str, first: Expression, second: Expression, problems: Problems) -> bool:
    """Whether the literals among the arguments can be drawn from."""
    low, high = constant(first), constant(second)
    wrong = ""
    if name == "lognormal" and low is not None and not 0 < low < float("inf"):
        wrong = "the median of lognormal is positive"
    elif name == "uniform" and low is not None and high is not None and not low < high:
        wrong = "uniform(low, high) needs low below high"
    elif name != "uniform" and high is not None and not 0 <= high < float("inf"):
        wrong = f"the spread of {name} is zero or more"
    if wrong:
        problems.error("bad-distribution", wrong, first.span.to(second.span))
    return not wrong


def with_units(
    declarations: Sequence[syntax.Declaration], names: Mapping[str, Known], functions: Functions
) -> dict[str, Known]:
    """The declared names with the units of those that say none: from their values, in order of use, whatever the order of the text.

    One whose value is wrong is broken; it is reported where it is resolved.
    """
    silent = {each.name.text: _source_of_unit(each) for each in declarations if not each.unit}
    constants = {name: known for name, known in names.items() if known.what in CONSTANT and name not in silent}
    result = dict(names)
    order, _ = ordered({name: simple_names(node) for name, node in silent.items()})
    for name in order:
        node, known = silent[name], names[name]
        if node is None:
            dimension: Dimension | None = DIMENSIONLESS
        else:
            found = Checker(Problems()).any(node, Scope(constants, functions, "", time=True))
            dimension = None if found is None else found.dimension
        result[name] = broken(known.span, known.what) if dimension is None else replace(known, dimension=dimension)
        if dimension is not None and known.what in CONSTANT:
            constants[name] = result[name]
    return result


def _source_of_unit(each: syntax.Declaration) -> syntax.Expression | None:
    node = each.value
    if node is None and each.bounds is not None:
        node = each.bounds.upper
    if isinstance(node, syntax.Call) and node.function.text in _DISTRIBUTIONS and node.arguments:
        return node.arguments[0].value
    return node


def resolve_parameters(
    declarations: Iterable[syntax.Declaration], names: Mapping[str, Known], functions: Functions, check: Checker
) -> tuple[Parameter, ...]:
    """Parameters with their defaults; a default may use other parameters, but not in a circle."""
    kept = [each for each in declarations if is_declared(each, names)]
    known = {name: each for name, each in names.items() if each.what in CONSTANT}
    elsewhere = {name: each for name, each in names.items() if each.what not in CONSTANT}
    _, circle = ordered({each.name.text: simple_names(each.value) for each in kept})
    if circle:
        places = [known[name].span for name in circle]
        circular(check.problems, "these parameters need each other", circle, places)
    result: list[Parameter] = []
    for each in kept:
        name = each.name.text
        scope = Scope(known, functions, f"the parameter {name}", time=False, elsewhere=elsewhere)
        if name in circle or known[name].is_broken:
            result.append(_broken_parameter(each, scope, check if name not in circle else None))
        else:
            result.append(_parameter(each, known[name].dimension, scope, check))
    return tuple(result)


def _broken_parameter(each: syntax.Declaration, scope: Scope, check: Checker | None) -> Parameter:
    """A parameter whose unit follows from a value that is wrong: only that is said, and nothing is asked of who uses it."""
    node = _source_of_unit(each)
    if check is not None and node is not None:
        check.value(node, scope)
    return Parameter(each.name.text, DIMENSIONLESS, each.name.span, number(0.0, each.name.span))


def _parameter(each: syntax.Declaration, dimension: Dimension, scope: Scope, check: Checker) -> Parameter:
    name = each.name.text
    default = resolve_value(each, scope, dimension, f"the value of {name}", check, each.name.span)
    lower, upper = resolve_bounds(each, scope, dimension, check)
    if default is not None and not isinstance(default, Distribution):
        check_inside(check.problems, f"the value of {name}", default, lower, upper)
    _without_scale(each, check.problems)
    return Parameter(name, dimension, each.name.span, default, lower, upper, each.doc)


def resolve_input(each: syntax.Declaration, known: Known, scope: Scope, check: Checker) -> Input:
    """An input with its default, which may use ``t`` and what ``scope`` names."""
    name, span, default = each.name.text, each.name.span, None
    timed = replace(scope, time=True)
    if each.is_distribution and each.value is not None:
        headline = f"the input {name} is not drawn from a distribution: only parameters and initial values are"
        check.problems.error("wrong-place", headline, each.value.span, hints=(f"write param {name} ~ ...",))
    elif known.is_broken and each.value is not None:
        check.value(each.value, timed)
    elif each.value is not None:
        default = check.of(each.value, timed, known.dimension, f"the value of {name}", declared=span)
    if each.bounds is not None:
        headline = f"the input {name} has no bounds: only states and parameters have"
        check.problems.error("wrong-place", headline, each.bounds.span)
    _without_scale(each, check.problems)
    return Input(name, known.dimension, span, default, each.doc)


def is_declared(each: syntax.Declaration, names: Mapping[str, Known]) -> bool:
    """Whether this declaration, and not another one, is what its name means."""
    known = names.get(each.name.text)
    return known is not None and known.span == each.name.span


def _without_scale(each: syntax.Declaration, problems: Problems) -> None:
    if each.scale is not None:
        problems.error(
            "wrong-place", f"the {each.kind} {each.name.text} has no scale: only states have", each.scale.span
        )


def resolve_bounds(
    each: syntax.Declaration, scope: Scope, dimension: Dimension, check: Checker
) -> tuple[Expression | None, Expression | None]:
    """Lower and upper bound; literals that leave nothing between them are refused."""
    if each.bounds is None:
        return None, None
    what = f"a bound of {each.name.text}"
    low = check.of(each.bounds.lower, scope, dimension, what, declared=each.name.span)
    high = check.of(each.bounds.upper, scope, dimension, what, declared=each.name.span)
    values = (None if low is None else constant(low), None if high is None else constant(high))
    if values[0] is not None and values[1] is not None and not values[0] < values[1]:
        headline = f"no value of {each.name.text} lies within these bounds"
        hints = ("the lower bound comes first",) if values[0] > values[1] else ()
        check.problems.error("empty-bounds", headline, each.bounds.span, hints=hints)
        return None, None
    return low, high


def check_inside(
    problems: Problems,
    what: str,
    value: Expression,
    lower: Expression | None,
    upper: Expression | None,
    code: str = "value-out-of-bounds",
) -> None:
    """Literals must lie within literal bounds; what depends on parameters is checked when the network is built."""
    number = constant(value)
    for bound, below in ((lower, True), (upper, False)):
        limit = None if bound is None else constant(bound)
        if number is None or limit is None or bound is None:
            continue
        if number < limit if below else number > limit:
            side = "below its lower" if below else "above its upper"
            labels = [value.span, (bound.span, "the bound")] if value.span != bound.span else [value.span]
            problems.error(code, f"{what} lies {side} bound", *labels)
