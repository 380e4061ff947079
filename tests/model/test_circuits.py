"""Circuits and elements: what may be said, and what is told of the rest."""

import pytest

from mcompiler.model.evaluate import constant
from mcompiler.model.model import Distribution
from mcompiler.units import DIMENSIONLESS, VOLTAGE
from tests.model.models import codes, model

SOURCE = "  S: DCSource(a, ground)\n"


def circuit(body: str) -> str:
    return f"circuit C {{\n{body}\n}}\n"


def test_a_crossbar() -> None:
    found = model(
        circuit("""
  size M = 3
  size N = M + 1
  param A = 1[V]
  input drive: V = A*sin(t/1[s])
  node row[M], col[N]
  feed[i in M]: VoltageSource(row[i], ground, V = drive*(i + 1))
  sense[j in N]: DCSource(col[j], ground, V0 = 0[V])
  inner[i in 1..M-1, j in 0..N-2]: VTEAM.biolek2021(row[i], col[j + 1], Ron ~ lognormal(2[kohm], 10%), w = 0.1*i)
""")
    ).circuits["C"]
    assert [each.name for each in found.sizes] == ["M", "N"]
    assert {each.name: each.dimension for each in found.parameters} == {"A": VOLTAGE}
    assert {each.name: each.dimension for each in found.inputs} == {"drive": VOLTAGE}
    inner = found.elements[2]
    assert [each.name for each in inner.indices] == ["i", "j"]
    assert isinstance(inner.values["Ron"], Distribution)
    assert set(inner.values) == {"Ron", "w"}
    assert constant(inner.preset["Roff"]) == 10_000.0  # type: ignore[arg-type]
    assert [each.node for each in inner.terminals] == ["row", "col"]
    assert all(each.dimension == DIMENSIONLESS for terminal in inner.terminals for each in terminal.indices)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("  node a, a\n" + SOURCE, ["duplicate-name"]),
        ("  node ground\n  node a\n" + SOURCE, ["reserved-word"]),
        ("  node a\n  param a = 1\n" + SOURCE, ["duplicate-name"]),
        ("  node a\n  param S = 1\n" + SOURCE, ["duplicate-name"]),
        ("  node a\n  S[k in 2, k in 3]: DCSource(a, ground)", ["duplicate-name"]),
        ("  size N = 2\n  node a\n  S[N in 3]: DCSource(a, ground)", ["duplicate-name"]),
        ("  node a\n  S[pi in 3]: DCSource(a, ground)", ["reserved-word"]),
        ("  node a[2]\n" + SOURCE, ["index-count"]),
        ("  node a\n  S: DCSource(a[0], ground)", ["index-count"]),
        ("  node a\n  S: DCSource(a, ground[0])", ["unknown-node"]),
        ("  node a\n  S: DCSource(2*a, ground)", ["unknown-node"]),
        ("  node a\n  S: DCSource(S, ground)", ["unknown-node"]),
        ("  node a[N]\n  S: DCSource(a[0], ground)", ["unknown-name"]),
        ("  node a[2]\n  S: DCSource(a[k], ground)", ["unknown-name"]),
        ("  param V = 1[V]\n  node a[V]\n  S: DCSource(a[0], ground)", ["unit-mismatch"]),
        ("  size N = t/1[s]\n  node a\n" + SOURCE, ["time-in-parameter"]),
        ("  node a\n  S: DCSource(a, ground, V0 = t*1[V/s])", ["time-in-parameter"]),
        ("  input u: V = 1[V]\n  node a\n  S: DCSource(a, ground, V0 = u)", ["not-constant"]),
        ("  node a\n  S: DCSource(a, ground, V0 = a)", ["not-constant"]),
        ("  node a\n  S: VoltageSource(a, ground, V ~ normal(1[V], 5%))", ["wrong-place"]),
        ("  node a\n  S: DCSource(a, ground, 3)", ["terminal-count"]),
        ("  node a\n  S: DCSource()", ["unconnected-terminal"]),
        ("  node a\n  S: Nothing(a, ground)", ["unknown-device"]),
        ("  node a\n  S: HP.nothing(a, ground)", ["unknown-set"]),
        ("  node a\n  S: C(a, ground)", ["unsupported"]),
        ('  node a\n  S[e in graph("w.csv")]: DCSource(a, ground)', ["unsupported"]),
        ("  param x[3] = 1\n  node a\n" + SOURCE, ["unsupported"]),
        ("  state x = 1\n  node a\n" + SOURCE, ["wrong-place"]),
        ("  node a\n" + SOURCE + "  when t > 1[s] { x := 0 }", ["wrong-place"]),
        ("  node a[" + ", ".join("1" * 9) + "]\n  S: DCSource(a[" + ", ".join("0" * 9) + "], ground)", ["too-large"]),
        ("  node a\n  S[" + ", ".join(f"k{n} in 1" for n in range(9)) + "]: DCSource(a, ground)", ["too-large"]),
        ("  input u: V ~ normal(1[V], 5%)\n  node a\n" + SOURCE, ["wrong-place"]),
        ("  size N = 0\n  node a\n" + SOURCE, ["size-zero"]),
        ("  node a[-1]\n  S: DCSource(a[0], ground)", ["bad-size"]),
    ],
)
def test_what_a_circuit_may_not_say(body: str, expected: list[str]) -> None:
    assert codes(circuit(body)) == expected


def test_what_uses_a_wrong_device_is_not_told_of() -> None:
    text = """
device D(p, n) {
  param Ron = missing
  state w in [0, 1] = 0.1
  G = w/Ron
  i = G*v
  dw/dt = v
}
circuit C {
  param A = also_missing
  node a
  S: DCSource(a, ground, V0 = A)
  M: D(a, ground, Ron = 100[ohm], w = 0.2, Q = 3)
}
experiment e on C {
  set A = 2[V]
  set M.Ron = 1[kohm]
  initial M.w = 0.3
  run to A/1[V/s]
  save M.G, M.w, S.i
}
"""
    assert codes(text) == ["unknown-name", "unit-mismatch", "unknown-name"]


def test_a_library_device_calls_the_functions_of_the_library() -> None:
    text = """
function joglekar(x, p) = 1[V]
circuit C {
  node a
  S: DCSource(a, ground)
  M: HPJoglekar(a, ground)
}
"""
    assert codes(text) == []


def test_own_devices_come_before_those_of_the_library() -> None:
    found = model("device HP(p, n) { i = v/1[ohm] }\n" + circuit("  node a\n" + SOURCE + "  M: HP(a, ground)"))
    assert found.circuits["C"].elements[1].device.states == ()
