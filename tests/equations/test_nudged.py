"""Nudged systems: the displacement of the fixed point by a nudge is the adjoint where the network has an energy, and not where it has none (MATH 3b)."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy

from mcompiler.equations.error_network import error_network
from mcompiler.equations.functions import tanh
from mcompiler.equations.nudged import nudged
from mcompiler.equations.system import LOSS, Parameter, System, VertexClass
from mcompiler.equations.translate import as_written
from mcompiler.equations.verify import verify
from mcompiler.units import TIME as SECONDS
from tests.equations.tanh_networks import (
    Floats,
    Numbers,
    Running,
    a,
    drive,
    numbers,
    places,
    running,
    symbol,
    system,
    x,
)

BETA = ("", "nudge beta")
AS_CURRENT = {"X.x": "r", "Y.x": "r"}


def symmetric(antisymmetric: float = 0.0) -> Numbers:
    """Numbers of form B whose matrix is symmetric, but for that fraction of an antisymmetric one between X and X and between X and Y."""
    given = numbers("B", sees="r", bends=False)
    values = {
        **given.values,
        ("YY", "W"): given.values["YY", "W"] * [1, 1, 1, 0],
    }  # the edge from Y0 to Y2 has no way back
    across = replace(given, values=values).matrix[:4, 4:]
    full = values["XX", "W"].reshape(4, 4)
    even, odd = (full + full.T) / 2, (full - full.T) / 2
    values["XX", "W"] = (even + antisymmetric * odd).ravel()
    values["XY", "W"] = ((1 - antisymmetric) * across.T + antisymmetric * given.values["XY", "W"].reshape(3, 4)).ravel()
    made = replace(given, values=values)
    if antisymmetric == 0.0:
        assert np.array_equal(made.matrix, made.matrix.T)
    return made


def displacement(of: Running, library: Any, beta: float, name: str = "x", end: float = 200.0) -> Floats:
    """(s_beta - s_-beta) / 2 beta of all cells at rest."""
    ends = [of.with_numbers({BETA: each}).settle(library, end=end).y for each in (beta, -beta)]
    return (of.of(ends[0], name) - of.of(ends[1], name)) / (2 * beta)


@as_written
def descent(made: System) -> System:
    """The network of form B as gradient descent: f = -dE/dx with E = (x^2 - r W r)/2 - I r, so each rate is r'(x)*(a + I) - x."""

    def own(vertex: VertexClass) -> VertexClass:
        if vertex.name == LOSS:
            return vertex
        (unknown,) = vertex.template.unknowns
        gain = 1 - tanh(x) ** 2
        return replace(
            vertex, template=replace(vertex.template, unknowns=(replace(unknown, rate=gain * (a + drive) - x),))
        )

    return replace(made, vertices=tuple(map(own, made.vertices)))


def test_a_gradient_system_moves_by_the_adjoint() -> None:
    """-d s_beta/d beta is what the error network of the free system rests at; the error of the centred difference is of second order."""
    given, free = symmetric(), descent(system("B", sees="r", bends=False))
    side = running(verify(error_network(free)), given.values)
    run = side.settle(side.on("python"), end=200.0)
    lam = side.of(run.y, "error x")
    pushed = running(verify(nudged(free)), given.values)
    library = pushed.on("python")
    errors = [float(np.max(np.abs(displacement(pushed, library, beta) + lam))) for beta in (0.004, 0.002)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.01)
    richer = [displacement(pushed, library, beta) for beta in (0.004, 0.002)]
    assert -(4 * richer[1] - richer[0]) / 3 == pytest.approx(lam, abs=1e-9)


def test_the_displacement_is_the_error_at_all_times() -> None:
    """Started at the free fixed point, z = d s_beta/d beta and the error network (from 0) obey z = -lam at every time, whatever the time constants."""
    given, free = symmetric(), descent(system("B", sees="r", bends=False))
    side, pushed = (running(each, given.values) for each in (error_network(free), nudged(free)))
    pair, library = side.on("python"), pushed.on("python")
    rest = pushed.settle(library, end=200.0).y
    start = side.start(pair)
    start[places(side, "x")] = pushed.of(rest, "x")
    for end in (0.3, 1.0, 3.0):
        lam = side.of(side.settle(pair, end=end, step=0.02, start=start).y, "error x")
        beta = 1e-4
        runs = [
            pushed.with_numbers({BETA: each}).settle(library, end=end, step=0.02, start=rest).y
            for each in (beta, -beta)
        ]
        moved = (pushed.of(runs[0], "x") - pushed.of(runs[1], "x")) / (2 * beta)
        assert -moved == pytest.approx(lam, abs=1e-7)
        assert np.max(np.abs(lam)) > 0.05


def test_in_a_circuit_the_activations_move_by_the_adjoint() -> None:
    """Form B with a symmetric matrix: the nudge is a current -beta dC/dr, and d r_beta/d beta = -lam."""
    given = symmetric()
    pushed = running(verify(nudged(system("B", sees="r", bends=False), by=AS_CURRENT)), given.values)
    library = pushed.on("python")
    beta = 1e-4
    ends = [
        np.tanh(pushed.of(pushed.with_numbers({BETA: each}).settle(library, end=200.0).y, "x"))
        for each in (beta, -beta)
    ]
    assert -(ends[0] - ends[1]) / (2 * beta) == pytest.approx(given.adjoint(), abs=1e-7)


def test_without_a_symmetric_matrix_it_is_not_the_adjoint() -> None:
    """The nudge carries errors through J instead of J^T: its error grows with the antisymmetric part."""
    errors: list[float] = []
    cosines: list[float] = []
    pushed = running(nudged(system("B", sees="r", bends=False), by=AS_CURRENT), symmetric().values)
    library = pushed.on("python")
    for fraction in (0.0, 0.1, 0.3, 1.0):
        given = symmetric(fraction)
        with_these, beta = pushed.with_numbers(given.values), 1e-4
        ends = [
            np.tanh(pushed.of(with_these.with_numbers({BETA: each}).settle(library).y, "x")) for each in (beta, -beta)
        ]
        found, lam = -(ends[0] - ends[1]) / (2 * beta), given.adjoint()
        errors.append(float(np.linalg.norm(found - lam) / np.linalg.norm(lam)))
        cosines.append(float(found @ lam / np.linalg.norm(found) / np.linalg.norm(lam)))
    assert errors[0] < 1e-7
    assert 0.01 < errors[1] < errors[2] / 2 < errors[3] / 4
    assert cosines[0] > cosines[1] > cosines[2] > cosines[3] > 0.5


def test_a_strength_of_0_is_the_free_network() -> None:
    given, free = numbers("A"), system("A")
    pushed, plain = running(verify(nudged(free)), given.values), running(free, given.values)
    both = [each.settle(each.on("python"), end=3.0).y for each in (pushed, plain)]
    assert np.array_equal(both[0], both[1])


def test_beta_may_be_of_the_network() -> None:
    """An expression of its parameters instead of a parameter of its own."""
    given, made = numbers("B"), replace(system("B"), parameters=(Parameter(symbol("g.beta"), SECONDS / SECONDS),))
    own = running(verify(nudged(made, 2 * symbol("g.beta"))), given.values).with_numbers({("", "g.beta"): 0.25})
    other = running(nudged(system("B")), given.values).with_numbers({BETA: 0.5})
    runs = [each.settle(each.on("python"), end=3.0).y for each in (own, other)]
    assert np.array_equal(runs[0], runs[1])


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (lambda made: replace(made, losses=()), {}, "tanhB has no loss"),
    (lambda made: made, {"by": {"X.x": "a"}}, r"has no unknown X\.x of a vertex with an output a beside it"),
    (lambda made: made, {"by": {"X.u": "r"}}, r"has no unknown X\.u"),
    (
        lambda made: replace(made, parameters=(Parameter(symbol("g.tau"), SECONDS),)),
        {"beta": symbol("g.tau")},
        r"beta = g\.tau is in s, which makes no rate of every force: X\.x asks for 1, Y\.x asks for 1",
    ),
    (lambda made: made, {"beta": sympy.Symbol("other", real=True)}, "other is not known here"),
]


@pytest.mark.parametrize(("change", "options", "message"), REFUSED)
def test_what_cannot_be_nudged_is_refused(change: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nudged(change(system("B")), **options)
