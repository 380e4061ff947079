"""GraphML files: what is read of them against networkx, how nodes become cells, and how broken and hostile files are refused."""

# networkx is typed for graphs in general, not for their attributes.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcompiler.model.columns import MAXIMUM_BYTES, Table, TableError
from mcompiler.model.graphml import read_graph
from mcompiler.model.tables import read_table

HEAD = '<?xml version="1.0"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
KEY = '<key id="d0" for="edge" attr.name="g" attr.type="double"/>\n'


def text(body: str, keys: str = "", direction: str = "directed") -> bytes:
    return f'{HEAD}{keys}<graph edgedefault="{direction}">\n{body}\n</graph></graphml>'.encode()


def nodes(*names: object) -> str:
    return "".join(f'<node id="{each}"/>' for each in names)


def edge(source: object, target: object, value: object = None, more: str = "") -> str:
    data = "" if value is None else f'<data key="d0">{value}</data>'
    return f'<edge source="{source}" target="{target}" {more}>{data}</edge>'


def rows(table: Table, *names: str) -> list[tuple[float, ...]]:
    return list(zip(*(table.columns[name].tolist() for name in ("source", "target", *names)), strict=True))


# --- against networkx

KINDS = (nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph)


def some_graph(kind: Any, seed: int) -> Any:
    """Loops, repeated edges and isolated nodes; whole numbers and fractions under one name are two keys of a file."""
    drawn = random.Random(seed)
    graph = kind()
    graph.add_nodes_from(range(12))
    for number in range(30):
        weight = drawn.choice([number, number + 0.5])
        graph.add_edge(drawn.randrange(9), drawn.randrange(9), weight=weight, on=drawn.random() < 0.5)
    return graph


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_graph_is_that_which_networkx_reads(tmp_path: Path, kind: Any, seed: int) -> None:
    nx.write_graphml(some_graph(kind, seed), tmp_path / "net.graphml")
    table = read_table(tmp_path / "net.graphml")
    known = nx.read_graphml(tmp_path / "net.graphml", node_type=int, force_multigraph=True)
    expected: list[tuple[float, ...]] = []
    for source, target, data in known.edges(data=True):
        ends = [(source, target)] if known.is_directed() or source == target else [(source, target), (target, source)]
        expected += [(*each, float(data["weight"]), float(data["on"])) for each in ends]
    assert sorted(rows(table, "weight", "on")) == sorted(expected)
    assert (table.nodes, dict(table.wrong)) == (12, {})


def test_synapses_have_the_order_of_the_file(tmp_path: Path) -> None:
    graph = some_graph(nx.MultiDiGraph, 1)
    nx.write_graphml(graph, tmp_path / "net.graphml")
    assert rows(read_table(tmp_path / "net.graphml")) == [(a, b) for a, b in graph.edges()]


# --- nodes and edges


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((2, 0, 1), (2, 0, 1)),
        (("n2", "n0", "n1"), (0, 1, 2)),
        (("1", "2", "a"), (0, 1, 2)),
        (("00", "01", "02"), (0, 1, 2)),
        (("-1", "0", "1"), (0, 1, 2)),
    ],
)
def test_nodes_are_cells_by_number_or_by_order(names: tuple[object, ...], expected: tuple[int, ...]) -> None:
    a, b, c = names
    table = read_graph(text(edge(a, b) + edge(c, a) + nodes(*names)))  # nodes may come after the edges
    assert rows(table) == [(expected[0], expected[1]), (expected[2], expected[0])]
    assert table.nodes == 3


def test_undirected_edges_go_there_and_back_and_loops_once() -> None:
    body = nodes(0, 1) + edge(0, 1, 1) + edge(1, 1, 2) + edge(1, 0, 3, 'directed="true"') + edge(0, 1, 4)
    table = read_graph(text(body, KEY, "undirected"))
    assert rows(table, "g") == [(0, 1, 1), (1, 0, 1), (1, 1, 2), (1, 0, 3), (0, 1, 4), (1, 0, 4)]
    body = nodes(0, 1) + edge(0, 1, 1) + edge(0, 1, 2, 'directed="false"')
    assert rows(read_graph(text(body, KEY)), "g") == [(0, 1, 1), (0, 1, 2), (1, 0, 2)]


def test_what_edges_carry() -> None:
    keys = """<key id="a" for="edge" attr.name="g [uS]"><default>5</default></key>
      <key id="d0" for="all" attr.name="w"/><key id="b" for="node" attr.name="g"/><key id="c" for="edge"/>"""
    body = nodes("x", "y") + edge("x", "y", "0.5").replace("<data", '<data key="a">7</data><data')
    table = read_graph(text(body + edge("y", "x", "true"), keys))
    assert rows(table, "g", "w") == [(0, 1, 7, 0.5), (1, 0, 5, 1)]
    assert dict(table.units) == {"g": "uS"}
    assert table.wrong["c"] == "the edge of line 5 has none, and there is no default"


def test_files_of_other_programs() -> None:
    """Another prefix of the name space, elements of other vocabularies, descriptions and ports."""
    content = b"""<g:graphml xmlns:g="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
      <g:key for="edge" id="d9" yfiles.type="edgegraphics"/><g:graph edgedefault="directed"><g:desc>text</g:desc>
      <g:node id="n0"><g:data key="d6"><y:ShapeNode><y:edge source="q"/></y:ShapeNode></g:data><g:port name="p"/></g:node>
      <g:edge id="e" source="n0" target="n0"><g:data key="d9"><y:PolyLineEdge><y:Path sx="0.0"/></y:PolyLineEdge></g:data></g:edge>
      </g:graph></g:graphml>"""
    table = read_graph(content)
    assert rows(table) == [(0, 0)]
    assert table.wrong == {"d9": "line 4 holds nothing there"}
    assert rows(
        read_graph(
            b'<graphml><graph edgedefault="directed">' + (nodes(0) + edge(0, 0)).encode() + b"</graph></graphml>"
        )
    )


# --- files that are refused

BOMB = b'<!DOCTYPE g [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>' + text(nodes("&b;"))
OUTSIDE = b'<!DOCTYPE g [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + text(nodes(0) + "<desc>&a;</desc>")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "line 1 is no XML: no element found"),
        (b"source,target\n0,1\n", "line 1 is no XML"),
        (text(nodes(0) + "\n<edge"), "line 6 is no XML: not well-formed"),
        (text("\n</node>"), "line 5 is no XML: mismatched tag"),
        (BOMB, "line 1 declares a document type"),
        (OUTSIDE, "line 1 declares a document type"),
        (text(nodes("&b;")), "undefined entity"),
        (b"<html/>", "line 1 begins with <html>"),
        (b"<graphml/>", "it holds no graph"),
        (text(nodes(0)), "its graph has no edges"),
        (text(nodes(0, 0) + edge(0, 0)), "line 4 declares the node '0' again"),
        (text("<node/>"), "line 4 has a <node> without id"),
        (text(nodes(0) + '<edge source="0"/>'), "line 4 has a <edge> without target"),
        (text(nodes(0) + edge(0, 1)), "the target '1' of line 4 is no node of the graph"),
        (text(nodes(0, 1, 3) + edge(0, 1)), "3 nodes have numbers for names, but there is no node 2"),
        (text(nodes(1, 2) + edge(1, 2)), "there is no node 0"),
        (text(nodes("9" * 5000) + edge(1, 2)), "there is no node 0"),
        (text(nodes(0) + edge(0, 0), direction="both"), "line 3 has edgedefault 'both'"),
        (text(nodes(0) + edge(0, 0, more='directed="1"')), "line 4 has directed '1'"),
        (text(nodes(0) + edge(0, 0, 1)), "line 4 uses the key 'd0', which no <key> for edges declares"),
        (text(nodes(0), KEY.replace('"g"', '"source"')), "names what the edges carry source"),
        (text(nodes(0), KEY.replace('"g"', '"[S]"')), r"names what the edges carry '\[S\]'"),
        (text("", KEY + KEY.replace('"d0"', '"d1"').replace('"g"', '"g [S]"')), "line 4 gives g a second time"),
        (text("<hyperedge/>"), "hyperedge"),
        (text('<node id="0"><graph/></node>'), "graph inside a graph"),
        (text('</graph><graph edgedefault="directed">'), "second graph"),
        (text("<a>" * 200), "inside more than 100 elements"),
        (text("", "".join(f'<key id="{k}" for="edge"/>' for k in range(1001))), "more than 1000 quantities"),
        (b'<?xml version="1.0" encoding="none such"?><graphml/>', "no XML|encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><graphml/>', "no XML|encoding"),
    ],
)
def test_graphs_that_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read_graph(content)


@pytest.mark.parametrize(
    ("value", "reason"),
    [("heavy", "line 5 holds 'heavy', which is no number"), ("", "line 5 holds nothing there")],
)
def test_what_edges_carry_must_be_a_number_where_it_is_used(value: str, reason: str) -> None:
    table = read_graph(text(nodes(0) + edge(0, 0, 1) + edge(0, 0, value), KEY))
    assert table.wrong == {"g": reason}
    assert rows(table) == [(0, 0), (0, 0)]


def test_defaults_do_not_multiply_what_a_file_holds() -> None:
    """A small file of many edges and many keys with defaults would be a large table."""
    keys = "".join(f'<key id="k{k}" for="edge"><default>1</default></key>' for k in range(900))
    with pytest.raises(TableError, match="its 20,000 edges carry 900 quantities"):
        read_graph(text(nodes(0) + edge(0, 0) * 20_000, keys))


def test_a_graph_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "large.graphml").open("wb") as stream:
        stream.truncate(MAXIMUM_BYTES + 1)
    with pytest.raises(TableError, match="may have"):
        read_table(tmp_path / "large.graphml")


WHOLE = text(nodes("a", "b") + edge("a", "b", 1.5) + edge("b", "b", "2"), KEY, "undirected")


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), st.binary(max_size=3)), max_size=3))
def test_any_bytes_are_a_table_or_refused(changes: list[tuple[int, int, bytes]]) -> None:
    content = WHOLE
    for start, length, replacement in changes:
        content = content[:start] + replacement + content[start + length :]
    try:
        table = read_graph(content)
    except TableError:
        return
    assert np.all(table.columns["source"] < table.nodes)
