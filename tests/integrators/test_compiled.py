"""Machine code: the same runs, the same gradients, and little Python around them."""

import os
import signal
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

from mcompiler.backends.numba import backend
from mcompiler.backends.protocols import CompileOptions, Library
from mcompiler.integrators.entries import INTEGRATORS
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import Outcome, Run, integrate, reverse
from tests.integrators.problems import enemy, enemy_losses
from tests.integrators.systems import Model, compiled, python

OPTIONS: dict[str, dict[str, float]] = {
    name: {"rtol": 1e-5} if method_named(name).adaptive else {"step": 0.01} for name in METHODS
}


@pytest.fixture(scope="module")
def exact() -> Library:
    """Without contraction: the arithmetic of the Python backend."""
    made = enemy()
    return backend.load(backend.compile(made.module, made.layout, INTEGRATORS, CompileOptions(contraction=False)))


def run_on(made: Model, library: Library, name: str, **more: Any) -> Run:
    want, columns = made.columns()
    options: dict[str, Any] = {
        "want": want,
        "n_columns": columns,
        "record": True,
        "losses": enemy_losses(),
        **OPTIONS[name],
        **more,
    }
    return integrate(library, made.z, made.p, made.initial(library), 0.0, 4.0, method=name, **options)


@pytest.mark.parametrize("name", METHODS)
def test_machine_code_gives_the_bits_of_python(name: str, exact: Library) -> None:
    made, library = python(enemy)
    expected, run = run_on(made, library, name), run_on(made, exact, name)
    for field in ("y", "times", "rows", "event_times", "event_numbers", "loss_values"):
        assert np.array_equal(getattr(run, field), getattr(expected, field)), field
    assert (run.steps, run.rejected, run.evaluations) == (expected.steps, expected.rejected, expected.evaluations)
    lam = np.array([1.0, -2.0, 0.5, 0.25])
    gradient = reverse(exact, made.z, made.p, run, method=name, losses=enemy_losses(), final=lam)
    same = reverse(library, made.z, made.p, expected, method=name, losses=enemy_losses(), final=lam)
    assert gradient[0] == same[0]
    assert np.array_equal(gradient[1], same[1])
    assert np.array_equal(gradient[2], same[2])


@pytest.mark.parametrize("name", METHODS)
def test_contraction_stays_near(name: str) -> None:
    made, library = compiled(enemy)
    reference, other = python(enemy)
    run, expected = run_on(made, library, name), run_on(reference, other, name)
    assert run.y == pytest.approx(expected.y, rel=1e-3)
    assert run.event_numbers.tolist() == expected.event_numbers.tolist()
    again = run_on(made, library, name, mesh=run.tape)
    assert np.array_equal(again.rows, run.rows)
    assert np.array_equal(again.y, run.y)


def test_a_short_run_costs_little_and_samples_cost_no_python() -> None:
    """The best of many: 0.3 ms around compiled code would be a mistake, and so would a microsecond per sample."""
    made, library = compiled(enemy)
    want, columns = made.columns()
    start = made.initial(library)

    def best(samples: int) -> float:
        at = np.linspace(0.0, 1e-3, samples)
        seconds: list[float] = []
        for _ in range(30):
            since = time.perf_counter()
            integrate(library, made.z, made.p, start, 0.0, 1e-3, save_at=at, want=want, n_columns=columns)
            seconds.append(time.perf_counter() - since)
        return min(seconds)

    assert best(2) < 3e-4
    assert best(10002) - best(2) < 10000 * 5e-7


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C there without its children")
def test_ctrl_c_ends_machine_code_within_a_moment() -> None:
    """The signal waits until compiled code returns, which it does ten times a second."""
    made, library = compiled(enemy)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    since = time.perf_counter()
    options: dict[str, Any] = {"method": "rk4", "step": 1e-9, "save_at": np.empty(0)}
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, 4.0, **options)
    timer.join()
    assert run.outcome is Outcome.INTERRUPTED
    assert run.steps > 10000
    assert run.t == pytest.approx(1e-9 * run.steps)
    assert 0.4 < time.perf_counter() - since < 3.0
