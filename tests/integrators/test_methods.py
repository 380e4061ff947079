"""Methods: tables that refuse to be wrong, and the orders that runs show."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from mcompiler.integrators import methods
from mcompiler.integrators.methods import METHODS, Method, method_named
from mcompiler.integrators.run import integrate, reverse
from mcompiler.model import statements
from tests.integrators.problems import kepler, kepler_exact
from tests.integrators.recorded_map import push_forward
from tests.integrators.systems import Floats, python

#: Eccentricity, and two step sizes at which the leading term of the error rules, neither hidden by the next nor by round-off.
ORDERS = {
    "euler": (0.1, 0.0015, 0.001),
    "heun": (0.1, 0.02, 0.01),
    "rk4": (0.0, 0.0125, 0.00625),
    "bs3": (0.1, 0.05, 0.025),
    "tsit5": (0.1, 0.05, 0.025),
    "dop853": (0.0, 0.1875, 0.125),
}
DENSE_STEPS = {"euler": (0.01, 0.005), "heun": (0.02, 0.01), "tsit5": (0.02, 0.01), "dop853": (0.2, 0.1)}


@pytest.mark.parametrize("name", METHODS)
def test_observed_order(name: str) -> None:
    eccentricity, *sizes = ORDERS[name]
    exact = kepler_exact(eccentricity, np.array([6.0]))
    errors = [float(np.linalg.norm(ends(name, eccentricity, h, 6.0) - exact)) for h in sizes]
    assert order(errors, sizes) == pytest.approx(method_named(name).order, abs=0.1)


@pytest.mark.parametrize("name", METHODS)
def test_observed_order_of_dense_output(name: str) -> None:
    """One step from an exact state: the error of a dense output of order q is of order q + 1 in the step size."""
    sizes = DENSE_STEPS.get(name, (0.05, 0.025))
    made, library = python(kepler, 0.1)
    want, columns = made.columns()
    errors: list[float] = []
    for h in sizes:
        at = 0.6 + h * np.linspace(0.05, 0.95, 19)
        start = kepler_exact(0.1, np.array([0.6]))[0]
        options: dict[str, Any] = {"rtol": 1e6, "step": h, "max_step": h}
        run = integrate(
            library,
            made.z,
            made.p,
            start,
            0.6,
            0.6 + h,
            method=name,
            save_at=at,
            want=want,
            n_columns=columns,
            **options,
        )
        assert run.steps == 1
        errors.append(float(np.max(np.abs(run.rows - kepler_exact(0.1, at)))))
    assert order(errors, sizes) == pytest.approx(method_named(name).dense_order + 1, abs=0.1)


def ends(name: str, eccentricity: float, h: float, end: float) -> Floats:
    made, library = python(kepler, eccentricity)
    start = kepler_exact(eccentricity, np.array([0.0]))[0]
    run = integrate(
        library, made.z, made.p, start, 0.0, end, method=name, rtol=1e6, step=h, max_step=h, save_at=np.empty(0)
    )
    assert run.steps == round(end / h)
    assert run.rejected == 0
    return run.y


def order(errors: Sequence[float], sizes: Sequence[float]) -> float:
    return float(np.log(errors[0] / errors[1]) / np.log(sizes[0] / sizes[1]))


@pytest.mark.parametrize("name", METHODS)
def test_a_wrong_number_is_refused(name: str) -> None:
    method = method_named(name)
    weights = list(method.b)
    weights[-1] += Fraction(1, 1000)
    with pytest.raises(ValueError, match=rf"method {name}: .*order off by"):
        replace(method, b=tuple(weights))


@pytest.mark.parametrize("name", METHODS)
def test_no_method_claims_too_little(name: str) -> None:
    """Its orders are the highest that its table has: one more of any is refused."""
    method = method_named(name)
    claims: list[dict[str, Any]] = [{"order": method.order + 1}, {"dense_order": method.dense_order + 1}]
    for claim in claims:
        with pytest.raises(ValueError, match="off by"):
            replace(method, **claim)
    if method.adaptive and name != "dop853":  # DOP853's error is no embedded solution, but made to measure
        with pytest.raises(ValueError, match="embedded solution off by"):
            replace(method, error_order=method.error_order + 1)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"c": (Fraction(0), Fraction(1, 2), Fraction(1, 3), Fraction(1))}, "row sums"),
        ({"error_order": 3}, "embedded"),
        ({"b": tuple(Fraction(each) for each in ("1/6", "1/3", "1/2"))}, "the stage at the new state is not there"),
    ],
)
def test_faults_are_named(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        replace(method_named("bs3"), **change)


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no method 'rk5'; there are euler, heun, rk4, bs3, tsit5, dop853"):
        method_named("rk5")


def test_methods_are_made_once() -> None:
    assert isinstance(method_named("tsit5"), Method)
    assert method_named("tsit5") is method_named("tsit5")


def test_the_language_knows_every_method_and_what_it_takes() -> None:
    """The model room may not import this one, so it has a table of its own."""
    assert set(statements.METHODS) == {"auto", *METHODS}
    for name in METHODS:
        assert ("step" in statements.METHODS[name]) != method_named(name).adaptive
        assert ("rtol" in statements.METHODS[name]) == method_named(name).adaptive


def test_a_method_is_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe of CONTRIBUTING: a table in `METHODS`, and runs, dense output and gradients know it."""
    half = Fraction(1, 2)
    midpoint = Method(
        name="midpoint",
        order=2,
        c=(Fraction(0), half),
        a=((), (half,)),
        b=(Fraction(0), Fraction(1)),
        dense=((Fraction(1), Fraction(-1)), (Fraction(0), Fraction(1))),
        dense_order=2,
        source="C. Runge, Math. Ann. 46 (1895) 167",
    )
    monkeypatch.setattr(methods, "METHODS", {**METHODS, "midpoint": lambda: midpoint})
    exact = kepler_exact(0.1, np.array([6.0]))
    errors = [float(np.linalg.norm(ends("midpoint", 0.1, h, 6.0) - exact)) for h in (0.01, 0.005)]
    assert order(errors, (0.01, 0.005)) == pytest.approx(2, abs=0.1)
    made, library = python(kepler, 0.1)
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, 1.0, method="midpoint", step=0.1, record=True)
    assert run.tape is not None
    final, direction = np.array([1.0, -1.0, 0.5, 2.0]), np.array([0.3, 0.1, -0.2, 0.7])
    _, _, by_y = reverse(library, made.z, made.p, run, method="midpoint", final=final)
    pushed, _ = push_forward(made, "midpoint", run.tape, np.zeros(0), direction)
    assert by_y @ direction == pytest.approx(final @ pushed, rel=1e-13)
