"""Units of error networks and nudges of the language's network of neurons and memristor pairs: the error is a voltage where the scale is in V A (MATH 3d)."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from dataclasses import replace

import pytest
import sympy

from mcompiler.equations.dimensions import WrongUnitError
from mcompiler.equations.error_network import error_network
from mcompiler.equations.functions import sinh, tanh
from mcompiler.equations.literal import Literal
from mcompiler.equations.nudged import nudged
from mcompiler.equations.system import (
    LOSS,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Parameter,
    PointLoss,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.tangent import tangent
from mcompiler.equations.translate import as_written
from mcompiler.equations.verify import verify
from mcompiler.units import CAPACITANCE, CONDUCTANCE, CURRENT, DIMENSIONLESS, POWER, RESISTANCE, VOLTAGE
from mcompiler.units import TIME as SECONDS
from tests.equations.tanh_networks import symbol

SCALE = Literal("1[V*A]", 1.0, POWER)
SPEED = sympy.Integer(10)


@as_written
def memory() -> System:
    """LANGUAGE section 3, with a loss of section 4: 0.5*sum(k in X: (X[k].r/X[k].U0 - 0.9*clean[k])^2)."""
    u, r, j, C, R, U0, bias = map(symbol, ("u", "r", "j", "C", "R", "U0", "bias"))
    neuron = Template(
        "Neuron",
        parameters=(
            Parameter(C, CAPACITANCE),
            Parameter(R, RESISTANCE),
            Parameter(U0, VOLTAGE),
            Parameter(bias, CURRENT, varies=True),
        ),
        unknowns=(Unknown(u, VOLTAGE, -u / R + j + bias, C, scale=U0, mass_dimension=CAPACITANCE),),
        definitions=(Definition(r, VOLTAGE, U0 * tanh(u / U0)),),
        accumulators=(Accumulator(j, CURRENT, "synaptic current"),),
        doc="a neuron",
    )
    low, high, alpha, V0, w, pre = map(symbol, ("Gmin", "Gmax", "alpha", "V0", "w", "pre.r"))
    v, i = symbol("v"), symbol("i")
    zero, one = sympy.Integer(0), sympy.Integer(1)
    pair = Template(
        "Synapse",
        parameters=(
            Parameter(low, CONDUCTANCE),
            Parameter(high, CONDUCTANCE),
            Parameter(alpha, DIMENSIONLESS / SECONDS),
            Parameter(V0, VOLTAGE),
        ),
        unknowns=(Unknown(w, DIMENSIONLESS, alpha * sinh(v / V0) * 4 * w * (1 - w), lower=zero, upper=one),),
        definitions=(Definition(v, VOLTAGE, pre), Definition(i, CURRENT, (low + (high - low) * w) * v)),
        reads=(Read(pre, 0, "r", VOLTAGE),),
        contributions=(Contribution(1, "j", i, CURRENT),),
    )
    seen, clean, away = symbol("X.r"), symbol("clean"), symbol("away")
    watch = Template(
        "watch",
        parameters=(Parameter(clean, DIMENSIONLESS, varies=True), Parameter(U0, VOLTAGE)),
        reads=(Read(seen, 0, "r", VOLTAGE),),
        contributions=(Contribution(1, "away", (seen / U0 - 0.9 * clean) ** 2, DIMENSIONLESS),),
    )
    loss = Template("loss", accumulators=(Accumulator(away, DIMENSIONLESS),))
    return System(
        "Memory",
        (VertexClass("X", neuron), VertexClass(LOSS, loss)),
        (EdgeClass("W", pair, ("X", "X"), "dense"), EdgeClass("watch", watch, ("X", LOSS))),
        losses=(PointLoss("loss 0", away / 2, DIMENSIONLESS),),
    )


def error_of(made: System) -> Unknown:
    (cells,) = (each for each in made.vertices if each.name == "X")
    (found,) = (each for each in cells.template.unknowns if each.symbol.name == "error u")
    return found


def test_the_error_has_a_unit_of_its_own() -> None:
    """The adjoint of a current residual under a dimensionless loss is in 1/A; a scale in V A makes it a voltage, beside the same capacitance."""
    plain, scaled = verify(error_network(memory())), verify(error_network(memory(), SCALE, SPEED))
    assert error_of(plain).dimension == DIMENSIONLESS / CURRENT
    assert error_of(scaled).dimension == VOLTAGE
    assert error_of(scaled).mass == symbol("C")


def test_a_wrong_error_network_is_found_by_its_units() -> None:
    made = error_network(memory(), SCALE, SPEED)
    with pytest.raises(AssertionError, match="rate of error u"):
        verify(_with_rate(made, error_of(made).rate * symbol("R")))


def _with_rate(made: System, rate: sympy.Expr) -> System:
    def own(vertex: VertexClass) -> VertexClass:
        unknowns = (
            replace(each, rate=rate) if each.symbol.name == "error u" else each for each in vertex.template.unknowns
        )
        return replace(vertex, template=replace(vertex.template, unknowns=tuple(unknowns)))

    return replace(made, vertices=tuple(map(own, made.vertices)))


def test_shares_of_the_gradient_have_units_too() -> None:
    made = verify(error_network(memory(), SCALE, SPEED, ["W.w", "W.Gmax", "X.bias", "X.R"]))
    found = {each.symbol.name: each.dimension for owner in made.classes for each in owner.template.definitions}
    assert found["back w"] == POWER
    assert found["back Gmax"] == POWER / CONDUCTANCE
    assert found["back bias"] == POWER / CURRENT


def test_a_nudge_is_a_current() -> None:
    """Of the loss by u or by the activation r, both voltages: beta is in W."""
    for made in (nudged(memory()), nudged(memory(), by={"X.u": "r"})):
        verify(made)
        assert [(each.symbol.name, each.dimension) for each in made.parameters] == [("nudge beta", POWER)]
    verify(nudged(memory(), Literal("1e-9[W]", 1e-9, POWER)))
    with pytest.raises(ValueError, match=r"beta = 1\[V\] is in V, which makes no rate of every force: X\.u asks for W"):
        nudged(memory(), Literal("1[V]", 1.0, VOLTAGE))


def test_the_scale_is_of_the_network() -> None:
    with pytest.raises(WrongUnitError, match="R is not known here"):
        error_network(memory(), symbol("R"))


def test_tangents_of_derived_systems_balance() -> None:
    """An error network and a nudged system are systems: derivations go on from there."""
    verify(tangent(error_network(memory(), SCALE, SPEED, ["W.w"])))
    verify(tangent(nudged(memory())))
    verify(error_network(nudged(memory()), SCALE, SPEED))
