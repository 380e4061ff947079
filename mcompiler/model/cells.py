"""Cells: from a block of declarations and equations to a `Cell` with checked units."""

from dataclasses import replace

from mcompiler.dsl import syntax
from mcompiler.model.check import Checker
from mcompiler.model.devices import resolve_inputs
from mcompiler.model.draft import Draft, declare
from mcompiler.model.events import resolve_events
from mcompiler.model.laws import resolve_definitions
from mcompiler.model.model import Cell
from mcompiler.model.scope import Functions
from mcompiler.model.sets import resolve_sets
from mcompiler.model.sides import sort_equations
from mcompiler.model.states import resolve_states
from mcompiler.model.values import resolve_parameters


def resolve_cell(block: syntax.Block, functions: Functions, check: Checker) -> Cell:
    """The cell; what is wrong with it is in the checker's problems."""
    draft = Draft(block, functions, check)
    without_ports(draft, "cells are joined by synapses")
    declare(draft)
    sort_equations(draft)
    parameters = resolve_parameters(draft.declared("param"), draft.names, functions, draft.check)
    inputs = resolve_inputs(draft)
    _check_outputs(draft)
    definitions, _ = resolve_definitions(draft)
    states = resolve_states(draft)
    events = resolve_events(draft, states, definitions)
    outputs = tuple(draft.outputs)
    cell = Cell(draft.name, block.name.span, parameters, inputs, states, definitions, outputs, events, doc=block.doc)
    return replace(cell, sets=resolve_sets(draft, cell))


def without_ports(draft: Draft, hint: str) -> None:
    """Refuse terminals: only devices and circuits have them."""
    if draft.block.ports:
        span = draft.block.ports[0].span.to(draft.block.ports[-1].span)
        draft.problems.error("wrong-place", f"a {draft.block.kind} has no terminals", span, hints=(hint,))


def _check_outputs(draft: Draft) -> None:
    """Every output has an equation."""
    for name, each in draft.outputs.items():
        if each.is_distribution and each.value is not None:
            headline = f"the output {name} is not drawn from a distribution: only parameters and initial values are"
            draft.problems.error("wrong-place", headline, each.value.span)
        elif name not in draft.definitions:
            hints = (f"write output {name} ... = ..., or {name} = ...",)
            draft.problems.error("missing-equation", f"the output {name} has no value", each.name.span, hints=hints)
