"""Copies of cells that share their synapses: against NumPy with the averaged rule, against separate runs, and by the model's names."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import mcompiler as mc
from mcompiler.equations.shown import Derivation
from tests.solver.networks import CELLS, DENSE, LAYERS, SPARSE, SPIKES, ends_of

Floats = NDArray[np.float64]
Rates = Callable[[float, Sequence[Floats]], Sequence[Floats]]
COPIES = 5
STEP = 1e-6
TIMES = np.linspace(0, 2e-5, 3)


def batched(text: str, *statements: str, copies: int = COPIES) -> str:
    """A model with a batch, without its losses."""
    lines = [line for line in text.split("\n") if not line.strip().startswith("loss")]
    return "\n".join(lines).replace("  seed ", "\n".join(["", f"  batch {copies}", *statements, "  seed "]))


def compiled(text: str, *statements: str, copies: int = COPIES, backend: str = "numba") -> mc.Solver:
    return mc.compile(mc.parse(batched(text, *statements, copies=copies)), backend=backend, method="rk4", step=STEP)


def rk4(rates: Rates, y: Sequence[Floats], steps: int, step: float = STEP) -> list[Floats]:
    """Steps of the classical method, written for arrays of any shapes."""

    def moved(by: float, direction: Sequence[Floats]) -> list[Floats]:
        return [each + by * way for each, way in zip(y, direction, strict=True)]

    for number in range(steps):
        t = number * step
        first = rates(t, y)
        second = rates(t + step / 2, moved(step / 2, first))
        third = rates(t + step / 2, moved(step / 2, second))
        fourth = rates(t + step, moved(step, third))
        whole = [a + 2 * b + 2 * c + d for a, b, c, d in zip(first, second, third, fourth, strict=True)]
        y = moved(step / 6, whole)
    return list(y)


def close(found: Floats, expected: Floats) -> None:
    """Equal to round-off, where there is something."""
    kept = np.isfinite(found)
    np.testing.assert_allclose(found[kept], np.broadcast_to(expected, found.shape)[kept], rtol=1e-11, atol=1e-17)


# --- the averaged rule in NumPy


def output(p: dict[str, Floats], cells: str, u: Floats) -> Floats:
    return np.asarray(p[f"{cells}.U0"] * np.tanh(u / p[f"{cells}.U0"]))


def conductance(p: dict[str, Floats], device: str, w: Floats) -> Floats:
    low, high = p[f"{device}.Gmin"], p[f"{device}.Gmax"]
    return np.asarray(low + (high - low) * w)


def speed(p: dict[str, Floats], device: str, w: Floats, r: Floats) -> Floats:
    """The rate of every copy's voltages ``r``, (copies, synapses), averaged; of dense synapses the voltages are (copies, 1, pre)."""
    own = p[f"{device}.alpha"] * np.sinh(r / p[f"{device}.V0"]) * 4 * w * (1 - w)
    return np.asarray(own.mean(axis=0))


def dense_rates(p: dict[str, Floats], bias: Floats) -> Rates:
    def rates(_t: float, y: Sequence[Floats]) -> Sequence[Floats]:
        u, w_p, w_q = y
        r = output(p, "X", u)
        others = 1.0 - np.eye(u.shape[1])
        j = r @ (others * (conductance(p, "W.P", w_p) - conductance(p, "W.Q", w_q))).T
        moving = [others * speed(p, f"W.{name}", w, r[:, None, :]) for name, w in (("P", w_p), ("Q", w_q))]
        return [(-u / p["X.R"] + j + bias) / p["X.C"], *moving]

    return rates


def sparse_rates(p: dict[str, Floats], pre: NDArray[np.int64], post: NDArray[np.int64]) -> Rates:
    def rates(t: float, y: Sequence[Floats]) -> Sequence[Floats]:
        u, w_p, w_q = y
        r = output(p, "X", u)[:, pre]
        j = np.zeros_like(u)
        for edge, cell in enumerate(post):
            g = conductance(p, "W.P", w_p) - conductance(p, "W.Q", w_q)
            j[:, cell] += g[edge] * r[:, edge]
        bias = 2e-6 * np.sin(2 * np.pi * 2e4 * t)
        return [(-u / p["X.R"] + j + bias) / p["X.C"], speed(p, "W.P", w_p, r), speed(p, "W.Q", w_q, r)]

    return rates


def layer_rates(p: dict[str, Floats]) -> Rates:
    def rates(_t: float, y: Sequence[Floats]) -> Sequence[Floats]:
        x, layer, a, m, w_p, w_q = y
        s = 2 * a
        r = output(p, "X", x)
        j = r @ (conductance(p, "W.P", w_p) - conductance(p, "W.Q", w_q)).T
        drive = output(p, "Y", layer) @ p["S.gain"]
        inhibition = -p["H.g"] * m * s[:, None]
        return [
            (-x / p["X.R"] + inhibition + 1e-6) / p["X.C"],
            (-layer / p["Y.R"] + j + p["Y.bias"]) / p["Y.C"],
            (-a + drive) / p["G.tau"],
            ((0.5 + s[:, None] / 0.1 + x - m) / 1e-5).mean(axis=0),
            speed(p, "W.P", w_p, r[:, None, :]),
            speed(p, "W.Q", w_q, r[:, None, :]),
        ]

    return rates


@pytest.mark.parametrize("backend", ["numba", "python", "interpreter"])
def test_a_masked_dense_batch_is_that_of_numpy(backend: str) -> None:
    solver = compiled(DENSE, backend=backend)
    states = ("X.u", "W.P.w", "W.Q.w")
    found = solver.run((0, TIMES[-1]), save_at=TIMES, save=[*states, "X.j", "X.r", "W.P.i"])
    start = [solver.initial[name] for name in states]
    assert [each.shape for each in start] == [(COPIES, 6), (6, 6), (6, 6)]
    p = solver.parameters
    rates = dense_rates(p, p["I0"])
    for row, time in enumerate(TIMES):
        now = rk4(rates, start, round(time / STEP))
        for name, expected in zip(states, now, strict=True):
            close(found[name][row], expected)
        r = output(p, "X", now[0])
        close(found["X.r"][row], r)
        close(found["W.P.i"][row], conductance(p, "W.P", now[1]) * r.mean(axis=0)[None, :])


@pytest.mark.parametrize("backend", ["numba", "interpreter"])
def test_a_sparse_batch_is_that_of_a_loop_over_its_edges(backend: str) -> None:
    solver = compiled(SPARSE, backend=backend)
    states = ("X.u", "W.P.w", "W.Q.w")
    found = solver.run((0, TIMES[-1]), save_at=TIMES, save=states)
    pre, post = ends_of(solver)
    assert pre.max() == 23
    start = [solver.initial[name] for name in states]
    rates = sparse_rates(solver.parameters, pre, post)
    for row, time in enumerate(TIMES):
        for name, expected in zip(states, rk4(rates, start, round(time / STEP)), strict=True):
            close(found[name][row], expected)


def test_two_layers_and_a_single_cell_are_those_of_numpy() -> None:
    solver = compiled(LAYERS, "  initial Y.u ~ normal(0[V], 10[mV])", "  initial G.a ~ normal(0[V], 5[mV])")
    states = ("X.u", "Y.u", "G.a", "H.m", "W.P.w", "W.Q.w")
    found = solver.run((0, TIMES[-1]), save_at=TIMES, save=[*states, "W[3, 4].P.w"])
    start = [solver.initial[name] for name in states]
    assert [each.shape for each in start] == [(COPIES, 5), (COPIES, 4), (COPIES,), (5,), (4, 5), (4, 5)]
    rates = layer_rates(solver.parameters)
    for row, time in enumerate(TIMES):
        for name, expected in zip(states, rk4(rates, start, round(time / STEP)), strict=True):
            close(found[name][row], expected)
    np.testing.assert_array_equal(found["W[3, 4].P.w"], found["W.P.w"][:, 3, 4])


# --- against runs without a batch


def alone(text: str) -> mc.Solver:
    return mc.compile(mc.parse(batched(text, copies=1)), method="rk4", step=STEP)


@pytest.mark.parametrize("text", [DENSE, SPARSE, LAYERS], ids=["dense", "sparse", "layers"])
def test_equal_copies_are_all_the_network_without_a_batch(text: str) -> None:
    plain, solver = alone(text), compiled(text)
    initial = plain.initial
    expected, found = (each.run((0, TIMES[-1]), initial=initial, save_at=TIMES) for each in (plain, solver))
    cells = {place.copies for place in solver.program.description.elements.values()}
    assert cells == {1, COPIES}
    for name, values in expected.signals.items():
        of_copies = solver.program.description.elements[name.partition("[")[0].partition(".")[0]].copies > 1
        close(found[name], values[:, None] if of_copies else values)


@pytest.mark.parametrize("text", [DENSE, SPARSE], ids=["dense", "sparse"])
def test_copies_with_frozen_synapses_are_separate_runs(text: str) -> None:
    frozen: dict[str, object] = {"W.P.alpha": 0.0, "W.Q.alpha": 0.0}
    plain, solver = alone(text), compiled(text)
    initial = solver.initial
    found = solver.run((0, TIMES[-1]), parameters=frozen, save_at=TIMES, save=["X.u", "W.P.w"])
    for copy in range(COPIES):
        own = {**initial, "X.u": initial["X.u"][copy]}
        expected = plain.run((0, TIMES[-1]), parameters=frozen, initial=own, save_at=TIMES, save=["X.u", "W.P.w"])
        close(found["X.u"][:, copy], expected["X.u"])
        close(found["W.P.w"], expected["W.P.w"])


def test_an_adaptive_run_of_a_batch_keeps_its_tolerance() -> None:
    solver = compiled(DENSE)
    found = solver.run((0, TIMES[-1]), save_at=TIMES, save=["X.u"], method="tsit5", rtol=1e-10, atol=1e-12)
    start = [solver.initial[name] for name in ("X.u", "W.P.w", "W.Q.w")]
    p = solver.parameters
    fine = rk4(dense_rates(p, p["I0"]), start, 320, STEP / 16)
    np.testing.assert_allclose(found["X.u"][-1], fine[0], rtol=1e-8)


def test_a_batch_of_one_is_the_network_itself() -> None:
    plain = mc.compile(mc.parse(DENSE)).run()
    one = mc.compile(mc.parse(batched(DENSE, copies=1))).run()
    for name, values in plain.signals.items():
        np.testing.assert_array_equal(one[name], values)


def test_copies_of_spiking_cells_spike_by_themselves() -> None:
    frozen = SPIKES.replace("dx/dt = (exp(-pre.clock/1[ms]) - x)/3[ms]", "dx/dt = 0[1/s]")
    solver = mc.compile(mc.parse(batched(frozen)), method="rk4", step=1e-5)
    plain = mc.compile(mc.parse(batched(frozen, copies=1)), method="rk4", step=1e-5)
    initial = solver.initial
    found = solver.run()
    assert {each.name.rpartition(" of ")[2] for each in found.events} == {f"copy {each}" for each in range(COPIES)}
    count = 0
    for copy in range(COPIES):
        expected = plain.run(initial={"X.u": initial["X.u"][copy]})
        np.testing.assert_allclose(found["X.u"][:, copy], expected["X.u"], rtol=1e-9, atol=1e-12)
        count += len(expected.events)
    assert len(found.events) == count


# --- by the model's names

INPUTS = (
    CELLS
    + """
network Row {
  size N = 20
  cells X[N]: Neuron
  cells G: Neuron
  synapses W: Pair from X to X by ring(1)
  synapses V: Pair from X to G
}
experiment e on Row {
  data patterns = "patterns.npz"
  batch 3
  input X.bias = 2[uA]*patterns.noisy
  input G.bias = 1[uA]*patterns.each
  run to 10[us]
  save every 1[us]: X.u, X.r, X[3].u, W.P.w, G.u, V.P.w
}
"""
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> mc.Solver:
    folder: Path = tmp_path_factory.mktemp("patterns")
    (folder / "model.mem").write_text(INPUTS, "utf-8")
    np.savez(folder / "patterns.npz", noisy=np.arange(60.0).reshape(3, 20), each=np.arange(3.0))
    return mc.compile(mc.load(folder / "model.mem"))


def test_signals_of_cells_have_the_copies_behind_time(inputs: mc.Solver) -> None:
    found = inputs.run()
    shapes = {name: values.shape for name, values in found.signals.items()}
    assert shapes == {
        "X.u": (11, 3, 20),
        "X.r": (11, 3, 20),
        "X[3].u": (11, 3),
        "W.P.w": (11, 40),
        "G.u": (11, 3),
        "V.P.w": (11, 20),
    }
    np.testing.assert_array_equal(found["X[3].u"], found["X.u"][:, :, 3])
    assert len(np.unique(found["X.u"][-1])) == 60


def test_values_are_given_for_every_copy_or_for_all(inputs: mc.Solver) -> None:
    assert {name: inputs.parameters[name].shape for name in ("X.bias", "G.bias", "X.R", "W.P.alpha")} == {
        "X.bias": (3, 20),
        "G.bias": (3,),
        "X.R": (),
        "W.P.alpha": (),
    }
    np.testing.assert_array_equal(inputs.parameters["X.bias"], 2e-6 * np.arange(60.0).reshape(3, 20))
    each, common = np.linspace(-0.1, 0.1, 60).reshape(3, 20), np.linspace(-0.1, 0.1, 20)
    for given, expected in ((each, each), (common, np.tile(common, (3, 1))), (0.05, np.full((3, 20), 0.05))):
        found = inputs.run(initial={"X.u": given}, save=["X.u"], save_at=[0])
        np.testing.assert_array_equal(found["X.u"][0], expected)
    found = inputs.run(initial={"G.u": np.array([0.1, 0.2, 0.3])}, save=["G.u"], save_at=[0])
    np.testing.assert_array_equal(found["G.u"][0], [0.1, 0.2, 0.3])


def test_a_batch_goes_on_from_what_another_run_saved(inputs: mc.Solver) -> None:
    first = inputs.run((0, 5e-6), save=["X.u", "G.u", "W.P.w", "V.P.w", "W.Q.w", "V.Q.w"], save_at=[5e-6], rtol=1e-9)
    last: dict[str, object] = {name: values[0] for name, values in first.signals.items()}
    second = inputs.run((5e-6, 1e-5), initial=last, save=["X.u"], save_at=[1e-5], rtol=1e-9)
    whole = inputs.run((0, 1e-5), save=["X.u"], save_at=[1e-5], rtol=1e-9)
    np.testing.assert_allclose(second["X.u"], whole["X.u"], rtol=1e-6, atol=1e-9)


def test_inputs_of_a_run_may_differ_from_copy_to_copy(inputs: mc.Solver) -> None:
    common = np.linspace(0, 1e-6, 20)
    same = inputs.run(inputs={"X.bias": common}, save=["X.u"])["X.u"]
    np.testing.assert_allclose(same, np.broadcast_to(same[:, :1], same.shape), rtol=1e-12)
    again = inputs.run(inputs={"X.bias": np.tile(common, (3, 1))}, save=["X.u"])["X.u"]
    np.testing.assert_array_equal(again, same)


def test_shapes_that_do_not_fit_are_refused(inputs: mc.Solver) -> None:
    with pytest.raises(ValueError, match=r"X\.u needs one number or an array of shape \(20,\) or \(3, 20\), not shape"):
        inputs.run(initial={"X.u": np.zeros((20, 3))})
    with pytest.raises(ValueError, match=r"W\.P\.w needs one number or an array of shape \(40,\), not shape"):
        inputs.run(initial={"W.P.w": np.full((3, 40), 0.5)})
    with pytest.raises(ValueError, match=r"G\.u needs one number or an array of shape \(3,\), not shape \(2,\)"):
        inputs.run(initial={"G.u": np.zeros(2)})


def test_an_ensemble_of_batches_has_the_runs_first(inputs: mc.Solver) -> None:
    found = inputs.run(ensemble={"X.R": [1e4, 2e4]}, save=["X.u"])
    assert found["X.u"].shape == (2, 11, 3, 20)


def test_a_table_has_a_column_for_every_copy_and_cell(inputs: mc.Solver, tmp_path: Path) -> None:
    inputs.run(save=["X[3].u", "G.u"]).save(tmp_path / "run.csv")
    header = (tmp_path / "run.csv").read_text("utf-8").partition("\n")[0]
    assert header.count(",") == 6


# --- what is not compiled


def test_a_loss_of_a_batch_is_refused_where_it_is_asked_for() -> None:
    text = batched(DENSE) + "learning Fit on Memory {\n  loss = (X[1].u/1[V])^2\n}\n"
    solver = mc.compile(mc.parse(text))
    with pytest.raises(mc.CompileError, match="losses of batches"):
        solver.gradient()
    with pytest.raises(mc.CompileError, match="losses of batches"):
        solver.loss()


def test_the_equations_are_those_of_one_copy() -> None:
    forward: Derivation = "forward"
    plain, found = (mc.parse(batched(DENSE, copies=copies)) for copies in (1, COPIES))
    assert str(plain.equations(forward)) == str(found.equations(forward))
