"""Devices: laws, states, implied units, parameter sets, events."""

import pytest

from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Name
from mcompiler.model.library import library_devices, library_functions, library_modules
from mcompiler.model.model import Device
from mcompiler.model.resolve import library_device
from mcompiler.units import CAPACITANCE, CURRENT, DIMENSIONLESS, INDUCTANCE, RESISTANCE, TIME, VOLTAGE
from tests.model.models import codes_in, device

LIBRARY = sorted(library_devices())


def library(name: str) -> Device:
    found = library_device(name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", LIBRARY)
def test_every_device_of_the_library_resolves(name: str) -> None:
    found = library(name)
    assert found.name == name
    assert found.doc
    assert found.law is not None
    dimensions = {
        "current": CURRENT,
        "voltage": VOLTAGE,
        "source": VOLTAGE,
        "capacitance": CAPACITANCE,
        "inductance": INDUCTANCE,
    }
    assert found.law.value.dimension == dimensions[found.law.kind]
    for state in found.states:
        mass = state.mass.dimension if state.mass else DIMENSIONLESS
        assert state.rate.dimension * TIME == mass * state.dimension
        assert state.scale is not None
        assert state.scale.dimension == state.dimension


def test_the_library_is_not_parsed_to_know_its_names() -> None:
    assert {"HP", "VTEAM", "Resistor", "VoltageSource"} <= set(LIBRARY)
    assert "joglekar" in library_functions()
    assert "windows" in library_modules()
    assert library_device("joglekar") is None
    assert library_device("Nothing") is None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("i = v/1[ohm]", "current"),
        ("v = i*1[ohm]", "voltage"),
        ("R = 1[ohm] + 0*i*1[V]/1[A^2]\nv = R*i", "voltage"),
        ("v = 1[V]*sin(t/1[s])", "source"),
        ("state x in [0, 1]\nv = x*1[V]\ndx/dt = 1[1/s]", "source"),
        ("i = 1[F]*dv/dt", "capacitance"),
        ("i = dv/dt*1[F]", "capacitance"),
        ("param a = 2\ni = a*1[F]*dv/dt/3", "capacitance"),
        ("state i: A scale 1[A]\nv = 1[H]*di/dt", "inductance"),
        ("i = 0", "current"),
    ],
)
def test_the_law_of_the_port(body: str, kind: str) -> None:
    law = device(body).law
    assert law is not None
    assert law.kind == kind


def test_a_factor_of_a_derivative_is_a_mass() -> None:
    found = device(
        "param C = 1[nF]\nparam G = 1[uS]\nstate u: V = 0[V] scale 1[V]\ni = G*v\nC*du/dt = -G*u + i"
    ).states[0]
    assert found.mass is not None
    assert found.mass.dimension == CAPACITANCE
    assert found.rate.dimension == CURRENT
    assert device("state x = 1\ni = x*1[A]\ndx/dt/2 = 1[1/s]").states[0].mass is not None


def test_an_inductor_carries_its_current() -> None:
    state = library("Inductor").states[0]
    assert state.name == "i"
    assert isinstance(state.rate, Name)
    assert state.rate.name == "v"
    assert state.mass is not None
    assert state.mass.dimension == INDUCTANCE


def test_units_follow_from_values_in_any_order() -> None:
    found = device("param b = 2*a\nparam a = R*1[A]\nparam R = 1[kohm]\nparam c in [0[V], 1[V]]\ni = b/R")
    assert {each.name: each.dimension for each in found.parameters} == {
        "b": VOLTAGE,
        "a": VOLTAGE,
        "R": RESISTANCE,
        "c": VOLTAGE,
    }


def test_definitions_come_in_order_of_use() -> None:
    found = device("i = G*v\nG = g0*k\ng0 = 1[S]\nk = where(v > 0, 1, 2)")
    assert [each.name for each in found.definitions] == ["g0", "k", "G"]


@pytest.mark.parametrize(
    ("declaration", "scale"),
    [
        ("state x in [0, 1]", 1.0),
        ("state x in [-2, 3]", 5.0),
        ("state x = 0.5", 0.5),
        ("state x = -0.5", 0.5),
        ("state x in [0, inf] = 2", 2.0),
        ("state x = 0 scale 3", 3.0),
        ("state x ~ normal(2, 5%)", 2.0),
    ],
)
def test_the_scale_of_a_state(declaration: str, scale: float) -> None:
    state = device(f"{declaration}\ni = x*1[A]\ndx/dt = 1[1/s]").states[0]
    assert state.scale is not None
    assert constant(state.scale) == scale


@pytest.mark.parametrize("declaration", ["state x", "state x = 0", "state x in [0, inf]", "state x in [-inf, inf] = 0"])
def test_a_state_without_a_scale(declaration: str) -> None:
    assert codes_in(f"{declaration}\ni = x*1[A]\ndx/dt = 1[1/s]") == ["missing-scale"]


def test_sets_of_parameters() -> None:
    sets = library("VTEAM").sets
    assert set(sets) == {"biolek2021", "memtorch_default"}
    assert constant(sets["memtorch_default"]["Ron"]) == 50.0  # type: ignore[arg-type]
    assert codes_in("param R = 1[ohm]\nset a { R = 2[ohm] }\nset a { R = 3[ohm] }\ni = v/R") == ["duplicate-name"]
    assert codes_in("param R = 1[ohm]\nset a { R = 2[ohm], R = 3[ohm] }\ni = v/R") == ["duplicate-name"]
    assert codes_in("param R = 1[ohm]\nset a { S = 2[ohm] }\ni = v/R") == ["unknown-argument"]
    assert codes_in("param R = 1[ohm]\nset a { R = 2[V] }\ni = v/R") == ["unit-mismatch"]
    assert codes_in("param R in [0[ohm], 9[ohm]] = 1[ohm]\nset a { R = 10[ohm] }\ni = v/R") == ["value-out-of-bounds"]
    assert codes_in("param R = 1[ohm]\nparam S = 1[ohm]\nset a { R = S, S = R }\ni = v/R") == ["circular-definition"]


STATE = "state x in [0, 1] = 0.5\ni = x*1[A]\ndx/dt = 1[1/s]\n"


@pytest.mark.parametrize(
    ("condition", "margin"),
    [
        ("v > 1[V]", "sub"),
        ("v <= 1[V]", "sub"),
        ("v > 1[V] and v < 2[V]", "min"),
        ("x > 1 or x < 0", "max"),
        ("not x > 1", "neg"),
    ],
)
def test_the_margin_of_an_event(condition: str, margin: str) -> None:
    event = device(STATE + f"when {condition} {{ x := 0 }}").events[0]
    assert event.margin.function == margin  # type: ignore[union-attr]
    assert [name for name, _ in event.resets] == ["x"]


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("when x > 1[V] { x := 0 }", "unit-mismatch"),
        ("when x { x := 0 }", "not-a-condition"),
        ("when x > 0.5 { x := 1[V] }", "unit-mismatch"),
        ("when x > 0.5 { y := 1 }", "reset-of-non-state"),
        ("when x > 0.5 { x := 1; x := 0 }", "duplicate-name"),
        ("when x > 0.5 { x := 2 }", "value-out-of-bounds"),
        ("when x > 0.5 and v > 1[V] { x := 0 }", "unit-mismatch"),
        ("when 1 > 0.5 { x := 0 }", "constant-event"),
        ("when x != 0.5 { x := 0 }", "event-condition"),
    ],
)
def test_events_that_are_refused(event: str, code: str) -> None:
    assert codes_in(STATE + event) == [code]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # what follows from a problem is not told again
        ("param a = b\nparam c = 2*a\ni = c*v + a*1[A]", ["unknown-name"]),
        ("G = H\ni = G*v\nK = G + 1[S]", ["unknown-name"]),
        ("G = 2*H\nH = G/2\nK = H*3\ni = K*v + y", ["circular-definition", "unknown-name"]),
        ("state x: V = 1\ni = x*1[A]\ndx/dt = 1[1/s]", ["unit-mismatch", "unit-mismatch", "unit-mismatch"]),
        ("state x = y\ni = x*1[A]\ndx/dt = x/1[s]", ["unknown-name"]),
        ("param a = 1[V]*t/1[s]\ni = a/1[ohm]", ["time-in-parameter"]),
        ("0 = i - v*1[S]", ["unsupported"]),
        ("v*2 = i*1[ohm]", ["equation-left"]),
        ("i += v*1[S]", ["wrong-place"]),
        ("state x = 1\nx = v/1[V]\ni = x*1[A]", ["state-without-derivative"]),
    ],
)
def test_one_problem_is_told_once(body: str, expected: list[str]) -> None:
    assert codes_in(body) == expected


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("output r: V = v\ni = v/1[ohm]", "wrong-place"),
        ("size N = 3\ni = v/1[ohm]", "wrong-place"),
        ("param a[3] = 1\ni = v/1[ohm]", "unsupported"),
        ("param a = 1 scale 2\ni = v/1[ohm]", "wrong-place"),
        ("input a: V in [0[V], 1[V]] = 0\ni = a/1[ohm]", "wrong-place"),
        ("input a: V ~ normal(1[V], 5%)\ni = a/1[ohm]", "wrong-place"),
        ("state i: V = 1[V]\nv = 1[H]*di/dt", "unit-mismatch"),
        ("i = dv/dt", "unit-mismatch"),
        ("i = 1[H]*dv/dt", "unit-mismatch"),
        ("q = 1[C]\ni = dq/dt", "derivative-here"),
        ("state q: C = 1[C]\ni = dq/dt\ndq/dt = 1[A]", "unsupported"),
        ("param q = 1[C]\ni = dq/dt", "derivative-of-parameter"),
        ("device P = HP\ni = v/1[ohm]", "unsupported"),
        ("param a in [2, 1]\ni = v/1[ohm]", "empty-bounds"),
        ("param a in [1, 2] = 3\ni = v/1[ohm]", "value-out-of-bounds"),
        ("param R ~ lognormal(0[ohm], 5%)\ni = v/R", "bad-distribution"),
        ("param R ~ uniform(2[ohm], 1[ohm])\ni = v/R", "bad-distribution"),
        ("param R ~ normal(2[ohm], -1)\ni = v/R", "bad-distribution"),
        ("param R ~ normal(2[ohm])\ni = v/R", "argument-count"),
        ("param R ~ 3[ohm]\ni = v/R", "unknown-distribution"),
        ("param R ~ normal(2[ohm], 1[V])\ni = v/R", "unit-mismatch"),
        ("param ground = 1\ni = v/1[ohm]", "reserved-word"),
        ("param q_e = 1\ni = v/1[ohm]", "reserved-word"),
    ],
)
def test_what_a_device_may_not_say(body: str, code: str) -> None:
    assert codes_in(body) == [code]
