"""Experiments: assignments, runs, signals, losses, methods."""

import pytest

from mcompiler.model.experiments import resolve_experiment
from mcompiler.model.expression import Number
from mcompiler.model.statements import METHODS
from tests.model.models import BENCH, codes, model

ARRAY = """
circuit Array {
  size N = 4
  param A = 1[V]
  input drive: V = A*sin(t/1[s])
  node a[N]
  S[k in N]: VoltageSource(a[k], ground, V = drive)
  M[k in N]: HP(a[k], ground)
}
"""


def experiment(body: str, *, kind: str = "experiment", circuit: str = "Bench") -> str:
    return f"{ARRAY if circuit == 'Array' else BENCH}\n{kind} e on {circuit} {{\n{body}\n}}\n"


def test_all_that_an_experiment_says() -> None:
    text = experiment("""
  seed 7
  set A = 2[V]
  set M.Ron = 2*60[ohm]
  initial M.w ~ uniform(0.1, 0.2)
  input S.V = A*sin(t/1[s])
  run to 2[s]
  save every 1[ms]: M.v, top.v
  save M.w
  plot M.i against M.v
  plot M.w against t
  method dop853(rtol = 1e-9, max_step = 1[ms])
""")
    found = model(text).experiments["e"]
    assert [each.path for each in found.assignments] == ["A", "M.Ron", "M.w", "S.V"]
    assert [each.kind for each in found.assignments] == ["set", "set", "initial", "input"]
    assert (found.seed, found.method, found.options) == (7, "dop853", {"rtol": 1e-9, "max_step": 1e-3})
    assert [[each.name for each in save.signals] for save in found.saves] == [["M.v", "top.v"], ["M.w"]]
    assert isinstance(found.saves[0].every, Number)
    assert found.saves[1].every is None
    assert found.plots[0].against is not None
    assert found.plots[1].against is None


def test_indices_of_signals_use_the_sizes_of_the_experiment() -> None:
    found = model(experiment("set N = 8\nrun to 1[s]\nsave M[N-1].w, M.w, a[2*2].v", circuit="Array"))
    assert [each.name for each in found.experiments["e"].saves[0].signals] == ["M[7].w", "M.w", "a[4].v"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("run to 1[V]", ["unit-mismatch"]),
        ("run to inf", ["empty-run"]),
        ("run to t", ["time-in-parameter"]),
        ("run to A/1[V/s]", []),
        ("run until steady within 1[ms]", []),
        ("run until steady within A/1[V/s]", []),
        ("run until steady within t", ["time-in-parameter"]),
        ("run until steady within 1[V]", ["unit-mismatch"]),
        ("run until steady within inf", ["empty-run"]),
        ("run until steady within 1[ms]\nrun to 1[s]", ["duplicate-run"]),
        ("run until steady within 1[ms]\nmethod rk4(step = 1[us], steady_tol = 1e-3)", []),
        ("run until steady within 1[ms]\nmethod tsit5(steady_tol = 1[V])", ["unit-mismatch"]),
        ("run until steady within 1[ms]\nmethod tsit5(steady_tol = 0)", ["bad-option"]),
        ("run to 1[s]\nseed -1", ["bad-seed"]),
        ("run to 1[s]\nseed 1\nseed 2", ["duplicate-name"]),
        ("run to 1[s]\nmethod rk4(step = 1[ms])\nmethod rk4(step = 1[ms])", ["duplicate-name"]),
        ("run to 1[s]\nmethod rk4(rtol = 1e-3)", ["unknown-argument"]),
        ("run to 1[s]\nmethod tsit5(rtol = 1[s])", ["unit-mismatch"]),
        ("run to 1[s]\nmethod tsit5(rtol = 1e-3, rtol = 1e-4)", ["duplicate-name"]),
        ("run to 1[s]\nmethod tsit5(1e-3)", ["unknown-argument"]),
        ("run to 1[s]\nset M.w = 0.3", ["unknown-argument"]),
        ("run to 1[s]\ninitial M.Ron = 3[ohm]", ["unknown-argument"]),
        ("run to 1[s]\ninitial w = 0.3", ["unknown-argument"]),
        ("run to 1[s]\nset M.Ron = 3[V]", ["unit-mismatch"]),
        ("run to 1[s]\ninitial M.w = 3", ["initial-out-of-bounds"]),
        ("run to 1[s]\nset M[0].Ron = 3[ohm]", ["unsupported"]),
        ("run to 1[s]\nset A = t*1[V/s]", ["time-in-parameter"]),
        ("run to 1[s]\nset A = A*2", ["circular-definition"]),
        ("run to 1[s]\nset B = 2", ["unknown-argument"]),
        ("run to 1[s]\ninput A = 2[V]", ["unknown-argument"]),
        ("run to 1[s]\nset S.V = 2[V]", ["unknown-argument"]),
        ("run to 1[s]\ninput S.V ~ normal(1[V], 5%)", ["wrong-place"]),
        ("run to 1[s]\nsave 2*M.w", ["unknown-signal"]),
        ("run to 1[s]\nsave M.w[0]", ["index-count"]),
        ("run to 1[s]\nsave M[0].w", ["index-count"]),
        ("run to 1[s]\nsave maxima of M.w", ["unsupported"]),
        ("run to 1[s]\nsave every 1: M.w", ["unit-mismatch"]),
        ("run to 1[s]\nplot M.w as image(8, 8)", ["unsupported"]),
        ("run to 1[s]\nplot M.x against M.y", ["unknown-signal", "unknown-signal"]),
        ("run to 1[s]\nsweep A in linspace(1[V], 2[V], 3)", ["unsupported"]),
    ],
)
def test_what_an_experiment_may_say(body: str, expected: list[str]) -> None:
    assert codes(experiment(body)) == expected


def test_no_experiment_twice() -> None:
    assert codes(experiment("run to 1[s]") + "experiment e on Bench {\n  run to 2[s]\n}\n") == ["duplicate-name"]


def test_a_circuit_without_a_signal_of_a_capacitors_current() -> None:
    text = "circuit C {\n  node a\n  K: Capacitor(a, ground)\n  R: Resistor(a, ground)\n}\nexperiment e on C {\n  run to 1[s]\n  save K.i\n}\n"
    assert codes(text) == ["unknown-signal"]


# --- losses


@pytest.mark.parametrize(
    ("body", "kinds"),
    [
        ("loss = (M.w - 0.5)^2", ["end"]),
        ("loss at 1[s] = M.w^2\nloss at 2[s] = (top.v/A)^2", ["at", "at"]),
        ("loss over 0[s]..1[s] = (M.i/1[A])^2", ["over"]),
        ("loss over 0[s]..1[s] = M.w\nloss at 1[s] = M.w*1[s]", ["over", "at"]),
        ("loss over 0[s]..A/1[V/s] = sin(t/1[s])*M.w", ["over"]),
    ],
)
def test_losses(body: str, kinds: list[str]) -> None:
    found = model(experiment(body, kind="learning")).experiments["e"]
    assert [each.kind for each in found.losses] == kinds
    assert found.until is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("loss = 1", ["constant-loss"]),
        ("loss = M.w\nloss = M.i", ["unit-mismatch"]),
        ("loss over 0[s]..1[s] = M.w\nloss = M.w", ["unit-mismatch"]),
        ("loss over 1[s]..1[s] = M.w", ["empty-run"]),
        ("loss over -1[s]..1[s] = M.w", ["empty-run"]),
        ("loss at -1[s] = M.w", ["empty-run"]),
        ("loss at M.w*1[s] = M.w", ["data-without-times"]),
        ("loss at 1[V] = M.w", ["unit-mismatch"]),
        ("loss = M.x", ["unknown-signal"]),
        ("loss = M", ["not-constant"]),
        ("train epochs = 3", ["unsupported"]),
    ],
)
def test_losses_that_are_refused(body: str, expected: list[str]) -> None:
    found = codes(experiment(body, kind="learning"))
    assert found == expected or (expected == ["not-constant"] and found == ["unknown-name"])


def test_a_loss_takes_one_member() -> None:
    assert codes(experiment("loss = M.w", kind="learning", circuit="Array")) == ["index-count"]
    found = model(experiment("loss = M[N-1].w + M[0].w", kind="learning", circuit="Array")).experiments["e"].losses[0]
    assert sorted(found.signals) == ["M[0].w", "M[3].w"]


def test_methods_are_those_of_the_integrators() -> None:
    from mcompiler.integrators.methods import METHODS as INTEGRATORS

    assert set(METHODS) == {"auto", *INTEGRATORS}
    assert resolve_experiment.__doc__
