"""Networks: index arrays and values against loops over members, written independently."""

from pathlib import Path

import numpy as np
import pytest

from mcompiler.diagnostics import CompileError
from mcompiler.dsl import parse, read_source, syntax
from mcompiler.model.evaluate import evaluate
from mcompiler.model.expression import name_set
from mcompiler.model.library import library_devices
from mcompiler.model.resolve import resolve
from mcompiler.network.elaborate import elaborate
from mcompiler.network.network import EdgeClass, Group, Network, VertexClass, global_name, locate, node_quantity
from mcompiler.source import Source
from mcompiler.units import VOLTAGE
from tests.network.front import ROOT, codes, network

CROSSBAR = """
circuit X {
  size M = 3
  size N = M + 1
  param A = 2[V]
  param B = A/2 + 1[V]
  param w0 = 0.25
  node row[M, N], col[N]
  feed[i in M]: DCSource(row[i, 0], ground, V0 = 1[V]*(i + 1))
  low: DCSource(ground, col[0], V0 = 5[V])
  wire[i in M, j in 1..N-1]: Resistor(row[i, j-1], row[i, j], R = 10[ohm]*i + 1[ohm]*j + 3[ohm])
  cr[i in M, j in 1..N-1]: Capacitor(row[i, j], ground, C = 1[pF])
  cc[j in 1..N-1]: Capacitor(ground, col[j], C = 2[pF])
  cell[i in M, j in N]: VTEAM.biolek2021(row[i, j], col[j], Ron = B/1[mA], Roff = 1[kohm]*(i + N*j + 20), w = w0)
}
experiment e on X {
  run to 1[s]
}
"""


def edge(found: Network, name: str) -> EdgeClass:
    return next(each for each in found.edges if each.name == name)


def vertex(found: Network, name: str) -> VertexClass:
    return next(each for each in found.vertices if each.name == name)


def group(found: Network, name: str) -> Group:
    owner = found.elements[name].parts[0].owner
    result = found.group(owner)
    assert result is not None
    return result


def at(found: Network, name: str, *indices: int) -> tuple[str, int]:
    place = found.nodes.get(name) or found.elements[name]
    located = locate(place, indices)
    assert located is not None
    return located


def test_every_end_is_where_the_text_says() -> None:
    found = network(CROSSBAR)
    seen = 0
    for i in range(3):
        for j in range(4):
            owner, member = at(found, "cell", i, j)
            ends = {end.terminal: (end.vertices, int(end.members[member])) for end in edge(found, owner).ends}
            assert ends == {0: at(found, "row", i, j), 1: at(found, "col", j)}
            seen += 1
            if j > 0:
                owner, member = at(found, "wire", i, j)
                ends = {end.terminal: (end.vertices, int(end.members[member])) for end in edge(found, owner).ends}
                assert ends == {0: at(found, "row", i, j - 1), 1: at(found, "row", i, j)}
    assert seen == sum(each.group.size for each in found.edges if "cell" in each.group.elements)


def test_ends_at_ground_are_left_out() -> None:
    found = network(CROSSBAR)
    for name, terminal in (("cr", 0), ("cc", 1)):
        for part in found.elements[name].parts:
            assert [end.terminal for end in edge(found, part.owner).ends] == [terminal]


def test_driven_and_free_nodes() -> None:
    found = network(CROSSBAR)
    driven = [each for each in found.vertices if each.kind == "driven"]
    assert {(each.group.elements if each.group else (), each.sign) for each in driven} == {
        (("feed",), 1),
        (("low",), -1),
    }
    owner, _ = at(found, "col", 0)
    assert node_quantity(found, owner) == "node v"
    owner, _ = at(found, "col", 1)
    assert owner == "nodes"
    assert node_quantity(found, owner) == "v"
    assert len(vertex(found, "nodes").nodes) == 3 * 3 + 3
    assert found.sizes()["nodes"] == 12


def test_values_of_members() -> None:
    found = network(CROSSBAR)
    for i in range(3):
        owner, member = at(found, "feed", i)
        own = found.group(owner)
        assert own is not None
        assert own.values["V0"][member] == float(i + 1)
        for j in range(4):
            owner, member = at(found, "cell", i, j)
            own = found.group(owner)
            assert own is not None
            assert own.values["Roff"][member] == 1000.0 * (i + 4 * j + 20)
            assert own.values["k"].shape == ()
            assert own.values["k"] == 10.0  # of the parameter set
            if j:
                owner, member = at(found, "wire", i, j)
                own = found.group(owner)
                assert own is not None
                assert own.values["R"][member] == 10.0 * i + j + 3


def test_what_depends_on_parameters_of_the_circuit_stays_an_expression() -> None:
    """So that a run with other values of A or w0 needs nothing but numbers."""
    found = network(CROSSBAR)
    assert {each.name: each.value for each in found.parameters} == {"A": 2.0, "w0": 0.25}
    assert float(evaluate(found.derived["B"], {"A": np.asarray(2.0)})) == 2.0
    assert float(evaluate(found.derived["N"], {})) == 4.0
    own = group(found, "cell")
    assert name_set(own.given["Ron"]) == {global_name("A")}
    assert float(evaluate(own.given["Ron"], {global_name("A"): np.asarray(4.0)})) == 3000.0
    start = own.device.states[0].initial
    assert start is not None
    assert name_set(start) == {global_name("w0")}  # type: ignore[arg-type]
    assert own.initials == {}


def test_assignments_of_an_experiment() -> None:
    text = CROSSBAR.replace(
        "  run to 1[s]",
        "  set M = 2\n  set A = 4[V]\n  set B = 7[V]\n  set cell.Roff = B/1[mA]\n  initial cell.w = 0.75\n  set cell.k = 3\n"
        "  initial col.v = 0.5[V]\n  run to 1[s]",
    )
    found = network(text)
    assert found.elements["cell"].shape == (2, 3)
    assert {each.name: each.value for each in found.parameters} == {"A": 4.0, "B": 7.0, "w0": 0.25}
    own = group(found, "cell")
    assert set(own.given) == {"Ron", "Roff"}
    assert own.values["k"] == 3.0
    assert own.initials["w"].tolist() == [0.75] * own.size
    nodes = vertex(found, "nodes")
    owner, member = at(found, "col", 1)
    assert owner == "nodes"
    assert nodes.initials[member] == 0.5
    owner, member = at(found, "row", 0, 1)
    assert nodes.initials[member] == 0.0


def test_an_initial_voltage_that_follows_from_a_parameter() -> None:
    text = """
circuit C {
  param V0 = 3[V]
  node a, b
  Ca: Capacitor(a, ground)
  Cb: Capacitor(b, ground)
  R: Resistor(a, b)
}
experiment e on C {
  initial b.v = 2*V0
  run to 1[s]
}
"""
    found = network(text)
    owner, _ = at(found, "b")
    start = vertex(found, owner).start
    assert start is not None
    assert start.dimension == VOLTAGE
    assert name_set(start) == {global_name("V0")}
    assert np.isnan(vertex(found, owner).initials).all()
    assert at(found, "a") == ("nodes", 0)


DEVICE = """
device D(p, n) {
  param a = 1[mS]
  param b = 2*a
  param c ~ normal(b, 10%)
  input u: V = 1[V]*sin(b*t*1[1/s]/1[S])
  state x in [0, 1] = a/1[S]
  i = (a + b + c)*(v - u)
  dx/dt = 1[1/s]
  set half { a = 0.5[mS], x = b/1[S]/10 }
  set odd { b = a/3 }
}
circuit C {
  size K = 5
  param g = 1[mS]
  node p
  S: DCSource(p, ground)
  plain: D(p, ground)
  half[k in K]: D.half(p, ground)
  odd: D.odd(p, ground, a = 3[mS])
  own[k in K]: D(p, ground, a = g*(k + 1), x = 0.1*k)
  timed: D(p, ground, u = 2[V]*cos(t/1[s]))
}
"""


def test_values_of_a_device_in_terms_of_its_own() -> None:
    found = network(DEVICE)
    plain, half, odd, own, timed = (group(found, name) for name in ("plain", "half", "odd", "own", "timed"))
    # b follows from a in the template, so that a run may change a
    assert all("b" in each.given for each in (plain, half, odd, own, timed))
    assert plain.values["a"].tolist() == [1e-3] or float(plain.values["a"]) == 1e-3
    assert "a" in own.given
    assert own.values["index k"].tolist() == [0, 1, 2, 3, 4]
    assert own.initials["x"].tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert "x" not in plain.initials
    # of the set: x in terms of b
    assert half.device.states[0].initial != plain.device.states[0].initial
    # c is drawn about twice a, whatever a is
    assert 0.5 < float(own.values["c"][4]) / (2 * 5e-3) < 1.5
    assert 0.5 < float(odd.values["c"].reshape(-1)[0]) / 1e-3 < 1.5
    assert "u" in timed.given
    assert name_set(timed.given["u"]) == {"t"}


def test_equal_elements_share_a_class() -> None:
    text = """
circuit C {
  param A = 1[ohm]
  node a, b
  S: DCSource(a, ground)
  K: Capacitor(b, ground)
  R1: Resistor(a, b, R = 1[ohm])
  R2: Resistor(a, b, R = 2[ohm])
  R3: Resistor(b, a, R = 3[ohm])
  R4: Resistor(a, b, R = A)
  R5: Resistor(a, b, R = A)
  R6: Resistor(a, b, R = 2*A)
}
"""
    found = network(text)
    members = {each.group.elements for each in found.edges}
    assert members == {("K",), ("R1", "R2"), ("R3",), ("R4", "R5"), ("R6",)}
    assert group(found, "R1").values["R"].tolist() == [1.0, 2.0]
    assert group(found, "R1").name == "Resistor"
    names = [each.name for each in found.vertices] + [each.name for each in found.edges]
    assert len(names) == len(set(names))


def test_an_element_called_nodes() -> None:
    text = "circuit C {\n  node a, b\n  nodes: DCSource(a, ground)\n  K: Capacitor(b, ground)\n  R: Resistor(a, b)\n}\n"
    names = [each.name for each in network(text).vertices]
    assert len(set(names)) == 2


# --- data


def test_arrays_of_data_become_values_of_members(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "start.npz",
        w=np.arange(12).reshape(3, 4) / 20,
        R=np.float64(0.7),
        many=np.zeros((5, 3, 4)),
        one=np.array([3.0]),
    )
    base = CROSSBAR.replace("  run to 1[s]", '  data start = "start.npz"\nHERE\n  run to 1[s]')
    found = network(
        base.replace(
            "HERE", "  initial cell.w = start.w + 0.1\n  set cell.D = start.R*1[nm]\n  set A = start.one*1[V]"
        ),
        folder=tmp_path,
    )
    for i in range(3):
        for j in range(4):
            owner, member = at(found, "cell", i, j)
            own = found.group(owner)
            assert own is not None
            assert own.initials["w"][member] == pytest.approx((4 * i + j) / 20 + 0.1)
            assert own.values["D"] == 0.7e-9
    assert {each.name: each.value for each in found.parameters}["A"] == 3.0
    found = network(base.replace("HERE", "  set cell.D = start.w*A/1[V]*1[nm] + 1[nm]"), folder=tmp_path)
    own = group(found, "cell")
    assert name_set(own.given["D"]) == {"data start.w", global_name("A")}
    assert codes(base.replace("HERE", "  initial cell.w = start.many"), tmp_path) == ["data-shape"]
    assert codes(base.replace("HERE", "  initial feed.V0 = 1[V]"), tmp_path) == ["unknown-argument"]
    assert codes(base.replace("HERE", "  set feed.V0 = start.w*1[V]"), tmp_path) == ["data-shape"]
    assert codes(base.replace("HERE", "  set A = start.w*1[V]"), tmp_path) == ["data-shape"]
    assert codes(base.replace("HERE", "  initial col.v = start.w*1[V]"), tmp_path) == ["data-shape"]
    assert codes(base.replace("HERE", "  initial cell.w = start.w*10"), tmp_path) == ["initial-out-of-bounds"]
    assert codes(base.replace("HERE", "  initial row.v = start.w*1[V]"), tmp_path) == []
    assert codes(base.replace("HERE", "  initial row.v = start.w*A"), tmp_path) == ["unsupported"]


# --- what is wrong with values


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("set M = 1.5", "bad-size"),
        ("set M = 0", "size-zero"),
        ("set w0 = 2", "initial-out-of-bounds"),
        ("set w0 ~ uniform(1, 2)", "initial-out-of-bounds"),
        ("set A = 0[V]/0", "not-a-value"),
        ("set A = inf", None),
        ("set A = B", "circular-definition"),
        ("initial low.v = 1[V]", "unknown-argument"),
        ("initial row.v = 1[V]", None),
        ("set cell.Ron ~ lognormal(1[kohm], 20%)", None),
        ("save cell[3, 0].w", "index-out-of-range"),
        ("save cell[2, 3].w", None),
    ],
)
def test_values_are_checked_with_their_numbers(change: str, code: str | None) -> None:
    found = codes(CROSSBAR.replace("  run to 1[s]", f"  {change}\n  run to 1[s]"))
    assert found == ([code] if code else [])


def test_a_chain_of_parameters_may_be_long_but_not_endless() -> None:
    chain = "\n".join(f"  param q{k} = {f'2*q{k - 1}' if k else '1[V]'}" for k in range(80))
    text = f"circuit C {{\n  node a\n{chain}\n  S: DCSource(a, ground, V0 = q79)\n}}\n"
    found = network(text)
    own = group(found, "S")
    assert float(evaluate(own.given["V0"], {global_name("q0"): np.asarray(1.0)})) == 2.0**79
    more = "\n".join(f"  param r{k} = 2*{f'r{k - 1}' if k else 'q79'}" for k in range(80))
    assert codes(text.replace(chain, f"{chain}\n{more}")) == ["too-deep"]


# --- the library and the examples


@pytest.mark.parametrize("name", sorted(library_devices()))
def test_every_device_of_the_library_elaborates(name: str) -> None:
    found = resolve(parse_text(f"circuit C {{\n  node a\n  X: {name}(a, ground)\n}}\n"))
    device = found.devices[name]
    for set_name in ("", *(f".{each}" for each in device.sets)):
        source = (
            ""
            if device.law is not None and device.law.kind in ("source", "capacitance")
            else "  S: DCSource(a, ground)\n"
        )
        text = f"circuit C {{\n  node a\n{source}  X[k in 3]: {name}{set_name}({'b[k]' if not source else 'a'}, ground)\n}}\n"
        if not source:
            text = text.replace("node a\n", "node b[3]\n")
        own = group(network(text), "X")
        assert own.size == 3
        assert own.elements == ("X",)


def parse_text(text: str) -> syntax.Module:

    return parse(Source("model.mem", text))


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*/*.mem")), ids=lambda path: path.stem)
def test_every_example_elaborates(path: Path) -> None:
    model = resolve(parse(read_source(path)))
    assert model.experiments
    for experiment in model.experiments.values():
        assert elaborate(model, experiment).sizes()


def test_a_model_without_experiments() -> None:
    model = resolve(parse_text(CROSSBAR.partition("experiment")[0]))
    assert elaborate(model).name == "X"
    assert elaborate(model, circuit=model.circuits["X"]).sizes() == elaborate(model).sizes()


def test_all_problems_of_values_are_told() -> None:
    text = """
circuit C {
  node a
  S: DCSource(a, ground)
  M: HP(a, ground)
}
experiment e on C {
  data d = "nothing.csv"
  initial M.w = d.w
  run to 1[s]
}
"""
    with pytest.raises(CompileError) as caught:
        network(text)
    assert [each.code for each in caught.value.diagnostics] == ["file-not-found"]
