"""Sums over members in losses: ``sum(k in X: (X[k].r/X[k].U0 - 0.9)^2)``."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mcompiler.dsl import syntax
from mcompiler.model.data import column
from mcompiler.model.expression import Expression, Name
from mcompiler.model.faults import duplicate, listed, unknown, unsupported
from mcompiler.model.model import Data, Placed, Sum
from mcompiler.model.signals import quantities
from mcompiler.model.target import Target
from mcompiler.units import Dimension

#: In front of the names of a member's quantities, which may be names of the network too.
MEMBER = "member "


@dataclass(slots=True)
class Sums:
    """The sums of one loss; ``first`` is the number of the next one."""

    target: Target
    data: Mapping[str, Data]
    first: int
    found: list[Sum] = field(default_factory=list[Sum])

    def total(self, node: syntax.Total) -> Expression | None:
        """The sum as a name; what it stands for is noted."""
        placed = self._over(node)
        if placed is None:
            return None
        index = node.bindings[0].name.text
        member = _Member(self.target, self.data, placed, index)
        scope = self.target.scope("this sum")
        scope = replace(scope, names=self.target.own, time=True, elsewhere={}, dotted=member.dotted)
        value = self.target.check.value(node.body, scope)
        if value is None:
            return None
        if not member.reads:
            headline = f"the terms of this sum depend on nothing of {placed.name}"
            hints = (
                f"a quantity of a member is named like {placed.name}[{index}].{next(iter(quantities(placed)), 'u')}",
            )
            self.target.problems.error("constant-loss", headline, node.span, hints=hints)
            return None
        self.found.append(
            Sum(f"sum {self.first + len(self.found)}", placed.name, value, node.span, tuple(member.columns))
        )
        return Name(self.found[-1].name, value.dimension, node.span)

    def _over(self, node: syntax.Total) -> Placed | None:
        """What the sum runs over, if it can."""
        problems, name = self.target.problems, node.function.text
        binding = node.bindings[0]
        index, over = binding.name.text, binding.over
        if name != "sum" or not self.target.circuit.is_network:
            what = "sums over members of a circuit are" if name == "sum" else f"functions over members like {name} are"
            unsupported(problems, what, node.span)
        elif len(node.bindings) != 1:
            hint = "take one index: it runs over all members, whatever their shape"
            unsupported(problems, "sums over several indices are", node.span, hint)
        elif index in self.target.own:
            known = self.target.own[index]
            duplicate(problems, f"{index} is a {known.what} already", binding.name.span, known.span)
        elif isinstance(over, syntax.Name) and over.is_simple and over.text in self.target.elements:
            return self.target.elements[over.text]
        else:
            self._unknown(over)
        return None

    def _unknown(self, over: syntax.Expression | syntax.Range) -> None:
        if isinstance(over, syntax.Name) and over.parts[0].name in self.target.broken:
            return
        owners = self.target.elements
        headline = f"a sum runs over the members of cells or synapses: {listed(owners)}"
        text = over.text if isinstance(over, syntax.Name) else ""
        unknown(self.target.problems, "unknown-cells", headline, over.span, text, owners)


@dataclass(slots=True)
class _Member:
    """One member of the class that a sum runs over, called by the index; ``reads`` and ``columns`` are what the terms mention."""

    target: Target
    data: Mapping[str, Data]
    placed: Placed
    index: str
    reads: dict[str, Dimension] = field(default_factory=dict[str, Dimension])
    columns: dict[str, Dimension] = field(default_factory=dict[str, Dimension])

    def dotted(self, node: syntax.Name) -> Expression | None:
        """``X[k].r``, ``W[k].P.w``, ``X[k].U0`` or ``patterns.clean[k]``."""
        first, *rest = node.parts
        problems, name = self.target.problems, f"{self.placed.name}[{self.index}]"
        if first.name in self.data:
            return self._column(node)
        if first.name != self.placed.name or not self._is_index(first.indices) or any(each.indices for each in rest):
            headline = f"the terms of this sum read quantities of {name} and columns of data, not {node.span.text}"
            problems.error("unsupported", headline, node.span)
            return None
        quantity = ".".join(each.name for each in rest)
        known = {
            **{each.name: each.dimension for each in self.placed.device.parameters},
            **quantities(self.placed),
        }
        if quantity not in known:
            headline = f"{self.placed.name} has no quantity {quantity}" if quantity else f"{name} is no quantity"
            unknown(problems, "unknown-signal", headline, node.span, quantity, known, f"it has {listed(known)}")
            return None
        if quantity in quantities(self.placed):
            self.reads[quantity] = known[quantity]
        return Name(f"{MEMBER}{quantity}", known[quantity], node.span)

    def _is_index(self, indices: tuple[syntax.Expression, ...]) -> bool:
        return len(indices) == 1 and isinstance(indices[0], syntax.Name) and indices[0].text == self.index

    def _column(self, node: syntax.Name) -> Expression | None:
        last = node.parts[-1]
        if not self._is_index(last.indices):
            headline = f"inside this sum a column of data has the index {self.index}: a value per member"
            hints = (f"write {node.text}[{self.index}]",)
            self.target.problems.error("index-count", headline, node.span, hints=hints)
            return None
        plain = replace(node, parts=(*node.parts[:-1], replace(last, indices=())))
        found = column(plain, self.data, self.target.problems)
        if found is None:
            return None
        self.columns[found.name] = found.dimension
        return Name(f"data {found.name}", found.dimension, node.span)
