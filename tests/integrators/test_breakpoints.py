"""Breakpoints of pulses and straight-line sources: steps end there, see what is on their own side, and start anew."""

from typing import Any

import numpy as np
import pytest

from mcompiler.equations.functions import pulse, pwl
from mcompiler.equations.system import TIME, Definition, System, Template, VertexClass
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import Outcome, Run, integrate
from mcompiler.integrators.slots import KIND_AFTER_BREAK, KIND_AT_BREAK
from mcompiler.units import DIMENSIONLESS as ONE
from tests.integrators.systems import Model, Options, cells, model, symbol, unknown, when

x, y = symbol("x"), symbol("y")
PULSE = {"high": 2.0, "delay": 0.3, "rise": 0.01, "width": 0.2, "period": 1.0}


def charge(start: float = 0.0) -> Model:
    """The integral of a pulse that begins at ``start`` + delay."""
    source = pulse(
        TIME - start,
        0,
        symbol("high"),
        symbol("delay"),
        symbol("rise"),
        symbol("rise"),
        symbol("width"),
        symbol("period"),
    )
    return model(cells("charge", [unknown("x", source)], "high delay rise width period"), PULSE)


def run_of(made: Model, t0: float, t1: float, method: str, **options: Any) -> Run:
    library = made.on("python")
    want, columns = made.columns()
    given: Options = {"want": want, "n_columns": columns, "record": True, **options}
    if not method_named(method).adaptive:
        given.setdefault("step", (t1 - t0) / 20)
    return integrate(library, made.z, made.p, made.initial(library), t0, t1, method=method, **given)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("rise", [0.0, 1e-9, 0.01])
def test_the_charge_of_pulses_is_exact(name: str, rise: float) -> None:
    """Piecewise constant and linear sources are integrated to round-off, by Euler where they are constant: no step looks across a corner."""
    made = charge()
    made.p[2] = rise
    run = run_of(made, 0.0, 3.0, name)
    assert run.outcome is Outcome.DONE
    tolerance = max(2 * rise, 1e-12) if name == "euler" else 1e-12
    assert run.y[0] == pytest.approx(3 * 2.0 * (0.2 + rise), abs=tolerance)
    assert run.rejected == 0
    assert run.tape is not None
    breaks = run.tape.t[1:][run.tape.kinds & KIND_AT_BREAK != 0]
    corners = np.unique([0.3 + k + offset for k in range(3) for offset in (0, rise, 0.2 + rise, 0.2 + 2 * rise)])
    assert breaks == pytest.approx(corners, abs=1e-15)
    assert np.array_equal(run.tape.kinds[1:] & KIND_AFTER_BREAK != 0, run.tape.kinds[:-1] & KIND_AT_BREAK != 0)


@pytest.mark.parametrize("start", [-1.3, -0.3, 5.0, 1e4])
def test_wherever_time_zero_is(start: float) -> None:
    """Also where a step of the source is at time 0 exactly, with times of either sign around it."""
    made = charge(start)
    made.p[2] = 0.0
    run = run_of(made, start, start + 3.0, "tsit5")
    assert run.y[0] == pytest.approx(1.2, rel=1e-9)
    assert run.rejected == 0


def test_a_corner_at_the_start_and_at_the_end() -> None:
    """What a source does at the start is what it does after it; at the end, what it did before."""
    source = pwl(TIME, 0, 1, 0.5, 1, 0.5 + 1e-15, 3, 1.0, 3)
    run = run_of(model(cells("corners", [unknown("x", source)]), {}), 0.0, 1.0, "tsit5")
    assert run.y[0] == pytest.approx(0.5 + 1.5)
    made = charge()
    made.p[1:3] = 0.0, 0.0  # up at 0, down at 0.2
    assert run_of(made, 0.0, 0.2, "rk4").y[0] == pytest.approx(0.4, rel=1e-12)
    assert run_of(made, 0.2, 1.0, "rk4").y[0] == pytest.approx(0.0, abs=1e-12)
    assert run_of(made, 0.1, 1.1, "rk4").y[0] == pytest.approx(0.4, rel=1e-12)


@pytest.mark.parametrize("name", METHODS)
def test_order_is_kept_across_corners(name: str) -> None:
    """x' = -x + pulse: what one side of a corner sees of the other would show at first order."""
    made = model(cells("filter", [unknown("x", -x + pulse(TIME, 0, 1, 0.31, 0, 0, 0.4, 9))]), {})
    errors: list[float] = []
    sizes = (0.05, 0.025)
    for size in sizes:
        run = run_of(made, 0.0, 1.2, name, step=size, max_step=size, rtol=1e6)
        exact = (1 - np.exp(-0.4)) * np.exp(-(1.2 - 0.71))
        errors.append(abs(run.y[0] - exact))
    if name == "dop853":
        assert max(errors) < 1e-14  # beyond what can be measured
    else:
        assert np.log2(errors[0] / errors[1]) == pytest.approx(method_named(name).order, abs=0.3)


def test_dense_output_does_not_look_across_a_corner() -> None:
    made = charge()
    made.p[2] = 0.0
    at = np.linspace(0.0, 1.0, 101)
    for name in METHODS:
        run = run_of(made, 0.0, 1.0, name, save_at=at)
        expected = 2.0 * np.clip(at - 0.3, 0.0, 0.2)
        assert run.rows[:, 0] == pytest.approx(expected, abs=1e-12), name


def test_a_pulse_shorter_than_any_step_is_not_missed() -> None:
    source = pulse(TIME, 0, 1e9, 0.5, 0, 0, 1e-9, 10)
    made = model(cells("spike", [unknown("x", source), unknown("y", -y / 100)]), {})
    run = run_of(made, 0.0, 1.0, "dop853", rtol=1e-3)
    assert run.y[0] == pytest.approx(1.0, rel=1e-6)
    assert run.steps < 40


def test_many_sources_have_one_row_of_corners() -> None:
    """Members with their own delays: a step ends at the corners of all."""
    source = pulse(TIME, 0, 1, symbol("delay"), 0, 0, 0.1, 1)
    delays = [0.15, 0.4, 0.05]
    made = model(cells("many", [unknown("x", source)], "", "delay"), {"delay": delays}, 3)
    run = run_of(made, 0.0, 1.0, "tsit5")
    assert run.tape is not None
    breaks = run.tape.t[1:][run.tape.kinds & KIND_AT_BREAK != 0]
    assert breaks == pytest.approx([0.05, 0.15, 0.25, 0.4, 0.5], abs=1e-15)
    assert run.y == pytest.approx([0.1, 0.1, 0.1], rel=1e-12)


def square() -> Model:
    """No unknowns: what is shown is the source itself."""
    wave = pulse(TIME, 0, 1, 0.25, 0, 0, 0.5, 9)
    template = Template("cell", definitions=(Definition(symbol("wave"), ONE, wave),))
    return model(System("square", (VertexClass("cell", template),), ()), {})


@pytest.mark.parametrize("name", METHODS)
def test_a_model_without_unknowns_has_rows_before_and_after_every_corner(name: str) -> None:
    made = square()
    want = np.zeros(1, dtype=np.int64)
    options: dict[str, Any] = {} if method_named(name).adaptive else {"step": 1.0}
    run = integrate(
        made.on("python"), made.z, made.p, np.empty(0), 0.0, 1.0, method=name, want=want, n_columns=1, **options
    )
    assert run.times == pytest.approx([0.0, 0.25, 0.25, 0.75, 0.75, 1.0])
    assert run.rows[:, 0].tolist() == [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]
    at = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    run = integrate(
        made.on("python"),
        made.z,
        made.p,
        np.empty(0),
        0.0,
        1.0,
        method=name,
        want=want,
        n_columns=1,
        save_at=at,
        **options,
    )
    assert run.rows[:, 0].tolist() == [0.0, 1.0, 1.0, 0.0, 0.0]


def test_rows_at_an_event_at_a_corner_are_those_around_both() -> None:
    """Before the corner and the reset, and after them."""
    source = pulse(TIME, 0, 1, 0.5, 0, 0, 9, 99)
    made = model(cells("both", [unknown("x", 1)], events=[when(source - 0.5, x=-1)]), {})
    run = run_of(made, 0.0, 0.5, "tsit5")
    assert run.times[-2:] == pytest.approx([0.5, 0.5])
    assert run.rows[-2:, 0] == pytest.approx([0.5, -1.0])
    assert run.times[-2] < run.times[-1] == 0.5


def test_fixed_steps_start_anew_at_a_corner() -> None:
    made = charge()
    run = run_of(made, 0.0, 1.0, "rk4", step=0.1)
    assert run.tape is not None
    assert run.tape.t == pytest.approx([0, 0.1, 0.2, 0.3, 0.31, 0.41, 0.51, 0.52, 0.62, 0.72, 0.82, 0.92, 1.0])
