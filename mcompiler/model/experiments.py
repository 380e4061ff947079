"""Experiments and the losses of learning blocks: what is set, run, kept, drawn and compared."""

from collections.abc import Collection

from mcompiler.dsl import syntax
from mcompiler.model.evaluate import evaluate
from mcompiler.model.expression import Expression, name_set
from mcompiler.model.faults import circular, unsupported
from mcompiler.model.model import Assignment, Circuit, Experiment, Floats
from mcompiler.model.scope import ordered
from mcompiler.model.statements import MISSING, STATEMENTS, ExperimentDraft
from mcompiler.model.tables import Tables
from mcompiler.model.target import Target


def resolve_experiment(block: syntax.Block, target: Target, tables: Tables) -> Experiment:
    """The experiment; what is wrong with it is in the target's problems.

    Args:
        block: its text.
        target: what it runs on.
        tables: data files.
    """
    draft = ExperimentDraft(target, tables)
    early = (syntax.Data, syntax.Assignment)
    for kind in early:
        for each in block.body:
            if isinstance(each, kind) and not draft.problems.is_full:
                STATEMENTS[kind](draft, each)
    draft.sizes = _sizes(target.circuit, draft.assignments.values())
    for each in block.body:
        if isinstance(each, early) or draft.problems.is_full:
            continue
        if type(each) in STATEMENTS:
            STATEMENTS[type(each)](draft, each)
        else:
            unsupported(draft.problems, MISSING.get(type(each), "such statements are"), each.span)
    if draft.run is None and block.kind == "experiment":
        headline = f"the experiment {block.name.text} does not say how long it runs"
        draft.problems.error("missing-run", headline, block.name.span, hints=("write run to 1[s]",))
    if draft.batch is not None and block.kind == "learning":
        unsupported(draft.problems, "batches of learning are", draft.batch[1], "write the batch in an experiment")
    elif draft.batch is not None and draft.batch[0] > 1:
        for loss in draft.losses:
            unsupported(draft.problems, "losses of batches are", loss.span)
    _check_circle(draft)
    return Experiment(
        block.name.text, target.circuit, block.name.span, draft.until, tuple(draft.assignments.values()), tuple(draft.saves),
        tuple(draft.plots), tuple(draft.losses), tuple(draft.data.values()), draft.seed[0] if draft.seed else 0,
        draft.method[0] if draft.method else "", draft.options, draft.batch[0] if draft.batch else 1, block.doc, block,
        draft.is_steady,
    )  # fmt: skip


def _sizes(circuit: Circuit, assignments: Collection[Assignment]) -> dict[str, Floats]:
    """The sizes whose values are known before the network is built."""
    given = {each.name: each.value for each in assignments if each.kind == "set" and not each.element}
    values = {each.name: given.get(each.name, each.default) for each in circuit.sizes}
    known: dict[str, Floats] = {}
    order, _ = ordered({name: name_set(value) for name, value in values.items() if isinstance(value, Expression)})
    for name in order:
        value = values[name]
        if isinstance(value, Expression) and name_set(value) <= known.keys():
            known[name] = evaluate(value, known)
    return known


def _check_circle(draft: ExperimentDraft) -> None:
    """Values of the circuit that are set in terms of each other."""
    own = {
        each.name: each
        for each in draft.assignments.values()
        if not each.element and isinstance(each.value, Expression)
    }
    reads = {name: name_set(each.value) for name, each in own.items() if isinstance(each.value, Expression)}
    _, circle = ordered(reads)
    if circle:
        places = [own[name].value.span for name in circle]
        circular(draft.problems, "these values need each other", circle, places)
