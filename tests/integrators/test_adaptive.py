"""Adaptive runs against closed forms and SciPy: how accurate, at what cost, and what they do where it gets hard."""

import warnings

import numpy as np
import pytest
import sympy
from scipy.integrate import solve_ivp

from mcompiler.equations.functions import cos, sqrt
from mcompiler.equations.system import TIME
from mcompiler.integrators.run import Outcome, integrate
from tests.integrators.problems import kepler, kepler_exact, oscillator
from tests.integrators.systems import Floats, Model, Options, cells, model, python, symbol, unknown

ADAPTIVE = ("bs3", "tsit5", "dop853")
x, y, z = map(symbol, "xyz")


@pytest.mark.parametrize(("name", "tightest"), [("bs3", 8), ("tsit5", 12), ("dop853", 12)])
def test_error_is_proportional_to_the_tolerance(name: str, tightest: int) -> None:
    """A controller that aimed at a power of the tolerance would be off by a factor of ten within two decades."""
    made, library = python(kepler, 0.3)
    start, end = kepler_exact(0.3, np.array([0.0, 20.0]))
    ratios: list[float] = []
    for tolerance in 10.0 ** -np.arange(tightest - 4.0, tightest + 1.0):
        run = integrate(
            library, made.z, made.p, start, 0.0, 20.0, method=name, rtol=tolerance, atol=tolerance, save_at=np.empty(0)
        )
        ratios.append(float(np.max(np.abs(run.y - end))) / tolerance)
    assert min(ratios) > 10
    assert max(ratios) < 1000
    assert max(ratios) < 7 * min(ratios)


@pytest.mark.parametrize("name", ADAPTIVE)
def test_agrees_with_scipy(name: str) -> None:
    made, library = python(oscillator)
    want, columns = made.columns()
    at = np.linspace(-2.0, 5.0, 71)  # not from 0
    omega, friction, force = (float(each) for each in made.p)
    options: Options = {"rtol": 1e-8 if name == "bs3" else 1e-10, "atol": 1e-12}
    run = integrate(
        library,
        made.z,
        made.p,
        made.initial(library),
        -2.0,
        11.0,
        method=name,
        save_at=at,
        want=want,
        n_columns=columns,
        **options,
    )

    def rates(t: float, state: Floats) -> list[float]:
        return [state[1], -(omega**2) * state[0] - friction * state[1] + force * np.sin(3 * t)]

    reference = solve_ivp(rates, (-2.0, 5.0), [1.0, 0.0], method="DOP853", rtol=1e-13, atol=1e-14, t_eval=at)
    assert run.outcome is Outcome.DONE
    assert np.array_equal(run.times, at)
    assert np.max(np.abs(run.rows - reference.y.T)) < (3e-7 if name == "bs3" else 2e-9)


#: Steps, rejections and evaluations of the Python backend (the same arithmetic everywhere): whoever changes the controller sees what it does.
STATISTICS = {
    ("bs3", 1e-4): (85, 0, 257),
    ("bs3", 1e-7): (796, 0, 2390),
    ("tsit5", 1e-4): (27, 3, 182),
    ("tsit5", 1e-9): (210, 0, 1262),
    ("dop853", 1e-4): (17, 2, 230),
    ("dop853", 1e-9): (48, 4, 626),
}


@pytest.mark.parametrize(("name", "tolerance"), STATISTICS)
def test_statistics(name: str, tolerance: float) -> None:
    made, library = python(kepler, 0.5)
    start = kepler_exact(0.5, np.array([0.0]))[0]
    run = integrate(
        library, made.z, made.p, start, 0.0, 7.0, method=name, rtol=tolerance, atol=tolerance, save_at=np.empty(0)
    )
    assert (run.steps, run.rejected, run.evaluations) == STATISTICS[name, tolerance]


@pytest.mark.parametrize("name", ADAPTIVE)
def test_steps_do_not_depend_on_the_unit_of_time(name: str) -> None:
    """A device in nanoseconds takes the steps of one in seconds, to the bit where the ratio is a power of 2."""
    runs = []
    for factor in (1.0, 2.0**-30):
        rate = x * (1 - x * x) + symbol("k") * y
        unknowns = [unknown("x", rate / factor, initial=sympy.Float(0.1)), unknown("y", -x / factor)]
        made = model(cells("relaxation", unknowns, "k"), {"k": 0.5})
        library = made.on("python")
        runs.append(
            integrate(library, made.z, made.p, made.initial(library), 0.0, 6.0 * factor, method=name, record=True)
        )
    slow, fast = runs
    assert slow.tape is not None
    assert fast.tape is not None
    assert np.array_equal(slow.tape.h * 2.0**-30, fast.tape.h)
    assert np.array_equal(slow.y, fast.y)
    assert slow.rejected == fast.rejected <= 2  # the first step fits


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_steps_do_not_depend_on_the_scale_of_an_unknown(scale: float) -> None:
    """A state of 1 nm is controlled as one of 1 m is."""
    unknowns = [unknown("x", y * scale, initial=scale, scale=scale), unknown("y", -x / scale)]
    made = model(cells("scaled", unknowns), {})
    library = made.on("python")
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, 10.0, rtol=0.0, atol=1e-7)
    assert run.steps == pytest.approx(81, abs=1)
    assert run.y == pytest.approx([scale * np.cos(10.0), -np.sin(10.0)], rel=2e-6)


def resting(count: int) -> Model:
    """Cells at rest, and the first one moves."""
    return model(
        cells("resting", [unknown("x", -symbol("k") * x, initial=1)], "", "k"),
        {"k": [5.0, *[0.0] * (count - 1)]},
        count,
    )


@pytest.mark.parametrize("name", ADAPTIVE)
def test_a_lone_active_member_is_controlled_as_if_it_were_alone(name: str) -> None:
    """Its error is not averaged with those of the others, which rest."""
    runs = []
    for count in (1, 300):
        made, library = python(resting, count)
        start = made.initial(library)
        runs.append(
            integrate(library, made.z, made.p, start, 0.0, 1.0, method=name, rtol=1e-4, atol=1e-4, save_at=np.empty(0))
        )
    alone, among = runs
    assert (alone.steps, alone.rejected) == (among.steps, among.rejected)
    assert among.y[0] == alone.y[0]
    assert np.all(among.y[1:] == 1.0)


@pytest.mark.parametrize(("name", "interval"), [("bs3", 2.51), ("tsit5", 3.4), ("dop853", 6.1)])
def test_stiff_steps_are_limited_by_stability_not_by_rejections(name: str, interval: float) -> None:
    """Beyond the transient steps are about as long as the method is stable on the negative axis, and few are tried in vain."""
    made = model(cells("stiff", [unknown("x", -1000 * (x - cos(TIME)), initial=0)]), {})
    options: Options = {"rtol": 1e-3, "atol": 1e-6}
    run = integrate(
        made.on("python"),
        made.z,
        made.p,
        np.zeros(1),
        0.0,
        1.0,
        method=name,
        save_at=np.empty(0),
        record=True,
        **options,
    )
    assert run.outcome is Outcome.DONE
    assert run.y[0] == pytest.approx(np.cos(1.0) + np.sin(1.0) / 1000, abs=2e-3)
    assert run.tape is not None
    assert 1000 * np.median(run.tape.h) == pytest.approx(interval, rel=0.15)
    assert run.rejected < 0.05 * run.steps


@pytest.mark.parametrize("name", ADAPTIVE)
def test_no_step_is_longer_than_max_step(name: str) -> None:
    made, library = python(oscillator)
    run = integrate(
        library, made.z, made.p, made.initial(library), 0.0, 3.0, method=name, max_step=0.1, rtol=1e-2, record=True
    )
    assert run.tape is not None
    assert run.tape.h.max() <= 0.1 * (1 + 1e-9)
    assert (run.tape.h > 0.0999).sum() >= 25  # and it is as long as it may be
    assert run.rejected == 0


@pytest.mark.parametrize(
    ("name", "options"),
    [("tsit5", {}), ("dop853", {}), ("bs3", {}), ("rk4", {"step": 1e-3}), ("euler", {"step": 1e-3})],
)
def test_a_run_that_blows_up_says_so_and_keeps_its_trajectory(name: str, options: Options) -> None:
    """x' = x^2 from 1 has a pole at t = 1."""
    made = model(cells("pole", [unknown("x", x * x, initial=1)]), {})
    library = made.on("python")
    want, columns = made.columns()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = integrate(
            library,
            made.z,
            made.p,
            np.ones(1),
            0.0,
            2.0,
            method=name,
            want=want,
            n_columns=columns,
            record=True,
            **options,
        )
    assert run.outcome is (Outcome.NOT_FINITE if options else Outcome.STEP_TOO_SMALL)
    assert 0.99 < run.t < 1.02
    assert np.all(np.isfinite(run.rows))
    assert np.array_equal(run.rows[-1], run.y)
    early = run.times < 0.9
    tolerance = 0.1 if name == "euler" else 1e-4
    assert run.rows[early, 0] == pytest.approx(1 / (1 - run.times[early]), rel=tolerance)
    assert run.tape is not None
    assert run.tape.t[-1] == run.t


def test_a_rate_that_is_undefined_is_told_from_a_small_step() -> None:
    """sqrt of a negative number: no step leads beyond, however short."""
    made = model(cells("undefined", [unknown("x", sqrt(symbol("late") - TIME))], "late"), {"late": 0.5})
    run = integrate(made.on("python"), made.z, made.p, np.zeros(1), 0.0, 3.0)
    assert run.outcome is Outcome.NOT_FINITE
    assert run.t == pytest.approx(0.5)
    assert run.y[0] == pytest.approx(2 / 3 * 0.5**1.5, abs=1e-6)


def nothing_to_solve() -> Model:
    return model(cells("sources", [], "A"), {"A": 2.0})


def test_a_model_without_unknowns_runs() -> None:
    made, library = python(nothing_to_solve)
    at = np.linspace(0.0, 1.0, 11)
    run = integrate(library, made.z, made.p, np.empty(0), 0.0, 1.0, save_at=at, record=True)
    assert run.outcome is Outcome.DONE
    assert np.array_equal(run.times, at)
    assert run.steps == 1
    rows = integrate(library, made.z, made.p, np.empty(0), 0.0, 1.0)
    assert rows.times.tolist() == [0.0, 1.0]


def test_a_run_of_no_time_is_its_start() -> None:
    made, library = python(oscillator)
    run = integrate(library, made.z, made.p, made.initial(library), 1.5, 1.5, save_at=np.array([1.5, 1.5]), record=True)
    assert (run.outcome, run.t, run.steps) == (Outcome.DONE, 1.5, 0)
    assert run.times.tolist() == [1.5, 1.5]
    assert run.tape is not None
    assert run.tape.t.tolist() == [1.5]


def test_far_from_time_zero() -> None:
    """A microsecond of dynamics after eleven days: times have 1e-10 s of round-off, and the steps are longer than that."""
    unknowns = [unknown("x", -symbol("k") * x, initial=1)]
    made = model(cells("late", unknowns, "k"), {"k": 1e6})
    t0 = 1e6
    run = integrate(made.on("python"), made.z, made.p, np.ones(1), t0, t0 + 2e-6, rtol=1e-6)
    assert run.outcome is Outcome.DONE
    assert run.y[0] == pytest.approx(np.exp(-1e6 * ((t0 + 2e-6) - t0)), rel=1e-4)
