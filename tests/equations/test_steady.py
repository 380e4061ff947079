"""The system of a fixed point: its residual and the Jacobian put together from the blocks of all classes, against a hand-written network."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import numpy as np
import pytest

from mcompiler.equations.fixed_point import frozen
from mcompiler.equations.jacobian import Block, jacobian
from mcompiler.equations.steady import steady
from mcompiler.equations.system import LOSS
from mcompiler.equations.verify import verify
from mcompiler.kernel.from_equations import lower
from tests.equations.evaluate import Array, Setting, State, Values, evaluate, masses, rates, value_of
from tests.equations.tanh_networks import ENDS, SIZES, Floats, Form, Numbers, numbers, running, symbol, system

X = symbol("x")


def setting(form: Form) -> tuple[Setting, Numbers]:
    """The network at rest with its weights held."""
    given = numbers(form)
    made = frozen(system(form, has_state=True))
    weights = {(name, "w"): given.values[name, "W"] for name in ("XX", "YY")}
    indices: dict[tuple[str, int], Array] = {(name, int(end)): np.array(each) for (name, end), each in ENDS.items()}
    for name, pre, post in (("XX", 4, 4), ("XY", 4, 3)):
        indices |= {(name, 0): np.tile(np.arange(pre), post), (name, 1): np.repeat(np.arange(post), pre)}
    for name in ("X", "Y"):
        indices |= {
            (f"observe {name}", 0): np.arange(SIZES[name]),
            (f"observe {name}", 1): np.zeros(SIZES[name], dtype=np.int64),
        }
    sizes = {**SIZES, "XX": 16, "XY": 12}
    values: dict[tuple[str, str], Array] = {
        **given.values,
        **weights,
        ("XX", "tau"): np.array(1.0),
        ("YY", "tau"): np.array(1.0),
    }
    return Setting(verify(steady(made)), sizes, indices, values), given


def at_point(at: Setting, point: Floats) -> State:
    return evaluate(at, 0.0, {("X", "x"): point[:4], ("Y", "x"): point[4:]})


def residual(at: Setting, state: State) -> Floats:
    found = rates(at, state)
    return np.concatenate([found["X", "x"], found["Y", "x"]])


def assembled(at: Setting, state: State) -> Floats:
    """df/dx: what a cell's rate has of its own x, and through its sum of what each edge reads."""
    blocks = {each.owner.name: each for each in jacobian(at.system)}
    first = {"X": 0, "Y": 4}
    whole = np.zeros((7, 7))
    for name, start in first.items():
        own = np.arange(SIZES[name]) + start
        whole[own, own] += entries(at, state, blocks[name])["rate", "x", "x"]
    for edge in at.system.edges:
        if LOSS in edge.ends:
            continue
        pre, post = (at.indices[edge.name, end] + first[edge.ends[end]] for end in (0, 1))
        by_sum = entries(at, state, blocks[edge.ends[1]])["rate", "x", "a"][at.indices[edge.name, 1]]
        by_read = entries(at, state, blocks[edge.name])["contribution", "a", "pre.r"]
        shown = entries(at, state, blocks[edge.ends[0]])["output", "r", "x"][at.indices[edge.name, 0]]
        np.add.at(whole, (post, pre), by_sum * by_read * shown)
    return whole


def entries(at: Setting, state: State, block: Block) -> dict[tuple[str, str, str], Array]:
    """Every entry of a block, per member."""
    values: Values = dict(state.values[block.owner.name])
    for each in block.definitions:
        values[each.symbol] = value_of(each.value, values)
    count = (at.sizes[block.owner.name],)
    return {
        (each.output.kind, each.output.name, each.variable.name): np.broadcast_to(value_of(each.value, values), count)
        for each in block.entries
    }


@pytest.mark.parametrize("form", ["A", "B"])
def test_the_residual_and_its_derivative_are_those_of_the_network(form: Form) -> None:
    at, given = setting(form)
    point = np.random.default_rng(2).normal(size=7)
    state = at_point(at, point)
    assert residual(at, state) == pytest.approx(given.residual(point), abs=1e-14)
    assert assembled(at, state) == pytest.approx(given.jacobian(point), abs=1e-14)
    assert all(np.all(each == 0.0) for each in masses(at, state).values())


@pytest.mark.parametrize("form", ["A", "B"])
def test_newton_finds_where_the_network_settles(form: Form) -> None:
    at, given = setting(form)
    point = np.zeros(7)
    for _ in range(20):
        state = at_point(at, point)
        point = point - np.linalg.solve(assembled(at, state), residual(at, state))
    free = running(system(form), given.values)
    assert point == pytest.approx(free.of(free.settle(free.on("python")).y, "x"), abs=1e-13)


def test_an_explicit_method_refuses_it() -> None:
    with pytest.raises(ValueError, match=r"X\.x is a constraint"):
        lower(steady(system("B")))


def test_states_of_edges_settle_too_unless_they_are_held() -> None:
    moving, held = (steady(each) for each in (system("B", has_state=True), frozen(system("B", has_state=True), ["XX"])))
    states = [[each.name for each in made.edges if each.template.unknowns] for made in (moving, held)]
    assert states == [["XX", "YY"], ["YY"]]
    (weights,) = (each.template for each in held.edges if each.name == "XX")
    assert [(each.symbol.name, each.varies) for each in weights.parameters][-1] == ("w", True)
