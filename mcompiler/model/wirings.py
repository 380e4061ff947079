"""Which cells synapses join: ``where pre != post``, ``by ring(k)``, ``by graph("net.graphml")``; sizes are not known here."""

from collections.abc import Mapping

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.cell_indices import CellIndices
from mcompiler.model.circuits import Plan
from mcompiler.model.columns import TableError
from mcompiler.model.data import place_of
from mcompiler.model.expression import Expression, number
from mcompiler.model.faults import listed, unknown
from mcompiler.model.model import Floats, Population, Wiring
from mcompiler.model.tables import Tables
from mcompiler.units import DIMENSIONLESS

#: Names of wirings and what they take; those of networkx generators take a seed too.
WIRINGS: Mapping[str, tuple[str, ...]] = {
    "one_to_one": (),
    "ring": ("k",),
    "lattice": ("radius",),
    "graph": ("file",),
    "watts_strogatz": ("k", "p", "seed"),
    "erdos_renyi": ("p", "seed"),
    "barabasi_albert": ("m", "seed"),
}


def resolve_wiring(
    plan: Plan, each: syntax.Synapses, source: Population, target: Population, tables: Tables
) -> Wiring | None:
    """The wiring of synapses, or None where something is wrong with it."""
    condition = None
    if each.where is not None:
        if each.topology is None and _is_not_itself(each.where):
            return Wiring("masked", each.where.span)
        condition = _condition(plan, each.where, source, target)
        if condition is None:
            return None
    if each.topology is not None:
        return _named(plan, each.topology, condition, tables)
    if condition is not None:
        return Wiring("where", condition.span, condition=condition)
    return Wiring("all", each.name.span)


def _is_not_itself(node: syntax.Expression) -> bool:
    """Whether a condition is ``pre != post``."""
    if not isinstance(node, syntax.Compare) or node.operator != "!=":
        return False
    sides = {side.text for side in (node.left, node.right) if isinstance(side, syntax.Name) and side.is_simple}
    return sides == {"pre", "post"}


def _condition(plan: Plan, node: syntax.Expression, source: Population, target: Population) -> Expression | None:
    indices = CellIndices(plan.problems, {"pre": source, "post": target})
    if not indices.are_numbers(node):
        return None
    scope = plan.scope("this condition")
    scope.names, scope.dotted = {**plan.constants, **indices.names}, indices.dotted
    return plan.check.condition(node, scope)


# --- wirings by name


def _named(plan: Plan, node: syntax.Expression, condition: Expression | None, tables: Tables) -> Wiring | None:
    name = node.function.text if isinstance(node, syntax.Call) else node.text if isinstance(node, syntax.Name) else ""
    if name not in WIRINGS:
        headline = f"there is no wiring {name}" if name else "after `by` stands the name of a wiring"
        otherwise = f"there are {listed(WIRINGS)}"
        unknown(plan.problems, "unknown-wiring", headline, node.span, name, WIRINGS, otherwise)
        return None
    arguments = _arguments(plan, node, name)
    if arguments is None:
        return None
    if name == "graph":
        return _graph(arguments["file"], condition, tables, plan.problems)
    found: list[Expression] = []
    for key in WIRINGS[name]:
        if key not in arguments:
            found.append(number(0.0, node.span))
            continue
        what = f"{key} of {name}"
        value = plan.check.of(arguments[key], plan.scope(what), DIMENSIONLESS, what)
        if value is None:
            return None
        found.append(value)
    return Wiring(name, node.span, tuple(found), condition)


def _arguments(plan: Plan, node: syntax.Expression, name: str) -> dict[str, syntax.Expression] | None:
    """What a wiring is given, by the names of its arguments; only a seed may be left out."""
    wanted = WIRINGS[name]
    result: dict[str, syntax.Expression] = {}
    given = node.arguments if isinstance(node, syntax.Call) else ()
    for place, argument in enumerate(given):
        key = argument.name.text if argument.name else wanted[place] if place < len(wanted) else ""
        if key not in wanted or key in result:
            headline = f"{name} has no argument {key}" if key not in result else f"{key} is given twice"
            if not key:
                headline = f"{name} takes {len(wanted)} arguments, not {len(given)}"
            plan.problems.error("argument-count", headline, argument.span, hints=(_usage(name),))
            return None
        result[key] = argument.value
    missing = [key for key in wanted if key not in result and key != "seed"]
    if missing:
        headline = f"{name} needs a value for {' and '.join(missing)}"
        plan.problems.error("argument-count", headline, node.span, hints=(_usage(name),))
        return None
    return result


def _usage(name: str) -> str:
    if name == "graph":
        return 'write by graph("edges.csv") or by graph("net.graphml")'
    arguments = ", ".join("seed = 1" if key == "seed" else key for key in WIRINGS[name])
    return f"write by {name}({arguments})" if arguments else f"write by {name}"


# --- graph files


def _graph(node: syntax.Expression, condition: Expression | None, tables: Tables, problems: Problems) -> Wiring | None:
    if not isinstance(node, syntax.Text):
        problems.error("wrong-place", "graph takes the name of a file", node.span, hints=(_usage("graph"),))
        return None
    try:
        table = tables.table(place_of(node.value, node.span.source.folder))
        ends = [_column(table.columns, table.wrong, name) for name in ("source", "target")]
        if ends[0].shape != ends[1].shape or ends[0].ndim != 1:
            raise TableError(f"source has the shape {ends[0].shape}, target {ends[1].shape}", code="data-shape")
    except TableError as error:
        hints = (error.hint,) if error.hint else ()
        problems.error(error.code, f'"{node.value}" cannot be used: {error}', node.span, hints=hints)
        return None
    edges = ends[0].astype(np.int64), ends[1].astype(np.int64)
    return Wiring("graph", node.span, condition=condition, edges=edges, nodes=table.nodes, file=node.value)


def _column(columns: Mapping[str, Floats], wrong: Mapping[str, str], name: str) -> Floats:
    """A column of cell numbers.

    Raises:
        TableError: it is not there, or holds something else.
    """
    if name in wrong:
        raise TableError(f"its column {name}: {wrong[name]}")
    if name not in columns:
        hint = "an edge list has the columns source,target: one row per synapse"
        raise TableError(f"it has no column {name}", hint, "missing-column")
    values = columns[name]
    with np.errstate(invalid="ignore"):
        bad = ~((values >= 0) & (values == np.floor(values)) & (values < 2**53))
    if np.any(bad):
        row = int(np.argmax(bad))
        raise TableError(f"row {row}, counted from 0, has the {name} {values[row]:g}; cells have whole numbers from 0")
    return values
