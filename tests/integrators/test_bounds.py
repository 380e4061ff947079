"""Walls: states that are held between bounds, reached with speed, left again, and differentiated."""

from typing import Any

import numpy as np
import pytest

from mcompiler.equations.functions import cos, sin
from mcompiler.equations.system import TIME
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import Outcome, Run, integrate, reverse
from tests.integrators.systems import Floats, Model, Options, cells, model, symbol, unknown

x, y = symbol("x"), symbol("y")


def run_of(made: Model, end: float, method: str = "tsit5", **options: Any) -> Run:
    library = made.on("python")
    want, columns = made.columns()
    given: Options = {"want": want, "n_columns": columns, "record": True, **options}
    if not method_named(method).adaptive:
        given.setdefault("step", 0.01)
    return integrate(library, made.z, made.p, made.initial(library), 0.0, end, method=method, **given)


def driven() -> Model:
    """x' = a cos t between walls at -0.5 and 0.5: held from where a sin t passes the wall until the rate turns."""
    state = unknown("x", symbol("a") * cos(TIME), lower=-symbol("wall"), upper=symbol("wall"))
    return model(cells("driven", [state], "a wall"), {"a": 1.0, "wall": 0.5})


def held(t: Floats) -> Floats:
    """The solution by hand: up to the wall, held until pi/2, down by sin t - 1 to the other wall, held until 3 pi/2, and up."""
    first = np.minimum(np.sin(t), 0.5)
    second = np.maximum(0.5 + np.sin(t) - 1.0, -0.5)
    third = np.minimum(-0.5 + np.sin(t) + 1.0, 0.5)
    return np.where(t < np.pi / 2, first, np.where(t < 1.5 * np.pi, second, third))


@pytest.mark.parametrize("name", METHODS)
def test_a_state_is_held_and_leaves_when_the_rate_turns(name: str) -> None:
    at = np.linspace(0.0, 7.0, 141)
    run = run_of(driven(), 7.0, name, save_at=at, rtol=1e-7, atol=1e-7)
    assert run.outcome is Outcome.DONE
    tolerance = 2e-2 if name == "euler" else 1e-4
    assert run.rows[:, 0] == pytest.approx(held(at), abs=tolerance)
    assert np.max(np.abs(run.rows)) == 0.5  # never beyond, and on the wall exactly


@pytest.mark.parametrize("name", ["bs3", "tsit5", "dop853"])
def test_a_wall_costs_few_steps(name: str) -> None:
    """Wall hits are not located; they cost about as many rejections as it takes to shrink to the tolerance, whoever hits the wall."""
    free = model(cells("free", [unknown("x", cos(TIME))]), {})
    without = run_of(free, 7.0, name, rtol=1e-6)
    run = run_of(driven(), 7.0, name, rtol=1e-6)
    assert run.steps + run.rejected < without.steps + without.rejected + 4 * 45  # two hits and two leaves


def test_dense_output_stays_within() -> None:
    run = run_of(driven(), 7.0, "dop853", rtol=1e-3, atol=1e-3, save_at=np.linspace(0.0, 7.0, 1001))
    assert np.max(run.rows) <= 0.5
    assert np.min(run.rows) >= -0.5


@pytest.mark.parametrize("name", METHODS)
def test_no_gradient_flows_through_a_wall(name: str) -> None:
    """At the end x rests on the upper wall: it follows the wall, and neither the start nor the drive."""
    made = driven()
    library = made.on("python")
    run = run_of(made, 1.4, name)
    assert run.y[0] == 0.5
    _, by_p, by_y = reverse(library, made.z, made.p, run, method=name, final=np.ones(1))
    assert by_p.tolist() == [0.0, 1.0]
    assert by_y.tolist() == [0.0]


@pytest.mark.parametrize("name", METHODS)
def test_what_leaves_a_wall_depends_on_it(name: str) -> None:
    """After the first wall x = wall + a (sin t - 1)."""
    made = driven()
    library = made.on("python")
    run = run_of(made, 2.0, name, rtol=1e-8, atol=1e-8)
    _, by_p, by_y = reverse(library, made.z, made.p, run, method=name, final=np.ones(1))
    tolerance = 1e-2 if name == "euler" else 1e-3
    assert by_p == pytest.approx([np.sin(2.0) - 1.0, 1.0], abs=tolerance)
    assert by_y.tolist() == [0.0]


def test_a_start_outside_is_seen_as_a_start_on_the_wall() -> None:
    made = driven()
    library = made.on("python")
    want, columns = made.columns()
    run = integrate(library, made.z, made.p, np.array([3.0]), 0.0, 2.0, want=want, n_columns=columns)
    assert np.max(run.rows) == 0.5
    assert run.y[0] == pytest.approx(0.5 + np.sin(2.0) - 1.0, abs=1e-4)


def test_a_million_walls_are_not_events() -> None:
    """Each member with its own wall and its own time to reach it."""
    count = 300
    walls = np.linspace(0.1, 0.9, count)
    state = unknown("x", symbol("speed"), lower=0, upper=symbol("wall"))
    made = model(cells("walls", [state], "speed", "wall"), {"speed": 1.0, "wall": list(walls)}, count)
    run = run_of(made, 1.0, save_at=np.empty(0), rtol=1e-3, atol=1e-3)
    assert np.array_equal(run.y, walls)
    assert run.steps < 1500


def test_bounds_that_follow_parameters_are_those_of_this_run() -> None:
    made = model(cells("moved", [unknown("x", 1 + 0 * sin(TIME), upper=symbol("top"))], "top"), {"top": 0.7})
    assert run_of(made, 1.0).y[0] == 0.7
    made.p[0] = 0.2
    assert run_of(made, 1.0).y[0] == 0.2
