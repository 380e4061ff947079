"""The Python module: the solver's interface and numbers without mcompiler, in other processes and threads as well."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcompiler as mc
from tests.solver.test_steady import RC_REST

BATCH = """
cell Neuron {
  input j
  state u = 0 scale 1
  output r = tanh(u)
  1[ms]*du/dt = j - u
}
synapse Weight {
  param k = 0.5
  state w = 0.1 scale 1
  1[s]*dw/dt = k*pre.r - w
  post.j += w*pre.r
}
network Net {
  size N = 12
  cells X[N]: Neuron
  synapses W: Weight from X to X by ring(2)
}
experiment move on Net {
  batch 3
  seed 1
  initial X.u ~ normal(0, 1)
  set W.k ~ uniform(0, 1)
  run to 5[ms]
  save every 1[ms]: X.u, W.w, W[3].w
}
"""

ELSEWHERE = """
import json, multiprocessing, pickle, sys
import {name} as module

def ron(value):
    return module.run(parameters={{"M.Ron": value}}, save_at=[0.0, 0.5])["M.w"].tolist()

def solve(solver):
    return solver.run(save_at=[0.0, 0.5])["M.w"].tolist()

if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(ron, [1e3, 2e3, 3e4])
        sent = pool.map(solve, [module.Solver({{"rtol": 1e-9}})])
    run, (value, gradient) = module.run(), module.gradient()
    again = pickle.loads(pickle.dumps((run, gradient)))
    assert (again[0]["M.w"] == run["M.w"]).all() and again[1]["A"] == gradient["A"]
    unwanted = [each for each in sys.modules if each.partition(".")[0] in ("mcompiler", "numba", "sympy", "llvmlite")]
    print(json.dumps([found, sent, value, unwanted]))
"""


@pytest.fixture(scope="module")
def module(fit: mc.Compilation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield from loaded(mc.build(fit, tmp_path_factory.mktemp("module") / "fit", target="python", name="fit_module"))


def loaded(path: Path) -> Iterator[Any]:
    sys.path.insert(0, str(path.parent))
    yield import_module(path.stem)
    sys.path.remove(str(path.parent))
    del sys.modules[path.stem]


def same(one: Any, other: mc.Solution) -> None:
    assert one.status.name == other.status.name
    assert one.units == other.units
    assert one.unknowns == other.unknowns
    assert list(one.signals) == list(other.signals)
    np.testing.assert_array_equal(one.t, other.t)
    np.testing.assert_array_equal(one.y, other.y)
    for name, values in other.signals.items():
        np.testing.assert_array_equal(one[name], values)


def test_runs_and_gradients_are_those_of_a_solver(module: Any, fit: mc.Compilation) -> None:
    solver = mc.compile(fit)
    same(module.run(), solver.run())
    changed: dict[str, Any] = {
        "parameters": {"M.Ron": 2e4},
        "initial": {"M.w": 0.3},
        "rtol": 1e-9,
        "save": ["M.R", "S.i"],
    }
    same(module.run((0.0, 0.7), **changed), solver.run((0.0, 0.7), **changed))
    assert module.Solver().parameters == solver.parameters
    assert module.Solver().initial == solver.initial
    data = {"loop": {"t": [0.1, 0.2, 0.2], "i": [1e-6, 2e-6, 3e-6]}}
    cases: list[dict[str, Any]] = [{}, {"data": data}, {"method": "rk4", "step": 1e-3}]
    for given in cases:
        one, other = module.gradient(**given), solver.gradient(**given)
        assert one[0] == other[0]
        assert one[1].units == other[1].units
        assert dict(one[1]) == dict(other[1])


def test_an_ensemble_is_that_of_a_solver(module: Any, fit: mc.Compilation) -> None:
    given = {"M.Ron": [1e3, 2e3, 3e4], "M.w": [0.1, 0.2, 0.3]}
    same(
        module.run(ensemble=given, save_at=[0.0, 0.5, 1.0]),
        mc.compile(fit).run(ensemble=given, save_at=[0.0, 0.5, 1.0]),
    )
    with pytest.raises(ValueError, match="drawn when this module was built"):
        module.run(ensemble={"seed": [1, 2]})


def test_threads(module: Any) -> None:
    def loss(number: int) -> float:
        return float(module.gradient(parameters={"M.Ron": 1e3 * number})[0])

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(loss, range(1, 17))) == [loss(number) for number in range(1, 17)]


def test_other_processes_and_no_mcompiler(module: Any, fit: mc.Compilation, tmp_path: Path) -> None:
    folder = Path(module.__file__).parent
    script = tmp_path / "elsewhere.py"
    script.write_text(ELSEWHERE.format(name=module.__name__))
    found = subprocess.run(
        [sys.executable, script], env={"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    values, sent, loss, unwanted = json.loads(found.stdout)
    solver = mc.compile(fit)
    runs = [solver.run(parameters={"M.Ron": value}, save_at=[0.0, 0.5])["M.w"].tolist() for value in (1e3, 2e3, 3e4)]
    assert values == runs
    assert sent == [solver.run(save_at=[0.0, 0.5], rtol=1e-9)["M.w"].tolist()]
    assert loss == solver.gradient()[0]
    assert not unwanted


def test_what_is_wrong_is_said_as_by_a_solver(module: Any, fit: mc.Compilation) -> None:
    solver = mc.compile(fit)
    cases: list[dict[str, Any]] = [
        {"parameters": {"M.Rom": 1.0}},
        {"parameters": {"M.Ron": float("nan")}},
        {"initial": {"M.w": 3.0}},
        {"initial": {"M.w": float("inf")}},
        {"parameters": {"M.Ron": [1.0, 2.0]}},
        {"t": (1.0, 0.0)},
        {"t": (0.0, 1.0), "steady_within": 1.0},
        {"method": "rk4"},
        {"nothing": 1},
    ]
    for case in cases:
        with pytest.raises(ValueError, match=r"\w") as expected:
            solver.run(**case)
        with pytest.raises(ValueError, match=r"\w") as found:
            module.run(**case)
        assert str(found.value).split()[:3] == str(expected.value).split()[:3]
    for threads in (0, 1.5):
        with pytest.raises(ValueError, match="threads must be"):
            module.run(threads=threads)
    with pytest.raises(FloatingPointError, match="limit of steps"):
        module.gradient(max_steps=3)


def test_a_batch_of_a_network(tmp_path: Path) -> None:
    model = mc.parse(BATCH)
    for module in loaded(mc.build(model, tmp_path / "batch", target="python", name="batch_module")):
        solver = mc.compile(model)
        same(module.run(), solver.run())
        shape = solver.initial["X.u"].shape
        initial = {"X.u": np.linspace(0.0, 0.01, int(np.prod(shape))).reshape(shape)}
        save = ["X.u", "W[3].w", "X[2].r"]
        same(module.run(initial=initial, save=save), solver.run(initial=initial, save=save))


def test_threads_share_a_dense_network(tmp_path: Path) -> None:
    text = BATCH.replace(" by ring(2)", "").replace("  batch 3\n", "").replace("size N = 12", "size N = 100")
    model = mc.parse(text.replace(", W.w, W[3].w", ""))
    for module in loaded(mc.build(model, tmp_path / "dense", target="python", name="dense_module")):
        expected = mc.compile(model).run()
        for threads in (1, 3):
            same(module.run(threads=threads), expected)


def test_until_steady(tmp_path: Path) -> None:
    model = mc.parse(RC_REST.replace("save every 1[ms]: a.v, R1.i", "save a.v"))
    for module in loaded(mc.build(model, tmp_path / "rest", target="python", name="rest_module")):
        one, other = module.run(), mc.compile(model).run()
        same(one, other)
        assert one.steady_at == other.steady_at
        late, expected = (each(steady_within=1e-9) for each in (module.run, mc.compile(model).run))
        assert late.message == expected.message
        ensemble = {"R0": [1e3, 2e3], "a.v": [0.5, 1.0]}
        same(module.run(ensemble=ensemble), mc.compile(model).run(ensemble=ensemble))
        for each in (module.run, mc.compile(model).run):
            with pytest.raises(ValueError, match="common times"):
                each((0.0, 1e-3), ensemble=ensemble)
