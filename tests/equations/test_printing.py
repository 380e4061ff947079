"""What is printed: it reads back, it is as the user wrote, numbers keep their bits, LaTeX is well formed."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from mcompiler.dsl import parse_text
from mcompiler.equations import functions as f
from mcompiler.equations.literal import Literal, constant, shown
from mcompiler.equations.printing.from_expression import Reader
from mcompiler.equations.printing.infix import infix
from mcompiler.equations.printing.math import latex
from mcompiler.equations.printing.naming import ascii_names
from mcompiler.equations.shown import Derivation, Equations
from mcompiler.equations.system import ONE, ZERO
from mcompiler.equations.translate import as_written, symbol, translate
from mcompiler.units import RESISTANCE, VOLTAGE
from tests.equations.benches import BENCHES, EXAMPLES, ONE_PORT
from tests.equations.evaluate import evaluate, initial, masses, rates, setting, value_of
from tests.equations.golden import check_text
from tests.equations.hamiltonian import random_state
from tests.equations.models import CROSSBAR, EVENT, ROOT, Made, from_text, made
from tests.equations.test_adjoint import MOVING_BOUNDS
from tests.equations.test_tangent import both, directions, tangent_at

ALL = [*BENCHES, *EXAMPLES, "crossbar", "net"]
DERIVATIONS: tuple[Derivation, ...] = ("forward", "tangent", "jacobian", "adjoint", "gradient")
a, b, c = (symbol(each) for each in "abc")
V = Literal("1[V]", 1.0, VOLTAGE)


def text(expression: sympy.Expr) -> str:
    return infix(Reader({"a": 0, "b": 1, "c": 2}).node(expression), lambda each: each.name)


def show(model: Made, derivation: Derivation, form: str) -> str:
    return Equations(model.system, model.network, model.model, derivation).to(form)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: a * b / c, "a*b/c"),
        (lambda: a / (b * c), "a/(b*c)"),
        (lambda: -a / b, "-a/b"),
        (lambda: -(a + b), "-(a + b)"),
        (lambda: 1 - a, "1 - a"),
        (lambda: a - 1, "a - 1"),
        (lambda: 2 * (a - 1), "2*(a - 1)"),
        (lambda: c * a * (b - c), "a*c*(b - c)"),
        (lambda: a**2 / c**3, "a^2/c^3"),
        (lambda: (a + b) ** -2, "1/(a + b)^2"),
        (lambda: f.power(a - b, c), "(a - b)^c"),
        (lambda: f.power(f.raised(a - b, sympy.Integer(2)), c - 1), "((a - b)^2)^(c - 1)"),
        (lambda: f.power(a, -b), "a^(-b)"),
        (lambda: a / (2 * f.sqrt(b)), "a/(2*sqrt(b))"),
        (lambda: sympy.Rational(3, 2) * a, "3*a/2"),
        (lambda: sympy.Float(0.5) * a, "0.5*a"),
        (lambda: constant(1e-14) * a, "1e-14*a"),
        (lambda: V * f.sin(2 * Literal("pi", 3.14, VOLTAGE) * a), "1[V]*sin(2*pi*a)"),
        (lambda: f.clip(a, -b, b), "clip(a, -b, b)"),
        (lambda: f.FUNCTIONS["max"](a, b, c), "max(a, b, c)"),
        (lambda: f.absolute(a), "abs(a)"),
        (lambda: f.where(f.gt(ZERO, a), ONE, ZERO), "where(a < 0, 1, 0)"),
        (
            lambda: f.where(f.disjunction(f.conjunction(f.lt(a, b), f.ge(b, c)), f.negation(f.eq(a, c))), a, b),
            "where(a < b and b >= c or not a == c, a, b)",
        ),
        (
            lambda: f.where(f.conjunction(f.disjunction(f.lt(a, b), f.ge(b, c)), f.lt(a, c)), a, b),
            "where((a < b or b >= c) and a < c, a, b)",
        ),
        (lambda: f.where(f.gt(symbol("pick X[0, 1].v"), ZERO), a, ZERO), "only(X[0, 1], a)"),
        (lambda: f.pulse(a, 0, b, *[c] * 5).diff(b), "dpulse_dhigh(a, 0, b, c, c, c, c, c)"),
        (lambda: symbol("bar R") * a, "bar R*a"),
        (lambda: sympy.oo * ONE, "inf"),
    ],
)
def test_expressions_read_like_a_page(make: Callable[[], sympy.Expr], wanted: str) -> None:
    assert text(as_written(make)()) == wanted


EXPRESSION = st.recursive(
    st.sampled_from([a, b, c, ONE, sympy.Integer(3), sympy.Float(0.1), constant(2.5e-7), V / V]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] - pair[1]),
        st.tuples(inner, inner).map(lambda pair: f.minimum(*pair)),
        st.tuples(inner, inner).map(lambda pair: f.raised(f.absolute(pair[0]), pair[1])),
        st.tuples(inner, inner, inner, inner).map(lambda four: f.where(f.lt(four[0], four[1]), four[2], four[3])),
        st.tuples(inner, inner).map(lambda pair: pair[0] / f.exp(pair[1])),
        inner.map(lambda one: -one),
        inner.map(lambda one: f.raised(one, sympy.Integer(2))),
        inner.map(f.tanh),
    ),
    max_leaves=12,
)


ONE_DEFINITION = """
device D(p, n) {
  param a = 1.7
  param b = -0.6
  param c = 0.9
  q = PRINTED
  i = q*v/1[ohm]
}
circuit B {
  node k
  S: DCSource(k, ground)
  M: D(k, ground)
}
"""


@settings(deadline=None)
@given(EXPRESSION)
def test_a_printed_expression_reads_back(expression: sympy.Expr) -> None:
    """Printed, parsed, resolved and translated, it prints as the same text, and has the same value."""
    printed = text(expression)
    model = from_text(ONE_DEFINITION.replace("PRINTED", printed))
    definition = next(each for each in model.model.devices["D"].definitions if each.name == "q")
    again = as_written(translate)(definition.value)
    assert text(again) == printed
    values = {a: np.asarray(1.7), b: np.asarray(-0.6), c: np.asarray(0.9)}
    with np.errstate(all="ignore"):
        first, second = value_of(expression, values), value_of(again, values)
    assert np.isclose(first, second, rtol=1e-12, atol=0.0, equal_nan=True) or not np.isfinite(first)


@settings(deadline=None)
@given(st.floats(min_value=1e-300, max_value=1e300))
def test_numbers_keep_their_bits(value: float) -> None:
    assert float(shown(value)) == value
    module = parse_text(f"function f(x) = {shown(value)}")
    assert module.items[0].body.value == value  # type: ignore[union-attr]  # pyright: ignore
    assert float(constant(value)) == value


@pytest.mark.parametrize("name", ALL)
def test_a_forward_system_prints_as_a_file_that_reads_back(name: str) -> None:
    model = made(name)
    printed = show(model, "forward", "mem")
    again = from_text(printed, (ROOT / EXAMPLES[name]).parent if name in EXAMPLES else None)
    assert show(again, "forward", "mem") == printed
    first, second = setting(model.network, model.system), setting(again.network, again.system)
    y = initial(first, model.network)
    assert {key: each.tolist() for key, each in initial(second, again.network).items()} == {
        key: each.tolist() for key, each in y.items()
    }
    for t in (0.0, 0.013):
        here, there = evaluate(first, t, y), evaluate(second, t, y)
        for quantities in (rates, masses):
            mine, others = quantities(first, here), quantities(second, there)
            assert mine.keys() == others.keys()
            for key, value in mine.items():
                assert np.allclose(value, others[key], rtol=1e-14, atol=0), key


def test_what_an_experiment_starts_from_stays_with_it() -> None:
    """An initial value in terms of the circuit's parameters is not the device's own."""
    source = BENCHES["hp"].replace("M: HP(top, ground)", "M: HP(top, ground, w = A/4[V])")
    model = from_text(source + "experiment e on Bench {\n  initial M.w = A/5[V]\n  run to 1[ms]\n}\n")
    printed = show(model, "forward", "mem")
    again = from_text(printed)
    assert show(again, "forward", "mem") == printed
    assert initial(setting(again.network, again.system), again.network)["M", "w"] == pytest.approx([0.2])


def test_events_and_laws_of_every_kind_read_back() -> None:
    for source in (EVENT, CROSSBAR):
        printed = show(from_text(source), "forward", "mem")
        assert show(from_text(printed), "forward", "mem") == printed
    assert "when u - Vth > 0 {" in show(from_text(EVENT), "forward", "mem")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("derivation", DERIVATIONS)
def test_latex_is_well_formed(name: str, derivation: Derivation) -> None:
    printed = show(made(name), derivation, "latex")
    body = re.sub(r"(?<!\\)%.*", "", printed)
    assert re.sub(r"\\[{}]", "", body).count("{") == re.sub(r"\\[{}]", "", body).count("}")
    assert body.count(r"\left") == body.count(r"\right")
    begun, ended = re.findall(r"\\begin\{([^}]*)\}", body), re.findall(r"\\end\{([^}]*)\}", body)
    assert sorted(begun) == sorted(ended)
    assert set(begun) <= {"align*", "cases"}
    assert len(re.findall(r"(?<!\\)\$", body)) % 2 == 0
    for block in re.findall(r"\\begin\{align\*\}\n(.*?)\\end\{align\*\}", body, re.DOTALL):
        rows = [row for row in block.strip().split("\n") if row.strip()]
        assert all(row.rstrip().endswith(r"\\") for row in rows[:-1])
        assert not rows[-1].rstrip().endswith(r"\\")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Ron", r"R_{\mathrm{on}}"), ("V0", r"V_{0}"), ("mu", r"\mu"), ("phi0", r"\phi_{0}"), ("v_on", r"v_{\mathrm{on}}"), ("w", "w"),
        ("growth", r"\mathrm{growth}"), ("alpha_off", r"\alpha_{\mathrm{off}}"), ("lam", r"\lambda"), ("lam w", r"\lambda_{w}"),
        ("bar R", r"\bar{R}"), ("dot Ron", r"\delta R_{\mathrm{on}}"), ("p.v", r"v_{\mathrm{p}}"), ("p.lam v", r"\lambda_{v}^{(p)}"),
        ("M.i", r"i_{\mathrm{M}}"), ("circuit.A", "A"), ("d i by w", r"\tfrac{\partial i}{\partial w}"), ("free lam w", r"\lambda_{w}^{\mathrm{free}}"),
    ],
)  # fmt: skip
def test_names_in_latex(name: str, wanted: str) -> None:
    assert latex(Reader().node(symbol(name))) == wanted


def test_literals_in_latex() -> None:
    assert latex(Reader().node(Literal("16[kohm]", 16e3, RESISTANCE))) == r"16\,\mathrm{k\Omega }"
    assert (
        latex(Reader().node(Literal("1e-14[m^2/(V*s)]", 1e-14, VOLTAGE))) == r"1\times 10^{-14}\,\mathrm{m^{2}/(V\,s)}"
    )
    assert (
        latex(Reader().node(f.raised(Literal("1[uA]", 1e-6, VOLTAGE), sympy.Integer(2)) * a))
        == r"\left(1\,\mathrm{\mu A}\right)^{2}\,a"
    )


def test_derived_names_step_aside() -> None:
    """A user's ``lam_w`` is not taken for the adjoint of ``w``; a circuit's ``A`` is not the device's."""
    source = """
device Odd(p, n) {
  param A = 3
  param lam_w = 2[1/(A*s)]
  state w in [0, 1] = 0.5
  i = v/(A*1[ohm]*(1 + w))
  dw/dt = lam_w*i
}
circuit Bench {
  param A = 1[V]
  node top
  S: SineSource(top, ground, A = A)
  M: Odd(top, ground)
}
"""
    model = from_text(source)
    source_names = ascii_names(model.system, model.system.vertices[0].template)
    assert source_names(symbol("A")) == "A"
    assert source_names(symbol("circuit.A")) == "Bench.A"
    adjoint = show(model, "adjoint", "text")
    assert "-dlam_w_/dt" in adjoint
    assert "free_lam_w*lam_w" in adjoint


@pytest.mark.parametrize("derivation", DERIVATIONS)
def test_texts_of_the_other_formats(derivation: Derivation, request: pytest.FixtureRequest) -> None:
    """The numbers behind these are checked where the texts of the same models are."""
    for form in ("mem", "latex"):
        check_text("net", made("net"), derivation, request.config, form)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="no format 'html'"):
        show(made("hp"), "forward", "html")


def test_the_same_model_prints_the_same_text_whatever_was_derived_before() -> None:
    """sympy keeps a cache: what another model left there must not show."""
    first = {derivation: show(made("net"), derivation, "text") for derivation in DERIVATIONS}
    for other in ("vteam_biolek", "muthuswamy_chua", "crossbar"):
        for derivation in DERIVATIONS:
            show(made(other), derivation, "text")
    assert first == {derivation: show(made("net"), derivation, "text") for derivation in DERIVATIONS}


DRIVEN = [name for name in ALL if name in ONE_PORT or name in ("hp_loop", "hp_fit", "volatile_decay")]


@pytest.mark.parametrize("name", DRIVEN)
def test_the_tangent_of_a_driven_device_prints_as_a_model(name: str, request: pytest.FixtureRequest) -> None:
    """It reads back to the same text, and computes what the tangent system computes."""
    model = made(name)
    printed = show(model, "tangent", "mem")
    again = from_text(printed)
    assert show(again, "forward", "mem") == printed
    at = setting(model.network, model.system)
    y, _ = random_state(at, initial(at, model.network), 12)
    y = {key: np.abs(each) for key, each in y.items() if key[0] == "M"}
    dy, dp = directions(at, y, 13)
    along = tangent_at(at, y, dy, dp)
    there = setting(again.network, again.system)
    named = {
        (owner, f"dot_{key}" if owner else f"circuit.dot_{key.removeprefix('circuit.')}"): each
        for (owner, key), each in dp.items()
    }
    there = there.moved({key: each for key, each in named.items() if key in there.parameters})
    state = both(y, dy)
    wanted = rates(along, evaluate(along, 0.0301, state))
    spelled = {(owner, key.replace(" ", "_")): each for (owner, key), each in state.items()}
    found = rates(there, evaluate(there, 0.0301, spelled))
    for (owner, key), value in wanted.items():
        if owner == "M":
            assert found[owner, key.replace(" ", "_")] == pytest.approx(value, rel=1e-11, abs=1e-25), key
    if name in ("hp", "pershin"):
        check_text(name, model, "tangent", request.config, "mem")


def test_a_tangent_that_the_language_cannot_say_is_a_block_that_says_why() -> None:
    printed = show(made("net"), "tangent", "mem")
    assert printed.startswith(
        "# not a model file: the directions of node voltages would need devices with four terminals"
    )
    assert "tangent of Net {" in printed
    source = BENCHES["hp"].replace("S: VoltageSource(top, ground, V = A)", "S: SineSource(top, ground, A = A)")
    assert "parameters of its own: dot f" in show(from_text(source), "tangent", "mem")
    taken = BENCHES["hp"].replace("param A = 1[V]", "param A = 1[V]\n  param dot_A = 2")
    assert "meets something of the model" in show(from_text(taken), "tangent", "mem")


def test_a_tangent_model_holds_directions_with_their_states() -> None:
    printed = show(from_text(MOVING_BOUNDS), "tangent", "mem")
    assert "state dot_R: ohm = 2*dot_Rmin scale 1.5*Rmax - Rmin" in printed
    assert "dot_R := where(R <= Rmin, dot_Rmin, 1.5*dot_Rmax)" in printed
    events = show(from_text(EVENT), "tangent", "mem")
    assert "    dot_u := gain*dot_v + dot_gain*v" in events
