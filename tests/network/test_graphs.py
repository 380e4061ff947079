"""Wirings as index arrays, against plain loops over pairs of cells."""

from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import mcompiler as mc
from mcompiler.diagnostics import CompileError
from mcompiler.network.network import EdgeClass

MODEL = """
cell Node {{
  input j: V
  state u: V = 0[V] scale 1[V]
  1[s]*du/dt = -u + j
}}
synapse Link {{
  param g = 1
  post.j += g*pre.u
}}
network Graph {{
  size N = 12
  size K = 2
  cells X{shape}: Node
  cells Y[5]: Node(u = 1[V])
  synapses W: Link from X to X {wiring}
  synapses Z: Link from X to Y
}}
"""


def edge_class(wiring: str, shape: str = "[N]", folder: Path | None = None) -> EdgeClass:
    text = MODEL.format(shape=shape, wiring=wiring)
    if folder is None:
        return next(each for each in mc.parse(text).network.edges if each.name == "W")
    (folder / "model.mem").write_text(text, "utf-8")
    return next(each for each in mc.load(folder / "model.mem").network.edges if each.name == "W")


def pairs(edge: EdgeClass) -> list[tuple[int, int]]:
    """The synapses as (pre, post)."""
    return list(zip(*(each.members.tolist() for each in edge.ends), strict=True))


def chosen(joined: Callable[[int, int], bool], cells: int = 12) -> list[tuple[int, int]]:
    """All pairs that are joined, by the cell they end at."""
    return [(pre, post) for post in range(cells) for pre in range(cells) if joined(pre, post)]


@pytest.mark.parametrize(
    ("wiring", "joined"),
    [
        ("where abs(pre - post) <= K", lambda pre, post: abs(pre - post) <= 2),
        ("where pre < post and pre > 3", lambda pre, post: 3 < pre < post),
        ("by ring(2)", lambda pre, post: (pre - post) % 12 in (1, 2, 10, 11)),
        ("by ring(K)", lambda pre, post: (pre - post) % 12 in (1, 2, 10, 11)),
        ("where pre != 3 by ring(1)", lambda pre, post: (pre - post) % 12 in (1, 11) and pre != 3),
        ("by one_to_one", lambda pre, post: pre == post),
    ],
)
def test_pairs(wiring: str, joined: Callable[[int, int], bool]) -> None:
    edge = edge_class(wiring)
    assert pairs(edge) == chosen(joined)
    assert edge.topology == "indexed"


@pytest.mark.parametrize("radius", [1, 2, 9])
def test_a_lattice_joins_moore_neighbourhoods_without_wrapping(radius: int) -> None:
    edge = edge_class(f"by lattice({radius})", "[3, 4]")
    near = chosen(
        lambda pre, post: (
            pre != post and max(abs(a - b) for a, b in zip(divmod(pre, 4), divmod(post, 4), strict=True)) <= radius
        )
    )
    assert pairs(edge) == near


@pytest.mark.parametrize(("wiring", "masked"), [("", False), ("where pre != post", True), ("where post != pre", True)])
def test_dense_classes_have_no_index_arrays(wiring: str, masked: bool) -> None:
    edge = edge_class(wiring)
    assert (edge.topology, edge.masked, edge.group.size) == ("dense", masked, 144)
    assert all(each.members.size == 0 for each in edge.ends)


@pytest.mark.parametrize(
    ("wiring", "graph"),
    [
        ("by watts_strogatz(4, 0.3, seed = 7)", lambda: nx.watts_strogatz_graph(12, 4, 0.3, seed=7)),
        ("by erdos_renyi(0.3, seed = 7)", lambda: nx.fast_gnp_random_graph(12, 0.3, seed=7)),
        ("by barabasi_albert(2, 7)", lambda: nx.barabasi_albert_graph(12, 2, seed=7)),
    ],
)
def test_random_graphs_are_those_of_networkx_in_both_directions(
    wiring: str, graph: Callable[[], "nx.Graph[int]"]
) -> None:
    edges = set(graph().to_directed().edges)
    assert pairs(edge_class(wiring)) == sorted(edges, key=lambda each: (each[1], each[0]))


def test_a_file_keeps_its_order_its_loops_and_its_repetitions(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("source,target\n3,1\n0,0\n3,1\n11,2\n", "utf-8")
    edge = edge_class('by graph("edges.csv")', folder=tmp_path)
    assert pairs(edge) == [(3, 1), (0, 0), (3, 1), (11, 2)]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("source,target\n1,2.5\n", "bad-data"),
        ("source,target\n1,\n", "bad-data"),
        ("source,target\n1,nan\n", "bad-data"),
        ("source,target\n-1,2\n", "bad-data"),
        ("source,target\n1,2,3\n", "data-shape"),
        ("from,to\n1,2\n", "missing-column"),
        ("source,target\n0,12\n", "index-out-of-range"),
    ],
)
def test_files_that_are_no_graph_of_these_cells(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "edges.csv").write_text(content, "utf-8")
    with pytest.raises(CompileError) as caught:
        edge_class('by graph("edges.csv")', folder=tmp_path)
    assert [each.code for each in caught.value.diagnostics] == [code]


@pytest.mark.parametrize(
    ("wiring", "shape", "code"),
    [
        ("by ring(6)", "[N]", "bad-size"),
        ("by ring(0)", "[N]", "bad-size"),
        ("by ring(1.5)", "[N]", "bad-size"),
        ("by ring(1)", "[3, 4]", "data-shape"),
        ("by lattice(1)", "", "data-shape"),
        ("where pre > 100", "[N]", "size-zero"),
        ("by erdos_renyi(0)", "[N]", "size-zero"),
        ("by watts_strogatz(40, 0.1)", "[N]", "bad-size"),
        ("", "[10^6]", "size-too-large"),
        ("where pre == post", "[10^6]", "size-too-large"),
        ("by lattice(100)", "[10^3, 10^3]", "size-too-large"),
        ("", "[0]", "size-zero"),
    ],
)
def test_wirings_that_do_not_fit(wiring: str, shape: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        edge_class(wiring, shape)
    assert {each.code for each in caught.value.diagnostics} == {code}


def test_one_cell_alone() -> None:
    edge = edge_class("where pre != post", "[1]")
    assert edge.group.size == 1


def test_a_million_synapses_are_built_without_loops_over_them() -> None:
    text = MODEL.format(shape="[N]", wiring="by ring(5)").replace("size N = 12", "size N = 100000")
    model = mc.parse(text)
    assert sum(each.group.size for each in model.network.edges) == 10**6 + 5 * 10**5
    assert model.seconds["network"] < 5
    np.testing.assert_array_equal(np.bincount(model.network.edges[0].ends[1].members), np.full(100000, 10))
