"""From the syntax of a file to its model: every name resolved, every unit checked, every problem told at once."""

from mcompiler.diagnostics import CompileError, Problems
from mcompiler.dsl import syntax
from mcompiler.model.circuits import resolve_circuit
from mcompiler.model.devices import resolve_device
from mcompiler.model.experiments import resolve_experiment
from mcompiler.model.model import Circuit, Device, Experiment, Model
from mcompiler.model.modules import Definitions, collect, library_index, library_module


def resolve(module: syntax.Module) -> Model:
    """The model of a file.

    Raises:
        CompileError: with everything that is wrong in it and in the files it uses.
    """
    problems = Problems()
    definitions = collect(module, problems)
    devices = _Devices(definitions, problems)
    for name in list(definitions.devices):
        devices.find(name)
    circuits: dict[str, Circuit] = {}
    for name, block in definitions.circuits.items():
        circuits[name] = resolve_circuit(
            block, devices.find, definitions.device_names(), definitions.circuits, definitions.functions, problems
        )
    experiments = _experiments(definitions, circuits, problems)
    if not problems.errors and not module.items:
        problems.error("empty-model", f"{module.source.name} holds no model")
    if problems.errors:
        raise CompileError(problems.errors)
    return Model(module.source, devices.resolved, circuits, experiments, problems.warnings)


def library_device(name: str) -> Device | None:
    """A device of the library by its name, or None."""
    if name not in library_index():
        return None
    problems = Problems()
    definitions = collect(syntax.Module(library_module(library_index()[name]).source, ()), problems)
    found = _Devices(definitions, problems).find(name)
    problems.raise_errors()
    return found


class _Devices:
    """Devices resolved when first needed, each once."""

    def __init__(self, definitions: Definitions, problems: Problems) -> None:
        self.definitions = definitions
        self.problems = problems
        self.resolved: dict[str, Device] = {}

    def find(self, name: str) -> Device | None:
        """The device of this name, or None."""
        if name not in self.resolved:
            block = self.definitions.device(name)
            if block is None:
                return None
            self.resolved[name] = resolve_device(block, self.definitions.functions, self.problems)
        return self.resolved[name]


def _experiments(definitions: Definitions, circuits: dict[str, Circuit], problems: Problems) -> dict[str, Experiment]:
    result: dict[str, Experiment] = {}
    for block in definitions.experiments:
        experiment = resolve_experiment(block, circuits, definitions.functions, problems)
        if experiment is None:
            continue
        if experiment.name in result:
            first = result[experiment.name].span
            problems.error(
                "duplicate-name",
                f"there are two experiments with the name {experiment.name}",
                (experiment.span, "again here"),
                (first, "first here"),
            )
        result[experiment.name] = experiment
    return result
