"""Statements of experiments and learning: a function for each rule of the grammar."""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from mcompiler.dsl import syntax
from mcompiler.dsl.build.expressions import simple, string, word
from mcompiler.dsl.build.notes import Notes
from mcompiler.dsl.build.templates import Arguments, Template
from mcompiler.dsl.syntax import Expression
from mcompiler.dsl.tokens import Token
from mcompiler.source import Span

Signals = tuple[Expression, ...]


class _Stop(NamedTuple):
    """``stop when condition`` among the options of `train`."""

    span: Span
    condition: Expression


def _assignment(
    span: Span, kind: syntax.AssignmentKind, name: syntax.Name, relation: str, value: Expression
) -> syntax.Assignment:
    return syntax.Assignment(span, kind, name, value, relation == "~")


def _data(notes: Notes, span: Span, name: syntax.Identifier, file: Token) -> syntax.Data:
    notes.declare(name.span, name.text)
    return syntax.Data(span, name, syntax.Text(Span(span.source, file.start, file.end), string(file)))


def _run_to(span: Span, until: Expression) -> syntax.Run:
    return syntax.Run(span, until)


def _run_until_steady(span: Span, steady: Expression) -> syntax.Run:
    return syntax.Run(span, None, steady)


def _save(span: Span, signals: Signals) -> syntax.Save:
    return syntax.Save(span, signals)


def _save_every(span: Span, every: Expression, signals: Signals) -> syntax.Save:
    return syntax.Save(span, signals, every)


def _save_reduction(span: Span, reduction: syntax.Identifier, signals: Signals) -> syntax.Save:
    return syntax.Save(span, signals, None, reduction)


def _plot(span: Span, signals: Signals, against: Expression | None, form: Template | None) -> syntax.Plot:
    if form is None:
        return syntax.Plot(span, signals, against)
    return syntax.Plot(
        span,
        signals,
        against,
        syntax.Call(Span(span.source, form.name.span.start, span.end), form.name, form.arguments),
    )


def _seed(span: Span, value: Expression) -> syntax.Seed:
    return syntax.Seed(span, value)


def _batch(span: Span, value: Expression) -> syntax.Batch:
    return syntax.Batch(span, value)


def _sweep(span: Span, name: syntax.Name, values: Expression) -> syntax.Sweep:
    return syntax.Sweep(span, name, values)


def _method(notes: Notes, span: Span, template: Template) -> syntax.Method:
    return syntax.Method(span, simple(notes, template.name, "a method"), template.arguments)


def _loss(span: Span, value: Expression) -> syntax.Loss:
    return syntax.Loss(span, value)


def _loss_at(span: Span, at: Expression, value: Expression) -> syntax.Loss:
    return syntax.Loss(span, value, at)


def _loss_over(span: Span, over: syntax.Range, value: Expression) -> syntax.Loss:
    return syntax.Loss(span, value, None, over)


def _present(span: Span, name: syntax.Name, value: Expression, duration: Expression | None) -> syntax.Present:
    return syntax.Present(span, name, value, "input", duration)


def _present_as(span: Span, value: Expression, form: Literal["initial", "clamp"], name: syntax.Name) -> syntax.Present:
    return syntax.Present(span, name, value, form)


def _error_state(
    notes: Notes,
    span: Span,
    name: syntax.Identifier,
    unit: syntax.UnitText,
    of: syntax.Name,
    options: Arguments | None,
) -> syntax.ErrorState:
    notes.declare(name.span, name.text)
    return syntax.ErrorState(span, name, unit, of, options or ())


def _drive(span: Span, name: syntax.Name, value: Expression, options: Arguments | None) -> syntax.Drive:
    return syntax.Drive(span, name, value, options or ())


def _stop(span: Span, condition: Expression) -> _Stop:
    return _Stop(span, condition)


def _train(notes: Notes, span: Span, *options: syntax.Argument | _Stop) -> syntax.Train:
    stops = [each for each in options if isinstance(each, _Stop)]
    for again in stops[1:]:
        notes.problems.error(
            "duplicate-option",
            "training stops when one condition is true",
            (again.span, "again here"),
            (stops[0].span, "first here"),
            hints=("join the two with or",),
        )
    arguments = tuple(each for each in options if isinstance(each, syntax.Argument))
    return syntax.Train(span, arguments, stops[0].condition if stops else None)


RULES: Mapping[str, Callable[..., object]] = {
    "assignment": _assignment, "assignment_kind": word, "run_to": _run_to, "run_until_steady": _run_until_steady,
    "save": _save, "save_every": _save_every, "save_reduction": _save_reduction, "plot": _plot, "seed": _seed,
    "batch": _batch,
    "sweep": _sweep, "loss": _loss, "loss_at": _loss_at, "loss_over": _loss_over, "present": _present,
    "present_as": _present_as, "present_form": word, "drive": _drive, "stop": _stop,
}  # fmt: skip
NOTING: Mapping[str, Callable[..., object]] = {
    "data": _data, "method": _method, "error_state": _error_state, "train": _train,
}  # fmt: skip
