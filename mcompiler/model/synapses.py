"""Synapses: from a block to a `Synapse` between two given cells, the devices inside it put in place with their names in front."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from mcompiler.dsl import syntax
from mcompiler.model import balance
from mcompiler.model.cells import without_ports
from mcompiler.model.check import Checker
from mcompiler.model.devices import resolve_inputs
from mcompiler.model.draft import Draft, declare, is_new
from mcompiler.model.events import resolve_events
from mcompiler.model.expression import Expression, Name, name_set
from mcompiler.model.faults import circular, listed, unknown
from mcompiler.model.inside import FindDevice, Inside, place_device
from mcompiler.model.laws import resolve_definitions
from mcompiler.model.model import CELL_ENDS, Cell, CellEnd, Contribution, Definition, EndRead, Synapse
from mcompiler.model.scope import Functions, Known, ordered
from mcompiler.model.sets import resolve_sets
from mcompiler.model.sides import sort_equation
from mcompiler.model.states import resolve_states
from mcompiler.model.values import resolve_parameters
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

#: What to do where `global` means nothing.
_NO_GLOBAL = "a global cell is named in the network: synapses W: Pair from X to Y with G"


@dataclass(slots=True)
class _Build:
    """A synapse in the making; ``ends`` are the cells it joins (None: unknown, since nothing uses the synapse).

    Of the cells in ``broken`` something is wrong, so that nothing is said of what they lack.
    """

    draft: Draft
    ends: Mapping[str, Cell | None]
    broken: Collection[str]
    devices: dict[str, Inside] = field(default_factory=dict[str, Inside])
    given: dict[str, syntax.Equation] = field(default_factory=dict[str, syntax.Equation])
    adds: list[syntax.Equation] = field(default_factory=list[syntax.Equation])
    reads: dict[str, EndRead] = field(default_factory=dict[str, EndRead])

    def dotted(self, node: syntax.Name) -> Expression | None:
        """``pre.r`` or ``P.i``."""
        owner, quantity = node.parts[0].name, ".".join(part.name for part in node.parts[1:])
        if any(part.indices for part in node.parts):
            headline = "a synapse joins two cells, so that nothing in it has an index"
            self.draft.problems.error("index-count", headline, node.span)
        elif owner in self.devices:
            return self._of_device(node, owner, quantity)
        elif owner in self.ends:
            return self._of_end(node, owner, quantity)
        else:
            headline = f"{node.text} is not known in the synapse {self.draft.name}"
            candidates = [*self.ends, *self.devices]
            otherwise = f"names with a dot begin with {listed(candidates)}"
            if owner == "global":
                otherwise = _NO_GLOBAL
            unknown(self.draft.problems, "unknown-name", headline, node.span, owner, candidates, otherwise)
        return None

    def constant(self, node: syntax.Name) -> Expression | None:
        """``P.Ron``: a parameter of a device, which is all that is constant of what has a dot."""
        found, device = self.dotted(node), self.devices.get(node.parts[0].name)
        parameters = () if device is None else device.parameters
        if found is None or node.text in {each.name for each in parameters}:
            return found
        headline = f"{node.text} moves in time: what is constant cannot depend on it"
        self.draft.problems.error(
            "not-constant", headline, node.span, hints=("parameters of devices can be used: P.Ron",)
        )
        return None

    def _of_device(self, node: syntax.Name, owner: str, quantity: str) -> Expression | None:
        device = self.devices[owner]
        if device.is_broken:
            return None
        if quantity in device.quantities:
            return Name(f"{owner}.{quantity}", device.quantities[quantity], node.span)
        headline = f"the device {owner} has no {quantity}"
        names = device.quantities
        otherwise = f"it has {listed(names)}"
        unknown(self.draft.problems, "unknown-name", headline, node.span, quantity, names, otherwise)
        return None

    def _of_end(self, node: syntax.Name, owner: str, quantity: str) -> Expression | None:
        cell = self.ends[owner]
        if cell is None:
            return None
        known = readable(cell)
        if quantity in known:
            self.reads[node.text] = EndRead(_end(owner), quantity, known[quantity])
            return Name(node.text, known[quantity], node.span)
        if cell.name in self.broken:
            return None
        others = {
            **{each.name: (each.span, "a parameter") for each in cell.parameters},
            **{each.name: (each.span, "an input") for each in cell.inputs},
            **{each.name: (each.span, "a definition") for each in cell.definitions},
        }
        headline = f"{cell.name} has no state or output {quantity}"
        if quantity in others:
            span, what = others[quantity]
            headline = f"{node.text} cannot be read: {quantity} of {cell.name} is {what}"
            hints = ("synapses read states and outputs: declare an output for it in the cell",)
            self.draft.problems.error("not-readable", headline, node.span, (span, "declared here"), hints=hints)
            return None
        otherwise = f"it has {listed(known)}"
        unknown(self.draft.problems, "unknown-name", headline, node.span, quantity, known, otherwise)
        return None


def _end(name: str) -> CellEnd:
    return next(each for each in CELL_ENDS if each == name)


def readable(cell: Cell) -> dict[str, Dimension]:
    """What synapses may read of a cell: its states and outputs."""
    outputs = {each.name: each.dimension for each in cell.definitions if each.name in cell.outputs}
    return {**{each.name: each.dimension for each in cell.states}, **outputs}


def resolve_synapse(
    block: syntax.Block,
    functions: Functions,
    check: Checker,
    find: FindDevice,
    ends: tuple[Cell | None, ...],
    broken: Collection[str] = (),
) -> Synapse:
    """The synapse between cells of these kinds; what is wrong with it is in the checker's problems.

    Args:
        block: its text.
        functions: what it may call.
        check: resolves its expressions.
        find: finds the devices inside it.
        ends: the cells it joins, pre and post and perhaps a global one; None where nothing uses it.
        broken: names of cells with which something is wrong.
    """
    draft = Draft(block, functions, check)
    build = _Build(draft, dict(zip(CELL_ENDS, ends, strict=False)), broken)
    without_ports(draft, "the two cells of a synapse are called pre and post")
    declare(draft)
    _place_devices(build, find)
    _sort(build)
    draft.dotted, draft.constant = build.dotted, build.constant
    parameters = resolve_parameters(draft.declared("param"), draft.names, functions, check)
    inputs = resolve_inputs(draft)
    definitions, _ = resolve_definitions(draft)
    states = resolve_states(draft)
    events = resolve_events(draft, states, definitions)
    own = Synapse(draft.name, block.name.span, parameters, inputs, states, definitions, events=events, doc=block.doc)
    sets = resolve_sets(draft, own)
    driven = _driven(build)
    inner = list(build.devices.values())
    every = [*definitions, *driven, *(one for each in inner for one in each.definitions)]
    return replace(
        own,
        parameters=(*parameters, *(one for each in inner for one in each.parameters)),
        inputs=(*inputs, *(one for each in inner for one in each.inputs)),
        states=(*states, *(one for each in inner for one in each.states)),
        events=(*events, *(one for each in inner for one in each.events)),
        definitions=_in_order(build, every),
        contributions=_contributions(build),
        reads=tuple(build.reads[name] for name in sorted(build.reads)),
        sets=sets,
        devices=tuple(each.made_of for each in inner if each.made_of is not None),
    )


# --- statements


def _place_devices(build: _Build, find: FindDevice) -> None:
    draft = build.draft
    for end in CELL_ENDS:
        if end in draft.names:
            headline = f"{end} is a cell at an end of synapses and cannot be declared"
            draft.problems.error("reserved-word", headline, draft.names[end].span or draft.block.span)
    for each in draft.block.body:
        if isinstance(each, syntax.Member) and each.kind == "device":
            name = each.name.text
            if name in CELL_ENDS:
                headline = f"{name} is a cell at an end of synapses and cannot be declared"
                draft.problems.error("reserved-word", headline, each.name.span)
            elif is_new(draft, name, each.name.span):
                draft.names[name] = Known(DIMENSIONLESS, each.name.span, "device", is_broken=True)
                build.devices[name] = place_device(each, draft, find)


def _sort(build: _Build) -> None:
    draft = build.draft
    for each in draft.block.body:
        if isinstance(each, syntax.Equation):
            left = each.left
            if each.adds:
                build.adds.append(each)
            elif isinstance(left, syntax.Name) and len(left.parts) > 1:
                _sort_dotted(build, left, each)
            else:
                sort_equation(draft, each)
        elif isinstance(each, syntax.Element | syntax.Nodes | syntax.Synapses) or (
            isinstance(each, syntax.Member) and each.kind == "cells"
        ):
            headline = "a synapse holds devices, parameters, states, equations and events only"
            draft.problems.error("wrong-place", headline, each.span)


def _sort_dotted(build: _Build, left: syntax.Name, equation: syntax.Equation) -> None:
    problems, owner = build.draft.problems, left.parts[0].name
    if owner in build.ends:
        headline = f"a synapse adds to inputs of its cells: {left.text} cannot be set"
        problems.error("wrong-place", headline, left.span, hints=(f"write {left.text} += ...",))
    elif owner not in build.devices:
        headline = f"{left.text} is not known in the synapse {build.draft.name}"
        otherwise = f"declare it: device {owner} = ..."
        if owner == "global":
            otherwise = _NO_GLOBAL
        candidates = [*build.devices, *build.ends]
        unknown(problems, "unknown-name", headline, left.span, owner, candidates, otherwise)
    elif left.text in build.given:
        labels = ((left.span, "again here"), (build.given[left.text].left.span, "first here"))
        problems.error("duplicate-equation", f"{left.text} is given twice", *labels)
    else:
        build.given[left.text] = equation


def _driven(build: _Build) -> list[Definition]:
    """``P.v = ...``: what every device inside is given, of its voltage and its current the one that its relation asks for."""
    devices = {name: each for name, each in build.devices.items() if not each.is_broken}
    return [found for name, each in devices.items() if (found := _given(build, name, each)) is not None]


def _given(build: _Build, name: str, device: Inside) -> Definition | None:
    wanted, problems = f"{name}.{device.wants}", build.draft.problems
    own = {text: each for text, each in build.given.items() if text.startswith(f"{name}.")}
    for text, equation in own.items():
        if text != wanted:
            headline = f"{text} cannot be given: {device.says}"
            hints = (f"write {wanted} = ...",)
            problems.error("wrong-place", headline, equation.left.span, (device.span, "the device"), hints=hints)
    if not own:
        what = "voltage" if device.wants == "v" else "current"
        headline = f"the synapse {build.draft.name} does not say what {what} the device {name} has"
        problems.error("missing-equation", headline, device.span, hints=(f"write {wanted} = ...",))
    if wanted not in own:
        return None
    equation, dimension = own[wanted], device.quantities[device.wants]
    value = build.draft.check.of(equation.right, build.draft.scope(), dimension, wanted, declared=device.span)
    return None if value is None else Definition(wanted, dimension, value, equation.span, equation.doc)


def _in_order(build: _Build, every: list[Definition]) -> tuple[Definition, ...]:
    """All definitions in order of use; those that need each other are told."""
    by_name = {each.name: each for each in every}
    order, circle = ordered({each.name: name_set(each.value) for each in every})
    if circle:
        places: list[Span | None] = [by_name[name].span for name in circle]
        circular(build.draft.problems, "these definitions need each other", circle, places)
    return tuple(by_name[name] for name in order)


def _contributions(build: _Build) -> tuple[Contribution, ...]:
    found = [each for equation in build.adds if (each := _contribution(build, equation)) is not None]
    if not build.adds:
        headline = f"the synapse {build.draft.name} contributes nothing to a cell"
        build.draft.problems.error(
            "missing-equation", headline, build.draft.block.name.span, hints=("write post.j += ...",)
        )
    return tuple(found)


def _contribution(build: _Build, equation: syntax.Equation) -> Contribution | None:
    left, problems = equation.left, build.draft.problems
    value = build.draft.check.value(equation.right, build.draft.scope())
    if not isinstance(left, syntax.Name) or len(left.parts) != 2 or left.parts[0].name not in build.ends:
        headline = "a synapse adds to an input of the cell at one of its ends"
        is_global = isinstance(left, syntax.Name) and left.parts[0].name == "global"
        hint = _NO_GLOBAL if is_global else "write post.j += ..."
        problems.error("wrong-place", headline, left.span, hints=(hint,))
        return None
    owner, name = left.parts[0].name, left.parts[1].name
    cell = build.ends[owner]
    if cell is None:
        return None
    inputs = {each.name: each for each in cell.inputs}
    if name not in inputs and cell.name in build.broken:
        return None
    if name not in inputs:
        headline = f"{cell.name} has no input {name}"
        otherwise = f"it has {listed(inputs)}" if inputs else f"declare it in {cell.name}: input {name}: A"
        unknown(problems, "unknown-name", headline, left.span, name, inputs, otherwise)
        return None
    to = inputs[name]
    fitted = None if value is None else balance.fit(problems, value, to.dimension, left.text, declared=to.span)
    return None if fitted is None else Contribution(_end(owner), name, fitted, equation.span)
