"""The block of a network in the model language: sizes, parameters, cells, synapses and which cells they join."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcompiler.equations.printing.cells import with_set
from mcompiler.equations.printing.declarations import Words, declared, doc, words
from mcompiler.model.model import Circuit, Placed, Population, Projection
from mcompiler.model.wirings import WIRINGS


@dataclass(frozen=True, slots=True)
class Additions:
    """What a derivation adds to a network.

    Attributes:
        parameters: declarations of parameters.
        arguments: values, as text, that cells or synapses are given beside their own, by their name.
        shared: the global cell that synapses join, likewise.
        lines: cells and synapses of its own.
    """

    parameters: tuple[str, ...] = ()
    arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    shared: Mapping[str, str] = field(default_factory=dict[str, str])
    lines: tuple[str, ...] = ()


def network_lines(each: Circuit, called: Mapping[str, str], more: Additions | None = None) -> Iterator[str]:
    """What stands in a network; ``called`` are the names of the cells and synapses that its classes are made of."""
    to, more = words(each), more or Additions()
    yield from declared(to, each)
    yield from more.parameters
    yield from (_cells(to, one, called[one.name], more) for one in each.cells)
    yield from (_synapses(to, one, called[one.name], more) for one in each.synapses)
    yield from more.lines


def _cells(to: Words, each: Population, name: str, more: Additions) -> str:
    shape = f"[{', '.join(to.expression(one) for one in each.shape)}]" if each.shape else ""
    return f"cells {each.name}{shape}: {_made_of(to, each, name, more)}{doc(each.doc)}"


def _synapses(to: Words, each: Projection, name: str, more: Additions) -> str:
    shared = each.shared or more.shared.get(each.name, "")
    joined = f"from {each.source} to {each.target}" + (f" with {shared}" if shared else "")
    return f"synapses {each.name}: {_made_of(to, each, name, more)} {joined}{_wiring(to, each)}{doc(each.doc)}"


def _made_of(to: Words, each: Placed, name: str, more: Additions) -> str:
    arguments = to.arguments(each.values, more.arguments.get(each.name, {}))
    return with_set(each.device, each.preset, name) + (f"({', '.join(arguments)})" if arguments else "")


def _wiring(to: Words, each: Projection) -> str:
    wiring = each.wiring
    if wiring.is_dense:
        return " where pre != post" if wiring.kind == "masked" else ""
    where = "" if wiring.condition is None else f" where {to.expression(wiring.condition)}"
    if wiring.kind == "where":
        return where
    if wiring.kind == "graph":
        return f'{where} by graph("{wiring.file}")'
    given = zip(WIRINGS[wiring.kind], wiring.arguments, strict=True)
    arguments = [f"{name} = {to.expression(value)}" for name, value in given]
    return f"{where} by {wiring.kind}" + (f"({', '.join(arguments)})" if arguments else "")
