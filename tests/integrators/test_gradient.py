"""Gradients against complex steps of the recorded map: the same numbers from another program."""

from typing import Any

import numpy as np
import pytest

from mcompiler.backends.protocols import Library
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import Losses, Outcome, Run, integrate, reverse
from mcompiler.integrators.slots import KIND_AFTER_BREAK, KIND_AT_BREAK, KIND_EVENT, KIND_FIXED_END, KIND_LOCATED
from tests.integrators.problems import ball, enemy, enemy_losses, oscillator
from tests.integrators.recorded_map import push_forward, recorded_map
from tests.integrators.systems import Floats, Model, python
from tests.kernel.cases import everything_case

OPTIONS: dict[str, dict[str, float]] = {
    "euler": {"step": 0.04},
    "heun": {"step": 0.05},
    "rk4": {"step": 0.1},
    "bs3": {"rtol": 1e-3},
    "tsit5": {"rtol": 1e-4},
    "dop853": {"rtol": 1e-4},
}


def recorded(made: Model, library: Library, name: str, end: float, losses: Losses | None = None, **more: Any) -> Run:
    options: dict[str, Any] = {**OPTIONS[name], "save_at": np.empty(0), "record": True, **more}
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, end, method=name, losses=losses, **options)
    assert run.outcome is Outcome.DONE
    return run


def disagreement(left: float, right: float, terms: Floats) -> float:
    """Relative to the sum of what was added up: a difference of large terms has their round-off."""
    return abs(left - right) / float(np.sum(np.abs(terms)))


@pytest.mark.parametrize("name", METHODS)
def test_gradient_through_everything(name: str) -> None:
    """Walls, events that set each other off, a pulse, point losses and a running loss: <lam, J v> = <J^T lam, v>."""
    made, library = python(enemy)
    losses = enemy_losses()
    run = recorded(made, library, name, 4.0, losses)
    assert run.tape is not None
    check_that_everything_happened(made, run, name)
    rng = np.random.default_rng(7)
    lam = rng.normal(size=made.n)
    value, by_p, by_y = reverse(library, made.z, made.p, run, method=name, losses=losses, final=lam)
    again = recorded_map(made, name, run.tape, made.p, run.tape.y0, losses)
    assert value == run.loss == pytest.approx(again.loss.real, rel=1e-12)
    assert run.y == pytest.approx(again.y.real, rel=1e-12)
    for _ in range(2):
        dp, dy = made.p * rng.normal(size=len(made.p)), rng.normal(size=made.n)
        pushed, pushed_loss = push_forward(made, name, run.tape, dp, dy, losses)
        terms = np.concatenate([by_p * dp, by_y * dy])
        assert disagreement(float(lam @ pushed) + pushed_loss, float(terms.sum()), terms) < 1e-13


def check_that_everything_happened(made: Model, run: Run, name: str) -> None:
    assert run.tape is not None
    kinds = run.tape.kinds
    for bit in (KIND_AFTER_BREAK, KIND_AT_BREAK, KIND_FIXED_END, KIND_EVENT):
        assert np.any(kinds & bit)
    assert bool(np.any(kinds & KIND_LOCATED)) == method_named(name).adaptive
    assert set(run.event_numbers) == {0, 1}
    wall = made.p[[each.name for each in made.layout.of("cell").parameters].index("wall")]
    assert np.any(run.tape.states[:, 0] == -wall / 10)
    assert np.any(run.tape.states[:, 0] == 1.1 * wall)


@pytest.mark.parametrize("name", ["heun", "tsit5"])
def test_every_component(name: str) -> None:
    """Each parameter and each initial value by itself, those of bounds included, to 1e-10 of the largest of its kind."""
    made, library = python(enemy)
    every = enemy_losses()
    losses = Losses(every.t[:4], every.terms[:4], every.rows[:4], every.data)
    run = recorded(made, library, name, 1.2, losses)
    assert run.tape is not None
    _, by_p, by_y = reverse(library, made.z, made.p, run, method=name, losses=losses)
    expected = [push_forward(made, name, run.tape, each, np.zeros(made.n), losses)[1] for each in np.eye(len(made.p))]
    assert by_p == pytest.approx(np.array(expected), rel=1e-10, abs=1e-10)
    expected = [push_forward(made, name, run.tape, np.zeros(len(made.p)), each, losses)[1] for each in np.eye(made.n)]
    assert by_y == pytest.approx(np.array(expected), rel=1e-10, abs=1e-10)
    idle = (
        {"x0"} if name == "tsit5" else {"x0", "L"}
    )  # x0 acts through the initial value; fixed steps do not move with a threshold
    assert {
        each.name for each, value in zip(made.layout.of("cell").parameters, by_p, strict=True) if value == 0.0
    } == idle


def test_initial_values_of_the_model_belong_to_the_gradient_if_it_is_said() -> None:
    made, library = python(enemy)
    run = recorded(made, library, "tsit5", 1.0)
    final = np.array([1.0, 2.0, -1.0, 0.5])
    _, without, by_y = reverse(library, made.z, made.p, run, final=final)
    _, by_p, _ = reverse(library, made.z, made.p, run, final=final, initial=True)
    place = [each.name for each in made.layout.of("cell").parameters].index("x0")
    expected = without.copy()
    expected[place] += by_y[0]  # x(0) = x0
    assert by_p == pytest.approx(expected, rel=1e-14)
    assert without[place] == 0.0


def test_gradient_of_event_times_follows_from_the_saltation_matrix() -> None:
    """The ball by formula: after the first bounce x(T) = -r v0 (T - t0) - g (T - t0)^2 / 2 with t0 = sqrt(2 x0/g), v0 = -sqrt(2 g x0)."""
    made, library = python(ball)
    run = integrate(library, made.z, made.p, np.array([1.0, 0.0]), 0.0, 0.7, record=True, rtol=1e-8)
    _, by_p, by_y = reverse(library, made.z, made.p, run, final=np.array([1.0, 0.0]))
    g, r, x0 = 9.81, 0.9, 1.0
    t0, v0, rest = np.sqrt(2 * x0 / g), -np.sqrt(2 * g * x0), 0.7 - np.sqrt(2 * x0 / g)
    assert len(run.event_times) == 1
    by_t0 = r * v0 + g * rest
    by_g = by_t0 * (-t0 / (2 * g)) - r * rest * (v0 / (2 * g)) - rest**2 / 2
    by_x0 = by_t0 * (t0 / (2 * x0)) - r * rest * (v0 / (2 * x0))
    assert by_p == pytest.approx([by_g, -v0 * rest], rel=1e-10)
    assert by_y[0] == pytest.approx(by_x0, rel=1e-10)


@pytest.mark.parametrize("limit", [1, 200, 1000, 5000])
@pytest.mark.parametrize("name", ["rk4", "tsit5"])
def test_few_states_give_the_same_gradient(name: str, limit: int) -> None:
    """Whatever the memory for states, on the tape or in the sweep; two states and what lies between them are enough."""
    made, library = python(enemy)
    losses = enemy_losses()
    whole = recorded(made, library, name, 4.0, losses)
    expected = reverse(library, made.z, made.p, whole, method=name, losses=losses)
    run = recorded(made, library, name, 4.0, losses, memory_limit=limit)
    assert run.tape is not None
    assert whole.tape is not None
    assert len(run.tape.states) <= max(2, limit // (8 * made.n))
    assert np.array_equal(run.tape.states, whole.tape.states[:: run.tape.stride])
    value, by_p, by_y = reverse(library, made.z, made.p, run, method=name, losses=losses, memory_limit=limit)
    assert value == expected[0]
    assert by_p == pytest.approx(expected[1], rel=1e-12, abs=1e-12)
    assert by_y == pytest.approx(expected[2], rel=1e-12, abs=1e-12)


def test_memory_grows_as_the_square_root() -> None:
    """What is kept of n steps under a limit of M states: at most M on the tape, and for stretches of n/M steps between them."""
    made, library = python(oscillator)
    run = recorded(made, library, "rk4", 10.0, step=0.01, memory_limit=8 * made.n * 32)
    assert run.tape is not None
    assert (len(run.tape.states), run.tape.stride) == (32, 32)
    asked: list[int] = []

    class Counting(dict[str, Any]):
        def __getitem__(self, key: str) -> Any:
            if key == "replay":
                asked.append(1)
            return library[key]

    exact = reverse(
        library, made.z, made.p, recorded(made, library, "rk4", 10.0, step=0.01), method="rk4", final=np.ones(2)
    )
    found = reverse(Counting(), made.z, made.p, run, method="rk4", final=np.ones(2), memory_limit=8 * made.n * 32)
    assert found[1] == pytest.approx(exact[1], rel=1e-12)
    assert len(asked) == 32  # every step was taken once more, no more


def test_losses_at_the_start_alone() -> None:
    made, library = python(enemy)
    losses = Losses(
        t=np.zeros(1), terms=np.zeros(1, dtype=np.int64), rows=np.zeros(1, dtype=np.int64), data=np.array([0.7])
    )
    run = recorded(made, library, "tsit5", 0.5, losses)
    value, by_p, by_y = reverse(library, made.z, made.p, run, losses=losses)
    assert value == pytest.approx((0.2 - 0.7) ** 2)
    assert by_y == pytest.approx([2 * (0.2 - 0.7), 0.0, 0.0, 0.0])
    assert not np.any(by_p)


def test_a_run_that_ended_early_has_the_gradient_of_what_there_is() -> None:
    made, library = python(enemy)
    losses = enemy_losses()
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, 4.0, losses=losses, record=True, max_steps=60)
    assert run.outcome is Outcome.TOO_MANY_STEPS
    assert run.tape is not None
    assert 1.0 < run.t < 2.31
    assert np.array_equal(np.isnan(run.loss_values), losses.t > run.t)
    value, by_p, by_y = reverse(library, made.z, made.p, run, losses=losses)
    rng = np.random.default_rng(3)
    dp, dy = made.p * rng.normal(size=len(made.p)), rng.normal(size=made.n)
    _, pushed = push_forward(made, "tsit5", run.tape, dp, dy, losses)
    terms = np.concatenate([by_p * dp, by_y * dy])
    assert value == run.loss
    assert disagreement(pushed, float(terms.sum()), terms) < 1e-13


def test_what_makes_no_sense_is_refused() -> None:
    made, library = python(enemy)
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, 0.1)
    with pytest.raises(ValueError, match="the run has no tape: record it"):
        reverse(library, made.z, made.p, run)
    with pytest.raises(ValueError, match="the run had 0 point losses, not 7"):
        reverse(library, made.z, made.p, recorded(made, library, "tsit5", 0.1), losses=enemy_losses())


def test_progress_goes_backwards() -> None:
    made, library = python(oscillator)
    told: list[float] = []
    reverse(
        library, made.z, made.p, recorded(made, library, "rk4", 40.0, step=0.01), method="rk4", progress=told.append
    )
    assert len(told) >= 2
    assert told == sorted(told, reverse=True)


@pytest.mark.parametrize("name", ["heun", "tsit5"])
def test_gradient_of_a_network(name: str) -> None:
    """Two classes of vertices, sparse and dense edges with states, bounds, events and sources of their own, parameters that vary or are shared."""
    case = everything_case(dense=True)
    made = Model(case.module, case.layout, case.z, case.p)
    library = made.on("python")
    losses = Losses(
        t=np.array([0.0, 0.3, 0.7, 1.5]),
        terms=np.array([0, 0, 1, 0]),
        rows=np.array([0, 2, 0, 0]),
        data=np.array([0.1, 0.2, 0.3, 0.4]),
    )
    run = recorded(made, library, name, 1.5, losses)
    assert run.tape is not None
    assert len(set(run.event_numbers)) >= 5
    rng = np.random.default_rng(7)
    lam, dp, dy = rng.normal(size=made.n), made.p * rng.normal(size=len(made.p)), rng.normal(size=made.n)
    _, by_p, by_y = reverse(library, made.z, made.p, run, method=name, losses=losses, final=lam)
    pushed, pushed_loss = push_forward(made, name, run.tape, dp, dy, losses)
    terms = np.concatenate([by_p * dp, by_y * dy])
    assert disagreement(float(lam @ pushed) + pushed_loss, float(terms.sum()), terms) < 1e-13
