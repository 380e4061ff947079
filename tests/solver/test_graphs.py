"""Memristive networks on random graphs: the compiled rates against a plain loop over the edges of networkx, written apart from everything here."""

# networkx is typed for graphs in general, not for their attributes.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from numpy.typing import NDArray

import mcompiler as mc
from mcompiler.solver import names

Floats = NDArray[np.float64]
CELLS, READERS = 30, 7

#: Two classes of cells; synapses with three devices that add to both of their cells, and others from one class to the other.
MODEL = """
cell Neuron {{
  param C = 1[nF]
  param R = 10[kohm]
  param U0 = 0.5[V]
  input j: A
  state u: V = 0[V] scale U0
  output r: V = U0*tanh(u/U0)
  C*du/dt = -u/R + j
}}

cell Reader {{
  param tau = 20[us]
  input drive: V
  state a: V = 0[V] scale 1[V]
  state m = 0 scale 1
  output s: V = a/(1 + m^2)
  tau*da/dt = drive - a
  10[us]*dm/dt = a/1[V] - m
}}

synapse Plastic {{
  param g = 1[uS]
  device P = SinhRate(alpha = 1[1/ms])
  device Q = Volatile(growth = 2[1/ms], tau = 1[ms])
  device M = VTEAM(k_on = -10[um/s], v_on = 0.05[V], v_off = -0.05[V], alpha_on = 1)
  P.v = pre.r
  Q.v = pre.r - post.u
  M.v = post.r - pre.u
  post.j += P.i - Q.i + g*(pre.u - post.u)
  pre.j += 0.1*M.i
}}

synapse Read {{
  device P = SinhRate(alpha = 3[1/ms])
  P.v = pre.u - post.s
  post.drive += P.i*10[kohm]
  pre.j += -P.i
}}

network Random {{
  size N = {cells}
  cells X[N]: Neuron
  cells Y[{readers}]: Reader
  synapses W: Plastic{given} from X to X by {wiring}
  synapses V: Read from X to Y by graph("readout.csv")
}}

experiment run on Random {{
  {data}
  set X.R ~ lognormal(10[kohm], 30%)
  set W.P.Gmax ~ lognormal(100[uS], 20%)
  initial X.u ~ normal(0[V], 0.3[V])
  initial Y.a ~ normal(0[V], 1[V])
  initial Y.m ~ uniform(-1, 1)
  initial W.P.w ~ uniform(0.1, 0.9)
  initial W.Q.w ~ uniform(0.1, 0.9)
  initial W.M.w ~ uniform(0.1, 0.9)
  initial V.P.w ~ uniform(0.1, 0.9)
  run to 1[us]
  save X.u
}}
"""


@dataclass
class Case:
    """A graph whose edges have a ``number`` and a ``g`` in uS, without one 1 + pre/10.

    ``places`` gives of every number, there and back, the place of its synapse; ``given`` and ``data`` are parts of the model's text.
    """

    wiring: str
    given: str
    data: str
    graph: Any
    places: dict[tuple[int, bool], int] = field(default_factory=dict[tuple[int, bool], int])

    def synapses(self) -> Iterator[tuple[int, int, float, int]]:
        """Every synapse: the cells it comes from and goes to, its g, and its place."""
        for a, b, edge in self.graph.edges(data=True):
            yield a, b, edge.get("g", 1 + a / 10), self.places[edge["number"], False]
            if not self.graph.is_directed() and a != b:
                yield b, a, edge.get("g", 1 + b / 10), self.places[edge["number"], True]


def multigraph(kind: Any, seed: int) -> Any:
    """Repeated edges and loops; the last four cells have no edge."""
    drawn = random.Random(seed)
    graph = kind()
    graph.add_nodes_from(range(CELLS))
    for number in range(90):
        a, b = drawn.randrange(CELLS - 4), drawn.randrange(CELLS - 4)
        graph.add_edge(a, a if number % 9 == 0 else b, g=drawn.uniform(0.5, 2), number=number)
    edges = [(a, b) for a, b in graph.edges()]
    assert nx.number_of_selfloops(graph) >= 8
    assert len(set(edges)) < len(edges)
    assert len(list(nx.isolates(graph))) >= 4
    return graph


def csv(folder: Path, seed: int) -> Case:
    graph = multigraph(nx.MultiDiGraph, seed)
    rows = [(a, b, edge["g"], edge["number"]) for a, b, edge in graph.edges(data=True)]
    random.Random(seed).shuffle(rows)
    lines = [f"{a},{b},{g!r},{number}\n" for a, b, g, number in rows]
    (folder / "net.csv").write_text("source,target,g [uS],number\n" + "".join(lines), "utf-8")
    places = {(number, False): place for place, (*_, number) in enumerate(rows)}
    return Case('graph("net.csv")', "", 'data net = "net.csv"\n  set W.g = net.g', graph, places)


def graphml(folder: Path, seed: int, kind: Any) -> Case:
    graph = multigraph(kind, seed)
    named: Any = nx.relabel_nodes(graph, {node: f"n{node}" for node in graph}) if seed % 2 else graph
    for _, _, edge in named.edges(data=True):
        edge["g [uS]"] = edge.pop("g")
    nx.write_graphml(named, folder / "net.graphml")
    known: Any = nx.read_graphml(folder / "net.graphml", force_multigraph=True)
    known = nx.relabel_nodes(known, {node: int(node.removeprefix("n")) for node in known})
    for _, _, edge in known.edges(data=True):
        edge["g"] = edge.pop("g [uS]")
    places: dict[tuple[int, bool], int] = {}
    for a, b, edge in named.edges(data=True):
        places[edge["number"], False] = len(places)
        if not graph.is_directed() and a != b:
            places[edge["number"], True] = len(places)
    return Case('graph("net.graphml")', "", 'data net = "net.graphml"\n  set W.g = net.g', known, places)


def generated(wiring: str, graph: Any) -> Case:
    """A graph of a generator: its synapses are sorted by the cell they go to, then by the one they come from."""
    every = sorted((b, a) for a, b in graph.to_directed().edges())
    place = {(a, b): number for number, (b, a) in enumerate(every)}
    places: dict[tuple[int, bool], int] = {}
    for number, (a, b, edge) in enumerate(graph.edges(data=True)):
        edge.update(number=number)
        places[number, False], places[number, True] = place[a, b], place[b, a]
    return Case(wiring, "(g = 1[uS]*(1 + pre/10))", "", graph, places)


def case(name: str, folder: Path, seed: int) -> Case:
    match name:
        case "csv":
            return csv(folder, seed)
        case "graphml-directed":
            return graphml(folder, seed, nx.MultiDiGraph)
        case "graphml-undirected":
            return graphml(folder, seed, nx.MultiGraph)
        case "watts_strogatz":
            return generated(
                f"watts_strogatz(4, 0.3, seed = {seed})", nx.watts_strogatz_graph(CELLS, 4, 0.3, seed=seed)
            )
        case "erdos_renyi":
            graph = nx.fast_gnp_random_graph(CELLS, 0.06, seed=seed)
            assert nx.number_of_isolates(graph) > 0
            return generated(f"erdos_renyi(0.06, seed = {seed})", graph)
        case _:
            return generated(f"barabasi_albert(2, seed = {seed})", nx.barabasi_albert_graph(CELLS, 2, seed=seed))


def readout(folder: Path, seed: int) -> list[tuple[int, int]]:
    """A bipartite multigraph in a file; one reader is joined to nothing."""
    drawn = random.Random(100 + seed)
    rows = [(drawn.randrange(CELLS), drawn.randrange(READERS - 1)) for _ in range(40)]
    (folder / "readout.csv").write_text("source,target\n" + "".join(f"{a},{b}\n" for a, b in rows), "utf-8")
    return rows


# --- the compiled rates


def compiled_rates(solver: mc.Solver, y: Floats) -> dict[str, Floats]:
    """The rates of all states as the machine code computes them."""
    program, rates, scratch = solver.program, np.zeros(len(y)), np.zeros(int(solver.program.z[3]))
    program.functions["sweep"](0, 0.0, 0.0, np.zeros(1), 0, y, rates, program.p, program.z, scratch)
    return {name: rates[names.initial(program, name).places] for name in names.initial_names(program)}


def state(solver: mc.Solver) -> Floats:
    """The initial state as the array of all unknowns."""
    y = np.zeros(solver.program.unknowns)
    for name, values in solver.initial.items():
        names.initial(solver.program, name).put(y, values)
    return y


# --- the same by hand: a current, and a rate as a sum of terms, whose magnitudes say what round-off may be

Law = tuple[float, tuple[float, ...]]


def sinh_rate(v: float, w: float, high: float, alpha: float) -> Law:
    return (1e-6 + (high - 1e-6) * w) * v, (alpha * math.sinh(v / 0.2) * 4 * w * (1 - w),)


def volatile(v: float, w: float) -> Law:
    return (1e-6 + 99e-6 * w) * v, (2e3 * math.cosh(v / 0.25) * (1 - w), -2e3 * (1 - w), -w / 1e-3)


def vteam(v: float, w: float) -> Law:
    window = 1 - (w - 1) ** 20 if v > 0.05 else 1 - w**20
    if abs(v) <= 0.05:
        return v / (2e3 + 8e3 * w), (0.0,)
    per_second = 1e3 if v > 0.05 else 100.0
    return v / (2e3 + 8e3 * w), tuple(sign * per_second * window for sign in towards(v))


def towards(v: float) -> tuple[float, ...]:
    """Beyond a threshold of 50 mV: linear in the overdrive and down for v > 0, its cube and up for v < 0."""
    over = abs(v) / 0.05
    return (-over, 1.0) if v > 0 else (over**3, -3 * over**2, 3 * over, -1.0)


@dataclass
class Sums:
    """Sums by name, and the sums of the magnitudes of their terms."""

    values: dict[str, Floats]
    sizes: dict[str, Floats]

    def add(self, name: str, place: int, *terms: float) -> None:
        for term in terms:
            self.values[name][place] += term
            self.sizes[name][place] += abs(term)


def loop_rates(one: Case, reads: list[tuple[int, int]], p: Mapping[str, Floats], x: Mapping[str, Floats]) -> Sums:
    """The rates of all states, edge by edge."""
    of = Sums(*({name: np.zeros(len(values)) for name, values in x.items()} for _ in range(2)))
    u, a, m = x["X.u"], x["Y.a"], x["Y.m"]
    r = [0.5 * math.tanh(each / 0.5) for each in u]
    s = [a_k / (1 + m_k * m_k) for a_k, m_k in zip(a, m, strict=True)]
    for pre, post, g, place in one.synapses():
        i_p, p_rate = sinh_rate(r[pre], x["W.P.w"][place], p["W.P.Gmax"][place], 1e3)
        i_q, q_rate = volatile(r[pre] - u[post], x["W.Q.w"][place])
        i_m, m_rate = vteam(r[post] - u[pre], x["W.M.w"][place])
        of.add("W.P.w", place, *p_rate)
        of.add("W.Q.w", place, *q_rate)
        of.add("W.M.w", place, *m_rate)
        of.add("X.u", post, i_p / 1e-9, -i_q / 1e-9, g * 1e-6 * u[pre] / 1e-9, -g * 1e-6 * u[post] / 1e-9)
        of.add("X.u", pre, 0.1 * i_m / 1e-9)
    for place, (pre, post) in enumerate(reads):
        i_p, p_rate = sinh_rate(u[pre] - s[post], x["V.P.w"][place], 100e-6, 3e3)
        of.add("V.P.w", place, *p_rate)
        of.add("Y.a", post, i_p * 1e4 / 20e-6)
        of.add("X.u", pre, -i_p / 1e-9)
    for k in range(CELLS):
        of.add("X.u", k, -u[k] / p["X.R"][k] / 1e-9)
    for k in range(READERS):
        of.add("Y.a", k, -a[k] / 20e-6)
        of.add("Y.m", k, a[k] / 10e-6, -m[k] / 10e-6)
    return of


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "name", ["csv", "graphml-directed", "graphml-undirected", "watts_strogatz", "erdos_renyi", "barabasi_albert"]
)
def test_rates_are_those_of_a_loop_over_the_edges(tmp_path: Path, name: str, seed: int) -> None:
    one, reads = case(name, tmp_path, seed), readout(tmp_path, seed)
    text = MODEL.format(
        cells=CELLS, readers=READERS, wiring=one.wiring, given=one.given, data=f"seed {seed}\n  {one.data}"
    )
    (tmp_path / "model.mem").write_text(text, "utf-8")
    solver = mc.compile(mc.load(tmp_path / "model.mem"))
    x = {key: np.asarray(values) for key, values in solver.initial.items()}
    expected = loop_rates(one, reads, solver.parameters, x)
    found = compiled_rates(solver, state(solver))
    assert sorted(found) == sorted(expected.values)
    assert len(x["W.P.w"]) == len(list(one.synapses()))
    for key, rates in found.items():
        assert np.all(np.abs(rates - expected.values[key]) <= 1e-13 * expected.sizes[key]), key
