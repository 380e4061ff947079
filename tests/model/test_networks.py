"""Cells and synapses in flat form: devices put in place, what is read, what adds up; and what is refused."""

import pytest

from mcompiler.model.model import Distribution
from tests.model.models import codes, model

CELL = """
cell Neuron {
  param R = 10[kohm]
  param tau = 1[ms]
  input j: A
  input bias: A = 0[A]
  state u: V = 0[V] scale 1[V]
  twice = 2*u
  output r: V = tanh(u/1[V])*1[V]
  tau*du/dt = -u + R*(j + bias)
  set fast { tau = 0.1[ms] }
}
"""
SYNAPSE = """
synapse Pair {
  param g = 2
  param Roff = 3[kohm]
  device P = HP(Roff = 2*Roff, w = 0.25)
  device Q = SinhRate
  P.v = pre.r
  Q.v = pre.r - post.u
  post.j += g*(P.i - Q.i)
}
"""
NETWORK = """
network Net {
  size N = 3
  cells X[N]: Neuron.fast(bias = 1[uA])
  synapses W: Pair(g = pre + 1) from X to X where pre != post
}
"""


def test_devices_are_put_in_place_with_their_names_in_front() -> None:
    (projection,) = model(CELL + SYNAPSE + NETWORK).circuits["Net"].synapses
    synapse = projection.device
    names = [each.name for each in synapse.parameters]
    assert names[:2] == ["g", "Roff"]
    assert {"P.Ron", "P.Roff", "Q.Gmax", "Q.alpha"} < set(names)
    assert [each.name for each in synapse.states] == ["P.w", "Q.w"]
    defined = [each.name for each in synapse.definitions]
    assert {"P.v", "Q.v", "P.i", "Q.i", "P.R"} <= set(defined)
    assert defined.index("P.v") < defined.index("P.i")
    assert [(each.end, each.name) for each in synapse.reads] == [("post", "u"), ("pre", "r")]
    assert [(each.end, each.name) for each in synapse.contributions] == [("post", "j")]
    assert projection.rank == 2


def test_values_of_inner_devices_are_the_synapses_own_expressions() -> None:
    synapse = model(CELL + SYNAPSE + NETWORK).circuits["Net"].synapses[0].device
    values = {each.name: repr(each.default) for each in synapse.parameters}
    assert "'Roff'" in values["P.Roff"]
    initial = next(each.initial for each in synapse.states if each.name == "P.w")
    assert initial is not None
    assert not isinstance(initial, Distribution)
    assert initial.span.text == "0.25"


def test_a_population_has_its_set_and_knows_what_it_collects() -> None:
    (population,) = model(CELL + SYNAPSE + NETWORK).circuits["Net"].cells
    assert population.collects == ("j",)
    assert set(population.preset) == {"tau"}
    assert set(population.values) == {"bias"}
    assert population.device.outputs == ("r",)


def test_a_device_is_replaced_where_the_synapses_are_used() -> None:
    text = CELL + SYNAPSE + NETWORK.replace("Pair(g = pre + 1)", "Pair(P = VTEAM.biolek2021, Q = SinhRate(w = 0.1))")
    synapse = model(text).circuits["Net"].synapses[0].device
    states = {each.name: each for each in synapse.states}
    assert "P.v_on" in {each.name for each in synapse.parameters}
    assert getattr(states["Q.w"].initial, "value", None) == 0.1


def test_one_synapse_between_different_cells_has_the_units_of_each() -> None:
    other = """
cell Rate {
  input j: A
  state u: V = 0[V] scale 1[V]
  output r: V = 2*u
  1[ms]*du/dt = -u + 1[kohm]*j
}
"""
    text = (
        CELL
        + other
        + SYNAPSE
        + NETWORK.replace("  synapses W", "  cells Y: Rate\n  synapses V: Pair from X to Y\n  synapses W")
    )
    assert [each.rank for each in model(text).circuits["Net"].synapses] == [1, 2]
    assert codes(
        text.replace(
            "state u: V = 0[V] scale 1[V]\n  output r: V = 2*u\n  1[ms]*du/dt = -u + 1[kohm]*j",
            "state u = 0 scale 1\n  output r: V = u*1[V]\n  1[ms]*du/dt = -u + j/1[A]",
        )
    ) == ["unit-mismatch"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("pre.r\n  Q", "pre.x\n  Q", "unknown-name"),
        ("pre.r\n  Q", "pre.j\n  Q", "not-readable"),
        ("pre.r\n  Q", "pre.R\n  Q", "not-readable"),
        ("pre.r\n  Q", "pre.twice\n  Q", "not-readable"),
        ("pre.r\n  Q", "prae.r\n  Q", "unknown-name"),
        ("post.j +=", "post.k +=", "unknown-name"),
        ("post.j +=", "post.r +=", "unknown-name"),
        ("post.j += g*(P.i - Q.i)", "post.j += g*P.v", "unit-mismatch"),
        ("post.j +=", "post.j =", "wrong-place"),
        ("P.v = pre.r", "P.i = 1[A]", "wrong-place"),
        ("  P.v = pre.r\n", "", "missing-equation"),
        ("  post.j += g*(P.i - Q.i)\n", "", "missing-equation"),
        ("P.v = pre.r", "P.v = P.i*1[ohm]", "circular-definition"),
        ("device P = HP(Roff = 2*Roff, w = 0.25)", "device P = HQ", "unknown-device"),
        ("device P = HP(Roff = 2*Roff, w = 0.25)", "device P = HP(Rof = 2)", "unknown-argument"),
        ("device P = HP(Roff = 2*Roff, w = 0.25)", "device P = Capacitor", "unsupported"),
        ("device Q =", "device pre = HP\n  device Q =", "reserved-word"),
        ("device Q =", "device g = HP\n  device Q =", "duplicate-name"),
        ("Neuron.fast", "Neuron.slow", "unknown-set"),
        ("Neuron.fast", "Neurom", "unknown-cell"),
        ("Pair(g", "Pear(g", "unknown-synapse"),
        ("g = pre + 1", "h = 1", "unknown-argument"),
        ("g = pre + 1", "g = 1[V]", "unit-mismatch"),
        ("from X to X", "from X to Y", "unknown-cells"),
        ("from X to X", "from N to X", "unknown-cells"),
        ("bias = 1[uA]", "j = 1[uA]", "input-collects"),
        ("where pre != post", "where pre", "not-a-condition"),
        ("where pre != post", "where pre < k", "unknown-name"),
        ("where pre != post", "by rings(2)", "unknown-wiring"),
        ("where pre != post", "by ring", "argument-count"),
        ("where pre != post", "by ring(1, 2)", "argument-count"),
        ("where pre != post", "by ring(n = 2)", "argument-count"),
        ("where pre != post", 'by graph("nothing.csv")', "file-not-found"),
        ("where pre != post", "by graph(3)", "wrong-place"),
        ("output r: V = tanh(u/1[V])*1[V]", "output r: V = u + R*j", "algebraic-loop"),
        ("output r: V = tanh(u/1[V])*1[V]", "output r: V", "missing-equation"),
        ("output r: V = tanh(u/1[V])*1[V]", "output r: V = u/1[V]", "unit-mismatch"),
        ("output r: V = tanh(u/1[V])*1[V]", "output r: V in [0, 1] = u", "wrong-place"),
        ("cells X[N]", "cells X[0]", "size-zero"),
        ("  cells X[N]", "  node a\n  cells X[N]", "wrong-place"),
        ("tau*du/dt", "post.j += 1[A]\n  tau*du/dt", "wrong-place"),
    ],
)  # fmt: skip
def test_what_is_wrong_has_a_name(old: str, new: str, code: str) -> None:
    text = CELL + SYNAPSE + NETWORK
    assert old in text
    found = codes(text.replace(old, new, 1))
    assert code in found
    assert len(found) <= 2


def test_a_synapse_that_nothing_uses_is_checked_as_far_as_that_goes() -> None:
    assert codes(CELL + SYNAPSE) == ["empty-model"] or codes(CELL + SYNAPSE) == []
    assert "unknown-device" in codes(CELL + SYNAPSE.replace("= SinhRate", "= Sinhrat"))
