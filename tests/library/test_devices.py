"""Every memristive device of the library, with every parameter set, against its law written independently from the papers."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import math
import re
import zlib

import numpy as np
import pytest

from mcompiler.dsl import LIBRARY, format_module, syntax
from mcompiler.model.library import library_block, library_devices, library_module, library_modules
from mcompiler.solver.program import scratch
from tests.library.bench import Array, bench, rate_and_current, run_sine, state_name
from tests.library.cases import CASES, Case
from tests.oracle.reference import currents, trajectory

#: Elements without a law of their own to publish; tests/library/test_elements.py and test_sources.py compare them with closed forms.
ELEMENTS = {
    "Resistor", "Capacitor", "Inductor",
    "VoltageSource", "DCSource", "SineSource", "PulseSource", "PWLSource", "SweepSource", "ComplianceSource",
    "CurrentSource", "DCCurrentSource", "SineCurrentSource", "PulseCurrentSource", "PWLCurrentSource", "ComplianceCurrentSource",
}  # fmt: skip


#: Seen in a source text beside the paper that they name; one that is only remembered must not look like one that was looked up.
SEEN_DOIS = {
    "10.1038/nature06932",  # Strukov 2008
    "10.1038/nature08166",  # its corrigendum
    "10.1109/TED.2011.2158004",  # Prodromakis 2011
    "10.1109/TCSII.2015.2433536",  # Kvatinsky 2015
    "10.1109/ACCESS.2021.3059241",  # Biolek 2021
}


def sets_of(device: str) -> dict[str, set[str]]:
    """The parameter sets of a device, and the names that each gives a value."""
    block = library_block(device)
    assert block is not None
    sets = (each for each in block.body if isinstance(each, syntax.ParameterSet))
    return {each.name.text: {argument.name.text for argument in each.values if argument.name} for each in sets}


def test_every_device_and_set_has_a_law() -> None:
    names = set(library_devices()) - ELEMENTS
    assert {each.partition(".")[0] for each in CASES} == names
    assert {each for each in CASES if "." in each} == {f"{name}.{each}" for name in names for each in sets_of(name)}


@pytest.mark.parametrize("device", sorted(set(library_devices()) - ELEMENTS))
def test_a_set_gives_every_value(device: str) -> None:
    """A set that leaves one out would change with the defaults."""
    block = library_block(device)
    assert block is not None
    declared = {each.name.text for each in block.body if isinstance(each, syntax.Declaration)}
    for name, given in sets_of(device).items():
        assert given == declared, name


@pytest.mark.parametrize("device", sorted(library_devices()))
def test_everything_is_documented(device: str) -> None:
    block = library_block(device)
    assert block is not None
    assert block.doc
    bare = [each.name.text for each in block.body if isinstance(each, syntax.Declaration) and not each.doc]
    assert not bare


def test_dois_were_seen() -> None:
    texts = [(LIBRARY / f"{module}.mem").read_text(encoding="utf-8") for module in library_modules()]
    assert {doi.rstrip(".,") for text in texts for doi in re.findall(r"10\.\d{4,}/[\w./-]+", text)} == SEEN_DOIS


@pytest.mark.parametrize("module", library_modules())
def test_library_is_written_canonically(module: str) -> None:
    text = (LIBRARY / f"{module}.mem").read_text(encoding="utf-8")
    assert format_module(library_module(module)) == text


def points(name: str, case: Case, count: int = 200) -> list[tuple[float, float]]:
    """Random states inside the walls and voltages of the drive's range, the same in every run."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    bounded = math.isfinite(case.law.upper)
    low, high = (case.law.lower, case.law.upper) if bounded else (-3 * case.law.scale, 3 * case.law.scale)
    # 2 % away from the walls: there windows vanish, and their cancellation costs digits in either form
    states = low + (high - low) * random.uniform(0.02, 0.98, count)
    voltages = 1.2 * case.amplitude * random.uniform(-1, 1, count)
    return list(zip(states.tolist(), voltages.tolist(), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_right_hand_side(name: str) -> None:
    case, solver = CASES[name], bench(name)
    for x, v in points(name, case):
        rate, current = rate_and_current(solver, x, v)
        assert rate == pytest.approx(case.law.rate(x, v), rel=1e-12, abs=0)
        assert current == pytest.approx(case.law.current(x, v), rel=1e-12, abs=0)


@pytest.mark.parametrize("name", CASES)
def test_start(name: str) -> None:
    solver = bench(name)
    assert float(solver.initial[state_name(solver)]) == pytest.approx(CASES[name].law.initial, rel=1e-15)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if math.isfinite(case.law.upper)])
def test_walls_hold_and_let_go(name: str) -> None:
    case, solver = CASES[name], bench(name)
    for wall, outward in ((case.law.lower, -1.0), (case.law.upper, 1.0)):
        for v in case.amplitude * np.linspace(-1.1, 1.1, 12):
            free = case.law.rate(wall, float(v))
            expected = 0.0 if outward * free > 0 else free
            # 1e-6: in the enthalpy of the Mott device eight digits cancel at u = 0.9999
            assert rate_and_current(solver, wall, float(v))[0] == pytest.approx(expected, rel=1e-6, abs=0)


def references(case: Case) -> tuple[Array, Array, Array]:
    """Times, states and currents of the oracle."""
    times = np.linspace(0, case.periods / case.frequency, 801)
    states = trajectory(case.law, case.drive, times, case.corners())
    return times, states, currents(case.law, case.drive, times, states)


@pytest.mark.parametrize("name", CASES)
def test_trajectory(name: str) -> None:
    """To 1e-8 of the state's scale and of the peak current, walls and thresholds included.

    Walls and thresholds are not located: a step crosses them, and is as good as its error estimate sees the kink. The estimate of tsit5 does (at a
    tolerance of 1e-12 the largest deviation here is 5e-10); that of dop853, in SciPy as here, now and then does not, and then 1e-6 is left of 1e-10.
    """
    case, solver = CASES[name], bench(name)
    times, states, expected = references(case)
    run = run_sine(solver, case.amplitude, case.frequency, times, rtol=1e-12)
    assert run[state_name(solver)] == pytest.approx(states, rel=0, abs=1e-8 * case.law.scale)
    assert run["M.i"] == pytest.approx(expected, rel=0, abs=1e-8 * np.abs(expected).max())


@pytest.mark.parametrize("name", CASES)
def test_trajectory_as_users_run_it(name: str) -> None:
    """With the default tolerance of 1e-6, states and therefore switching times agree to the 1e-3 that wall and threshold models are held to."""
    case, solver = CASES[name], bench(name)
    times, states, _ = references(case)
    run = run_sine(solver, case.amplitude, case.frequency, times, rtol=1e-6, method="auto")
    assert run[state_name(solver)] == pytest.approx(states, rel=0, abs=1e-3 * case.law.scale)


def test_sines_stop_at_their_extremes_where_there_are_thresholds() -> None:
    """Else a method that sees no error below the threshold leaps over the part of a period in which the device switches."""
    program = bench("PershinDiVentra").program
    stops = [0.0]
    for _ in range(6):
        stops.append(float(program.functions["breakpoint"](stops[-1], program.p, program.z, scratch(program))))
    assert stops[1:] == pytest.approx([0.25, 0.75, 1.25, 1.75, 2.25, 2.75], rel=1e-12)
    smooth = bench("SinhRate").program
    assert smooth.functions["breakpoint"](0.0, smooth.p, smooth.z, scratch(smooth)) == math.inf
