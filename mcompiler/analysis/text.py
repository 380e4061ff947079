"""An analysis as text: tables and sentences."""

from collections.abc import Iterator, Sequence

from mcompiler.analysis.analysis import Analysis, Reading
from mcompiler.analysis.fixed_point import FixedPoint
from mcompiler.analysis.memory import ClassSize


def text_of(found: Analysis) -> str:
    """Several paragraphs."""
    return "\n".join(_lines(found))


def _lines(found: Analysis) -> Iterator[str]:
    yield f"{found.model}, integrated by {found.method}"
    yield ""
    yield from _memory(found.classes)
    yield ""
    yield from _fixed_point(found.fixed_point, found.held_at_bounds)
    for each in found.readings:
        yield ""
        yield from _reading(each, found.method)
        if found.fixed_point.kind == "held" and each.of == "all unknowns":
            yield "  states of edges move here: this is how small deviations grow or shrink beside that motion, not the stability of a rest"
    yield ""
    if found.error is None:
        yield f"no error network: {found.no_error}"
        return
    yield from _reading(found.error, found.method)
    forward = found.readings[-1].spectrum.rate
    away = abs(found.error.spectrum.rate - forward)
    yield "  computed from the rates of the derived error network, at speed 1; its largest real part is that of the forward network"
    yield f"  ({forward:.6g} 1/s) to {away:.1g} 1/s"


def _memory(classes: Sequence[ClassSize]) -> Iterator[str]:
    head = ("class", "of", "members", "states each", "state", "parameters", "indices", "scratch", "stages", "a member")
    rows = [
        (
            each.name,
            each.topology or "cells or nodes" if each.kind == "vertex" else f"{each.topology} edges",
            f"{each.members:,}",
            str(each.states),
            *(_bytes(size) for size in _parts(each)),
            _bytes(each.total / each.members) if each.members else "",
        )
        for each in classes
    ]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    for row in [head, *rows]:
        left = "  ".join(cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True))
        yield f"  {left}  " + "  ".join(cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True))
    for each in classes:
        if each.varying:
            yield f"  {each.name} has values of its own for each member: {', '.join(each.varying)}"
    yield f"  in all {_bytes(sum(each.total for each in classes))}"


def _parts(each: ClassSize) -> tuple[int, ...]:
    return each.state_bytes, each.parameter_bytes, each.index_bytes, each.scratch_bytes, each.stage_bytes


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} GB"


def _fixed_point(found: FixedPoint, held: int) -> Iterator[str]:
    match found.kind:
        case "all":
            yield f"fixed point: the run was steady at t = {found.t:.6g} s"
        case "held":
            yield f"fixed point with the states of edges held where they were at t = {found.t:.6g} s; by itself the model does not rest:"
            yield f"  {found.message}"
        case _:
            yield "NO FIXED POINT WAS FOUND: what follows is linearised where the run starts, and says nothing about rest"
            yield f"  the run to t = {found.t:.6g} s: {found.message}"
    if found.newton_steps:
        yield f"  Newton's method took {found.newton_steps} step{'s' * (found.newton_steps != 1)} from there"
    yield f"  largest rate {found.residual:.3g} scales per second{f' ({found.worst})' if found.worst else ''}"
    if found.edge_worst:
        yield f"  largest rate of a state of an edge {found.edge_residual:.3g} scales per second ({found.edge_worst})"
    if held:
        yield f"  {held} unknown{'s are' if held != 1 else ' is'} at a bound and left out of the directions"


def _reading(each: Reading, method: str) -> Iterator[str]:
    found = each.spectrum
    if found.size == 0:
        yield f"{each.of}: nothing can move"
        return
    time = f", time constant {found.time_constant:.4g} s" if found.stability != "marginal" else ""
    yield f"{each.of} ({found.size:,}): {found.stability.upper()}, largest real part {found.rate:.6g} 1/s{time}"
    if found.accuracy > 1e-6 * abs(found.rate):
        yield f"  known to {found.accuracy:.1g} 1/s"
    others = ", ".join(_complex(value) for value in found.leading[1:4])
    if others:
        yield f"  then {others} 1/s{'' if found.is_complete else ' (the leading ones, by Arnoldi iteration)'}"
    named = ", ".join(f"{name} {size:.2f}" for name, size in each.dominant)
    yield f"  the mode is of {named}"
    if each.longest_step < float("inf"):
        ratio = f"; {found.stiffness:.3g} times the slowest" if found.rate else ""
        yield f"  fastest {_complex(found.largest)} 1/s{ratio}: {method} is stable with steps up to {each.longest_step:.3g} s"


def _complex(value: complex) -> str:
    return (
        f"{value.real:.4g}"
        if abs(value.imag) < 1e-6 * abs(value)
        else f"{value.real:.4g} {'+-'[value.imag < 0]} {abs(value.imag):.4g}i"
    )
