"""What is wrong with a wiring: floating nodes, no path to ground, loops of sources, nodes that nothing drives."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.diagnostics import Problems
from mcompiler.network.connect import components
from mcompiler.network.network import Integers
from mcompiler.network.wiring import AT_GROUND, Nodes, Wired

Flags = NDArray[np.bool_]
_MOST_NAMED = 3


def check_wiring(nodes: Nodes, wired: Sequence[Wired], problems: Problems) -> None:
    """Note what is wrong; a node is told of once, and an array of nodes in one go."""
    count = nodes.count
    first, second = _ends(wired, count)
    joined = np.bincount(np.concatenate([first, second]), minlength=count + 1)[:count] > 0
    label = components(count + 1, first, second)
    apart = joined & (label[:count] != label[count])
    _tell(
        nodes,
        ~joined,
        problems,
        "floating-node",
        "floats: no element joins it to the rest",
        "join it to an element, or drop it",
    )
    for part in np.unique(label[:count][apart]):
        own = np.flatnonzero(label[:count] == part)
        _tell_apart(nodes, own, problems)
        if len(problems.errors) > 20:
            break
    if not problems.errors:
        _check_sources(nodes, wired, problems)
    if not problems.errors:
        _check_driven(nodes, wired, problems)


def _ends(wired: Sequence[Wired], ground: int) -> tuple[Integers, Integers]:
    """All ends, with ``ground`` as the number of ground."""
    sides = [np.concatenate([each.ends[side] for each in wired]) for side in (0, 1)]
    first, second = (np.where(side == AT_GROUND, ground, side) for side in sides)
    return first, second


def _tell(nodes: Nodes, which: Flags, problems: Problems, code: str, text: str, hint: str, note: str = "") -> None:
    """One problem for each array of nodes of which some are concerned; ``{name}`` in the hint is the first."""
    for owner in nodes.first:
        start, end = nodes.range(owner)
        found = np.flatnonzero(which[start:end]) + start
        if problems.is_full:
            break
        if len(found):
            name = nodes.name(int(found[0]), owner)
            others = f" (and {len(found) - 1} more of {owner})" if len(found) > 1 else ""
            headline = f"node {name} {text}{others}"
            notes = (note,) if note else ()
            problems.error(code, headline, nodes.span(owner), notes=notes, hints=(hint.format(name=name),))


def _tell_apart(nodes: Nodes, own: Integers, problems: Problems) -> None:
    """Some nodes are joined to each other, but not to ground."""
    names = [nodes.name(int(each)) for each in own[:_MOST_NAMED]]
    text = " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
    if len(own) > _MOST_NAMED:
        text = f"{', '.join(names)} and {len(own) - _MOST_NAMED} more"
    headline = f"the nodes {text} have no path to ground"
    if len(own) == 1:
        headline = f"node {text} has no path to ground"
    problems.error(
        "no-ground", headline, nodes.span(nodes.owner(int(own[0]))), hints=("join one of them to ground by an element",)
    )


# --- sources


def _check_sources(nodes: Nodes, wired: Sequence[Wired], problems: Problems) -> None:
    """Voltage sources must not form loops, and in this version they end at ground."""
    sources = [each for each in wired if each.kind == "source"]
    if not sources:
        return
    first, second = _ends(sources, nodes.count)
    owner = np.concatenate([np.full(each.size, number) for number, each in enumerate(sources)])
    short = first == second
    for number in np.unique(owner[short]):
        element = sources[int(number)].element
        headline = f"the voltage source {element.name} is short-circuited: both of its terminals are at one node"
        problems.error("source-loop", headline, element.span)
    label = components(nodes.count + 1, first, second)
    edges = np.bincount(label[first[~short]], minlength=nodes.count + 1)
    vertices = np.bincount(label, minlength=nodes.count + 1)
    for part in np.flatnonzero((edges > 0) & (edges >= vertices))[:_MOST_NAMED]:
        own = np.flatnonzero((label[first] == part) & ~short)
        _tell_loop(nodes, sources, owner, (first, second), own, problems)
    floating = (first != nodes.count) & (second != nodes.count) & ~short
    if problems.errors:
        return
    for number in np.unique(owner[floating]):
        element = sources[int(number)].element
        headline = (
            f"the voltage source {element.name} has no terminal at ground; this version compiles sources to ground only"
        )
        problems.error("unsupported", headline, element.span)


def _tell_loop(
    nodes: Nodes,
    sources: Sequence[Wired],
    owner: Integers,
    ends: tuple[Integers, Integers],
    own: Integers,
    problems: Problems,
) -> None:
    """Name the sources of one loop."""
    import networkx  # noqa: ICN001 - only now: finding a loop needs it, finding that there is one does not

    nx: Any = networkx
    graph = nx.MultiGraph()
    graph.add_edges_from((int(ends[0][each]), int(ends[1][each]), int(each)) for each in own)
    found: Any = nx.find_cycle(graph)
    loop = [int(edge[2]) for edge in found]
    elements = [sources[number].element for number in dict.fromkeys(int(owner[each]) for each in loop)]
    at = min(int(ends[side][each]) for each in loop for side in (0, 1))
    headline = (
        f"these voltage sources form a loop: {', '.join(each.name for each in elements)} (at node {nodes.name(at)})"
    )
    hints = ("put a resistor in series with one of them",)
    problems.error("source-loop", headline, *(each.span for each in elements), hints=hints)


# --- nodes


def _check_driven(nodes: Nodes, wired: Sequence[Wired], problems: Problems) -> None:
    """Every node has a voltage source or a capacitor to ground, and not both."""
    driven, grounded, capacitive = (np.zeros(nodes.count, dtype=bool) for _ in range(3))
    for each in wired:
        at = np.concatenate(each.ends)
        if each.kind == "source":
            driven[at[at != AT_GROUND]] = True
        elif each.kind == "capacitance":
            if np.any((each.ends[0] != AT_GROUND) & (each.ends[1] != AT_GROUND)):
                headline = f"the capacitor {each.element.name} has no terminal at ground; this version compiles capacitors to ground only"
                problems.error("unsupported", headline, each.element.span)
            capacitive[at[at != AT_GROUND]] = True
            for one, other in (each.ends, each.ends[::-1]):
                grounded[one[(one != AT_GROUND) & (other == AT_GROUND)]] = True
    _tell(
        nodes,
        driven & grounded,
        problems,
        "unsupported",
        "has both a voltage source and a capacitor to ground; this version does not compile that",
        "drop the capacitor: the source alone decides the voltage",
    )
    _tell(
        nodes,
        ~driven & ~capacitive,
        problems,
        "undriven-node",
        "has neither a voltage source nor a capacitor to ground",
        "add the capacitance that is there in reality: C: Capacitor({name}, ground, C = 1[pF])",
        "this version compiles circuits in which every node has one of the two",
    )
