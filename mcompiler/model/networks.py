"""Networks: populations of cells and the synapses between them, with names and units checked."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from mcompiler.dsl import syntax
from mcompiler.model.cell_indices import CellIndices
from mcompiler.model.circuits import HOLDS_ONLY, MOST_INDICES, Plan, resolve_shape
from mcompiler.model.elements import Local, find_device, find_set, resolve_values
from mcompiler.model.faults import duplicate, unknown
from mcompiler.model.loops import check_loops
from mcompiler.model.model import Cell, Population, Projection, Template, Value
from mcompiler.model.scope import Dotted, Known
from mcompiler.model.synapses import resolve_synapse
from mcompiler.model.tables import Tables
from mcompiler.model.wirings import resolve_wiring
from mcompiler.units import DIMENSIONLESS


@dataclass(frozen=True, slots=True)
class Kinds:
    """What a network may be made of.

    Attributes:
        cell: finds a cell by its name.
        cells: all names of cells.
        synapses: the texts of synapses by name.
        tables: reads graph files.
    """

    cell: Callable[[str], Cell | None]
    cells: Collection[str]
    synapses: Mapping[str, syntax.Block]
    tables: Tables


def resolve_network(plan: Plan, kinds: Kinds) -> tuple[tuple[Population, ...], tuple[Projection, ...]]:
    """The populations and projections that are right; what is wrong with the others is noted."""
    members = [each for each in plan.block.body if isinstance(each, syntax.Member)]
    synapses = [each for each in plan.block.body if isinstance(each, syntax.Synapses)]
    named: tuple[syntax.Member | syntax.Synapses, ...] = (*members, *synapses)
    for node in named:
        if plan.is_new(node.name.text, node.name.span):
            what = "cells" if isinstance(node, syntax.Member) else "synapses"
            plan.names[node.name.text] = Known(DIMENSIONLESS, node.name.span, what)
    populations: dict[str, Population] = {}
    for each in members:
        population = _population(plan, each, kinds)
        if population is not None:
            populations.setdefault(population.name, population)
    projections = [found for each in synapses if (found := _projection(plan, each, populations, kinds)) is not None]
    for projection in projections:
        for one in projection.device.contributions:
            _collect(plan, populations, projection.ends[one.end], one.name, projection)
    check_loops(populations, projections, plan.problems)
    return tuple(populations.values()), tuple(projections)


# --- cells


def _population(plan: Plan, each: syntax.Member, kinds: Kinds) -> Population | None:
    if each.kind != "cells":
        plan.problems.error("wrong-place", HOLDS_ONLY["network"], each.span, hints=("devices stand in synapses",))
        return None
    if len(each.shape) > MOST_INDICES:
        plan.problems.error("too-large", f"an array has at most {MOST_INDICES} indices", each.span)
        return None
    shape = resolve_shape(plan, each.name.text, each.shape)
    first = each.template.parts[0].name
    cell = kinds.cell(first)
    if cell is None:
        headline = f"there is no cell {first}"
        what = plan.library.device(first) if first in plan.library.devices else None
        otherwise = (
            f"declare it: cell {first} {{ ... }}" if what is None else f"{first} is a device: those stand in synapses"
        )
        unknown(plan.problems, "unknown-cell", headline, each.template.span, first, kinds.cells, otherwise)
        return None
    preset = find_set(plan, each.template, cell)
    values = _values(plan, each.arguments, cell, {})
    _check_complete(plan, each, cell, preset)
    return Population(each.name.text, cell, shape, each.name.span, values, preset, doc=each.doc)


def _values(
    plan: Plan, arguments: Iterable[syntax.Argument], template: Template, local: Local, dotted: Dotted | None = None
) -> dict[str, Value]:
    given = list(arguments)
    for each in given:
        if each.name is None:
            headline = f"values of {template.name} are given by name"
            plan.problems.error("unknown-argument", headline, each.span, hints=("write R = 1[kohm]",))
    return resolve_values(plan, given, template, local, dotted)


def _check_complete(
    plan: Plan, each: syntax.Member | syntax.Synapses, template: Template, preset: Mapping[str, Value]
) -> None:
    """Every parameter has a value; inputs may still get one from synapses or in an experiment."""
    given = {argument.name.text for argument in each.arguments if argument.name} | set(preset)
    for one in template.parameters:
        if one.default is None and one.name not in given:
            name = each.name.text
            headline = f"{name} needs a value for {one.name} of {template.name}"
            hints = (f"{name}: {template.name}({one.name} = ...)",) if "." not in one.name else ()
            plan.problems.error("missing-argument", headline, each.span, (one.span, "it has no default"), hints=hints)


# --- synapses


def _projection(
    plan: Plan, each: syntax.Synapses, populations: Mapping[str, Population], kinds: Kinds
) -> Projection | None:
    first = each.template.parts[0].name
    block = kinds.synapses.get(first)
    if block is None:
        headline, otherwise = f"there is no synapse {first}", f"declare it: synapse {first} {{ ... }}"
        unknown(plan.problems, "unknown-synapse", headline, each.template.span, first, kinds.synapses, otherwise)
    ends = [_end(plan, node, populations) for node in (each.source, each.target)]
    shared = None if each.shared is None else _shared_end(plan, each.shared, populations)
    if block is None or ends[0] is None or ends[1] is None or (each.shared is not None and shared is None):
        return None
    source, target = ends[0], ends[1]
    wiring = resolve_wiring(plan, each, source, target, kinds.tables)
    block, arguments = _with_devices(plan, each, block)
    before = len(plan.problems.errors)
    synapse = resolve_synapse(
        block,
        plan.library.functions,
        plan.check,
        partial(find_device, plan),
        (source.device, target.device, *([shared.device] if shared is not None else [])),
        plan.library.broken,
    )
    if len(plan.problems.errors) > before:
        return None
    indices = CellIndices(plan.problems, {"pre": source, "post": target})
    preset = find_set(plan, each.template, synapse)
    values = _values(plan, arguments, synapse, indices.names, indices.dotted)
    _check_complete(plan, each, synapse, preset)
    if wiring is None:
        return None
    rank = target.rank + source.rank if wiring.is_dense else target.rank if wiring.kind == "one_to_one" else 1
    third = "" if shared is None else shared.name
    return Projection(
        each.name.text, synapse, source.name, target.name, wiring, rank, each.name.span, values, preset, each.doc, third
    )


def _end(plan: Plan, node: syntax.Name, populations: Mapping[str, Population]) -> Population | None:
    if node.is_simple and node.text in populations:
        return populations[node.text]
    known = plan.names.get(node.parts[0].name)
    if known is not None and known.what == "cells":
        if not node.is_simple:
            headline = "synapses join all cells of a class: indices stand in the condition"
            plan.problems.error("unsupported", headline, node.span, hints=("write where pre < 4",))
        return None  # else something is wrong with the cells, which is told
    headline = f"there are no cells {node.text}"
    if known is not None:
        headline = (
            f"{node.text} is {known.article}: synapses join cells"
            if known.what != "synapses"
            else f"{node.text} are synapses: synapses join cells"
        )
    otherwise = f"declare them: cells {node.text}[N]: ..."
    unknown(plan.problems, "unknown-cells", headline, node.span, node.text, populations, otherwise)
    return None


def _shared_end(plan: Plan, node: syntax.Name, populations: Mapping[str, Population]) -> Population | None:
    """The one cell that all synapses of a projection share."""
    found = _end(plan, node, populations)
    if found is not None and found.rank:
        headline = f"with names one cell that all synapses share, but {found.name} is an array of cells"
        hints = (f"declare a single one: cells G: {found.device.name}",)
        plan.problems.error("wrong-place", headline, node.span, (found.span, "declared here"), hints=hints)
        return None
    return found


def _with_devices(plan: Plan, each: syntax.Synapses, block: syntax.Block) -> tuple[syntax.Block, list[syntax.Argument]]:
    """The synapse with other devices in place of its own, ``P = VTEAM.biolek2021``, and the arguments that are left."""
    inside = {one.name.text for one in block.body if isinstance(one, syntax.Member)}
    other: dict[str, syntax.Argument] = {}
    rest: list[syntax.Argument] = []
    for argument in each.arguments:
        name = argument.name.text if argument.name else ""
        if name not in inside:
            rest.append(argument)
        elif name in other:
            duplicate(plan.problems, f"{name} is given twice", argument.span, other[name].span)
        else:
            other[name] = argument
    body = tuple(
        _replaced(plan, one, other[one.name.text]) if isinstance(one, syntax.Member) and one.name.text in other else one
        for one in block.body
    )
    return (replace(block, body=body) if other else block), rest


def _replaced(plan: Plan, member: syntax.Member, argument: syntax.Argument) -> syntax.Member:
    value = argument.value
    if isinstance(value, syntax.Name) and not argument.is_distribution:
        return replace(member, template=value, arguments=())
    if isinstance(value, syntax.Call) and not argument.is_distribution:
        return replace(member, template=value.function, arguments=value.arguments)
    headline = f"{member.name.text} is a device: it is replaced by another one"
    plan.problems.error("wrong-place", headline, value.span, hints=(f"write {member.name.text} = HP(w = 0.2)",))
    return member


# --- what synapses add to


def _collect(plan: Plan, populations: dict[str, Population], owner: str, name: str, by: Projection) -> None:
    """Note that an input of a population is the sum of what arrives; it can have no other value."""
    population = populations[owner]
    if name in population.collects:
        return
    populations[owner] = replace(population, collects=(*population.collects, name))
    given = population.values.get(name) or population.preset.get(name)
    if given is not None:
        _both(plan, f"{owner}.{name}", given, by)


def _both(plan: Plan, path: str, given: Value, by: Projection) -> None:
    headline = f"{path} is the sum of what {by.name} and other synapses contribute: it is given no value"
    hints = ("let the cell have another input for what comes from outside, like bias",)
    plan.problems.error("input-collects", headline, given.span, (by.span, "the synapses"), hints=hints)
