"""Which cells a class of synapses joins, as index arrays: conditions, neighbours in rows and lattices, files, random graphs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.evaluate import evaluate, whole
from mcompiler.model.model import Projection, Wiring
from mcompiler.network.constants import Constants
from mcompiler.network.network import Floats, Integers
from mcompiler.network.wiring import MOST

#: Cells (pre, post) of every synapse.
Edges = tuple[Integers, Integers]
#: Most pairs that a condition is asked of, and how many at once.
MOST_PAIRS = 4 * 10**9
_BLOCK = 1 << 22


@dataclass(frozen=True, slots=True)
class Between:
    """What is to be joined: the shapes of the two classes of cells, and what a wiring is given as numbers."""

    projection: Projection
    source: tuple[int, ...]
    target: tuple[int, ...]
    constants: Constants
    problems: Problems

    @property
    def wiring(self) -> Wiring:
        """The wiring."""
        return self.projection.wiring

    @property
    def arguments(self) -> list[float]:
        """The values of its arguments."""
        return [float(evaluate(each, self.constants.numbers)) for each in self.wiring.arguments]

    def fail(self, code: str, headline: str, *hints: str) -> None:
        """Note what is wrong."""
        self.problems.error(code, headline, self.wiring.span, hints=hints)


def edges(between: Between) -> Edges | None:
    """The synapses, by the indices of the cells they join; None where the wiring makes no sense, which is noted."""
    found = _WIRINGS[between.wiring.kind](between)
    condition = between.wiring.condition
    if found is None:
        return None
    if condition is not None and between.wiring.kind != "where":
        index = numbered(found, between.source, between.target)
        kept = np.broadcast_to(evaluate(condition, {**between.constants.numbers, **index}), found[0].shape) != 0
        found = found[0][kept], found[1][kept]
    if not len(found[0]):
        between.fail("size-zero", f"the synapses {between.projection.name} join no cells")
        return None
    return found


def numbered(joined: Edges, source: tuple[int, ...], target: tuple[int, ...]) -> dict[str, Floats]:
    """What ``pre`` and ``post`` stand for of these synapses, and ``pre[0]``, ``pre[1]`` where the cells are an array of several indices."""
    found: dict[str, Floats] = {}
    for name, cells, shape in (("pre", joined[0], source), ("post", joined[1], target)):
        if len(shape) == 1:
            found[name] = cells.astype(np.float64)
        elif shape:
            indices = np.unravel_index(cells, shape)
            found |= {f"{name}[{place}]": each.astype(np.float64) for place, each in enumerate(indices)}
    return found


# --- conditions


def _where(between: Between) -> Edges | None:
    condition = between.wiring.condition
    assert condition is not None
    n_pre, n_post = prod(between.source), prod(between.target)
    if n_pre * n_post > MOST_PAIRS:
        headline = f"this condition would be asked of {n_pre * n_post:,} pairs of cells; {MOST_PAIRS:,} are the limit"
        between.fail(
            "size-too-large", headline, "name the neighbours instead: by ring(k), by lattice(radius), by graph(...)"
        )
        return None
    rows = max(1, _BLOCK // n_pre)
    row, found, count = np.arange(n_pre, dtype=np.int64), list[Edges](), 0
    for start in range(0, n_post, rows):
        posts = np.arange(start, min(start + rows, n_post), dtype=np.int64)
        pre, post = np.tile(row, len(posts)), np.repeat(posts, n_pre)
        index = numbered((pre, post), between.source, between.target)
        kept = evaluate(condition, {**between.constants.numbers, **index}) != 0
        if kept.ndim == 0:
            kept = np.broadcast_to(kept, pre.shape)
        found.append((pre[kept], post[kept]))
        count += len(found[-1][0])
        if count > MOST:
            between.fail("size-too-large", f"{between.projection.name} would have more than {MOST:,} synapses")
            return None
    return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])


# --- neighbours


def _one_to_one(between: Between) -> Edges | None:
    if between.source != between.target:
        _unequal(between)
        return None
    cells = np.arange(prod(between.source), dtype=np.int64)
    return cells, cells.copy()


def _unequal(between: Between) -> None:
    name, each = between.wiring.kind, between.projection
    headline = f"{name} joins classes of one shape, but {each.source} has {_shown(between.source)} and {each.target} {_shown(between.target)}"
    between.fail("data-shape", headline)


def _shown(shape: tuple[int, ...]) -> str:
    return f"the shape ({', '.join(map(str, shape))})" if shape else "one cell"


def _count(between: Between, name: str, value: float, least: int = 1) -> int | None:
    """An argument that is a whole number."""
    number = whole(value)
    if number is None or number < least:
        between.fail("bad-size", f"{name} of {between.wiring.kind} is {value:g}; it is a whole number, {least} or more")
        return None
    return number


def _ring(between: Between) -> Edges | None:
    if between.source != between.target or len(between.source) != 1:
        _unequal(between)
        return None
    k, cells = _count(between, "k", between.arguments[0]), between.source[0]
    if k is None:
        return None
    if cells <= 2 * k:
        between.fail(
            "bad-size",
            f"ring({k}) needs more than {2 * k} cells, so that the neighbours on both sides differ; there are {cells}",
        )
        return None
    if not _is_held(between, 2 * k * cells):
        return None
    steps = np.concatenate([np.arange(-k, 0), np.arange(1, k + 1)])
    post = np.repeat(np.arange(cells, dtype=np.int64), 2 * k)
    return _sorted((post + np.tile(steps, cells)) % cells, post)


def _lattice(between: Between) -> Edges | None:
    if between.source != between.target or not between.source:
        _unequal(between)
        return None
    shape, radius = between.source, _count(between, "radius", between.arguments[0])
    if radius is None:
        return None
    reach = [min(radius, extent - 1) for extent in shape]
    if not _is_held(between, prod(shape) * (prod(2 * each + 1 for each in reach) - 1)):
        return None
    number = np.arange(prod(shape), dtype=np.int64).reshape(shape)
    pres: list[Integers] = []
    posts: list[Integers] = []
    for step in product(*(range(-each, each + 1) for each in reach)):
        if any(step):
            here = tuple(slice(max(0, -d), extent - max(0, d)) for d, extent in zip(step, shape, strict=True))
            there = tuple(slice(max(0, d), extent - max(0, -d)) for d, extent in zip(step, shape, strict=True))
            posts.append(number[here].reshape(-1))
            pres.append(number[there].reshape(-1))
    nothing = [np.empty(0, dtype=np.int64)]
    return _sorted(np.concatenate(pres or nothing), np.concatenate(posts or nothing))


def _is_held(between: Between, count: int) -> bool:
    if count > MOST:
        between.fail(
            "size-too-large", f"{between.projection.name} would have {count:,} synapses; {MOST:,} are the limit"
        )
    return count <= MOST


def _sorted(pre: Integers, post: Integers) -> Edges:
    """Synapses by the cell they end at, then by the one they come from."""
    order = np.lexsort((pre, post))
    return pre[order], post[order]


# --- graphs


def _graph(between: Between) -> Edges | None:
    assert between.wiring.edges is not None
    each = between.projection
    cells, owner = max((prod(between.target), each.target), (prod(between.source), each.source))
    if between.wiring.nodes > cells:
        headline = f"this graph has {between.wiring.nodes:,} nodes, but {owner} has {cells:,} cell{'s' * (cells > 1)}"
        between.fail("index-out-of-range", headline, f"every node is a cell: give {owner} as many as the graph has")
        return None
    for what, ends, owner, shape in (
        ("source", between.wiring.edges[0], each.source, between.source),
        ("target", between.wiring.edges[1], each.target, between.target),
    ):
        outside = ends >= prod(shape)
        if np.any(outside):
            row = int(np.argmax(outside))
            headline = f"row {row} of this graph, counted from 0, has the {what} {int(ends[row])}; {owner} has the cells 0..{prod(shape) - 1}"
            between.fail("index-out-of-range", headline)
            return None
    return between.wiring.edges


def _networkx(between: Between) -> Edges | None:
    """A random graph; each of its edges is a synapse in both directions."""
    if between.source != between.target:
        _unequal(between)
        return None
    import networkx  # noqa: ICN001 - only now: few models are random graphs

    nx: Any = networkx
    cells, kind = prod(between.source), between.wiring.kind
    *given, seed = between.arguments
    seed_number = _count(between, "seed", seed, least=0)
    if seed_number is None:
        return None
    numbers: list[float] = []
    for name, value in zip(_GENERATORS[kind][1], given, strict=True):
        number: float | None = value if name == "p" else _count(between, name, value)
        if number is None:
            return None
        numbers.append(number)
    generator: Callable[..., Any] = getattr(nx, _GENERATORS[kind][0])
    try:
        graph = generator(cells, *numbers, seed=seed_number)
    except nx.NetworkXError as error:
        between.fail("bad-size", f"{kind} cannot be made: {error}")
        return None
    pairs = np.array(list(graph.edges), dtype=np.int64).reshape(-1, 2)
    return _sorted(np.concatenate([pairs[:, 0], pairs[:, 1]]), np.concatenate([pairs[:, 1], pairs[:, 0]]))


_GENERATORS = {
    "watts_strogatz": ("watts_strogatz_graph", ("k", "p")),
    "erdos_renyi": ("fast_gnp_random_graph", ("p",)),
    "barabasi_albert": ("barabasi_albert_graph", ("m",)),
}
_WIRINGS: Mapping[str, Callable[[Between], Edges | None]] = {
    "where": _where, "one_to_one": _one_to_one, "ring": _ring, "lattice": _lattice, "graph": _graph, **dict.fromkeys(_GENERATORS, _networkx),
}  # fmt: skip
