"""Networks of cells and synapses: against NumPy and SciPy, against differences on the mesh, and what does not depend on size."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import mcompiler as mc
from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.shown import Derivation
from mcompiler.equations.tangent import tangent
from mcompiler.equations.verify import verify
from mcompiler.kernel.print import print_module
from mcompiler.solver.gradient import Gradient
from tests.solver.networks import CELLS, DENSE, LAYERS, ODD, SHARED, SPARSE, SPIKES, ends_of

Floats = NDArray[np.float64]
MODELS = {"dense": DENSE, "sparse": SPARSE, "layers": LAYERS, "spikes": SPIKES, "odd": ODD, "shared": SHARED}


@pytest.fixture(scope="module")
def dense() -> mc.Solver:
    return mc.compile(mc.parse(DENSE), rtol=1e-10, atol=1e-12)


# --- the right-hand side and the trajectory, by other means


def memory_rates(p: Mapping[str, Floats], u: Floats, w_p: Floats, w_q: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Rates of the cells and of both devices of every pair, and the synaptic currents, as one writes them in NumPy."""
    r = p["X.U0"] * np.tanh(u / p["X.U0"])
    others = ~np.eye(len(u), dtype=bool)
    current = {}
    rate = {}
    for name, w in (("P", w_p), ("Q", w_q)):
        low, high = p[f"W.{name}.Gmin"], p[f"W.{name}.Gmax"]
        current[name] = (low + (high - low) * w) * r[None, :]
        speed = p[f"W.{name}.alpha"] * np.sinh(r / p[f"W.{name}.V0"])
        rate[name] = np.where(others, speed[None, :] * 4 * w * (1 - w), 0.0)
    j = np.where(others, current["P"] - current["Q"], 0.0).sum(axis=1)
    return (-u / p["X.R"] + j + p["I0"]) / p["X.C"], rate["P"], rate["Q"], j


def start(solver: mc.Solver) -> tuple[Floats, Floats, Floats]:
    initial = solver.initial
    return initial["X.u"], initial["W.P.w"], initial["W.Q.w"]


def test_the_right_hand_side_is_that_of_numpy(dense: mc.Solver) -> None:
    u, w_p, w_q = start(dense)
    step = 1e-9
    expected = memory_rates(dense.parameters, u, w_p, w_q)
    found = dense.run((0, step), method="euler", step=step, save=["X.u", "W.P.w", "W.Q.w", "X.j"], save_at=[0, step])
    others = ~np.eye(len(u), dtype=bool)
    for name, first, rate in zip(("X.u", "W.P.w", "W.Q.w"), (u, w_p, w_q), expected[:3], strict=True):
        after = found[name][-1]
        kept = np.isfinite(after)
        np.testing.assert_array_equal(kept, others if after.ndim == 2 else np.ones(len(u), dtype=bool))
        np.testing.assert_allclose(after[kept], (first + step * rate)[kept], rtol=1e-15, atol=1e-18)
    np.testing.assert_allclose(found["X.j"][0], expected[3], rtol=1e-12, atol=1e-20)


def test_the_trajectory_is_that_of_scipy(dense: mc.Solver) -> None:
    u, w_p, w_q = start(dense)
    cells = len(u)

    def rates(_t: float, y: Floats) -> Floats:
        parts = y[:cells], *y[cells:].reshape(2, cells, cells)
        return np.concatenate([each.reshape(-1) for each in memory_rates(dense.parameters, *parts)[:3]])

    y0 = np.concatenate([u, w_p.reshape(-1), w_q.reshape(-1)])
    scale = np.concatenate([np.full(cells, 0.05), np.ones(2 * cells * cells)])
    times = np.linspace(0, 1e-4, 11)
    expected = solve_ivp(rates, (0, 1e-4), y0, "DOP853", times, rtol=1e-12, atol=1e-13 * scale).y
    found = dense.run()
    others = ~np.eye(cells, dtype=bool)
    np.testing.assert_allclose(found["X.u"].T, expected[:cells], rtol=1e-8, atol=1e-10)
    for place, name in enumerate(("W.P.w", "W.Q.w")):
        own = expected[cells:].T.reshape(11, 2, cells, cells)[:, place]
        np.testing.assert_allclose(found[name][:, others], own[:, others], rtol=1e-8)


def test_excluded_pairs_are_shown_as_nan_and_members_as_their_place(dense: mc.Solver) -> None:
    found = dense.run()
    w = found["W.P.w"]
    assert w.shape == (11, 6, 6)
    assert np.isnan(w[:, np.arange(6), np.arange(6)]).all()
    assert np.isfinite(w).sum() == 11 * 30
    assert np.isnan(found["W[3, 3].P.w"]).all()
    again = dense.run(save=["W[2, 5].P.w"])
    np.testing.assert_array_equal(again["W[2, 5].P.w"], w[:, 2, 5])


def test_a_run_goes_on_from_what_another_one_saved(dense: mc.Solver) -> None:
    first = dense.run((0, 5e-5), save_at=[5e-5])
    last = {name: first[name][0] for name in ("X.u", "W.P.w", "W.Q.w")}
    second = dense.run((5e-5, 1e-4), initial=last, save_at=[1e-4])
    whole = dense.run((0, 1e-4), save_at=[1e-4])
    np.testing.assert_allclose(second["X.u"], whole["X.u"], rtol=1e-8)
    with pytest.raises(ValueError, match="not finite"):
        dense.run(initial={"W.P.w": np.full((6, 6), np.nan)})


def test_a_sparse_network_is_that_of_a_loop_over_its_edges() -> None:
    solver = mc.compile(mc.parse(SPARSE))
    u, w_p, w_q = start(solver)
    p, step = solver.parameters, 1e-9
    j = np.zeros(len(u))
    for edge, (pre, post) in enumerate(zip(*ends_of(solver), strict=True)):
        r = p["X.U0"] * np.tanh(u[pre] / p["X.U0"])
        g_p = p["W.P.Gmin"] + (p["W.P.Gmax"] - p["W.P.Gmin"]) * w_p[edge]
        g_q = p["W.Q.Gmin"] + (p["W.Q.Gmax"] - p["W.Q.Gmin"]) * w_q[edge]
        j[post] += (g_p - g_q) * r
    found = solver.run((0, step), method="euler", step=step, save=["X.u", "X.j", "W[3].P.v"], save_at=[0, step])
    np.testing.assert_allclose(found["X.j"][0], j, rtol=1e-12, atol=1e-20)
    np.testing.assert_allclose(found["X.u"][-1], u + step * (-u / p["X.R"] + j) / p["X.C"], rtol=1e-14)
    pre = ends_of(solver)[0][3]
    np.testing.assert_allclose(found["W[3].P.v"][0], p["X.U0"] * np.tanh(u[pre] / p["X.U0"]), rtol=1e-14)


def test_a_cell_that_all_synapses_share_is_read_and_added_to_in_one_moment() -> None:
    """Its output is the sum of what the cells add; dense and listed synapses read it, and add to its other input."""
    solver = mc.compile(mc.parse(SHARED))
    u, a, w, v = (solver.initial[name] for name in ("X.u", "G.a", "W.w", "L.w"))
    u, w = u.reshape(-1), w.reshape(4, 4)
    r, level = np.tanh(u), 0.1 * np.sum(u)
    place = (np.arange(4)[None, :] // 2) + 2 * (np.arange(4)[:, None] % 2)  # pre[0] + 2*post[1] as [post, pre]
    pre, post = ends_of(solver, 1)[:2]
    others = ~np.eye(4, dtype=bool)
    listed = v * (r[pre] + level)
    into = np.sum(np.where(others, w * (r + level), 0.0), axis=1) + np.bincount(post, listed, minlength=4)
    slow = np.sum(np.where(others, w * r, 0.0)) + np.sum(v * r[pre])
    step = 1e-9
    names = ["X.u", "G.a", "W.w", "L.w"]
    found = solver.run((0, step), method="euler", step=step, save=names, save_at=[0, step])
    rates = (-u + into, slow - a, 0.3 + 0.1 * place - w + a, 0.3 - v + a)
    for name, first, rate in zip(names, (u, a, w, v), rates, strict=True):
        after = found[name][-1].reshape(np.shape(first))
        wanted = first + step * rate / 1e-3
        inside = ~np.isnan(after)
        assert np.count_nonzero(~inside) == (4 if name == "W.w" else 0)
        np.testing.assert_allclose(after[inside], wanted[inside], rtol=1e-13)


# --- gradients


def differences(solver: mc.Solver, gradient: Gradient, name: str) -> tuple[float, float]:
    """The derivative along one random direction of one quantity, from the gradient and from differences on the same steps."""
    values = {**solver.parameters, **solver.initial}
    base = np.asarray(values[name])
    size = np.abs(base) if np.all(base != 0) else np.maximum(np.abs(base), 1e-3)
    direction = np.random.default_rng(7).standard_normal(base.shape) * size
    is_parameter = name in solver.parameters

    def loss(step: float) -> float:
        changed = {name: base + step * direction}
        if is_parameter:
            return solver.loss(mesh=gradient.mesh, parameters=changed)
        return solver.loss(mesh=gradient.mesh, initial=changed)

    slopes = [(loss(h) - loss(-h)) / (2 * h) for h in (2e-3, 1e-3, 5e-4)]
    once = [(4 * b - a) / 3 for a, b in pairwise(slopes)]
    return float(np.sum(gradient[name] * direction)), (16 * once[1] - once[0]) / 15


@pytest.mark.parametrize("name", MODELS)
def test_gradients_are_those_of_differences_on_the_mesh(name: str) -> None:
    solver = mc.compile(mc.parse(MODELS[name]), rtol=1e-8)
    value, gradient = solver.gradient()
    assert value == solver.loss(mesh=gradient.mesh)
    for quantity in gradient:
        if quantity == "X.clock":  # the first spikes come before a pulse of that age matters: tested by X.u
            continue
        exact, measured = differences(solver, gradient, quantity)
        assert measured == pytest.approx(exact, rel=1e-9, abs=1e-9 * abs(value)), quantity


def test_excluded_pairs_have_no_share_in_a_gradient() -> None:
    _, gradient = mc.compile(mc.parse(DENSE)).gradient()
    for name in ("W.P.w", "W.P.Gmax"):
        diagonal = np.diagonal(gradient[name])
        np.testing.assert_array_equal(diagonal, np.zeros(6))
        assert np.count_nonzero(gradient[name]) == 30


@pytest.mark.parametrize("name", MODELS)
def test_derived_systems_keep_every_invariant(name: str) -> None:
    system = verify(mc.parse(MODELS[name]).system)
    verify(adjoint(system))
    verify(tangent(system))


# --- losses with sums


def test_sums_run_over_all_members_that_are_there(dense: mc.Solver) -> None:
    p = dense.parameters
    early = dense.run(save_at=[5e-5], save=["X.r"])["X.r"][0]
    late = dense.run(save_at=[1e-4], save=["X.u", "W.P.w", "W.Q.w"])
    w_p, w_q = late["W.P.w"][0], late["W.Q.w"][0]
    expected = (early[1] / 0.05 - 0.9) ** 2 + 0.5 * np.sum((early / p["X.U0"] - 0.9) ** 2)
    expected += (w_p[2, 5] - 0.1) ** 2 + (late["X.u"][0, 4] / 0.05) ** 2
    expected += 0.1 * np.nansum(w_p**2 - p["I0"] / 1e-6 * w_q)
    assert dense.loss() == pytest.approx(expected, rel=1e-8)


DATA_LOSS = (
    CELLS
    + """
network Net {
  param U0 = 1[V]
  cells X[2, 3]: Neuron
  synapses W: Pair from X to X by lattice(1)
}
experiment run on Net {
  initial X.u = 10[mV]
  run to 1[us]
  save X.u
}
learning Fit on Net {
  data goal = "goal.npz"
  loss = sum(k in X: ((X[k].u - goal.clean[k]*U0)/X[k].U0)^2)
}
"""
)


def test_columns_of_data_in_a_sum_have_the_shape_of_the_cells(tmp_path: Path) -> None:
    clean = np.arange(6.0).reshape(2, 3)
    (tmp_path / "model.mem").write_text(DATA_LOSS, "utf-8")
    np.savez(tmp_path / "goal.npz", clean=clean)
    solver = mc.compile(mc.load(tmp_path / "model.mem"))
    u = solver.run(save_at=[1e-6])["X.u"][0]
    value, gradient = solver.gradient()
    assert value == pytest.approx(np.sum(((u - clean) / 0.05) ** 2), rel=1e-12)
    assert gradient["U0"] == pytest.approx(np.sum(-2 * clean * (u - clean) / 0.05**2), rel=1e-12)
    np.savez(tmp_path / "goal.npz", clean=clean.T)
    with pytest.raises(mc.CompileError, match="data-shape"):
        mc.compile(mc.load(tmp_path / "model.mem")).gradient()


# --- spikes


def test_a_spiking_cell_is_reset_and_its_clock_starts_anew() -> None:
    solver = mc.compile(mc.parse(SPIKES), rtol=1e-8)
    found = solver.run(save_at=np.linspace(0, 4e-3, 401))
    u, clock = found["X.u"], found["X.clock"]
    assert u.max() <= 1 + 1e-9
    assert (np.diff(clock, axis=0) < 0).sum() >= 40
    assert clock.min() >= 0


# --- sizes, values, settings


def kernels(cells: int) -> str:
    model = mc.parse(DENSE, settings=[f"N = {cells}"])
    return print_module(model.lowered(model.network)[0])


def test_the_kernels_are_the_same_for_every_size() -> None:
    assert kernels(6) == kernels(16) == kernels(256)


def test_one_cell_without_a_partner() -> None:
    text = DENSE.replace("W[2, 5].P.i, W[3, 3].P.w, X.j", "X.j").partition("  loss at")[0] + "}\n"
    solver = mc.compile(mc.parse(text, settings=["N = 1"]))
    found = solver.run()
    np.testing.assert_array_equal(found["X.j"], np.zeros((11, 1)))
    assert np.isnan(found["W.P.w"]).all()


def test_values_are_set_like_those_of_elements() -> None:
    solver = mc.compile(mc.parse(LAYERS, settings=["X.R = 20kohm", "W.P.Gmax = 50[uS]", "H.m = 0.1"]))
    assert solver.parameters["X.R"] == 20e3
    assert solver.parameters["W.P.Gmax"] == 50e-6
    assert solver.parameters["S.gain"].shape == (4,)
    np.testing.assert_array_equal(solver.initial["H.m"], np.full(5, 0.1))
    assert solver.initial["W.P.w"].shape == (4, 5)
    ready = solver.run((0, 1e-6), initial={"W.P.w": np.full((4, 5), 0.5)}, parameters={"X.bias": 0.0}, save_at=[0])
    np.testing.assert_array_equal(ready["W.P.w"][0], np.full((4, 5), 0.5))


def test_the_equations_say_what_is_summed() -> None:
    text = " ".join(str(mc.parse(LAYERS).equations()).split())
    assert "j = sum(H at post: -pre.s*weight)" in text or "j = sum(H at post: -weight*pre.s)" in text
    assert "drive = sum(S at post: gain*pre.r)" in text
    text = " ".join(str(mc.parse(DENSE).equations()).split())
    assert "j = sum(W at post: where(index_pre != index_post, P.i - Q.i, 0))" in text
    assert "sum_0 = sum(X: term_0)" in text
    assert "term_0 = (r/U0 - 0.9)^2" in text


@pytest.mark.parametrize("derivation", ["forward", "tangent", "jacobian", "adjoint", "gradient"])
@pytest.mark.parametrize("form", ["text", "latex", "mem"])
def test_every_derivation_can_be_shown(derivation: Derivation, form: str) -> None:
    assert mc.parse(LAYERS).equations(derivation).to(form).count("\n") > 20
