"""Circuits and networks: their own parameters and nodes, with names and units checked."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.check import Checker
from mcompiler.model.evaluate import constant, whole
from mcompiler.model.expression import Expression, number
from mcompiler.model.faults import duplicate, unsupported
from mcompiler.model.model import Circuit, Device, Element, Node, Population, Projection
from mcompiler.model.scope import RESERVED, Functions, Known, Scope
from mcompiler.model.values import CONSTANT, is_declared, resolve_input, resolve_parameters, with_units
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS

GROUND = "ground"
#: Most indices of an array of nodes or elements.
MOST_INDICES = 8
_DECLARED = {"param": "parameter", "size": "size", "input": "input"}

FindDevice = Callable[[str], Device | None]
#: What circuits and networks hold besides parameters, inputs and sizes.
_HOLDS: Mapping[str, tuple[type[syntax.Node], ...]] = {
    "circuit": (syntax.Element,),
    "network": (syntax.Member, syntax.Synapses),
}
#: What is said of anything else in them.
HOLDS_ONLY = {
    "circuit": "a circuit holds parameters, inputs, sizes, nodes and elements only",
    "network": "a network holds parameters, inputs, sizes, cells and synapses only",
}


@dataclass(frozen=True, slots=True)
class Library:
    """What a circuit may be made of.

    Attributes:
        device: finds a device by its name.
        devices: all names of devices.
        broken: names of those with which something is wrong, so that nothing more is said of who uses them.
        circuits: names of circuits.
        functions: what expressions may call.
    """

    device: FindDevice
    devices: Collection[str]
    broken: Collection[str]
    circuits: Collection[str]
    functions: Functions


@dataclass(slots=True)
class Plan:
    """A circuit in the making: its text, what it may be made of, and the names in it so far, parameters, sizes and inputs by themselves too."""

    block: syntax.Block
    library: Library
    check: Checker
    names: dict[str, Known] = field(default_factory=dict[str, Known])
    constants: dict[str, Known] = field(default_factory=dict[str, Known])
    inputs: dict[str, Known] = field(default_factory=dict[str, Known])
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.check.problems

    def scope(self, place: str) -> Scope:
        """What values that are constant in time may use."""
        return Scope(self.constants, self.library.functions, place, time=False, elsewhere=self.names)

    def is_new(self, name: str, span: Span) -> bool:
        """Whether the name may be given to something; otherwise the problem is noted."""
        if name in RESERVED:
            headline = f"{name} is {RESERVED[name]} and cannot be declared"
            self.problems.error("reserved-word", headline, span, hints=("choose another name",))
            return False
        if name in self.names:
            duplicate(self.problems, f"{name} is declared twice", span, self.names[name].span)
            return False
        return True


def plan_circuit(block: syntax.Block, library: Library, check: Checker) -> Plan:
    """The circuit with its own names and nodes; elements come later."""
    plan, problems = Plan(block, library, check), check.problems
    if block.ports:
        unsupported(problems, "circuits used as elements are", block.name.span)
    _declare(plan)
    for each in block.body:
        if isinstance(each, syntax.Nodes) and block.kind == "circuit":
            _nodes(plan, each)
        elif not isinstance(each, (syntax.Declaration, *_HOLDS[block.kind])):
            where = "a device" if block.kind == "circuit" else "a cell or synapse"
            hints = (f"equations belong into {where}",) if isinstance(each, syntax.Equation) else ()
            problems.error("wrong-place", HOLDS_ONLY[block.kind], each.span, hints=hints)
    return plan


def finish_circuit(
    plan: Plan,
    elements: tuple[Element, ...],
    cells: tuple[Population, ...] = (),
    synapses: tuple[Projection, ...] = (),
) -> Circuit:
    """The circuit; what is wrong with it is in the plan's problems."""
    block = plan.block
    declarations = [each for each in block.body if isinstance(each, syntax.Declaration)]
    constants = [each for each in declarations if each.kind in ("param", "size")]
    parameters = resolve_parameters(constants, plan.names, plan.library.functions, plan.check)
    sizes = tuple(each for each in parameters if plan.names[each.name].what == "size")
    for each in sizes:
        if isinstance(each.default, Expression):
            check_size(plan.problems, each.name, each.default)
    inputs = tuple(
        resolve_input(each, plan.names[each.name.text], plan.scope(f"the input {each.name.text}"), plan.check)
        for each in declarations
        if each.kind == "input" and is_declared(each, plan.names)
    )
    if not any(isinstance(each, _HOLDS[block.kind]) for each in block.body):
        what = "elements" if block.kind == "circuit" else "cells"
        headline = f"the {block.kind} {block.name.text} has no {what}"
        plan.problems.error("empty-circuit", headline, block.name.span)
    rest = tuple(each for each in parameters if plan.names[each.name].what != "size")
    return Circuit(
        block.name.text, block.name.span, sizes, rest, inputs, tuple(plan.nodes.values()), elements, block.doc, cells, synapses
    )  # fmt: skip


def check_size(problems: Problems, name: str, value: Expression) -> bool:
    """Whether a size can be right: a literal one is a whole number, one or more."""
    found = constant(value)
    if found is not None and (whole(found) is None or found < 1):
        code = "size-zero" if found == 0 else "bad-size"
        headline = f"the size {name} is {found:g}; a size is a whole number, one or more"
        problems.error(code, headline, value.span)
        return False
    return True


# --- declarations


def _declare(plan: Plan) -> None:
    kept: list[syntax.Declaration] = []
    for each in plan.block.body:
        if not isinstance(each, syntax.Declaration):
            continue
        name = each.name.text
        if each.kind not in _DECLARED:
            plan.problems.error("wrong-place", f"a {plan.block.kind} has no {each.kind}", each.span)
            continue
        if each.shape:
            headline = f"{name} is an array; arrays of parameters and inputs are not compiled in this version"
            hints = ("give the elements an expression of their indices",) if plan.block.kind == "circuit" else ()
            plan.problems.error("unsupported", headline, each.span, hints=hints)
        if plan.is_new(name, each.name.span):
            kept.append(each)
            dimension = each.unit.unit.dimension if each.unit else DIMENSIONLESS
            plan.names[name] = Known(dimension, each.name.span, _DECLARED[each.kind])
    plan.names = with_units([each for each in kept if each.kind != "size"], plan.names, plan.library.functions)
    plan.constants = {name: known for name, known in plan.names.items() if known.what in CONSTANT}
    plan.inputs = {name: known for name, known in plan.names.items() if known.what == "input"}


def _nodes(plan: Plan, each: syntax.Nodes) -> None:
    for part in each.nodes:
        name = part.name
        place = Span(part.span.source, part.span.start, part.span.start + len(name))
        if plan.is_new(name, place):
            plan.names[name] = Known(DIMENSIONLESS, place, "node")
        elif name in RESERVED:
            continue
        if len(part.indices) > MOST_INDICES:
            plan.problems.error("too-large", f"an array has at most {MOST_INDICES} indices", part.span)
        known = resolve_shape(plan, name, part.indices)
        plan.nodes.setdefault(name, Node(name, known, part.span, each.doc))


def resolve_shape(plan: Plan, name: str, indices: tuple[syntax.Expression, ...]) -> tuple[Expression, ...]:
    """The extents of an array; one in place of each that is wrong."""
    what = "a size"
    shape = [(plan.check.of(each, plan.scope(what), DIMENSIONLESS, what), each.span) for each in indices]
    known = tuple(number(1.0, span) if one is None else one for one, span in shape)
    for one in known:
        check_size(plan.problems, f"of {name}", one)
    return known
