"""Connections: components against networkx, and what is told of a wiring."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcompiler.network.connect import components
from tests.network.front import codes, told


@given(st.integers(1, 30), st.data())
def test_components(count: int, data: st.DataObject) -> None:
    pairs = data.draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=40))
    first, second = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(pairs)
    expected = np.empty(count, dtype=np.int64)
    for part in nx.connected_components(graph):
        expected[list(part)] = min(part)
    assert components(count, first, second).tolist() == expected.tolist()


def test_long_chains_take_few_rounds() -> None:
    order = np.random.default_rng(1).permutation(200_000)
    assert not components(200_000, order[:-1], order[1:]).any()
    assert not components(200_000, np.arange(199_999)[::-1], np.arange(1, 200_000)[::-1]).any()


def circuit(nodes: str, *elements: str) -> str:
    return "circuit C {\n  node " + nodes + "\n" + "".join(f"  {each}\n" for each in elements) + "}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (circuit("a", "S: DCSource(a, ground)"), []),
        (circuit("a, b", "S: DCSource(a, ground)", "R: Resistor(a, b)"), ["undriven-node"]),
        (circuit("a, b", "S: DCSource(a, ground)"), ["floating-node"]),
        (circuit("a, b, c", "S: DCSource(a, ground)", "R: Resistor(b, c)"), ["no-ground"]),
        (
            circuit("a, b, c, d", "S: DCSource(a, ground)", "R: Resistor(b, b)", "Q: Resistor(c, d)"),
            ["no-ground", "no-ground"],
        ),
        (circuit("a, b, c", "S: DCSource(a, ground)", "R: Resistor(b, b)"), ["no-ground", "floating-node"]),
        (circuit("a", "S: DCSource(a, ground)", "T: DCSource(a, ground)"), ["source-loop"]),
        (circuit("a", "S: DCSource(a, ground)", "T: DCSource(ground, a)"), ["source-loop"]),
        (circuit("a, b", "S: DCSource(a, ground)", "T: DCSource(b, a)", "U: DCSource(ground, b)"), ["source-loop"]),
        (circuit("a, b", "S: DCSource(a, b)", "T: DCSource(b, a)", "R: Resistor(a, ground)"), ["source-loop"]),
        (circuit("a, b", "S: DCSource(a, ground)", "T: DCSource(b, a)"), ["unsupported"]),
        (circuit("a", "S: DCSource(a, a)", "R: Resistor(a, ground)"), ["source-loop"]),
        (circuit("a", "S[k in 2]: DCSource(a, ground)"), ["source-loop"]),
        (circuit("a", "S: DCSource(a, ground)", "K: Capacitor(a, ground)"), ["unsupported"]),
        (circuit("a, b", "S: DCSource(a, ground)", "K: Capacitor(a, b)", "L: Capacitor(b, ground)"), ["unsupported"]),
        (circuit("a", "L: Inductor(a, ground)"), ["undriven-node"]),
        (circuit("a, b", "S: DCSource(a, ground)", "L: Inductor(a, b)", "K: Capacitor(b, ground)"), []),
        (circuit("a[3]", "S[k in 3]: DCSource(a[k*k], ground)"), ["index-out-of-range"]),
        (circuit("a[3]", "S[k in 3]: DCSource(a[k - 1], ground)"), ["index-out-of-range"]),
        (circuit("a[3]", "S[k in 3]: DCSource(a[k/2], ground)"), ["index-out-of-range"]),
        (circuit("a[3]", "S[k in 2..1]: DCSource(a[k], ground)"), ["size-zero"]),
        (circuit("a[3]", "S[k in -1..1]: DCSource(a[k], ground)"), ["index-out-of-range"]),
        (circuit("a[3]", "S[k in 0.5..1.5]: DCSource(a[k], ground)"), ["index-out-of-range"]),
        (circuit("a[3]", "S[k in inf]: DCSource(a[k], ground)"), ["index-out-of-range"]),
    ],
)
def test_what_is_told_of_a_wiring(text: str, expected: list[str]) -> None:
    assert sorted(codes(text)) == sorted(expected)


def test_a_loop_names_its_sources_only() -> None:
    text = circuit(
        "a, b, c, d",
        "S1: DCSource(a, ground)",
        "S2: DCSource(b, a)",
        "S3: DCSource(c, b)",
        "S4: DCSource(c, a)",
        "S5: DCSource(d, c)",
    )
    (found,) = told(text)
    assert found.code == "source-loop"
    names = found.headline.partition(": ")[2].partition(" (")[0].split(", ")
    assert set(names) == {"S2", "S3", "S4"}


def test_an_array_is_told_of_once() -> None:
    text = "circuit C {\n  size N = 1000\n  node a[N], b\n  S: DCSource(a[0], ground)\n  R[k in 1..N-1]: Resistor(a[k-1], a[k])\n}\n"
    found = told(text)
    assert [each.code for each in found] == ["floating-node"]
    found = told(text.replace(", b", ""))
    assert [each.code for each in found] == ["undriven-node"]
    assert "a[1] " in found[0].headline
    assert "998 more of a" in found[0].headline
