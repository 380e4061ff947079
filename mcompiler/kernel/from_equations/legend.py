"""What the names in kernels mean: comments at the head of their text."""

from collections.abc import Iterator

from mcompiler.kernel.from_equations.graph import Class, Graph

_ARRAYS = "y: unknowns; K: their rates, a row per stage; p: parameters; z: sizes, places and wiring; w: scratch; places of M.w are called y_M_w and alike"


def legend(graph: Graph) -> tuple[str, ...]:
    """A line per class: what its members are, and where the model says so."""
    return (_ARRAYS, *(" ".join(_words(owner)) for owner in graph.classes))


def _words(owner: Class) -> Iterator[str]:
    template, layout = owner.template, owner.layout
    yield f"{owner.name}: {template.name},"
    yield f"edges between {' and '.join(layout.ends)}" if owner.is_edge else "vertices"
    if layout.topology == "dense":
        yield "(all with all)"
    if template.origin:
        yield f"({template.origin})"
    if template.doc:
        yield f'"{template.doc}"'
