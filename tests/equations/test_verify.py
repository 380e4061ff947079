"""The verifier finds every kind of mistake, in forward and derived systems; units of derived equations are checked with the literals' own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import sympy

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.dimensions import WrongUnitError, dimension_of
from mcompiler.equations.functions import exp, lt, maximum, power, pulse, raised, sin, sqrt, where
from mcompiler.equations.literal import Literal
from mcompiler.equations.system import TIME, ZERO, Contribution, Definition, Read, System, Template, VertexClass
from mcompiler.equations.tangent import tangent
from mcompiler.equations.verify import BrokenSystemError, verify
from mcompiler.units import CURRENT, DIMENSIONLESS, RESISTANCE, VOLTAGE
from mcompiler.units import TIME as SECONDS
from tests.equations.benches import BENCHES
from tests.equations.models import CROSSBAR, EVENT, from_text

V = Literal("1[V]", 1.0, VOLTAGE)
A = Literal("2[mA]", 2e-3, CURRENT)
v, i, R, x = sympy.symbols("v i R x", real=True, seq=True)
KNOWN = {v: VOLTAGE, i: CURRENT, R: RESISTANCE, x: DIMENSIONLESS, TIME: SECONDS}


@pytest.mark.parametrize(
    ("expression", "dimension"),
    [
        (v / R - i + A, CURRENT),
        (2 * v + V, VOLTAGE),
        (raised(v, sympy.Integer(2)), VOLTAGE**2),
        (sqrt(v * v), VOLTAGE),
        (power(v / V, x), DIMENSIONLESS),
        (power(v, sympy.Float(1.5)), VOLTAGE ** Fraction(3, 2)),
        (maximum(v, ZERO), VOLTAGE),
        (where(lt(v, ZERO), ZERO, i), CURRENT),
        (where(lt(v, ZERO), ZERO, ZERO), None),
        (sympy.oo, None),
        (exp(v / V) * i, CURRENT),
        (pulse(TIME, ZERO, V, *[Literal("1[s]", 1.0, SECONDS)] * 5), VOLTAGE),
        (pulse(TIME, ZERO, v, *[TIME] * 5).diff(TIME), VOLTAGE / SECONDS),
        (pulse(TIME, ZERO, v, *[TIME] * 5).diff(v), DIMENSIONLESS),
        (pulse(TIME, ZERO, v, x * TIME, *[TIME] * 4).diff(x), VOLTAGE),
    ],
)
def test_units_of_expressions(expression: sympy.Expr, dimension: object) -> None:
    assert dimension_of(expression, KNOWN) == dimension


@pytest.mark.parametrize(
    "expression",
    [
        v + i,
        v + 1,
        v + V * A,
        exp(v),
        sin(TIME),
        power(v, x),
        raised(x, i),
        maximum(v, sympy.Integer(1)),
        where(lt(v, i), v, v + V),
        where(v, v, v + V),
        lt(v, i) + 1,
        v + sympy.Symbol("unknown", real=True),
        pulse(V, ZERO, V, *[TIME] * 5),
        sympy.Function("unknown")(v),
    ],
)
def test_wrong_units_are_found(expression: sympy.Expr) -> None:
    with pytest.raises(WrongUnitError):
        dimension_of(expression, KNOWN)


def test_a_condition_is_no_number() -> None:
    with pytest.raises(WrongUnitError, match="condition"):
        dimension_of(lt(v, V), KNOWN)


# --- systems that break one invariant each


Change = Callable[[Template], Mapping[str, Any]]


def forward() -> System:
    return from_text(CROSSBAR).system


def edited(system: System, name: str, change: Change) -> System:
    """The system with fields of one class's template replaced."""

    def own(owner: Any) -> Any:
        return (
            replace(owner, template=replace(owner.template, **change(owner.template))) if owner.name == name else owner
        )

    return replace(system, vertices=tuple(map(own, system.vertices)), edges=tuple(map(own, system.edges)))


def unknown(**fields: Any) -> Change:
    """A change of a template's first unknown."""
    return lambda template: {"unknowns": (replace(template.unknowns[0], **fields), *template.unknowns[1:])}


def rate(change: Callable[[sympy.Expr], sympy.Expr]) -> Change:
    return lambda template: unknown(rate=change(template.unknowns[0].rate))(template)


def one_more(group: str, each: object) -> Change:
    return lambda template: {group: (*getattr(template, group), each)}


def symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


Q = Definition(sympy.Symbol("q"), DIMENSIONLESS, ZERO)
AGAIN = Definition(symbol("v"), VOLTAGE, symbol("p.v"))
TOO_MUCH = Definition(symbol("q"), CURRENT, symbol("v"))

BROKEN: dict[str, Callable[[], System]] = {
    "stand for two things": lambda: edited(forward(), "cell", one_more("definitions", AGAIN)),
    "not a real symbol": lambda: edited(forward(), "cell", one_more("definitions", Q)),
    "not known here": lambda: edited(forward(), "cell", lambda t: {"definitions": t.definitions[::-1]}),
    "is in V, not in A": lambda: edited(forward(), "cell", one_more("definitions", TOO_MUCH)),
    "rate of w .* is in": lambda: edited(forward(), "cell", rate(lambda one: one * TIME)),
    "rate of w: .* puts together": lambda: edited(forward(), "cell", rate(lambda one: one + 1)),
    "initial value of w depends on": lambda: edited(forward(), "cell", unknown(initial=symbol("w") + 1)),
    "scale of w": lambda: edited(forward(), "cell", unknown(scale=symbol("V0"))),
    "upper bound of w": lambda: edited(forward(), "cell", unknown(upper=symbol("V0"))),
    "mass of i depends on .*'t'": lambda: edited(
        forward(), "leak", unknown(mass=where(lt(TIME, ZERO), ZERO, symbol("L")))
    ),
    "end 7 is not a vertex class": lambda: edited(
        forward(), "cell", one_more("reads", Read(symbol("q.v"), 7, "v", VOLTAGE))
    ),
    "offers no u": lambda: edited(forward(), "cell", one_more("reads", Read(symbol("q.u"), 0, "u", VOLTAGE))),
    "not in what nodes.v is in": lambda: edited(
        forward(), "cell", one_more("reads", Read(symbol("q.v"), 0, "v", CURRENT))
    ),
    "does not collect q": lambda: edited(
        forward(), "cell", one_more("contributions", Contribution(0, "q", symbol("i"), CURRENT))
    ),
    "feed.* depends on itself through the edges": lambda: edited(
        edited(forward(), "line", one_more("reads", Read(symbol("q.i"), 0, "i", CURRENT))),
        "line",
        lambda t: {"contributions": tuple(replace(each, value=each.value - symbol("q.i")) for each in t.contributions)},
    ),
    "a vertex neither reads": lambda: edited(
        forward(), "nodes", one_more("reads", Read(symbol("q.v"), 0, "v", VOLTAGE))
    ),
    "two classes have one name": lambda: replace(forward(), vertices=(*forward().vertices, forward().vertices[0])),
    "have different units": lambda: replace(
        forward(), losses=(forward().losses[0], replace(forward().losses[1], dimension=VOLTAGE))
    ),
    "loss 1 is in": lambda: replace(forward(), losses=(replace(forward().losses[1], value=symbol("out[0].v")),)),
    "no vertex": lambda: replace(forward(), vertices=forward().vertices[:-1], edges=()),
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_system_is_found(message: str) -> None:
    with pytest.raises(BrokenSystemError, match=message):
        verify(BROKEN[message]())


def test_a_wrong_adjoint_is_found_by_its_units() -> None:
    backward = verify(adjoint(forward()))
    verify(edited(backward, "cell", rate(lambda one: one * symbol("w"))))
    with pytest.raises(BrokenSystemError, match="rate of lam w"):
        verify(edited(backward, "cell", rate(lambda one: one * symbol("v"))))
    with pytest.raises(BrokenSystemError, match="gradient by R"):
        verify(edited(backward, "load", lambda t: {"gradients": (replace(t.gradients[0], value=symbol("bar i")),)}))
    wrong = edited(backward.jumps[0], "cell", rate(lambda one: symbol("bar i")))
    with pytest.raises(BrokenSystemError, match="rate of lam w"):
        verify(replace(backward, jumps=(wrong,)))


def test_a_wrong_tangent_is_found_by_its_units() -> None:
    along = verify(tangent(from_text(BENCHES["hp"]).system))
    directions = edited(
        along,
        "M",
        lambda t: {"unknowns": (t.unknowns[0], replace(t.unknowns[1], rate=t.unknowns[0].rate / symbol("D")))},
    )
    with pytest.raises(BrokenSystemError, match="rate of dot w"):
        verify(directions)


def test_an_event_sets_unknowns_only() -> None:
    system = verify(from_text(EVENT).system)
    wrong = edited(
        system, "M", lambda t: {"events": (replace(t.events[0], assignments=((symbol("Vth"), symbol("v")),)),)}
    )
    with pytest.raises(BrokenSystemError, match="not an unknown"):
        verify(wrong)


def test_an_empty_system_is_sound() -> None:
    assert verify(System("nothing", (VertexClass("a", Template("a")),), ()))
