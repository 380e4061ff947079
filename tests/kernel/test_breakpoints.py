"""Breakpoints of sources against lists of corners made by hand, and against the sources themselves."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from mcompiler.equations.functions import gt, pulse, pwl, sin, where
from mcompiler.equations.system import TIME, Definition, Event, System, Template, Unknown, VertexClass
from mcompiler.kernel.from_equations import lower
from mcompiler.units import DIMENSIONLESS
from tests.kernel.cases import Case, case_of, everything_case
from tests.kernel.systems import parameters, symbol

NAMES = ("low", "high", "delay", "rise", "fall", "width", "period")


def source(*rates: sympy.Expr, varying: str = "", events: tuple[Event, ...] = (), members: int = 1) -> Case:
    """Vertices whose unknown has the sum of some sources as its rate."""
    x, shift = symbol("x"), symbol("shift")
    template = Template(
        "source",
        parameters=parameters(" ".join(name for name in (*NAMES, "shift") if name not in varying.split()), varying),
        unknowns=(Unknown(x, DIMENSIONLESS, rate=sympy.Add(*rates)),),
        definitions=(
            Definition(symbol("moving"), DIMENSIONLESS, shift + x),
            Definition(symbol("still"), DIMENSIONLESS, 2 * shift),
        ),
        events=events,
    )
    return case_of(*lower(System("source", (VertexClass("c", template),), ())), {"c": members}, {})


@cache
def pulse_case() -> Case:
    return source(pulse(TIME, *map(symbol, NAMES)))


def corners(case: Case, start: float, end: float) -> list[float]:
    """All breakpoints after start up to end, one from the other."""
    found: list[float] = []
    t = start
    while (t := case.call("breakpoint", t=t)) <= end:
        assert not found or t > found[-1]
        found.append(t)
    return found


def rate(case: Case, t: float) -> float:
    return float(case.at({"t": t}).rates()[0])


def wanted(delay: float, durations: Sequence[float], period: float, end: float) -> list[float]:
    repeats = 0.0 < period < math.inf
    starts = [delay + n * period for n in range(int((end - delay) / period) + 2)] if repeats else [delay]
    found = {round(start + sum(durations[:k]), 9) for start in starts for k in range(4)}
    return sorted(each for each in found if each <= end)


@pytest.mark.parametrize(
    ("delay", "rise", "fall", "width", "period"),
    [
        (0.5, 0.1, 0.2, 0.3, 1.0),
        (0.5, 0.1, 0.2, 0.3, math.inf),
        (0.5, 0.1, 0.2, 0.3, 0.0),
        (0.5, 0.1, 0.2, 0.3, -1.0),
        (0.5, 0.0, 0.0, 0.25, 1.0),  # a square wave: two corners each
        (0.5, 0.0, 0.0, 0.5, 0.5),  # no gap between pulses
        (-0.75, 0.25, 0.25, 0.25, 1.0),  # begins before the run
        (1e-3, 1e-4, 1e-4, 5e-4, 1e-3),
    ],
)
def test_corners_of_a_pulse(delay: float, rise: float, fall: float, width: float, period: float) -> None:
    values = {"low": 0.0, "high": 1.0, "delay": delay, "rise": rise, "fall": fall, "width": width, "period": period}
    case = pulse_case().at({f"c.{name}": value for name, value in values.items()})
    end = 20.0 * period if 0 < period < math.inf else 20.0
    found = corners(case, -10.0, end)
    assert sorted({round(each, 9) for each in found}) == wanted(delay, (rise, width, fall), period, end)
    if rise > 0 and fall > 0:
        assert len(found) == len(wanted(delay, (rise, width, fall), period, end))


@given(st.floats(-5, 5), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(1e-3, 2), st.floats(-20, 20))
@settings(max_examples=60, deadline=None)
def test_between_breakpoints_a_pulse_is_straight(
    delay: float, rise: float, fall: float, width: float, gap: float, t: float
) -> None:
    """From just after a breakpoint to just before the next the second difference vanishes."""
    period = rise + width + fall + gap
    values = {"low": -1.0, "high": 2.0, "delay": delay, "rise": rise, "fall": fall, "width": width, "period": period}
    case = pulse_case().at({f"c.{name}": value for name, value in values.items()})
    first = case.call("breakpoint", t=t)
    second = case.call("breakpoint", t=first)
    assert t < first < second
    if second - first > 1e-9:
        inside = first + (second - first) * np.array([1e-6, 0.25, 0.5, 0.75, 1 - 1e-6])
        a, b, c, d, e = (rate(case, each) for each in inside)
        assert abs(a - 2 * c + e) < 1e-6
        assert abs(b - 2 * c + d) < 1e-6


def test_a_jump_is_at_the_breakpoint_to_the_bit() -> None:
    """A square wave has its new value from the very time that `breakpoint` gives, and its old one at the double before."""
    values = {"low": 0.0, "high": 1.0, "delay": 0.1, "rise": 0.0, "fall": 0.0, "width": 0.3, "period": 0.7}
    case = pulse_case().at({f"c.{name}": value for name, value in values.items()})
    found = corners(case, 0.0, 50.0)
    assert len(found) == 143
    for place, corner in enumerate(found):
        assert rate(case, corner) == float(place % 2 == 0)
        assert rate(case, np.nextafter(corner, 0.0)) == float(place % 2 == 1)


def test_several_sources_and_members() -> None:
    """The first of all; sources may be shifted in time, by a parameter of each member too."""
    t = TIME + symbol("shift")
    case = source(
        pwl(TIME, 1, 0, symbol("width"), 2, 5, 0),
        pulse(t, 0, 1, 0, 0.25, 0.25, 1, sympy.oo),
        varying="shift",
        members=2,
    )
    case = case.at({"c.width": 2.5, "c.shift": [-6.0, -7.0]})
    assert corners(case, 0.0, 10.0) == [1.0, 2.5, 5.0, 6.0, 6.25, 7.0, 7.25, 7.5, 8.25, 8.5]
    assert case.call("breakpoint", t=8.5) == math.inf


def test_only_sources_of_time_have_breakpoints() -> None:
    """What moves with the state, or with time in another way, has corners that nobody knows in advance."""
    moving, still = symbol("moving"), symbol("still")
    case = source(
        pwl(symbol("x"), 0, 0, 1, 1),  # of the state
        pwl(2 * TIME, 0, 0, 1, 1),  # of another time
        pwl(TIME, moving, 0, moving + 1, 1),  # corners that move
        pulse(TIME + sin(TIME), 0, 1, 0, 1, 1, 1, 9),
        pwl(TIME, 3, moving, 4, 1),  # only its values move
        pwl(TIME, still, 0, still + 1, 1),
    ).at({"c.shift": 4.0})
    assert corners(case, 0.0, 100.0) == [3.0, 4.0, 8.0, 9.0]


def test_sources_in_events_count() -> None:
    event = Event(pwl(TIME, 1, -1, 2, 1), DIMENSIONLESS, ((symbol("x"), pwl(TIME, 5, 0, 6, 1)),))
    assert corners(source(symbol("x"), events=(event,)), 0.0, 10.0) == [1.0, 2.0, 5.0, 6.0]


def test_no_source_no_breakpoint() -> None:
    assert source(symbol("x")).call("breakpoint", t=0.0) == math.inf


def test_sources_of_everything() -> None:
    """Shifted pwl of three nodes, one pulse of two cells; and since there are thresholds, the extremes of the cells' sine."""
    case = everything_case(dense=True).at(
        {"cells.delay": 0.5, "cells.width": 0.4, "cells.period": 2.0, "nodes.rise": 1.0}
    )
    case = case.at({"nodes.late": [0.0, 0.25, 0.75]})
    drive = {corner - late for corner in (0.0, 1.0, 2.0, 3.0) for late in (0.0, 0.25, 0.75)}
    wave = {2.0 * n + corner for n in range(3) for corner in (0.5, 0.6, 1.0, 1.2)}
    sine = {math.pi / 2, 3 * math.pi / 2}
    found = corners(case, 0.0, 5.2)
    expected = sorted(each for each in drive | wave | sine if 0 < each <= 5.2)
    np.testing.assert_allclose(sorted(set(np.round(found, 9))), expected, atol=1e-9)


def test_extremes_of_a_sine_where_there_is_a_threshold() -> None:
    wave = symbol("high") * sin(symbol("period") * TIME + symbol("shift"))
    values = {"c.high": -2.0, "c.period": -3.0, "c.shift": 0.4}
    assert corners(source(wave).at(values), 0.0, 10.0) == []
    found = corners(source(where(gt(wave, 1), wave, 0)).at(values), 0.0, 10.0)
    turns = [(0.4 - math.pi * (n + 0.5)) / 3.0 for n in range(-12, 12)]
    np.testing.assert_allclose(found, sorted(each for each in turns if 0.0 < each <= 10.0), rtol=1e-12)
