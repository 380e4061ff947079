"""From reductions to the tree: a function for each rule of the grammar. What cannot be meant is reported to the notes."""

from collections.abc import Callable, Sequence
from functools import partial

from mcompiler.dsl.build import experiments, expressions, modules, quantities, templates
from mcompiler.dsl.build.notes import Notes, check_indices
from mcompiler.dsl.tables import Rule

__all__ = ["Notes", "builders", "check_indices"]

_ROOMS = (expressions, quantities, templates, experiments, modules)


def builders(rules: Sequence[Rule], notes: Notes) -> tuple[Callable[..., object] | None, ...]:
    """For every rule the function of its name; None where its children are passed on."""
    functions: dict[str, Callable[..., object]] = {}
    for room in _ROOMS:
        functions |= room.RULES
        functions |= {name: partial(function, notes) for name, function in room.NOTING.items()}
    return tuple(None if rule.is_spliced else functions.get(rule.build) for rule in rules)
