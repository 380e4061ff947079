"""Devices: from a block of declarations and equations to a `Device` with checked units."""

from collections import Counter
from dataclasses import replace

from mcompiler.dsl import syntax
from mcompiler.model.check import Checker
from mcompiler.model.draft import Draft, declare
from mcompiler.model.events import resolve_events
from mcompiler.model.expression import name_set
from mcompiler.model.faults import duplicate
from mcompiler.model.laws import resolve_definitions
from mcompiler.model.model import Device, Input
from mcompiler.model.scope import Functions
from mcompiler.model.sets import resolve_sets
from mcompiler.model.sides import sort_equations
from mcompiler.model.states import resolve_states
from mcompiler.model.values import resolve_input, resolve_parameters


def resolve_device(block: syntax.Block, functions: Functions, check: Checker) -> Device:
    """The device; what is wrong with it is in the checker's problems."""
    draft = Draft(block, functions, check)
    terminals = _terminals(draft)
    declare(draft)
    sort_equations(draft)
    parameters = resolve_parameters(draft.declared("param"), draft.names, functions, draft.check)
    inputs = resolve_inputs(draft)
    definitions, law = resolve_definitions(draft)
    states = resolve_states(draft)
    events = resolve_events(draft, states, definitions)
    device = Device(
        draft.name, terminals, block.name.span, parameters, inputs, states, definitions, law, events, doc=block.doc
    )
    _warn_of_unused(draft, device)
    return replace(device, sets=resolve_sets(draft, device))


def resolve_inputs(draft: Draft) -> tuple[Input, ...]:
    """The inputs with their defaults."""
    return tuple(
        resolve_input(
            each, draft.names[each.name.text], draft.constant_scope(f"the input {each.name.text}"), draft.check
        )
        for each in draft.declared("input")
    )


def _terminals(draft: Draft) -> tuple[str, str]:
    names = [each.name for each in draft.block.ports]
    for number, port in enumerate(draft.block.ports):
        if port.name in names[:number]:
            duplicate(draft.problems, f"{port.name} is a terminal twice", port.span, draft.block.ports[0].span)
    if len(names) == 2:
        return names[0], names[1]
    headline = f"the device {draft.name} has {_counted(len(names), 'terminal')}; this version compiles devices with two"
    if len(names) > 2:
        draft.problems.error("unsupported", headline, draft.block.name.span)
    else:
        hints = (f"write device {draft.name}(p, n) {{ ... }}",)
        draft.problems.error("terminal-count", headline, draft.block.name.span, hints=hints)
    return ("p", "n")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count or 'no'} {what}s"


def _warn_of_unused(draft: Draft, device: Device) -> None:
    read = {
        *name_set(*(each.value for each in device.definitions), *(each.margin for each in device.events)),
        *name_set(*(value for event in device.events for _, value in event.resets)),
        *name_set(device.law.value if device.law else None),
    }
    readers = Counter(name for state in device.states for name in name_set(state.rate) - {state.name})
    for state in device.states:
        if state.name not in read and not readers[state.name] and state.name != "i":
            draft.problems.warn(
                "unused-state",
                f"the state {state.name} influences nothing: neither the port nor another state reads it",
                state.span,
                hints=("this is fine for a quantity that is only watched",),
            )
