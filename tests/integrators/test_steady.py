"""Runs until steady: what is steady, what is not, and when; and that such a run can be continued, repeated and differentiated like any other."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from mcompiler.backends import BACKENDS
from mcompiler.equations.functions import exp, pulse, sin, tanh
from mcompiler.equations.system import TIME, PointLoss
from mcompiler.integrators import slots
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import Losses, Outcome, Run, UntilSteady, integrate, reverse
from mcompiler.units import DIMENSIONLESS as ONE
from tests.integrators.problems import oscillator
from tests.integrators.systems import Floats, Model, cells, compiled, model, python, symbol, unknown, when

x, v, q = map(symbol, "xvq")
k, A = symbol("k"), symbol("A")


def options(method: str, step: float = 0.05) -> dict[str, Any]:
    return {"method": method} if method_named(method).adaptive else {"method": method, "step": step}


def run(made: tuple[Model, Any], within: float = 100.0, *, start: Floats | None = None, **more: Any) -> Run:
    each, library = made
    want, columns = each.columns()
    begin = each.initial(library) if start is None else start
    given: dict[str, Any] = {"until": UntilSteady(), "atol": 1e-6, "want": want, "n_columns": columns, **more}
    return integrate(library, each.z, each.p, begin, 0.0, within, **given)


@cache
def decay() -> Model:
    """x' = k (1 - x), with a loss of the state."""
    loss = PointLoss("end", (symbol("seen x") - 3) ** 2, ONE)
    return model(cells("decay", [unknown("x", k * (1 - x))], "k", losses=[loss]), {"k": 2.0})


@cache
def two_rates(ratio: float) -> Model:
    """A fast and a slow unknown, both at rest at 0, coupled."""
    fast, slow = unknown("x", -ratio * (x - v), initial=1), unknown("v", -v, initial=1)
    return model(cells("two rates", [fast, slow]), {})


@cache
def bistable() -> Model:
    """x' = x - x^3: unstable at 0, stable at 1."""
    return model(cells("bistable", [unknown("x", x - x**3)]), {})


@cache
def wall() -> Model:
    """x' = 1 + x, held at its bound; and one that leaves its bound."""
    unknowns = [unknown("x", 1 + x, upper=2, lower=0), unknown("v", 1 - v, lower=0, upper=4)]
    return model(cells("wall", unknowns), {})


@cache
def van_der_pol() -> Model:
    """A relaxation oscillator."""
    return model(
        cells("van der pol", [unknown("x", v, initial=1), unknown("v", k * (1 - x * x) * v - x)], "k"), {"k": 30.0}
    )


@cache
def driven(kind: str) -> Model:
    """x' = u(t) - x with an input of time."""
    inputs = {
        "sine": sin(TIME / 3),
        "slow": 1e-2 * sin(TIME / 300),
        "fading": exp(-TIME / 3),
        "late": tanh(TIME - 60),
        "pulse": pulse(TIME, 0, 1, 5.0, 0.5, 0.5, 2.0, float("inf")),
        "pulses": pulse(TIME, 0, 1, 5.0, 0.5, 0.5, 30.0, 61.0),
    }
    return model(cells("driven", [unknown("x", inputs[kind] - x)]), {})


@cache
def firing() -> Model:
    """Charges and fires."""
    return model(cells("firing", [unknown("x", 2 - x)], events=[when(x - 1, x=0)]), {})


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("method", METHODS)
def test_a_decay_is_steady_with_every_method_on_every_backend(method: str, backend: str) -> None:
    made = decay()
    found = run((made, made.on(backend)), **options(method))
    assert found.outcome is Outcome.STEADY
    assert found.y[:1] == pytest.approx([1.0], abs=1e-6)
    assert np.log(1e4) / 2 < found.t < 3 * np.log(1e4)  # twice the time to the tolerance, and as long again at most
    assert found.times[-1] == found.t
    assert found.rows[-1, 0] == found.y[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_deviation_is_the_tolerance_squared(method: str) -> None:
    found = run(python(decay), until=UntilSteady(1e4), rtol=1e-8, atol=1e-8, **options(method, 0.02))
    assert found.outcome is Outcome.STEADY
    assert abs(found.y[0] - 1) < 10 * max(1e-8, 0.0 if method_named(method).adaptive else 1e-8)


def test_a_tighter_tolerance_takes_longer() -> None:
    times = [run(python(decay), until=UntilSteady(tolerance)).t for tolerance in (1e4, 1e2, 10.0)]
    assert times[0] < times[1] < times[2]


@pytest.mark.parametrize("method", METHODS)
def test_a_slow_mode_is_waited_for_though_steps_are_limited_by_a_fast_one(method: str) -> None:
    found = run(python(two_rates, 300.0), **options(method, 0.005))
    assert found.outcome is Outcome.STEADY
    assert found.t > 2 * np.log(1e4) * 0.95
    assert found.y == pytest.approx([0.0, 0.0], abs=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_start_at_rest_takes_a_twentieth_of_the_time_or_two_hundred_steps(method: str) -> None:
    made = python(two_rates, 300.0)
    found = run(made, 1000.0, start=np.zeros(2), **options(method, 0.005))
    assert found.outcome is Outcome.STEADY
    assert found.t >= 50.0 or found.steps >= 200
    assert np.all(found.y == 0.0)


@pytest.mark.parametrize("delta", [1e-5, 1e-8, 1e-11])
@pytest.mark.parametrize("method", METHODS)
def test_a_start_beside_an_unstable_point_is_left(method: str, delta: float) -> None:
    found = run(python(bistable), 200.0, start=np.array([delta]), **options(method))
    assert found.outcome is Outcome.STEADY
    assert found.y == pytest.approx([1.0], abs=1e-5)


def test_an_unstable_point_itself_is_steady() -> None:
    """Nothing moves there: what is wrong with it only an analysis tells."""
    found = run(python(bistable), start=np.array([0.0]))
    assert found.outcome is Outcome.STEADY
    assert np.all(found.y == 0.0)


@pytest.mark.parametrize("method", METHODS)
def test_a_state_that_a_wall_holds_is_steady(method: str) -> None:
    found = run(python(wall), **options(method))
    assert found.outcome is Outcome.STEADY
    assert found.y[0] == 2.0
    assert found.y[1] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("make", [oscillator, van_der_pol, firing])
def test_what_goes_on_is_never_steady(make: Any, backend: str) -> None:
    each = make()
    within = 100.0 if backend == "numba" else 20.0
    found = run((each, each.on(backend)), within, save_at=np.array([0.0, 1.0, within]))
    assert found.outcome is Outcome.NOT_STEADY
    assert found.t == within
    assert found.motion is not None
    assert found.motion.unknown in (0, 1)
    assert found.motion.distance > 1e-4
    assert found.motion.t > 0.5 * within
    assert list(found.times) == [0.0, 1.0, within]


@pytest.mark.parametrize("kind", ["sine", "slow", "pulses"])
@pytest.mark.parametrize("method", METHODS)
def test_an_input_that_changes_is_not_steady(method: str, kind: str) -> None:
    found = run(python(driven, kind), **options(method))
    assert found.outcome is Outcome.NOT_STEADY


@pytest.mark.parametrize("method", METHODS)
def test_an_input_that_changes_later_is_waited_for(method: str) -> None:
    """A ramp at t = 60, long after the state rests, and a pulse from 5 to 8."""
    late = run(python(driven, "late"), 200.0, **options(method))
    assert late.outcome is Outcome.STEADY
    assert late.t > 60
    assert late.y == pytest.approx([1.0], abs=1e-5)
    pulsed = run(python(driven, "pulse"), **options(method))
    assert pulsed.outcome is Outcome.STEADY
    assert 8 < pulsed.t < 40
    fading = run(python(driven, "fading"), **options(method))
    assert fading.outcome is Outcome.STEADY
    assert fading.y == pytest.approx([0.0], abs=1e-4)


def test_what_still_changes_is_told() -> None:
    found = run(python(driven, "late"), 50.0)
    assert found.outcome is Outcome.STEADY  # within 50 nothing changes
    found = run(python(driven, "late"), 63.0)
    assert found.outcome is Outcome.NOT_STEADY
    found = run(python(driven, "slow"), 2.0, start=np.zeros(1))
    assert found.motion is not None


def test_the_run_is_not_over_before_the_time_that_it_must_reach() -> None:
    found = run(python(decay), until=UntilSteady(not_before=37.5))
    assert found.outcome is Outcome.STEADY
    assert 37.5 <= found.t < 60


def test_unwatched_unknowns_may_move() -> None:
    made = python(two_rates, 30.0)
    found = run(made, until=UntilSteady(unwatched=(1, 2)), start=np.array([0.0, 0.0]))
    assert found.outcome is Outcome.STEADY


@pytest.mark.parametrize("method", METHODS)
def test_rows_at_given_times_end_with_the_time_that_was_reached(method: str) -> None:
    at = np.linspace(0.0, 100.0, 1001)
    found = run(python(decay), save_at=at, **options(method))
    assert np.array_equal(found.times[:-1], at[at < found.t])
    assert found.times[-1] == found.t
    assert found.rows[:, 0] == pytest.approx(1 - np.exp(-2 * found.times), abs=3e-2 if method == "euler" else 1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_the_mesh_gives_the_same_bits_and_the_gradient_is_that_of_its_run(method: str) -> None:
    """A loss at the end is that at the time reached; on the mesh it is a plain run of that length."""
    made, library = python(decay)
    losses = Losses(t=np.array([0.3, 100.0]), terms=np.zeros(2, np.int64), rows=np.zeros(2, np.int64))
    found = run((made, library), losses=losses, record=True, **options(method))
    assert found.outcome is Outcome.STEADY
    assert found.tape is not None
    assert losses.t[-1] == 100.0
    ended = Losses(np.minimum(losses.t, found.t), losses.terms, losses.rows)
    end = float(found.t)

    def again(p: Floats) -> Run:
        start = made.initial(library)
        more = options(method)
        return integrate(library, made.z, p, start, 0.0, end, losses=ended, mesh=found.tape, record=True, **more)

    repeated = again(made.p)
    assert repeated.outcome is Outcome.DONE
    assert np.array_equal(repeated.y, found.y)
    assert np.array_equal(repeated.loss_values, found.loss_values)
    assert found.loss == pytest.approx(4.0 + (np.exp(-0.6) + 2) ** 2, rel=5e-2)
    value, by_p, _ = reverse(library, made.z, made.p, found, method=method, losses=ended)
    h = 1e-3
    values = [again(made.p + step * h).loss for step in (1, -1, 2, -2)]
    difference = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h)
    assert value == found.loss
    assert by_p[0] == pytest.approx(difference, rel=1e-8)


@pytest.mark.parametrize("make", [decay, bistable, wall])
def test_in_pieces_and_on_all_backends_it_ends_at_the_same_time(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run(python(make))
    other = run(compiled(make))
    assert (other.steps, other.outcome) == (expected.steps, expected.outcome)
    assert other.t == pytest.approx(expected.t, rel=1e-6)
    monkeypatch.setattr("mcompiler.integrators.run._FIRST_BUDGET", 1)
    monkeypatch.setattr("mcompiler.integrators.pace.PERIOD", 0.0)
    pieces = run(python(make))
    assert (pieces.t, pieces.steps) == (expected.t, expected.steps)
    assert np.array_equal(pieces.rows, expected.rows)


def test_a_mesh_says_itself_where_it_ends() -> None:
    made, library = python(decay)
    tape = run((made, library), record=True).tape
    with pytest.raises(ValueError, match="a run on a mesh ends where the mesh does"):
        integrate(library, made.z, made.p, made.initial(library), 0.0, 100.0, mesh=tape, until=UntilSteady())


def test_the_slots_do_not_overlap() -> None:
    numbers = [slots.STEADY, slots.MOVER, slots.QUIET_STEPS, slots.UNWATCHED, slots.UNWATCHED_END, slots.FRESH]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) < slots.IWS_SIZE
    assert slots.NOT_BEFORE < slots.WS_SIZE
