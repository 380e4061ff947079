"""Values that are set from outside: ``--set M.Ron=150[ohm]``, ``--set N=128``."""

from collections.abc import Sequence
from dataclasses import replace

from mcompiler.diagnostics import CompileError, Problems
from mcompiler.dsl import syntax
from mcompiler.model.assignments import Kind, device_kinds, own_kinds
from mcompiler.model.check import Checker
from mcompiler.model.experiments import resolve_experiment
from mcompiler.model.fragments import parse_setting
from mcompiler.model.model import Experiment, Model
from mcompiler.model.tables import Tables
from mcompiler.model.target import Target
from mcompiler.units import Dimension


def override(model: Model, experiment: Experiment, settings: Sequence[str]) -> Experiment:
    """The experiment with values set differently, checked like those of its text.

    Args:
        model: the experiment's model.
        experiment: one of its experiments, or one made for a circuit alone.
        settings: texts like ``M.Ron=150[ohm]``, ``M.Ron=150ohm``, ``M.w=0.2`` (the state at the start), ``N=128``; later ones win.

    Raises:
        CompileError: with everything that is wrong with them.
    """
    check = Checker(Problems())
    problems = check.problems
    target = Target(experiment.circuit, (), model.functions, check)
    given: dict[str, syntax.Assignment] = {}
    for text in settings:
        try:
            found = parse_setting(text, _kind(text, target))
        except CompileError as error:
            problems.found.extend(error.diagnostics)
        else:
            given[found.name.text] = found
    problems.raise_errors()
    block = experiment.block or _empty_block(experiment)
    kept = [each for each in block.body if not (isinstance(each, syntax.Assignment) and each.name.text in given)]
    changed = replace(block, body=(*kept, *given.values()))
    result = resolve_experiment(changed, target, Tables())
    problems.raise_errors()
    if result.until is None:
        return replace(result, until=experiment.until, is_steady=experiment.is_steady)
    return result


def _kind(text: str, target: Target) -> Kind:
    """Whether a name is set, an initial value or an input; what is unknown is found to be so later."""
    name = text.partition("=")[0].strip()
    element, dot, own = name.partition(".")
    if not dot:
        return own_kinds(target).get(name, "set")
    if element in target.elements:
        return device_kinds(target, element).get(own, "set")
    return "initial" if element in target.nodes and own == "v" else "set"


def _empty_block(experiment: Experiment) -> syntax.Block:
    """The text of an experiment that was made for a circuit alone; it needs no end of its run."""
    span = experiment.span
    name = syntax.Identifier(span, experiment.name)
    return syntax.Block(span, "learning", name, (), syntax.Identifier(span, experiment.circuit.name), "", ())


def quantity(text: str, dimension: Dimension) -> float | None:
    """The number in SI that a text like ``5ms`` or ``5[ms]`` means, or None where it is no literal in this dimension; a bare number is in SI."""
    value = literal(text)
    return None if value is None or (value.unit is not None and value.dimension != dimension) else value.value


def literal(text: str) -> syntax.Number | None:
    """The literal that a text like ``5ms`` or ``5[ms]`` is, or None."""
    try:
        value = parse_setting(f"value={text}", "set").value
    except CompileError:
        return None
    return value if isinstance(value, syntax.Number) else None
