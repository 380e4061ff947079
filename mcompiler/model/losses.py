"""Losses: at the end, at instants or times of data, or over an interval."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from mcompiler.dsl import syntax
from mcompiler.model.data import check_times, column
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Expression, Name, name_set
from mcompiler.model.faults import named
from mcompiler.model.model import Data, Floats, Loss, Signal
from mcompiler.model.signals import Sizes, rank, signal
from mcompiler.model.sums import Sums
from mcompiler.model.target import Target
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, TIME, Dimension


class Place(NamedTuple):
    """When a loss is taken: at the end, ``at`` a time or the times of data, or ``over`` an interval."""

    kind: Literal["end", "at", "over"]
    at: Expression | None = None
    start: Expression | None = None
    stop: Expression | None = None

    @property
    def column(self) -> str:
        """The column of data that holds the times, or nothing."""
        return self.at.name if isinstance(self.at, Name) and _is_column(self.at.name) else ""


@dataclass(slots=True)
class _Terms:
    """What a loss may mention, and what it does mention: signals by name, columns of data with the places where they stand."""

    target: Target
    data: dict[str, Data]
    sizes: Sizes
    signals: dict[str, Signal] = field(default_factory=dict[str, Signal])
    columns: dict[str, Span] = field(default_factory=dict[str, Span])

    def values(self, name: str) -> Floats:
        """The values of a column."""
        owner, _, own = name.partition(".")
        return self.data[owner].columns[own]

    def dotted(self, node: syntax.Name) -> Expression | None:
        """A signal or a column of data, as a name with a dot."""
        if node.parts[0].name not in self.data:
            return self._signal(node)
        found = column(node, self.data, self.target.problems)
        if found is not None:
            self.columns.setdefault(found.name, node.span)
        return found

    def _signal(self, node: syntax.Name) -> Expression | None:
        one = signal(node, self.target, self.sizes)
        if one is None:
            return None
        indices = rank(one.element, self.target)
        if indices and not one.indices:
            headline = f"{one.name} is an array; a loss takes one of its members"
            hints = (f"give the index: {one.element}[{', '.join('0' * indices)}].{one.quantity}",)
            self.target.problems.error("index-count", headline, node.span, hints=hints)
            return None
        self.signals[one.name] = one
        return Name(one.name, one.dimension, node.span)


def resolve_loss(
    each: syntax.Loss, target: Target, data: dict[str, Data], sizes: Sizes, others: list[Loss]
) -> Loss | None:
    """The loss, or None where something is wrong with it; ``others`` are the terms before it."""
    terms = _Terms(target, data, sizes)
    sums = Sums(target, data, sum(len(one.sums) for one in others))
    scope = target.scope("this loss")
    scope.names, scope.time, scope.elsewhere, scope.dotted = target.own, True, {}, terms.dotted
    scope.total = sums.total
    value = target.check.value(each.value, scope)
    place = _place(each, _Terms(target, data, sizes))
    if value is None or place is None or not _is_sound(each, terms, place, has_sums=bool(sums.found)):
        return None
    loss = Loss(place.kind, value, each.span, *place[1:], terms.signals, tuple(terms.columns), tuple(sums.found))
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


def _is_column(name: str) -> bool:
    return "." in name


# --- when it is taken


def _place(each: syntax.Loss, terms: _Terms) -> Place | None:
    if each.at is not None:
        return _instants(each.at, terms)
    if each.over is not None:
        return _interval(each.over, terms)
    return Place("end")


def _instants(node: syntax.Expression, terms: _Terms) -> Place | None:
    target, what = terms.target, "the time of a loss"
    scope = target.scope(what)
    scope.dotted = terms.dotted
    at = target.check.of(node, scope, TIME, what)
    if at is None:
        return None
    place, value = Place("at", at), constant(at)
    if place.column in terms.columns:
        is_sound = check_times(at, place.column, terms.data[place.column.partition(".")[0]], target.problems)
        return place if is_sound else None
    if terms.columns or terms.signals:
        headline = "the times of a loss are one column of data, or one time"
        target.problems.error("data-without-times", headline, node.span)
        return None
    if value is not None and not 0 <= value < float("inf"):
        target.problems.error("empty-run", "a loss is taken at 0 s or later", node.span)
        return None
    return place


def _interval(node: syntax.Range, terms: _Terms) -> Place | None:
    check, scope = terms.target.check, terms.target.scope("the interval of a loss")
    scope.dotted = terms.dotted
    start = check.of(node.first, scope, TIME, "the start of a loss")
    stop = check.of(node.last, scope, TIME, "the end of a loss")
    if start is None or stop is None:
        return None
    first, last = constant(start), constant(stop)
    headline = ""
    if any(map(_is_column, name_set(start, stop))):
        headline = "the ends of an interval are no data and no signals"
    elif first is not None and first < 0:
        headline = "this interval begins before 0 s"
    elif first is not None and last is not None and first >= last:
        headline = "this interval is empty"
    if headline:
        terms.target.problems.error("empty-run", headline, node.span)
        return None
    return Place("over", start=start, stop=stop)


# --- what it compares


def _is_sound(each: syntax.Loss, terms: _Terms, place: Place, *, has_sums: bool) -> bool:
    """Whether the loss depends on a signal, and data have values where it is taken."""
    problems = terms.target.problems
    if not terms.signals and not has_sums:
        hints = ("a signal is named like M.i",)
        problems.error("constant-loss", "this loss depends on no signal", each.value.span, hints=hints)
        return False
    if not terms.columns:
        return True
    if not place.column:
        owner, span = next(iter(terms.columns)).partition(".")[0], next(iter(terms.columns.values()))
        headline = "data have values at their own times only: this loss is taken at others"
        problems.error("data-without-times", headline, span, hints=(f"write loss at {owner}.t = ...",))
        return False
    rows = len(terms.values(place.column))
    for name, span in terms.columns.items():
        shape = terms.values(name).shape
        if shape != (rows,):
            headline = f"{name} has the shape {shape}, but there are {rows} times {place.column}"
            problems.error("data-shape", headline, span)
            return False
    return True
