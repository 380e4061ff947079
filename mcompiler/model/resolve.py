"""From the syntax of a file to its model: every name resolved, every unit checked, every problem told at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.balance import DEEPEST, too_deep
from mcompiler.model.cells import resolve_cell
from mcompiler.model.check import Checker
from mcompiler.model.circuits import Library, Plan, finish_circuit, plan_circuit
from mcompiler.model.devices import resolve_device
from mcompiler.model.elements import find_device, resolve_elements
from mcompiler.model.experiments import resolve_experiment
from mcompiler.model.expression import TIME_NAME
from mcompiler.model.faults import duplicate, unknown
from mcompiler.model.functions import CONSTANTS, FUNCTIONS
from mcompiler.model.library import library_block, library_devices, library_functions
from mcompiler.model.model import Cell, Device, Experiment, Model, Placed
from mcompiler.model.modules import Definitions, collect
from mcompiler.model.networks import Kinds, resolve_network
from mcompiler.model.scope import simple_names
from mcompiler.model.synapses import resolve_synapse
from mcompiler.model.tables import Tables
from mcompiler.model.target import Target

#: What a stand-in for a wrong number or unit may cause.
_OF_STAND_INS = frozenset(
    {
        "unit-mismatch",
        "missing-scale",
        "empty-bounds",
        "value-out-of-bounds",
        "initial-out-of-bounds",
        "empty-run",
        "bad-option",
    }
)
#: What is named in circuits and networks besides their own parameters and nodes.
_MEMBERS = (syntax.Element, syntax.Member, syntax.Synapses)
#: Levels of the tree above an expression: file, block, statement, argument.
_ABOVE = 6


def resolve(module: syntax.Module) -> Model:
    """The model of a file.

    Raises:
        CompileError: with everything that is wrong in it and in the files it uses.
    """
    problems = Problems()
    problems.found.extend(module.faults)
    definitions = collect(module, problems)
    _check_depth(definitions)
    if any(each.code == "too-deep" for each in problems.errors):
        problems.raise_errors()
    functions = definitions.callable()
    devices = _Devices(definitions, functions, Checker(problems))
    for name in list(definitions.devices):
        devices.find(name)
    cells = {name: _cell(block, devices) for name, block in definitions.cells.items()}
    tables = Tables()
    targets = _targets(definitions, devices, Kinds(cells.get, cells, definitions.synapses, tables))
    experiments = _experiments(definitions, targets, tables)
    _check_uncalled(definitions, functions)
    if not module.items:
        problems.error("empty-model", f"{module.source.name} holds no model")
    if module.faults:  # a stand-in's unit or value may be wrong, and what follows from it is no news
        problems.found = [each for each in problems.found if each.code not in _OF_STAND_INS]
    problems.raise_errors()
    circuits = {name: target.circuit for name, target in targets.items()}
    return Model(module.source, devices.resolved, circuits, experiments, functions, problems.warnings)


def library_device(name: str) -> Device | None:
    """A device of the library by its name, or None."""
    block = library_block(name)
    if block is None:
        return None
    check = Checker(Problems())
    device = resolve_device(block, library_functions(), check)
    check.problems.raise_errors()
    return device


@dataclass(slots=True)
class _Devices:
    """Devices resolved when first needed, each once; the model's own come before the library's."""

    definitions: Definitions
    functions: dict[str, syntax.Function]
    check: Checker
    resolved: dict[str, Device] = field(default_factory=dict[str, Device])
    broken: set[str] = field(default_factory=set[str])

    def find(self, name: str) -> Device | None:
        """The device of this name, or None."""
        if name not in self.resolved:
            own = self.definitions.devices.get(name)
            block = own or library_block(name)
            if block is None:
                return None
            before = len(self.check.problems.found)
            self.resolved[name] = resolve_device(block, self.functions if own else library_functions(), self.check)
            if any(each.severity == "error" for each in self.check.problems.found[before:]):
                self.broken.add(name)
        return self.resolved[name]


def _cell(block: syntax.Block, devices: _Devices) -> Cell:
    before = len(devices.check.problems.errors)
    cell = resolve_cell(block, devices.functions, devices.check)
    if len(devices.check.problems.errors) > before:
        devices.broken.add(cell.name)
    return cell


def _targets(definitions: Definitions, devices: _Devices, kinds: Kinds) -> dict[str, Target]:
    """Circuits and networks by name, as experiments find them."""
    names = dict.fromkeys((*definitions.devices, *library_devices()))
    circuits = definitions.circuits
    library = Library(devices.find, names, devices.broken, circuits, devices.functions)
    result: dict[str, Target] = {}
    for name, block in circuits.items():
        plan = plan_circuit(block, library, devices.check)
        elements = resolve_elements(plan) if block.kind == "circuit" else ()
        cells, synapses = resolve_network(plan, kinds) if block.kind == "network" else ((), ())
        placed: tuple[Placed, ...] = (*elements, *cells, *synapses)
        sound = {each.name for each in placed if each.device.name not in devices.broken}
        declared = {each.name.text for each in block.body if isinstance(each, _MEMBERS)}
        broken = {key for key, known in plan.names.items() if known.is_broken}
        circuit = finish_circuit(plan, elements, cells, synapses)
        result[name] = Target(circuit, broken | (declared - sound), devices.functions, devices.check)
    _check_unused(definitions, library, devices.check)
    return result


def _check_unused(definitions: Definitions, library: Library, check: Checker) -> None:
    """Synapses that no network uses are checked as far as that goes without the cells they join."""
    used = {
        each.template.parts[0].name
        for block in definitions.circuits.values()
        for each in block.body
        if isinstance(each, syntax.Synapses)
    }
    for name, block in definitions.synapses.items():
        if name not in used:
            plan = Plan(block, library, check)
            resolve_synapse(block, library.functions, check, partial(find_device, plan), (None, None, None))


def _experiments(definitions: Definitions, targets: dict[str, Target], tables: Tables) -> dict[str, Experiment]:
    result: dict[str, Experiment] = {}
    for block in definitions.experiments:
        assert block.on is not None
        name, target = block.name.text, block.on.text
        if target not in targets:
            _no_circuit(block, targets, definitions)
            continue
        experiment = resolve_experiment(block, targets[target], tables)
        if name in result:
            headline = f"there are two experiments with the name {name}"
            duplicate(definitions.problems, headline, experiment.span, result[name].span)
        result[name] = experiment
    return result


def _no_circuit(block: syntax.Block, circuits: Iterable[str], definitions: Definitions) -> None:
    assert block.on is not None
    target = block.on.text
    what = "learning block" if block.kind == "learning" else "experiment"
    headline = f"the {what} {block.name.text} runs on {target}, but there is no such circuit or network"
    otherwise = f"declare it: circuit {target} {{ ... }}"
    if target in definitions.devices or target in library_devices():
        otherwise = f"{target} is a device: write a circuit with one in it, M: {target}(a, ground)"
    unknown(definitions.problems, "unknown-circuit", headline, block.on.span, target, circuits, otherwise)


# --- what is checked before and after all else


def _check_depth(definitions: Definitions) -> None:
    """Refuse expressions that are nested too deep before anything goes down into them."""
    for root in (*definitions.blocks, *definitions.functions.values()):
        pending: list[tuple[syntax.Node, int]] = [(root, 0)]
        while pending:
            node, depth = pending.pop()
            if depth > DEEPEST + _ABOVE:
                too_deep(definitions.problems, node.span)
                break
            pending.extend((each, depth + 1) for each in syntax.children(node))


def _check_uncalled(definitions: Definitions, functions: dict[str, syntax.Function]) -> None:
    """Functions that nothing calls are checked for names that mean nothing; the others are checked where they are called."""
    called = {name for block in definitions.blocks for name in _calls(block)}
    pending = [name for name in called if name in functions]
    while pending:
        more = {name for name in _calls(functions[pending.pop()]) if name in functions} - called
        called |= more
        pending += more
    for name, function in definitions.functions.items():
        if name not in called:
            _check_names(function, functions, definitions.problems)


def _calls(node: syntax.Node) -> Iterator[str]:
    return (each.function.text for each in syntax.walk(node) if isinstance(each, syntax.Call))


def _check_names(function: syntax.Function, functions: dict[str, syntax.Function], problems: Problems) -> None:
    own = [each.text for each in function.parameters]
    called = {
        each.function.text: each.function.span for each in syntax.walk(function.body) if isinstance(each, syntax.Call)
    }
    names = {
        each.text: each.span for each in syntax.walk(function.body) if isinstance(each, syntax.Name) and each.is_simple
    }
    place = f"the function {function.name.text}"
    for name in simple_names(function.body):
        if name in called:
            if name not in FUNCTIONS and name not in functions:
                candidates = [*FUNCTIONS, *functions]
                unknown(problems, "unknown-function", f"there is no function {name}", called[name], name, candidates)
        elif name not in (*own, *CONSTANTS, TIME_NAME):
            unknown(problems, "unknown-name", f"{name} is not known in {place}", names[name], name, [*own, *CONSTANTS])
