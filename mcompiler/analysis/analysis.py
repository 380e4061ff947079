"""The analysis of a model: what it weighs, where it rests, whether it is stable there, how stiff it is; and its error network by itself."""

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from mcompiler.analysis.fixed_point import FixedPoint, find
from mcompiler.analysis.linear import Linear, Point, at_edges, errors_at, moving, tangent_at
from mcompiler.analysis.memory import ClassSize, class_sizes
from mcompiler.analysis.slow import slow_spectrum
from mcompiler.analysis.spectrum import DENSE, Spectrum, longest_step, spectrum
from mcompiler.integrators.methods import method_named
from mcompiler.solver.names import unknown_name
from mcompiler.solver.options import with_options
from mcompiler.solver.program import Integers
from mcompiler.solver.solver import Solver, Values

_NONE: Values = {}
#: Unknowns of a mode that are named.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Reading:
    """A spectrum and what it is of.

    Attributes:
        of: "all unknowns", "edge states held" or "error network".
        spectrum: its eigenvalues.
        dominant: the unknowns that move most in the leading mode, in units of their scales, the first 1.
        longest_step: in seconds, with which the method damps the largest eigenvalue.
    """

    of: str
    spectrum: Spectrum
    dominant: tuple[tuple[str, float], ...]
    longest_step: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """What `analyse` found; ``str`` writes it, `to_json` gives dictionaries and lists.

    Attributes:
        model: the name of the circuit or network.
        method: the method of integration, for its storage and its steps.
        classes: the classes of members.
        fixed_point: where it was linearised.
        readings: the spectrum of all unknowns, and where edges have states, with these held.
        held_at_bounds: unknowns that bounds hold there, which no direction has.
        error: the spectrum of the error network, computed from its own equations; None where there is none.
        no_error: why there is none.
    """

    model: str
    method: str
    classes: tuple[ClassSize, ...]
    fixed_point: FixedPoint
    readings: tuple[Reading, ...]
    held_at_bounds: int
    error: Reading | None
    no_error: str

    def __str__(self) -> str:
        from mcompiler.analysis.text import text_of

        return text_of(self)

    def to_json(self) -> dict[str, Any]:
        """The analysis without arrays; complex numbers are pairs, infinities None."""
        found = _plain(self)
        found["fixed_point"].pop("state")
        for each in (*found["readings"], *([found["error"]] if found["error"] else [])):
            each["spectrum"].pop("mode")
            each["stability"] = ""
        for made, each in zip(found["readings"], self.readings, strict=True):
            made["stability"] = each.spectrum.stability
        if self.error is not None:
            found["error"]["stability"] = self.error.spectrum.stability
        return dict(found)


def analyse(
    solver: Solver,
    *,
    parameters: Values = _NONE,
    initial: Values = _NONE,
    inputs: Values = _NONE,
    steady_within: float | None = None,
    **options: Any,
) -> Analysis:
    """Find the fixed point that a run leads to, and linearise there.

    Args:
        solver: a compiled model.
        parameters: values by name, as for `Solver.run`; ``initial`` and ``inputs`` too.
        initial: initial values.
        inputs: values of constant inputs.
        steady_within: the longest run in seconds, in place of the experiment's.
        options: those of a run.

    Raises:
        ValueError: there is no fixed point: inputs change in time, or events go on; or the experiment is a batch; or a name or value makes no sense.
        FloatingPointError: a derivative is not finite there, or eigenvalues lie too close together to be told apart.
    """
    chosen = with_options(solver.options, options)
    program = solver.program
    if program.description.batch > 1:
        raise ValueError(
            f"{program.description.batch} copies share the synapses: analyse looks at one network; choose an experiment without `batch`"
        )
    method = chosen.chosen(is_smooth=program.is_smooth)
    p, y = solver.start(parameters, initial, inputs)
    tangent = solver.beside("tangent")
    fixed, point = find(Point(program, p, y, 0.0), tangent, solver.longest(steady_within), chosen)
    free, edges = moving(point), at_edges(program)
    jacobian = tangent_at(point, tangent)
    readings: list[Reading] = []
    for of, places in _blocks(np.flatnonzero(free), np.flatnonzero(free & ~edges)):
        block = jacobian.on(places)
        is_slow = of == "all unknowns" and len(places) > DENSE and bool(edges[places].any())
        found = slow_spectrum(point, jacobian, places) if is_slow else spectrum(block)
        readings.append(_reading(of, found, point, places, method))
    error, why = _error(solver, point, free, method)
    return Analysis(
        program.description.name,
        method,
        class_sizes(program, method),
        fixed,
        tuple(readings),
        int(np.count_nonzero(~free & _at_bounds(point))),
        error,
        why,
    )


def _blocks(free: Integers, held: Integers) -> list[tuple[str, Integers]]:
    found = [("all unknowns", free)]
    if len(held) < len(free):
        found.append(("edge states held", held))
    return found


def _at_bounds(point: Point) -> Any:
    """Unknowns that a bound holds; those of inert members are none of them."""
    clipped = np.zeros(point.program.unknowns, dtype=bool)
    for direction in (-np.inf, np.inf):
        beyond = np.nextafter(point.y, direction)
        back = beyond.copy()
        point.program.functions["project"](back, point.p, point.program.z, np.zeros(int(point.program.z[3])))
        clipped |= back != beyond
    return clipped


def _reading(of: str, found: Spectrum, point: Point, places: Integers, method: str) -> Reading:
    sizes = np.abs(found.mode)
    order = np.argsort(-sizes, kind="stable")[:_NAMED]
    dominant = tuple(
        (unknown_name(point.program, int(places[each])), float(sizes[each])) for each in order if sizes[each] > 0.01
    )
    return Reading(of, found, dominant, longest_step(method_named(method), found.largest))


def _error(solver: Solver, point: Point, free: Any, method: str) -> tuple[Reading | None, str]:
    """The error network by itself: its own rates, which are affine in the errors."""
    if not solver.has_loss:
        return None, "the model has no loss"
    try:
        network = solver.beside("error network")
    except ValueError as error:
        return None, str(error)
    every, beside = errors_at(point, network)
    chosen: Integers = np.flatnonzero(free[beside])
    block: Linear = every.on(chosen)
    return _reading("error network", spectrum(block), point, beside[chosen], method), ""


def _plain(value: Any) -> Any:
    """Dictionaries, lists and numbers."""
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    match value:
        case complex():
            return [value.real, value.imag]
        case float():
            return value if np.isfinite(value) else None
        case tuple() | list():
            return [_plain(each) for each in value]
        case np.generic():
            return _plain(value.item())
        case _:
            return value
