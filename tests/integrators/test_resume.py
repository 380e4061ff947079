"""Runs in pieces and runs on a mesh: the same bits, wherever compiled code returns."""

from typing import Any

import numpy as np
import pytest

from mcompiler.backends.protocols import Library
from mcompiler.integrators import slots
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import Losses, Outcome, Run, Tape, integrate, reverse
from mcompiler.integrators.signatures import ADVANCE
from mcompiler.integrators.workspace import (
    Workspace,
    bound,
    guard_arrays,
    loss_arrays,
    model_arrays,
    output_arrays,
    record_arrays,
)
from tests.integrators.problems import ball, enemy, enemy_losses
from tests.integrators.recorded_map import recorded_map
from tests.integrators.systems import Floats, Model, python

END = 4.0
OPTIONS: dict[str, dict[str, float]] = {
    name: {"rtol": 1e-4} if method_named(name).adaptive else {"step": 0.05} for name in METHODS
}


def whole(made: Model, library: Library, name: str, **more: Any) -> Run:
    want, columns = made.columns()
    options: dict[str, Any] = {
        "want": want,
        "n_columns": columns,
        "record": True,
        "losses": enemy_losses(),
        **OPTIONS[name],
        **more,
    }
    run = integrate(library, made.z, made.p, made.initial(library), 0.0, END, method=name, **options)
    assert run.outcome is Outcome.DONE
    return run


def assert_same(left: Run, right: Run) -> None:
    for name in ("y", "times", "rows", "event_times", "event_numbers", "loss_values"):
        assert np.array_equal(getattr(left, name), getattr(right, name)), name
    assert (left.outcome, left.t, left.loss, left.steps) == (right.outcome, right.t, right.loss, right.steps)
    assert (left.tape is None) == (right.tape is None)
    if left.tape is not None and right.tape is not None:
        for name in ("t", "h", "kinds", "events", "states"):
            assert np.array_equal(getattr(left.tape, name), getattr(right.tape, name)), name


@pytest.mark.parametrize("saved", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_pieces_give_the_same_bits(name: str, saved: bool) -> None:
    """Room for two rows, the events of one instant, one step and one state, and three steps per call."""
    made, library = python(enemy)
    save_at = np.linspace(0.0, END, 57) if saved else None
    expected = whole(made, library, name, save_at=save_at)
    run, reasons = in_pieces(made, library, name, save_at)
    assert_same(run, expected)
    assert set(reasons) >= {slots.FINISHED, slots.BUDGET_USED, slots.OUTPUT_FULL, slots.EVENTS_FULL, slots.TAPE_FULL}
    assert len(reasons) > expected.steps


def in_pieces(made: Model, library: Library, name: str, save_at: Floats | None) -> tuple[Run, list[int]]:
    """As `integrate`, but with arrays that are always too small: drives `advance` by hand, and says why it returned."""
    want, columns = made.columns()
    losses = enemy_losses()
    work = model_arrays(made.z, made.p, name)
    start = made.initial(library)
    work["y"][:] = start
    work["stops"] = np.unique(losses.t[losses.t > 0.0])
    work |= loss_arrays(losses) | guard_arrays(made.z) | output_arrays(made.z, save_at, want, columns, 1 << 20)
    work |= record_arrays(made.z, None, 1 << 20, record=True)
    n, events = made.n, int(made.z[2])
    sizes = {"out": 2 * columns, "out_t": 2, "ev_t": events, "ev_n": 2 * events, "tape": 3, "kinds": 1, "marks": n}
    for array, size in sizes.items():
        work[array] = np.zeros(size, dtype=work[array].dtype)
    ws, iws = work["ws"], work["iws"]
    settings = {slots.SPAN: END, slots.RTOL: OPTIONS[name].get("rtol", 1e-6), slots.ATOL: 1e-9, slots.MAX_STEP: np.inf}
    for slot, value in {**settings, slots.STEP: OPTIONS[name].get("step", 0.0)}.items():
        ws[slot] = value
    counts = {
        slots.STOP_N: len(work["stops"]),
        slots.LOSS_N: len(losses.t),
        slots.COLUMNS: columns,
        slots.RECORD: 1,
        slots.STRIDE: 1,
    }
    counts |= {
        slots.SAVE_N: -1 if save_at is None else len(save_at),
        slots.OUT_CAP: 2,
        slots.EVENT_CAP: events,
        slots.TAPE_CAP: 1,
    }
    for slot, count in {**counts, slots.MARK_CAP: 1, slots.MESH_N: -1}.items():
        iws[slot] = count
    kept: dict[str, list[Any]] = {"out": [], "out_t": [], "ev_t": [], "ev_n": [], "tape": [], "kinds": [], "marks": []}

    def take(array: str, count: int) -> None:
        kept[array].append(work[array][:count].copy())

    reasons: list[int] = [slots.BUDGET_USED]
    marks = 0
    while reasons[-1] != slots.FINISHED:
        if reasons[-1] == slots.BUDGET_USED:
            iws[slots.BUDGET] = 3
        reasons.append(int(bound(library, ADVANCE, work)()))
        if reasons[-1] in (slots.OUTPUT_FULL, slots.FINISHED):
            take("out", int(iws[slots.OUT_N]) * columns)
            take("out_t", int(iws[slots.OUT_N]))
            iws[slots.OUT_N] = 0
        if reasons[-1] in (slots.EVENTS_FULL, slots.FINISHED):
            take("ev_t", int(iws[slots.EVENT_N]))
            take("ev_n", 2 * int(iws[slots.EVENT_N]))
            iws[slots.EVENT_N] = 0
        if reasons[-1] in (slots.TAPE_FULL, slots.MARKS_FULL, slots.FINISHED):
            steps, own = int(iws[slots.TAPE_N]), int(iws[slots.MARK_N])
            take("tape", 2 * steps)
            take("kinds", steps)
            take("marks", own * n)
            iws[slots.TAPE_N] = iws[slots.MARK_N] = 0
            marks += own
    joined = {array: np.concatenate(parts) for array, parts in kept.items()}
    tape_t = np.append(joined["tape"][::2], ws[slots.T])
    return as_run(joined, tape_t, work, start, columns, marks), reasons


def as_run(joined: dict[str, Any], tape_t: Floats, work: Workspace, start: Floats, columns: int, marks: int) -> Run:
    ws, iws = work["ws"], work["iws"]
    states = joined["marks"].reshape(marks, len(start))
    tape = Tape(tape_t, joined["tape"][1::2], joined["kinds"], joined["ev_n"].reshape(-1, 2), states, 1, start)
    return Run(
        outcome=Outcome.DONE,
        t=float(ws[slots.T]),
        y=work["y"],
        times=joined["out_t"],
        rows=joined["out"].reshape(-1, columns),
        event_times=joined["ev_t"],
        event_numbers=joined["ev_n"][::2],
        loss=float(ws[slots.LOSS]),
        loss_values=work["loss_v"],
        tape=tape,
        steps=int(iws[slots.STEPS]),
        rejected=int(iws[slots.REJECTIONS]),
        evaluations=int(iws[slots.EVALUATIONS]),
        seconds=0.0,
    )


@pytest.mark.parametrize("relocate", [True, False])
@pytest.mark.parametrize("name", METHODS)
def test_the_mesh_gives_the_same_bits(name: str, relocate: bool) -> None:
    """Located again or not, with rows per step, losses and the tape of the tape."""
    made, library = python(enemy)
    expected = whole(made, library, name)
    run = whole(made, library, name, mesh=expected.tape, relocate=relocate)
    assert_same(run, expected)
    assert run.rejected == 0


def test_rows_on_a_mesh_are_where_they_are_asked_for() -> None:
    made, library = python(enemy)
    at = np.linspace(0.0, END, 33)
    expected = whole(made, library, "tsit5", save_at=at)
    run = whole(made, library, "tsit5", save_at=at, mesh=whole(made, library, "tsit5").tape)
    assert np.array_equal(run.rows, expected.rows)


@pytest.mark.parametrize("name", ["bs3", "tsit5", "dop853", "rk4"])
def test_a_mesh_with_other_numbers_is_the_map_of_the_tape(name: str) -> None:
    """Events are located again, later steps keep their size, and the one before a stop takes up the difference."""
    made, library = python(enemy)
    losses = enemy_losses()
    tape = whole(made, library, name).tape
    assert tape is not None
    p = made.p * (1 + 1e-5 * np.arange(len(made.p)))
    start = made.initial(library) + 1e-5
    run = integrate(
        library, made.z, p, start, 0.0, END, method=name, losses=losses, mesh=tape, save_at=np.empty(0), record=True
    )
    expected = recorded_map(made, name, tape, p, start, losses)
    assert run.y == pytest.approx(expected.y.real, rel=1e-11)
    assert run.loss == pytest.approx(expected.loss.real, rel=1e-11)
    assert run.tape is not None
    moved = run.tape.h != tape.h
    if method_named(name).adaptive:
        assert 0 < moved.sum() < 25  # located events, and the steps that take up the difference
    else:
        assert not np.any(moved)
    stay = integrate(
        library, made.z, p, start, 0.0, END, method=name, mesh=tape, relocate=False, save_at=np.empty(0), record=True
    )
    assert stay.tape is not None
    assert np.array_equal(stay.tape.t, tape.t)


def test_gradients_by_differences_on_the_mesh() -> None:
    """What a user does to check a gradient: central differences of runs on the mesh, extrapolated once."""
    made, library = python(ball)
    start = made.initial(library)
    run = integrate(library, made.z, made.p, start, 0.0, 1.0, record=True)

    def height(g: float) -> float:
        return float(
            integrate(library, made.z, np.array([g, 0.9]), start, 0.0, 1.0, mesh=run.tape, save_at=np.empty(0)).y[0]
        )

    def central(step: float) -> float:
        return (height(9.81 + step) - height(9.81 - step)) / (2 * step)

    _, by_p, _ = reverse(library, made.z, made.p, run, final=np.array([1.0, 0.0]))
    assert len(run.event_times) == 1
    assert (4 * central(1e-2) - central(2e-2)) / 3 == pytest.approx(by_p[0], rel=1e-10)


def test_a_mesh_of_another_run_is_refused() -> None:
    made, library = python(enemy)
    tape = integrate(library, made.z, made.p, made.initial(library), 0.0, 1.0, record=True).tape
    with pytest.raises(ValueError, match=r"the mesh goes from 0.0 to 1.0, the run from 0.0 to 2.0"):
        integrate(library, made.z, made.p, made.initial(library), 0.0, 2.0, mesh=tape)
    losses = Losses(
        t=np.array([0.5]), terms=np.zeros(1, dtype=np.int64), rows=np.zeros(1, dtype=np.int64), data=np.zeros(1)
    )
    with pytest.raises(ValueError, match=r"no step of the mesh ends at 0.5, where there is a loss"):
        integrate(library, made.z, made.p, made.initial(library), 0.0, 1.0, mesh=tape, losses=losses)
