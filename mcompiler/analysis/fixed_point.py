"""Where a model rests: a run until steady, and Newton's method from its end."""

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from mcompiler.analysis.iterative import solution
from mcompiler.analysis.linear import Linear, Mask, Point, at_edges, moving, tangent_at
from mcompiler.analysis.spectrum import DENSE
from mcompiler.integrators.run import Outcome, Run
from mcompiler.solution import Status
from mcompiler.solver.names import unknown_name
from mcompiler.solver.options import RunOptions
from mcompiler.solver.program import Floats, Integers, Program, scratch
from mcompiler.solver.solve import Span, Start, event_counts, run_program

#: Newton's steps, and how far in all they may lead from where the run ended, in units of scales.
_STEPS = 12
_FAR = 0.3
#: A step this small, in units of scales, is the last; a method that ends with larger ones has not converged.
_SMALL = 1e-12
_CONVERGED = 1e-7
#: Times at which rates are compared: parts of the run, which no period is a multiple of.
_TIMES = (np.arange(1, 33) * 0.6180339887498949) % 1.0

#: What rests: everything; the cells or nodes while the states of edges are held; nothing was found, and this is where the run started.
Kind = Literal["all", "held", "start"]


@dataclass(frozen=True, slots=True)
class FixedPoint:
    """A state and how well it rests.

    Attributes:
        kind: "all", "held" (edge states do not move, since they are held) or "start" (no fixed point was found).
        t: when the run was steady, or ended.
        state: all unknowns.
        residual: the largest rate, in scales per second; of "held", of unknowns of vertices.
        worst: whose rate that is.
        edge_residual: the same of states of edges; 0 where there are none.
        edge_worst: whose.
        newton_steps: how many were taken from the end of the run.
        message: how the run ended.
    """

    kind: Kind
    t: float
    state: Floats = field(repr=False)
    residual: float
    worst: str
    edge_residual: float
    edge_worst: str
    newton_steps: int
    message: str


def find(start: Point, tangent: Program, within: float, options: RunOptions) -> tuple[FixedPoint, Point]:
    """The fixed point that a run from a point leads to.

    Raises:
        ValueError: the model has none: its inputs change in time, or events go on.
    """
    program = start.program
    span = Span(start.t, start.t + within, until_steady=True)
    run = run_program(program, Start(start.p, start.y, span), options, save_at=np.empty(0))
    end = replace(start, y=run.y.copy(), t=run.t)
    message = Status[run.outcome.name].value
    if run.outcome is Outcome.STEADY:
        point, steps = _polished(end, tangent)
        return _described("all", point, steps, message), point
    if run.outcome is Outcome.NOT_STEADY:
        _refuse_inputs(end, start.t, within)
        _refuse_events(program, run)
        edges = at_edges(program)
        if edges.any():
            found = _newton(end, tangent, moving(end) & ~edges)
            if found is not None:
                return _described("held", *found, message), found[0]
    return _described("start", start, 0, message, run.t), start


def _polished(end: Point, tangent: Program) -> tuple[Point, int]:
    """The end of a run until steady, and Newton's point from there where the method converges; of many unknowns, with the states of edges held."""
    free = moving(end)
    if np.count_nonzero(free) > DENSE:
        free &= ~at_edges(end.program)
    return _newton(end, tangent, free) or (end, 0)


def _newton(end: Point, tangent: Program, free: Mask) -> tuple[Point, int] | None:
    """The point at which the free unknowns rest, the others held; None where the method does not converge, or leads far away."""
    chosen = np.flatnonzero(free)
    scales = end.scales()
    point, residual = end, _size(end, scales, chosen)
    taken, last = 0, np.inf if residual > 0.0 else 0.0
    while last > _SMALL and taken < _STEPS:
        step = _solved(tangent_at(point, tangent).on(chosen), -point.rates()[chosen] / scales[chosen])
        y = point.y.copy()
        y[chosen] += step * scales[chosen]
        point.program.functions["project"](y, point.p, point.program.z, scratch(point.program))
        moved = replace(point, y=y)
        smaller = _size(moved, scales, chosen)
        last = float(np.max(np.abs(step)))
        if not smaller < residual:  # round-off, where the step was small; else it leads nowhere
            break
        point, residual, taken = moved, smaller, taken + 1
        last = last if residual > 0.0 else 0.0
    is_near = np.all(np.abs(point.y - end.y) <= _FAR * (scales + np.abs(end.y)))
    return (point, taken) if last <= _CONVERGED and is_near else None


def _size(point: Point, scales: Floats, chosen: Integers) -> float:
    rates = np.abs(point.rates()[chosen] / scales[chosen])
    return float(np.max(rates, initial=0.0))


def _solved(linear: Linear, right: Floats) -> Floats:
    """The smallest solution; by GMRES (matrix-free) where there are many unknowns."""
    if linear.size <= DENSE:
        return np.asarray(np.linalg.lstsq(linear.matrix(), right, rcond=1e-13)[0], dtype=np.float64)
    return solution(linear.times, right, basis=60, restarts=5)


def _described(kind: Kind, point: Point, steps: int, message: str, t: float | None = None) -> FixedPoint:
    edges = at_edges(point.program)
    rates = np.abs(point.rates() / point.scales())
    own, of_edges = (_largest(point.program, rates, mask) for mask in (~edges, edges))
    largest = max(own, of_edges) if kind != "held" else own
    return FixedPoint(kind, point.t if t is None else t, point.y, *largest, *of_edges, steps, message)


def _largest(program: Program, rates: Floats, mask: Mask) -> tuple[float, str]:
    places = np.flatnonzero(mask)
    if len(places) == 0:
        return 0.0, ""
    place = int(places[int(np.argmax(rates[places]))])
    return float(rates[place]), unknown_name(program, place)


# --- what has no fixed point


def _refuse_inputs(end: Point, t0: float, within: float) -> None:
    """Refuses a model whose rates change while its state stays.

    Raises:
        ValueError: they do; names an unknown.
    """
    here, scales = end.rates(), end.scales()
    for part in _TIMES:
        change = np.abs(end.rates(t=t0 + float(part) * within) - here) / scales
        if np.any(change * within > 1e-6):
            name = unknown_name(end.program, int(np.argmax(change)))
            raise ValueError(
                f"{end.program.description.name} has no fixed point: its inputs change in time, and with them the rate of {name} while the state stays; "
                "hold them, for instance with --set drive=1V (settings=['drive = 1[V]'])"
            )


def _refuse_events(program: Program, run: Run) -> None:
    counts = event_counts(program, run)
    if counts:
        name, count = max(counts.items(), key=lambda each: each[1])
        raise ValueError(
            f"{program.description.name} has no fixed point: events go on ({count} of {name} in {run.t:.3g} s), so that it never rests"
        )
