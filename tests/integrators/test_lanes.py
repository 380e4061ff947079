"""Members side by side: what is judged, cut and remembered is what is judged alone; an ensemble stops anywhere and goes on."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcompiler.integrators import slots
from mcompiler.integrators.control import make_judge, make_plan
from mcompiler.integrators.doubles import OPERATIONS
from mcompiler.integrators.lanes import make_judge_lanes, make_near_exp, make_near_log, make_plan_lanes
from mcompiler.integrators.members import Control, Saved, chunk_size, integrate_members
from mcompiler.integrators.methods import method_named, numbers
from mcompiler.integrators.workers import in_threads
from mcompiler.kernel.abi import LANES

LOG = make_near_log(OPERATIONS)
EXP = make_near_exp(OPERATIONS)
JUDGE = make_judge_lanes({**OPERATIONS, "near_log": LOG, "near_exp": EXP})
PLAN = make_plan_lanes(OPERATIONS)


@given(st.floats(1e-20, 1e300))
def test_logarithms_are_near(x: float) -> None:
    assert abs(LOG(x) - math.log(x)) < 1e-9


@given(st.floats(-3.0, 3.0))
def test_exponentials_are_near(x: float) -> None:
    assert abs(EXP(x) / math.exp(x) - 1.0) < 1e-9


SIZES = st.one_of(st.floats(0.0, 5.0), st.floats(1e-22, 1e9), st.sampled_from([0.0, 1.0, math.inf, math.nan]))


@given(
    size=SIZES,
    h=st.floats(1e-12, 1.0),
    proposed=st.floats(1.0, 3.0),
    remembered=st.floats(math.log(1e-4), 0.0),
    rejected=st.booleans(),
    part=st.floats(0.0, 1.2),
    max_step=st.sampled_from([0.3, math.inf]),
    method=st.sampled_from(["bs3", "tsit5", "dop853"]),
)
@settings(max_examples=300, deadline=None)
def test_steps_are_judged_and_planned_as_alone(
    size: float, h: float, proposed: float, remembered: float, rejected: bool, part: float, max_step: float, method: str
) -> None:
    """The next size, whether the step stands, why it cannot, and what is left to the end."""
    tab = numbers(method_named(method))
    ws, iws = np.zeros(slots.WS_SIZE), np.zeros(slots.IWS_SIZE, dtype=np.int64)
    ws[slots.SPAN], ws[slots.MAX_STEP], ws[slots.NEXT_BREAK] = 10.0, max_step, math.inf
    t = 10.0 - part * h * 3.0
    c = np.zeros((slots.LANE_ROWS, LANES))
    c[slots.LANE_T], c[slots.LANE_H] = t, h * proposed
    c[slots.LANE_LAST] = c[slots.LANE_NEXT_SAVE] = math.inf
    c[slots.LANE_LOG_ERROR], c[slots.LANE_STANDS] = remembered, float(not rejected)
    one, own = ws.copy(), iws.copy()
    one[slots.T], one[slots.H], one[slots.LOG_ERROR], own[slots.REJECTED] = t, h * proposed, remembered, rejected
    mi = np.zeros(slots.MI_SIZE, dtype=np.int64)
    mi[slots.ERROR_KIND] = 1
    with np.errstate(all="ignore"):
        make_plan({})(one, own, mi, np.array([10.0]))
        stands = make_judge({})(size, one, own, tab)
        ws[slots.T_END] = 10.0
        PLAN(ws, c.reshape(-1))
        assert c[slots.LANE_TAKEN, 3] == one[slots.TAKEN]
        assert c[slots.LANE_T_END, 3] == one[slots.T_END]
        c[slots.LANE_NORM] = size
        JUDGE(ws, iws, tab, c.reshape(-1))
    assert np.all(c == c[:, :1]) or math.isnan(size)
    assert c[slots.LANE_STANDS, 3] == stands
    np.testing.assert_allclose(c[slots.LANE_H, 3], one[slots.H], rtol=1e-8)
    np.testing.assert_allclose(c[slots.LANE_LOG_ERROR, 3], one[slots.LOG_ERROR], atol=1e-8)
    over = bool(own[slots.STATUS]) or (stands and bool(own[slots.KIND] & slots.KIND_FIXED_END))
    assert iws[slots.OVER] == LANES * over


class Decay:
    """Kernels of dy/dt = -p y, written by hand, for one member and for lanes, with steps of Heun's method; and what calls them."""

    def __init__(self) -> None:
        from mcompiler.backends.callables import python_library
        from mcompiler.integrators.entries import SIDE_BY_SIDE

        def leap(_rtol: float, c: Any, y: Any, _k: Any, _s: Any, p: Any, _z: Any, _w: Any, v: Any) -> None:
            h = c[LANES : 2 * LANES]
            v[:] = y * (1.0 - h * p + 0.5 * (h * p) ** 2)
            c[2 * LANES : 3 * LANES] = 0.0 * v

        def dense(c: Any, y: Any, _k: Any, p: Any, _z: Any, _w: Any, d: Any) -> None:
            h = c[LANES : 2 * LANES]
            d[:LANES], d[LANES:] = -h * p * y, 0.5 * (h * p) ** 2 * y

        def observe_lanes(_t: Any, y: Any, _p: Any, _z: Any, _w: Any, _want: Any, out: Any) -> None:
            out[:] = y

        def observe(_t: float, y: Any, _p: Any, _z: Any, _w: Any, _want: Any, out: Any, out0: int) -> None:
            out[out0] = y[0]

        def initial(_p: Any, _z: Any, _w: Any, y: Any) -> None:
            y[0] = 1.0

        def scale(_p: Any, _z: Any, _w: Any, s: Any) -> None:
            s[0] = 1.0

        kernels: Mapping[str, Callable[..., Any]] = {
            "leap": leap,
            "dense": dense,
            "observe_lanes": observe_lanes,
            "observe": observe,
            "initial": initial,
            "scale": scale,
            "project": lambda *_: 0,
            "project_lanes": lambda *_: None,
            "breakpoint": lambda *_: math.inf,
            "sweep": lambda *_: None,
        }
        self.functions = python_library(kernels, SIDE_BY_SIDE, lambda _entry, function: function)
        self.z = np.array([1, 1, 0, 1, 1, 1, 0, 0], dtype=np.int64)

    def run(self, count: int, **options: Any) -> Any:
        p = np.linspace(0.5, 2.0, count)[:, None]
        y = np.full((count, 1), np.nan)
        control = Control("heun", 1e-6, 1e-6, step=options.pop("step", 0.1))
        saved = Saved(np.array([0.0, 0.25, 1.0]), np.zeros(1, dtype=np.int64), 1)
        return integrate_members(self.functions, self.z, p, y, (0.0, 1.0), control, saved, **options)


def test_members_take_the_lanes_that_are_free() -> None:
    """More members than lanes, of several chunks; initial values are the kernels' own where none are given."""
    ended = Decay().run(3 * LANES + 5)
    assert np.all(ended.outcomes == 0)
    assert np.array_equal(ended.counts, np.full(3 * LANES + 5, 3))
    assert np.all(ended.steps == 10)
    p = np.linspace(0.5, 2.0, 3 * LANES + 5)
    factor = 1.0 - 0.1 * p + 0.005 * p * p
    np.testing.assert_allclose(ended.rows[:, 0, 0], 1.0)
    np.testing.assert_allclose(ended.rows[:, 2, 0], factor**10, rtol=1e-13)
    np.testing.assert_allclose(ended.rows[:, 1, 0], factor**2 * (1.0 - 0.05 * p + 0.5 * (0.05 * p) ** 2), rtol=1e-12)
    np.testing.assert_allclose(ended.y[:, 0], factor**10, rtol=1e-13)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupt_keeps_what_there_is(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from mcompiler.integrators import members

    monkeypatch.setattr(members, "_FIRST_BUDGET", 3)
    told: list[float] = []

    def progress(done: float) -> None:
        told.append(done)
        raise KeyboardInterrupt

    ended = Decay().run(4 * LANES, step=1e-4, threads=threads, progress=progress)
    assert told
    stopped = ended.outcomes == 1
    assert np.any(stopped)
    assert np.all(ended.t[stopped] < 1.0)
    assert np.all(np.isnan(ended.rows[stopped, 2]))
    reached = (np.isfinite(ended.rows[..., 0])).sum(axis=1)
    assert np.array_equal(reached, ended.counts)


def test_a_budget_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    from mcompiler.integrators import members

    whole = Decay().run(2 * LANES)
    monkeypatch.setattr(members, "_FIRST_BUDGET", 1)
    monkeypatch.setattr("mcompiler.integrators.pace.PERIOD", 0.0)
    again = Decay().run(2 * LANES)
    assert np.array_equal(whole.rows, again.rows)


def test_chunks_depend_on_the_number_of_members_only() -> None:
    assert chunk_size(1) == chunk_size(16 * LANES) == 2 * LANES
    assert chunk_size(10_000) == 1280
    assert chunk_size(10**7) == 4096
    assert all(chunk_size(count) % LANES == 0 for count in (1, 77, 999, 12345, 10**6))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_work_in_threads_is_all_done_and_errors_are_raised(threads: int) -> None:
    done: list[int] = []
    assert in_threads(7, threads, lambda number, _stopped: done.append(number))
    assert sorted(done) == list(range(7))

    def fails(number: int, _stopped: Callable[[], bool]) -> None:
        if number >= 3:
            raise ValueError(f"piece {number}")

    with pytest.raises(ValueError, match="piece 3"):
        in_threads(4, threads, fails)
