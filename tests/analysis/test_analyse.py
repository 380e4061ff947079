"""Analyses against NumPy: closed forms of tanh networks (MATH 3a), circuits, bounded states, bifurcations, and what has no fixed point."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mcompiler as mc
from mcompiler.analysis.analysis import Analysis, analyse
from mcompiler.analysis.spectrum import longest_step
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.solver.solver import Solver
from tests.solver.conftest import ARRAY
from tests.solver.networks import DENSE, LAYERS, SPIKES, ends_of
from tests.solver.test_steady import RATES, RC_REST, weights

Floats = NDArray[np.float64]

#: Weights that are slow states of the synapses.
SLOW = """
cell Neuron { param tau = 1[ms]
  input j
  input bias = 0.3
  state u = 0 scale 1
  output r = tanh(u)
  tau*du/dt = j - u + bias }
synapse Slow { param W = 0
  param tw = 20[ms]
  state w = 0 scale 1
  tw*dw/dt = W - w + 0.1*pre.r*post.r
  post.j += w*pre.r }
network Net { size N = 8
  cells X[N]: Neuron
  synapses W: Slow from X to X WIRING }
experiment rest on Net { set W.W ~ uniform(-0.2, 0.2)
  run until steady within 2[s]
  save X.u }
"""
BISTABLE = """
cell Unit { param a = -0.5
  state x = 0.01 scale 1
  1[ms]*dx/dt = a*x - x^3 }
network Net { cells X: Unit }
experiment rest on Net { run until steady within 1[s] }
"""
WALL = """
cell Unit { state x in [0, 1] = 0.5
  state y = 0 scale 1
  1[ms]*dx/dt = 1 + y
  1[ms]*dy/dt = x - 3*y }
network Net { cells X: Unit }
experiment rest on Net { run until steady within 1[s] }
"""


@pytest.fixture(scope="module")
def rates() -> Solver:
    return mc.compile(mc.parse(RATES))


def ordered(values: Any) -> NDArray[np.complex128]:
    """Eigenvalues in the order in which they are told."""
    found: NDArray[np.complex128] = np.asarray(values, dtype=np.complex128)
    return found[np.lexsort((-found.imag, -found.real))]


@pytest.mark.parametrize("gain", [0.5, 0.9])
def test_a_tanh_network_and_its_error_network(rates: Solver, gain: float) -> None:
    """M^-1 J = (-1 + W S)/tau, of cells with time constants of their own; the error network from its own equations."""
    W = weights(20, gain)
    tau = 1e-3 * (1 + 0.5 * np.random.default_rng(1).random(20))
    solver = mc.compile(mc.parse(RATES.replace("set W.W", "set X.tau ~ uniform(1[ms], 1.5[ms])\n  set W.W")))
    found = analyse(solver, parameters={"W.W": W, "X.tau": tau})
    u = found.fixed_point.state
    assert found.fixed_point.kind == "all"
    np.testing.assert_allclose(W @ np.tanh(u) - u + 0.3, 0, atol=1e-13)
    exact = np.linalg.eigvals((W * (1 - np.tanh(u) ** 2) - np.eye(20)) / tau[:, None])
    np.testing.assert_allclose(found.readings[0].spectrum.leading, ordered(exact)[:6], rtol=1e-9)
    assert abs(found.readings[0].spectrum.largest) == pytest.approx(np.abs(exact).max(), rel=1e-9)
    assert found.error is not None
    np.testing.assert_allclose(found.error.spectrum.leading, ordered(exact)[:6], rtol=1e-9)
    assert found.readings[0].spectrum.stability == found.error.spectrum.stability == "stable"


def test_the_mode_is_the_eigenvector(rates: Solver) -> None:
    W = weights(20, 0.5, symmetric=True)
    found = analyse(rates, parameters={"W.W": W}).readings[0]
    u = analyse(rates, parameters={"W.W": W}).fixed_point.state
    values, vectors = np.linalg.eig(W * (1 - np.tanh(u) ** 2) - np.eye(20))
    first = np.abs(vectors[:, int(np.argmax(np.real(values)))])
    assert found.dominant[0][0] == f"X[{int(np.argmax(first))}].u"
    np.testing.assert_allclose(np.abs(found.spectrum.mode), first / first.max(), rtol=1e-6)


@pytest.mark.parametrize("backend", ["python", "interpreter", "numba"])
def test_both_sides_of_a_bifurcation(backend: str) -> None:
    """x' = a x - x^3: at 0 the rate is a, beyond it +-sqrt(a) with -2 a; a start at 0 finds it unstable."""
    solver = mc.compile(mc.parse(BISTABLE), backend=backend)
    below = analyse(solver)
    assert below.readings[0].spectrum.rate == pytest.approx(-500.0)
    beyond = analyse(solver, parameters={"X.a": 0.5})
    assert beyond.fixed_point.state == pytest.approx([np.sqrt(0.5)])
    assert beyond.readings[0].spectrum.rate == pytest.approx(-1000.0)
    at_zero = analyse(solver, parameters={"X.a": 0.5}, initial={"X.x": 0.0})
    assert at_zero.readings[0].spectrum.stability == "unstable"
    assert at_zero.readings[0].spectrum.rate == pytest.approx(500.0)
    marginal = analyse(solver, parameters={"X.a": 0.0}, initial={"X.x": 0.0})
    assert marginal.readings[0].spectrum.stability == "marginal"
    assert "MARGINAL" in str(marginal)


def test_states_at_bounds_have_no_direction() -> None:
    found = analyse(mc.compile(mc.parse(WALL), backend="python"))
    assert found.held_at_bounds == 1
    assert found.fixed_point.state == pytest.approx([1.0, 1.0 / 3.0])
    assert found.readings[0].spectrum.leading == pytest.approx([-3000.0])
    assert "1 unknown is at a bound" in str(found)


def test_an_rc_circuit() -> None:
    found = analyse(mc.compile(mc.parse(RC_REST), backend="python"))
    assert found.readings[0].spectrum.time_constant == pytest.approx(2e-3)
    assert found.readings[0].dominant == (("a.v", 1.0),)
    assert found.no_error == "the model has no loss"


def slow_jacobian(solver: Solver, state: Floats) -> Floats:
    """By central differences of the rates of NumPy, cells first, then w[post, pre]."""
    n, W = 8, solver.parameters["W.W"]

    def rates(y: Floats) -> Floats:
        r, w = np.tanh(y[:n]), y[n:].reshape(n, n)
        both = (w @ r - y[:n] + 0.3) / 1e-3, (W - w + 0.1 * np.outer(r, r)) / 20e-3
        return np.concatenate([both[0], both[1].ravel()])

    np.testing.assert_allclose(rates(state), 0, atol=1e-7)
    h = 1e-5
    return np.stack([(rates(state + h * e) - rates(state - h * e)) / (2 * h) for e in np.eye(len(state))], axis=1)


def test_states_of_edges_free_and_held() -> None:
    solver = mc.compile(mc.parse(SLOW.replace("WIRING", "")))
    found = analyse(solver)
    J = slow_jacobian(solver, found.fixed_point.state)
    assert [each.of for each in found.readings] == ["all unknowns", "edge states held"]
    for reading, matrix in zip(found.readings, (J, J[:8, :8]), strict=True):
        exact = ordered(np.linalg.eigvals(matrix))
        np.testing.assert_allclose(np.real(reading.spectrum.leading), np.real(exact[:6]), rtol=1e-4)


def test_pairs_that_are_not_there_have_no_direction() -> None:
    found = analyse(mc.compile(mc.parse(SLOW.replace("WIRING", "where pre != post"))))
    assert found.readings[0].spectrum.size == 8 + 56


@pytest.mark.parametrize("eliminated", [10, 1000])
def test_large_systems_by_iteration_agree_with_small_ones(monkeypatch: pytest.MonkeyPatch, eliminated: int) -> None:
    """The same network dense, and as if it were large: Arnoldi's method, GMRES, and the elimination of edge states."""
    solver = mc.compile(mc.parse(SLOW.replace("WIRING", "").replace("size N = 8", "size N = 30")))
    for module in ("spectrum", "fixed_point", "analysis"):
        monkeypatch.setattr(f"mcompiler.analysis.{module}.DENSE", 2000)
    dense = analyse(solver)
    for module in ("spectrum", "fixed_point", "analysis"):
        monkeypatch.setattr(f"mcompiler.analysis.{module}.DENSE", 10)
    monkeypatch.setattr("mcompiler.analysis.slow._ELIMINATED", eliminated)
    iterated = analyse(solver)
    assert not iterated.readings[0].spectrum.is_complete
    for one, other in zip(dense.readings, iterated.readings, strict=True):
        assert other.spectrum.rate == pytest.approx(one.spectrum.rate, rel=1e-4)
        assert abs(other.spectrum.largest) == pytest.approx(abs(one.spectrum.largest), rel=2e-2)
    np.testing.assert_allclose(iterated.fixed_point.state, dense.fixed_point.state, atol=1e-6)


def test_two_thousand_cells_in_seconds() -> None:
    """A random network of 2,000 cells and 200,000 synapses: against all eigenvalues of its matrix."""
    text = RATES.replace("size N = 20", "size N = 2000").replace("X to X", "X to X by ring(50)")
    solver = mc.compile(mc.parse(text.replace("uniform(-1e-9, 1e-9)", "uniform(-0.1, 0.1)")))
    found = analyse(solver)
    reading = found.readings[0].spectrum
    W = np.zeros((2000, 2000))
    pre, post = ends_of(solver)
    np.add.at(W, (post, pre), solver.parameters["W.W"])
    u = found.fixed_point.state
    np.testing.assert_allclose(W @ np.tanh(u) - u + 0.3, 0, atol=1e-8)
    exact = np.linalg.eigvals((W * (1 - np.tanh(u) ** 2) - np.eye(2000)) / 1e-3)
    assert reading.rate == pytest.approx(exact.real.max(), rel=1e-5)
    assert abs(reading.largest) == pytest.approx(np.abs(exact).max(), rel=2e-2)
    assert reading.size == 2000


def test_what_creeps_is_held() -> None:
    """Memristors that drift while they are read: the cells rest with their states held."""
    found = analyse(mc.compile(mc.parse(DENSE)))
    assert found.fixed_point.kind == "held"
    assert found.fixed_point.residual < 1e-5 < found.fixed_point.edge_residual
    assert "states of edges move here" in str(found)
    assert "taken at a given time" in found.no_error


def test_the_error_network_of_two_layers() -> None:
    found = analyse(mc.compile(mc.parse(LAYERS)))
    assert found.error is not None
    np.testing.assert_allclose(found.error.spectrum.leading, found.readings[-1].spectrum.leading, rtol=1e-6)


COPIES = SLOW.replace("WIRING", "").replace("rest on Net {", "rest on Net { batch 3;")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ARRAY, "its inputs change in time"),
        (SPIKES, r"events go on \(\d+ of X\[\d+\]"),
        (COPIES, "3 copies share the synapses"),
    ],
)
def test_what_has_no_fixed_point_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        analyse(mc.compile(mc.parse(text)))


def test_an_oscillator_is_linearised_where_it_starts() -> None:
    text = """
    cell Oscillator { state x = 0.1 scale 1
      state y = 0 scale 1
      1[ms]*dx/dt = y
      1[ms]*dy/dt = (1 - x^2)*y - x }
    network Net { cells X: Oscillator }
    experiment e on Net { run to 0.1[s] }
    """
    found = analyse(mc.compile(mc.parse(text), backend="python"))
    assert found.fixed_point.kind == "start"
    assert "NO FIXED POINT WAS FOUND" in str(found)
    exact = np.linalg.eigvals(np.array([[0, 1], [-1, 0.99]]) * 1e3)
    np.testing.assert_allclose(found.readings[0].spectrum.leading, ordered(exact), rtol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_the_longest_step_is_where_a_method_stops_to_damp(method: str) -> None:
    """Against steps taken: x' = -x decays with 0.99 of it and grows with 1.01 of it."""
    solver = mc.compile(mc.parse(BISTABLE.replace("a*x - x^3", "-x")), backend="python")
    limit = longest_step(method_named(method), -1000.0 + 0j)
    assert limit == pytest.approx({"euler": 2e-3, "heun": 2e-3, "rk4": 2.785e-3}.get(method, limit), rel=1e-2)
    assert longest_step(method_named(method), 1.0 + 0j) == np.inf
    if not method_named(method).adaptive:
        ends = [
            float(abs(solver.run((0, 0.4), method=method, step=limit * part, save=["X.x"])["X.x"][-1]))
            for part in (0.98, 1.02)
        ]
        assert ends[0] < 0.01 < ends[1]


def test_memory_is_that_of_the_arrays(rates: Solver) -> None:
    found: Analysis = analyse(rates, method="rk4", step=1e-5)
    cells, synapses = found.classes
    assert (cells.members, cells.states, synapses.members, synapses.states) == (20, 1, 400, 0)
    assert (synapses.parameter_bytes, synapses.index_bytes, synapses.varying) == (3200, 0, ("W",))
    program = rates.program
    assert sum(each.state_bytes for each in found.classes) == 8 * program.unknowns
    parameters = sum(each.parameter_bytes for each in found.classes)
    assert parameters <= 8 * len(program.p) < parameters + 64  # the weights begin where a cache line does
    assert cells.total == sum(
        [cells.state_bytes, cells.parameter_bytes, cells.index_bytes, cells.scratch_bytes, cells.stage_bytes]
    )


def test_json_is_plain(rates: Solver) -> None:
    found = analyse(rates)
    plain = json.loads(json.dumps(found.to_json()))
    assert plain["model"] == "Net"
    assert plain["readings"][0]["stability"] == "stable"
    assert plain["readings"][0]["spectrum"]["leading"][0][0] == pytest.approx(-1000.0)
    assert "state" not in plain["fixed_point"]
