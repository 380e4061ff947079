"""Runs until steady by the model's names: fixed points by other means, ensembles, gradients, what fails and what it says."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import root

import mcompiler as mc
from mcompiler.backends import BACKENDS
from mcompiler.integrators.methods import METHODS, method_named
from tests.solver.conftest import ARRAY, BOUNCE, RC
from tests.solver.networks import DENSE, SPIKES

Floats = NDArray[np.float64]

#: A rate network with weights as parameters; its fixed point is that of u = j + I.
RATES = """
cell Neuron {
  param tau = 1[ms]
  input j
  input bias = 0.3
  state u = 0 scale 1
  output r = tanh(u)
  tau*du/dt = j - u + bias
}
synapse Weight {
  param W = 0
  post.j += W*pre.r
}
network Net {
  size N = 20
  cells X[N]: Neuron
  synapses W: Weight from X to X
}
experiment rest on Net {
  set W.W ~ uniform(-1e-9, 1e-9)
  run until steady within 1[s]
  save every 1[ms]: X.u
}
learning Fit on Net {
  loss = sum(k in X: X[k].r^2)
}
"""
RC_REST = RC.replace("run to 4[ms]", "run until steady within 0.2[s]")


def weights(n: int, size: float, *, symmetric: bool = False) -> Floats:
    matrix: Floats = np.random.default_rng(3).normal(size=(n, n)) * size / np.sqrt(n)
    mean: Floats = (matrix + matrix.T) / 2
    return mean if symmetric else matrix


@pytest.fixture(scope="module")
def rates() -> mc.Solver:
    return mc.compile(mc.parse(RATES))


def options(method: str) -> dict[str, Any]:
    return {"method": method} if method_named(method).adaptive else {"method": method, "step": 2e-5}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHODS)
def test_an_rc_circuit(method: str, backend: str) -> None:
    """The last 50 us to the tolerance, and as long again: v = exp(-t/2 ms)."""
    run = mc.compile(mc.parse(RC_REST), backend=backend).run(initial={"a.v": 1.0}, **options(method))
    assert run.status is mc.Status.STEADY
    assert run.success
    assert run.t[-1] == run.steady_at
    assert np.array_equal(run.t[:-1], np.arange(len(run.t) - 1) * 1e-3) or np.allclose(run.t[:-1] % 1e-3, 0, atol=1e-9)
    assert isinstance(run.steady_at, float)
    assert 2 * 2e-3 * np.log(1e4) * 0.9 < run.steady_at < 2 * 2e-3 * np.log(1e4) * 2
    assert abs(run["a.v"][-1]) < 2e-6
    assert "steady" in run.message


@pytest.mark.parametrize("method", METHODS)
def test_a_tanh_network_is_at_the_root_of_its_equations(rates: mc.Solver, method: str) -> None:
    W = weights(20, 0.8)
    found = rates.run(parameters={"W.W": W}, rtol=1e-8, **options(method))
    assert found.status is mc.Status.STEADY
    exact = root(lambda u: W @ np.tanh(u) - u + 0.3, np.zeros(20), tol=1e-13).x
    np.testing.assert_allclose(found["X.u"][-1], exact, atol=2e-7)


def test_a_linear_network_is_at_the_solution_of_its_equations() -> None:
    solver = mc.compile(mc.parse(RATES.replace("r = tanh(u)", "r = u")))
    W = weights(20, 0.7)
    found = solver.run(parameters={"W.W": W}, rtol=1e-9)
    np.testing.assert_allclose(found["X.u"][-1], np.linalg.solve(np.eye(20) - W, np.full(20, 0.3)), atol=1e-8)


def test_a_hopfield_network_falls_into_the_memories_that_newton_finds(rates: mc.Solver) -> None:
    rng = np.random.default_rng(8)
    patterns = rng.choice([-1.0, 1.0], size=(2, 20))
    W = 1.5 * patterns.T @ np.linalg.pinv(patterns.T)
    start = [np.where(np.arange(20) == flipped, -1, 1) * each for each in patterns for flipped in range(4)]
    many = rates.run(parameters={"W.W": W}, inputs={"X.bias": 0.0}, ensemble={"X.u": np.array(start)}, save=["X.r"])
    assert many.success
    for number, u in enumerate(start):
        exact = root(lambda u: W @ np.tanh(u) - u, u, tol=1e-13).x
        np.testing.assert_allclose(many["X.r"][number, -1], np.tanh(exact), atol=1e-6)
        assert np.array_equal(np.sign(many["X.r"][number, -1]), patterns[number // 4])


def test_an_ensemble_has_one_time_each_and_keeps_the_last_values(rates: mc.Solver) -> None:
    sizes = [0.1, 0.95, 0.5]
    W = np.array([size * weights(20, 1.0, symmetric=True) for size in sizes])
    single = [rates.run(parameters={"W.W": each}) for each in W]
    many = rates.run(ensemble={"W.W": W})
    assert isinstance(many.steady_at, np.ndarray)
    assert many.status is mc.Status.STEADY
    np.testing.assert_array_equal(many.steady_at, [run.steady_at for run in single])
    assert many.t[-1] == many.steady_at.max()
    for number, run in enumerate(single):
        rows = len(run.t) - 1
        np.testing.assert_array_equal(many["X.u"][number, :rows], run["X.u"][:-1])
        np.testing.assert_array_equal(many["X.u"][number, -1], run["X.u"][-1])
    ends = rates.run(ensemble={"W.W": W}, save_at=[])
    np.testing.assert_array_equal(ends["X.u"][:, 0], many["X.u"][:, -1])


def test_an_ensemble_without_times_has_the_start_and_the_end() -> None:
    solver = mc.compile(mc.parse(RATES.replace("save every 1[ms]: X.u", "save X.u")))
    many = solver.run(ensemble={"X.bias": [0.1, 0.2]})
    assert many["X.u"].shape == (2, 2, 20)
    np.testing.assert_allclose(many["X.u"][1, -1], 0.2, atol=1e-6)


def test_a_member_that_is_not_steady_is_told() -> None:
    solver = mc.compile(mc.parse(RC_REST))
    many = solver.run(ensemble={"R0": [1e3, 1e6]})
    assert many.status is mc.Status.NOT_STEADY
    assert "run 1 of 2" in many.message
    assert "a.v" in many.message
    assert np.isnan(many.steady_at).tolist() == [False, True]  # type: ignore[arg-type]
    assert np.isfinite(many["a.v"]).all()
    assert many["a.v"][1, -1] == pytest.approx(np.exp(-0.2), rel=1e-5)


def test_a_given_end_comes_before_the_experiment(rates: mc.Solver) -> None:
    assert rates.run(t=(0, 1e-3)).status is mc.Status.DONE
    assert rates.run(t=(0, 1e-3)).steady_at is None
    assert rates.run(steady_within=1e-3).status is mc.Status.NOT_STEADY
    with pytest.raises(ValueError, match=r"has an end, t=\(0, 1e-3\), or ends when it is steady"):
        rates.run(t=(0, 1), steady_within=1.0)
    with pytest.raises(ValueError, match="finite start before a finite end"):
        rates.run(steady_within=0.0)
    with pytest.raises(ValueError, match="steady_tol must be positive"):
        rates.run(steady_tol=-1.0)


def test_settings_keep_it_and_may_change_it() -> None:
    model = mc.parse(RATES, settings=["N = 3"])
    assert model.experiment.is_steady
    assert mc.compile(model).run().status is mc.Status.STEADY


@pytest.mark.parametrize(
    ("text", "within", "name"), [(ARRAY, 1.0, "out["), (BOUNCE, 30.0, "M.x"), (SPIKES, 0.02, "X["), (DENSE, 1e-3, "[")]
)
def test_what_never_rests_is_named(text: str, within: float, name: str) -> None:
    """A sine, a sawtooth by events, spiking cells, memristors that drift."""
    run = mc.compile(mc.parse(text)).run(steady_within=within)
    assert run.status is mc.Status.NOT_STEADY
    assert np.isnan(run.steady_at)  # type: ignore[arg-type]
    assert name in run.message
    assert run.t[-1] == within


def test_drift_is_rest_where_the_tolerance_says_so() -> None:
    text = DENSE.replace("run to 0.1[ms]", "method auto(steady_tol = 0.05)\n  run until steady within 1[ms]")
    slow = text.replace("alpha = 1[1/ms]", "alpha = 1[1/s]")
    assert mc.compile(mc.parse(slow)).run().status is mc.Status.STEADY


def test_a_loss_at_the_end_is_that_of_the_steady_state(rates: mc.Solver) -> None:
    """The gradient of the run, by differences on its mesh; and that of the fixed point, by the implicit function theorem (MATH 3a, form B).

    Of a fixed-step method: an adaptive explicit one at rest keeps noise of the size of its tolerance, which no difference sees through.
    """
    W = weights(20, 0.8)
    set_: dict[str, Any] = {"parameters": {"W.W": W}, "rtol": 1e-8, "method": "rk4", "step": 1e-4}
    value, gradient = rates.gradient(**set_)
    u = rates.run(**set_)["X.u"][-1]
    assert value == pytest.approx(float(np.sum(np.tanh(u) ** 2)), rel=1e-12)
    assert rates.loss(mesh=gradient.mesh, **set_) == value
    slope = 1 - np.tanh(u) ** 2
    adjoint = np.linalg.solve(np.eye(20) - slope[:, None] * W.T, 2 * np.tanh(u) * slope)
    np.testing.assert_allclose(gradient["W.W"], np.outer(adjoint, np.tanh(u)), rtol=1e-5, atol=1e-7)
    assert gradient["X.bias"] == pytest.approx(adjoint.sum(), rel=1e-5)

    def on_mesh(bias: float) -> float:
        return rates.loss(mesh=gradient.mesh, inputs={"X.bias": bias}, **set_)

    h = 3e-4
    difference = (8 * (on_mesh(0.3 + h) - on_mesh(0.3 - h)) - (on_mesh(0.3 + 2 * h) - on_mesh(0.3 - 2 * h))) / (12 * h)
    assert gradient["X.bias"] == pytest.approx(difference, rel=1e-8)


def test_losses_at_times_are_reached_and_running_losses_do_not_count() -> None:
    text = RATES.replace(
        "loss = sum(k in X: X[k].r^2)",
        "loss = sum(k in X: X[k].r^2)\n  loss at 0.1[s] = sum(k in X: X[k].u)\n  loss over 0[s]..50[ms] = sum(k in X: X[k].u)*1[1/s]",
    )
    solver = mc.compile(mc.parse(text))
    value, gradient = solver.gradient(inputs={"X.bias": 0.2})
    assert 0.1 <= gradient.mesh.t[-1] < 0.5
    end = np.tanh(0.2) ** 2 + 0.2 + 0.2 * (0.05 - 1e-3)
    assert value == pytest.approx(20 * end, rel=1e-5)
    assert gradient.message == mc.Status.STEADY.value


def test_no_gradient_of_what_is_not_steady(rates: mc.Solver) -> None:
    with pytest.raises(FloatingPointError, match="not steady in the time given"):
        rates.gradient(steady_within=1e-3)
    assert np.isnan(rates.loss(steady_within=1e-3))


def test_a_mesh_ends_where_its_run_ended(rates: mc.Solver) -> None:
    first = rates.run(record=True)
    again = rates.run(mesh=first.mesh)
    np.testing.assert_array_equal(again["X.u"], first["X.u"])
    np.testing.assert_array_equal(again.t, first.t)
    assert again.status is mc.Status.DONE


def test_a_long_time_with_many_rows_costs_no_memory() -> None:
    """Rows are made as they come: 10^7 of 20 values would be 1.6 GB."""
    text = RATES.replace("within 1[s]", "within 100[s]").replace("every 1[ms]", "every 10[us]")
    run = mc.compile(mc.parse(text)).run()
    assert run.status is mc.Status.STEADY
    assert len(run.t) < 1e5


def test_it_prints_and_parses_back() -> None:
    printed = mc.parse(RC_REST).equations().to("mem")
    assert "run until steady within 0.2[s]" in printed
    assert mc.parse(printed).experiment.is_steady
