"""Signals of experiments: ``M.w``, ``cell[0, 3].i``, ``top.v``."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from mcompiler.dsl import syntax
from mcompiler.model.elements import counted
from mcompiler.model.evaluate import evaluate, whole
from mcompiler.model.expression import name_set
from mcompiler.model.faults import listed, unknown
from mcompiler.model.model import Device, Floats, Placed, Population, Projection, Signal
from mcompiler.model.target import Target
from mcompiler.units import CURRENT, DIMENSIONLESS, VOLTAGE, Dimension


def quantities(placed: Placed) -> dict[str, Dimension]:
    """What can be observed of an element, of cells or of synapses."""
    device = placed.device
    own = {
        **{each.name: each.dimension for each in device.states},
        **{each.name: each.dimension for each in device.definitions},
    }
    if isinstance(placed, Population):
        return own | {each.name: each.dimension for each in device.inputs if each.name in placed.collects}
    if not isinstance(device, Device):
        return own
    if device.law is not None and device.law.kind == "capacitance":
        return {"v": VOLTAGE, **own}
    return {"v": VOLTAGE, "i": CURRENT, **own}


_WORDS: Mapping[type[Placed], str] = {Population: "a population of cells", Projection: "a class of synapses"}
#: Values of sizes, as far as they are known.
Sizes: TypeAlias = Mapping[str, Floats]


def signal(node: syntax.Expression, target: Target, sizes: Sizes) -> Signal | None:
    """The signal that ``node`` names, or None, which is noted; its indices may use ``sizes``."""
    if not isinstance(node, syntax.Name):
        target.problems.error("unknown-signal", "a signal is named like M.w", node.span)
        return None
    name = node.parts[0].name
    is_known = name in target.elements or name in target.nodes
    match node.parts:
        case _ if name in target.broken:
            pass
        case (owner, _, *_) if is_known:
            return _quantity_of(node, owner, node.parts[1:], target, sizes)
        case (_,) if is_known:
            _bare(node, target)
        case _:
            not_a_signal(node, target)
    return None


def _quantity_of(
    node: syntax.Name, owner: syntax.Part, parts: Sequence[syntax.Part], target: Target, sizes: Sizes
) -> Signal | None:
    quantity = ".".join(part.name for part in parts)
    element = target.elements.get(owner.name)
    known = quantities(element) if element is not None else {"v": VOLTAGE}
    if any(part.indices for part in parts):
        headline = "the index belongs to the element or node, before the dot"
        hints = (f"write {owner.name}[...].{quantity}",)
        target.problems.error("index-count", headline, node.span, hints=hints)
        return None
    if quantity not in known:
        _unknown_quantity(node, quantity, known, target)
        return None
    indices = _indices(owner, target, sizes)
    return None if indices is None else Signal(owner.name, quantity, known[quantity], node.span, indices)


def rank(name: str, target: Target) -> int:
    """The number of indices of an element or node."""
    element = target.elements.get(name)
    return element.rank if element is not None else len(target.nodes[name].shape)


def _bare(node: syntax.Name, target: Target) -> None:
    name = node.parts[0].name
    is_node = name in target.nodes
    headline = f"{name} is {'a node' if is_node else _WORDS.get(type(target.elements[name]), 'an element')}; a signal is one of its quantities"
    quantity = "v" if is_node else next(iter(quantities(target.elements[name])), "v")
    target.problems.error("unknown-signal", headline, node.span, hints=(f"write {node.span.text}.{quantity}",))


def _unknown_quantity(node: syntax.Name, quantity: str, known: Mapping[str, Dimension], target: Target) -> None:
    owner = node.parts[0].name
    is_capacitor = owner in target.elements and quantity == "i" and not target.circuit.is_network
    note = (
        "the current of a capacitor is that of the other elements at its node, taken together" if is_capacitor else ""
    )
    parameter = owner in target.elements and any(
        each.name == quantity for each in target.elements[owner].device.parameters
    )
    if parameter:
        headline = f"{node.text} is a parameter: it is constant, not a signal"
        target.problems.error("unknown-signal", headline, node.span, hints=(f"it has {listed(known)}",))
        return
    headline = f"{owner} has no signal {quantity}"
    unknown(target.problems, "unknown-signal", headline, node.span, quantity, known, f"it has {listed(known)}", note)


def not_a_signal(node: syntax.Name, target: Target) -> None:
    """Nothing of the circuit has this name."""
    owners = [*target.elements, *target.nodes]
    name = node.parts[0].name
    hints = target.problems.suggest(name, owners) or (f"{target.circuit.name} has {listed(owners)}",)
    headline = f"{node.text} is not a signal of {target.circuit.name}"
    target.problems.error("unknown-signal", headline, node.span, hints=hints)


def _indices(owner: syntax.Part, target: Target, sizes: Sizes) -> tuple[int, ...] | None:
    expected = rank(owner.name, target)
    if owner.indices and len(owner.indices) != expected:
        headline = f"{owner.name} takes {counted(expected)}, not {len(owner.indices)}"
        target.problems.error("index-count", headline, owner.span)
        return None
    found = [_index(each, target, sizes) for each in owner.indices]
    known = tuple(each for each in found if each is not None)
    return known if len(known) == len(found) else None


def _index(node: syntax.Expression, target: Target, sizes: Sizes) -> int | None:
    found = target.check.of(node, target.scope("an index"), DIMENSIONLESS, "an index")
    if found is None:
        return None
    value = float(evaluate(found, sizes)) if name_set(found) <= sizes.keys() else None
    index = None if value is None else whole(value)
    if index is None or index < 0:
        headline = "an index is a whole number, zero or more"
        if value is None:
            headline = "an index is made of whole numbers and sizes"
        target.problems.error("index-out-of-range", headline, node.span)
        return None
    return index
