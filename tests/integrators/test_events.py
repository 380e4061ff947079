"""Events: when they act, in which order, how often, and what happens at the edges."""

from typing import Any

import numpy as np
import pytest

from mcompiler.equations.functions import cos, gt, minimum, pulse, pwl, sin, where
from mcompiler.equations.system import TIME
from mcompiler.integrators.run import Outcome, Run, integrate
from mcompiler.integrators.slots import KIND_EVENT, KIND_FIXED_END, KIND_LOCATED
from tests.integrators.problems import ball
from tests.integrators.systems import Model, Options, cells, model, python, symbol, unknown, when

ADAPTIVE = ("bs3", "tsit5", "dop853")
x, y, z, n = map(symbol, "xyzn")


def run_all(made: Model, end: float, start: float = 0.0, **options: Any) -> Run:
    """A row per step with all unknowns, and the tape."""
    library = made.on("python")
    want, columns = made.columns()
    given: Options = {"want": want, "n_columns": columns, "record": True, **options}
    return integrate(library, made.z, made.p, made.initial(library), start, end, **given)


@pytest.mark.parametrize("name", ADAPTIVE)
@pytest.mark.parametrize("tolerance", [1e-3, 1e-6, 1e-10])
def test_events_are_where_the_guard_is_zero(name: str, tolerance: float) -> None:
    """A clock is exact for every method, so its events show how well they are located: to round-off, not to the tolerance."""
    made = model(cells("clock", [unknown("x", 1)], "period", events=[when(x - symbol("period"), x=0)]), {"period": 0.7})
    run = run_all(made, 10.0, method=name, rtol=tolerance)
    expected = 0.7 * np.arange(1, 15)
    assert run.event_times == pytest.approx(expected, rel=1e-14)
    assert run.outcome is Outcome.DONE


@pytest.mark.parametrize("name", ADAPTIVE)
def test_bounces(name: str) -> None:
    made, library = python(ball)
    tolerances: Options = {"rtol": 1e-10, "atol": 1e-12}
    run = integrate(
        library, made.z, made.p, made.initial(library), 0.0, 3.0, method=name, save_at=np.empty(0), **tolerances
    )
    g, r = made.p
    first = np.sqrt(2 / g)
    flights = 2 * (g * first) * r ** np.arange(1, len(run.event_times)) / g
    assert run.event_times == pytest.approx(first + np.concatenate([[0.0], np.cumsum(flights)]), rel=1e-9)
    assert len(run.event_times) == 4


def test_before_and_after_an_event_there_is_a_row_each() -> None:
    made = model(cells("clock", [unknown("x", 1)], events=[when(x - 1, x=-x)]), {})
    run = run_all(made, 1.5)
    place = int(np.flatnonzero(np.diff(run.times) == 0)[0])
    assert run.times[place] == pytest.approx(1.0)
    assert run.rows[place, 0] == pytest.approx(1.0)
    assert run.rows[place + 1, 0] == -run.rows[place, 0]


def test_simultaneous_events_act_in_member_order() -> None:
    """Guards that are zero together up to round-off, given with the later one first to cross: event 0, then 1, then 2."""
    events = [
        when(x - 1, n=10 * n + 1),
        when(3 * (x - 1) * 0.1 + 1e-17, n=10 * n + 2),
        when(TIME - 1, n=10 * n + 3),
    ]
    run = run_all(model(cells("together", [unknown("x", 1), unknown("n", 0)], events=events), {}), 2.0)
    assert run.event_numbers.tolist() == [0, 1, 2]
    assert len(set(run.event_times)) == 1
    assert run.y[1] == pytest.approx(123.0)


def test_simultaneous_events_of_members() -> None:
    """Three cells that start alike fire together, in their order; a fourth fires when it is due."""
    made = model(
        cells("members", [unknown("x", 1, initial=symbol("x0"))], "", "x0", events=[when(x - 1, x=0)]),
        {"x0": [0.3, 0.3, 0.1, 0.3]},
        4,
    )
    run = run_all(made, 1.0)
    assert run.event_numbers.tolist() == [0, 1, 3, 2]
    assert run.event_times == pytest.approx([0.7, 0.7, 0.7, 0.9])


@pytest.mark.parametrize("options", [{"method": "tsit5"}, {"method": "rk4", "step": 0.1}])
def test_events_set_each_other_off(options: Options) -> None:
    """A reset that lifts another guard over zero: that event acts at the same time, whichever comes first in the order; each acts once."""
    events = [
        when(z - 0.5, z=0, n=n + 100),  # set off by the last
        when(x - 1, x=0, y=1),
        when(y - 0.5, y=0, z=1),
    ]
    made = model(
        cells("chain", [unknown("x", 1), unknown("y", 0), unknown("z", 0), unknown("n", 0)], events=events), {}
    )
    run = run_all(made, 1.5, **options)
    assert run.event_numbers.tolist() == [1, 2, 0]
    assert run.event_times == pytest.approx([1.0] * 3)
    assert run.y == pytest.approx([0.5, 0.0, 0.0, 100.0])


def test_two_events_that_undo_each_other_act_once_each() -> None:
    events = [when(x - 1, x=0, y=1), when(y - 0.5, y=0, x=2)]
    run = run_all(model(cells("loop", [unknown("x", 1), unknown("y", 0)], events=events), {}), 1.5)
    assert run.event_numbers.tolist() == [0, 1]
    assert run.y == pytest.approx([2.5, 0.0])


def test_an_event_that_does_not_leave_its_condition_acts_once() -> None:
    events = [when(sin(TIME) - 0.5, n=n + 1)]
    run = run_all(model(cells("counter", [unknown("n", 0)], events=events), {}), 20.0, max_step=0.5)
    expected = np.arcsin(0.5) + 2 * np.pi * np.arange(4)
    assert run.event_times == pytest.approx(expected[expected < 20], rel=1e-12)
    assert run.y[0] == len(run.event_times) == 4


def test_only_upward_crossings_count() -> None:
    events = [when(-x, n=n + 1)]
    run = run_all(model(cells("down", [unknown("x", -1, initial=1), unknown("n", 0)], events=events), {}), 3.0)
    assert run.event_times == pytest.approx([1.0])
    run = run_all(model(cells("up", [unknown("x", 1, initial=-1), unknown("n", 0)], events=events), {}), 3.0)
    assert len(run.event_times) == 0


def test_a_guard_that_starts_at_zero_has_not_happened() -> None:
    for rate, due in ((1.0, 0), (-1.0, 0)):
        run = run_all(model(cells("zero", [unknown("x", rate), unknown("n", 0)], events=[when(x, n=n + 1)]), {}), 1.0)
        assert len(run.event_times) == due
    swing = [unknown("x", -cos(TIME)), unknown("n", 0)]  # down first, then up through zero
    run = run_all(model(cells("swing", swing, events=[when(x, n=n + 1)]), {}), 6.0)
    assert run.event_times == pytest.approx([np.pi], rel=1e-6)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_grazing(name: str) -> None:
    """A guard that comes near zero, touches it, and crosses it by little."""
    unknowns = [unknown("x", y), unknown("y", -x, initial=1), unknown("n", 0)]
    for height, due in ((1.001, 0), (0.999, 1)):
        made = model(
            cells("graze", unknowns, "height", events=[when(x - symbol("height"), n=n + 1)]), {"height": height}
        )
        run = run_all(made, 5.0, method=name, rtol=1e-8, atol=1e-10, max_step=0.1)
        assert run.outcome is Outcome.DONE
        assert len(run.event_times) == due
        assert run.event_times == pytest.approx([np.arcsin(0.999)][:due], abs=1e-6)


def test_an_excursion_within_one_step_is_seen() -> None:
    """Tolerances that allow a step over the whole excursion: what counts is the guard at samples inside it."""
    unknowns = [
        unknown("x", -2 * TIME + 2, initial=-0.9),
        unknown("n", 0),
    ]  # x = -0.9 + 2 t - t^2: above zero from 0.684 to 1.316
    run = run_all(model(cells("hill", unknowns, events=[when(x, n=n + 1)]), {}), 2.0, rtol=1.0, step=2.0)
    assert run.event_times == pytest.approx([1 - np.sqrt(0.1)], rel=1e-12)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_endless_bouncing_is_told(name: str) -> None:
    """Where bounces come closer than the round-off of time the run ends: after 0.99 as after 0.02 of the speed is left with every bounce."""
    made, library = python(ball)
    for restitution in (0.8, 0.5, 0.02):
        p = np.array([9.81, restitution])
        run = integrate(library, made.z, p, made.initial(library), 0.0, 10.0, method=name, save_at=np.empty(0))
        first = np.sqrt(2 / 9.81)
        assert run.outcome is Outcome.TOO_MANY_EVENTS
        assert run.t == pytest.approx(first * (1 + 2 * restitution / (1 - restitution)), rel=1e-6)
        assert run.y == pytest.approx([0.0, 0.0], abs=1e-9)


def test_many_events_that_are_far_apart_are_not_endless() -> None:
    made = model(cells("clock", [unknown("x", 1)], events=[when(x - 1e-6, x=0)]), {})
    run = run_all(made, 1e-3, save_at=np.empty(0))
    assert run.outcome is Outcome.DONE
    assert len(run.event_times) == 999 or len(run.event_times) == 1000
    assert np.diff(run.event_times) == pytest.approx(np.full(len(run.event_times) - 1, 1e-6), rel=1e-6)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_a_guard_that_jumps_is_told(name: str) -> None:
    made = model(cells("jump", [unknown("x", 1)], events=[when(where(gt(x, 0.4), 1.0, -1.0), x=0)]), {})
    run = run_all(made, 1.0, method=name)
    assert run.outcome is Outcome.EVENT_NOT_LOCATED
    assert run.t < 0.4
    assert np.all(run.rows[:, 0] <= 0.4)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_a_steep_guard_does_not_jump(name: str) -> None:
    """tanh-like and square-root-like guards are located."""
    for guard in ((x - 0.4) * 1e9, minimum((x - 0.4) * 1e6, 1.0)):
        run = run_all(model(cells("steep", [unknown("x", 1)], events=[when(guard, x=0)]), {}), 0.5, method=name)
        assert run.outcome is Outcome.DONE
        assert run.event_times == pytest.approx([0.4], rel=1e-12)


@pytest.mark.parametrize("name", ADAPTIVE)
@pytest.mark.parametrize("rise", [0.0, 1e-3])
def test_a_guard_that_jumps_with_a_source_acts_at_the_breakpoint(name: str, rise: float) -> None:
    """A comparator of a step-like pulse."""
    source = pulse(TIME, 0, 1, symbol("delay"), symbol("rise"), symbol("rise"), 0.25, 1)
    made = model(
        cells("comparator", [unknown("n", 0)], "delay rise", events=[when(source - 0.5, n=n + 1)]),
        {"delay": 0.3, "rise": rise},
    )
    run = run_all(made, 4.0, method=name)
    assert run.outcome is Outcome.DONE
    assert run.event_times == pytest.approx(0.3 + rise / 2 + np.arange(4), rel=1e-14)
    assert run.y[0] == 4
    assert run.tape is not None
    located = run.tape.kinds[run.tape.kinds & KIND_EVENT != 0] & KIND_LOCATED
    assert bool(np.all(located)) == (rise > 0)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_an_event_at_a_stop_or_breakpoint_happens_once(name: str) -> None:
    """A clock that comes due exactly where a pwl bends and a loss would be; and the end of the run."""
    bend = pwl(TIME, 0, 0, 0.5, 1, 1.0, 0)
    unknowns = [unknown("x", 1), unknown("y", bend), unknown("n", 0)]
    made = model(cells("corner", unknowns, events=[when(x - 0.5, x=0, n=n + 1)]), {})
    run = run_all(made, 1.5, method=name)
    assert run.outcome is Outcome.DONE
    assert run.event_times == pytest.approx([0.5, 1.0, 1.5], rel=1e-14)
    assert run.y[2] == 3
    assert run.y[1] == pytest.approx(0.5, rel=1e-9)


def test_an_event_at_the_end_acts_before_the_last_row() -> None:
    made = model(cells("last", [unknown("x", 1)], events=[when(x - 1, x=5)]), {})
    run = run_all(made, 1.0, save_at=np.array([0.0, 1.0]))
    assert run.rows[:, 0] == pytest.approx([0.0, 5.0])


@pytest.mark.parametrize("name", ["euler", "heun", "rk4"])
def test_fixed_steps_act_at_the_end_of_the_step(name: str) -> None:
    made = model(cells("clock", [unknown("x", 1)], events=[when(x - 0.25, x=0)]), {})
    run = run_all(made, 1.0, method=name, step=0.1)
    assert run.event_times == pytest.approx([0.3, 0.6, 0.9])
    assert run.tape is not None
    assert not np.any(run.tape.kinds & KIND_LOCATED)
    assert run.tape.t == pytest.approx(np.linspace(0.0, 1.0, 11))


def test_saved_times_around_an_event_see_the_right_side() -> None:
    made = model(cells("clock", [unknown("x", 1)], events=[when(x - 1, x=-1)]), {})
    at = np.array([0.999, 1.0 - 1e-12, 1.0 + 1e-12, 1.001])
    run = run_all(made, 2.0, save_at=at)
    assert run.rows[:, 0] == pytest.approx([0.999, 1.0, -1.0, -0.999], abs=1e-9)


def test_the_tape_says_what_happened() -> None:
    made, library = python(ball)
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, 1.0, record=True)
    assert run.tape is not None
    steps = run.tape.events[:, 1]
    assert np.array_equal(run.tape.t[steps + 1], run.event_times)
    assert np.all(run.tape.kinds[steps] & KIND_LOCATED)
    assert run.tape.kinds[-1] & KIND_FIXED_END


def test_more_events_than_there_is_room_for_at_first() -> None:
    made = model(cells("clock", [unknown("x", 1)], events=[when(x - 0.01, x=0)]), {})
    run = run_all(made, 2.0)
    assert len(run.event_times) == pytest.approx(200, abs=1)
    assert run.event_times == pytest.approx(0.01 * np.arange(1, len(run.event_times) + 1), rel=1e-12)
