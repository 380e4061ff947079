"""The statements of experiments, one function each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.assignments import resolve_assignment
from mcompiler.model.data import resolve_data
from mcompiler.model.evaluate import constant, evaluate, whole
from mcompiler.model.expression import Expression, name_set
from mcompiler.model.faults import duplicate, unsupported
from mcompiler.model.losses import resolve_loss
from mcompiler.model.model import Assignment, Data, Floats, Loss, Plot, Save
from mcompiler.model.signals import signal
from mcompiler.model.tables import Tables
from mcompiler.model.target import Target
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, TIME, Dimension

#: Integration methods and the options each takes.
_ADAPTIVE = ("rtol", "atol", "max_step", "steady_tol")
_FIXED_STEP = ("step", "steady_tol")
METHODS: Mapping[str, tuple[str, ...]] = {
    "auto": _ADAPTIVE,
    "euler": _FIXED_STEP,
    "heun": _FIXED_STEP,
    "rk4": _FIXED_STEP,
    "bs3": _ADAPTIVE,
    "tsit5": _ADAPTIVE,
    "dop853": _ADAPTIVE,
}
_OPTIONS: Mapping[str, Dimension] = {
    "rtol": DIMENSIONLESS,
    "atol": DIMENSIONLESS,
    "max_step": TIME,
    "step": TIME,
    "steady_tol": DIMENSIONLESS,
}
MISSING: Mapping[type[syntax.Node], str] = {
    syntax.Sweep: "sweeps are",
    syntax.Present: "presented patterns are",
    syntax.ErrorState: "error networks are",
    syntax.Drive: "drives are",
    syntax.Train: "training options are",
}


@dataclass(slots=True)
class ExperimentDraft:
    """An experiment in the making; ``sizes`` are those whose values are known, for indices."""

    target: Target
    tables: Tables
    sizes: Mapping[str, Floats] = field(default_factory=dict[str, Floats])
    until: Expression | None = None
    is_steady: bool = False
    run: Span | None = None
    assignments: dict[tuple[str, str, str], Assignment] = field(default_factory=dict[tuple[str, str, str], Assignment])
    saves: list[Save] = field(default_factory=list[Save])
    plots: list[Plot] = field(default_factory=list[Plot])
    losses: list[Loss] = field(default_factory=list[Loss])
    data: dict[str, Data] = field(default_factory=dict[str, Data])
    seed: tuple[int, Span] | None = None
    batch: tuple[int, Span] | None = None
    method: tuple[str, Span] | None = None
    options: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.target.problems


def _data(draft: ExperimentDraft, each: syntax.Data) -> None:
    name, span, target = each.name.text, each.name.span, draft.target
    known = target.own.get(name) or target.elements.get(name) or target.nodes.get(name) or draft.data.get(name)
    if known is not None:
        duplicate(draft.problems, f"{name} is a name already", span, known.span)
    else:
        draft.data[name] = resolve_data(each, draft.tables, draft.problems)


def _assignment(draft: ExperimentDraft, each: syntax.Assignment) -> None:
    if each.kind == "target":
        unsupported(draft.problems, "targets are", each.span)
        return
    found = resolve_assignment(each, draft.target, draft.data)
    if found is None:
        return
    key = (found.kind, found.element, found.name)
    if key in draft.assignments:
        duplicate(draft.problems, f"{found.path} is given twice", each.span, draft.assignments[key].span)
    draft.assignments[key] = found


def _run(draft: ExperimentDraft, each: syntax.Run) -> None:
    if draft.run is not None:
        labels = ((each.span, "again here"), (draft.run, "first here"))
        draft.problems.error("duplicate-run", "an experiment runs once", *labels)
        return
    draft.run = each.span
    draft.is_steady = each.steady is not None
    what = "the time to become steady" if draft.is_steady else "the end of the run"
    given = each.until if each.steady is None else each.steady
    assert given is not None
    until = draft.target.check.of(given, draft.target.scope(what), TIME, what)
    value = None if until is None else constant(until)
    if until is not None and value is not None and not 0 < value < inf:
        word = "empty" if value == 0 else "negative" if value < 0 else "endless"
        headline = f"this run is {word}: it starts at 0 s and ends at {value:g} s"
        if draft.is_steady:
            headline += ", steady or not"
        draft.problems.error("empty-run", headline, until.span, hints=("give a positive time",))
    draft.until = until


def _seed(draft: ExperimentDraft, each: syntax.Seed) -> None:
    if draft.seed is not None:
        duplicate(draft.problems, "the seed is given twice", each.span, draft.seed[1])
        return
    found = draft.target.check.of(each.value, draft.target.scope("the seed"), DIMENSIONLESS, "the seed")
    value = None if found is None else constant(found)
    seed = None if value is None else whole(value)
    if found is not None and (seed is None or not 0 <= seed < 2**63):
        draft.problems.error("bad-seed", "the seed is a whole number, zero or more", found.span)
    draft.seed = (seed or 0, each.span)


def _batch(draft: ExperimentDraft, each: syntax.Batch) -> None:
    circuit = draft.target.circuit
    if draft.batch is not None:
        duplicate(draft.problems, "the batch is given twice", each.span, draft.batch[1])
        return
    draft.batch = (1, each.span)
    if not circuit.is_network:
        headline = f"{circuit.name} is a circuit; a batch has copies of the cells of a network"
        hints = ("run(ensemble = ...) in Python runs a circuit many times",)
        draft.problems.error("bad-batch", headline, each.span, hints=hints)
        return
    found = draft.target.check.of(each.value, draft.target.scope("the batch"), DIMENSIONLESS, "the batch")
    if found is None:
        return
    if not name_set(found) <= draft.sizes.keys():
        draft.problems.error("bad-batch", "the batch is a number, or an expression of sizes", found.span)
        return
    value = float(evaluate(found, draft.sizes))
    copies = whole(value)
    if copies is None or copies < 1:
        headline = f"the batch is {value:g}; it is a number of copies, a whole number, one or more"
        draft.problems.error("bad-batch", headline, found.span)
    else:
        draft.batch = (copies, each.span)


def _method(draft: ExperimentDraft, each: syntax.Method) -> None:
    name, span = each.name.text, each.name.span
    if draft.method is not None:
        duplicate(draft.problems, "the method is given twice", span, draft.method[1])
    elif name not in METHODS:
        hints = draft.problems.suggest(name, METHODS) or (f"there are {', '.join(METHODS)}",)
        draft.problems.error("unknown-method", f"there is no method {name}", span, hints=hints)
    else:
        draft.method = name, span
        for option in each.options:
            _option(draft, name, option)


def _option(draft: ExperimentDraft, method: str, option: syntax.Argument) -> None:
    key = option.name.text if option.name else ""
    if key not in METHODS[method]:
        headline = f"{method} has no option {key}" if key else f"the options of {method} have names"
        hints = draft.problems.suggest(key, METHODS[method]) or (f"it has {', '.join(METHODS[method])}",)
        draft.problems.error("unknown-argument", headline, option.span, hints=hints)
        return
    what = f"the option {key}"
    if key in draft.options:
        duplicate(draft.problems, f"{key} is given twice", option.span, None)
    found = draft.target.check.of(option.value, draft.target.scope(what), _OPTIONS[key], what)
    value = None if found is None else constant(found)
    if found is not None and (value is None or not 0 < value < inf):
        draft.problems.error("bad-option", f"{key} must be a positive literal", found.span)
    elif value is not None:
        draft.options[key] = value


def _save(draft: ExperimentDraft, each: syntax.Save) -> None:
    if each.reduction is not None:
        unsupported(draft.problems, "savings of maxima and the like are", each.span)
        return
    what = "the distance of saved times"
    every = None if each.every is None else draft.target.check.of(each.every, draft.target.scope(what), TIME, what)
    value = None if every is None else constant(every)
    if every is not None and value is not None and not 0 < value < inf:
        draft.problems.error("empty-run", f"{what} must be positive and finite", every.span)
    signals = [found for node in each.signals if (found := signal(node, draft.target, draft.sizes)) is not None]
    draft.saves.append(Save(tuple(signals), every, each.span))


def _plot(draft: ExperimentDraft, each: syntax.Plot) -> None:
    if each.form is not None:
        unsupported(draft.problems, "plots as something else than curves are", each.form.span)
    is_time = isinstance(each.against, syntax.Name) and each.against.text == "t"
    against = None if each.against is None or is_time else signal(each.against, draft.target, draft.sizes)
    signals = [found for node in each.signals if (found := signal(node, draft.target, draft.sizes)) is not None]
    draft.plots.append(Plot(tuple(signals), against, each.span))


def _loss(draft: ExperimentDraft, each: syntax.Loss) -> None:
    loss = resolve_loss(each, draft.target, draft.data, draft.sizes, draft.losses)
    if loss is not None:
        draft.losses.append(loss)


#: What is done with each kind of statement.
STATEMENTS: Mapping[type[syntax.Node], Callable[[ExperimentDraft, Any], None]] = {
    syntax.Data: _data,
    syntax.Assignment: _assignment,
    syntax.Run: _run,
    syntax.Save: _save,
    syntax.Plot: _plot,
    syntax.Seed: _seed,
    syntax.Batch: _batch,
    syntax.Method: _method,
    syntax.Loss: _loss,
}
