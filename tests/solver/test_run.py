"""Running a compiled model: closed forms, names, shapes, what a user gets wrong."""

from typing import Any

import numpy as np
import pytest

import mcompiler as mc
from tests.solver.conftest import ARRAY, RC


def test_closed_form(rc: mc.Solver) -> None:
    run = rc.run()
    assert run.success
    assert run.t == pytest.approx([0, 1e-3, 2e-3, 3e-3, 4e-3], rel=1e-15)
    assert run["a.v"] == pytest.approx(np.exp(-run.t / 2e-3), rel=1e-9)
    assert run["R1.i"] == pytest.approx(run["a.v"] / 2e3, rel=1e-12)
    assert run.units == {"a.v": "V", "R1.i": "A"}


def test_values_change_without_compiling(rc: mc.Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcompiler.backends.numba.backend.compile", None)
    slow = rc.run(parameters={"R0": 4e3}, initial={"a.v": 2.0})
    assert slow["a.v"] == pytest.approx(2 * np.exp(-slow.t / 4e-3), rel=1e-9)
    assert rc.run(parameters={"C1.C": 2e-6})["a.v"] == pytest.approx(np.exp(-slow.t / 4e-3), rel=1e-9)
    assert rc.run()["a.v"][0] == 1.0


def test_times_and_signals_by_hand(rc: mc.Solver) -> None:
    run = rc.run((1.0, 1.002), save_at=[1.0, 1.0005, 1.002], save=["a.v"])
    assert list(run) == ["a.v"]
    assert run["a.v"] == pytest.approx(np.exp(-np.array([0, 0.5, 2]) / 2), rel=1e-9)


def test_steps_are_saved_where_no_times_are_given() -> None:
    solver = mc.compile(mc.parse(RC.replace("save every 1[ms]: a.v, R1.i", "")))
    run = solver.run()
    assert len(run.t) == run.statistics.steps + 1
    assert {"a.v", "R1.i", "R1.v", "C1.v"} <= set(run)
    assert run.y.shape == (1, len(run.t))


def test_saved_values_stay_within_the_memory_limit() -> None:
    solver = mc.compile(mc.parse(RC.replace("save every 1[ms]: a.v, R1.i", "save a.v")))
    whole = solver.run(max_step=1e-5)
    cut = solver.run(max_step=1e-5, memory_limit=2000)
    assert cut.status is mc.Status.TOO_MUCH_SAVED
    assert not cut.success
    assert 16 * len(cut.t) <= 2000 < 16 * (len(cut.t) + 2)  # a step may need two rows
    assert np.array_equal(cut["a.v"], whole["a.v"][: len(cut.t)])
    assert "save every" in cut.message
    with pytest.raises(ValueError, match=r"1001 times of 1 saved values need 16,016 bytes, and memory_limit is 16,000"):
        solver.run(save_at=np.linspace(0, 4e-3, 1001), memory_limit=16_000)


@pytest.mark.parametrize("backend", ["numba", "python", "interpreter"])
def test_a_circuit_without_states_and_parameters(backend: str) -> None:
    text = """
    device Square(p, n) { i = v*abs(v)/1[ohm*V] }
    circuit C { node a; S: VoltageSource(a, ground, V = 1[V/s]*t); D: Square(a, ground) }
    experiment ramp on C { run to 2[s]; save every 0.5[s]: D.i }
    learning L on C { loss over 0[s]..2[s] = D.i/1[A*s] }
    """
    solver = mc.compile(mc.parse(text), backend=backend)
    run = solver.run()
    assert run["D.i"] == pytest.approx(run.t**2)
    assert run.y.shape == (0, 5)
    value, gradient = solver.gradient()
    assert value == pytest.approx(8 / 3)
    assert len(gradient) == 0


@pytest.mark.parametrize("method", ["euler", "heun", "rk4", "bs3", "tsit5", "dop853"])
def test_every_method_runs(rc: mc.Solver, method: str) -> None:
    fixed: dict[str, Any] = {"step": 1e-6} if method in {"euler", "heun", "rk4"} else {"rtol": 1e-8}
    run = rc.run(method=method, **fixed)
    assert run["a.v"][-1] == pytest.approx(np.exp(-2), rel=2e-3 if method == "euler" else 1e-6)


def test_arrays_keep_the_shape_of_the_model(bank: mc.Solver) -> None:
    run = bank.run()
    assert run["out.v"].shape == (101, 3)
    assert run["M[1].i"].shape == (101,)
    assert run["M.w"][0] == pytest.approx([0.2, 0.3, 0.4])
    assert bank.parameters["R.R"].shape == (3,)
    assert len(set(bank.parameters["R.R"].tolist())) == 3
    assert bank.initial["M.w"] == pytest.approx([0.2, 0.3, 0.4])
    other = bank.run(initial={"M.w": [0.5, 0.5, 0.5]}, parameters={"R.R": np.full(3, 1e3), "M.alpha": 0.0})
    assert other["M.w"] == pytest.approx(np.full((101, 3), 0.5))


def test_backends_agree(bank: mc.Solver) -> None:
    times = np.linspace(0, 0.01, 11)
    expected = bank.run((0.0, 0.01), save_at=times)
    for backend in ("python", "interpreter"):
        run = mc.compile(mc.parse(ARRAY), backend=backend, rtol=1e-9).run((0.0, 0.01), save_at=times)
        assert run["out.v"] == pytest.approx(expected["out.v"], rel=1e-12, abs=1e-15)


def test_seeds_draw_anew_and_repeat(bank: mc.Solver) -> None:
    run = bank.run(ensemble={"seed": [4, 5, 4]})
    assert run["out.v"].shape == (3, 101, 3)
    assert np.array_equal(run["out.v"][0], run["out.v"][2])
    assert not np.array_equal(run["out.v"][0], run["out.v"][1])
    assert np.array_equal(run["out.v"][0], bank.run()["out.v"])


def test_ensemble_is_the_runs_one_by_one(rc: mc.Solver) -> None:
    values = [1e3, 2e3, 5e3]
    many = rc.run(ensemble={"R0": values, "a.v": [1.0, 2.0, 3.0]})
    assert many["a.v"].shape == (3, 5)
    for number, (value, start) in enumerate(zip(values, (1.0, 2.0, 3.0), strict=True)):
        assert np.array_equal(many["a.v"][number], rc.run(parameters={"R0": value}, initial={"a.v": start})["a.v"])
    assert many.ensemble["R0"] == pytest.approx(values)


def test_a_recorded_mesh_gives_the_same_bits(bank: mc.Solver) -> None:
    first = bank.run(record=True)
    assert first.mesh is not None
    again = bank.run(mesh=first.mesh)
    assert np.array_equal(first["out.v"], again["out.v"])
    moved = bank.run(mesh=first.mesh, parameters={"A": 1.1}, record=True)
    assert moved.mesh is not None
    assert np.array_equal(first.mesh.t, moved.mesh.t)


def test_events_are_told_by_element(saw: mc.Solver) -> None:
    run = saw.run(save_at=np.linspace(0.05, 1.15, 12))  # at an event itself both sides are right
    assert [each.name for each in run.events] == ["M", "M"]
    assert [each.t for each in run.events] == pytest.approx([0.5, 1.0], rel=1e-9)
    assert run["M.x"] == pytest.approx((2 * run.t) % 1.0, abs=2e-8)


def test_a_run_that_blows_up_keeps_its_beginning() -> None:
    text = """
    device Runaway(p, n) { state x = 1 scale 1
      i = 1[S]*v
      dx/dt = 1[1/s]*x^2 }
    circuit Bench { node top
      S: VoltageSource(top, ground, V = 1[V])
      M: Runaway(top, ground) }
    experiment to_infinity on Bench { run to 2[s]
      save M.x }
    """
    run = mc.compile(mc.parse(text)).run()
    assert not run.success
    assert run.status in (mc.Status.NOT_FINITE, mc.Status.STEP_TOO_SMALL)
    assert "M.x" in run.message
    assert run.t[-1] == pytest.approx(1.0, abs=1e-3)
    before = run.t < 0.9
    assert run["M.x"][before] == pytest.approx(1 / (1 - run.t[before]), rel=1e-4)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda s: s.run(parameters={"R9": 1.0}), "there are R0"),
        (lambda s: s.run(parameters={"R1.R": 1.0}), "expression of R0"),
        (lambda s: s.run(parameters={"R0": [1.0, 2.0]}), "one number"),
        (lambda s: s.run(parameters={"R0": float("nan")}), "not a number"),
        (lambda s: s.run(initial={"a.w": 0.0}), "a.v"),
        (lambda s: s.run(initial={"a.v": float("inf")}), "not finite"),
        (lambda s: s.run(save=["a.i"]), "a.v"),
        (lambda s: s.run(save_at=[0.0, 1.0]), "outside the run"),
        (lambda s: s.run(save_at=[1e-3, 0.0]), "ascending"),
        (lambda s: s.run((1.0, 0.0)), "start before"),
        (lambda s: s.run(1e-3), "start and the end"),
        (lambda s: s.run(method="rk5"), "no method"),
        (lambda s: s.run(method="rk4"), "step"),
        (lambda s: s.run(rtol=-1.0), "rtol"),
        (lambda s: s.run(rtoll=1.0), "rtoll"),
        (lambda s: s.run(ensemble={"R0": [1.0], "a.v": [1.0, 2.0]}), "same number"),
        (lambda s: s.run(ensemble={"R7": [1.0]}), "R7"),
        (lambda s: s.gradient(), "no loss"),
    ],
)
def test_wrong_calls_say_what_to_do(rc: mc.Solver, call, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=says):
        call(rc)


def test_values_that_are_expressions_are_refused() -> None:
    text = RC.replace(
        "param R0 = 2[kohm]", "size N = 1\n  param Rc = 1[kohm]\n  param R0 = 2*Rc\n  input drive: V = 1[V/s]*t"
    )
    solver = mc.compile(mc.parse(text), backend="python")
    for name, says in (("R0", "expression of Rc"), ("N", "size"), ("drive", "expression of time")):
        with pytest.raises(ValueError, match=says):
            solver.run(parameters={name: 1.0})


@pytest.mark.parametrize(
    ("device", "smooth"),
    [
        ("CubicMemristor(a, ground)", True),
        ("HP(a, ground)", False),
        ("VTEAM(a, ground)", False),
        ("SinhRate(a, ground)", False),
    ],
)
def test_auto_takes_the_high_order_for_smooth_models_only(device: str, smooth: bool) -> None:
    text = f"circuit B {{ node a\n C: Capacitor(a, ground)\n M: {device} }}\nexperiment e on B {{ run to 1[us] }}"
    solver = mc.compile(mc.parse(text), backend="interpreter")
    assert solver.program.is_smooth == smooth


def test_members_are_named_by_their_index() -> None:
    text = """
    circuit C { node a[4]
      S[k in 4]: VoltageSource(a[k], ground, V = 1[V])
      R[k in 1..3]: Resistor(a[k], ground, R = k*1[kohm]) }
    experiment e on C { run to 1[s]
      save every 1[s]: R[1].i, R[3].i, R.i }
    """
    solver = mc.compile(mc.parse(text), backend="interpreter")
    run = solver.run()
    assert run["R[1].i"] == pytest.approx(1e-3)
    assert run["R[3].i"] == pytest.approx(1e-3 / 3)
    assert run["R.i"][0] == pytest.approx([1e-3, 1e-3 / 2, 1e-3 / 3])
    with pytest.raises(ValueError, match=r"1\.\.3"):
        solver.run(save=["R[0].i"])


def test_states_outside_their_bounds_are_refused(bank: mc.Solver) -> None:
    with pytest.raises(ValueError, match=r"M\[1\]\.w would begin at 1\.5, outside its bounds.* 1"):
        bank.run(initial={"M.w": [0.5, 1.5, 0.5]})
