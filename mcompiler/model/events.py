"""Events of a device: a condition as a margin that crosses zero upward, and what is set then."""

from collections.abc import Collection, Iterable, Mapping

from mcompiler.dsl import syntax
from mcompiler.model.draft import Draft
from mcompiler.model.expression import Apply, Expression, apply, name_set
from mcompiler.model.faults import duplicate, listed, named
from mcompiler.model.model import Definition, Event, State
from mcompiler.model.values import check_inside
from mcompiler.source import Span

#: Comparisons by the order in which their sides are subtracted.
_MARGINS = {"gt": (0, 1), "ge": (0, 1), "lt": (1, 0), "le": (1, 0)}


def resolve_events(draft: Draft, states: Collection[State], definitions: Collection[Definition]) -> tuple[Event, ...]:
    """The events that are right; what is wrong with the others is noted."""
    moving = _moving(draft, definitions)
    known = {each.name: each for each in states}
    blocks = [each for each in draft.block.body if isinstance(each, syntax.When)]
    return tuple(event for each in blocks if (event := _event(draft, each, known, moving)) is not None)


def _moving(draft: Draft, definitions: Iterable[Definition]) -> set[str]:
    """All names whose values may change in time; definitions come in order of use."""
    moving = {"t", *draft.port, *(name for name, known in draft.names.items() if known.what in ("state", "input"))}
    for each in definitions:
        if any(name in moving or "." in name for name in name_set(each.value)):
            moving.add(each.name)
    return moving


def _event(draft: Draft, each: syntax.When, states: Mapping[str, State], moving: set[str]) -> Event | None:
    condition = draft.check.condition(each.condition, draft.scope())
    resets = _resets(draft, each, states)
    if condition is None:
        return None
    if not any(name in moving or "." in name for name in name_set(condition)):
        headline = "this condition never changes: it depends on no state, voltage, current, input or time"
        hints = ("let it compare a state or the voltage, or drop it",)
        draft.problems.error("constant-event", headline, condition.span, hints=hints)
        return None
    margin = _margin(draft, condition)
    return None if margin is None else Event(margin, resets, each.span)


def _margin(draft: Draft, condition: Expression) -> Expression | None:
    """What crosses zero upward when the condition comes true."""
    assert isinstance(condition, Apply)
    function, arguments, span = condition.function, condition.arguments, condition.span
    if function in _MARGINS:
        first, second = _MARGINS[function]
        return apply("sub", (arguments[first], arguments[second]), arguments[0].dimension, span)
    if function == "not":
        inner = _margin(draft, arguments[0])
        return None if inner is None else apply("neg", (inner,), inner.dimension, span)
    if function not in ("and", "or"):
        headline = "an event happens when a side of a comparison passes the other: it is written with <, <=, > or >="
        draft.problems.error("event-condition", headline, span)
        return None
    left, right = _margin(draft, arguments[0]), _margin(draft, arguments[1])
    if left is None or right is None:
        return None
    if left.dimension != right.dimension:
        headline = "the two conditions of an event compare quantities of different units"
        labels = ((left.span, named(left.dimension)), (right.span, named(right.dimension)))
        draft.problems.error("unit-mismatch", headline, *labels, hints=("divide each by its scale: v/Vth > 1",))
        return None
    return apply("min" if function == "and" else "max", (left, right), left.dimension, span)


def _resets(draft: Draft, each: syntax.When, states: Mapping[str, State]) -> tuple[tuple[str, Expression], ...]:
    result: dict[str, tuple[Expression, Span]] = {}
    for node in each.resets:
        name = node.name.text
        value = _reset(draft, node, states)
        if value is not None and name in result:
            duplicate(draft.problems, f"{name} is set twice in one event", node.name.span, result[name][1])
        elif value is not None:
            result[name] = value, node.name.span
    return tuple((name, value) for name, (value, _) in result.items())


def _reset(draft: Draft, node: syntax.Reset, states: Mapping[str, State]) -> Expression | None:
    name = node.name.text
    known = draft.names.get(name)
    if known is None or known.what != "state" or not node.name.is_simple:
        what = f"{name} is {known.article}" if known else f"there is no state {name}"
        headline = f"an event can only set states: {what}"
        names = [each.name.text for each in draft.declared("state")]
        hints = draft.problems.suggest(name, names) or ((f"the states are {listed(names)}",) if names else ())
        draft.problems.error("reset-of-non-state", headline, node.name.span, hints=hints)
        return None
    if known.is_broken:
        return None
    what = f"the new value of {name}"
    value = draft.check.of(node.value, draft.scope(), known.dimension, what, declared=known.span)
    if value is not None and name in states:
        check_inside(draft.problems, what, value, states[name].lower, states[name].upper)
    return value
