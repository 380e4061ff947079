"""Systems whose edges read what depends on a sum: passes in order, kernels and derivations that stay exact, loops that are refused."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.error_network import error_network
from mcompiler.equations.functions import tanh
from mcompiler.equations.levels import AlgebraicLoopError, levels
from mcompiler.equations.system import (
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Parameter,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.equations.tangent import tangent
from mcompiler.equations.verify import BrokenSystemError, verify
from mcompiler.kernel import abi
from mcompiler.kernel.from_equations import lower
from mcompiler.units import DIMENSIONLESS as ONE
from mcompiler.units import TIME as SECONDS
from tests.equations.evaluate import Array, Key, Setting, evaluate, rates
from tests.equations.hamiltonian import STEP, adjoint_at
from tests.equations.tanh_networks import numbers, running, sweep_jacobian, symbol, system
from tests.kernel.cases import Case, case_of, jacobian

x, s, q, d, a, rate = map(symbol, ("x", "s", "q", "d", "a", "rate"))


def chain() -> System:
    """Cells with a sum s, an output q of it, a sum d of others' q, an output p of that, and edges with a state that reads p: three passes."""
    p = symbol("p")
    cell = Template(
        "cell",
        parameters=(Parameter(a, ONE, varies=True), Parameter(rate, ONE / SECONDS)),
        unknowns=(Unknown(x, ONE, rate * (-x + tanh(s) * d)),),
        definitions=(Definition(q, ONE, tanh(s + a * x)), Definition(p, ONE, q * tanh(d - x))),
        accumulators=(Accumulator(s, ONE), Accumulator(d, ONE)),
    )
    ways = (("into s", "x", "s"), ("into d", "q", "d"))
    edges = [EdgeClass(name, _link(reads, to), ("cell", "cell"), "indexed") for name, reads, to in ways]
    e, end = symbol("e"), symbol("post.p")
    weighing = Template(
        "weighing",
        parameters=(Parameter(rate, ONE / SECONDS),),
        unknowns=(Unknown(e, ONE, rate * (end - e)),),
        reads=(Read(end, 1, "p", ONE), Read(symbol("pre.x"), 0, "x", ONE)),
        contributions=(Contribution(1, "s", e * symbol("pre.x"), ONE),),
    )
    return System("chain", (VertexClass("cell", cell),), (*edges, EdgeClass("W", weighing, ("cell", "cell"))))


def _link(reads: str, to: str) -> Template:
    pre, weight = symbol(f"pre.{reads}"), symbol("weight")
    return Template(
        "link",
        parameters=(Parameter(weight, ONE, varies=True),),
        reads=(Read(pre, 0, reads, ONE),),
        contributions=(Contribution(1, to, weight * pre**2, ONE),),
    )


WIRES: dict[tuple[str, int], Array] = {
    ("into s", 0): np.array([0, 1, 2, 2]),
    ("into s", 1): np.array([1, 1, 0, 1]),
    ("into d", 0): np.array([1, 2, 0]),
    ("into d", 1): np.array([0, 0, 2]),
    ("W", 0): np.array([0, 1]),
    ("W", 1): np.array([2, 1]),
}
COUNTS = {"cell": 3, "into s": 4, "into d": 3, "W": 2}


def chain_at() -> tuple[Setting, dict[Key, Array]]:
    draw = np.random.default_rng(3)
    values: dict[Key, Array] = {
        ("cell", "a"): draw.normal(size=3),
        ("cell", "rate"): np.array(0.8),
        ("into s", "weight"): draw.normal(size=4),
        ("into d", "weight"): draw.normal(size=3),
        ("W", "rate"): np.array(1.3),
    }
    y = {("cell", "x"): draw.normal(size=3), ("W", "e"): draw.normal(size=2)}
    return Setting(verify(chain()), COUNTS, WIRES, values), y


def chain_case(of: System, values: dict[Key, Array], y: dict[Key, Array]) -> Case:
    case = case_of(*lower(of), COUNTS, {key: list(each) for key, each in WIRES.items()})
    return case.at(
        {
            f"{owner}.{name}": [*each] if np.ndim(each) else float(each)
            for (owner, name), each in {**values, **y}.items()
        }
    )


def by_hand(values: dict[Key, Array], y: dict[Key, Array]) -> tuple[Array, Array]:
    """The rates of x and e."""
    at, state = y["cell", "x"], y["W", "e"]
    total, other = np.zeros(3, dtype=complex), np.zeros(3, dtype=complex)
    np.add.at(total, WIRES["into s", 1], values["into s", "weight"] * at[WIRES["into s", 0]] ** 2)
    np.add.at(total, WIRES["W", 1], state * at[WIRES["W", 0]])
    shown = np.tanh(total + values["cell", "a"] * at)
    np.add.at(other, WIRES["into d", 1], values["into d", "weight"] * shown[WIRES["into d", 0]] ** 2)
    last = shown * np.tanh(other - at)
    moved = values["cell", "rate"] * (-at + np.tanh(total) * other)
    return moved, values["W", "rate"] * (last[WIRES["W", 1]] - state)


def test_passes_follow_what_is_read() -> None:
    found = levels(chain())
    assert found.collected == {("cell", "s"): 0, ("cell", "d"): 1}
    assert found.published == {("cell", "x"): 0, ("cell", "q"): 1, ("cell", "p"): 2}
    assert found.last == 2
    assert levels(system("A")).last == 0


def test_kernels_go_over_the_edges_pass_by_pass() -> None:
    at, y = chain_at()
    case = chain_case(at.system, dict(at.parameters), y)
    wanted = by_hand(dict(at.parameters), y)
    found = case.rates()
    assert case.unknown(found, "cell", "x") == pytest.approx(np.real(wanted[0]), rel=1e-14)
    assert case.unknown(found, "W", "e") == pytest.approx(np.real(wanted[1]), rel=1e-14)
    assert rates(at, evaluate(at, 0.0, y))["cell", "x"] == pytest.approx(np.real(wanted[0]), rel=1e-14)


def test_their_transposed_derivative_is_exact() -> None:
    """The kernel `pullback` against complex steps of the kernel `sweep`, by state and by parameters."""
    at, y = chain_at()
    case = chain_case(at.system, dict(at.parameters), y)
    exact_pullback(case)


def test_so_it_is_of_an_error_network() -> None:
    """Two classes of cells in form A, a loss that bends: gradients through both networks together."""
    both = running(error_network(system("A")), numbers("A").values)
    y = np.random.default_rng(5).normal(size=int(both.z[abi.N_UNKNOWNS]))
    exact_pullback(Case(both.module, both.layout, both.z, both.p, y))
    assert np.max(np.abs(sweep_jacobian(both, y))) > 0.1


def exact_pullback(case: Case) -> None:
    n = len(case.y)
    exact = jacobian(case, "sweep", n, "K")
    by_y, by_p = np.zeros((n, n)), np.zeros((n, len(case.p)))
    for place, lam in enumerate(np.eye(n)):
        case.call("pullback", lam=lam, Yb=by_y[place], pb=by_p[place])
    assert by_y == pytest.approx(exact.y, abs=1e-14)
    assert by_p == pytest.approx(exact.p, abs=1e-14)


def test_derivations_see_through_sums_too() -> None:
    """The adjoint and the tangent of a system of three passes, against complex steps of the hand-written rates."""
    at, y = chain_at()
    values = dict(at.parameters)
    draw = np.random.default_rng(6)
    dy = {key: draw.normal(size=each.shape) for key, each in y.items()}
    dp = {key: draw.normal(size=np.shape(each)) for key, each in values.items()}
    moved = by_hand(
        {key: each + 1j * STEP * dp[key] for key, each in values.items()},
        {key: each + 1j * STEP * dy[key] for key, each in y.items()},
    )
    change = np.concatenate([np.imag(each) / STEP for each in moved])
    directions = {(owner, f"dot {name}"): each for (owner, name), each in dp.items()}
    along = chain_case(
        verify(tangent(at.system)),
        values | directions,
        y | {(owner, f"dot {name}"): each for (owner, name), each in dy.items()},
    )
    found = along.rates()
    pushed = np.concatenate([along.unknown(found, "cell", "dot x"), along.unknown(found, "W", "dot e")])
    assert pushed == pytest.approx(change, rel=1e-13)

    lam = {key: draw.normal(size=each.shape) for key, each in y.items()}
    verify(adjoint(at.system))
    back, shares = adjoint_at(at, 0.0, y, lam)
    weighed = sum(float(np.sum(lam[key] * part)) for key, part in zip(y, np.split(change, [3]), strict=True))
    pulled = sum(float(np.sum(back[key] * dy[key])) for key in y)
    pulled += sum(float(np.sum(shares[key] * dp[key])) for key in values)
    assert pulled == pytest.approx(weighed, rel=1e-13)


def looped() -> System:
    """A cell whose sum depends on its own output of that sum."""
    made = chain()
    into_d = made.edges[1]
    back = replace(
        into_d.template, contributions=tuple(replace(each, accumulator="s") for each in into_d.template.contributions)
    )
    return replace(made, edges=(made.edges[0], replace(into_d, template=back), made.edges[2]))


def test_a_sum_that_depends_on_itself_is_refused() -> None:
    with pytest.raises(AlgebraicLoopError, match=r"cell\.s depends on itself through the edges: that is a constraint"):
        levels(looped())
    with pytest.raises(BrokenSystemError, match=r"cell\.s depends on itself"):
        verify(looped())
    with pytest.raises(ValueError, match=r"cell\.s depends on itself"):
        lower(looped())
