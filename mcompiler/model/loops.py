"""Loops without a delay: what synapses read of cells must not depend on what they add to them in the same moment."""

from collections.abc import Iterable, Mapping

from mcompiler.diagnostics import Problems
from mcompiler.model.laws import reached
from mcompiler.model.model import Population, Projection
from mcompiler.model.scope import ordered
from mcompiler.source import Span

#: What each output, and each input that collects, needs in the same moment, and where that is said.
_Needs = dict[str, dict[str, Span]]


def check_loops(populations: Mapping[str, Population], projections: Iterable[Projection], problems: Problems) -> None:
    """Note a circle of outputs and of inputs that collect; a state breaks it, since it follows with a delay."""
    needs: _Needs = {}
    for population in populations.values():
        _outputs(population, needs)
    for projection in projections:
        _contributions(projection, needs)
    _, circle = ordered(needs)
    if not circle:
        return
    following = [*circle[1:], circle[0]]
    headline = f"what synapses read depends on what they add in the same moment: {' -> '.join([*circle, circle[0]])}"
    labels = [(needs[name][other], f"{name} needs {other}") for name, other in zip(circle, following, strict=True)]
    notes = ("this is a loop without a delay, which no order of evaluation resolves",)
    problems.error("algebraic-loop", headline, *labels, notes=notes, hints=("let a state follow one of them",))


def _outputs(population: Population, needs: _Needs) -> None:
    cell = population.device
    definitions = {each.name: each for each in cell.definitions}
    for name in cell.outputs:
        if name in definitions:
            read = reached(definitions[name].value, definitions)
            found = (f"{population.name}.{each}" for each in population.collects if each in read)
            needs[f"{population.name}.{name}"] = dict.fromkeys(found, definitions[name].span)


def _contributions(projection: Projection, needs: _Needs) -> None:
    synapse = projection.device
    definitions = {each.name: each for each in synapse.definitions}
    for one in synapse.contributions:
        read = reached(one.value, definitions)
        found = (
            f"{projection.ends[each.end]}.{each.name}" for each in synapse.reads if f"{each.end}.{each.name}" in read
        )
        own = needs.setdefault(f"{projection.ends[one.end]}.{one.name}", {})
        own.update(dict.fromkeys(found, one.span))
