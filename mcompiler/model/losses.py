"""Losses: at the end, at instants or times of data, or over an interval."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from mcompiler.dsl import syntax
from mcompiler.model.data import check_times, column
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Expression, Name, name_set
from mcompiler.model.faults import named
from mcompiler.model.model import Data, Floats, Loss, Signal
from mcompiler.model.signals import Target, rank, signal
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, TIME, Dimension


class Place(NamedTuple):
    """When a loss is taken: at the end, ``at`` a time or the times of data, or ``over`` an interval."""

    kind: Literal["end", "at", "over"]
    at: Expression | None = None
    start: Expression | None = None
    stop: Expression | None = None


@dataclass(slots=True)
class _Mentioned:
    """What the expression of a loss mentions: signals by name, columns of data with the places where they stand."""

    signals: dict[str, Signal] = field(default_factory=dict[str, Signal])
    columns: dict[str, Span] = field(default_factory=dict[str, Span])


def resolve_loss(each: syntax.Loss, target: Target, data: dict[str, Data], others: list[Loss]) -> Loss | None:
    """The loss, or None where something is wrong with it; ``others`` are the terms before it."""
    mentioned = _Mentioned()
    scope = target.scope("this loss")
    scope.names, scope.time, scope.elsewhere = target.own, True, {}
    scope.dotted = lambda node: _dotted(node, target, data, mentioned)
    value = target.check.value(each.value, scope)
    place = _place(each, target, data)
    if value is None or place is None or not _is_sound(each, target, data, place, mentioned):
        return None
    loss = Loss(place.kind, value, each.span, *place[1:], mentioned.signals, tuple(mentioned.columns))
    if others and _dimension(others[0]) != _dimension(loss):
        labels = [(one.value.span, named(_dimension(one))) for one in (loss, others[0])]
        headline = "the terms of a loss are added up, but have different units"
        notes = ("a loss over an interval is an integral over time: its unit has a factor s",)
        hints = ("divide each term by its scale",)
        target.problems.error("unit-mismatch", headline, *labels, notes=notes, hints=hints)
        return None
    return loss


def _dimension(loss: Loss) -> Dimension:
    return loss.value.dimension * (TIME if loss.kind == "over" else DIMENSIONLESS)


def _place(each: syntax.Loss, target: Target, data: dict[str, Data]) -> Place | None:
    scope = target.scope("the time of a loss")
    scope.dotted = lambda node: _dotted(node, target, data, _Mentioned())
    if each.at is not None:
        at = target.check.of(each.at, scope, TIME, "the time of a loss")
        return None if at is None or not _is_time(at, each.at.span, target, data) else Place("at", at)
    if each.over is not None:
        start = target.check.of(each.over.first, scope, TIME, "the start of a loss")
        stop = target.check.of(each.over.last, scope, TIME, "the end of a loss")
        if start is None or stop is None:
            return None
        if any("." in name for name in name_set(start, stop)):
            target.problems.error("data-without-times", "the ends of an interval are no data", each.over.span)
            return None
        first, last = constant(start), constant(stop)
        headline = ""
        if first is not None and first < 0:
            headline = "this interval begins before 0 s"
        elif first is not None and last is not None and first >= last:
            headline = "this interval is empty"
        if headline:
            target.problems.error("empty-run", headline, each.over.span)
            return None
        return Place("over", start=start, stop=stop)
    return Place("end")


def _is_time(at: Expression, span: Span, target: Target, data: dict[str, Data]) -> bool:
    if isinstance(at, Name) and "." in at.name:
        owner = at.name.partition(".")[0]
        if owner not in data:
            target.problems.error("data-without-times", "the times of a loss are one column of data, or one time", span)
            return False
        return check_times(at, data[owner], target.problems)
    if any("." in name for name in name_set(at)):
        target.problems.error("data-without-times", "the times of a loss are one column of data, or one time", span)
        return False
    value = constant(at)
    if value is not None and not 0 <= value < float("inf"):
        target.problems.error("empty-run", "a loss is taken at 0 s or later", span)
        return False
    return True


def _is_sound(each: syntax.Loss, target: Target, data: dict[str, Data], place: Place, mentioned: _Mentioned) -> bool:
    if not mentioned.signals:
        hints = ("a signal is named like M.i",)
        target.problems.error("constant-loss", "this loss depends on no signal", each.value.span, hints=hints)
        return False
    if not mentioned.columns:
        return True
    times = place.at.name if isinstance(place.at, Name) and "." in place.at.name else ""
    if not times:
        owner = next(iter(mentioned.columns)).partition(".")[0]
        headline = "data have values at their own times only: this loss is taken at others"
        span = next(iter(mentioned.columns.values()))
        hints = (f"write loss at {owner}.t = ...",)
        target.problems.error("data-without-times", headline, span, hints=hints)
        return False
    rows = len(_values(data, times))
    for name, span in mentioned.columns.items():
        shape = _values(data, name).shape
        if shape != (rows,):
            headline = f"{name} has the shape {shape}, but there are {rows} times {times}"
            target.problems.error("data-shape", headline, span)
            return False
    return True


def _values(data: dict[str, Data], name: str) -> Floats:
    owner, _, own = name.partition(".")
    return data[owner].columns[own]


def _dotted(node: syntax.Name, target: Target, data: dict[str, Data], mentioned: _Mentioned) -> Expression | None:
    """A signal or a column of data, as a name with a dot."""
    if node.parts[0].name in data:
        found = column(node, data, target.problems)
        if found is not None:
            mentioned.columns.setdefault(found.name, node.span)
        return found
    one = signal(node, target)
    if one is None:
        return None
    if not one.indices and rank(one.element, target):
        headline = f"{one.name} is an array; a loss takes one of its members"
        index = ", ".join("0" * rank(one.element, target))
        hints = (f"give the index: {one.element}[{index}].{one.quantity}",)
        target.problems.error("index-count", headline, node.span, hints=hints)
        return None
    mentioned.signals[one.name] = one
    return Name(one.name, one.dimension, node.span)
