"""What `integrate` does around compiled code: room, limits, interruption, progress, refusals."""

import time
from typing import Any

import numpy as np
import pytest

from mcompiler.backends.protocols import Library
from mcompiler.integrators import run as runs
from mcompiler.integrators.run import Losses, Outcome, Run, integrate, reverse
from tests.integrators.problems import enemy, enemy_losses, oscillator
from tests.integrators.systems import Model, python


def steps_of(made: Model, library: Library, **options: Any) -> Run:
    want, columns = made.columns()
    given: dict[str, Any] = {"method": "rk4", "step": 1e-3, "want": want, "n_columns": columns, **options}
    return integrate(library, made.z, made.p, made.initial(library), 0.0, given.pop("end", 5.0), **given)


def test_rows_tape_and_marks_grow() -> None:
    """5000 steps: more than there is room for at first."""
    made, library = python(oscillator)
    run = steps_of(made, library, record=True)
    assert run.tape is not None
    assert len(run.times) == len(run.tape.t) == 5001
    assert np.array_equal(run.times, run.tape.t)
    assert np.array_equal(run.rows[:-1], run.tape.states)
    assert run.times == pytest.approx(1e-3 * np.arange(5001))
    assert run.tape.h == pytest.approx(np.full(5000, 1e-3))


@pytest.mark.parametrize("states", [2, 3, 7, 64])
def test_every_second_state_is_dropped_at_the_limit(states: int) -> None:
    made, library = python(oscillator)
    full = steps_of(made, library, record=True, end=0.5)
    run = steps_of(made, library, record=True, end=0.5, memory_limit=8 * made.n * states)
    assert full.tape is not None
    assert run.tape is not None
    assert len(run.tape.states) <= states
    assert (run.tape.stride & (run.tape.stride - 1)) == 0
    assert len(run.tape.states) > states // 2
    assert np.array_equal(run.tape.states, full.tape.states[:: run.tape.stride])
    assert np.array_equal(run.y, full.y)


def test_the_limit_of_steps() -> None:
    made, library = python(oscillator)
    run = steps_of(made, library, max_steps=123)
    assert run.outcome is Outcome.TOO_MANY_STEPS
    assert run.steps == 123
    assert run.t == pytest.approx(0.123)
    assert len(run.times) == 124
    exact = steps_of(made, library, end=0.123, max_steps=123)
    assert exact.outcome is Outcome.DONE
    rejected = integrate(library, made.z, made.p, made.initial(library), 0.0, 50.0, rtol=1e-3, step=10.0, max_steps=5)
    assert rejected.steps + rejected.rejected == 5


def test_progress_is_told_about_every_tenth_of_a_second() -> None:
    made, library = python(oscillator)
    told: list[tuple[float, float]] = []
    run = steps_of(
        made, library, end=20.0, save_at=np.empty(0), progress=lambda t: told.append((time.perf_counter(), t))
    )
    assert run.outcome is Outcome.DONE
    times = [t for _, t in told]
    assert times == sorted(times)
    assert 0.0 < times[0] < times[-1] < 20.0
    assert len(told) >= run.seconds / 0.4  # a busy machine may be late, but not silent
    gaps = np.diff([clock for clock, _ in told])
    assert gaps.min() > 0.08


class Interrupting:
    """A library whose kernels are interrupted, as Ctrl-C does, at the n-th evaluation: in the middle of a step of a Python backend."""

    def __init__(self, made: Model, at: int) -> None:
        from mcompiler.integrators.entries import link
        from mcompiler.kernel.interpret import interpret

        kernels = dict(interpret(made.module))
        sweep = kernels["sweep"]
        self.count = 0

        def counting(*arguments: Any) -> None:
            self.count += 1
            if self.count == at:
                raise KeyboardInterrupt
            sweep(*arguments)

        self.functions = link({**kernels, "sweep": counting})

    def __getitem__(self, name: str) -> Any:
        return self.functions[name]


def test_an_interrupt_keeps_what_there_is() -> None:
    """Interrupted in a step, the run ends whole where the last call began; what was done before is what an undisturbed run does."""
    made, library = python(oscillator)
    whole = steps_of(made, library, record=True, end=3.0)
    run = steps_of(made, Interrupting(made, 4 * 2500 + 2), record=True, end=3.0)  # type: ignore[arg-type]
    assert run.outcome is Outcome.INTERRUPTED
    assert 1000 <= run.steps <= 2500
    assert run.tape is not None
    assert run.t == run.times[-1] == run.tape.t[-1]
    assert np.array_equal(run.rows, whole.rows[: len(run.rows)])
    assert np.array_equal(run.y, run.rows[-1])
    reverse(library, made.z, made.p, run, method="rk4", final=np.ones(2))


def test_progress_may_interrupt() -> None:
    made, library = python(oscillator)

    def stop(t: float) -> None:
        raise KeyboardInterrupt

    run = steps_of(made, library, end=100.0, save_at=np.empty(0), progress=stop)
    assert run.outcome is Outcome.INTERRUPTED
    assert 0.0 < run.t < 100.0


def test_the_state_given_is_not_changed() -> None:
    made, library = python(oscillator)
    start = made.initial(library)
    before = start.copy()
    run = integrate(library, made.z, made.p, start, 0.0, 1.0, record=True)
    assert np.array_equal(start, before)
    assert run.tape is not None
    start[:] = 7.0
    assert np.array_equal(run.tape.y0, before)
    assert np.array_equal(run.tape.states[0], before)


def test_losses_are_summed_with_their_weights() -> None:
    made, library = python(enemy)
    losses = enemy_losses()
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, 4.0, losses=losses)
    assert losses.weights is not None
    assert run.loss == pytest.approx(losses.weights @ run.loss_values, rel=1e-14)
    unweighted = Losses(losses.t, losses.terms, losses.rows, losses.data)
    assert integrate(library, made.z, made.p, made.initial(library), 0.0, 4.0, losses=unweighted).loss == pytest.approx(
        run.loss_values.sum()
    )


REFUSED = [
    ({"t0": 1.0, "t1": 0.0}, "a run goes from a finite time to a later one, not from 1.0 to 0.0"),
    ({"t1": np.inf}, "not from 0.0 to inf"),
    ({"method": "rk4"}, "method 'rk4' needs a step size, not 0.0"),
    ({"method": "rk4", "step": np.nan}, "needs a step size, not nan"),
    ({"method": "runge"}, "no method 'runge'; there are euler, heun, rk4, bs3, tsit5, dop853"),
    ({"rtol": -1.0}, "tolerances must not be negative, nor both 0: rtol is -1.0"),
    ({"rtol": 0.0, "atol": 0.0}, "nor both 0"),
    ({"rtol": np.nan}, "rtol is nan"),
    ({"max_step": 0.0}, "steps must be positive: step is 0.0, max_step 0.0"),
    ({"step": -1.0}, "steps must be positive"),
    ({"save_at": np.array([0.5, 0.2])}, "save_at must ascend"),
    ({"save_at": np.array([0.5, 1.2])}, "save_at must lie between 0.0 and 1.0, not between 0.5 and 1.2"),
    ({"save_at": np.array([np.nan])}, "save_at must lie between"),
    (
        {"losses": Losses(t=np.array([-0.1]), terms=np.zeros(1, dtype=np.int64), rows=np.zeros(1, dtype=np.int64))},
        "the times of losses must lie",
    ),
    (
        {"losses": Losses(np.ones(1), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), weights=np.ones(2))},
        "1 losses have 2 weights",
    ),
    ({"want": np.array([0, 1]), "n_columns": 1}, "2 observables want a column below 1 each, or -1"),
    ({"want": np.array([0])}, "2 observables want a column"),
    ({"y0": np.zeros(3)}, "there are 2 unknowns, not 3"),
    ({"p": np.zeros(9)}, "there are 3 parameters, not 9"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], message: str) -> None:
    made, library = python(oscillator)
    given: dict[str, Any] = {"p": made.p, "y0": made.initial(library), "t0": 0.0, "t1": 1.0, **change}
    with pytest.raises(ValueError, match=message):
        integrate(library, made.z, **given)


def test_the_door_offers_everything() -> None:
    assert {each: hasattr(runs, each) for each in runs.__all__} == dict.fromkeys(runs.__all__, True)
