"""Values set from outside: read like the statements of an experiment, and told of in the text that was given."""

import pytest

from mcompiler.diagnostics import CompileError
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Expression
from mcompiler.model.model import Experiment, Model
from mcompiler.model.override import override
from mcompiler.units import RESISTANCE
from tests.model.models import model

TEXT = """
circuit C {
  size N = 4
  param A = 1[V]
  input drive: V = A*sin(t/1[s])
  node a[N], b
  S[k in N]: VoltageSource(a[k], ground, V = drive)
  M[k in N]: HP(a[k], b)
  K: Capacitor(b, ground)
}
experiment e on C {
  set A = 2[V]
  initial M.w = 0.3
  run to 1[s]
  save M[N-1].w
}
"""


@pytest.fixture(name="found")
def _model() -> Model:
    return model(TEXT)


def given(experiment: Experiment) -> dict[str, float | None]:
    return {
        f"{each.kind} {each.path}": constant(each.value) if isinstance(each.value, Expression) else None
        for each in experiment.assignments
    }


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("M.Ron=150[ohm]", {"set M.Ron": 150.0}),
        ("M.Ron=150ohm", {"set M.Ron": 150.0}),
        ("M.Ron = 1.5e-1kohm", {"set M.Ron": 150.0}),
        ("M.Ron=+150ohm", {"set M.Ron": 150.0}),
        ("M.mu=1e-14m^2/(V*s)", {"set M.mu": 1e-14}),
        ("M.Ron=2*pi*1[ohm]", {"set M.Ron": 2 * 3.141592653589793}),
        ("A=3V", {"set A": 3.0}),
        ("A=-3V", {"set A": -3.0}),
        ("N=128", {"set N": 128.0}),
        ("N=1e2", {"set N": 100.0}),
        ("M.w=5e-1", {"initial M.w": 0.5}),
        ("M.Ron=1.5E2ohm", {"set M.Ron": 150.0}),
        ("M.w=20%", {"initial M.w": 0.2}),
        ("b.v=1mV", {"initial b.v": 1e-3}),
        ("drive=0.5V", {"input drive": 0.5}),
        ("S.V=drive/2", {"input S.V": None}),
        ("S.V=1[V]*sin(t/1[s])", {"input S.V": None}),
    ],
)
def test_a_value_from_outside(found: Model, setting: str, expected: dict[str, float]) -> None:
    if setting == "S.V=drive/2":  # an experiment does not know the circuit's inputs
        with pytest.raises(CompileError):
            override(found, found.experiments["e"], [setting])
        return
    own = given(override(found, found.experiments["e"], [setting]))
    (name, value) = next(iter(expected.items()))
    assert own[name] == (pytest.approx(value, rel=1e-15) if value is not None else None)
    kept = {"set A": 2.0, "initial M.w": 0.3}
    assert {each: number for each, number in own.items() if each != name} == {
        each: number for each, number in kept.items() if each != name
    }


def test_later_values_win_and_signals_follow_sizes(found: Model) -> None:
    changed = override(found, found.experiments["e"], ["N=8", "A=1V", "A=5V"])
    assert given(changed)["set A"] == 5.0
    assert changed.saves[0].signals[0].name == "M[7].w"
    assert changed.until == found.experiments["e"].until
    assert changed.assignments[-1].value.dimension == found.circuits["C"].parameters[0].dimension


def test_an_experiment_without_a_text(found: Model) -> None:
    circuit = found.circuits["C"]
    changed = override(found, Experiment("C", circuit, circuit.span), ["M.Ron=1kohm"])
    assert given(changed) == {"set M.Ron": 1000.0}
    assert changed.assignments[0].value.dimension == RESISTANCE
    assert changed.until is None


@pytest.mark.parametrize(
    ("setting", "code"),
    [
        ("M.Ron=150[V]", "unit-mismatch"),
        ("M.Ron=150V", "unit-mismatch"),
        ("M.Ron=150", "unit-mismatch"),
        ("M.Ron=150qq", "unknown-unit"),
        ("M.Rom=150[ohm]", "unknown-argument"),
        ("X.Ron=150[ohm]", "unknown-signal"),
        ("M.w=2", "initial-out-of-bounds"),
        ("N=0", "size-zero"),
        ("N=2.5", "bad-size"),
        ("B=1", "unknown-argument"),
        ("A=B", "unknown-name"),
        ("A=t*1[V/s]", "time-in-parameter"),
        ("A=A", "circular-definition"),
        ("A", "bad-setting"),
        ("", "bad-setting"),
        ("=3", "bad-setting"),
        ("A=", "bad-setting"),
        ("A=1[V]\nset N = 3", "bad-setting"),
        ("A=1[V]; run to 2[s]", "bad-setting"),
        ("A=1[V] }", "unexpected-closing"),
        ("A=1[V] } circuit X { node a", "missing-line-end"),
        ("A=" + "1" * 2000, "bad-setting"),
        ("A=(1[V]", "unclosed-bracket"),
        ("A==1[V]", "unexpected-token"),
        ("run to=1[s]", "unexpected-token"),
    ],
)
def test_what_cannot_be_set(found: Model, setting: str, code: str) -> None:
    with pytest.raises(CompileError) as caught:
        override(found, found.experiments["e"], [setting])
    first = caught.value.diagnostics[0]
    known_by = {
        code,
        *(
            {"misplaced-equals", "incomplete-statement", "bad-setting", "missing-expression"}
            if code.startswith("unexp")
            else ()
        ),
    }
    assert first.code in known_by, str(caught.value)
    for label in first.labels[:1]:
        assert label.span.source.name == "--set"
        assert label.span.line == 1


def test_all_problems_of_all_settings_are_told(found: Model) -> None:
    with pytest.raises(CompileError) as caught:
        override(found, found.experiments["e"], ["A=1[A]", "M.Rof=3[ohm]", "N=0"])
    assert {each.code for each in caught.value.diagnostics} == {"unit-mismatch", "unknown-argument", "size-zero"}
