"""A batch: copies of the vertices share the edges, whose states move at the mean of the rates that the copies ask for."""

from dataclasses import replace

import numpy as np
import pytest

from mcompiler.equations.system import ONE, ZERO
from mcompiler.kernel.blocks import blocked
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.layout import bind
from mcompiler.kernel.verify import verify
from tests.kernel.cases import Case, Integers, assert_close
from tests.kernel.test_hoist import product

N, B = 3, 4
EDGES = {("W", 0): np.array([0, 0, 2, 1, 1]), ("W", 1): np.array([1, 1, 2, 2, 0])}


def batch(*, dense: bool, copies: int = B) -> Case:
    """The network of `test_hoist` with a wall at 1 that some states are at; numbers as they come."""
    system = product()
    (state,) = system.edges[0].template.unknowns
    template = replace(system.edges[0].template, unknowns=(replace(state, lower=ZERO, upper=ONE),))
    edge = replace(system.edges[0], template=template, topology="dense" if dense else "indexed")
    module, layout = lower(replace(system, edges=(edge,)), backward=False, batched=True)
    verify(blocked(verify(module), 2))
    sizes = {"X": N * copies, "W": N * N if dense else len(EDGES["W", 0])}
    z = bind(layout, sizes, {} if dense else EDGES, copies)
    rng = np.random.default_rng(3)
    case = Case(module, layout, z, rng.uniform(0.5, 1.5, int(z[1])), rng.uniform(-1, 1, int(z[0])))
    return case.at({"W.s": [1.0 if place % 2 else 0.4 for place in range(sizes["W"])]})


def ends(*, dense: bool) -> tuple[Integers, Integers]:
    if dense:
        return np.tile(np.arange(N), N), np.repeat(np.arange(N), N)
    return EDGES["W", 0], EDGES["W", 1]


@pytest.mark.parametrize("dense", [True, False])
@pytest.mark.parametrize("size", [0, 2, 100])
def test_rates(dense: bool, size: int) -> None:
    case = batch(dense=dense)
    case = replace(case, module=blocked(case.module, size)) if size else case
    pre, post = ends(dense=dense)
    beta, gain = (case.parameter("W", name)[0] for name in ("beta", "gain"))
    own, s = case.parameter("W", "own"), case.unknown(case.y, "W", "s")
    u = case.unknown(case.y, "X", "x").reshape(N, B)
    r = np.tanh(u)
    wanted = 3 * beta * np.sinh(r[pre] / beta) * np.sinh(gain * u[post]) * s[:, None]
    mean = wanted.mean(axis=1)
    assert (mean > 0).any()
    masked = np.where((s >= 1) & (mean > 0), 0.0, mean)
    i = np.zeros((N, B))
    np.add.at(i, post, s[:, None] * r[pre] * np.sinh(own[:, None] * r[pre]))
    found = case.rates()
    assert_close(case.unknown(found, "W", "s"), masked, 1e-14)
    assert_close(case.unknown(found, "X", "x"), (i - u).ravel(), 1e-14)


@pytest.mark.parametrize("dense", [True, False])
def test_observables_of_edges_are_means(dense: bool) -> None:
    case = batch(dense=dense)
    pre, _ = ends(dense=dense)
    observables = {each.name: each.number for each in case.layout.of("W").observables}
    want, out = np.full(int(case.z[4]), -1, dtype=np.int64), np.zeros(len(pre))
    want[observables["v"]] = 0
    case.call("observe", want=want, out=out)
    r = np.tanh(case.unknown(case.y, "X", "x")).reshape(N, B)
    assert_close(out, r[pre].mean(axis=1) / case.parameter("W", "beta")[0], 1e-14)


def test_no_derivatives() -> None:
    with pytest.raises(ValueError, match="transposed derivatives of a batch of product"):
        lower(product(), batched=True)


def test_sizes_must_divide() -> None:
    _, layout = lower(product(), backward=False, batched=True)
    with pytest.raises(ValueError, match="7 members, which 2 copies cannot share"):
        bind(layout, {"X": 7}, {}, 2)
