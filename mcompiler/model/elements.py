"""Elements of circuits: which device, between which nodes, with which values."""

from collections import ChainMap
from collections.abc import Iterable, Mapping

from mcompiler.dsl import syntax
from mcompiler.model.circuits import GROUND, MOST_INDICES, Plan
from mcompiler.model.expression import Expression, Number, apply, number
from mcompiler.model.faults import duplicate, listed, unknown, unsupported
from mcompiler.model.model import Device, Distribution, Element, Index, Parameter, State, Template, Terminal, Value
from mcompiler.model.scope import RESERVED, Dotted, Known, Scope
from mcompiler.model.values import check_inside, resolve_value
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS

#: An element's indices as names.
Local = dict[str, Known]


def resolve_elements(plan: Plan) -> tuple[Element, ...]:
    """The elements that are right; what is wrong with the others is noted."""
    nodes = [each for each in plan.block.body if isinstance(each, syntax.Element)]
    for each in nodes:
        if plan.is_new(each.name.text, each.name.span):
            plan.names[each.name.text] = Known(DIMENSIONLESS, each.name.span, "element")
    return tuple(element for each in nodes if (element := _element(plan, each)) is not None)


def _element(plan: Plan, each: syntax.Element) -> Element | None:
    device, preset = find_device(plan, each.template)
    indices = _indices(plan, each)
    if device is None:
        return None
    local = {binding.name.text: Known(DIMENSIONLESS, binding.name.span, "index") for binding in each.bindings}
    terminals = _terminals(plan, each, device, local)
    values = resolve_values(plan, each.arguments, device, local)
    if device.name not in plan.library.broken:  # a default that is wrong is told already
        _check_complete(plan, each, device)
    known = plan.names.get(each.name.text)
    if terminals is None or indices is None or known is None or known.span != each.name.span:
        return None
    return Element(each.name.text, device, terminals, each.name.span, indices, values, preset, each.doc)


def find_device(plan: Plan, template: syntax.Name) -> tuple[Device | None, Mapping[str, Value]]:
    """The device and the values of its parameter set, where one is named."""
    first = template.parts[0].name
    span = template.span
    if first in plan.library.circuits:
        unsupported(plan.problems, "circuits used as elements are", span)
        return None, {}
    device = plan.library.device(first)
    if device is None:
        headline, otherwise = f"there is no device {first}", "`mcompiler devices` lists the library"
        unknown(plan.problems, "unknown-device", headline, span, first, plan.library.devices, otherwise)
        return None, {}
    return device, find_set(plan, template, device)


def find_set(plan: Plan, template: syntax.Name, device: Template) -> Mapping[str, Value]:
    """The values of the parameter set that is named behind the template's name, where one is."""
    first, *rest = [part.name for part in template.parts]
    if rest and (len(rest) > 1 or rest[0] not in device.sets):
        if first not in plan.library.broken:
            headline = f"{first} has no parameter set {'.'.join(rest)}"
            otherwise = f"there are: {listed(device.sets)}"
            unknown(plan.problems, "unknown-set", headline, template.span, rest[0], device.sets, otherwise)
        return {}
    return device.sets[rest[0]] if rest else {}


# --- indices


def _indices(plan: Plan, each: syntax.Element) -> tuple[Index, ...] | None:
    if len(each.bindings) > MOST_INDICES:
        plan.problems.error("too-large", f"an array has at most {MOST_INDICES} indices", each.name.span)
        return None
    result = [_index(plan, binding) for binding in each.bindings]
    places: dict[str, Span] = {}
    for binding in each.bindings:
        name, span = binding.name.text, binding.name.span
        if name in RESERVED:
            headline = f"{name} is {RESERVED[name]} and cannot be an index"
            plan.problems.error("reserved-word", headline, span, hints=("choose another name",))
        elif name in places:
            duplicate(plan.problems, f"{name} is an index twice", span, places[name])
        elif name in plan.constants:
            duplicate(plan.problems, f"{name} is a {plan.names[name].what} already", span, plan.names[name].span)
        places.setdefault(name, span)
    known = tuple(index for index in result if index is not None)
    return known if len(known) == len(result) else None


def _index(plan: Plan, binding: syntax.Binding) -> Index | None:
    scope = plan.scope("an index range")
    over = binding.over
    if isinstance(over, syntax.Call):
        unsupported(plan.problems, "wirings from graphs are", over.span)
        return None
    if isinstance(over, syntax.Range):
        first = plan.check.of(over.first, scope, DIMENSIONLESS, "an index")
        last = plan.check.of(over.last, scope, DIMENSIONLESS, "an index")
    else:
        count = plan.check.of(over, scope, DIMENSIONLESS, "a size")
        first, last = number(0.0, over.span), None if count is None else minus_one(count)
    return None if first is None or last is None else Index(binding.name.text, first, last, binding.span)


def minus_one(count: Expression) -> Expression:
    """``count - 1``."""
    if isinstance(count, Number):
        return number(count.value - 1, count.span)
    return apply("sub", (count, number(1.0, count.span)), DIMENSIONLESS, count.span)


# --- terminals


def _terminals(plan: Plan, each: syntax.Element, device: Device, local: Local) -> tuple[Terminal, Terminal] | None:
    name = each.name.text
    given = [argument for argument in each.arguments if argument.name is None]
    ends = [_terminal(plan, argument.value, local) for argument in given[:2]]
    if len(given) < 2:
        missing = " and ".join(device.terminals[len(given) :])
        headline = f"{name} leaves the terminal {missing} of {device.name} unconnected"
        if not given:
            headline = f"{name} leaves both terminals of {device.name}, {missing}, unconnected"
        place = (device.span, f"{device.name} has the terminals {', '.join(device.terminals)}")
        first = given[0].value.span.text if given else "a"
        hints = (f"give a node for each: {name}: {device.name}({first}, ground)",)
        plan.problems.error("unconnected-terminal", headline, each.span, place, hints=hints)
        return None
    if len(given) > 2:
        headline = f"{device.name} has 2 terminals, but {name} joins {len(given)} nodes"
        hints = ("parameters are given by name: R = 1[kohm]",)
        plan.problems.error("terminal-count", headline, given[2].span, hints=hints)
        return None
    first_end, second_end = ends
    return None if first_end is None or second_end is None else (first_end, second_end)


def _terminal(plan: Plan, node: syntax.Expression, local: Local) -> Terminal | None:
    if not isinstance(node, syntax.Name) or len(node.parts) != 1:
        headline = "a terminal is joined to a node by its name"
        by_name = ("parameters are given by name: R = 1[kohm]",)
        plan.problems.error("unknown-node", headline, node.span, hints=by_name)
        return None
    part = node.parts[0]
    if part.name == GROUND and not part.indices:
        return Terminal(GROUND, (), node.span)
    if part.name not in plan.nodes:
        what = plan.names.get(part.name)
        headline = f"there is no node {part.name}" if what is None else f"{part.name} is {what.article}, not a node"
        hints = plan.problems.suggest(part.name, [*plan.nodes, GROUND]) or (f"declare it: node {part.name}",)
        plan.problems.error("unknown-node", headline, node.span, hints=hints)
        return None
    declared = plan.nodes[part.name]
    if len(part.indices) != len(declared.shape):
        headline = f"the node {part.name} takes {counted(len(declared.shape))}, not {len(part.indices)}"
        plan.problems.error("index-count", headline, node.span, (declared.span, "declared here"))
        return None
    scope = _with_indices(plan, local, "an index")
    indices = [plan.check.of(index, scope, DIMENSIONLESS, "an index") for index in part.indices]
    known = tuple(index for index in indices if index is not None)
    return Terminal(part.name, known, node.span) if len(known) == len(indices) else None


def counted(rank: int) -> str:
    """A number of indices in words."""
    return "1 index" if rank == 1 else f"{rank or 'no'} indices"


def _with_indices(plan: Plan, local: Local, place: str, dotted: Dotted | None = None) -> Scope:
    scope = plan.scope(place)
    scope.names, scope.dotted = ChainMap(local, plan.constants), dotted
    return scope


# --- values


def resolve_values(
    plan: Plan, arguments: Iterable[syntax.Argument], device: Template, local: Local, dotted: Dotted | None = None
) -> dict[str, Value]:
    """What parameters, inputs and initial states are given by name, in terms of indices by ``local`` names and ``dotted`` ones; problems are noted."""
    result: dict[str, Value] = {}
    places: dict[str, Span] = {}
    for argument in arguments:
        if argument.name is None:
            continue
        name = argument.name.text
        if name in places:
            duplicate(plan.problems, f"{name} is given twice", argument.name.span, places[name])
        places[name] = argument.name.span
        value = _value(plan, argument, device, local, dotted)
        if value is not None:
            result[name] = value
    return result


def _value(
    plan: Plan, argument: syntax.Argument, device: Template, local: Local, dotted: Dotted | None
) -> Value | None:
    assert argument.name is not None
    name = argument.name.text
    inputs = {each.name: each for each in device.inputs}
    bounded: dict[str, Parameter | State] = {each.name: each for each in device.parameters}
    bounded |= {each.name: each for each in device.states}
    target = inputs.get(name) or bounded.get(name)
    if target is None and device.name in plan.library.broken:
        return None
    if target is None:
        settable = [*bounded, *inputs]
        headline = f"{device.name} has no parameter, input or state {name}"
        otherwise = f"it has {listed(settable)}"
        unknown(plan.problems, "unknown-argument", headline, argument.name.span, name, settable, otherwise)
        return None
    scope = _with_indices(plan, local, f"the value of {name}", dotted)
    if name in inputs:
        scope.names, scope.time = ChainMap(local, plan.constants, plan.inputs), True
        if argument.is_distribution:
            headline = f"the input {name} is not drawn from a distribution: only parameters and initial values are"
            plan.problems.error("wrong-place", headline, argument.value.span)
            return None
    if device.name in plan.library.broken:  # its unit may be wrong
        plan.check.value(argument.value, scope) if not argument.is_distribution else None
        return None
    what = f"{name} of {device.name}"
    value = resolve_value(argument, scope, target.dimension, what, plan.check, target.span)
    if name in bounded and value is not None and not isinstance(value, Distribution):
        is_state = any(each.name == name for each in device.states)
        code = "initial-out-of-bounds" if is_state else "value-out-of-bounds"
        what = f"the initial value of {name}" if is_state else f"the value of {name}"
        check_inside(plan.problems, what, value, bounded[name].lower, bounded[name].upper, code)
    return value


def _check_complete(plan: Plan, each: syntax.Element, device: Device) -> None:
    given = {argument.name.text for argument in each.arguments if argument.name}
    parts = each.template.parts
    given |= set(device.sets.get(parts[-1].name, {})) if len(parts) > 1 else set()
    for name, default, span in [
        *((one.name, one.default, one.span) for one in device.parameters),
        *((one.name, one.default, one.span) for one in device.inputs),
    ]:
        if default is None and name not in given:
            headline = f"{each.name.text} needs a value for {name} of {device.name}"
            hints = (f"{each.name.text}: {device.name}(..., {name} = ...)",)
            plan.problems.error("missing-argument", headline, each.span, (span, "it has no default"), hints=hints)
