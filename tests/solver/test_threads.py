"""Threads share the rows of dense classes: the same bits whatever their number."""

import threading
from typing import Any

import numpy as np
import pytest

import mcompiler as mc

#: 150 x 150 synapses: five tasks, and rows that need two blocks with one of them cut short.
DENSE = """
cell Unit {
  param tau = 1[s]
  input i
  state x = 0.3 scale 1
  output r = tanh(x)
  tau*dx/dt = -x + i
}
synapse Plastic {
  param g = 0.02
  state w in [0, 1] = 0.5
  post.i += g*(2*w - 1)*pre.r
  pre.i += g*w*post.r
  dw/dt = 0.2[1/s]*sinh(2*post.r*pre.r)*w*(1 - w)
}
network Net {
  size N = 150
  cells X[N]: Unit
  synapses W: Plastic from X to X
}
experiment learn on Net { run to 2[s]; save every 0.5[s]: X.x, W.w; method rk4(step = 0.1[s]) }
"""


@pytest.fixture(scope="module")
def solver() -> mc.Solver:
    return mc.compile(
        mc.parse(DENSE.replace("METHOD", "method rk4(step = 0.1[s])").replace("0.3*sin(0.1*index)", "0.3"))
    )


@pytest.mark.parametrize(
    "options", [{"method": "rk4", "step": 0.05}, {"method": "tsit5", "rtol": 1e-8}], ids=["rk4", "tsit5"]
)
def test_the_same_bits(solver: mc.Solver, options: dict[str, Any]) -> None:
    start = {"X.x": np.linspace(-1, 1, 150), "W.w": np.random.default_rng(0).uniform(0.2, 0.8, (150, 150))}
    runs = [solver.run(initial=start, threads=threads, **options) for threads in (1, 2, 5)]
    assert np.ptp(runs[0]["W.w"][-1] - runs[0]["W.w"][0]) > 1e-3
    for run in runs[1:]:
        assert np.array_equal(run["X.x"], runs[0]["X.x"])
        assert np.array_equal(run["W.w"], runs[0]["W.w"])
        assert run.statistics.evaluations == runs[0].statistics.evaluations
    assert threading.active_count() == 1


def test_a_state_that_breaks_is_told_by_every_thread(solver: mc.Solver) -> None:
    w = np.full((150, 150), 0.9)
    runs = [solver.run(initial={"W.w": w}, parameters={"W.g": 1e308}, threads=threads) for threads in (1, 3)]
    assert [run.status for run in runs] == [mc.Status.NOT_FINITE] * 2


@pytest.mark.parametrize("threads", [0, -1, 1.5, True, 100_000])
def test_numbers_that_make_no_sense(solver: mc.Solver, threads: Any) -> None:
    with pytest.raises(ValueError, match="threads must be a whole number from 1"):
        solver.run(threads=threads)
