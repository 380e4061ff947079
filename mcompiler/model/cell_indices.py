"""Which cells a synapse joins, in conditions and values: ``pre`` and ``post`` are numbers of cells in a row, ``pre[0]`` and ``pre[1]`` those in an array."""

from collections.abc import Mapping
from dataclasses import dataclass

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.expression import Expression, Name
from mcompiler.model.model import Population
from mcompiler.model.scope import Known, simple_names
from mcompiler.units import DIMENSIONLESS


@dataclass(frozen=True, slots=True)
class CellIndices:
    """The indices of the cells at the two ends."""

    problems: Problems
    ends: Mapping[str, Population]

    @property
    def names(self) -> dict[str, Known]:
        """Ends whose cells stand in a row."""
        return {name: Known(DIMENSIONLESS, None, "index") for name, each in self.ends.items() if each.rank == 1}

    def are_numbers(self, node: syntax.Expression) -> bool:
        """Whether an end that is used without an index has cells in a row; otherwise the problem is noted."""
        used = simple_names(node)
        for name, each in self.ends.items():
            if name in used and each.rank != 1:
                headline = f"{name} is the number of a cell in a row: {each.name} has {each.rank or 'no'} indices"
                hint = f"write {name}[0] for the first of its indices; pre != post can be asked of arrays too, and by lattice(radius) joins neighbours"
                hint = hint if each.rank else f"there is one cell at {name}, so that nothing need be said of it"
                self.problems.error("index-count", headline, node.span, (each.span, "declared here"), hints=(hint,))
                return False
        return True

    def dotted(self, node: syntax.Name) -> Expression | None:
        """``pre[1]``."""
        first = node.parts[0]
        population = self.ends.get(first.name)
        if population is None or len(node.parts) > 1:
            headline = f"{node.span.text} is not known here"
            hints = ("pre and post are the numbers of the cells, pre[0] and pre[1] those in an array of two indices",)
            self.problems.error("unknown-name", headline, node.span, hints=hints)
            return None
        index = first.indices[0]
        number = int(index.value) if isinstance(index, syntax.Number) and float(index.value).is_integer() else -1
        if population.rank > 1 and len(first.indices) == 1 and 0 <= number < population.rank:
            return Name(f"{first.name}[{number}]", DIMENSIONLESS, node.span)
        wanted = ", ".join(f"{first.name}[{each}]" for each in range(population.rank))
        headline = f"{population.name} has {population.rank or 'no'} {'index' if population.rank == 1 else 'indices'}"
        hint = f"write {wanted if population.rank > 1 else first.name}" if population.rank else "leave it out"
        self.problems.error("index-count", headline, node.span, (population.span, "declared here"), hints=(hint,))
        return None
