"""Ensembles: runs side by side go where each goes alone, whatever the method, the tolerance and the other runs; what does not fit lanes runs one by one."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mcompiler as mc
from mcompiler.integrators.methods import METHODS
from mcompiler.solver.ensemble import join, run_one_by_one
from mcompiler.solver.lanes import LEAST

DRIVEN = """
circuit Bench { param A = 1[V]; node a
  S: VoltageSource(a, ground, V = A*sin(2*pi*1[Hz]*t)); M: HP(a, ground) }
experiment loop on Bench { run to 2[s]; save every 50[ms]: M.w, M.i }
"""
RUNAWAY = """
device Runaway(p, n) { state x = 1; i = x*v/1[ohm]; dx/dt = x^2*1[1/s] }
circuit C { node a; S: VoltageSource(a, ground, V = 1[V]); M: Runaway(a, ground) }
experiment blow on C { run to 1[s]; save every 0.25[s]: M.x }
"""
COUNT = LEAST + 7
Values = dict[str, NDArray[np.float64]]


@pytest.fixture(scope="module")
def driven() -> mc.Solver:
    return mc.compile(mc.parse(DRIVEN))


@pytest.fixture(scope="module")
def runaway() -> mc.Solver:
    return mc.compile(mc.parse(RUNAWAY))


def values(count: int = COUNT) -> Values:
    draw = np.random.default_rng(3)
    return {
        "A": draw.uniform(0.3, 0.6, count),
        "M.Ron": draw.uniform(80.0, 120.0, count),
        "M.w": draw.uniform(0.05, 0.25, count),
    }


def alone(solver: mc.Solver, ensemble: Values, number: int, **options: Any) -> mc.Solution:
    parameters = {name: each[number] for name, each in ensemble.items() if name != "M.w"}
    return solver.run(parameters=parameters, initial={"M.w": ensemble["M.w"][number]}, **options)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_goes_where_it_goes_alone(driven: mc.Solver, method: str) -> None:
    """The same steps, so the same numbers to round-off: of a driven model, rows inside steps and at their ends."""
    options: dict[str, Any] = {"method": method, **({} if METHODS[method]().adaptive else {"step": 2e-3})}
    many = driven.run(ensemble=values(), **options)
    assert many.success
    assert many["M.w"].shape == (COUNT, 41)
    runs = [alone(driven, values(), number, **options) for number in range(COUNT)]
    for name in ("M.w", "M.i"):
        one_by_one = np.stack([run[name] for run in runs])
        np.testing.assert_allclose(many[name], one_by_one, rtol=1e-11, atol=1e-12 * abs(one_by_one).max())
    assert many.statistics.steps == sum(run.statistics.steps for run in runs)
    assert many.statistics.rejected == sum(run.statistics.rejected for run in runs)
    assert many.units == runs[0].units


def test_threads_and_other_runs_change_no_bit(driven: mc.Solver) -> None:
    many = driven.run(ensemble=values(600))
    again = driven.run(ensemble=values(600), threads=3)
    turned = driven.run(ensemble={name: each[::-1] for name, each in values(600).items()}, threads=2)
    assert np.array_equal(many["M.w"], again["M.w"])
    assert np.array_equal(many["M.w"], turned["M.w"][::-1])
    assert many.statistics.steps == again.statistics.steps == turned.statistics.steps


def test_times_that_are_the_same_at_the_start_and_at_the_end(driven: mc.Solver) -> None:
    at = [0.5, 0.5, 0.7, 0.7, 0.9, 0.9]
    many = driven.run((0.5, 0.9), ensemble=values(), save_at=at)
    assert np.array_equal(many.t, at)
    assert np.array_equal(many["M.w"][:, ::2], many["M.w"][:, 1::2])
    np.testing.assert_allclose(many["M.w"][:, 0], values()["M.w"], rtol=1e-15)
    one = alone(driven, values(), 5, t=(0.5, 0.9), save_at=at)
    np.testing.assert_allclose(many["M.w"][5], one["M.w"], rtol=1e-11)
    none = driven.run(ensemble=values(), save_at=[])
    assert none["M.w"].shape == (COUNT, 0)
    assert none.success


def test_steps_are_limited(driven: mc.Solver) -> None:
    """First step, longest step and number of steps mean what they mean alone."""
    options: dict[str, Any] = {"step": 1e-4, "max_step": 3e-3}
    many = driven.run(ensemble=values(), **options)
    runs = [alone(driven, values(), number, **options) for number in range(0, COUNT, 10)]
    np.testing.assert_allclose(many["M.w"][::10], np.stack([run["M.w"] for run in runs]), rtol=1e-9)
    few = driven.run(ensemble=values(), max_steps=25)
    alike = [alone(driven, values(), number, max_steps=25) for number in range(COUNT)]
    assert few.status is mc.Status.TOO_MANY_STEPS
    assert few.statistics.steps == sum(run.statistics.steps for run in alike)
    assert len(few.t) == max(len(run.t) for run in alike)
    for number, run in enumerate(alike):
        np.testing.assert_allclose(few["M.w"][number, : len(run.t)], run["M.w"], rtol=1e-9)
        assert np.all(np.isnan(few["M.w"][number, len(run.t) :]))


def test_a_run_that_fails_stops_no_other(runaway: mc.Solver) -> None:
    """x = 1/(1/x0 - t) runs away at 1/x0."""
    start = np.linspace(0.1, 2.5, COUNT)
    many = runaway.run(ensemble={"M.x": start})
    assert many.status is mc.Status.STEP_TOO_SMALL
    ends = 1.0 / start
    failed = int(np.argmax(ends < 1.0))
    assert f"run {failed} of {COUNT}: at t = {ends[failed]:.2f}" in many.message
    assert "M.x changes fastest" in many.message
    assert f"; {int(np.sum(ends < 1.0))} failed" in many.message
    with np.errstate(all="ignore"):
        exact = np.where(many.t < 0.99 * ends[:, None], 1.0 / (1.0 / start[:, None] - many.t), np.nan)
    there = np.isfinite(exact)
    np.testing.assert_allclose(many["M.x"][there], exact[there], rtol=1e-4)
    assert np.array_equal(np.isnan(many["M.x"]), many.t > ends[:, None])


def test_a_run_that_begins_wrong(driven: mc.Solver) -> None:
    """Who cannot begin is told as it is told alone; nothing is computed."""
    start = np.full(COUNT, 0.5)
    start[40] = 1.25
    with pytest.raises(
        ValueError, match=r"M\.w would begin at 1\.25, outside its bounds: the nearest value inside is 1"
    ):
        driven.run(ensemble={"M.w": start})
    start[40] = np.nan
    with pytest.raises(ValueError, match=r"the initial value of M\.w is not finite"):
        driven.run(ensemble={"M.w": start})
    with pytest.raises(ValueError, match=r"the value of A is not a number"):
        driven.run(ensemble={"A": start})
    with pytest.raises(ValueError, match=r"M\.w needs one number, not shape \(2,\)"):
        driven.run(ensemble={"M.w": np.full((COUNT, 2), 0.5)})


def test_what_is_saved_stays_within_the_memory_limit(driven: mc.Solver) -> None:
    with pytest.raises(
        ValueError, match=r"71 runs with 41 times of 2 saved values need 46,576 bytes, and memory_limit is 40,000"
    ):
        driven.run(ensemble=values(), memory_limit=40_000)
    assert driven.run(ensemble=values(), memory_limit=50_000).success


@pytest.mark.parametrize("threads", [0, -1, 1.5])
def test_threads_are_counted(driven: mc.Solver, threads: float) -> None:
    with pytest.raises(ValueError, match="threads must be a whole number from 1 to"):
        driven.run(ensemble=values(), threads=threads)


def test_values_of_the_whole_beside_those_of_each(driven: mc.Solver) -> None:
    many = driven.run(ensemble={"M.w": values()["M.w"]}, parameters={"M.Ron": 90.0}, initial={"M.w": 2.0})
    one = driven.run(parameters={"M.Ron": 90.0}, initial={"M.w": values()["M.w"][3]})
    np.testing.assert_allclose(many["M.w"][3], one["M.w"], rtol=1e-11)


def test_seeds_draw_anew_side_by_side() -> None:
    text = DRIVEN.replace("M: HP(a, ground)", "M: HP(a, ground, Ron ~ normal(100[ohm], 5%), w ~ uniform(0.1, 0.3))")
    solver = mc.compile(mc.parse(text))
    many = solver.run(ensemble={"seed": range(COUNT)})
    few = solver.run(ensemble={"seed": [0, 5, 70]})
    assert len(np.unique(many["M.w"][:, 0])) == COUNT
    np.testing.assert_allclose(many["M.w"][[0, 5, 70]], few["M.w"], rtol=1e-11)


@pytest.mark.parametrize(
    "text",
    [
        DRIVEN.replace("A*sin(2*pi*1[Hz]*t)", "pulse(t, 0[V], A, 0.3[s], 1[ms], 1[ms], 0.5[s], 1[s])"),
        DRIVEN.replace("run to 2[s]", "run to 2[s]*A/1[V]").replace("save every 50[ms]", "save every 0.1[s]*A/1[V]"),
    ],
    ids=["corners", "times of their own"],
)
def test_what_does_not_fit_lanes_runs_one_by_one(text: str) -> None:
    solver = mc.compile(mc.parse(text))
    some = {"A": np.repeat([0.7, 1.0], COUNT // 2 + 1)}
    many = solver.run(ensemble=some)
    threaded = solver.run(ensemble=some, threads=2)
    one = solver.run(parameters={"A": 0.7})
    assert np.array_equal(many["M.w"][0], np.where(np.isin(many.t, one.t), many["M.w"][1], np.nan), equal_nan=True)
    assert np.array_equal(many["M.w"], threaded["M.w"], equal_nan=True)
    assert np.array_equal(
        many["M.w"][3, : len(one.t)][np.isin(many.t[: len(one.t)], one.t)], one["M.w"][np.isin(one.t, many.t)]
    )


@pytest.mark.parametrize("backend", ["python", "interpreter"])
def test_other_backends_run_lanes_too(backend: str, driven: mc.Solver) -> None:
    options: dict[str, Any] = {"save": ["M.w"], "save_at": [0.011, 0.02], "rtol": 1e-5, "threads": 2}
    other = mc.compile(mc.parse(DRIVEN), backend=backend).run((0.0, 0.02), ensemble=values(LEAST), **options)
    same = driven.run((0.0, 0.02), ensemble=values(LEAST), **options)
    np.testing.assert_allclose(other["M.w"], same["M.w"], rtol=1e-13)
    assert other.statistics.steps == same.statistics.steps


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_between_runs_keeps_those_that_are_whole(driven: mc.Solver, threads: int) -> None:
    run = driven.run()

    def report(done: float) -> None:
        if done >= 0.2:
            raise KeyboardInterrupt

    def planned(_number: int) -> Callable[[Any], mc.Solution]:
        time.sleep(0.01)
        return lambda _report: run

    found = run_one_by_one(20, planned, threads, report)
    assert 4 <= len(found) < 20
    many = join(found, {"A": np.zeros(20)})
    assert many.status is mc.Status.INTERRUPTED
    assert f"{len(found)} of 20 runs are whole" in many.message
    assert len(many.ensemble["A"]) == len(many["M.w"]) == len(found)
